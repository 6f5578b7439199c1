//! What can be changed on a container that is there.

use super::Settings;
use crate::observe::{Difference, Values};
use serde_json::Value;

/// The engine's word, the compose file's, and how the number is told.
type Limit = (&'static str, &'static str, fn(i64) -> String);

/// Limits that are numbers.
const NUMBERS: [Limit; 11] = [
    ("Memory", "mem_limit", bytes),
    ("MemoryReservation", "mem_reservation", bytes),
    ("MemorySwap", "memswap_limit", bytes),
    ("NanoCpus", "cpus", billionths),
    ("CpuShares", "cpu_shares", plain),
    ("CpuPeriod", "cpu_period", plain),
    ("CpuQuota", "cpu_quota", plain),
    ("CpuRealtimePeriod", "cpu_rt_period", plain),
    ("CpuRealtimeRuntime", "cpu_rt_runtime", plain),
    ("PidsLimit", "pids_limit", plain),
    ("BlkioWeight", "blkio_config.weight", plain),
];

/// The limits of a container that differ from those that are asked for.
pub(super) fn limits(wanted: &Settings, found: &Settings) -> Vec<Difference> {
    let numbers = NUMBERS.iter().filter_map(|(key, field, told)| {
        let (asked, shown) = (number(wanted, key), number(found, key));
        is_changed(key, asked, shown, found).then(|| changed(field, told(shown), told(asked)))
    });
    let (asked, shown) = (text(wanted, "CpusetCpus"), text(found, "CpusetCpus"));
    let cpus = (asked != shown && !shown.is_empty()).then(|| changed("cpuset", shown.to_owned(), or_none(asked)));
    let (asked, shown) = (policy(wanted), policy(found));
    let restart = (asked != shown).then(|| changed("restart", shown, asked));
    numbers.chain(cpus).chain(restart).collect()
}

/// Whether a limit is another one. A host that cannot limit something has the engine take it out of what was asked for, and
/// nothing else sets a limit to zero.
fn is_changed(key: &str, asked: i64, shown: i64, found: &Settings) -> bool {
    if shown == asked || shown == 0 {
        return false;
    }
    // Twice the memory, or no limit, is what the engine makes of none.
    let filled_in = key == "MemorySwap" && (shown == -1 || asked == 0 && shown == number(found, "Memory").saturating_mul(2));
    !filled_in
}

fn changed(field: &str, found: String, wanted: String) -> Difference {
    Difference {
        field: field.to_owned(),
        values: Some(Values { found, wanted }),
    }
}

/// Zero is no limit; so is any negative number but where -1 has a meaning of its own.
fn number(settings: &Settings, key: &str) -> i64 {
    let number = settings.get(key).and_then(Value::as_i64).unwrap_or_default();
    if key == "PidsLimit" { number.max(0) } else { number }
}

fn text<'a>(settings: &'a Settings, key: &str) -> &'a str {
    settings.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The restart policy as a compose file writes it.
fn policy(settings: &Settings) -> String {
    let policy = settings.get("RestartPolicy");
    let part = |key| policy.and_then(|policy| policy.get(key));
    let name = part("Name").and_then(Value::as_str).filter(|name| !name.is_empty()).unwrap_or("no");
    match part("MaximumRetryCount").and_then(Value::as_i64) {
        Some(attempts) if name == "on-failure" && attempts > 0 => format!("{name}:{attempts}"),
        _ => name.to_owned(),
    }
}

fn plain(number: i64) -> String {
    or_none(if number == 0 { "" } else { return number.to_string() })
}

fn bytes(number: i64) -> String {
    const MEBIBYTE: i64 = 1 << 20;
    if number > 0 && number % MEBIBYTE == 0 {
        return format!("{}m", number / MEBIBYTE);
    }
    plain(number)
}

fn billionths(number: i64) -> String {
    const ONE: i64 = 1_000_000_000;
    if number == 0 {
        return plain(number);
    }
    let text = format!("{}.{:09}", number / ONE, number % ONE);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn or_none(text: &str) -> String {
    if text.is_empty() { "none" } else { text }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(wanted: &Value, found: &Value) -> Vec<String> {
        let settings = |value: &Value| value.as_object().cloned().expect("an object");
        limits(&settings(wanted), &settings(found))
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn what_the_engine_fills_in_or_cannot_limit_is_no_change() {
        let never = [] as [String; 0];
        for (wanted, found) in [
            (
                json!({}),
                json!({"RestartPolicy": {"Name": "", "MaximumRetryCount": 0}, "Memory": 0, "PidsLimit": null, "CpusetCpus": ""}),
            ),
            (
                json!({}),
                json!({"RestartPolicy": {"Name": "no"}, "MemorySwap": -1, "PidsLimit": -1}),
            ),
            (json!({"Memory": 64}), json!({"Memory": 64, "MemorySwap": 128})),
            (json!({"Memory": 64}), json!({"Memory": 64, "MemorySwap": -1})),
            (json!({"Memory": 64, "MemorySwap": 96}), json!({"Memory": 0, "MemorySwap": -1})),
            (
                json!({"CpuShares": 5, "CpusetCpus": "0", "BlkioWeight": 9}),
                json!({"CpuShares": 0, "CpusetCpus": "", "BlkioWeight": 0}),
            ),
            (
                json!({"RestartPolicy": {"Name": "always", "MaximumRetryCount": 3}}),
                json!({"RestartPolicy": {"Name": "always", "MaximumRetryCount": 0}}),
            ),
        ] {
            assert_eq!(told(&wanted, &found), never, "{wanted} {found}");
        }
    }

    #[test]
    fn what_somebody_changed_is_told_with_its_values() {
        for (wanted, found, text) in [
            (json!({}), json!({"RestartPolicy": {"Name": "always"}}), "restart (always, not no)"),
            (
                json!({"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}}),
                json!({"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 5}}),
                "restart (on-failure:5, not on-failure:3)",
            ),
            (
                json!({"RestartPolicy": {"Name": "unless-stopped"}}),
                json!({"RestartPolicy": {"Name": "no"}}),
                "restart (no, not unless-stopped)",
            ),
            (
                json!({}),
                json!({"Memory": 536_870_912, "MemorySwap": 1_073_741_824}),
                "mem_limit (512m, not none)",
            ),
            (
                json!({"Memory": 1_048_576}),
                json!({"Memory": 2_097_152, "MemorySwap": -1}),
                "mem_limit (2m, not 1m)",
            ),
            (
                json!({"NanoCpus": 1_000_000_000}),
                json!({"NanoCpus": 500_000_000}),
                "cpus (0.5, not 1)",
            ),
            (json!({}), json!({"PidsLimit": 7}), "pids_limit (7, not none)"),
            (json!({}), json!({"CpusetCpus": "0-1"}), "cpuset (0-1, not none)"),
        ] {
            assert_eq!(told(&wanted, &found), [text], "{wanted} {found}");
        }
    }
}
