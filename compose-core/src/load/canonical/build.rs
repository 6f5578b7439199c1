//! `build`.

use super::{each, each_item, lists, mapping_at, ulimit, wrong_kind};
use crate::diagnostic::{Code, Diagnostic};
use crate::load::report::Report;
use crate::source::{Mapping, Node, Value};

/// A text is the context.
pub(super) fn build(node: &mut Node, report: &mut Report) {
    match &mut node.value {
        Value::Mapping(attributes) => {
            for (name, entry) in attributes.iter_mut() {
                let node = &mut entry.node;
                report.within(name, |report| match name {
                    "additional_contexts" => additional_contexts(node, report),
                    "secrets" => each_item(node, report, lists::file_grant),
                    "ssh" => ssh(node, report),
                    "ulimits" => each(node, report, ulimit),
                    _ => {}
                });
            }
        }
        Value::String(context) => node.value = mapping_at(node.span, [("context", Value::String(std::mem::take(context)))]),
        _ => wrong_kind(node, "a folder or a mapping", report),
    }
}

/// `NAME=CONTEXT` lines become keys.
fn additional_contexts(node: &mut Node, report: &mut Report) {
    if let Some(contexts) = node.as_mapping() {
        for (name, entry) in contexts.iter().filter(|(_, entry)| entry.node.is_null()) {
            report.within(name, |report| {
                let missing = Diagnostic::error(Code::WrongType, "must be a context, not null").at(entry.key_span);
                report.push(missing.help("name a folder, a URL, `docker-image://IMAGE` or `service:NAME`"));
            });
        }
        return;
    }
    let Value::Sequence(items) = &node.value else {
        return wrong_kind(node, "a list or a mapping", report);
    };
    let mut contexts = Mapping::new();
    for (index, item) in items.iter().enumerate() {
        match item.as_str().and_then(|text| text.split_once('=')) {
            Some((name, context)) => {
                contexts.insert(name, item.span, Node::string(context, item.span));
            }
            None => report.within(index, |report| {
                report.error(Code::MalformedShortForm, item.span, "must be written NAME=CONTEXT");
            }),
        }
    }
    node.value = Value::Mapping(contexts);
}

/// `ID=PATH` lines become keys; `default` may stand alone.
fn ssh(node: &mut Node, report: &mut Report) {
    let Value::Sequence(items) = &node.value else {
        if node.as_mapping().is_none() {
            wrong_kind(node, "a list or a mapping", report);
        }
        return;
    };
    let mut keys = Mapping::new();
    for (index, item) in items.iter().enumerate() {
        report.within(index, |report| match item.as_str().map(|text| text.split_once('=').ok_or(text)) {
            Some(Ok((id, path))) => {
                keys.insert(id, item.span, Node::string(path, item.span));
            }
            Some(Err("default")) => {
                keys.insert("default", item.span, Node::new(Value::Null, item.span));
            }
            Some(Err(id)) => report.push(
                Diagnostic::error(
                    Code::MalformedShortForm,
                    format!("only `default` may stand without a path, not `{id}`"),
                )
                .at(item.span)
                .help("write ID=PATH"),
            ),
            None => wrong_kind(item, "text", report),
        });
    }
    node.value = Value::Mapping(keys);
}
