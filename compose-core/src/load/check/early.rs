//! Checks on the canonical tree, before paths are resolved.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::load::report::Report;
use crate::source::{Mapping, Node, Value};
use std::net::IpAddr;

/// Checks sources of secrets and configs, external volumes, addresses, watched paths and device requests.
pub(crate) fn check_early(model: &Node) -> Diagnostics {
    let mut report = Report::default();
    each(model, "services", &mut report, service);
    each(model, "volumes", &mut report, external_volume);
    each(model, "configs", &mut report, |config, report| {
        sources(config, &["file", "environment", "content"], report);
    });
    each(model, "secrets", &mut report, |secret, report| {
        sources(secret, &["file", "environment"], report);
    });
    report.finish()
}

fn each(node: &Node, key: &str, report: &mut Report, check: impl Fn(&Node, &mut Report)) {
    report.within(key, |report| {
        for (name, entry) in node.get(key).and_then(Node::as_mapping).into_iter().flat_map(Mapping::iter) {
            report.within(name, |report| check(&entry.node, report));
        }
    });
}

fn each_item(node: Option<&Node>, key: &str, report: &mut Report, check: impl Fn(&Node, &mut Report)) {
    let items = node.and_then(|node| node.get(key)).and_then(Node::as_sequence).unwrap_or_default();
    report.within(key, |report| {
        for (index, item) in items.iter().enumerate() {
            report.within(index, |report| check(item, report));
        }
    });
}

fn service(service: &Node, report: &mut Report) {
    each_item(Some(service), "ports", report, host_address);
    each_item(Some(service), "gpus", report, device_request);
    report.within("scale", |report| not_negative(service.get("scale"), report));
    report.within("develop", |report| each_item(service.get("develop"), "watch", report, watched_path));
    report.within("deploy", |report| deploy(service.get("deploy"), report));
}

fn deploy(deploy: Option<&Node>, report: &mut Report) {
    let setting = |key| deploy.and_then(|deploy| deploy.get(key));
    report.within("replicas", |report| not_negative(setting("replicas"), report));
    let reservations = setting("resources").and_then(|resources| resources.get("reservations"));
    report.within("resources", |report| {
        report.within("reservations", |report| each_item(reservations, "devices", report, device_request));
    });
}

fn host_address(port: &Node, report: &mut Report) {
    if let Some(address) = port.get("host_ip")
        && address.as_str().is_none_or(|text| text.parse::<IpAddr>().is_err())
    {
        let shown = address.as_str().unwrap_or(address.value.kind());
        let invalid = Diagnostic::error(Code::NotAnAddress, format!("`{shown}` is no IP address"));
        report.push(
            invalid
                .at(address.span)
                .help("write an address of this machine, such as 127.0.0.1 or ::1"),
        );
    }
}

fn device_request(request: &Node, report: &mut Report) {
    if let (Some(count), Some(ids)) = (request.get("count"), request.get("device_ids")) {
        report.push(
            Diagnostic::error(Code::ConflictingKeys, "`count` and `device_ids` exclude each other")
                .at(ids.span)
                .related(count.span, "`count` stands here")
                .help("keep one of them"),
        );
    }
}

fn not_negative(count: Option<&Node>, report: &mut Report) {
    if let Some(Node {
        value: Value::Int(number @ ..0),
        span,
        ..
    }) = count
    {
        report.push(
            Diagnostic::error(Code::OutOfRange, format!("must not be negative, but is {number}"))
                .at(*span)
                .help("use 0 or more"),
        );
    }
}

fn watched_path(rule: &Node, report: &mut Report) {
    if let Some(path) = rule.get("path").filter(|path| path.as_str() == Some("")) {
        let blank = Diagnostic::error(Code::InvalidValue, "`path` must not be blank").at(path.span);
        report.push(blank.help("write the file or folder to watch"));
    }
}

/// An external volume is made elsewhere: nothing but its name can be said.
fn external_volume(volume: &Node, report: &mut Report) {
    let Some(settings) = volume.as_mapping() else {
        return;
    };
    if !settings.get("external").is_some_and(|external| external.value == Value::Bool(true)) {
        return;
    }
    for (key, entry) in settings.iter() {
        if !matches!(key, "name" | "external") && !key.starts_with("x-") {
            report.push(
                Diagnostic::error(Code::ConflictingKeys, format!("an external volume cannot have `{key}`"))
                    .at(entry.key_span)
                    .help("remove `external`, or let it stand alone with `name`"),
            );
        }
    }
}

fn sources(resource: &Node, kinds: &[&str], report: &mut Report) {
    let missing = || {
        Diagnostic::error(Code::MissingKey, format!("needs one of {}", kinds.join(", ")))
            .at(resource.span)
            .help("add one of them, or `external: true` for one that exists already")
    };
    let Some(settings) = resource.as_mapping() else {
        return report.push(missing());
    };
    let mut given = kinds
        .iter()
        .filter_map(|kind| settings.entry(kind).map(|entry| (kind, entry.key_span)));
    match (given.next(), given.next()) {
        (Some((first, first_span)), Some((second, span))) => report.push(
            Diagnostic::error(Code::ConflictingKeys, format!("`{first}` and `{second}` exclude each other"))
                .at(span)
                .related(first_span, format!("`{first}` stands here"))
                .help("keep one of them"),
        ),
        (None, _) if !settings.contains_key("driver") && !settings.contains_key("external") => {
            report.push(missing());
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::testing::{error_messages, parse};

    fn errors(text: &str) -> Vec<String> {
        error_messages(&check_early(&parse(text)))
    }

    #[test]
    fn refuses_what_cannot_be() {
        for (text, message) in [
            ("services: {a: {scale: -1}}", "services.a.scale: must not be negative, but is -1"),
            (
                "services: {a: {deploy: {replicas: -2}}}",
                "services.a.deploy.replicas: must not be negative, but is -2",
            ),
            (
                "services: {a: {ports: [{host_ip: x}]}}",
                "services.a.ports[0]: `x` is no IP address",
            ),
            (
                "services: {a: {gpus: [{count: 1, device_ids: [a]}]}}",
                "services.a.gpus[0]: `count` and `device_ids` exclude each other",
            ),
            (
                "services: {a: {develop: {watch: [{path: ''}]}}}",
                "services.a.develop.watch[0]: `path` must not be blank",
            ),
            (
                "volumes: {v: {external: true, driver: d}}",
                "volumes.v: an external volume cannot have `driver`",
            ),
            ("secrets: {s: null}", "secrets.s: needs one of file, environment"),
            ("secrets: {s: {labels: {}}}", "secrets.s: needs one of file, environment"),
            (
                "secrets: {s: {file: a, environment: b}}",
                "secrets.s: `file` and `environment` exclude each other",
            ),
            (
                "configs: {c: {environment: a, content: b}}",
                "configs.c: `environment` and `content` exclude each other",
            ),
        ] {
            assert_eq!(errors(text), [message], "{text}");
        }
    }

    #[test]
    fn passes_what_can_be() {
        for text in [
            "services: {a: {ports: [{host_ip: '::1'}, '${P}'], gpus: [{count: 1}]}}",
            "volumes: {v: {external: true, name: n, x-a: 1}, w: null, u: {external: false, driver: d}}",
            "secrets: {s: {driver: d}, t: {external: true}, u: {file: a}}",
            "configs: {c: {content: ''}}",
        ] {
            assert_eq!(errors(text), Vec::<String>::new(), "{text}");
        }
    }
}
