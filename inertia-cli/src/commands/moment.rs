//! Times as people give them to `--since` and `--until`.

use std::time::{SystemTime, UNIX_EPOCH};

/// A time as the engine takes it: how long ago becomes seconds since 1970, everything else stays.
pub(crate) fn moment(text: &str) -> String {
    let Ok(ago) = deployd::settings::parse_span(text) else {
        return text.to_owned();
    };
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.to_owned();
    }
    let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().saturating_sub(ago);
    format!("{}.{:09}", at.as_secs(), at.subsec_nanos())
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn times_are_absolute_or_ago() {
        assert_eq!(moment("2026-01-02T03:04:05Z"), "2026-01-02T03:04:05Z");
        assert_eq!(moment("1700000000"), "1700000000");
        assert!(moment("10m").contains('.'), "a moment ten minutes ago");
    }
}
