//! What the reference fills in before anything is checked or resolved.

use crate::source::{Mapping, Node, Value};

/// Fills in the context of builds, where secrets go, a port's protocol and mode, and how many devices.
pub(crate) fn set_defaults(model: &mut Node) {
    for service in values(model, "services") {
        if let Some(build) = child(service, "build") {
            set_if_absent(build, "context", || ".".to_owned());
        }
        for secret in items(child(service, "secrets")) {
            let source = secret.get("source").and_then(Node::as_str).unwrap_or_default().to_owned();
            set_if_absent(secret, "target", || format!("/run/secrets/{source}"));
        }
        for port in items(child(service, "ports")) {
            set_if_absent(port, "protocol", || "tcp".to_owned());
            set_if_absent(port, "mode", || "ingress".to_owned());
        }
        for request in items(child(service, "gpus")) {
            all_devices_if_unsaid(request);
        }
        let reservations = child(service, "deploy")
            .and_then(|deploy| child(deploy, "resources"))
            .and_then(|resources| child(resources, "reservations"));
        for request in items(reservations.and_then(|reservations| child(reservations, "devices"))) {
            all_devices_if_unsaid(request);
        }
    }
}

fn all_devices_if_unsaid(request: &mut Node) {
    if request.get("device_ids").is_none() {
        set_if_absent(request, "count", || "all".to_owned());
    }
}

fn set_if_absent(node: &mut Node, key: &str, text: impl FnOnce() -> String) {
    let span = node.span;
    if let Some(mapping) = node.as_mapping_mut()
        && !mapping.contains_key(key)
    {
        mapping.insert(key, span, Node::string(text(), span));
    }
}

/// The value of a key, to change.
pub(super) fn child<'a>(node: &'a mut Node, key: &str) -> Option<&'a mut Node> {
    node.as_mapping_mut().and_then(|mapping| mapping.get_mut(key))
}

/// The values of a section, to change.
pub(super) fn values<'a>(model: &'a mut Node, section: &str) -> impl Iterator<Item = &'a mut Node> {
    child(model, section)
        .and_then(Node::as_mapping_mut)
        .into_iter()
        .flat_map(Mapping::iter_mut)
        .map(|(_, entry)| &mut entry.node)
}

/// The elements of a list, to change; none when it is no list.
pub(super) fn items(list: Option<&mut Node>) -> std::slice::IterMut<'_, Node> {
    match list.map(|list| &mut list.value) {
        Some(Value::Sequence(items)) => items.iter_mut(),
        _ => [].iter_mut(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{flow, parse};
    use super::*;

    #[test]
    fn fills_in_what_is_absent_and_nothing_else() {
        for (before, after) in [
            ("build: {target: x}", "{build: {target: x, context: .}}"),
            ("build: {context: a}", "{build: {context: a}}"),
            (
                "secrets: [{source: s}, {source: t, target: x}]",
                "{secrets: [{source: s, target: /run/secrets/s}, {source: t, target: x}]}",
            ),
            ("ports: [{target: 80}]", "{ports: [{target: 80, protocol: tcp, mode: ingress}]}"),
            ("ports: ['${P}']", "{ports: ['${P}']}"),
            (
                "gpus: [{}, {device_ids: [a]}, {count: 1}]",
                "{gpus: [{count: all}, {device_ids: [a]}, {count: 1}]}",
            ),
            (
                "deploy: {resources: {reservations: {devices: [{driver: x}]}}}",
                "{deploy: {resources: {reservations: {devices: [{driver: x, count: all}]}}}}",
            ),
            ("image: x", "{image: x}"),
        ] {
            let mut model = parse(&format!("services: {{a: {{{before}}}}}"));
            set_defaults(&mut model);
            assert_eq!(flow(&model), format!("{{services: {{a: {after}}}}}"));
        }
    }
}
