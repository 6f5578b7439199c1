//! Limits of a service.

use super::devices::{device, device_request, ulimits};
use super::service::present;
use super::values::{attributes, flag, float, list, nonzero, plain_text, size, text, texts, unsigned};
use crate::load::report::Report;
use crate::model::{Blkio, Resources, ThrottleDevice, WeightDevice};
use crate::source::Node;

/// Sets an attribute of the resources; `false` when it is none.
pub(super) fn set(resources: &mut Resources, key: &str, node: &Node, report: &mut Report) -> bool {
    match key {
        "blkio_config" => resources.blkio = present(node).map(|node| blkio(node, report)),
        "cpu_count" => resources.cpu_count = nonzero(node, report),
        "cpu_percent" => resources.cpu_percent = float(node, report),
        "cpu_period" => resources.cpu_period = nonzero(node, report),
        "cpu_quota" => resources.cpu_quota = nonzero(node, report),
        "cpu_rt_period" => resources.cpu_rt_period = nonzero(node, report),
        "cpu_rt_runtime" => resources.cpu_rt_runtime = nonzero(node, report),
        "cpu_shares" => resources.cpu_shares = nonzero(node, report),
        "cpus" => resources.cpus = float(node, report),
        "cpuset" => resources.cpuset = text(node, report),
        "device_cgroup_rules" => resources.device_cgroup_rules = texts(node, report),
        "devices" => resources.devices = list(node, report, device),
        "gpus" => resources.gpus = list(node, report, device_request),
        "mem_limit" => resources.mem_limit = size(node, report),
        "mem_reservation" => resources.mem_reservation = size(node, report),
        "mem_swappiness" => resources.mem_swappiness = size(node, report),
        "memswap_limit" => resources.memswap_limit = size(node, report),
        "oom_kill_disable" => resources.oom_kill_disable = flag(node, report),
        "oom_score_adj" => resources.oom_score_adj = nonzero(node, report),
        "pids_limit" => resources.pids_limit = nonzero(node, report),
        "ulimits" => resources.ulimits = ulimits(node, report),
        _ => return false,
    }
    true
}

fn blkio(node: &Node, report: &mut Report) -> Blkio {
    let mut blkio = Blkio::default();
    blkio.extensions = attributes(node, report, |key, node, report| {
        match key {
            "device_read_bps" => blkio.device_read_bps = list(node, report, throttle),
            "device_read_iops" => blkio.device_read_iops = list(node, report, throttle),
            "device_write_bps" => blkio.device_write_bps = list(node, report, throttle),
            "device_write_iops" => blkio.device_write_iops = list(node, report, throttle),
            "weight" => blkio.weight = Some(weight(node, report)).filter(|weight| *weight != 0),
            "weight_device" => blkio.weight_device = list(node, report, weight_device),
            _ => return false,
        }
        true
    });
    blkio
}

/// The reference keeps the lower 16 bits of a weight, and prints so.
fn weight(node: &Node, report: &mut Report) -> u16 {
    let [low, high, ..] = unsigned(node, report).unwrap_or_default().to_le_bytes();
    u16::from_le_bytes([low, high])
}

fn weight_device(node: &Node, report: &mut Report) -> WeightDevice {
    let mut device = WeightDevice::default();
    device.extensions = attributes(node, report, |key, node, report| {
        match key {
            "path" => device.path = plain_text(node, report),
            "weight" => device.weight = weight(node, report),
            _ => return false,
        }
        true
    });
    device
}

fn throttle(node: &Node, report: &mut Report) -> ThrottleDevice {
    let mut device = ThrottleDevice::default();
    device.extensions = attributes(node, report, |key, node, report| {
        match key {
            "path" => device.path = plain_text(node, report),
            "rate" => device.rate = size(node, report).unwrap_or_default(),
            _ => return false,
        }
        true
    });
    device
}
