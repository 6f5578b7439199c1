//! `ports`: one entry of the list may become many.

use super::lists::refuse;
use super::{ShortForms, text, wrong_kind};
use crate::diagnostic::{Code, Diagnostic};
use crate::load::limits::Allowance;
use crate::load::report::Report;
use crate::load::scalar::text_of;
use crate::load::short::port::{self, ShortPort};
use crate::source::{Mapping, Node, Span, Value};

/// How many ports the services may have together. Of ranges, a line stands for tens of thousands.
const MAX_PORTS: usize = 100_000;
/// How many values a port is in its long form.
const VALUES_OF_A_PORT: usize = 6;

/// Refuses ranges that come to more ports than any application has, before they are written out.
pub(in crate::load) fn check_count(model: &Node, allowance: &Allowance<'_>) -> Result<(), Diagnostic> {
    let services = model.get("services").and_then(Node::as_mapping);
    let mut total = 0;
    for (_, entry) in services.into_iter().flat_map(Mapping::iter) {
        let before = total;
        for item in entry.node.get("ports").and_then(Node::as_sequence).unwrap_or_default() {
            total += item.as_str().map_or(1, port::count);
            if total > MAX_PORTS {
                let message = format!("the services publish more than {MAX_PORTS} ports");
                let error = Diagnostic::error(Code::TooLarge, message).at(item.span);
                return Err(error.help("publish what is used, or take `network_mode: host`"));
            }
        }
        allowance
            .spend((total - before) * VALUES_OF_A_PORT)
            .map_err(|reason| reason.at(entry.key_span))?;
    }
    Ok(())
}

/// Short entries become long ones. When one cannot be read and such ones stay, the whole list stays.
pub(super) fn ports(node: &mut Node, forms: ShortForms, report: &mut Report) {
    let Value::Sequence(items) = &mut node.value else {
        return wrong_kind(node, "a list", report);
    };
    let mut short = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match &item.value {
            Value::Mapping(_) => {}
            Value::Int(_) | Value::UInt(_) | Value::String(_) => match port::parse(&text_of(&item.value).unwrap_or_default()) {
                Ok(ports) => short.push(ports),
                Err(_) if forms == ShortForms::KeepUnreadable && item.as_str().is_some() => return,
                Err(malformed) => {
                    // A number holds no variable.
                    report.within(index, |report| refuse(item, malformed, ShortForms::Strict, report));
                    short.push(Vec::new());
                }
            },
            Value::Float(_) => report.within(index, |report| {
                let wrong = Diagnostic::error(Code::WrongType, "must be a port, not a number with a fraction");
                report.push(wrong.at(item.span).help("write a whole number, or text such as \"8080:80\""));
            }),
            _ => report.within(index, |report| wrong_kind(item, "a port", report)),
        }
    }
    let mut short = short.into_iter();
    let mut long = Vec::with_capacity(items.len());
    for item in items.drain(..) {
        match item.value {
            Value::Int(_) | Value::UInt(_) | Value::String(_) => {
                long.extend(short.next().into_iter().flatten().map(|port| long_form(port, item.span)));
            }
            _ => long.push(item),
        }
    }
    *items = long;
}

fn long_form(short: ShortPort, span: Span) -> Node {
    let mut port = Mapping::new();
    let mut set = |key: &str, value: Value| {
        port.insert(key, span, Node::new(value, span));
    };
    set("mode", text("ingress"));
    if let Some(address) = short.host_ip {
        set("host_ip", text(address));
    }
    if short.target != 0 {
        set("target", Value::Int(short.target.into()));
    }
    if let Some(published) = short.published {
        set("published", text(published));
    }
    set("protocol", text(short.protocol));
    Node::new(Value::Mapping(port), span)
}
