//! Limits and devices.

use super::StringMap;
use super::extension::Extensions;
use super::units::ByteSize;
use std::collections::BTreeMap;

/// What a container may use of the host.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resources {
    /// Block device weights and rates.
    pub blkio: Option<Blkio>,
    /// Number of CPUs (Windows).
    pub cpu_count: Option<i64>,
    /// Percentage of the CPUs (Windows).
    pub cpu_percent: Option<f32>,
    /// CFS period in microseconds.
    pub cpu_period: Option<i64>,
    /// CFS quota in microseconds.
    pub cpu_quota: Option<i64>,
    /// Real-time period in microseconds.
    pub cpu_rt_period: Option<i64>,
    /// Real-time runtime in microseconds.
    pub cpu_rt_runtime: Option<i64>,
    /// Number of CPUs, in parts.
    pub cpus: Option<f32>,
    /// Which CPUs.
    pub cpuset: Option<String>,
    /// Relative weight.
    pub cpu_shares: Option<i64>,
    /// Most memory.
    pub mem_limit: Option<ByteSize>,
    /// Memory that is kept for it.
    pub mem_reservation: Option<ByteSize>,
    /// Memory and swap together.
    pub memswap_limit: Option<ByteSize>,
    /// Readiness to swap, 0 to 100.
    pub mem_swappiness: Option<ByteSize>,
    /// The kernel does not end it when memory is short.
    pub oom_kill_disable: bool,
    /// How early the kernel ends it when memory is short.
    pub oom_score_adj: Option<i64>,
    /// Most processes.
    pub pids_limit: Option<i64>,
    /// `ulimits` by name.
    pub ulimits: BTreeMap<String, Ulimit>,
    /// Devices of the host.
    pub devices: Vec<Device>,
    /// Rules for the device cgroup.
    pub device_cgroup_rules: Vec<String>,
    /// GPUs.
    pub gpus: Vec<DeviceRequest>,
}

/// Block device weights and rates.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Blkio {
    /// Weight of the container, 10 to 1000.
    pub weight: Option<u16>,
    /// Weight per device.
    pub weight_device: Vec<WeightDevice>,
    /// Bytes read per second.
    pub device_read_bps: Vec<ThrottleDevice>,
    /// Reads per second.
    pub device_read_iops: Vec<ThrottleDevice>,
    /// Bytes written per second.
    pub device_write_bps: Vec<ThrottleDevice>,
    /// Writes per second.
    pub device_write_iops: Vec<ThrottleDevice>,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// A weight of one device.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WeightDevice {
    /// The device.
    pub path: String,
    /// Its weight.
    pub weight: u16,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// A rate of one device.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ThrottleDevice {
    /// The device.
    pub path: String,
    /// Bytes or operations per second.
    pub rate: ByteSize,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// A limit of the kind `ulimit` sets.
#[derive(Clone, Debug, PartialEq)]
pub enum Ulimit {
    /// Soft and hard limit alike.
    Single(i64),
    /// Each on its own.
    SoftHard {
        /// The soft limit.
        soft: i64,
        /// The hard limit.
        hard: i64,
        /// `x-…` keys.
        extensions: Extensions,
    },
}

/// A device of the host in the container.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Device {
    /// The host's path.
    pub source: String,
    /// The container's path.
    pub target: Option<String>,
    /// `r`, `w`, `m`.
    pub permissions: Option<String>,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// A request for devices of a kind, GPUs above all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeviceRequest {
    /// What they must be able to do.
    pub capabilities: Vec<String>,
    /// Which driver gives them.
    pub driver: Option<String>,
    /// How many.
    pub count: Option<DeviceCount>,
    /// Which ones.
    pub ids: Vec<String>,
    /// Options for the driver.
    pub options: StringMap,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// How many devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceCount {
    /// Every one there is.
    All,
    /// This many.
    Exactly(i64),
}
