//! A service: one image run as some number of equal containers.

use super::build::{Build, Develop};
use super::deploy::Deploy;
use super::extension::Extensions;
use super::health::HealthCheck;
use super::mounts::{FileGrant, Mount};
use super::network::Endpoint;
use super::ports::Port;
use super::resources::Resources;
use super::units::{ByteSize, Duration};
use super::{OptionalStringMap, StringMap};
use crate::names::{ImageRef, ModelKey, NetworkKey, ProfileName, ServiceName};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A service. What most services do without is boxed: a large project holds a thousand of these.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Its key under `services`.
    pub name: ServiceName,
    /// The profiles that enable it; always enabled when empty.
    pub profiles: Vec<ProfileName>,
    /// The image to run, or the name of what is built.
    pub image: Option<ImageRef>,
    /// How the image is built.
    pub build: Option<Box<Build>>,
    /// When the image is pulled.
    pub pull_policy: Option<PullPolicy>,
    /// `os/arch[/variant]`.
    pub platform: Option<String>,
    /// How it follows its sources.
    pub develop: Option<Develop>,
    /// A program outside the engine that stands for this service.
    pub provider: Option<Provider>,
    /// Language models it uses.
    pub models: BTreeMap<ModelKey, Option<ModelGrant>>,
    /// Labels of the containers.
    pub labels: StringMap,
    /// Files that labels were read from; printed only where they are not resolved.
    pub label_files: Vec<String>,
    /// A base that turned out to say nothing; any other is merged and forgotten.
    pub extends: Option<Extends>,
    /// OCI annotations.
    pub annotations: StringMap,
    /// A fixed name; such a service has one container.
    pub container_name: Option<String>,
    /// What runs.
    pub process: Process,
    /// How it is reached and reaches others.
    pub networking: Networking,
    /// What it sees in its file system.
    pub storage: Storage,
    /// What it may use of the host.
    pub resources: Resources,
    /// What separates it from the host.
    pub isolation: Isolation,
    /// When it starts, stops and counts as healthy.
    pub lifecycle: Lifecycle,
    /// The `deploy` section.
    pub deploy: Option<Box<Deploy>>,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// A service that another starts from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extends {
    /// The file it is in; the same file when absent.
    pub file: Option<PathBuf>,
    /// Its name.
    pub service: String,
}

/// What runs in a container.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Process {
    /// Arguments; `None` for the image's, empty for none.
    pub command: Option<Vec<String>>,
    /// The program; `None` for the image's, empty for none.
    pub entrypoint: Option<Vec<String>>,
    /// The working folder.
    pub working_dir: Option<String>,
    /// User, and group after a colon.
    pub user: Option<String>,
    /// Further groups.
    pub group_add: Vec<String>,
    /// Variables; `None` is a variable that must not be set.
    pub environment: OptionalStringMap,
    /// Files of variables; empty once they are resolved into `environment`.
    pub env_files: Vec<EnvFile>,
    /// A small init process runs as PID 1; `None` for the engine's default.
    pub init: Option<bool>,
    /// A terminal is allocated.
    pub tty: bool,
    /// Standard input stays open.
    pub stdin_open: bool,
}

/// A file of variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvFile {
    /// Its path; absolute.
    pub path: PathBuf,
    /// A missing file is an error.
    pub required: bool,
    /// `raw` for files that are taken literally.
    pub format: Option<String>,
}

/// How a service is reached and reaches others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Networking {
    /// The networks it joins; `None` for an endpoint without settings.
    pub networks: BTreeMap<NetworkKey, Option<Box<Endpoint>>>,
    /// `host`, `none`, `service:…`, `container:…` instead of networks.
    pub network_mode: Option<NamespaceMode>,
    /// Published ports.
    pub ports: Vec<Port>,
    /// Ports that other services may use: `80`, `8000-8010/udp`.
    pub expose: Vec<String>,
    /// The host name.
    pub hostname: Option<String>,
    /// The domain name.
    pub domainname: Option<String>,
    /// A fixed MAC address.
    pub mac_address: Option<String>,
    /// DNS servers.
    pub dns: Vec<String>,
    /// DNS options.
    pub dns_opt: Vec<String>,
    /// DNS search domains.
    pub dns_search: Vec<String>,
    /// Extra lines of `/etc/hosts`.
    pub extra_hosts: ExtraHosts,
    /// Links to services of the project.
    pub links: Vec<String>,
    /// Links to containers outside it.
    pub external_links: Vec<String>,
}

/// Extra lines of `/etc/hosts`: the addresses of each name.
pub type ExtraHosts = BTreeMap<String, Vec<String>>;

/// A namespace shared with someone else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamespaceMode {
    /// A service of this project (`service:NAME`).
    Service(ServiceName),
    /// A container by name or id (`container:NAME`).
    Container(String),
    /// Anything the engine knows: `host`, `none`, `private`, `shareable`, …
    Other(String),
}

impl NamespaceMode {
    /// Reads the text of the Compose specification.
    pub fn parse(text: &str) -> Self {
        if let Some(service) = text.strip_prefix("service:") {
            Self::Service(ServiceName::new(service))
        } else if let Some(container) = text.strip_prefix("container:") {
            Self::Container(container.to_owned())
        } else {
            Self::Other(text.to_owned())
        }
    }
}

impl std::fmt::Display for NamespaceMode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Service(name) => write!(f, "service:{name}"),
            Self::Container(name) => write!(f, "container:{name}"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// What a service sees in its file system.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Storage {
    /// Mounts.
    pub volumes: Vec<Mount>,
    /// Mounts of other services or containers.
    pub volumes_from: Vec<String>,
    /// Memory file systems, with options after a colon.
    pub tmpfs: Vec<String>,
    /// Secrets as files.
    pub secrets: Vec<FileGrant>,
    /// Configs as files.
    pub configs: Vec<FileGrant>,
    /// Size of `/dev/shm`.
    pub shm_size: Option<ByteSize>,
    /// Options of the storage driver.
    pub storage_opt: StringMap,
    /// The driver of anonymous volumes.
    pub volume_driver: Option<String>,
    /// The root file system cannot be written.
    pub read_only: bool,
}

/// What separates a container from the host and from others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Isolation {
    /// Capabilities added.
    pub cap_add: Vec<String>,
    /// Capabilities dropped.
    pub cap_drop: Vec<String>,
    /// `host` or `private`.
    pub cgroup: Option<String>,
    /// The parent cgroup.
    pub cgroup_parent: Option<String>,
    /// Group managed credentials (Windows).
    pub credential_spec: Option<CredentialSpec>,
    /// The IPC namespace.
    pub ipc: Option<NamespaceMode>,
    /// The PID namespace.
    pub pid: Option<NamespaceMode>,
    /// The UTS namespace.
    pub uts: Option<NamespaceMode>,
    /// The user namespace.
    pub userns_mode: Option<String>,
    /// Isolation technology (Windows).
    pub isolation: Option<String>,
    /// Everything is allowed.
    pub privileged: bool,
    /// Labels and profiles of security modules.
    pub security_opt: Vec<String>,
    /// Kernel parameters.
    pub sysctls: StringMap,
    /// The OCI runtime.
    pub runtime: Option<String>,
    /// The engine's socket and credentials are given to the container.
    pub use_api_socket: bool,
}

/// Group managed credentials (Windows).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CredentialSpec {
    /// A config that holds them.
    pub config: Option<String>,
    /// A file that holds them.
    pub file: Option<String>,
    /// A registry key that holds them.
    pub registry: Option<String>,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// When a service starts, stops and counts as healthy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lifecycle {
    /// What must have happened first.
    pub depends_on: BTreeMap<ServiceName, Dependency>,
    /// When the engine starts it again.
    pub restart: Option<RestartPolicy>,
    /// How its health is found out.
    pub healthcheck: Option<HealthCheck>,
    /// The signal that asks it to stop.
    pub stop_signal: Option<String>,
    /// Time it has to stop before it is killed.
    pub stop_grace_period: Option<Duration>,
    /// Commands run in it after it started.
    pub post_start: Vec<Hook>,
    /// Commands run in it before it stops.
    pub pre_stop: Vec<Hook>,
    /// How many containers; `deploy.replicas` where absent.
    pub scale: Option<i64>,
    /// `up` without `-d` shows its output; `None` means yes.
    pub attach: Option<bool>,
    /// Where its output goes.
    pub logging: Option<Logging>,
}

/// What must have happened to a service before another starts.
#[derive(Clone, Debug, PartialEq)]
pub struct Dependency {
    /// What is waited for.
    pub condition: Condition,
    /// The dependent is restarted when this service is.
    pub restart: bool,
    /// Without it the dependent cannot start.
    pub required: bool,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// It was started.
    Started,
    /// Its health check passes.
    Healthy,
    /// It ended with exit code 0.
    CompletedSuccessfully,
}

impl Condition {
    /// The word of the Compose specification.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "service_started",
            Self::Healthy => "service_healthy",
            Self::CompletedSuccessfully => "service_completed_successfully",
        }
    }
}

/// When the engine starts a container again, as written: `no`, `always`, `on-failure[:N]`, `unless-stopped`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestartPolicy(pub String);

/// When an image is pulled, as written: `always`, `never`, `missing`, `if_not_present`, `build`, `daily`, `weekly`, `every_…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullPolicy(pub String);

/// Where output goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Logging {
    /// The log driver.
    pub driver: Option<String>,
    /// The driver's options.
    pub options: StringMap,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// A command run in a container at a point of its life.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hook {
    /// The command; `None` where none was given.
    pub command: Option<Vec<String>>,
    /// The user.
    pub user: Option<String>,
    /// With every capability.
    pub privileged: bool,
    /// The working folder.
    pub working_dir: Option<String>,
    /// Variables; `None` is a variable that must not be set.
    pub environment: OptionalStringMap,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// A program outside the engine that stands for a service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Provider {
    /// The program.
    pub kind: String,
    /// Its options; each may be given several times.
    pub options: BTreeMap<String, Vec<String>>,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// How a service learns of a language model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelGrant {
    /// The variable that gets the endpoint.
    pub endpoint_variable: Option<String>,
    /// The variable that gets the model's name.
    pub model_variable: Option<String>,
    /// `x-…` keys.
    pub extensions: Extensions,
}

impl Service {
    /// A service of this name, about which nothing is said yet.
    pub fn new(name: ServiceName) -> Self {
        Self {
            name,
            profiles: Vec::new(),
            image: None,
            build: None,
            pull_policy: None,
            platform: None,
            develop: None,
            provider: None,
            models: BTreeMap::new(),
            labels: StringMap::new(),
            label_files: Vec::new(),
            extends: None,
            annotations: StringMap::new(),
            container_name: None,
            process: Process::default(),
            networking: Networking::default(),
            storage: Storage::default(),
            resources: Resources::default(),
            isolation: Isolation::default(),
            lifecycle: Lifecycle::default(),
            deploy: None,
            extensions: Extensions::new(),
        }
    }

    /// How many containers it is meant to have.
    pub fn replicas(&self) -> u32 {
        let wanted = self
            .lifecycle
            .scale
            .or_else(|| self.deploy.as_ref().and_then(|deploy| deploy.replicas))
            .unwrap_or(1);
        u32::try_from(wanted.max(0)).unwrap_or(u32::MAX)
    }
}
