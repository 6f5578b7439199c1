//! Canonical forms that the crate does not know, in others that mean the same and that it does.

use super::mapping_of;
use serde_yaml::{Mapping, Value};

/// Rewrites a canonical project.
pub(super) fn to_forms_it_knows(document: &mut Value, project: &str) {
    for (_, service) in mapping_of(document, "services").into_iter().flatten() {
        adapt_service(service);
    }
    for (key, secret) in mapping_of(document, "secrets").into_iter().flatten() {
        drop_implied_name(key, secret, project);
    }
}

/// The crate writes null for options of a bind that were not said, where the specification knows no
/// null; and a network without settings, which is null, as one with empty settings.
pub(super) fn drop_what_is_not_said(document: &mut Value) {
    for (_, service) in mapping_of(document, "services").into_iter().flatten() {
        for volume in sequence_of(service, "volumes") {
            if let Some(bind) = mapping_of(volume, "bind") {
                bind.retain(|_, option| !option.is_null());
            }
        }
        for (_, endpoint) in mapping_of(service, "networks").into_iter().flatten() {
            if endpoint.as_mapping().is_some_and(Mapping::is_empty) {
                *endpoint = Value::Null;
            }
        }
    }
}

fn adapt_service(service: &mut Value) {
    for device in sequence_of(service, "devices") {
        shorten_device(device);
    }
    for volume in sequence_of(service, "volumes") {
        if let Some(size) = volume.get_mut("tmpfs").and_then(|tmpfs| tmpfs.get_mut("size")) {
            to_number(size);
        }
    }
    for size in [vec!["mem_swappiness"], vec!["build", "shm_size"]] {
        if let Some(size) = at(service, &size) {
            to_number(size);
        }
    }
    if let Some(labels) = at(service, &["deploy", "labels"]) {
        to_pairs(labels);
    }
    for amount in ["limits", "reservations"] {
        let Some(amount) = at(service, &["deploy", "resources", amount]) else {
            continue;
        };
        if let Some(cpus) = amount.get_mut("cpus") {
            to_text(cpus);
        }
        for device in sequence_of(amount, "devices") {
            all_of_them(device);
        }
    }
}

/// `source:target:permissions`, where nothing else is said.
fn shorten_device(device: &mut Value) {
    let Some(fields) = device.as_mapping() else { return };
    let part = |key| fields.get(key).and_then(Value::as_str);
    let parts: Vec<&str> = ["source", "target", "permissions"].into_iter().map_while(part).collect();
    if parts.len() == fields.len() && parts.len() > 1 {
        *device = Value::from(parts.join(":"));
    }
}

/// `count: all` is -1 in the canonical form.
fn all_of_them(device: &mut Value) {
    if let Some(count) = device.get_mut("count").filter(|count| count.as_i64() == Some(-1)) {
        *count = Value::from("all");
    }
}

/// The name that the loader gave to a secret; the crate knows names of external ones only.
fn drop_implied_name(key: &Value, secret: &mut Value, project: &str) {
    let implied = key.as_str().map(|key| format!("{project}_{key}"));
    if let Some(fields) = secret.as_mapping_mut()
        && !fields.contains_key("external")
        && fields.get("name").and_then(Value::as_str) == implied.as_deref()
    {
        fields.remove("name");
    }
}

fn to_number(value: &mut Value) {
    if let Some(number) = value.as_str().and_then(|text| text.parse::<i64>().ok()) {
        *value = Value::from(number);
    }
}

fn to_text(value: &mut Value) {
    if let Value::Number(number) = value {
        *value = Value::from(number.to_string());
    }
}

fn to_pairs(value: &mut Value) {
    if let Value::Mapping(fields) = value {
        let pair = |(key, value): (&Value, &Value)| Some(Value::from(format!("{}={}", key.as_str()?, value.as_str()?)));
        *value = Value::Sequence(fields.iter().filter_map(pair).collect());
    }
}

fn at<'v>(value: &'v mut Value, path: &[&str]) -> Option<&'v mut Value> {
    path.iter().try_fold(value, |value, key| value.get_mut(*key))
}

fn sequence_of<'v>(value: &'v mut Value, key: &str) -> impl Iterator<Item = &'v mut Value> {
    value.get_mut(key).and_then(Value::as_sequence_mut).into_iter().flatten()
}
