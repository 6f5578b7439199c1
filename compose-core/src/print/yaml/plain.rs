//! Whether text without quotes would still be read as text.

use std::sync::LazyLock;

/// Whether a YAML 1.2 parser, and those that still follow YAML 1.1, read the text as text.
pub(super) fn is_text(text: &str) -> bool {
    !(is_word(text) || is_number(text) || is_timestamp(text) || is_base_60(text))
}

/// Null, booleans of either YAML and the special floats.
fn is_word(text: &str) -> bool {
    matches!(
        text,
        "" | "~"
            | "null"
            | "Null"
            | "NULL"
            | "true"
            | "True"
            | "TRUE"
            | "false"
            | "False"
            | "FALSE"
            | "y"
            | "Y"
            | "yes"
            | "Yes"
            | "YES"
            | "on"
            | "On"
            | "ON"
            | "n"
            | "N"
            | "no"
            | "No"
            | "NO"
            | "off"
            | "Off"
            | "OFF"
            | ".nan"
            | ".NaN"
            | ".NAN"
            | ".inf"
            | ".Inf"
            | ".INF"
            | "+.inf"
            | "+.Inf"
            | "+.INF"
            | "-.inf"
            | "-.Inf"
            | "-.INF"
    )
}

fn is_number(text: &str) -> bool {
    if text.starts_with('.') {
        return is_finite(text);
    }
    if !text.starts_with(['+', '-']) && !text.starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    let digits = text.replace('_', "");
    is_integer(&digits) || is_decimal(&digits)
}

fn is_integer(text: &str) -> bool {
    let (negative, magnitude) = match text.strip_prefix(['+', '-']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    let signed = magnitude.len() < text.len();
    let (radix, digits) = match magnitude.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &magnitude[2..]),
        [b'0', b'o' | b'O', ..] => (8, &magnitude[2..]),
        [b'0', b'b' | b'B', ..] => (2, &magnitude[2..]),
        [b'0', _, ..] => (8, &magnitude[1..]),
        _ => (10, magnitude),
    };
    if digits.starts_with(['+', '-']) {
        return false;
    }
    u64::from_str_radix(digits, radix).is_ok_and(|number| {
        let limit = i64::MAX.unsigned_abs() + u64::from(negative);
        !signed || number <= limit
    })
}

fn is_decimal(text: &str) -> bool {
    static DECIMAL: LazyLock<regex::Regex> =
        LazyLock::new(|| regex::Regex::new(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$").expect("the pattern is a constant"));
    DECIMAL.is_match(text) && is_finite(text)
}

fn is_finite(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(f64::is_finite)
}

fn is_timestamp(text: &str) -> bool {
    super::super::time::parse(text).is_some()
}

/// `12:30`, which YAML 1.1 reads as a number to the base of 60.
fn is_base_60(text: &str) -> bool {
    static BASE_60: LazyLock<regex::Regex> =
        LazyLock::new(|| regex::Regex::new(r"^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$").expect("the pattern is a constant"));
    text.contains(':') && BASE_60.is_match(text)
}

#[cfg(test)]
mod tests {
    use super::is_text;

    #[test]
    fn tells_text_from_what_only_looks_like_it() {
        let text = [
            "a",
            "+",
            "-",
            "_1",
            "0x",
            "0b2",
            "0o8",
            "1e400",
            "0x1p-2",
            "1:70",
            "2001-13-01",
            "2001-02-30",
            "12-01",
            "nULL",
            "tRUE",
            "oN",
            "-.nan",
            "<<",
            "=",
            ".",
            ".e1",
            "0x+1",
            "99999999999999999999x",
            "1.2.3",
            "é",
        ];
        let other = [
            "",
            "~",
            "null",
            "True",
            "y",
            "Off",
            "+.inf",
            ".nan",
            ".5",
            ".5e1",
            "5.",
            "+1",
            "-1",
            "1_0",
            "0b1",
            "0o7",
            "-0b11",
            "-0o7",
            "08",
            "0_",
            "0x_1",
            "1__0",
            "1:00",
            "-1:20.5",
            "2001-1-1",
            "2001-01-01T1:2:3Z",
            "2001-01-01t01:02:03+01:00",
            "18446744073709551615",
            "18446744073709551616",
            "-9223372036854775808",
            "1e3",
            "010",
        ];
        for text in text {
            assert!(is_text(text), "{text}");
        }
        for text in other {
            assert!(!is_text(text), "{text}");
        }
    }
}
