//! Limits and devices.

use super::body::{DeviceBody, DeviceRequestBody, RateBody, ResourcesBody, UlimitBody, WeightBody};
use crate::model::{Blkio, Device, DeviceCount, DeviceRequest, Resources, Service, ThrottleDevice, Ulimit};

/// What a service's containers may use; the limits of `deploy` win over its own.
pub(super) fn resources(service: &Service) -> ResourcesBody {
    let mut body = own(&service.resources);
    body.cgroup_parent.clone_from(&service.isolation.cgroup_parent);
    if let Some(blkio) = &service.resources.blkio {
        block_io(&mut body, blkio);
    }
    deployed(&mut body, service);
    devices(&mut body, &service.resources);
    body
}

fn own(resources: &Resources) -> ResourcesBody {
    ResourcesBody {
        memory: resources.mem_limit.map(|size| size.0),
        memory_reservation: resources.mem_reservation.map(|size| size.0),
        memory_swap: resources.memswap_limit.map(|size| size.0),
        memory_swappiness: resources.mem_swappiness.map(|size| size.0).filter(|readiness| *readiness != 0),
        oom_kill_disable: resources.oom_kill_disable,
        oom_score_adj: resources.oom_score_adj,
        pids_limit: resources.pids_limit.filter(|limit| *limit != 0),
        nano_cpus: resources.cpus.map(billionths),
        cpu_count: resources.cpu_count,
        cpu_percent: resources.cpu_percent.map(whole),
        cpu_period: resources.cpu_period,
        cpu_quota: resources.cpu_quota,
        cpu_realtime_period: resources.cpu_rt_period,
        cpu_realtime_runtime: resources.cpu_rt_runtime,
        cpu_shares: resources.cpu_shares,
        cpuset_cpus: resources.cpuset.clone(),
        ulimits: resources.ulimits.iter().map(|(name, limit)| ulimit(name, limit)).collect(),
        device_cgroup_rules: resources.device_cgroup_rules.clone(),
        ..ResourcesBody::default()
    }
}

/// In the 32 bits in which the reference multiplies, so that containers are the same.
#[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and no host has 2^33 CPUs")]
fn billionths(cpus: f32) -> i64 {
    (cpus * 1e9) as i64
}

#[expect(clippy::cast_possible_truncation, reason = "a percentage; `as` saturates")]
fn whole(percent: f32) -> i64 {
    percent.round() as i64
}

fn ulimit(name: &str, limit: &Ulimit) -> UlimitBody {
    let (soft, hard) = match limit {
        Ulimit::Single(both) => (*both, *both),
        Ulimit::SoftHard { soft, hard, .. } => (*soft, *hard),
    };
    UlimitBody {
        name: name.to_owned(),
        soft,
        hard,
    }
}

fn block_io(body: &mut ResourcesBody, blkio: &Blkio) {
    let rates = |devices: &[ThrottleDevice]| -> Vec<RateBody> {
        let devices = devices.iter();
        devices
            .map(|device| RateBody {
                path: device.path.clone(),
                rate: device.rate.0,
            })
            .collect()
    };
    body.blkio_weight = blkio.weight.filter(|weight| *weight != 0);
    body.blkio_weight_device = blkio
        .weight_device
        .iter()
        .map(|device| WeightBody {
            path: device.path.clone(),
            weight: device.weight,
        })
        .collect();
    body.blkio_device_read_bps = rates(&blkio.device_read_bps);
    body.blkio_device_write_bps = rates(&blkio.device_write_bps);
    body.blkio_device_read_iops = rates(&blkio.device_read_iops);
    body.blkio_device_write_iops = rates(&blkio.device_write_iops);
}

/// Reserved CPUs are for an orchestrator's choice of a node: they limit nothing.
fn deployed(body: &mut ResourcesBody, service: &Service) {
    let Some(deploy) = &service.deploy else {
        return;
    };
    if let Some(limits) = &deploy.resources.limits {
        body.memory = limits.memory.map(|size| size.0).or(body.memory);
        body.nano_cpus = limits.cpus.filter(|cpus| *cpus != 0.0).map(billionths).or(body.nano_cpus);
        body.pids_limit = limits.pids.filter(|pids| *pids > 0).or(body.pids_limit);
    }
    if let Some(reserved) = &deploy.resources.reservations {
        body.memory_reservation = reserved.memory.map(|size| size.0).or(body.memory_reservation);
        body.device_requests
            .extend(reserved.devices.iter().map(|request| device_request(request, &[])));
    }
}

fn devices(body: &mut ResourcesBody, resources: &Resources) {
    let (named, paths): (Vec<&Device>, Vec<&Device>) = resources.devices.iter().partition(|device| is_cdi(device));
    body.devices = paths.into_iter().map(device).collect();
    if !named.is_empty() {
        body.device_requests.push(DeviceRequestBody {
            driver: "cdi".to_owned(),
            device_ids: named.into_iter().map(|device| device.source.clone()).collect(),
            ..DeviceRequestBody::default()
        });
    }
    body.device_requests
        .extend(resources.gpus.iter().map(|request| device_request(request, &["gpu"])));
}

fn device(device: &Device) -> DeviceBody {
    DeviceBody {
        path_on_host: device.source.clone(),
        path_in_container: device.target.clone().unwrap_or_else(|| device.source.clone()),
        cgroup_permissions: device.permissions.clone().unwrap_or_else(|| "rwm".to_owned()),
    }
}

/// A name of the Container Device Interface, `vendor.com/class=device`, and no path.
fn is_cdi(device: &Device) -> bool {
    let word = |text: &str| !text.is_empty() && text.starts_with(|c: char| c.is_ascii_alphanumeric());
    let named = device
        .source
        .split_once('=')
        .and_then(|(kind, name)| Some((kind.split_once('/')?, name)))
        .is_some_and(|((vendor, class), name)| word(vendor) && word(class) && !class.contains('/') && word(name));
    named && device.target.as_ref().is_none_or(|target| *target == device.source)
}

fn device_request(request: &DeviceRequest, implied: &[&str]) -> DeviceRequestBody {
    let implied = implied.iter().map(|capability| (*capability).to_owned());
    DeviceRequestBody {
        driver: request.driver.clone().unwrap_or_default(),
        count: match request.count {
            Some(DeviceCount::All) => -1,
            Some(DeviceCount::Exactly(count)) => count,
            None => 0,
        },
        device_ids: request.ids.clone(),
        capabilities: vec![request.capabilities.iter().cloned().chain(implied).collect()],
        options: request.options.clone(),
    }
}
