//! Frees lists of elements that say the same thing: the later one takes the earlier one's place.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::load::path::TreePath;
use crate::load::scalar;
use crate::load::schema::rule::{Rule, Unique};
use crate::load::schema::table::COMPOSE_FILE;
use crate::load::short::volume;
use crate::source::{Node, Value};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Frees the lists of a tree of elements that say the same, as its rule tells them.
///
/// Elements that cannot be told apart are reported where no later stage would.
pub(in crate::load) fn remove_repeats(tree: &mut Node) -> Diagnostics {
    let mut found = Diagnostics::new();
    below(tree, &COMPOSE_FILE, TreePath::ROOT, &mut found);
    found
}

fn below(tree: &mut Node, rule: &Rule, path: TreePath<'_>, found: &mut Diagnostics) {
    match (&mut tree.value, rule.unique) {
        (Value::Sequence(items), Some(unique)) => keep_last(items, unique, path, found),
        (Value::Mapping(mapping), _) if rule.shape.mapping().is_some() => {
            for (key, entry) in mapping.iter_mut() {
                below(&mut entry.node, rule.of_key(key), path.key(key), found);
            }
        }
        _ => {}
    }
}

fn keep_last(items: &mut Vec<Node>, unique: Unique, path: TreePath<'_>, found: &mut Diagnostics) {
    let mut places: HashMap<String, usize> = HashMap::with_capacity(items.len());
    let mut kept: Vec<Node> = Vec::with_capacity(items.len());
    for (index, item) in std::mem::take(items).into_iter().enumerate() {
        match key(&item, unique) {
            Ok(Some(key)) => match places.entry(key) {
                Entry::Occupied(place) => kept[*place.get()] = item,
                Entry::Vacant(place) => {
                    place.insert(kept.len());
                    kept.push(item);
                }
            },
            Ok(None) => kept.push(item),
            Err(problem) => {
                let path = path.index(index);
                found.push(problem.within(format_args!("`{path}` ")).at(item.span).about(path));
                kept.push(item);
            }
        }
    }
    *items = kept;
}

/// What tells an element from others; `None` for one of a wrong type, which the schema reports.
fn key(item: &Node, unique: Unique) -> Result<Option<String>, Diagnostic> {
    match (unique, &item.value) {
        (Unique::Key, Value::String(text)) => Ok(Some(text.split_once('=').map_or(text.as_str(), |(key, _)| key).to_owned())),
        (Unique::VolumeTarget, Value::String(text)) => match volume::parse(text) {
            Ok(volume) => Ok(Some(volume.target)),
            Err(malformed) => {
                Err(Diagnostic::error(Code::MalformedShortForm, format!("cannot be read: {}", malformed.what)).help(malformed.help))
            }
        },
        (Unique::VolumeTarget, Value::Mapping(_)) => target(item, "lacks the `target` to mount at").map(Some),
        (Unique::DeviceTarget, Value::String(text)) => Ok(Some(device_target(text).to_owned())),
        (Unique::DeviceTarget, Value::Mapping(_)) => target(item, "lacks the `target` in the container").map(Some),
        (Unique::MountTarget(folder), Value::String(source)) => Ok(Some(format!("{folder}/{source}"))),
        (Unique::MountTarget(folder), Value::Mapping(_)) => mount_target(item, folder),
        (Unique::Port | Unique::Exposed, Value::Int(port)) => Ok(Some(port.to_string())),
        (Unique::Port | Unique::Exposed | Unique::EnvFile, Value::String(text)) => Ok(Some(text.clone())),
        (Unique::Port, Value::Mapping(_)) => port(item).map(Some),
        (Unique::Exposed, Value::UInt(_) | Value::Float(_)) => {
            Err(Diagnostic::error(Code::OutOfRange, "is no port").help("use a whole number"))
        }
        (Unique::EnvFile, Value::Mapping(entry)) => Ok(entry.get("path").and_then(Node::as_str).map(str::to_owned)),
        _ => Ok(None),
    }
}

fn target(item: &Node, problem: &str) -> Result<String, Diagnostic> {
    match item.get("target").and_then(Node::as_str) {
        Some(target) => Ok(target.to_owned()),
        None => Err(Diagnostic::error(Code::MissingKey, problem).help("add `target` and the path in the container")),
    }
}

/// The part after the first colon, or all of it.
fn device_target(text: &str) -> &str {
    let mut parts = text.split(':');
    let first = parts.next().unwrap_or_default();
    parts.next().unwrap_or(first)
}

fn mount_target(item: &Node, folder: &str) -> Result<Option<String>, Diagnostic> {
    match item.get("target") {
        Some(target) => Ok(target.as_str().map(str::to_owned)),
        None => Ok(Some(format!("{folder}/{}", item.get("source").map(typed).unwrap_or_default()))),
    }
}

fn port(item: &Node) -> Result<String, Diagnostic> {
    let Some(target) = item.get("target") else {
        let error = Diagnostic::error(Code::MissingKey, "lacks the `target` port of the container");
        // Of a short form, all keys have its place.
        let short = item.get("protocol").is_some_and(|protocol| protocol.span == item.span);
        return Err(error.help(if short {
            "write the port of the container, from 1 to 65535"
        } else {
            "add `target` and the port"
        }));
    };
    let part = |key, default: &str| item.get(key).map_or(default.to_owned(), typed);
    // The published port counts with its type: 8080 and "8080" are two. The reference compares so.
    Ok(format!(
        "{}:{}:{}/{}",
        part("host_ip", "0.0.0.0"),
        part("published", ""),
        typed(target),
        part("protocol", "tcp")
    ))
}

/// A scalar as text that tells 80 from "80".
fn typed(node: &Node) -> String {
    match &node.value {
        Value::String(text) => text.clone(),
        value => format!("\0{}", scalar::text_of(value).unwrap_or_default()),
    }
}
