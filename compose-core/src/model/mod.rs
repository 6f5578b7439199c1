//! The canonical, typed project: what a compose application is once every file has been read.
//!
//! What has type [`Project`] is valid: its references resolve, its defaults are filled in, its
//! paths are absolute. No later code checks or completes it again.
//!
//! Numbers and texts for which the reference makes no difference between "absent" and zero or
//! empty are `None` in both cases.

mod build;
mod deploy;
mod extension;
mod health;
mod mounts;
mod network;
mod ports;
mod project;
mod resources;
mod service;
mod units;

pub use build::{Build, BuildSecret, Develop, SshKey, WatchAction, WatchRule};
pub use deploy::{Deploy, DeployResources, GenericResource, Placement, ResourceSpec, RestartRule, UpdateConfig};
pub use extension::{Any, Extensions};
pub use health::{HealthCheck, HealthTest};
pub use mounts::{BindOptions, FileGrant, Mount, MountKind, TmpfsOptions, VolumeOptions};
pub use network::{Endpoint, Ipam, IpamPool, Network};
pub use ports::{Port, PortProtocol};
pub use project::{Config, Model, Project, Secret, SecretSource, Volume};
pub use resources::{Blkio, Device, DeviceCount, DeviceRequest, Resources, ThrottleDevice, Ulimit, WeightDevice};
pub use service::{
    Condition, CredentialSpec, Dependency, EnvFile, Extends, ExtraHosts, Hook, Isolation, Lifecycle, Logging, ModelGrant, NamespaceMode,
    Networking, Process, Provider, PullPolicy, RestartPolicy, Service, Storage,
};
pub use units::{ByteSize, Duration, InvalidDuration, InvalidSize};

/// Key-value settings that always have a value: labels, annotations, driver options.
pub type StringMap = std::collections::BTreeMap<String, String>;

/// Key-value settings in which `None` means "take the caller's value, if it has one".
pub type OptionalStringMap = std::collections::BTreeMap<String, Option<String>>;
