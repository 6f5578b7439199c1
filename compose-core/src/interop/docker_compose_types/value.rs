//! What is printed as YAML, as a value of `serde_yaml`.

use crate::print::tree::{Shown, Tree};
use serde_yaml::{Mapping, Value};

/// The value that parsing the printed text would give: every `$` is doubled.
pub(super) fn from_tree(tree: &Tree) -> Value {
    match tree {
        Tree::Null => Value::Null,
        Tree::Bool(value) => Value::Bool(*value),
        Tree::Int(value) => Value::from(*value),
        Tree::UInt(value) => Value::from(*value),
        Tree::Float(value) => Value::from(*value),
        // By way of its digits: 0.1 must not become 0.10000000149.
        Tree::Single(value) => Value::from(value.to_string().parse::<f64>().unwrap_or(f64::NAN)),
        Tree::Time(text) => Value::from(text.as_str()),
        Tree::Text(text) => Value::from(doubled(text)),
        Tree::List(items) => Value::Sequence(items.iter().map(from_tree).collect()),
        Tree::NilList => Value::Sequence(Vec::new()),
        Tree::Map(entries) => Value::Mapping(entries.iter().map(entry).collect()),
        Tree::Record(record) => {
            let shown = record.fields.iter().filter(|field| field.shown != Shown::InJson);
            let fields = shown.map(|field| (Value::from(field.key), from_tree(&field.value)));
            Value::Mapping(fields.chain(record.extensions.iter().map(entry)).collect::<Mapping>())
        }
    }
}

fn entry((key, value): &(String, Tree)) -> (Value, Value) {
    (Value::from(doubled(key)), from_tree(value))
}

fn doubled(text: &str) -> String {
    text.replace('$', "$$")
}
