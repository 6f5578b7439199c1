//! Amounts of memory and storage.

use std::fmt;
use std::str::FromStr;

/// An amount of memory or storage in bytes; -1 where an attribute knows "unlimited".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(pub i64);

/// A text that is no size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSize {
    /// It cannot be read.
    #[error("`{0}` is no size")]
    Unreadable(String),
    /// It is more than 63 bits of bytes.
    #[error("`{0}` is more than 8191p, the largest size there is")]
    TooLarge(String),
}

impl FromStr for ByteSize {
    type Err = InvalidSize;

    /// Reads `512m`, `1.5 GiB`, `64KB`, `1024`: units are powers of 1024, in any case.
    fn from_str(text: &str) -> Result<Self, InvalidSize> {
        let invalid = || InvalidSize::Unreadable(text.to_owned());
        let last = text
            .rfind(|c: char| c.is_ascii_digit() || c == '.' || c == ' ')
            .ok_or_else(invalid)?;
        let (number, suffix) = text.split_at(last + 1);
        let number = number.strip_suffix(' ').unwrap_or(number);
        let size = number.parse::<f64>().map_err(|_| invalid())? * multiplier(suffix).ok_or_else(invalid)?;
        // 2^63 is the first float above every size.
        if size >= 9_223_372_036_854_775_808.0 {
            return Err(InvalidSize::TooLarge(text.to_owned()));
        }
        if size.is_nan() || size < 0.0 {
            return Err(invalid());
        }
        #[expect(clippy::cast_possible_truncation, reason = "the range was checked, a part of a byte is dropped")]
        let bytes = size as i64;
        Ok(Self(bytes))
    }
}

fn multiplier(suffix: &str) -> Option<f64> {
    let suffix = suffix.to_ascii_lowercase();
    let (unit, rest) = suffix.split_at_checked(1).unwrap_or((&suffix, ""));
    let power = match (unit, rest) {
        ("" | "b", "") => 0,
        ("k", "" | "b" | "ib") => 1,
        ("m", "" | "b" | "ib") => 2,
        ("g", "" | "b" | "ib") => 3,
        ("t", "" | "b" | "ib") => 4,
        ("p", "" | "b" | "ib") => 5,
        _ => return None,
    };
    Some(1024_f64.powi(power))
}

impl fmt::Display for ByteSize {
    /// Writes the number of bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_every_unit() {
        for (text, bytes) in [
            ("0", 0),
            ("1024", 1024),
            ("1b", 1),
            ("64k", 64 << 10),
            ("64KB", 64 << 10),
            ("64KiB", 64 << 10),
            ("50M", 50 << 20),
            ("1.5g", 3 << 29),
            ("1 g", 1 << 30),
            ("2t", 2 << 40),
            ("1pib", 1 << 50),
            (".5k", 512),
            ("1.9", 1),
        ] {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_size() {
        for text in [
            "", "m", "lots", "-1", "1mm", "1ki", "1kbb", "1 0g", "1.2.3m", "5 m b", "nan", "inf", "µ1µ",
        ] {
            assert_eq!(text.parse::<ByteSize>(), Err(InvalidSize::Unreadable(text.to_owned())), "{text}");
        }
        for text in ["8192p", "9999999t", "1e400"] {
            assert_eq!(text.parse::<ByteSize>(), Err(InvalidSize::TooLarge(text.to_owned())), "{text}");
        }
    }

    proptest! {
        #[test]
        fn reads_what_it_prints(bytes in 0..(1_i64 << 53)) {
            prop_assert_eq!(ByteSize(bytes).to_string().parse(), Ok(ByteSize(bytes)));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-.0-9a-zA-Z ]{0,8}|.{0,8}") {
            let _ = text.parse::<ByteSize>();
        }
    }
}
