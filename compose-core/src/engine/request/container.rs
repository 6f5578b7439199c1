//! One container of a service.

use super::body::{ContainerBody, HostConfig, LogConfig, RestartPolicyBody};
use super::problem::{Problem, RequestError, needs};
use super::{ContainerRequest, PathMap, Replica, files, health, mounts, network, ports, resources, security};
use crate::engine::ApiVersion;
use crate::model::{NamespaceMode, Project, RestartRule, Service};
use crate::names::ServiceName;

/// Where `use_api_socket` puts the credentials.
const DOCKER_CONFIG: (&str, &str) = ("DOCKER_CONFIG", "/run/secrets/docker");

/// What the mapping of one container is about; each part of it takes what it needs.
pub(super) struct Mapping<'a> {
    pub(super) project: &'a Project,
    pub(super) service: &'a Service,
    pub(super) replica: &'a Replica,
    pub(super) api: ApiVersion,
    pub(super) paths: &'a PathMap,
    pub(super) warnings: Vec<String>,
}

/// What can be changed of a container of a service while it is there.
pub fn limits(service: &Service) -> HostConfig {
    HostConfig {
        restart_policy: restart_policy(service),
        resources: resources::resources(service),
        ..HostConfig::default()
    }
}

/// What has to be done to make one container of a service.
///
/// # Errors
/// An attribute that this engine is too old for, or that only an orchestrator has; a secret or a
/// service referred to that is not there. What the engine itself would refuse is left to it.
pub fn container(
    project: &Project,
    service: &Service,
    replica: &Replica,
    api: ApiVersion,
    paths: &PathMap,
) -> Result<ContainerRequest, RequestError> {
    let mut mapping = Mapping {
        project,
        service,
        replica,
        api,
        paths,
        warnings: Vec::new(),
    };
    mapping.request().map_err(|problem| RequestError {
        subject: format!("service {}", service.name),
        problem,
    })
}

impl Mapping<'_> {
    fn request(&mut self) -> Result<ContainerRequest, Problem> {
        self.refuse_models()?;
        let joined = network::join(self)?;
        let mut body = self.config()?;
        body.host_config = self.host_config()?;
        body.host_config.network_mode = joined.mode;
        body.host_config.links.clone_from(&joined.links);
        body.networking_config = joined.config;
        body.mac_address = joined.mac_address;
        Ok(ContainerRequest {
            body,
            platform: self.platform(),
            connect: joined.connect,
            uploads: files::uploads(self)?,
            warnings: std::mem::take(&mut self.warnings),
        })
    }

    fn refuse_models(&self) -> Result<(), Problem> {
        match self.service.models.keys().next() {
            None => Ok(()),
            Some(_) => Err(Problem::NotSupported {
                attribute: "models".to_owned(),
                reason: "language models are run by Docker Desktop's model runner, not by the engine".to_owned(),
            }),
        }
    }

    fn platform(&self) -> Option<String> {
        let default = self.project.variables.get("DOCKER_DEFAULT_PLATFORM");
        self.service
            .platform
            .clone()
            .or_else(|| default.filter(|platform| !platform.is_empty()).cloned())
    }

    fn config(&self) -> Result<ContainerBody, Problem> {
        let Service {
            process,
            networking,
            lifecycle,
            ..
        } = self.service;
        let attach_stdin = self.replica.one_off.as_ref().is_some_and(|run| run.attach_stdin);
        Ok(ContainerBody {
            image: self.replica.image.clone(),
            labels: self.replica.labels.clone(),
            hostname: networking.hostname.clone(),
            domainname: networking.domainname.clone(),
            user: process.user.clone(),
            exposed_ports: ports::exposed(self.service),
            attach_stdin,
            attach_stdout: true,
            attach_stderr: true,
            tty: process.tty,
            open_stdin: process.stdin_open,
            stdin_once: attach_stdin && process.stdin_open,
            env: self.environment(),
            cmd: process.command.clone(),
            entrypoint: process.entrypoint.clone(),
            working_dir: process.working_dir.clone(),
            stop_signal: lifecycle.stop_signal.clone(),
            stop_timeout: lifecycle.stop_grace_period.map(|grace| grace.0 / 1_000_000_000),
            healthcheck: health::check(lifecycle.healthcheck.as_ref(), self.api)?,
            ..ContainerBody::default()
        })
    }

    /// A variable without a value takes that of the image away.
    fn environment(&self) -> Vec<String> {
        let service = self.service;
        let given = service.process.environment.iter().map(|(name, value)| match value {
            Some(value) => format!("{name}={value}"),
            None => name.clone(),
        });
        let (name, value) = DOCKER_CONFIG;
        let own = (service.isolation.use_api_socket && !service.process.environment.contains_key(name)).then(|| format!("{name}={value}"));
        given.chain(own).collect()
    }

    fn host_config(&mut self) -> Result<HostConfig, Problem> {
        let service = self.service;
        let (networking, storage, isolation) = (&service.networking, &service.storage, &service.isolation);
        let mounted = mounts::mounts(self)?;
        let security = security::options(self)?;
        Ok(HostConfig {
            binds: mounted.binds,
            mounts: mounted.mounts,
            tmpfs: mounts::tmpfs(&storage.tmpfs),
            volumes_from: self.volumes_from()?,
            volume_driver: storage.volume_driver.clone(),
            storage_opt: storage.storage_opt.clone(),
            readonly_rootfs: storage.read_only,
            shm_size: storage.shm_size.map(|size| size.0),
            port_bindings: ports::bindings(service),
            dns: networking.dns.clone(),
            dns_options: networking.dns_opt.clone(),
            dns_search: networking.dns_search.clone(),
            extra_hosts: extra_hosts(service),
            restart_policy: restart_policy(service),
            auto_remove: self.replica.one_off.as_ref().is_some_and(|run| run.auto_remove),
            log_config: log_config(service),
            init: service.process.init,
            annotations: self.annotations(),
            cap_add: security::capabilities(&isolation.cap_add),
            cap_drop: security::capabilities(&isolation.cap_drop),
            group_add: service.process.group_add.clone(),
            privileged: isolation.privileged,
            security_opt: security.options,
            masked_paths: security.system_paths.clone(),
            readonly_paths: security.system_paths,
            sysctls: isolation.sysctls.clone(),
            runtime: isolation.runtime.clone(),
            isolation: isolation.isolation.clone(),
            cgroupns_mode: isolation.cgroup.clone(),
            ipc_mode: self.namespace("ipc", isolation.ipc.as_ref())?,
            pid_mode: self.namespace("pid", isolation.pid.as_ref())?,
            uts_mode: self.namespace("uts", isolation.uts.as_ref())?,
            userns_mode: isolation.userns_mode.clone(),
            resources: resources::resources(service),
            ..HostConfig::default()
        })
    }

    /// Old engines ignore annotations. They are hints to runtimes, so a word about it is enough.
    fn annotations(&mut self) -> std::collections::BTreeMap<String, String> {
        let annotations = &self.service.annotations;
        if annotations.is_empty() {
            return annotations.clone();
        }
        match needs(self.api, 43, "annotations") {
            Ok(()) => annotations.clone(),
            Err(problem) => {
                self.warnings
                    .push(format!("service {}: {problem}: they are left out", self.service.name));
                std::collections::BTreeMap::new()
            }
        }
    }

    /// The engine's words for a namespace; that of a service is its first container's.
    pub(super) fn namespace(&self, attribute: &str, mode: Option<&NamespaceMode>) -> Result<Option<String>, Problem> {
        match mode {
            None => Ok(None),
            Some(NamespaceMode::Service(service)) => Ok(Some(format!("container:{}", self.peer(attribute, service)?))),
            Some(other) => Ok(Some(other.to_string())),
        }
    }

    /// The id of a service's first container.
    fn peer(&self, attribute: &str, service: &ServiceName) -> Result<&str, Problem> {
        let first = self.replica.peers.get(service).and_then(|containers| containers.first());
        first.map(|(id, _)| id.as_str()).ok_or_else(|| Problem::NoPeer {
            attribute: attribute.to_owned(),
            service: service.clone(),
        })
    }

    fn volumes_from(&self) -> Result<Vec<String>, Problem> {
        let entries = self.service.storage.volumes_from.iter();
        entries
            .map(|entry| {
                if let Some(container) = entry.strip_prefix("container:") {
                    return Ok(container.to_owned());
                }
                let (service, mode) = match entry.split_once(':') {
                    Some((service, mode)) => (service, format!(":{mode}")),
                    None => (entry.as_str(), String::new()),
                };
                Ok(format!("{}{mode}", self.peer("volumes_from", &service.into())?))
            })
            .collect()
    }
}

fn extra_hosts(service: &Service) -> Vec<String> {
    let hosts = service.networking.extra_hosts.iter();
    hosts
        .flat_map(|(name, addresses)| addresses.iter().map(move |address| format!("{name}:{address}")))
        .collect()
}

fn log_config(service: &Service) -> Option<LogConfig> {
    service.lifecycle.logging.as_ref().map(|logging| LogConfig {
        driver: logging.driver.clone().unwrap_or_default(),
        config: logging.options.clone(),
    })
}

/// `deploy.restart_policy` wins over `restart`.
fn restart_policy(service: &Service) -> Option<RestartPolicyBody> {
    if let Some(rule) = service.deploy.as_ref().and_then(|deploy| deploy.restart_policy.as_ref()) {
        return Some(deployed_policy(rule));
    }
    let written = &service.lifecycle.restart.as_ref()?.0;
    let (name, attempts) = written.split_once(':').unwrap_or((written, ""));
    Some(RestartPolicyBody {
        name: condition(name),
        maximum_retry_count: attempts.parse().unwrap_or(0),
    })
}

fn deployed_policy(rule: &RestartRule) -> RestartPolicyBody {
    let attempts = rule.max_attempts.unwrap_or(0);
    RestartPolicyBody {
        name: condition(rule.condition.as_deref().unwrap_or_default()),
        maximum_retry_count: i64::try_from(attempts).unwrap_or(i64::MAX),
    }
}

/// The words of `deploy.restart_policy` in those of the engine.
fn condition(word: &str) -> String {
    match word {
        "none" => "no",
        "any" => "always",
        other => other,
    }
    .to_owned()
}
