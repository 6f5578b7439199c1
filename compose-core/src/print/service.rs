//! A service, its keys in the order of the reference's program. [`crate::hash`] depends on every line.

use super::build::{build, develop};
use super::deploy::deploy;
use super::mounts::{grant, mount};
use super::network::{endpoint, hosts, port};
use super::resources::{blkio, device, device_request, ulimit};
use super::tree::{Record, Shown, Tree};
use crate::model::{
    CredentialSpec, Dependency, Duration, EnvFile, Extends, HealthCheck, Hook, Isolation, Logging, ModelGrant, NamespaceMode, Networking,
    Provider, PullPolicy, Resources, RestartPolicy, Service,
};
use crate::names::{ImageRef, ProfileName};

/// The service, without its name.
pub(crate) fn service(service: &Service) -> Tree {
    let mut record = Record::new();
    record.list("profiles", service.profiles.iter().map(ProfileName::as_str));
    record.map("annotations", &service.annotations);
    record.maybe("attach", service.lifecycle.attach);
    record.maybe("build", service.build.as_deref().map(build));
    record.maybe("develop", service.develop.as_ref().map(develop));
    record.maybe("blkio_config", service.resources.blkio.as_ref().map(blkio));
    record.list("cap_add", &service.isolation.cap_add);
    record.list("cap_drop", &service.isolation.cap_drop);
    record.text("cgroup_parent", service.isolation.cgroup_parent.as_deref());
    record.text("cgroup", service.isolation.cgroup.as_deref());
    processors(&mut record, &service.resources);
    from_command_to_domain(&mut record, service);
    from_entrypoint_to_image(&mut record, service);
    from_init_to_models(&mut record, service);
    from_network_to_restart(&mut record, service);
    from_runtime_to_ulimits(&mut record, service);
    from_socket_to_hooks(&mut record, service);
    record.extensions(&service.extensions).tree()
}

fn processors(record: &mut Record, resources: &Resources) {
    record
        .maybe("cpu_count", resources.cpu_count)
        .maybe("cpu_percent", resources.cpu_percent)
        .maybe("cpu_period", resources.cpu_period)
        .maybe("cpu_quota", resources.cpu_quota)
        .maybe("cpu_rt_period", resources.cpu_rt_period)
        .maybe("cpu_rt_runtime", resources.cpu_rt_runtime)
        .maybe("cpus", resources.cpus)
        .text("cpuset", resources.cpuset.as_deref())
        .maybe("cpu_shares", resources.cpu_shares);
}

fn from_command_to_domain(record: &mut Record, service: &Service) {
    let networking = &service.networking;
    arguments(record, "command", service.process.command.as_ref());
    record
        .list("configs", service.storage.configs.iter().map(grant))
        .text("container_name", service.container_name.as_deref())
        .maybe("credential_spec", service.isolation.credential_spec.as_ref().map(credential_spec))
        .map(
            "depends_on",
            service.lifecycle.depends_on.iter().map(|(name, rule)| (name, dependency(rule))),
        )
        .maybe("deploy", service.deploy.as_deref().map(deploy))
        .list("device_cgroup_rules", &service.resources.device_cgroup_rules)
        .list("devices", service.resources.devices.iter().map(device))
        .list("dns", &networking.dns)
        .list("dns_opt", &networking.dns_opt)
        .list("dns_search", &networking.dns_search)
        .text("domainname", networking.domainname.as_deref());
}

fn from_entrypoint_to_image(record: &mut Record, service: &Service) {
    arguments(record, "entrypoint", service.process.entrypoint.as_ref());
    record
        .maybe("provider", service.provider.as_ref().map(provider))
        .map("environment", &service.process.environment)
        .list("env_file", service.process.env_files.iter().map(env_file))
        .list("expose", &service.networking.expose)
        .maybe("extends", service.extends.as_ref().map(extends))
        .list("external_links", &service.networking.external_links)
        .maybe("extra_hosts", hosts(&service.networking.extra_hosts))
        .list("group_add", &service.process.group_add)
        .list("gpus", service.resources.gpus.iter().map(device_request))
        .text("hostname", service.networking.hostname.as_deref())
        .maybe("healthcheck", service.lifecycle.healthcheck.as_ref().map(health_check))
        .text("image", service.image.as_ref().map(ImageRef::as_str));
}

fn from_init_to_models(record: &mut Record, service: &Service) {
    let Isolation { ipc, isolation, .. } = &service.isolation;
    let resources = &service.resources;
    record
        .maybe("init", service.process.init)
        .maybe("ipc", ipc.as_ref())
        .text("isolation", isolation.as_deref())
        .map("labels", &service.labels)
        .list("label_file", &service.label_files)
        .list("links", &service.networking.links)
        .maybe("logging", service.lifecycle.logging.as_ref().map(logging))
        .maybe("mem_limit", resources.mem_limit)
        .maybe("mem_reservation", resources.mem_reservation)
        .maybe("memswap_limit", resources.memswap_limit)
        .maybe("mem_swappiness", resources.mem_swappiness)
        .text("mac_address", service.networking.mac_address.as_deref())
        .map(
            "models",
            service
                .models
                .iter()
                .map(|(key, grant)| (key, grant.as_ref().map_or(Tree::Null, model_grant))),
        );
}

fn from_network_to_restart(record: &mut Record, service: &Service) {
    let Networking {
        network_mode,
        networks,
        ports,
        ..
    } = &service.networking;
    record
        .maybe("network_mode", network_mode.as_ref())
        .map(
            "networks",
            networks
                .iter()
                .map(|(key, part)| (key, part.as_deref().map_or(Tree::Null, endpoint))),
        )
        .flag("oom_kill_disable", service.resources.oom_kill_disable)
        .maybe("oom_score_adj", service.resources.oom_score_adj)
        .maybe("pid", service.isolation.pid.as_ref())
        .maybe("pids_limit", service.resources.pids_limit)
        .text("platform", service.platform.as_deref())
        .list("ports", ports.iter().map(port))
        .flag("privileged", service.isolation.privileged)
        .text("pull_policy", service.pull_policy.as_ref().map(|PullPolicy(text)| text.as_str()))
        .flag("read_only", service.storage.read_only)
        .text(
            "restart",
            service.lifecycle.restart.as_ref().map(|RestartPolicy(text)| text.as_str()),
        );
}

fn from_runtime_to_ulimits(record: &mut Record, service: &Service) {
    let (process, storage, lifecycle) = (&service.process, &service.storage, &service.lifecycle);
    record
        .text("runtime", service.isolation.runtime.as_deref())
        .maybe("scale", lifecycle.scale)
        .list("secrets", storage.secrets.iter().map(grant))
        .list("security_opt", &service.isolation.security_opt)
        .maybe("shm_size", storage.shm_size)
        .flag("stdin_open", process.stdin_open)
        .maybe("stop_grace_period", lifecycle.stop_grace_period)
        .text("stop_signal", lifecycle.stop_signal.as_deref())
        .map("storage_opt", &storage.storage_opt)
        .map("sysctls", &service.isolation.sysctls)
        .list("tmpfs", &storage.tmpfs)
        .flag("tty", process.tty)
        .map(
            "ulimits",
            service.resources.ulimits.iter().map(|(name, limit)| (name, ulimit(limit))),
        );
}

fn from_socket_to_hooks(record: &mut Record, service: &Service) {
    let (process, storage, lifecycle) = (&service.process, &service.storage, &service.lifecycle);
    record
        .flag("use_api_socket", service.isolation.use_api_socket)
        .text("user", process.user.as_deref())
        .text("userns_mode", service.isolation.userns_mode.as_deref())
        .maybe("uts", service.isolation.uts.as_ref())
        .text("volume_driver", storage.volume_driver.as_deref())
        .list("volumes", storage.volumes.iter().map(mount))
        .list("volumes_from", &storage.volumes_from)
        .text("working_dir", process.working_dir.as_deref())
        .list("post_start", lifecycle.post_start.iter().map(|each| hook(each).tree()))
        .list("pre_stop", lifecycle.pre_stop.iter().map(|each| hook(each).tree()));
}

/// "The image's" is null in JSON and nothing in YAML; "none" is an empty list in both.
fn arguments(record: &mut Record, key: &'static str, arguments: Option<&Vec<String>>) {
    match arguments {
        Some(arguments) => record.field(key, arguments),
        None => record.only(Shown::InJson, key, Tree::Null),
    };
}

pub(super) fn hook(hook: &Hook) -> Record {
    let mut record = Record::new();
    arguments(&mut record, "command", hook.command.as_ref());
    record
        .text("user", hook.user.as_deref())
        .flag("privileged", hook.privileged)
        .text("working_dir", hook.working_dir.as_deref())
        .map("environment", &hook.environment)
        .extensions(&hook.extensions);
    record
}

fn credential_spec(spec: &CredentialSpec) -> Tree {
    let mut record = Record::new();
    record
        .text("config", spec.config.as_deref())
        .text("file", spec.file.as_deref())
        .text("registry", spec.registry.as_deref())
        .extensions(&spec.extensions)
        .tree()
}

fn dependency(rule: &Dependency) -> Tree {
    let mut record = Record::new();
    record
        .field("condition", rule.condition.as_str())
        .flag("restart", rule.restart)
        .field("required", rule.required)
        .extensions(&rule.extensions)
        .tree()
}

fn provider(provider: &Provider) -> Tree {
    let mut record = Record::new();
    record
        .text("type", provider.kind.as_str())
        .map("options", &provider.options)
        .extensions(&provider.extensions)
        .tree()
}

/// Only where they are not resolved. A file that must exist is its path alone, whatever its format.
fn extends(base: &Extends) -> Tree {
    let mut record = Record::new();
    record
        .maybe("file", base.file.as_ref().map(|file| file.display().to_string()))
        .text("service", base.service.as_str())
        .tree()
}

fn env_file(file: &EnvFile) -> Tree {
    let path = file.path.to_string_lossy();
    if file.required {
        return Tree::from(path.as_ref());
    }
    let mut record = Record::new();
    record
        .text("path", path.as_ref())
        .field("required", false)
        .text("format", file.format.as_deref())
        .tree()
}

fn health_check(check: &HealthCheck) -> Tree {
    let test = check.test.as_ref().map(|test| test.0.as_slice()).unwrap_or_default();
    let mut record = Record::new();
    record
        .list("test", test)
        .maybe("timeout", check.timeout)
        .maybe("interval", check.interval)
        .maybe("retries", check.retries)
        .maybe("start_period", check.start_period)
        .maybe("start_interval", check.start_interval)
        .flag("disable", check.disable)
        .extensions(&check.extensions)
        .tree()
}

fn logging(logging: &Logging) -> Tree {
    let mut record = Record::new();
    record
        .text("driver", logging.driver.as_deref())
        .map("options", &logging.options)
        .extensions(&logging.extensions)
        .tree()
}

fn model_grant(grant: &ModelGrant) -> Tree {
    let mut record = Record::new();
    record
        .text("endpoint_var", grant.endpoint_variable.as_deref())
        .text("model_var", grant.model_variable.as_deref())
        .extensions(&grant.extensions)
        .tree()
}

impl From<&NamespaceMode> for Tree {
    fn from(mode: &NamespaceMode) -> Self {
        Self::Text(mode.to_string())
    }
}

impl From<Duration> for Tree {
    /// Durations are printed as text.
    fn from(duration: Duration) -> Self {
        Self::Text(duration.to_string())
    }
}
