//! Whether text without quotes would still be read as text.

use crate::source;
use std::sync::LazyLock;

/// Whether the text stays text without quotes, for our parser and for those that still follow YAML 1.1.
pub(super) fn is_text(text: &str) -> bool {
    source::is_plain_text(text) && !is_old_boolean(text) && !is_base_60(text)
}

fn is_old_boolean(text: &str) -> bool {
    let yes = matches!(text, "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON");
    yes || matches!(text, "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF")
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
