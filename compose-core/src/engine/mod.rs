//! The narrow seam to a container engine: the verbs that Compose needs, and no more.
//!
//! [`DockerEngine`] speaks to a Docker Engine; a simulation of one stands on the other side in tests.

mod address;
mod console;
mod credentials;
pub mod docker;
mod error;
#[cfg(any(test, feature = "test-util"))]
pub mod fake;
mod types;

pub use address::EngineAddress;
pub use console::{
    Attached, CommitRequest, Console, Ending, ExecSession, Happening, Input, Ownership, PathKind, PathStat, ProcessTable, TerminalSize,
    Usage,
};
pub use credentials::{Credential, Credentials, CredentialsError};
pub use docker::DockerEngine;
pub use error::{EngineError, Trouble};
pub use types::{
    ApiVersion, BuildOutput, BuildRequest, BuildSecretSource, BuildSource, BuilderChoice, ContainerDetails, ContainerHealth,
    ContainerSettings, ContainerState, ContainerStatus, ContainerSummary, DockerfileSource, EndpointAddresses, EndpointRequest, EngineInfo,
    ExecRequest, ImageDetails, ListedMount, ListedPort, LogChunk, LogRequest, LogStream, NetworkDetails, NetworkSettings, PullProgress,
    Selector, StateChange, VolumeDetails,
};

use crate::names::{ContainerId, ContainerName, ImageId, ImageRef, NetworkId, NetworkName, VolumeName};
use async_trait::async_trait;
use futures::stream::BoxStream;
use request::{ApiSocket, ContainerBody, NetworkBody, VolumeBody};
use std::time::Duration;

pub mod request;

/// A container engine.
///
/// Every call may be dropped before it is done; the engine then finishes or abandons the request
/// by itself, and a later observation tells which.
#[async_trait]
pub trait Engine: Send + Sync {
    /// What the engine is and which API was agreed on.
    async fn info(&self) -> Result<EngineInfo, EngineError>;
    /// What `use_api_socket` gives to containers; `None` where the engine is not reached over a socket of its host.
    fn api_socket(&self) -> Option<ApiSocket> {
        None
    }

    /// The containers, running or not, that carry the selector's labels.
    async fn list_containers(&self, selector: &Selector) -> Result<Vec<ContainerSummary>, EngineError>;
    /// Everything about one container; `None` when there is none.
    async fn inspect_container(&self, id: &ContainerId) -> Result<Option<ContainerDetails>, EngineError>;
    /// Makes a container.
    async fn create_container(
        &self,
        name: &ContainerName,
        platform: Option<&str>,
        body: &ContainerBody,
    ) -> Result<ContainerId, EngineError>;
    /// Starts a container; one that runs is left alone.
    async fn start_container(&self, id: &ContainerId) -> Result<(), EngineError>;
    /// Stops a container, killing it after `grace`; `None` is the container's own grace period. One that does not run is left alone.
    async fn stop_container(&self, id: &ContainerId, grace: Option<Duration>) -> Result<(), EngineError>;
    /// Sends a signal.
    async fn kill_container(&self, id: &ContainerId, signal: &str) -> Result<(), EngineError>;
    /// Stops and starts a container.
    async fn restart_container(&self, id: &ContainerId, grace: Option<Duration>) -> Result<(), EngineError>;
    /// Removes a container, running or not, with its anonymous volumes when asked; one that is gone is fine.
    async fn remove_container(&self, id: &ContainerId, volumes: AnonymousVolumes) -> Result<(), EngineError>;
    /// Gives a container another name.
    async fn rename_container(&self, id: &ContainerId, name: &ContainerName) -> Result<(), EngineError>;
    /// Unpacks a tar archive into a container's folder.
    async fn upload(&self, id: &ContainerId, folder: &str, tar: Vec<u8>) -> Result<(), EngineError>;
    /// Waits until a container does not run; its exit code.
    async fn wait_container(&self, id: &ContainerId) -> Result<i64, EngineError>;
    /// A container's output. The stream ends with the container when following, else at the end of what was written.
    fn logs(&self, id: &ContainerId, request: &LogRequest) -> BoxStream<'static, Result<LogChunk, EngineError>>;
    /// Runs a command in a container; its output goes to the sink, its exit code is returned.
    async fn exec(&self, id: &ContainerId, request: &ExecRequest, output: &mut (dyn FnMut(LogChunk) + Send)) -> Result<i64, EngineError>;
    /// State changes of the selector's containers from the moment of the call: the stream is subscribed when this returns.
    async fn watch(&self, selector: &Selector) -> Result<BoxStream<'static, Result<StateChange, EngineError>>, EngineError>;

    /// The networks that carry the selector's labels.
    async fn list_networks(&self, selector: &Selector) -> Result<Vec<NetworkDetails>, EngineError>;
    /// A network by name or id; `None` when there is none.
    async fn inspect_network(&self, name: &str) -> Result<Option<NetworkDetails>, EngineError>;
    /// Makes a network; a second of the same name is an error.
    async fn create_network(&self, body: &NetworkBody) -> Result<NetworkId, EngineError>;
    /// Removes a network; one that is gone is fine.
    async fn remove_network(&self, id: &NetworkId) -> Result<(), EngineError>;
    /// Joins a container to a network.
    async fn connect_network(&self, network: &NetworkName, container: &ContainerId, endpoint: &EndpointRequest) -> Result<(), EngineError>;
    /// Takes a container out of a network, also one that does not run.
    async fn disconnect_network(&self, network: &str, container: &ContainerId) -> Result<(), EngineError>;

    /// The volumes that carry the selector's labels.
    async fn list_volumes(&self, selector: &Selector) -> Result<Vec<VolumeDetails>, EngineError>;
    /// A volume; `None` when there is none.
    async fn inspect_volume(&self, name: &VolumeName) -> Result<Option<VolumeDetails>, EngineError>;
    /// Makes a volume.
    async fn create_volume(&self, body: &VolumeBody) -> Result<(), EngineError>;
    /// Removes a volume; one that is gone is fine.
    async fn remove_volume(&self, name: &VolumeName) -> Result<(), EngineError>;

    /// An image by reference or id; `None` when it is not here.
    async fn inspect_image(&self, image: &str) -> Result<Option<ImageDetails>, EngineError>;
    /// Fetches an image from its registry, with the credentials that the engine object holds for it.
    async fn pull_image(
        &self,
        image: &ImageRef,
        platform: Option<&str>,
        progress: &mut (dyn FnMut(PullProgress) + Send),
    ) -> Result<(), EngineError>;
    /// Gives an image another name.
    async fn tag_image(&self, image: &ImageId, name: &ImageRef) -> Result<(), EngineError>;
    /// Removes a name of an image, and the image with its last name; one that is gone is fine.
    async fn remove_image(&self, image: &str) -> Result<(), EngineError>;
    /// Builds an image.
    async fn build_image(&self, request: BuildRequest, output: &mut (dyn FnMut(BuildOutput) + Send)) -> Result<ImageId, EngineError>;
}

/// What becomes of a container's anonymous volumes when it is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnonymousVolumes {
    /// They stay.
    Keep,
    /// They go too.
    Remove,
}
