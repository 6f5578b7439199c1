//! Limits and devices.

use super::tree::{Record, Shown, Tree};
use crate::model::{Blkio, Device, DeviceCount, DeviceRequest, ThrottleDevice, Ulimit, WeightDevice};

pub(super) fn blkio(blkio: &Blkio) -> Tree {
    let mut record = Record::new();
    record
        .maybe("weight", blkio.weight)
        .list("weight_device", blkio.weight_device.iter().map(weight))
        .list("device_read_bps", blkio.device_read_bps.iter().map(throttle))
        .list("device_read_iops", blkio.device_read_iops.iter().map(throttle))
        .list("device_write_bps", blkio.device_write_bps.iter().map(throttle))
        .list("device_write_iops", blkio.device_write_iops.iter().map(throttle))
        .extensions(&blkio.extensions)
        .tree()
}

/// The reference names these keys in YAML only; JSON has the names of its program.
fn weight(device: &WeightDevice) -> Tree {
    let mut record = Record::new();
    for (shown, path, weight) in [(Shown::InYaml, "path", "weight"), (Shown::InJson, "Path", "Weight")] {
        record.only(shown, path, &device.path).only(shown, weight, device.weight);
    }
    record.extensions(&device.extensions).tree()
}

fn throttle(device: &ThrottleDevice) -> Tree {
    let mut record = Record::new();
    for (shown, path, rate) in [(Shown::InYaml, "path", "rate"), (Shown::InJson, "Path", "Rate")] {
        record.only(shown, path, &device.path).only(shown, rate, device.rate);
    }
    record.extensions(&device.extensions).tree()
}

/// Two zeros are left out by JSON alone. `x-…` keys are lost here, as in the reference.
pub(super) fn ulimit(limit: &Ulimit) -> Tree {
    let (soft, hard) = match limit {
        Ulimit::Single(0) => (0, 0),
        Ulimit::Single(both) => return Tree::Int(*both),
        Ulimit::SoftHard { soft, hard, .. } => (*soft, *hard),
    };
    let mut record = Record::new();
    for (key, value) in [("soft", soft), ("hard", hard)] {
        let shown = if value == 0 { Shown::InYaml } else { Shown::Always };
        record.only(shown, key, value);
    }
    record.tree()
}

pub(super) fn device(device: &Device) -> Tree {
    let mut record = Record::new();
    record
        .text("source", device.source.as_str())
        .text("target", device.target.as_deref())
        .text("permissions", device.permissions.as_deref())
        .extensions(&device.extensions)
        .tree()
}

/// `x-…` keys are lost here, as in the reference.
pub(super) fn device_request(request: &DeviceRequest) -> Tree {
    let count = match request.count {
        None | Some(DeviceCount::Exactly(0)) => None,
        Some(DeviceCount::All) => Some(-1),
        Some(DeviceCount::Exactly(count)) => Some(count),
    };
    let mut record = Record::new();
    record
        .list("capabilities", &request.capabilities)
        .text("driver", request.driver.as_deref())
        .maybe("count", count)
        .list("device_ids", &request.ids)
        .map("options", &request.options)
        .tree()
}
