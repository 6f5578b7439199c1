//! Devices, requests for devices, and ulimits: shared by services, `deploy` and builds.

use super::service::present;
use super::values::{attributes, integer, plain_text, readable_map, strings, text, texts, wrong_kind};
use crate::diagnostic::{Code, Diagnostic};
use crate::load::report::Report;
use crate::model::{Device, DeviceCount, DeviceRequest, Ulimit};
use crate::source::{Node, Value};
use std::collections::BTreeMap;

/// A device of the host.
pub(super) fn device(node: &Node, report: &mut Report) -> Device {
    let mut device = Device::default();
    device.extensions = attributes(node, report, |key, node, report| {
        match key {
            "permissions" => device.permissions = text(node, report),
            "source" => device.source = plain_text(node, report),
            "target" => device.target = text(node, report),
            _ => return false,
        }
        true
    });
    device
}

/// A request for devices of a kind. The schema lets other keys pass in `gpus`; they are ignored
/// with a warning.
pub(super) fn device_request(node: &Node, report: &mut Report) -> DeviceRequest {
    let mut request = DeviceRequest::default();
    request.extensions = attributes(node, report, |key, node, report| {
        match key {
            "capabilities" => request.capabilities = texts(node, report),
            "count" => request.count = count(node, report),
            "device_ids" => request.ids = texts(node, report),
            "driver" => request.driver = text(node, report),
            "options" => request.options = strings(node, report),
            _ => report.push(Diagnostic::warning(Code::UnknownKey, "unknown attribute, ignored").at(node.span)),
        }
        true
    });
    request
}

fn count(node: &Node, report: &mut Report) -> Option<DeviceCount> {
    match &node.value {
        Value::Null => None,
        Value::String(text) if text.eq_ignore_ascii_case("all") => Some(DeviceCount::All),
        Value::String(text) => {
            let number = text.parse().ok();
            if number.is_none() {
                report.error(Code::NotANumber, node.span, format!("must be `all` or a number, not `{text}`"));
            }
            number.map(exactly)
        }
        _ => integer(node, report).map(exactly),
    }
}

/// -1 is the engine's word for all.
fn exactly(number: i64) -> DeviceCount {
    if number == -1 {
        DeviceCount::All
    } else {
        DeviceCount::Exactly(number)
    }
}

/// Limits by name.
pub(super) fn ulimits(node: &Node, report: &mut Report) -> BTreeMap<String, Ulimit> {
    readable_map(node, report, |node, report| present(node).and_then(|node| ulimit(node, report)))
}

fn ulimit(node: &Node, report: &mut Report) -> Option<Ulimit> {
    match &node.value {
        Value::Int(number) => Some(Ulimit::Single(*number)),
        Value::Mapping(_) => {
            let (mut soft, mut hard) = (0, 0);
            let extensions = attributes(node, report, |key, node, report| {
                match key {
                    "hard" => hard = integer(node, report).unwrap_or_default(),
                    "soft" => soft = integer(node, report).unwrap_or_default(),
                    _ => return false,
                }
                true
            });
            Some(Ulimit::SoftHard { soft, hard, extensions })
        }
        _ => {
            wrong_kind(node, "an integer or a mapping with soft and hard", report);
            None
        }
    }
}
