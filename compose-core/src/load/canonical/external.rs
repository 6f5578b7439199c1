//! Networks, volumes, secrets and configs: the old `external: {name: …}`.

use super::wrong_kind;
use crate::diagnostic::{Code, Diagnostic};
use crate::load::report::Report;
use crate::source::{Node, Value};

/// `external: {name: N}` becomes `external: true` and `name: N`.
pub(super) fn resource(node: &mut Node, report: &mut Report) {
    if node.is_null() {
        return;
    }
    let Some(resource) = node.as_mapping_mut() else {
        return wrong_kind(node, "a mapping", report);
    };
    let Some(external) = resource.get_mut("external") else {
        return;
    };
    let span = external.span;
    let Value::Mapping(settings) = &mut external.value else {
        return;
    };
    let old = settings.remove("name");
    external.value = Value::Bool(true);
    let Some(old) = old else {
        return;
    };
    report.push(
        Diagnostic::warning(Code::ObsoleteKey, "`external.name` is deprecated")
            .at(span)
            .help("write `external: true` and `name` beside it"),
    );
    match resource.get("name") {
        Some(name) if name.value != old.node.value => report.push(
            Diagnostic::error(Code::ConflictingKeys, "`name` and `external.name` differ")
                .at(name.span)
                .related(old.node.span, "the other name")
                .help("keep `name` alone"),
        ),
        Some(_) => {}
        None => {
            resource.insert("name", old.key_span, old.node);
        }
    }
}
