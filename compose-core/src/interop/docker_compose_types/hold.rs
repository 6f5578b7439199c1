//! Does the crate hold a document? And if not, which part of it?
//!
//! The crate answers with an error that names no place, or silently with less than it was given.
//! So each attribute is given to it alone, and what comes back is compared with what was given.

use super::NotHeld;
use ::docker_compose_types::Compose;
use serde_yaml::{Mapping, Value};

/// The document in the crate's types, if nothing of it is lost.
pub(super) fn compose(document: &Value) -> Result<Compose, NotHeld> {
    let path = || Path::root();
    for (section, content) in entries(document) {
        let section = path().key(section);
        match (section.0.as_str(), content) {
            ("services" | "networks" | "volumes" | "secrets", Value::Mapping(named)) => {
                for (name, definition) in named {
                    definition_is_held(&section.key(name), definition)?;
                }
            }
            _ => is_held(&section, content)?,
        }
    }
    read(document.clone()).map_err(|reason| NotHeld {
        path: "the project".to_owned(),
        reason,
    })
}

/// Each attribute of a service, network, volume or secret on its own, then all of them together.
fn definition_is_held(path: &Path, definition: &Value) -> Result<(), NotHeld> {
    // A secret is one of several kinds, which no attribute alone tells.
    if !path.0.starts_with("secrets.") {
        for (key, attribute) in entries(definition) {
            is_held(&path.key(key), attribute)?;
        }
    }
    is_held(path, definition)
}

/// Whether the crate takes a value at a place and gives the same back.
fn is_held(path: &Path, value: &Value) -> Result<(), NotHeld> {
    let given_back = read(path.document(value)).and_then(|compose| serde_yaml::to_value(compose).map_err(|error| error.to_string()));
    match given_back {
        Err(reason) => {
            let culprit = culprit(path, value).unwrap_or_else(|| path.clone());
            Err(culprit.not_held(reason))
        }
        Ok(document) => {
            let returned = path.within(&document);
            difference(path, value, returned).map_or(Ok(()), |lost| Err(lost.not_held("it would be lost".to_owned())))
        }
    }
}

fn read(document: Value) -> Result<Compose, String> {
    serde_yaml::from_value(document).map_err(|error| error.to_string())
}

fn reads(path: &Path, value: &Value) -> bool {
    read(path.document(value)).is_ok()
}

/// The part of a value without which it would be taken.
fn culprit(path: &Path, value: &Value) -> Option<Path> {
    match value {
        Value::Mapping(fields) => fields.iter().find_map(|(key, part)| {
            let mut without = fields.clone();
            without.shift_remove(key);
            let inner = path.key(key);
            reads(path, &Value::Mapping(without)).then(|| culprit_within(path, key, part).unwrap_or(inner))
        }),
        Value::Sequence(items) => items.iter().enumerate().find_map(|(position, item)| {
            let alone = Value::Sequence(vec![item.clone()]);
            (!reads(path, &alone)).then(|| culprit_of_item(path, position, item))
        }),
        _ => None,
    }
}

/// The part of a field's value without which the field would be taken on its own.
fn culprit_within(path: &Path, key: &Value, part: &Value) -> Option<Path> {
    let inner = path.key(key);
    let nothing = match part {
        Value::Mapping(_) => Value::Mapping(Mapping::new()),
        Value::Sequence(_) => Value::Sequence(Vec::new()),
        _ => return None,
    };
    // Where not even nothing is taken, the key is to blame.
    if reads(&inner, part) || !reads(&inner, &nothing) {
        return None;
    }
    culprit(&inner, part)
}

/// The field of a list's item without which the item would be taken.
fn culprit_of_item(path: &Path, position: usize, item: &Value) -> Path {
    let place = path.item(position);
    let Value::Mapping(fields) = item else { return place };
    let found = fields.keys().find(|key| {
        let mut without = fields.clone();
        without.shift_remove(*key);
        reads(path, &Value::Sequence(vec![Value::Mapping(without)]))
    });
    found.map_or(place.clone(), |key| place.key(key))
}

/// The first place at which less came back than was given. Null, an empty mapping and nothing are the same.
fn difference(path: &Path, given: &Value, returned: Option<&Value>) -> Option<Path> {
    match (given, returned) {
        (given, None) if says_nothing(given) => None,
        (given, Some(returned)) if given == returned || (says_nothing(given) && says_nothing(returned)) => None,
        (Value::Mapping(given), Some(Value::Mapping(returned))) => given
            .iter()
            .find_map(|(key, value)| difference(&path.key(key), value, returned.get(key))),
        (Value::Sequence(given), Some(Value::Sequence(returned))) if given.len() == returned.len() => given
            .iter()
            .zip(returned)
            .enumerate()
            .find_map(|(position, (given, returned))| difference(&path.item(position), given, Some(returned))),
        _ => Some(path.clone()),
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Mapping(fields) => fields.is_empty(),
        _ => false,
    }
}

fn entries(value: &Value) -> impl Iterator<Item = (&Value, &Value)> {
    value.as_mapping().into_iter().flatten()
}

/// A place in a document, as text and as keys.
#[derive(Clone, Debug)]
struct Path(String, Vec<Value>);

impl Path {
    fn root() -> Self {
        Self(String::new(), Vec::new())
    }

    fn key(&self, key: &Value) -> Self {
        let name = key.as_str().unwrap_or("?");
        let text = if self.0.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.0)
        };
        let mut keys = self.1.clone();
        keys.push(key.clone());
        Self(text, keys)
    }

    /// An item of a list; it has no document of its own.
    fn item(&self, position: usize) -> Self {
        Self(format!("{}[{position}]", self.0), self.1.clone())
    }

    /// A document that holds nothing but a value at this place.
    fn document(&self, value: &Value) -> Value {
        self.1.iter().rev().fold(value.clone(), |inner, key| {
            let mut outer = Mapping::new();
            outer.insert(key.clone(), inner);
            Value::Mapping(outer)
        })
    }

    /// What stands at this place of a document.
    fn within<'v>(&self, document: &'v Value) -> Option<&'v Value> {
        self.1.iter().try_fold(document, |value, key| value.get(key))
    }

    fn not_held(&self, reason: String) -> NotHeld {
        NotHeld {
            path: self.0.clone(),
            reason,
        }
    }
}
