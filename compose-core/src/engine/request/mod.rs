//! From the model to the bodies of engine requests: pure, for one API version and one [`PathMap`].

mod body;
mod container;
mod files;
mod health;
mod mounts;
mod network;
mod paths;
mod ports;
mod problem;
mod rehearsal;
mod resources;
mod security;
#[cfg(test)]
mod tests;
mod volume;

pub use body::{
    BindBody, ContainerBody, DeviceBody, DeviceRequestBody, HealthBody, HostConfig, ImageMountBody, IpamBody, LogConfig, MountBody,
    NetworkBody, NetworkingConfig, PoolBody, PortBinding, RateBody, ResourcesBody, RestartPolicyBody, TmpfsBody, UlimitBody, VolumeBody,
    VolumeMountBody, WeightBody,
};
pub use container::{container, limits};
pub use network::network;
pub use paths::PathMap;
pub use problem::{Problem, RequestError};
pub use rehearsal::rehearse;
pub use security::seccomp_profiles;
pub use volume::volume;

use super::types::EndpointRequest;
use crate::names::{ContainerId, ContainerName, ImageId, NetworkName, ReplicaNumber, ServiceName};
use std::collections::BTreeMap;

/// One container of a service, as it is to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Replica {
    /// Which of the service's containers.
    pub number: ReplicaNumber,
    /// The name it will keep, also where it is made under another one at first.
    pub name: ContainerName,
    /// What goes into the request as the image: a reference, or an id where a reference would not lead there.
    pub image: String,
    /// The content id that `image` leads to.
    pub image_id: ImageId,
    /// Every label, the bookkeeping ones included.
    pub labels: BTreeMap<String, String>,
    /// Anonymous volumes of the container that this one replaces: destination → volume name.
    pub inherited_volumes: BTreeMap<String, String>,
    /// The containers of services that this one shares a namespace, volumes or links with.
    pub peers: BTreeMap<ServiceName, Vec<(ContainerId, ContainerName)>>,
    /// What is different for a container of `run`; `None` for those of `up`.
    pub one_off: Option<OneOff>,
    /// What the request needs from outside the project.
    pub outside: Outside,
}

/// What is different for a container of `run`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OneOff {
    /// It is removed when it ends.
    pub auto_remove: bool,
    /// It answers to the service's name and aliases too.
    pub service_aliases: bool,
    /// Standard input is attached, and closes with the client.
    pub attach_stdin: bool,
}

/// What a request needs from outside the project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outside {
    /// Seccomp profiles by path as written; [`seccomp_profiles`] reads them.
    pub seccomp: BTreeMap<String, String>,
    /// What `use_api_socket` gives to a container; `None` where the engine has no socket on its host.
    pub api_socket: Option<ApiSocket>,
}

/// What `use_api_socket` gives to a container.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiSocket {
    /// The engine's socket, as this process knows it; the [`PathMap`] says what the host calls it.
    pub path: std::path::PathBuf,
    /// Registry credentials, as a Docker `config.json`.
    pub credentials: String,
}

impl std::fmt::Debug for ApiSocket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ApiSocket({})", self.path.display())
    }
}

/// What has to be done to make one container.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerRequest {
    /// The create request.
    pub body: ContainerBody,
    /// `os/arch[/variant]` of the image to use.
    pub platform: Option<String>,
    /// Networks to join between create and start.
    pub connect: Vec<(NetworkName, EndpointRequest)>,
    /// Files to put into the container between create and start: secrets and configs that are no files of the host.
    pub uploads: Vec<Upload>,
    /// What a person should know: attributes that have no effect here, with the reason.
    pub warnings: Vec<String>,
}

/// Files to put into a container.
#[derive(Clone, PartialEq, Eq)]
pub struct Upload {
    /// The folder under which they go.
    pub folder: String,
    /// A tar archive.
    pub tar: Vec<u8>,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Upload({}, {} bytes)", self.folder, self.tar.len())
    }
}
