//! Implied things made explicit: the default network, dependencies that links and shared
//! namespaces bring, names in the engine, variables without a value.

use super::defaults::{child, items, values};
use super::short::volume::clean_target;
use crate::model::StringMap;
use crate::names::ProjectName;
use crate::source::{Mapping, Node, Span, Value};

/// Normalises a canonical model.
///
/// `variables` give a value to build arguments and environment variables that have none; pass none
/// of them where variables stay uninterpolated.
pub(crate) fn normalize(model: &mut Node, name: &ProjectName, variables: &StringMap) {
    set_name(model, name);
    default_network(model);
    for service in values(model, "services") {
        self::service(service, variables);
    }
    for section in ["networks", "volumes", "configs", "secrets"] {
        name_resources(model, section, name);
    }
}

/// The name that was decided stands in the model.
fn set_name(model: &mut Node, name: &ProjectName) {
    let span = model.span;
    if let Some(model) = model.as_mapping_mut() {
        model.insert("name", span, Node::string(name.as_str(), span));
    }
}

/// Services that choose no network join `default`, which comes into being only where one does.
fn default_network(model: &mut Node) {
    let mut used = None;
    for service in values(model, "services") {
        let span = service.span;
        let Some(service) = service.as_mapping_mut() else {
            continue;
        };
        if service.contains_key("provider") || service.contains_key("network_mode") {
            continue;
        }
        let chosen = service.get("networks").and_then(Node::as_mapping);
        if chosen.is_none_or(Mapping::is_empty) {
            let mut networks = Mapping::new();
            networks.insert("default", span, Node::new(Value::Null, span));
            service.insert("networks", span, Node::new(Value::Mapping(networks), span));
            used = used.or(Some(span));
        } else if chosen.is_some_and(|chosen| chosen.contains_key("default")) {
            used = used.or(Some(span));
        }
    }
    if let Some(span) = used
        && let Some(networks) = section(model, "networks", span)
        && !networks.contains_key("default")
    {
        networks.insert("default", span, Node::new(Value::Null, span));
    }
}

/// A mapping of the model, made when it is absent.
fn section<'a>(node: &'a mut Node, key: &str, span: Span) -> Option<&'a mut Mapping> {
    let mapping = node.as_mapping_mut()?;
    if mapping.get(key).is_none_or(Node::is_null) {
        mapping.insert(key, span, Node::new(Value::Mapping(Mapping::new()), span));
    }
    mapping.get_mut(key)?.as_mapping_mut()
}

fn service(service: &mut Node, variables: &StringMap) {
    if let Some(policy) = child(service, "pull_policy")
        && policy.as_str() == Some("if_not_present")
    {
        policy.value = Value::String("missing".to_owned());
    }
    if let Some(build) = child(service, "build") {
        self::build(build, variables);
    }
    if let Some(environment) = child(service, "environment") {
        resolve(environment, variables, Unset::Keep);
    }
    for mount in items(child(service, "volumes")) {
        if let Some(Value::String(target)) = child(mount, "target").map(|target| &mut target.value) {
            *target = clean_target(target);
        }
    }
    implied_dependencies(service);
}

fn build(build: &mut Node, variables: &StringMap) {
    let span = build.span;
    let unset = |build: &Node, key: &str| build.get(key).is_none_or(Node::is_null);
    let no_context = unset(build, "context");
    let no_dockerfile = unset(build, "dockerfile") && unset(build, "dockerfile_inline");
    if let Some(attributes) = build.as_mapping_mut() {
        if no_context {
            attributes.insert("context", span, Node::string(".", span));
        }
        if no_dockerfile {
            attributes.insert("dockerfile", span, Node::string("Dockerfile", span));
        }
    }
    if let Some(args) = child(build, "args") {
        resolve(args, variables, Unset::Drop);
    }
}

/// What happens to a variable that nobody sets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unset {
    Keep,
    Drop,
}

/// Gives a value to the keys that have none.
fn resolve(node: &mut Node, variables: &StringMap, unset: Unset) {
    match &mut node.value {
        Value::Mapping(mapping) => mapping.retain(|key, entry| {
            if !entry.node.is_null() {
                return true;
            }
            match variables.get(key) {
                Some(value) => entry.node.value = Value::String(value.clone()),
                None => return unset == Unset::Keep,
            }
            true
        }),
        Value::Sequence(items) => items.retain_mut(|item| {
            let Value::String(text) = &mut item.value else {
                return true;
            };
            if text.contains('=') {
                return true;
            }
            match variables.get(text.as_str()) {
                Some(value) => {
                    text.push('=');
                    text.push_str(value);
                    true
                }
                None => unset == Unset::Keep,
            }
        }),
        _ => {}
    }
}

/// Links, shared namespaces and `volumes_from` need the other service to run.
fn implied_dependencies(service: &mut Node) {
    let mut implied = Vec::new();
    for link in service.get("links").and_then(Node::as_sequence).unwrap_or_default() {
        // More colons than one belong to the name, as for the reference.
        let name = link.as_str().map(|text| match text.split_once(':') {
            Some((name, alias)) if !alias.contains(':') => name,
            _ => text,
        });
        implied.extend(name.map(|name| (name.to_owned(), link.span, true)));
    }
    for key in ["network_mode", "ipc", "pid", "uts", "cgroup"] {
        let shared = service.get(key);
        let name = shared.and_then(Node::as_str).and_then(|text| text.strip_prefix("service:"));
        implied.extend(name.zip(shared).map(|(name, node)| (name.to_owned(), node.span, true)));
    }
    for from in service.get("volumes_from").and_then(Node::as_sequence).unwrap_or_default() {
        let text = from.as_str().filter(|text| !text.starts_with("container:"));
        let name = text.map(|text| text.split(':').next().unwrap_or_default());
        implied.extend(name.map(|name| (name.to_owned(), from.span, false)));
    }
    let span = service.span;
    if implied.is_empty() {
        return;
    }
    if let Some(dependencies) = section(service, "depends_on", span) {
        for (name, span, restart) in implied {
            if !dependencies.contains_key(&name) {
                dependencies.insert(name, span, started(span, restart));
            }
        }
    }
}

fn started(span: Span, restart: bool) -> Node {
    let mut dependency = Mapping::new();
    for (key, value) in [
        ("condition", Value::String("service_started".to_owned())),
        ("restart", Value::Bool(restart)),
        ("required", Value::Bool(true)),
    ] {
        dependency.insert(key, span, Node::new(value, span));
    }
    Node::new(Value::Mapping(dependency), span)
}

/// What has no name is called by its key, after the project's name unless it is external.
fn name_resources(model: &mut Node, section: &str, project: &ProjectName) {
    let Some(resources) = child(model, section).and_then(Node::as_mapping_mut) else {
        return;
    };
    for (key, entry) in resources.iter_mut() {
        let (node, span) = (&mut entry.node, entry.key_span);
        if node.is_null() {
            node.value = Value::Mapping(Mapping::new());
        }
        let external = node.get("external").is_some_and(is_true);
        let Some(resource) = node.as_mapping_mut() else {
            continue;
        };
        if resource.get("name").is_none_or(Node::is_null) {
            let name = if external { key.to_owned() } else { format!("{project}_{key}") };
            resource.insert("name", span, Node::string(name, span));
        }
    }
}

fn is_true(node: &Node) -> bool {
    match &node.value {
        Value::Bool(truth) => *truth,
        Value::String(text) => matches!(text.as_str(), "1" | "t" | "T" | "true" | "TRUE" | "True"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{flow, parse};
    use super::*;

    /// The model without the name, which every one gets.
    fn normalized(text: &str) -> String {
        let mut model = parse(text);
        let variables = StringMap::from([("SET".to_owned(), "v".to_owned())]);
        normalize(&mut model, &ProjectName::new("p"), &variables);
        assert_eq!(
            model
                .as_mapping_mut()
                .and_then(|model| model.remove("name"))
                .map(|entry| flow(&entry.node)),
            Some("p".to_owned())
        );
        flow(&model)
    }

    fn service(attributes: &str) -> String {
        let model = normalized(&format!("services: {{a: {{network_mode: none, {attributes}}}}}"));
        model
            .trim_start_matches("{services: {a: {network_mode: none")
            .trim_start_matches(", ")
            .strip_suffix("}}}")
            .expect("the model ends with the service")
            .to_owned()
    }

    #[test]
    fn the_default_network_is_there_where_it_is_used() {
        for (before, after) in [
            (
                "{services: {a: {}}}",
                "{services: {a: {networks: {default: null}}}, networks: {default: {name: p_default}}}",
            ),
            (
                "{services: {a: {networks: {}}}}",
                "{services: {a: {networks: {default: null}}}, networks: {default: {name: p_default}}}",
            ),
            (
                "{services: {a: {networks: {default: null}}}}",
                "{services: {a: {networks: {default: null}}}, networks: {default: {name: p_default}}}",
            ),
            ("{services: {a: {provider: {type: x}}}}", "{services: {a: {provider: {type: x}}}}"),
            ("{services: {a: {network_mode: host}}}", "{services: {a: {network_mode: host}}}"),
            (
                "{services: {a: {}}, networks: {default: {name: own}}}",
                "{services: {a: {networks: {default: null}}}, networks: {default: {name: own}}}",
            ),
        ] {
            assert_eq!(normalized(before), after);
        }
    }

    #[test]
    fn implied_settings_of_a_service() {
        for (before, after) in [
            ("pull_policy: if_not_present", "pull_policy: missing"),
            ("build: {context: x}", "build: {context: x, dockerfile: Dockerfile}"),
            (
                "build: {context: x, dockerfile_inline: y}",
                "build: {context: x, dockerfile_inline: y}",
            ),
            ("environment: {SET: null, OTHER: null}", "environment: {SET: v, OTHER: null}"),
            ("environment: [SET, OTHER, 'SET=']", "environment: [SET=v, OTHER, SET=]"),
            (
                "build: {context: x, dockerfile: y, args: [SET, OTHER]}",
                "build: {context: x, dockerfile: y, args: [SET=v]}",
            ),
            (
                "links: ['b:c']",
                "links: ['b:c'], depends_on: {b: {condition: service_started, restart: true, required: true}}",
            ),
            (
                "pid: 'service:b'",
                "pid: 'service:b', depends_on: {b: {condition: service_started, restart: true, required: true}}",
            ),
            (
                "volumes_from: ['b:ro', 'container:c']",
                "volumes_from: ['b:ro', 'container:c'], depends_on: {b: {condition: service_started, restart: false, required: true}}",
            ),
            (
                "links: [b], depends_on: {b: {condition: x}}",
                "links: [b], depends_on: {b: {condition: x}}",
            ),
            ("volumes: [{target: x/../y/}]", "volumes: [{target: y}]"),
        ] {
            assert_eq!(service(before), after, "{before}");
        }
    }

    #[test]
    fn resources_are_named() {
        assert_eq!(
            normalized("{volumes: {a: null, b: {external: true}, c: {name: x}}, secrets: {s: {file: f}}}"),
            "{volumes: {a: {name: p_a}, b: {external: true, name: b}, c: {name: x}}, secrets: {s: {file: f, name: p_s}}}"
        );
    }
}
