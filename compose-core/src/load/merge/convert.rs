//! Brings two notations of the same attribute into one, so that they can be put together.

use crate::load::scalar;
use crate::source::{Entry, Mapping, Node, Value};

/// A mapping as a list of `KEY=value`, by alphabet; a list as it is; a text as a list of one.
///
/// A key without a value becomes `KEY`, and a list of values `KEY=one`, `KEY=other`. Anything else
/// is an empty list: a number over a list of name servers changes nothing, as in the reference.
pub(super) fn into_list(node: Node) -> Vec<Node> {
    match node.value {
        Value::Sequence(items) => items,
        Value::String(_) => vec![node],
        Value::Mapping(mapping) => {
            let mut items = Vec::with_capacity(mapping.len());
            for (key, entry) in mapping {
                pair(&key, entry, &mut items);
            }
            items.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
            items
        }
        _ => Vec::new(),
    }
}

fn pair(key: &str, Entry { key_span, node }: Entry, items: &mut Vec<Node>) {
    match node.value {
        Value::Null => items.push(Node::string(key, key_span)),
        Value::Sequence(values) => items.extend(
            values
                .iter()
                .map(|value| Node::string(format!("{key}={}", text_of(&value.value)), value.span)),
        ),
        value => items.push(Node::string(format!("{key}={}", text_of(&value)), node.span)),
    }
}

/// A value as text; lists and mappings as the reference happens to print them.
fn text_of(value: &Value) -> String {
    match value {
        Value::Sequence(items) => {
            let items: Vec<_> = items.iter().map(|item| text_of(&item.value)).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Mapping(mapping) => {
            let mut keys: Vec<_> = mapping.iter().map(|(key, entry)| (key, text_of(&entry.node.value))).collect();
            keys.sort_unstable();
            let keys: Vec<_> = keys.into_iter().map(|(key, value)| format!("{key}:{value}")).collect();
            format!("map[{}]", keys.join(" "))
        }
        scalar => scalar::text_of(scalar).unwrap_or_default(),
    }
}

/// A list of names as a mapping to what `default` says; a mapping as it is; else an empty one.
///
/// `Err` is an element that is no name.
pub(super) fn into_names(node: Node, default: fn(&Node) -> Value) -> Result<Mapping, Box<Node>> {
    match node.value {
        Value::Mapping(mapping) => Ok(mapping),
        Value::Sequence(items) => items
            .into_iter()
            .map(|item| match &item.value {
                Value::String(name) => Ok((name.clone(), named(&item, default))),
                _ => Err(Box::new(item)),
            })
            .collect(),
        _ => Ok(Mapping::new()),
    }
}

fn named(item: &Node, default: fn(&Node) -> Value) -> Entry {
    Entry {
        key_span: item.span,
        node: Node::new(default(item), item.span),
    }
}
