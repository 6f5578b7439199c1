//! What containers take of the machine.

use super::super::{EngineError, Usage};
use super::DockerEngine;
use super::answer::{json_lines, or_default};
use super::call::{Call, segment};
use crate::names::ContainerId;
use futures::stream::{BoxStream, StreamExt as _};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What the engine counts. Fields that a system does not have are zero.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Counted {
    #[serde(deserialize_with = "or_default")]
    cpu_stats: Processor,
    #[serde(deserialize_with = "or_default")]
    precpu_stats: Processor,
    #[serde(deserialize_with = "or_default")]
    memory_stats: Memory,
    #[serde(deserialize_with = "or_default")]
    networks: BTreeMap<String, Network>,
    #[serde(deserialize_with = "or_default")]
    blkio_stats: Disks,
    #[serde(deserialize_with = "or_default")]
    pids_stats: Processes,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Processor {
    #[serde(deserialize_with = "or_default")]
    cpu_usage: ProcessorTime,
    system_cpu_usage: u64,
    online_cpus: u32,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ProcessorTime {
    total_usage: u64,
    #[serde(deserialize_with = "or_default")]
    percpu_usage: Vec<u64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Memory {
    usage: u64,
    limit: u64,
    #[serde(deserialize_with = "or_default")]
    stats: BTreeMap<String, u64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Network {
    rx_bytes: u64,
    tx_bytes: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Disks {
    #[serde(deserialize_with = "or_default")]
    io_service_bytes_recursive: Vec<DiskAmount>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DiskAmount {
    op: String,
    value: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Processes {
    current: u64,
}

impl DockerEngine {
    pub(super) async fn container_usage(
        &self,
        id: &ContainerId,
        once: bool,
    ) -> Result<BoxStream<'static, Result<Usage, EngineError>>, EngineError> {
        let attempt = format!("ask what container {id} takes");
        let path = format!("/containers/{}/stats", segment("container", id.as_str())?);
        let call = Call::get(path, attempt.as_str())
            .query("stream", if once { "0" } else { "1" })
            .patient();
        let counted = json_lines::<Counted>(&attempt, self.raw(call).await?, None);
        Ok(counted.map(|counted| counted.map(|counted| counted.usage())).boxed())
    }
}

impl Counted {
    fn usage(&self) -> Usage {
        let networks = self.networks.values();
        let (received, sent) = networks.fold((0, 0), |(received, sent), network| {
            (received + network.rx_bytes, sent + network.tx_bytes)
        });
        let disks = |op: &str| {
            let amounts = self.blkio_stats.io_service_bytes_recursive.iter();
            amounts
                .filter(|amount| amount.op.eq_ignore_ascii_case(op))
                .map(|amount| amount.value)
                .sum()
        };
        Usage {
            cpu_percent: self.cpu_percent(),
            memory: self.memory_stats.taken(),
            memory_limit: self.memory_stats.limit,
            received,
            sent,
            read: disks("read"),
            written: disks("write"),
            processes: self.pids_stats.current,
        }
    }

    /// The share of the system's time that went by between two looks, in processors.
    #[expect(clippy::cast_precision_loss, reason = "a percentage for people")]
    fn cpu_percent(&self) -> f64 {
        let (now, before) = (&self.cpu_stats, &self.precpu_stats);
        let own = now.cpu_usage.total_usage.saturating_sub(before.cpu_usage.total_usage);
        let all = now.system_cpu_usage.saturating_sub(before.system_cpu_usage);
        if own == 0 || all == 0 {
            return 0.0;
        }
        let processors = match now.online_cpus {
            0 => now.cpu_usage.percpu_usage.len() as f64,
            count => f64::from(count),
        };
        own as f64 / all as f64 * processors * 100.0
    }
}

impl Memory {
    /// Without inactive file cache, which the two versions of cgroups call by different names.
    fn taken(&self) -> u64 {
        let cache = self.stats.get("total_inactive_file").or_else(|| self.stats.get("inactive_file"));
        let cache = cache.copied().filter(|cache| *cache < self.usage).unwrap_or(0);
        self.usage - cache
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_become_shares_and_sums() {
        let counted: Counted = serde_json::from_str(
            r#"{"cpu_stats":{"cpu_usage":{"total_usage":300},"system_cpu_usage":2000,"online_cpus":2},
                "precpu_stats":{"cpu_usage":{"total_usage":100},"system_cpu_usage":1000},
                "memory_stats":{"usage":100,"limit":1000,"stats":{"inactive_file":30}},
                "networks":{"eth0":{"rx_bytes":1,"tx_bytes":2},"eth1":{"rx_bytes":3,"tx_bytes":4}},
                "blkio_stats":{"io_service_bytes_recursive":[{"op":"Read","value":5},{"op":"write","value":6},{"op":"Read","value":7}]},
                "pids_stats":{"current":8}}"#,
        )
        .expect("statistics");
        let want = Usage {
            cpu_percent: 40.0,
            memory: 70,
            memory_limit: 1000,
            received: 4,
            sent: 6,
            read: 12,
            written: 6,
            processes: 8,
        };
        assert_eq!(counted.usage(), want);
        let nothing: Counted = serde_json::from_str(r#"{"networks":null,"memory_stats":{}}"#).expect("statistics");
        assert_eq!(nothing.usage(), Usage::default());
    }
}
