//! What the daemon counts, in the text format of Prometheus.

use crate::daemon::Daemon;
use crate::daemon::store::StoreError;
use std::fmt::Write as _;

/// Every metric with its value now.
pub(super) async fn text(daemon: &Daemon) -> Result<String, StoreError> {
    let mut out = String::new();
    head(&mut out, "inertia_build_info", "gauge", "The version of the daemon.");
    let _ = writeln!(out, "inertia_build_info{{version=\"{}\"}} 1", escape(daemon.version()));
    head(&mut out, "inertia_projects", "gauge", "Registered projects.");
    let _ = writeln!(out, "inertia_projects {}", daemon.store().projects().await?.len());
    head(&mut out, "inertia_deployments", "gauge", "Deployments by the state they are in.");
    for (state, count) in daemon.store().count_states().await? {
        let _ = writeln!(out, "inertia_deployments{{state=\"{}\"}} {count}", escape(&state));
    }
    if let Some(bytes) = resident_bytes() {
        head(&mut out, "process_resident_memory_bytes", "gauge", "Memory that the daemon holds.");
        let _ = writeln!(out, "process_resident_memory_bytes {bytes}");
    }
    Ok(out)
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// What Linux says about this process, in kibibytes.
fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_labels_stay_inside_their_quotes() {
        assert_eq!(escape("a\"b\\c\nd"), "a\\\"b\\\\c\\nd");
    }
}
