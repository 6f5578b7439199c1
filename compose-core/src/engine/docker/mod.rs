//! A Docker Engine, over its HTTP API.
//!
//! One HTTP client carries everything: the plain verbs go through bollard, whose requests get their
//! API version in `transport`; what its models cannot hold on old engines, or would refuse from
//! other ones, is asked with our own bodies and read with our own tolerant structs.

mod again;
mod answer;
mod build;
mod build_classic;
mod build_kit;
mod build_progress;
mod call;
mod console;
mod containers;
mod described;
mod digest;
mod events;
mod exec;
mod frames;
mod images;
mod logs;
mod moment;
mod networks;
mod session;
mod session_files;
mod session_secrets;
mod snapshot;
#[cfg(test)]
mod tests;
mod transport;
mod usage;
mod volumes;

pub use moment::moment;

use super::request::{ApiSocket, ContainerBody, NetworkBody, VolumeBody};
use super::{
    AnonymousVolumes, BuildOutput, BuildRequest, ContainerDetails, ContainerSummary, Credentials, EndpointRequest, Engine, EngineAddress,
    EngineError, EngineInfo, ExecRequest, ImageDetails, LogChunk, LogRequest, NetworkDetails, PullProgress, Selector, StateChange,
    VolumeDetails,
};
use crate::names::{ContainerId, ContainerName, ImageId, ImageRef, NetworkId, NetworkName, VolumeName};
use async_trait::async_trait;
use futures::stream::BoxStream;
use std::sync::Arc;
use std::time::Duration;
use transport::Transport;

/// A Docker Engine. Clones share their connections.
#[derive(Clone)]
pub struct DockerEngine {
    transport: Arc<Transport>,
    docker: bollard::Docker,
    credentials: Arc<Credentials>,
}

impl DockerEngine {
    /// Prepares to speak to an engine; nothing is sent before the first request, which agrees on the API version.
    pub fn connect(address: &EngineAddress) -> Result<Self, EngineError> {
        let transport = Arc::new(Transport::new(address)?);
        let docker = transport::bollard(Arc::clone(&transport))?;
        let credentials = Arc::default();
        Ok(Self {
            transport,
            docker,
            credentials,
        })
    }

    /// The same engine, showing these credentials to registries.
    #[must_use]
    pub fn with_credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Arc::new(credentials);
        self
    }

    /// What is shown to registries.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Where the engine listens.
    pub fn address(&self) -> &EngineAddress {
        self.transport.address()
    }

    /// bollard's client, once the API version is agreed on.
    pub(crate) async fn docker(&self) -> Result<&bollard::Docker, EngineError> {
        self.transport.agree().await?;
        Ok(&self.docker)
    }
}

impl std::fmt::Debug for DockerEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DockerEngine({})", self.address())
    }
}

/// Each verb is in the module of its resource; here they are only put under the trait's names.
#[async_trait]
impl Engine for DockerEngine {
    async fn info(&self) -> Result<EngineInfo, EngineError> {
        self.engine_info().await
    }

    fn api_socket(&self) -> Option<ApiSocket> {
        match self.address() {
            EngineAddress::Unix(path) => Some(ApiSocket {
                path: path.clone(),
                credentials: self.credentials.to_config_file(),
            }),
            EngineAddress::Tcp { .. } => None,
        }
    }

    async fn list_containers(&self, selector: &Selector) -> Result<Vec<ContainerSummary>, EngineError> {
        self.containers(selector).await
    }

    async fn inspect_container(&self, id: &ContainerId) -> Result<Option<ContainerDetails>, EngineError> {
        self.container(id).await
    }

    async fn create_container(
        &self,
        name: &ContainerName,
        platform: Option<&str>,
        body: &ContainerBody,
    ) -> Result<ContainerId, EngineError> {
        self.new_container(name, platform, body).await
    }

    async fn start_container(&self, id: &ContainerId) -> Result<(), EngineError> {
        self.start(id).await
    }

    async fn stop_container(&self, id: &ContainerId, grace: Option<Duration>) -> Result<(), EngineError> {
        self.stop(id, grace).await
    }

    async fn kill_container(&self, id: &ContainerId, signal: &str) -> Result<(), EngineError> {
        self.kill(id, signal).await
    }

    async fn restart_container(&self, id: &ContainerId, grace: Option<Duration>) -> Result<(), EngineError> {
        self.restart(id, grace).await
    }

    async fn remove_container(&self, id: &ContainerId, volumes: AnonymousVolumes) -> Result<(), EngineError> {
        self.delete_container(id, volumes).await
    }

    async fn rename_container(&self, id: &ContainerId, name: &ContainerName) -> Result<(), EngineError> {
        self.rename(id, name).await
    }

    async fn upload(&self, id: &ContainerId, folder: &str, tar: Vec<u8>) -> Result<(), EngineError> {
        self.unpack(id, folder, tar).await
    }

    async fn wait_container(&self, id: &ContainerId) -> Result<i64, EngineError> {
        self.exit_code(id).await
    }

    fn logs(&self, id: &ContainerId, request: &LogRequest) -> BoxStream<'static, Result<LogChunk, EngineError>> {
        self.log_stream(id, request)
    }

    async fn exec(&self, id: &ContainerId, request: &ExecRequest, output: &mut (dyn FnMut(LogChunk) + Send)) -> Result<i64, EngineError> {
        self.run_in(id, request, output).await
    }

    async fn watch(&self, selector: &Selector) -> Result<BoxStream<'static, Result<StateChange, EngineError>>, EngineError> {
        self.state_changes(selector).await
    }

    async fn list_networks(&self, selector: &Selector) -> Result<Vec<NetworkDetails>, EngineError> {
        self.networks(selector).await
    }

    async fn inspect_network(&self, name: &str) -> Result<Option<NetworkDetails>, EngineError> {
        self.network(name).await
    }

    async fn create_network(&self, body: &NetworkBody) -> Result<NetworkId, EngineError> {
        self.new_network(body).await
    }

    async fn remove_network(&self, id: &NetworkId) -> Result<(), EngineError> {
        self.delete_network(id).await
    }

    async fn connect_network(&self, network: &NetworkName, container: &ContainerId, endpoint: &EndpointRequest) -> Result<(), EngineError> {
        self.join(network, container, endpoint).await
    }

    async fn disconnect_network(&self, network: &str, container: &ContainerId) -> Result<(), EngineError> {
        self.leave(network, container).await
    }

    async fn list_volumes(&self, selector: &Selector) -> Result<Vec<VolumeDetails>, EngineError> {
        self.volumes(selector).await
    }

    async fn inspect_volume(&self, name: &VolumeName) -> Result<Option<VolumeDetails>, EngineError> {
        self.volume(name).await
    }

    async fn create_volume(&self, body: &VolumeBody) -> Result<(), EngineError> {
        self.new_volume(body).await
    }

    async fn remove_volume(&self, name: &VolumeName) -> Result<(), EngineError> {
        self.delete_volume(name).await
    }

    async fn inspect_image(&self, image: &str) -> Result<Option<ImageDetails>, EngineError> {
        self.image(image).await
    }

    async fn pull_image(
        &self,
        image: &ImageRef,
        platform: Option<&str>,
        progress: &mut (dyn FnMut(PullProgress) + Send),
    ) -> Result<(), EngineError> {
        self.pull(image, platform, progress).await
    }

    async fn tag_image(&self, image: &ImageId, name: &ImageRef) -> Result<(), EngineError> {
        self.tag(image, name).await
    }

    async fn remove_image(&self, image: &str) -> Result<(), EngineError> {
        self.delete_image(image).await
    }

    async fn build_image(&self, request: BuildRequest, output: &mut (dyn FnMut(BuildOutput) + Send)) -> Result<ImageId, EngineError> {
        self.build(request, output).await
    }
}
