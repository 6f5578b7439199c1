//! Durations as Go prints them.

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
