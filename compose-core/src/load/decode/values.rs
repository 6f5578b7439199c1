//! Scalars, lists and mappings of the tree as typed values.
//!
//! Each function reads one kind of value. What is of the wrong kind is reported and read as absent
//! or empty, so that one load finds every mistake.

use crate::diagnostic::{Code, Diagnostic};
use crate::load::report::Report;
use crate::load::scalar::{text_of, truth_of};
use crate::model::{Any, ByteSize, Duration, Extensions, InvalidSize, OptionalStringMap, StringMap};
use crate::source::{Node, Value};
use std::collections::BTreeMap;

/// Notes that a value is of the wrong kind.
pub(super) fn wrong_kind(node: &Node, wanted: &str, report: &mut Report) {
    report.error(
        Code::WrongType,
        node.span,
        format!("must be {wanted}, not {}", node.value.kind_with_article()),
    );
}

/// Text; `None` when it is null or empty, between which the reference makes no difference.
pub(super) fn text(node: &Node, report: &mut Report) -> Option<String> {
    Some(plain_text(node, report)).filter(|text| !text.is_empty())
}

/// Text, empty when it is null.
pub(super) fn plain_text(node: &Node, report: &mut Report) -> String {
    match &node.value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Int(_) | Value::UInt(_) | Value::Bool(_) => text_of(&node.value).unwrap_or_default(),
        _ => {
            wrong_kind(node, "text", report);
            String::new()
        }
    }
}

/// A boolean, false when it is null.
pub(super) fn flag(node: &Node, report: &mut Report) -> bool {
    optional_flag(node, report).unwrap_or(false)
}

/// A boolean, or null.
pub(super) fn optional_flag(node: &Node, report: &mut Report) -> Option<bool> {
    match &node.value {
        Value::Bool(truth) => Some(*truth),
        Value::Null => None,
        Value::String(text) => {
            let truth = truth_of(text);
            if truth.is_none() {
                report.error(Code::NotABoolean, node.span, format!("must be true or false, not `{text}`"));
            }
            truth
        }
        _ => {
            wrong_kind(node, "true or false", report);
            None
        }
    }
}

/// An integer; text is read as decimal, a float loses its fraction.
pub(super) fn integer(node: &Node, report: &mut Report) -> Option<i64> {
    match &node.value {
        Value::Int(number) => return Some(*number),
        Value::Null => return None,
        #[expect(clippy::cast_possible_truncation, reason = "the reference drops the fraction")]
        Value::Float(number) => return Some(*number as i64),
        Value::String(text) => {
            if let Ok(number) = text.parse() {
                return Some(number);
            }
            report.error(Code::NotANumber, node.span, format!("must be an integer, not `{text}`"));
        }
        Value::UInt(number) => report.error(Code::OutOfRange, node.span, format!("{number} is too large")),
        _ => wrong_kind(node, "an integer", report),
    }
    None
}

/// An integer, `None` when it is zero.
pub(super) fn nonzero(node: &Node, report: &mut Report) -> Option<i64> {
    integer(node, report).filter(|number| *number != 0)
}

/// An integer that is not negative; text is not read.
pub(super) fn unsigned(node: &Node, report: &mut Report) -> Option<u64> {
    match &node.value {
        Value::UInt(number) => Some(*number),
        Value::String(_) => {
            wrong_kind(node, "an integer", report);
            None
        }
        _ => {
            let number = integer(node, report)?;
            let unsigned = u64::try_from(number).ok();
            if unsigned.is_none() {
                report.error(Code::OutOfRange, node.span, format!("must not be negative, but is {number}"));
            }
            unsigned
        }
    }
}

/// An integer of 32 bits that is not negative.
pub(super) fn unsigned_32(node: &Node, report: &mut Report) -> Option<u32> {
    let number = unsigned(node, report)?;
    let small = u32::try_from(number).ok();
    if small.is_none() {
        report.error(Code::OutOfRange, node.span, format!("{number} is too large"));
    }
    small
}

/// A number, `None` when it is zero.
pub(super) fn float(node: &Node, report: &mut Report) -> Option<f32> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "the reference keeps 32 bits"
    )]
    let number = match &node.value {
        Value::Int(number) => *number as f32,
        Value::UInt(number) => *number as f32,
        Value::Float(number) => *number as f32,
        Value::Null => return None,
        Value::String(text) => {
            let Ok(number) = text.parse::<f64>() else {
                report.error(Code::NotANumber, node.span, format!("must be a number, not `{text}`"));
                return None;
            };
            number as f32
        }
        _ => {
            wrong_kind(node, "a number", report);
            return None;
        }
    };
    Some(number).filter(|number| *number != 0.0)
}

/// A span of time.
pub(super) fn duration(node: &Node, report: &mut Report) -> Option<Duration> {
    match &node.value {
        Value::Null => None,
        Value::String(text) => text
            .parse()
            .map_err(|invalid: crate::model::InvalidDuration| {
                let help = "write numbers with units, such as 1m30s; units are ns, us, ms, s, m, h, d, w";
                report.push(Diagnostic::error(Code::NotADuration, invalid.to_string()).at(node.span).help(help));
            })
            .ok(),
        _ => {
            wrong_kind(node, "a duration such as 1m30s", report);
            None
        }
    }
}

/// A span of time, `None` when it is zero.
pub(super) fn nonzero_duration(node: &Node, report: &mut Report) -> Option<Duration> {
    duration(node, report).filter(|duration| duration.0 != 0)
}

/// An amount of memory or storage, `None` when it is zero.
pub(super) fn size(node: &Node, report: &mut Report) -> Option<ByteSize> {
    let size = match &node.value {
        Value::Null => return None,
        Value::Int(bytes) => ByteSize(*bytes),
        Value::String(text) => {
            let read = text.parse().map_err(|invalid: InvalidSize| {
                let help = match invalid {
                    InvalidSize::Unreadable(_) => "write a number and a unit, such as 512m; units are b, k, m, g, t, p",
                    InvalidSize::TooLarge(_) => "write what the machine has, or leave the attribute out for no limit",
                };
                report.push(Diagnostic::error(Code::NotASize, invalid.to_string()).at(node.span).help(help));
            });
            read.ok()?
        }
        Value::Float(number) => {
            // The reference reads such a number as zero without a word.
            let warning = Diagnostic::warning(
                Code::NotActedUpon,
                format!("{number}, written with a fraction or an exponent, is ignored"),
            );
            report.push(warning.at(node.span).help("quote it and give it a unit: \"1.5g\""));
            return None;
        }
        _ => {
            wrong_kind(node, "a size such as 512m", report);
            return None;
        }
    };
    Some(size).filter(|size| size.0 != 0)
}

/// The elements of a list; none when it is null.
pub(super) fn list<T>(node: &Node, report: &mut Report, mut read: impl FnMut(&Node, &mut Report) -> T) -> Vec<T> {
    readable(node, report, |item, report| Some(read(item, report)))
}

/// The elements of a list that can be read; none when it is null.
fn readable<T>(node: &Node, report: &mut Report, mut read: impl FnMut(&Node, &mut Report) -> Option<T>) -> Vec<T> {
    match &node.value {
        Value::Sequence(items) => {
            let items = items.iter().enumerate();
            items
                .filter_map(|(index, item)| report.within(index, |report| read(item, report)))
                .collect()
        }
        Value::Null => Vec::new(),
        _ => {
            wrong_kind(node, "a list", report);
            Vec::new()
        }
    }
}

/// A list of texts.
pub(super) fn texts(node: &Node, report: &mut Report) -> Vec<String> {
    list(node, report, plain_text)
}

/// A text or a list of texts.
pub(super) fn text_or_list(node: &Node, report: &mut Report) -> Vec<String> {
    match &node.value {
        Value::String(text) => vec![text.clone()],
        _ => texts(node, report),
    }
}

/// A list of texts and numbers.
pub(super) fn scalars(node: &Node, report: &mut Report) -> Vec<String> {
    readable(node, report, scalar)
}

/// The text of any scalar.
pub(super) fn scalar(node: &Node, report: &mut Report) -> Option<String> {
    let text = text_of(&node.value);
    if text.is_none() {
        wrong_kind(node, "text or a number", report);
    }
    text
}

/// A mapping from names to what `read` makes of their values.
pub(super) fn map<K, V>(node: &Node, report: &mut Report, mut read: impl FnMut(&Node, &mut Report) -> V) -> BTreeMap<K, V>
where
    K: for<'a> From<&'a str> + Ord,
{
    readable_map(node, report, |node, report| Some(read(node, report)))
}

/// A mapping from names to what `read` makes of those values that can be read.
pub(super) fn readable_map<K, V>(node: &Node, report: &mut Report, mut read: impl FnMut(&Node, &mut Report) -> Option<V>) -> BTreeMap<K, V>
where
    K: for<'a> From<&'a str> + Ord,
{
    let mut map = BTreeMap::new();
    match &node.value {
        Value::Mapping(mapping) => {
            for (key, entry) in mapping.iter() {
                if let Some(value) = report.within(key, |report| read(&entry.node, report)) {
                    map.insert(K::from(key), value);
                }
            }
        }
        Value::Null => {}
        _ => wrong_kind(node, "a mapping", report),
    }
    map
}

/// Keys and values from a mapping or a list of `KEY=VALUE`; without a value they are empty.
pub(super) fn strings(node: &Node, report: &mut Report) -> StringMap {
    optional_strings(node, report)
        .into_iter()
        .map(|(key, value)| (key, value.unwrap_or_default()))
        .collect()
}

/// Keys and values from a mapping or a list of `KEY=VALUE` and `KEY`.
pub(super) fn optional_strings(node: &Node, report: &mut Report) -> OptionalStringMap {
    if let Value::Sequence(_) = node.value {
        let pairs = readable(node, report, |item, report| {
            let text = scalar(item, report)?;
            Some(match text.split_once('=') {
                Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
                None => (text, None),
            })
        });
        return pairs.into_iter().collect();
    }
    readable_map(node, report, |value, report| match value.value {
        Value::Null => Some(None),
        _ => scalar(value, report).map(Some),
    })
}

/// Variables: as [`optional_strings`], but a name in a list must not end with a blank.
pub(super) fn environment(node: &Node, report: &mut Report) -> OptionalStringMap {
    for (index, item) in node.as_sequence().unwrap_or_default().iter().enumerate() {
        let name = item.as_str().map(|text| text.split_once('=').map_or(text, |(name, _)| name));
        if let Some(name) = name.filter(|name| name.ends_with(char::is_whitespace)) {
            report.within(index, |report| {
                let message = format!("the variable name `{name}` ends with a space");
                report.push(
                    Diagnostic::error(Code::InvalidName, message)
                        .at(item.span)
                        .help("write NAME=VALUE without spaces"),
                );
            });
        }
    }
    optional_strings(node, report)
}

/// Any value, as it is.
pub(super) fn any(node: &Node) -> Any {
    match &node.value {
        Value::Null => Any::Null,
        Value::Bool(truth) => Any::Bool(*truth),
        Value::Int(number) => Any::Int(*number),
        Value::UInt(number) => Any::UInt(*number),
        Value::Float(number) => Any::Float(*number),
        Value::Timestamp(text) => Any::Timestamp(text.clone()),
        Value::String(text) => Any::String(text.clone()),
        Value::Sequence(items) => Any::List(items.iter().map(any).collect()),
        Value::Mapping(mapping) => Any::Map(mapping.iter().map(|(key, entry)| (key.to_owned(), any(&entry.node))).collect()),
    }
}

/// Gives each key of a mapping to `set`, which answers whether it knows the key. `x-…` keys are
/// returned; any other key that nobody knows is an error, so that none is lost in silence.
pub(super) fn attributes(node: &Node, report: &mut Report, mut set: impl FnMut(&str, &Node, &mut Report) -> bool) -> Extensions {
    let mut extensions = Extensions::new();
    let mapping = match &node.value {
        Value::Mapping(mapping) => mapping,
        Value::Null => return extensions,
        _ => {
            wrong_kind(node, "a mapping", report);
            return extensions;
        }
    };
    for (key, entry) in mapping.iter() {
        if key.starts_with("x-") {
            extensions.insert(key.to_owned(), any(&entry.node));
        } else if !report.within(key, |report| set(key, &entry.node, report)) {
            report.error(Code::UnknownKey, entry.key_span, format!("unknown attribute `{key}`"));
        }
    }
    extensions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::testing::{error_messages, parse};

    fn read<T>(text: &str, read: impl FnOnce(&Node, &mut Report) -> T) -> (T, Vec<String>) {
        let mut report = Report::default();
        let value = read(&parse(text), &mut report);
        (value, error_messages(&report.finish()))
    }

    #[test]
    fn integers_come_from_numbers_and_decimal_text() {
        for (text, number) in [("5", 5), ("'5'", 5), ("-5", -5), ("'+5'", 5), ("3.7", 3), ("0x1F", 31)] {
            assert_eq!(read(text, integer), (Some(number), vec![]), "{text}");
        }
        for text in ["'0x1F'", "''", "five", "[5]", "true", "18446744073709551615"] {
            assert_eq!(read(text, integer).1.len(), 1, "{text}");
        }
    }

    #[test]
    fn unsigned_integers_are_stricter() {
        assert_eq!(read("18446744073709551615", unsigned).0, Some(u64::MAX));
        assert_eq!(read("-1", unsigned).1, ["must not be negative, but is -1"]);
        assert_eq!(read("'1'", unsigned).1, ["must be an integer, not a string"]);
        assert_eq!(read("4294967296", unsigned_32).1, ["4294967296 is too large"]);
    }

    #[test]
    fn zero_and_empty_count_as_absent() {
        assert_eq!(read("''", text).0, None);
        assert_eq!(read("0", nonzero).0, None);
        assert_eq!(read("0.0", float).0, None);
        assert_eq!(read("0s", nonzero_duration).0, None);
        assert_eq!(read("0s", duration).0, Some(Duration(0)));
        assert_eq!(read("'0'", size).0, None);
    }

    #[test]
    fn sizes_and_durations_say_what_is_wrong() {
        assert_eq!(read("64m", size), (Some(ByteSize(64 << 20)), vec![]));
        assert_eq!(read("-1", size), (Some(ByteSize(-1)), vec![]));
        assert_eq!(read("lots", size).1, ["`lots` is no size"]);
        assert_eq!(read("1.5", size), (None, vec![]));
        assert_eq!(read("10", duration).1, ["must be a duration such as 1m30s, not an integer"]);
        assert_eq!(read("'10'", duration).1, ["the duration `10` lacks a unit"]);
    }

    #[test]
    fn keys_and_values_come_from_either_form() {
        let expected = StringMap::from([("a", "1"), ("b", ""), ("c", "1.5")].map(|(key, value)| (key.to_owned(), value.to_owned())));
        assert_eq!(read("{a: 1, b: null, c: 1.50}", strings).0, expected);
        assert_eq!(read("['a=1', b, 'c=1.5']", strings).0, expected);
        assert_eq!(read("['A =1']", environment).1, ["[0]: the variable name `A ` ends with a space"]);
        assert_eq!(read("{'A ': 1}", environment).1, Vec::<String>::new());
    }

    #[test]
    fn unknown_attributes_are_refused_and_extensions_kept() {
        let (extensions, errors) = read("{known: 1, x-kept: [1], other: 2}", |node, report| {
            attributes(node, report, |key, _, _| key == "known")
        });
        assert_eq!(extensions, Extensions::from([("x-kept".to_owned(), Any::List(vec![Any::Int(1)]))]));
        assert_eq!(errors, ["unknown attribute `other`"]);
    }
}
