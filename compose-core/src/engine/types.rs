//! What the engine is asked and what it answers, reduced to what Compose uses.

use crate::names::{ContainerId, ContainerName, ImageId, NetworkId, NetworkName, VolumeName};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;

/// A version of the Engine API, `1.41`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion {
    /// Before the dot.
    pub major: u32,
    /// After it.
    pub minor: u32,
}

impl ApiVersion {
    /// The oldest API that Inertia speaks (Docker Engine 20.10).
    pub const OLDEST: Self = Self { major: 1, minor: 41 };
}

impl std::fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl std::str::FromStr for ApiVersion {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (major, minor) = text.split_once('.').unwrap_or((text, ""));
        Ok(Self {
            major: major.parse()?,
            minor: minor.parse()?,
        })
    }
}

/// What an engine is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineInfo {
    /// The agreed API version.
    pub api: ApiVersion,
    /// The engine's own version: `20.10.24`.
    pub version: String,
    /// `linux/amd64`.
    pub platform: String,
    /// BuildKit is the engine's default builder.
    pub buildkit: bool,
}

/// Which containers, networks or volumes: those that carry every one of these labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// `key` or `key=value`, in the engine's own notation. [`crate::labels`] makes them.
    pub labels: Vec<String>,
}

/// What a container is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainerStatus {
    /// Made and never started.
    Created,
    /// Running.
    Running,
    /// Running, its processes frozen.
    Paused,
    /// Between two runs.
    Restarting,
    /// Being removed.
    Removing,
    /// Ended.
    Exited,
    /// Could not be removed.
    Dead,
    /// A state this version does not know.
    Other(String),
}

impl ContainerStatus {
    /// Reads the engine's word.
    pub(crate) fn read(word: &str) -> Self {
        match word {
            "created" => Self::Created,
            "running" => Self::Running,
            "paused" => Self::Paused,
            "restarting" => Self::Restarting,
            "removing" => Self::Removing,
            "exited" => Self::Exited,
            "dead" => Self::Dead,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Whether it was started and has not ended for good.
    pub(crate) fn is_up(&self) -> bool {
        matches!(self, Self::Running | Self::Paused | Self::Restarting)
    }

    /// The engine's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Restarting => "restarting",
            Self::Removing => "removing",
            Self::Exited => "exited",
            Self::Dead => "dead",
            Self::Other(word) => word,
        }
    }
}

/// What the health check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerHealth {
    /// There is no check.
    None,
    /// Not decided yet.
    Starting,
    /// It passes.
    Healthy,
    /// It fails.
    Unhealthy,
}

/// One line of the list of containers.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerSummary {
    /// Its id.
    pub id: ContainerId,
    /// Its name.
    pub name: ContainerName,
    /// The image as it was asked for, or an id.
    pub image: String,
    /// The image's content id.
    pub image_id: ImageId,
    /// The command as the engine shows it.
    pub command: String,
    /// Seconds since 1970 when it was made.
    pub created: i64,
    /// What it does.
    pub status: ContainerStatus,
    /// The engine's sentence: `Up 5 minutes (healthy)`.
    pub status_text: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Published and exposed ports as the engine lists them.
    pub ports: Vec<ListedPort>,
    /// The networks it has joined: name → id.
    pub networks: BTreeMap<NetworkName, NetworkId>,
    /// The addresses that it has in them while it runs.
    pub addresses: BTreeSet<(NetworkName, IpAddr)>,
    /// What is mounted: type, name or source, destination.
    pub mounts: Vec<ListedMount>,
}

/// A port in the list of containers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListedPort {
    /// The host's address.
    pub ip: Option<String>,
    /// The container's port.
    pub private: u16,
    /// The host's port.
    pub public: Option<u16>,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
}

/// A mount in the list of containers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedMount {
    /// `bind`, `volume`, `tmpfs`.
    pub kind: String,
    /// A volume's name.
    pub name: Option<String>,
    /// The host's path.
    pub source: String,
    /// The container's path.
    pub destination: String,
}

/// A container's state in detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerState {
    /// What it does.
    pub status: ContainerStatus,
    /// What its check says.
    pub health: ContainerHealth,
    /// The last run's exit code.
    pub exit_code: i64,
    /// Why it could not start.
    pub error: Option<String>,
    /// The output of the latest checks, oldest first.
    pub health_log: Vec<String>,
    /// How often the engine started it again.
    pub restart_count: i64,
    /// RFC 3339.
    pub started_at: Option<String>,
    /// RFC 3339.
    pub finished_at: Option<String>,
}

/// What a container was made with, in the engine's own words. Secrets may be among it.
#[derive(Clone, Default, PartialEq)]
pub struct ContainerSettings {
    /// What concerns its processes: the engine's `Config`.
    pub process: serde_json::Map<String, serde_json::Value>,
    /// What concerns the host: the engine's `HostConfig`.
    pub host: serde_json::Map<String, serde_json::Value>,
}

impl std::fmt::Debug for ContainerSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ContainerSettings(…)")
    }
}

/// Everything Compose needs to know about one container.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerDetails {
    /// Its id.
    pub id: ContainerId,
    /// Its name.
    pub name: ContainerName,
    /// The image as it was asked for.
    pub image: String,
    /// The image's content id.
    pub image_id: ImageId,
    /// Its state.
    pub state: ContainerState,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// It has a terminal, so its output is one raw stream.
    pub tty: bool,
    /// What is mounted.
    pub mounts: Vec<ListedMount>,
    /// The networks it has joined: name → id.
    pub networks: BTreeMap<NetworkName, NetworkId>,
    /// When the engine starts it again by itself: `always`, `unless-stopped`, `on-failure`; `None` for never.
    pub restart_policy: Option<String>,
    /// What it was made with.
    pub settings: ContainerSettings,
}

/// A change in a container's life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateChange {
    /// Which container.
    pub id: ContainerId,
    /// What happened: `start`, `die`, `health_status: healthy`, …
    pub action: String,
    /// The container's labels.
    pub labels: BTreeMap<String, String>,
    /// The exit code, of `die`.
    pub exit_code: Option<i64>,
}

/// Which output of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogRequest {
    /// Go on with what is written from now on.
    pub follow: bool,
    /// Only this many of the last lines; `None` is all.
    pub tail: Option<u64>,
    /// Only from here: RFC 3339 or its beginning, or seconds since 1970.
    pub since: Option<String>,
    /// Only up to here.
    pub until: Option<String>,
    /// Each line begins with its time.
    pub timestamps: bool,
}

/// Which of a process's outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogStream {
    /// Standard output, and everything of a terminal.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Bytes that a process wrote; not cut at lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogChunk {
    /// Where to.
    pub stream: LogStream,
    /// What.
    pub bytes: Vec<u8>,
}

/// A command to run in a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecRequest {
    /// Program and arguments.
    pub command: Vec<String>,
    /// `KEY=value`.
    pub environment: Vec<String>,
    /// The user.
    pub user: Option<String>,
    /// The working folder.
    pub working_dir: Option<String>,
    /// With every capability.
    pub privileged: bool,
    /// With a terminal; used by [`super::Console::open_exec`] alone.
    pub tty: bool,
    /// With standard input; used by [`super::Console::open_exec`] alone.
    pub stdin: bool,
}

/// A service's place in a network, for joining it after the container was made.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct EndpointRequest {
    /// Its names there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Links to other containers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<String>,
    /// Fixed addresses.
    #[serde(rename = "IPAMConfig", skip_serializing_if = "Option::is_none")]
    pub ipam: Option<EndpointAddresses>,
    /// A fixed MAC address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac_address: Option<String>,
    /// Options for the driver.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub driver_opts: BTreeMap<String, String>,
    /// Which network gives the default route (API 1.48).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gw_priority: Option<i64>,
}

/// Fixed addresses of an endpoint.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct EndpointAddresses {
    /// IPv4.
    #[serde(rename = "IPv4Address", skip_serializing_if = "Option::is_none")]
    pub ipv4: Option<String>,
    /// IPv6.
    #[serde(rename = "IPv6Address", skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<String>,
    /// Link-local.
    #[serde(rename = "LinkLocalIPs", skip_serializing_if = "Vec::is_empty")]
    pub link_local: Vec<String>,
}

/// How a network was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkSettings {
    /// The driver's options.
    pub options: BTreeMap<String, String>,
    /// No way out of it.
    pub internal: bool,
    /// Containers outside the project may join.
    pub attachable: bool,
    /// IPv6 addresses.
    pub ipv6: bool,
    /// The IPAM driver.
    pub ipam_driver: Option<String>,
    /// The subnets.
    pub subnets: Vec<String>,
}

/// A network of the engine.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkDetails {
    /// Its id.
    pub id: NetworkId,
    /// Its name.
    pub name: NetworkName,
    /// Its driver.
    pub driver: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The containers in it, where the engine says.
    pub containers: Vec<ContainerId>,
    /// How it was made.
    pub settings: NetworkSettings,
}

/// A volume of the engine.
#[derive(Clone, Debug, PartialEq)]
pub struct VolumeDetails {
    /// Its name.
    pub name: VolumeName,
    /// Its driver.
    pub driver: String,
    /// Where it is on the engine's machine.
    pub mountpoint: String,
    /// `local` or `global`.
    pub scope: String,
    /// The driver's options.
    pub options: BTreeMap<String, String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// An image of the engine.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageDetails {
    /// Its content id.
    pub id: ImageId,
    /// Its names.
    pub tags: Vec<String>,
    /// `name@sha256:…` by which registries know it.
    pub digests: Vec<String>,
    /// `os/arch[/variant]`.
    pub platform: String,
    /// RFC 3339.
    pub created: String,
    /// Bytes.
    pub size: i64,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The paths it declares as volumes.
    pub volumes: Vec<String>,
    /// The ports it exposes: `80/tcp`.
    pub exposed_ports: Vec<String>,
    /// When the engine last tagged it, RFC 3339.
    pub last_tagged: Option<String>,
    /// What its containers get where nothing else is asked for: the `process` of it.
    pub defaults: ContainerSettings,
}

/// How far a pull is.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct PullProgress {
    /// The layer, where the line is about one.
    pub layer: Option<String>,
    /// `Downloading`, `Pull complete`, …
    pub status: String,
    /// Bytes done.
    pub current: Option<u64>,
    /// Bytes in all.
    pub total: Option<u64>,
}

/// An image to build; what `crate::build` makes of a service's `build` section.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BuildRequest {
    /// Where the files come from.
    pub context: BuildSource,
    /// The Dockerfile's path in the context, or its text.
    pub dockerfile: DockerfileSource,
    /// The names of the result.
    pub tags: Vec<String>,
    /// Build arguments with their values; `None` passes a name without one.
    pub args: BTreeMap<String, Option<String>>,
    /// Labels of the result.
    pub labels: BTreeMap<String, String>,
    /// The stage to build.
    pub target: Option<String>,
    /// The network of `RUN` steps.
    pub network: Option<String>,
    /// `name:address`.
    pub extra_hosts: Vec<String>,
    /// Caches to read.
    pub cache_from: Vec<String>,
    /// Nothing is taken from the cache.
    pub no_cache: bool,
    /// Base images are pulled even when present.
    pub pull: bool,
    /// Bytes of `/dev/shm`.
    pub shm_size: Option<i64>,
    /// `name=soft:hard`.
    pub ulimits: Vec<String>,
    /// `os/arch`; `None` is one of `platforms`, or the engine's own.
    pub platform: Option<String>,
    /// What the image may be built for; anything when empty.
    pub platforms: Vec<String>,
    /// Caches to write.
    pub cache_to: Vec<String>,
    /// Stages that take nothing from the cache.
    pub no_cache_filter: Vec<String>,
    /// Named contexts beside the main one: a folder, a URL, or an image as `docker-image://…`.
    pub additional_contexts: BTreeMap<String, String>,
    /// What the build may do that builds may not: `network.host`, `security.insecure`.
    pub entitlements: Vec<String>,
    /// Which builder.
    pub builder: BuilderChoice,
    /// Secrets: id → where the bytes come from.
    pub secrets: BTreeMap<String, BuildSecretSource>,
    /// SSH agents and keys: id → path.
    pub ssh: Vec<(String, Option<String>)>,
    /// Isolation (Windows).
    pub isolation: Option<String>,
}

/// Which of the engine's two builders makes an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BuilderChoice {
    /// BuildKit where the engine has it, unless the build needs what only the classic builder can do.
    #[default]
    Auto,
    /// The classic one.
    Classic,
    /// BuildKit.
    BuildKit,
}

/// Where a build's files come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildSource {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A git repository or archive that the engine fetches itself.
    Remote(String),
}

impl Default for BuildSource {
    fn default() -> Self {
        Self::Folder(PathBuf::from("."))
    }
}

/// Where the Dockerfile comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DockerfileSource {
    /// A path, relative to the context or absolute.
    Path(PathBuf),
    /// Its text.
    Inline(String),
}

impl Default for DockerfileSource {
    fn default() -> Self {
        Self::Path(PathBuf::from("Dockerfile"))
    }
}

/// Where the bytes of a build secret come from.
#[derive(Clone, PartialEq, Eq)]
pub enum BuildSecretSource {
    /// A file of this machine.
    File(PathBuf),
    /// The bytes themselves.
    Bytes(Vec<u8>),
}

impl std::fmt::Debug for BuildSecretSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "File({})", path.display()),
            Self::Bytes(_) => f.write_str("Bytes(…)"),
        }
    }
}

/// What a build says while it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildOutput {
    /// A step begins: `[2/3] RUN make`.
    Step(String),
    /// A line of a step's output.
    Line(String),
    /// A step came from the cache.
    Cached(String),
}
