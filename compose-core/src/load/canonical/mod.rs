//! From short to long forms: after this stage every setting of the tree has its one canonical shape.
//!
//! Works on one file's tree, merged with those before it and checked against the schema, or on the
//! unchecked tree of an extended file: values of a wrong kind are errors, never a panic.

mod build;
mod external;
mod lists;
mod ports;
mod volumes;

pub(super) use ports::check_count;

use super::report::Report;
use crate::diagnostic::{Code, Diagnostics};
use crate::source::{Mapping, Node, Span, Value};

/// What happens to a short form that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShortForms {
    /// It is an error.
    Strict,
    /// It stays as it is: it may hold variables that were not put in.
    KeepUnreadable,
}

/// Brings a model into the long form; what cannot be read stays as it is.
pub(crate) fn canonical(model: &mut Node, forms: ShortForms) -> Diagnostics {
    let mut report = Report::default();
    for (name, entry) in model.as_mapping_mut().into_iter().flat_map(Mapping::iter_mut) {
        let node = &mut entry.node;
        report.within(name, |report| match name {
            "services" => each(node, report, |service, report| self::service(service, forms, report)),
            "networks" | "volumes" | "secrets" | "configs" => each(node, report, external::resource),
            "include" => include(node, report),
            _ => {}
        });
    }
    report.finish()
}

/// Works on every value of a mapping.
fn each(node: &mut Node, report: &mut Report, mut work: impl FnMut(&mut Node, &mut Report)) {
    for (key, entry) in node.as_mapping_mut().into_iter().flat_map(Mapping::iter_mut) {
        report.within(key, |report| work(&mut entry.node, report));
    }
}

/// Works on every element of a list.
fn each_item(node: &mut Node, report: &mut Report, mut work: impl FnMut(&mut Node, &mut Report)) {
    if let Value::Sequence(items) = &mut node.value {
        for (index, item) in items.iter_mut().enumerate() {
            report.within(index, |report| work(item, report));
        }
    }
}

fn service(service: &mut Node, forms: ShortForms, report: &mut Report) {
    let Some(attributes) = service.as_mapping_mut() else {
        return;
    };
    for (name, entry) in attributes.iter_mut() {
        let node = &mut entry.node;
        report.within(name, |report| attribute(name, node, forms, report));
    }
}

fn attribute(name: &str, node: &mut Node, forms: ShortForms, report: &mut Report) {
    match name {
        "build" => build::build(node, report),
        "configs" | "secrets" => each_item(node, report, lists::file_grant),
        "depends_on" => lists::depends_on(node, report),
        "devices" => each_item(node, report, |item, report| lists::device(item, forms, report)),
        "dns" => lists::dns(node),
        "env_file" => lists::env_file(node, report),
        "extends" => lists::text_as_key(node, "service", report),
        "gpus" => lists::gpus(node, report),
        "label_file" => lists::text_as_list(node),
        "models" | "networks" => lists::names_as_keys(node, report),
        "ports" => ports::ports(node, forms, report),
        "ulimits" => each(node, report, ulimit),
        "volumes" => each_item(node, report, |item, report| volumes::volume(item, forms, report)),
        _ => {}
    }
}

fn ulimit(node: &mut Node, report: &mut Report) {
    if !matches!(node.value, Value::Mapping(_) | Value::Int(_)) {
        wrong_kind(node, "an integer or a mapping with soft and hard", report);
    }
}

fn include(node: &mut Node, report: &mut Report) {
    each_item(node, report, |item, report| lists::text_as_key(item, "path", report));
}

fn wrong_kind(node: &Node, wanted: &str, report: &mut Report) {
    report.error(
        Code::WrongType,
        node.span,
        format!("must be {wanted}, not {}", node.value.kind_with_article()),
    );
}

/// A mapping of a few keys, all at one place.
fn mapping_at<const N: usize>(span: Span, entries: [(&str, Value); N]) -> Value {
    let mut mapping = Mapping::new();
    for (key, value) in entries {
        mapping.insert(key, span, Node::new(value, span));
    }
    Value::Mapping(mapping)
}

fn text(text: impl Into<String>) -> Value {
    Value::String(text.into())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{error_messages, flow, parse};
    use super::*;

    fn service(attributes: &str) -> Result<String, Vec<String>> {
        let mut model = parse(&format!("services: {{a: {{{attributes}}}}}"));
        let found = canonical(&mut model, ShortForms::Strict);
        if found.has_errors() {
            return Err(error_messages(&found));
        }
        Ok(flow(
            model.get("services").and_then(|services| services.get("a")).expect("the service"),
        ))
    }

    #[test]
    fn short_forms_become_long_ones() {
        for (short, long) in [
            ("build: .", "{build: {context: .}}"),
            ("build: {ssh: [default, k=/p]}", "{build: {ssh: {default: null, k: /p}}}"),
            ("build: {secrets: [s]}", "{build: {secrets: [{source: s}]}}"),
            ("build: {additional_contexts: [a=./b]}", "{build: {additional_contexts: {a: ./b}}}"),
            ("depends_on: [b]", "{depends_on: {b: {condition: service_started, required: true}}}"),
            (
                "depends_on: {b: {restart: true}}",
                "{depends_on: {b: {restart: true, condition: service_started, required: true}}}",
            ),
            ("env_file: a", "{env_file: [{path: a, required: true}]}"),
            (
                "env_file: [a, {path: b, required: false}]",
                "{env_file: [{path: a, required: true}, {path: b, required: false}]}",
            ),
            ("label_file: a", "{label_file: [a]}"),
            ("extends: b", "{extends: {service: b}}"),
            ("gpus: all", "{gpus: [{count: all}]}"),
            ("networks: [n]", "{networks: {n: null}}"),
            ("models: [m]", "{models: {m: null}}"),
            ("dns: 1.1.1.1", "{dns: [1.1.1.1]}"),
            ("dns: ['', 1.1.1.1]", "{dns: [1.1.1.1]}"),
            ("secrets: [s]", "{secrets: [{source: s}]}"),
            (
                "devices: [/dev/a]",
                "{devices: [{source: /dev/a, target: /dev/a, permissions: rwm}]}",
            ),
            ("ports: [80]", "{ports: [{mode: ingress, target: 80, protocol: tcp}]}"),
            (
                "ports: ['1.2.3.4:1-2:3-4/udp']",
                "{ports: [{mode: ingress, host_ip: 1.2.3.4, target: 3, published: 1, protocol: udp}, \
                 {mode: ingress, host_ip: 1.2.3.4, target: 4, published: 2, protocol: udp}]}",
            ),
            (
                "volumes: [ab:/b]",
                "{volumes: [{type: volume, source: ab, target: /b, volume: {}}]}",
            ),
            (
                "volumes: ['./a:/b:ro']",
                "{volumes: [{type: bind, source: ./a, target: /b, read_only: true, bind: {create_host_path: true}}]}",
            ),
            ("volumes: [a]", "{volumes: [{type: volume, target: a}]}"),
        ] {
            assert_eq!(service(short), Ok(long.to_owned()), "{short}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_way() {
        for (short, message) in [
            ("ports: [a]", "services.a.ports[0]: invalid container port `a`"),
            ("ports: [1.5]", "services.a.ports[0]: must be a port, not a number with a fraction"),
            ("ports: [70000]", "services.a.ports[0]: invalid container port `70000`"),
            ("ports: [-1]", "services.a.ports[0]: invalid container port `-1`"),
            (
                "build: {ssh: [k]}",
                "services.a.build.ssh[0]: only `default` may stand without a path, not `k`",
            ),
            (
                "volumes: [':/x']",
                "services.a.volumes[0]: an empty section between colons in `:/x`",
            ),
            (
                "ulimits: {n: [1]}",
                "services.a.ulimits.n: must be an integer or a mapping with soft and hard, not a list",
            ),
            ("depends_on: {b: null}", "services.a.depends_on.b: must be a mapping, not null"),
        ] {
            assert_eq!(service(short), Err(vec![message.to_owned()]), "{short}");
        }
    }

    #[test]
    fn unreadable_short_forms_can_stay() {
        let mut model = parse("services: {a: {ports: ['${P}:80', 90], volumes: [':/x']}}");
        assert!(canonical(&mut model, ShortForms::KeepUnreadable).is_empty());
        assert_eq!(flow(&model), "{services: {a: {ports: ['${P}:80', 90], volumes: [':/x']}}}");
    }

    #[test]
    fn the_old_external_name_moves() {
        let read = |text: &str| {
            let mut model = parse(text);
            let found = canonical(&mut model, ShortForms::Strict);
            (flow(&model), found)
        };
        let (moved, found) = read("networks: {a: {external: {name: b}}, c: null}");
        assert_eq!(moved, "{networks: {a: {external: true, name: b}, c: null}}");
        assert_eq!((found.len(), found.has_errors()), (1, false));
        assert!(read("networks: {a: {name: c, external: {name: b}}}").1.has_errors());
    }
}
