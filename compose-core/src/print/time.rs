//! Times as YAML reads them and Go prints them.

use crate::model::Duration;

/// A duration in Go's notation: `1m30s`, `26h0m0s`, `1.5s`, `20µs`.
pub(crate) fn duration(duration: Duration) -> String {
    let nanoseconds = duration.0.unsigned_abs();
    let sign = if duration.0 < 0 { "-" } else { "" };
    let (seconds, below) = (nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
    let text = match (seconds, below) {
        (0, 0) => return "0s".to_owned(),
        (0, 1..1_000) => format!("{below}ns"),
        (0, 1_000..1_000_000) => format!("{}µs", decimal(below / 1_000, below % 1_000, 3)),
        (0, _) => format!("{}ms", decimal(below / 1_000_000, below % 1_000_000, 6)),
        (1..60, _) => format!("{}s", decimal(seconds, below, 9)),
        (60..3600, _) => format!("{}m{}s", seconds / 60, decimal(seconds % 60, below, 9)),
        _ => format!("{}h{}m{}s", seconds / 3600, seconds / 60 % 60, decimal(seconds % 60, below, 9)),
    };
    format!("{sign}{text}")
}

fn decimal(whole: u64, fraction: u64, digits: usize) -> String {
    let text = format!("{whole}.{fraction:0digits$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A timestamp as go-yaml 3 reads it, in the form of RFC 3339: without trailing zeros of the
/// fraction, in UTC where no zone was given. Text of another form stays as it is.
pub(crate) fn rfc3339(text: &str) -> String {
    parse(text).unwrap_or_else(|| text.to_owned())
}

/// The time, if the text is one.
pub(super) fn parse(text: &str) -> Option<String> {
    let (year, rest) = text.split_at_checked(4)?;
    let (month, rest) = number(rest.strip_prefix('-')?)?;
    let (day, rest) = number(rest.strip_prefix('-')?)?;
    let year: i32 = year.parse().ok()?;
    let month = time::Month::try_from(month).ok()?;
    let date = time::Date::from_calendar_date(year, month, day).ok()?;
    let day = format!("{year:04}-{:02}-{:02}", u8::from(month), date.day());
    if rest.is_empty() {
        return Some(format!("{day}T00:00:00Z"));
    }
    let zoned = rest.starts_with(['T', 't']);
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (hour, rest) = number(rest)?;
    let (minute, rest) = number(rest.strip_prefix(':')?)?;
    let (second, rest) = number(rest.strip_prefix(':')?)?;
    let (fraction, zone) = fraction(rest);
    let zone = match zone {
        "" if !zoned => "Z",
        "Z" | "+00:00" | "-00:00" if zoned => "Z",
        zone if zoned && is_offset(zone) => zone,
        _ => return None,
    };
    (hour < 24 && minute < 60 && second < 60).then(|| format!("{day}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}"))
}

/// One or two digits at the start.
fn number(text: &str) -> Option<(u8, &str)> {
    let digits = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    Some((number.parse().ok()?, rest))
}

/// The fraction of a second, as it is printed, and what follows it.
fn fraction(text: &str) -> (String, &str) {
    let Some(rest) = text.strip_prefix('.') else {
        return (String::new(), text);
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = rest.split_at(digits);
    let kept = digits[..digits.len().min(9)].trim_end_matches('0');
    (if kept.is_empty() { String::new() } else { format!(".{kept}") }, rest)
}

/// `+01:00` or `-09:30`.
fn is_offset(zone: &str) -> bool {
    matches!(zone.as_bytes(), [b'+' | b'-', a, b, b':', c, d] if [a, b, c, d].iter().all(|digit| digit.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::rfc3339;

    #[test]
    fn prints_what_go_prints() {
        for (written, printed) in [
            ("2001-01-01", "2001-01-01T00:00:00Z"),
            ("2001-1-2T3:4:5+01:00", "2001-01-02T03:04:05+01:00"),
            ("2001-01-02 03:04:05.100", "2001-01-02T03:04:05.1Z"),
            ("2001-01-02t03:04:05.000Z", "2001-01-02T03:04:05Z"),
            ("2001-01-02T03:04:05.123456789-00:30", "2001-01-02T03:04:05.123456789-00:30"),
        ] {
            assert_eq!(rfc3339(written), printed, "{written}");
        }
    }

    #[test]
    fn leaves_other_text_alone() {
        for text in [
            "",
            "2001",
            "2001-13-01",
            "2001-02-30",
            "2001-01-01T25:00:00Z",
            "2001-01-01 1:2:3Z",
            "éé-1-1",
        ] {
            assert_eq!(rfc3339(text), text);
        }
    }
}
