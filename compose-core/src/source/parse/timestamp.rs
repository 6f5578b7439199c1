//! Unquoted dates and times. No attribute takes one, but the message should say what it saw, and
//! extension fields print it.

/// The instant that a plain scalar spells, in RFC 3339, or `None` when it is no timestamp.
///
/// Known are `2001-2-3`, `2001-2-3T4:5:6.7Z` (also `t`, also with an offset) and `2001-2-3 4:5:6.7`.
pub(super) fn canonical(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    if bytes.len() < 8 || bytes[4] != b'-' || !bytes[..4].iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut rest = Rest(text);
    let year = rest.number(4)?;
    let month = rest.literal(b"-")?.number(2)?;
    let day = rest.literal(b"-")?.number(2)?;
    if !(1..=12).contains(&month) || day == 0 || day > days_in(year, month) {
        return None;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    if rest.0.is_empty() {
        return Some(format!("{date}T00:00:00Z"));
    }
    let spaced = rest.0.starts_with(' ');
    rest.literal(b" Tt")?;
    let time = rest.time()?;
    let zone = if spaced { "Z".to_owned() } else { rest.zone()? };
    rest.0.is_empty().then(|| format!("{date}T{time}{zone}"))
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// What is left to read.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    /// One of these characters.
    fn literal(&mut self, any: &[u8]) -> Option<&mut Self> {
        let first = *self.0.as_bytes().first()?;
        if !any.contains(&first) {
            return None;
        }
        self.0 = &self.0[1..];
        Some(self)
    }

    /// One to `digits` digits.
    fn number(&mut self, digits: usize) -> Option<u32> {
        let length = self.0.bytes().take(digits).take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.0.split_at(length);
        self.0 = rest;
        number.parse().ok()
    }

    /// `h:m:s` with an optional fraction, whose trailing zeros say nothing.
    fn time(&mut self) -> Option<String> {
        let hour = self.number(2)?;
        let minute = self.literal(b":")?.number(2)?;
        let second = self.literal(b":")?.number(2)?;
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let mut time = format!("{hour:02}:{minute:02}:{second:02}");
        if self.literal(b".,").is_some() {
            let length = self.0.bytes().take_while(u8::is_ascii_digit).count();
            if length == 0 {
                return None;
            }
            let (fraction, rest) = self.0.split_at(length);
            self.0 = rest;
            let fraction = fraction[..length.min(9)].trim_end_matches('0');
            if !fraction.is_empty() {
                time.push('.');
                time.push_str(fraction);
            }
        }
        Some(time)
    }

    /// `Z` or `+hh:mm`.
    fn zone(&mut self) -> Option<String> {
        if self.literal(b"Z").is_some() {
            return Some("Z".to_owned());
        }
        let sign = if self.0.starts_with('-') { '-' } else { '+' };
        let hour = self.literal(b"+-")?.two_digits()?;
        let minute = self.literal(b":")?.two_digits()?;
        if hour > 24 || minute > 59 {
            return None;
        }
        if hour == 0 && minute == 0 {
            return Some("Z".to_owned());
        }
        Some(format!("{sign}{hour:02}:{minute:02}"))
    }

    fn two_digits(&mut self) -> Option<u32> {
        let before = self.0.len();
        let number = self.number(2)?;
        (before - self.0.len() == 2).then_some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn knows_timestamps_from_text() {
        for (text, expected) in [
            ("2001-01-01", Some("2001-01-01T00:00:00Z")),
            ("2001-1-1", Some("2001-01-01T00:00:00Z")),
            ("2001-02-03t04:05:06.70Z", Some("2001-02-03T04:05:06.7Z")),
            ("2001-02-03T4:5:6+02:00", Some("2001-02-03T04:05:06+02:00")),
            ("2001-02-03 4:5:6", Some("2001-02-03T04:05:06Z")),
            ("2000-02-29", Some("2000-02-29T00:00:00Z")),
            ("1900-02-29", None),
            ("2001-02-30", None),
            ("2001-13-01", None),
            ("2001-2-3 4:5", None),
            ("2001-02-03 04:05:06 +1", None),
            ("2001-02-03T24:00:00Z", None),
            ("2001-02-03T04:05:06", None),
            ("2001-02-03T04:05:06.Z", None),
            ("01-02-2003", None),
            ("2001-01-0é", None),
            ("20010-1-1", None),
        ] {
            assert_eq!(canonical(text).as_deref(), expected, "{text}");
        }
    }
}
