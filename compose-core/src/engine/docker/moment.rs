//! Points in time as the engine takes them: seconds since 1970, with a fraction.

use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// How an incomplete time ends: what is missing is zero, and in UTC.
const ENDS: [&str; 5] = ["", "Z", ":00Z", ":00:00Z", "T00:00:00Z"];

/// The engine's form of RFC 3339, of its beginnings (`2024-05-01`, `2024-05-01T10:30`), or of seconds since 1970; none of other text.
pub fn moment(text: &str) -> Option<String> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if digits(seconds) && digits(fraction) {
        return Some(text.to_owned());
    }
    let trimmed = text.strip_suffix('Z').unwrap_or(text);
    let whole = ENDS
        .iter()
        .find_map(|end| OffsetDateTime::parse(&format!("{trimmed}{end}"), &Rfc3339).ok())?
        .to_offset(UtcOffset::UTC);
    Some(format!("{}.{:09}", whole.unix_timestamp(), whole.nanosecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_every_form() {
        for (text, expected) in [
            ("1714557600", Some("1714557600")),
            ("1714557600.5", Some("1714557600.5")),
            ("2024-05-01T10:00:00.25Z", Some("1714557600.250000000")),
            ("2024-05-01T12:00:00+02:00", Some("1714557600.000000000")),
            ("2024-05-01T10:00:00", Some("1714557600.000000000")),
            ("2024-05-01T10:00Z", Some("1714557600.000000000")),
            ("2024-05-01T10", Some("1714557600.000000000")),
            ("2024-05-01", Some("1714521600.000000000")),
            ("yesterday", None),
            ("", None),
            ("12.", None),
        ] {
            assert_eq!(moment(text).as_deref(), expected, "{text}");
        }
    }
}
