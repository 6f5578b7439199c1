//! What a scalar is: YAML 1.2 with what go-yaml 3 keeps of 1.1.

use super::timestamp;
use crate::source::node::Value;
use base64::Engine as _;

/// The prefix behind `!!`.
const CORE: &str = "tag:yaml.org,2002:";

/// What a tag asks of a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScalarTag {
    /// No tag, or the lone `!`: the scalar itself decides.
    None,
    /// `!!str`, or a tag that nobody knows: text as it stands.
    Text,
    /// `!!binary`: base64 of the text.
    Binary,
    /// `!!int` and the like: it must be one.
    Is(&'static str),
}

impl ScalarTag {
    /// What the scanner's tag means for a scalar.
    pub(super) fn of(tag: Option<&str>) -> Self {
        let Some(tag) = tag.filter(|tag| *tag != "!") else {
            return Self::None;
        };
        match tag.strip_prefix(CORE) {
            Some("binary") => Self::Binary,
            Some("bool") => Self::Is("bool"),
            Some("float") => Self::Is("float"),
            Some("int") => Self::Is("int"),
            Some("null") => Self::Is("null"),
            Some("timestamp") => Self::Is("timestamp"),
            _ => Self::Text,
        }
    }
}

/// The value of a scalar.
///
/// # Errors
/// A message when the tag and the text do not fit.
pub(super) fn resolve(text: String, tag: ScalarTag, plain: bool) -> Result<Value, String> {
    match tag {
        ScalarTag::None if plain => Ok(resolve_plain(text)),
        ScalarTag::None | ScalarTag::Text => Ok(Value::String(text)),
        ScalarTag::Binary => decode_binary(&text).map(Value::String),
        ScalarTag::Is(wanted) => {
            let shown = text.clone();
            match (wanted, resolve_plain(text)) {
                ("float", Value::Int(number)) => Ok(Value::Float(approximate(number))),
                ("float", Value::UInt(number)) => Ok(Value::Float(approximate(number))),
                (_, value) if core_type(&value) == wanted => Ok(value),
                (_, value) => Err(format!(
                    "cannot read `{shown}`, which is a !!{}, as a !!{wanted}",
                    core_type(&value)
                )),
            }
        }
    }
}

/// A float near an integer, as the tag `!!float` asks for.
fn approximate(number: impl std::fmt::Display) -> f64 {
    number.to_string().parse().unwrap_or(f64::NAN)
}

fn core_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::UInt(_) => "int",
        Value::Float(_) => "float",
        Value::Timestamp(_) => "timestamp",
        Value::String(_) => "str",
        Value::Sequence(_) => "seq",
        Value::Mapping(_) => "map",
    }
}

fn decode_binary(text: &str) -> Result<String, String> {
    let compact: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(compact)
        .map_err(|error| format!("!!binary value contains invalid base64 data: {}", error.to_string().to_lowercase()))?;
    let decoded = String::from_utf8(bytes).map_err(|_| "!!binary value is not text, which no attribute takes".to_owned())?;
    if decoded.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) {
        return Err("!!binary value holds control characters".to_owned());
    }
    Ok(decoded)
}

/// The value of a plain scalar without a tag.
fn resolve_plain(text: String) -> Value {
    let Some(first) = text.bytes().next() else {
        return Value::Null;
    };
    let resolved = match first {
        b'~' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' => resolve_word(&text),
        b'.' => resolve_point(&text),
        b'+' | b'-' | b'0'..=b'9' => resolve_number(&text),
        _ => None,
    };
    resolved.unwrap_or(Value::String(text))
}

fn resolve_word(text: &str) -> Option<Value> {
    match text {
        "~" | "null" | "Null" | "NULL" => Some(Value::Null),
        "true" | "True" | "TRUE" => Some(Value::Bool(true)),
        "false" | "False" | "FALSE" => Some(Value::Bool(false)),
        _ => None,
    }
}

/// `.5`, `.inf`, `.nan`.
fn resolve_point(text: &str) -> Option<Value> {
    match text {
        ".nan" | ".NaN" | ".NAN" => Some(Value::Float(f64::NAN)),
        ".inf" | ".Inf" | ".INF" => Some(Value::Float(f64::INFINITY)),
        // Between digits an underscore is allowed here, as in Go's own literals.
        _ if text.contains('_') => {
            let bytes = text.as_bytes();
            let separates = |at: usize| {
                let before = at.checked_sub(1).is_some_and(|before| bytes[before].is_ascii_digit());
                before && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
            };
            let allowed = bytes.iter().enumerate().all(|(at, byte)| *byte != b'_' || separates(at));
            if allowed { parse_float(&text.replace('_', "")) } else { None }
        }
        _ => parse_float(text),
    }
}

fn resolve_number(text: &str) -> Option<Value> {
    match text {
        "+.inf" | "+.Inf" | "+.INF" => return Some(Value::Float(f64::INFINITY)),
        "-.inf" | "-.Inf" | "-.INF" => return Some(Value::Float(f64::NEG_INFINITY)),
        _ => {}
    }
    if let Some(instant) = timestamp::canonical(text) {
        return Some(Value::Timestamp(instant));
    }
    if text.contains('_') {
        let bare = text.replace('_', "");
        return parse_integer(&bare).or_else(|| parse_float(&bare));
    }
    parse_integer(text).or_else(|| parse_float(text))
}

/// Decimal, `0x`, `0b`, `0o` or a leading zero for octal, with a sign or without.
fn parse_integer(text: &str) -> Option<Value> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &unsigned[2..]),
        [b'0', b'b' | b'B', ..] => (2, &unsigned[2..]),
        [b'0', b'o' | b'O', ..] => (8, &unsigned[2..]),
        [b'0', _, ..] => (8, &unsigned[1..]),
        _ => (10, unsigned),
    };
    if !digits.bytes().next()?.is_ascii_alphanumeric() {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        return 0i64.checked_sub_unsigned(magnitude).map(Value::Int);
    }
    match i64::try_from(magnitude) {
        Ok(number) => Some(Value::Int(number)),
        Err(_) if text.starts_with('+') => None,
        Err(_) => Some(Value::UInt(magnitude)),
    }
}

/// `[-+]? (digits [. digits] | . digits) [e [-+]? digits]`; out of range it is text.
fn parse_float(text: &str) -> Option<Value> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let well_formed = digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty());
    let exponent_fits = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    if !well_formed || !exponent_fits {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Float)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Value::{Bool, Float, Int, Null, Timestamp, UInt};

    fn text(text: &str) -> Value {
        Value::String(text.to_owned())
    }

    #[test]
    fn resolves_plain_scalars() {
        for (scalar, expected) in [
            ("", Null),
            ("~", Null),
            ("NULL", Null),
            ("nULL", text("nULL")),
            ("True", Bool(true)),
            ("FALSE", Bool(false)),
            ("tRUE", text("tRUE")),
            ("yes", text("yes")),
            ("on", text("on")),
            ("y", text("y")),
            ("0", Int(0)),
            ("00", Int(0)),
            ("010", Int(8)),
            ("0o17", Int(15)),
            ("0O17", Int(15)),
            ("0o8", text("0o8")),
            ("08", Float(8.0)),
            ("09.5", Float(9.5)),
            ("0b101", Int(5)),
            ("-0b11", Int(-3)),
            ("0b", text("0b")),
            ("0x1F", Int(31)),
            ("0X1f", Int(31)),
            ("0x_1F", Int(31)),
            ("0x", text("0x")),
            ("0x-1", text("0x-1")),
            ("1_000", Int(1000)),
            ("1_000.5", Float(1000.5)),
            ("_1", text("_1")),
            ("+12", Int(12)),
            ("+-12", text("+-12")),
            ("-017", Int(-15)),
            ("9223372036854775807", Int(i64::MAX)),
            ("-9223372036854775808", Int(i64::MIN)),
            ("18446744073709551615", UInt(u64::MAX)),
            ("18446744073709551616", Float(18_446_744_073_709_551_616.0)),
            ("-9223372036854775809", Float(-9_223_372_036_854_775_809.0)),
            ("1.", Float(1.0)),
            ("1.e3", Float(1000.0)),
            ("12e03", Float(12000.0)),
            ("-.5", Float(-0.5)),
            (".5", Float(0.5)),
            (".5_0", Float(0.5)),
            ("._5", text("._5")),
            (".5_", text(".5_")),
            (".e5", text(".e5")),
            (".", text(".")),
            ("-", text("-")),
            ("1e", text("1e")),
            ("1e400", text("1e400")),
            ("0x1p3", text("0x1p3")),
            (".inf", Float(f64::INFINITY)),
            ("-.INF", Float(f64::NEG_INFINITY)),
            ("inf", text("inf")),
            ("nan", text("nan")),
            ("1:30", text("1:30")),
            ("190:20:30", text("190:20:30")),
            ("2001-01-01", Timestamp("2001-01-01T00:00:00Z".into())),
            ("2001-02-30", text("2001-02-30")),
            ("1.2.3", text("1.2.3")),
            ("1é", text("1é")),
            ("é", text("é")),
        ] {
            assert_eq!(resolve(scalar.to_owned(), ScalarTag::None, true), Ok(expected), "{scalar}");
        }
        assert!(matches!(resolve(".nan".into(), ScalarTag::None, true), Ok(Float(number)) if number.is_nan()));
    }

    #[test]
    fn quotes_and_tags_decide_first() {
        let tagged = |scalar: &str, tag: &str| resolve(scalar.to_owned(), ScalarTag::of(Some(tag)), true);
        assert_eq!(resolve("5".into(), ScalarTag::None, false), Ok(text("5")));
        assert_eq!(tagged("5", "!"), Ok(Int(5)));
        assert_eq!(tagged("5", "tag:yaml.org,2002:str"), Ok(text("5")));
        assert_eq!(tagged("5", "!mine"), Ok(text("5")));
        assert_eq!(tagged("null", "!override"), Ok(text("null")));
        assert_eq!(tagged("3", "tag:yaml.org,2002:float"), Ok(Float(3.0)));
        assert_eq!(tagged("0x10", "tag:yaml.org,2002:int"), Ok(Int(16)));
        assert_eq!(tagged("", "tag:yaml.org,2002:null"), Ok(Null));
        assert_eq!(tagged("", "tag:yaml.org,2002:str"), Ok(text("")));
        assert_eq!(tagged("aGVs\nbG8=", "tag:yaml.org,2002:binary"), Ok(text("hello")));
        assert_eq!(
            tagged("3.0", "tag:yaml.org,2002:int"),
            Err("cannot read `3.0`, which is a !!float, as a !!int".to_owned())
        );
        assert_eq!(
            tagged("yes", "tag:yaml.org,2002:bool"),
            Err("cannot read `yes`, which is a !!str, as a !!bool".to_owned())
        );
        assert!(tagged("a b", "tag:yaml.org,2002:binary").is_err_and(|message| message.contains("invalid base64")));
        assert!(tagged("AAEC", "tag:yaml.org,2002:binary").is_err_and(|message| message.contains("control characters")));
    }
}
