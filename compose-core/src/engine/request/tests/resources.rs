//! Limits and devices.

use super::{Case, map, row, said, strings, table};
use crate::model::{
    Blkio, ByteSize, Deploy, DeployResources, Device, DeviceCount, DeviceRequest, ResourceSpec, ThrottleDevice, Ulimit, WeightDevice,
};
use serde_json::json;
use std::collections::BTreeMap;

#[test]
fn own_limits() {
    table([
        row(
            "memory",
            |c| {
                let limits = &mut c.service.resources;
                limits.mem_limit = Some(ByteSize(64));
                limits.mem_reservation = Some(ByteSize(32));
                limits.memswap_limit = Some(ByteSize(-1));
                limits.mem_swappiness = Some(ByteSize(30));
                limits.oom_kill_disable = true;
                limits.oom_score_adj = Some(500);
                limits.pids_limit = Some(77);
                c.service.storage.shm_size = Some(ByteSize(128));
            },
            json!({"HostConfig": {
                "Memory": 64, "MemoryReservation": 32, "MemorySwap": -1, "MemorySwappiness": 30, "OomKillDisable": true,
                "OomScoreAdj": 500, "PidsLimit": 77, "ShmSize": 128,
            }}),
        ),
        row(
            "processors",
            |c| {
                let limits = &mut c.service.resources;
                limits.cpus = Some(0.1);
                limits.cpu_count = Some(2);
                limits.cpu_percent = Some(20.0);
                limits.cpu_period = Some(100_000);
                limits.cpu_quota = Some(50_000);
                limits.cpu_rt_period = Some(3);
                limits.cpu_rt_runtime = Some(4);
                limits.cpu_shares = Some(73);
                limits.cpuset = Some("0,1".to_owned());
            },
            json!({"HostConfig": {
                "NanoCpus": 100_000_000, "CpuCount": 2, "CpuPercent": 20, "CpuPeriod": 100_000, "CpuQuota": 50_000,
                "CpuRealtimePeriod": 3, "CpuRealtimeRuntime": 4, "CpuShares": 73, "CpusetCpus": "0,1",
            }}),
        ),
        row(
            "ulimits",
            |c| {
                let range = Ulimit::SoftHard {
                    soft: 1000,
                    hard: 2000,
                    extensions: BTreeMap::new(),
                };
                c.service.resources.ulimits = [("nofile".to_owned(), range), ("core".to_owned(), Ulimit::Single(0))].into();
            },
            json!({"HostConfig": {"Ulimits": [
                {"Name": "core", "Soft": 0, "Hard": 0},
                {"Name": "nofile", "Soft": 1000, "Hard": 2000},
            ]}}),
        ),
        row(
            "block devices",
            |c| {
                let rate = |path: &str| {
                    vec![ThrottleDevice {
                        path: path.to_owned(),
                        rate: ByteSize(9),
                        ..ThrottleDevice::default()
                    }]
                };
                c.service.resources.blkio = Some(Blkio {
                    weight: Some(300),
                    weight_device: vec![WeightDevice {
                        path: "/dev/w".to_owned(),
                        weight: 10,
                        ..WeightDevice::default()
                    }],
                    device_read_bps: rate("/dev/a"),
                    device_read_iops: rate("/dev/b"),
                    device_write_bps: rate("/dev/c"),
                    device_write_iops: rate("/dev/d"),
                    ..Blkio::default()
                });
            },
            json!({"HostConfig": {
                "BlkioWeight": 300, "BlkioWeightDevice": [{"Path": "/dev/w", "Weight": 10}],
                "BlkioDeviceReadBps": [{"Path": "/dev/a", "Rate": 9}], "BlkioDeviceReadIOps": [{"Path": "/dev/b", "Rate": 9}],
                "BlkioDeviceWriteBps": [{"Path": "/dev/c", "Rate": 9}], "BlkioDeviceWriteIOps": [{"Path": "/dev/d", "Rate": 9}],
            }}),
        ),
    ]);
}

#[test]
fn limits_of_deploy_win() {
    let spec = |cpus: f32, memory: i64, pids: i64| ResourceSpec {
        cpus: Some(cpus),
        memory: Some(ByteSize(memory)),
        pids: Some(pids),
        ..ResourceSpec::default()
    };
    let case = Case::with(|case| {
        case.service.resources.mem_limit = Some(ByteSize(1));
        case.service.resources.cpus = Some(4.0);
        case.service.resources.pids_limit = Some(1);
        case.service.deploy = Some(Box::new(Deploy {
            resources: DeployResources {
                limits: Some(spec(0.5, 50, 12)),
                reservations: Some(spec(0.25, 20, 3)),
                ..DeployResources::default()
            },
            ..Deploy::default()
        }));
    });
    assert_eq!(
        said(&case.body()),
        json!({"HostConfig": {"Memory": 50, "NanoCpus": 500_000_000, "PidsLimit": 12, "MemoryReservation": 20}})
    );
}

#[test]
fn devices() {
    let device = |source: &str, target: Option<&str>, permissions: Option<&str>| Device {
        source: source.to_owned(),
        target: target.map(str::to_owned),
        permissions: permissions.map(str::to_owned),
        ..Device::default()
    };
    let request = |driver: Option<&str>, count: Option<DeviceCount>, ids: Vec<String>| DeviceRequest {
        capabilities: strings(["gpu"]),
        driver: driver.map(str::to_owned),
        count,
        ids,
        options: map([("o", "p")]),
        ..DeviceRequest::default()
    };
    let case = Case::with(|case| {
        case.service.resources.devices = vec![
            device("/dev/zero", Some("/dev/nil"), Some("r")),
            device("vendor.com/class=one", Some("vendor.com/class=one"), None),
            device("/dev/full", None, None),
        ];
        case.service.resources.device_cgroup_rules = strings(["c 1:3 mr"]);
        let mut gpus = request(None, Some(DeviceCount::All), Vec::new());
        gpus.capabilities = strings(["utility"]);
        case.service.resources.gpus = vec![gpus];
        case.service.deploy = Some(Box::new(Deploy {
            resources: DeployResources {
                reservations: Some(ResourceSpec {
                    devices: vec![
                        request(Some("nvidia"), Some(DeviceCount::Exactly(2)), Vec::new()),
                        request(None, None, strings(["0"])),
                    ],
                    ..ResourceSpec::default()
                }),
                ..DeployResources::default()
            },
            ..Deploy::default()
        }));
    });
    assert_eq!(
        said(&case.body()),
        json!({"HostConfig": {
            "Devices": [
                {"PathOnHost": "/dev/zero", "PathInContainer": "/dev/nil", "CgroupPermissions": "r"},
                {"PathOnHost": "/dev/full", "PathInContainer": "/dev/full", "CgroupPermissions": "rwm"},
            ],
            "DeviceCgroupRules": ["c 1:3 mr"],
            "DeviceRequests": [
                {"Driver": "nvidia", "Count": 2, "Capabilities": [["gpu"]], "Options": {"o": "p"}},
                {"Driver": "", "Count": 0, "DeviceIDs": ["0"], "Capabilities": [["gpu"]], "Options": {"o": "p"}},
                {"Driver": "cdi", "Count": 0, "DeviceIDs": ["vendor.com/class=one"]},
                {"Driver": "", "Count": -1, "Capabilities": [["utility", "gpu"]], "Options": {"o": "p"}},
            ],
        }})
    );
}
