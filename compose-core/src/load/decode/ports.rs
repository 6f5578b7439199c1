//! Published ports.

use super::values::{attributes, text, unsigned_32};
use crate::diagnostic::Code;
use crate::load::report::Report;
use crate::model::{Port, PortProtocol};
use crate::source::{Node, Value};

/// One published port.
pub(super) fn port(node: &Node, report: &mut Report) -> Port {
    let mut port = Port::default();
    port.extensions = attributes(node, report, |key, node, report| {
        match key {
            "app_protocol" => port.app_protocol = text(node, report),
            "host_ip" => port.host_ip = text(node, report),
            "mode" => port.mode = text(node, report),
            "name" => port.name = text(node, report),
            "protocol" => port.protocol = text(node, report).map(PortProtocol),
            "published" => port.published = text(node, report),
            "target" => port.target = target(node, report).unwrap_or_default(),
            _ => return false,
        }
        true
    });
    port
}

/// The container's port; variables can make it text.
fn target(node: &Node, report: &mut Report) -> Option<u32> {
    let Value::String(text) = &node.value else {
        return unsigned_32(node, report);
    };
    let port = text.parse().ok();
    if port.is_none() {
        report.error(Code::OutOfRange, node.span, format!("`{text}` is no port"));
    }
    port
}
