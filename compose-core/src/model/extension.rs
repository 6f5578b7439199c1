//! Values that Compose passes through without a meaning of its own: `x-…` keys and free options.

use std::collections::BTreeMap;

/// Any YAML value, without its place.
#[derive(Clone, Debug, PartialEq)]
pub enum Any {
    /// Null.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer that fits.
    Int(i64),
    /// An integer above `i64::MAX`.
    UInt(u64),
    /// A float.
    Float(f64),
    /// An unquoted date or time, in the form of RFC 3339.
    Timestamp(String),
    /// Text.
    String(String),
    /// A list.
    List(Vec<Any>),
    /// A mapping.
    Map(BTreeMap<String, Any>),
}

/// The `x-…` keys of one place, with their names as written.
pub type Extensions = BTreeMap<String, Any>;
