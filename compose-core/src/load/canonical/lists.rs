//! Lists and single texts that stand for mappings.

use super::{ShortForms, each, mapping_at, text, wrong_kind};
use crate::diagnostic::{Code, Diagnostic};
use crate::load::report::Report;
use crate::load::short;
use crate::source::{Mapping, Node, Value};

/// A text becomes a list of one.
pub(super) fn text_as_list(node: &mut Node) {
    if let Value::String(text) = &mut node.value {
        let item = Node::string(std::mem::take(text), node.span);
        node.value = Value::Sequence(vec![item]);
    }
}

/// A text becomes a mapping of one key.
pub(super) fn text_as_key(node: &mut Node, key: &str, report: &mut Report) {
    match &mut node.value {
        Value::Mapping(_) => {}
        Value::String(text) => node.value = mapping_at(node.span, [(key, Value::String(std::mem::take(text)))]),
        _ => wrong_kind(node, "text or a mapping", report),
    }
}

/// A list of names becomes a mapping without values.
pub(super) fn names_as_keys(node: &mut Node, report: &mut Report) {
    let Value::Sequence(items) = &mut node.value else {
        return;
    };
    let mut names = Mapping::new();
    for (index, item) in items.iter_mut().enumerate() {
        let span = item.span;
        match &mut item.value {
            Value::String(name) => {
                names.insert(std::mem::take(name), span, Node::new(Value::Null, span));
            }
            _ => report.within(index, |report| wrong_kind(item, "a name", report)),
        }
    }
    node.value = Value::Mapping(names);
}

/// Names become dependencies on a start; long ones get what they leave out.
pub(super) fn depends_on(node: &mut Node, report: &mut Report) {
    if matches!(node.value, Value::Sequence(_)) {
        names_as_keys(node, report);
        for (_, entry) in node.as_mapping_mut().into_iter().flat_map(Mapping::iter_mut) {
            entry.node.value = Value::Mapping(Mapping::new());
        }
    }
    if node.as_mapping().is_none() {
        return wrong_kind(node, "a list or a mapping", report);
    }
    each(node, report, |dependency, report| {
        let span = dependency.span;
        let Some(settings) = dependency.as_mapping_mut() else {
            return wrong_kind(dependency, "a mapping", report);
        };
        for (key, value) in [("condition", text("service_started")), ("required", Value::Bool(true))] {
            if !settings.contains_key(key) {
                settings.insert(key, span, Node::new(value, span));
            }
        }
    });
}

/// Text or a list of texts and mappings becomes a list of mappings.
pub(super) fn env_file(node: &mut Node, report: &mut Report) {
    text_as_list(node);
    let Value::Sequence(items) = &mut node.value else {
        return wrong_kind(node, "a path or a list", report);
    };
    for (index, item) in items.iter_mut().enumerate() {
        report.within(index, |report| {
            text_as_key(item, "path", report);
            let span = item.span;
            if let Some(file) = item.as_mapping_mut()
                && !file.contains_key("required")
            {
                file.insert("required", span, Node::new(Value::Bool(true), span));
            }
        });
    }
}

/// `all` becomes one request for every GPU.
pub(super) fn gpus(node: &mut Node, report: &mut Report) {
    match &node.value {
        Value::Sequence(_) => {}
        Value::String(_) => {
            let request = Node::new(mapping_at(node.span, [("count", text("all"))]), node.span);
            node.value = Value::Sequence(vec![request]);
        }
        _ => wrong_kind(node, "`all` or a list", report),
    }
}

/// One address or a list of them; empty ones are dropped.
pub(super) fn dns(node: &mut Node) {
    text_as_list(node);
    if let Value::Sequence(items) = &mut node.value {
        items.retain(|item| !item.is_null() && item.as_str() != Some(""));
    }
}

/// The key of a secret or config becomes a grant.
pub(super) fn file_grant(node: &mut Node, report: &mut Report) {
    text_as_key(node, "source", report);
}

/// `SOURCE:TARGET:PERMISSIONS` becomes a mapping.
pub(super) fn device(node: &mut Node, forms: ShortForms, report: &mut Report) {
    let Value::String(device) = &node.value else {
        if node.as_mapping().is_none() {
            wrong_kind(node, "text or a mapping", report);
        }
        return;
    };
    match short::device::parse(device) {
        Ok(short) => {
            node.value = mapping_at(
                node.span,
                [
                    ("source", text(short.source)),
                    ("target", text(short.target)),
                    ("permissions", text(short.permissions)),
                ],
            );
        }
        Err(malformed) => refuse(node, malformed, forms, report),
    }
}

/// Notes a short form that cannot be read, unless such ones stay.
pub(super) fn refuse(node: &Node, malformed: short::Malformed, forms: ShortForms, report: &mut Report) {
    if forms == ShortForms::Strict {
        report.push(
            Diagnostic::error(Code::MalformedShortForm, malformed.what)
                .at(node.span)
                .help(malformed.help),
        );
    }
}
