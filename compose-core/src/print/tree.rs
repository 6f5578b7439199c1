//! The value between model and text: what is printed, before it is known as what.
//!
//! The two forms differ in a few places. Each difference stands in the tree itself: a field is
//! [`Shown`] in one form or in both, and `x-…` keys are apart from the fields. So the model is
//! walked once and neither printer knows a single attribute.

use crate::load::schema::Place;
use crate::model::{Any, Extensions, OptionalStringMap, StringMap};
use crate::source::{Node, Value};

/// A value on its way to text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tree {
    /// Null.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// An integer above `i64::MAX`.
    UInt(u64),
    /// A float.
    Float(f64),
    /// A float of 32 bits, which has fewer digits.
    Single(f32),
    /// A time in the form of RFC 3339.
    Time(String),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Tree>),
    /// An empty list of which only YAML knows that it is a list: JSON says null.
    NilList,
    /// A mapping whose keys people chose; each form has an order of its own for them.
    Map(Vec<(String, Tree)>),
    /// A mapping whose keys the specification names, in its order.
    Record(Record),
}

/// Which forms have a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Both.
    Always,
    /// YAML alone.
    InYaml,
    /// JSON alone.
    InJson,
}

/// One key of a [`Record`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    /// The key.
    pub(crate) key: &'static str,
    /// The value.
    pub(crate) value: Tree,
    /// Where it is printed.
    pub(crate) shown: Shown,
}

/// A mapping whose keys the specification names. Built by methods that leave out what says nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Record {
    /// The keys, in the order of print.
    pub(crate) fields: Vec<Field>,
    /// The `x-…` keys. YAML prints them after the fields, JSON never.
    pub(crate) extensions: Vec<(String, Tree)>,
}

impl Record {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A field, whatever its value.
    pub(crate) fn field(&mut self, key: &'static str, value: impl Into<Tree>) -> &mut Self {
        self.push(key, value.into(), Shown::Always)
    }

    /// A field that one form alone has.
    pub(crate) fn only(&mut self, shown: Shown, key: &'static str, value: impl Into<Tree>) -> &mut Self {
        self.push(key, value.into(), shown)
    }

    /// A field, if there is a value.
    pub(crate) fn maybe(&mut self, key: &'static str, value: Option<impl Into<Tree>>) -> &mut Self {
        match value {
            Some(value) => self.field(key, value),
            None => self,
        }
    }

    /// Text, unless there is none or it is empty.
    pub(crate) fn text<'a>(&mut self, key: &'static str, text: impl Into<Option<&'a str>>) -> &mut Self {
        self.maybe(key, text.into().filter(|text| !text.is_empty()))
    }

    /// A switch, if it is on.
    pub(crate) fn flag(&mut self, key: &'static str, on: bool) -> &mut Self {
        self.maybe(key, on.then_some(true))
    }

    /// A list, unless it is empty.
    pub(crate) fn list<T: Into<Tree>>(&mut self, key: &'static str, items: impl IntoIterator<Item = T>) -> &mut Self {
        let items: Vec<Tree> = items.into_iter().map(Into::into).collect();
        self.maybe(key, (!items.is_empty()).then_some(Tree::List(items)))
    }

    /// A mapping of keys that people chose, unless it is empty.
    pub(crate) fn map<K: ToString, T: Into<Tree>>(&mut self, key: &'static str, entries: impl IntoIterator<Item = (K, T)>) -> &mut Self {
        let entries = Tree::map(entries);
        match &entries {
            Tree::Map(inner) if inner.is_empty() => self,
            _ => self.field(key, entries),
        }
    }

    /// Another record, for YAML only if it says anything there.
    pub(crate) fn record(&mut self, key: &'static str, record: Record) -> &mut Self {
        let shown = if record.says_anything_in_yaml() {
            Shown::Always
        } else {
            Shown::InJson
        };
        self.push(key, Tree::Record(record), shown)
    }

    /// The `x-…` keys.
    pub(crate) fn extensions(&mut self, extensions: &Extensions) -> &mut Self {
        self.extensions
            .extend(extensions.iter().map(|(key, value)| (key.clone(), Tree::from(value))));
        self
    }

    /// The record as a value.
    pub(crate) fn tree(&mut self) -> Tree {
        Tree::Record(std::mem::take(self))
    }

    fn push(&mut self, key: &'static str, value: Tree, shown: Shown) -> &mut Self {
        self.fields.push(Field { key, value, shown });
        self
    }

    fn says_anything_in_yaml(&self) -> bool {
        !self.extensions.is_empty() || self.fields.iter().any(|field| field.shown != Shown::InJson)
    }
}

impl Tree {
    /// A mapping of keys that people chose.
    pub(crate) fn map<K: ToString, T: Into<Tree>>(entries: impl IntoIterator<Item = (K, T)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.to_string(), value.into())).collect())
    }
}

impl From<&str> for Tree {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Tree {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Tree {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Tree {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Tree {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u64> for Tree {
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or(Self::UInt(value), Self::Int)
    }
}

impl From<u32> for Tree {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}

impl From<u16> for Tree {
    fn from(value: u16) -> Self {
        Self::Int(value.into())
    }
}

impl From<f32> for Tree {
    fn from(value: f32) -> Self {
        Self::Single(value)
    }
}

impl From<&Option<String>> for Tree {
    fn from(text: &Option<String>) -> Self {
        text.as_ref().map_or(Self::Null, Self::from)
    }
}

impl From<&Vec<String>> for Tree {
    fn from(items: &Vec<String>) -> Self {
        Self::List(items.iter().map(Self::from).collect())
    }
}

impl From<&StringMap> for Tree {
    fn from(map: &StringMap) -> Self {
        Self::map(map)
    }
}

impl From<&OptionalStringMap> for Tree {
    fn from(map: &OptionalStringMap) -> Self {
        Self::map(map)
    }
}

impl From<&Any> for Tree {
    fn from(any: &Any) -> Self {
        match any {
            Any::Null => Self::Null,
            Any::Bool(value) => Self::Bool(*value),
            Any::Int(value) => Self::Int(*value),
            Any::UInt(value) => Self::UInt(*value),
            Any::Float(value) => Self::Float(*value),
            Any::Timestamp(text) => Self::Time(text.clone()),
            Any::String(text) => Self::Text(text.clone()),
            Any::List(items) if items.is_empty() => Self::NilList,
            Any::List(items) => Self::List(items.iter().map(Self::from).collect()),
            Any::Map(map) => Self::map(map),
        }
    }
}

impl Tree {
    /// A tree that nobody interpreted. An empty list is null unless its place keeps it free of repeats.
    pub(crate) fn raw(node: &Node, place: Place) -> Self {
        match &node.value {
            Value::Sequence(items) if items.is_empty() && place.is_kept_unique() => Self::List(Vec::new()),
            Value::Mapping(map) => Self::map(map.iter().map(|(key, entry)| (key, Self::raw(&entry.node, place.key(key))))),
            _ => Self::from(node),
        }
    }
}

impl From<&Node> for Tree {
    fn from(node: &Node) -> Self {
        match &node.value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Self::Int(*value),
            Value::UInt(value) => Self::UInt(*value),
            Value::Float(value) => Self::Float(*value),
            Value::Timestamp(text) => Self::Time(text.clone()),
            Value::String(text) => Self::Text(text.clone()),
            Value::Sequence(items) if items.is_empty() => Self::NilList,
            Value::Sequence(items) => Self::List(items.iter().map(Self::from).collect()),
            Value::Mapping(map) => Self::map(map.iter().map(|(key, entry)| (key, &entry.node))),
        }
    }
}
