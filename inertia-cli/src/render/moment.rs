//! Moments: how long ago something was, and when.

use std::time::{SystemTime, UNIX_EPOCH};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The present, in seconds since 1970.
pub(crate) fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok())
        .unwrap_or(0)
}

/// The seconds since a time as the engine writes it.
pub(crate) fn seconds_since(written: &str) -> Option<i64> {
    let at = OffsetDateTime::parse(written, &Rfc3339).ok()?;
    Some(now() - at.unix_timestamp())
}

/// A moment to the second.
pub(crate) fn to_the_second(at: OffsetDateTime) -> String {
    let at = at.replace_nanosecond(0).unwrap_or(at);
    at.format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{now, seconds_since};

    #[test]
    fn the_engines_times_are_read() {
        assert_eq!(
            seconds_since("1970-01-01T00:00:10.5Z").map(|seconds| now() - seconds <= 11),
            Some(true)
        );
        assert_eq!(seconds_since("yesterday"), None);
    }
}
