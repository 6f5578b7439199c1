//! Spans of time: Go's notation, with days and weeks.

use std::fmt;
use std::str::FromStr;

/// A span of time in nanoseconds; may be negative, as Go's may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(pub i64);

/// Why a text is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDuration {
    /// No number where one must stand.
    #[error("`{0}` is no duration")]
    Malformed(String),
    /// A number without a unit.
    #[error("the duration `{0}` lacks a unit")]
    MissingUnit(String),
    /// A unit nobody knows.
    #[error("unknown unit `{unit}` in the duration `{text}`")]
    UnknownUnit {
        /// The unit.
        unit: String,
        /// The whole text.
        text: String,
    },
    /// More than 292 years.
    #[error("the duration `{0}` is too long")]
    TooLong(String),
}

const MICROSECOND: i64 = 1_000;
const MILLISECOND: i64 = 1_000 * MICROSECOND;
const SECOND: i64 = 1_000 * MILLISECOND;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;

impl FromStr for Duration {
    type Err = InvalidDuration;

    /// Reads `1h30m`, `1.5s`, `2d`, `-10ms`: numbers with units in any order; a plain `0` needs none.
    fn from_str(text: &str) -> Result<Self, InvalidDuration> {
        let (negative, mut rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        if rest == "0" {
            return Ok(Self(0));
        }
        if rest.is_empty() {
            return Err(InvalidDuration::Malformed(text.to_owned()));
        }
        let mut total: i64 = 0;
        while !rest.is_empty() {
            let (part, after) = component(rest, text)?;
            total = total.checked_add(part).ok_or_else(|| InvalidDuration::TooLong(text.to_owned()))?;
            rest = after;
        }
        Ok(Self(if negative { -total } else { total }))
    }
}

/// The first number and unit of a text, in nanoseconds, and what follows it.
fn component<'a>(rest: &'a str, text: &str) -> Result<(i64, &'a str), InvalidDuration> {
    let malformed = || InvalidDuration::Malformed(text.to_owned());
    let too_long = || InvalidDuration::TooLong(text.to_owned());
    let (whole, rest) = split_digits(rest);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(after) => split_digits(after),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(malformed());
    }
    let end = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
    let (name, rest) = rest.split_at(end);
    if name.is_empty() {
        return Err(InvalidDuration::MissingUnit(text.to_owned()));
    }
    let unit = unit(name).ok_or_else(|| InvalidDuration::UnknownUnit {
        unit: name.to_owned(),
        text: text.to_owned(),
    })?;
    let count: i64 = if whole.is_empty() {
        0
    } else {
        whole.parse().map_err(|_| too_long())?
    };
    let nanoseconds = count.checked_mul(unit).ok_or_else(too_long)?;
    nanoseconds
        .checked_add(part_of(unit, fraction))
        .map(|sum| (sum, rest))
        .ok_or_else(too_long)
}

/// A decimal fraction of a unit; digits past what 64 bits hold do not matter.
fn part_of(unit: i64, digits: &str) -> i64 {
    let (mut value, mut scale): (i64, f64) = (0, 1.0);
    for digit in digits.bytes() {
        let Some(next) = value.checked_mul(10).and_then(|tens| tens.checked_add(i64::from(digit - b'0'))) else {
            break;
        };
        value = next;
        scale *= 10.0;
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "the reference computes in floats too"
    )]
    let part = (value as f64 * (unit as f64 / scale)) as i64;
    part
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

fn unit(name: &str) -> Option<i64> {
    Some(match name {
        "ns" => 1,
        // Micro sign and Greek letter mu.
        "us" | "\u{b5}s" | "\u{3bc}s" => MICROSECOND,
        "ms" => MILLISECOND,
        "s" => SECOND,
        "m" => MINUTE,
        "h" => HOUR,
        "d" => DAY,
        "w" => WEEK,
        _ => return None,
    })
}

impl fmt::Display for Duration {
    /// Writes the duration as Go does: `1m30s`, `26h0m0s`, `1.5s`, `20µs`, `0s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanoseconds = self.0.unsigned_abs();
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let second = SECOND.unsigned_abs();
        if nanoseconds < second {
            return sub_second(f, nanoseconds);
        }
        let (seconds, fraction) = (nanoseconds / second, nanoseconds % second);
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        if hours > 0 {
            write!(f, "{hours}h{minutes}m")?;
        } else if minutes > 0 {
            write!(f, "{minutes}m")?;
        }
        decimal(f, seconds % 60, fraction, 9)?;
        f.write_str("s")
    }
}

fn sub_second(f: &mut fmt::Formatter<'_>, nanoseconds: u64) -> fmt::Result {
    let (divisor, digits, unit) = match nanoseconds {
        0 => return f.write_str("0s"),
        1..1_000 => return write!(f, "{nanoseconds}ns"),
        1_000..1_000_000 => (1_000, 3, "µs"),
        _ => (1_000_000, 6, "ms"),
    };
    decimal(f, nanoseconds / divisor, nanoseconds % divisor, digits)?;
    f.write_str(unit)
}

/// A number with `digits` decimals, the zeros at its end left out.
fn decimal(f: &mut fmt::Formatter<'_>, whole: u64, fraction: u64, digits: usize) -> fmt::Result {
    if fraction == 0 {
        return write!(f, "{whole}");
    }
    write!(f, "{whole}.{}", format!("{fraction:0digits$}").trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn prints_as_go_does() {
        for (text, printed) in [
            ("0", "0s"),
            ("+0", "0s"),
            ("90s", "1m30s"),
            ("1h", "1h0m0s"),
            ("1d2h", "26h0m0s"),
            ("2w", "336h0m0s"),
            ("30s1m", "1m30s"),
            ("1.5s", "1.5s"),
            ("1500ms", "1.5s"),
            ("20us", "20µs"),
            ("20\u{3bc}s", "20µs"),
            ("1500us", "1.5ms"),
            ("1ns", "1ns"),
            ("1.0000000001s", "1s"),
            ("-1m", "-1m0s"),
            (".5h", "30m0s"),
            ("1.h", "1h0m0s"),
            ("100ms", "100ms"),
            ("9223372036854775807ns", "2562047h47m16.854775807s"),
        ] {
            assert_eq!(text.parse::<Duration>().map(|it| it.to_string()), Ok(printed.to_owned()), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_duration() {
        for text in [
            "",
            "-",
            "10",
            "soon",
            "1m 30s",
            "s",
            ".s",
            "1x",
            "9223372036854775808ns",
            "300y",
            "16000w",
            "1h-1m",
        ] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
        assert_eq!("10".parse::<Duration>(), Err(InvalidDuration::MissingUnit("10".to_owned())));
    }

    proptest! {
        #[test]
        fn reads_what_it_prints(nanoseconds in (i64::MIN + 1)..=i64::MAX) {
            let duration = Duration(nanoseconds);
            prop_assert_eq!(duration.to_string().parse::<Duration>(), Ok(duration));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-+.0-9a-zµ ]{0,12}|.{0,8}") {
            let _ = text.parse::<Duration>();
        }
    }
}
