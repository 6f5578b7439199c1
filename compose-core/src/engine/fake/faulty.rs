//! An engine in memory that misbehaves on the way: it refuses, is away, loses its answers, or gives none.

use super::FakeEngine;
use super::world::refused;
use crate::engine::request::{ContainerBody, NetworkBody, VolumeBody};
use crate::engine::{
    AnonymousVolumes, BuildOutput, BuildRequest, ContainerDetails, ContainerSummary, EndpointRequest, Engine, EngineError, EngineInfo,
    ExecRequest, ImageDetails, LogChunk, LogRequest, NetworkDetails, PullProgress, Selector, StateChange, VolumeDetails,
};
use crate::names::{ContainerId, ContainerName, ImageId, ImageRef, NetworkId, NetworkName, VolumeName};
use async_trait::async_trait;
use futures::stream::BoxStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is refused, for no reason that anybody would know.
    Refused,
    /// Nobody is there to answer.
    Away,
    /// It is done, and the answer is lost.
    Lost,
    /// It is neither done nor answered.
    Hangs,
}

/// How often it goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// Once.
    Once,
    /// Until the engine is healed.
    Always,
}

/// What a test has planned.
struct Planned {
    verb: String,
    fault: Fault,
    times: Times,
}

/// A [`FakeEngine`] that misbehaves where a test tells it to.
pub struct FaultyEngine {
    engine: Arc<FakeEngine>,
    planned: Mutex<Option<Planned>>,
    hits: Mutex<usize>,
}

impl FaultyEngine {
    /// One that behaves well until it is told otherwise.
    pub fn over(engine: Arc<FakeEngine>) -> Self {
        Self {
            engine,
            planned: Mutex::default(),
            hits: Mutex::default(),
        }
    }

    /// Lets calls of a verb go wrong from now on, `inspect_container` for instance.
    pub fn misbehave(&self, verb: &str, fault: Fault, times: Times) {
        *self.hits.lock().expect("no call panics with the lock") = 0;
        let verb = verb.to_owned();
        *self.planned() = Some(Planned { verb, fault, times });
    }

    /// Lets everything go well again.
    pub fn heal(&self) {
        *self.planned() = None;
    }

    /// How many calls went wrong since it was told to misbehave.
    pub fn hits(&self) -> usize {
        *self.hits.lock().expect("no call panics with the lock")
    }

    fn planned(&self) -> MutexGuard<'_, Option<Planned>> {
        self.planned.lock().expect("no call panics with the lock")
    }

    fn fate(&self, verb: &str) -> Option<Fault> {
        let mut planned = self.planned();
        let Planned { fault, times, .. } = planned.as_ref().filter(|planned| planned.verb == verb)?;
        let (fault, times) = (*fault, *times);
        if times == Times::Once {
            *planned = None;
        }
        *self.hits.lock().expect("no call panics with the lock") += 1;
        Some(fault)
    }

    async fn pass<T>(&self, verb: &str, call: impl Future<Output = Result<T, EngineError>>) -> Result<T, EngineError> {
        let attempt = verb.replace('_', " ");
        match self.fate(verb) {
            None => call.await,
            Some(Fault::Refused) => Err(refused(&attempt, 500, "the engine is not well")),
            Some(Fault::Away) => Err(EngineError::Unreachable {
                socket: PathBuf::from("engine.sock"),
                source: std::io::ErrorKind::ConnectionRefused.into(),
            }),
            Some(Fault::Lost) => {
                call.await?;
                let message = "the connection broke".to_owned();
                Err(EngineError::Transport { attempt, message })
            }
            Some(Fault::Hangs) => std::future::pending().await,
        }
    }
}

#[async_trait]
impl Engine for FaultyEngine {
    async fn info(&self) -> Result<EngineInfo, EngineError> {
        self.pass("info", self.engine.info()).await
    }

    async fn list_containers(&self, selector: &Selector) -> Result<Vec<ContainerSummary>, EngineError> {
        self.pass("list_containers", self.engine.list_containers(selector)).await
    }

    async fn inspect_container(&self, id: &ContainerId) -> Result<Option<ContainerDetails>, EngineError> {
        self.pass("inspect_container", self.engine.inspect_container(id)).await
    }

    async fn create_container(
        &self,
        name: &ContainerName,
        platform: Option<&str>,
        body: &ContainerBody,
    ) -> Result<ContainerId, EngineError> {
        let call = self.engine.create_container(name, platform, body);
        self.pass("create_container", call).await
    }

    async fn start_container(&self, id: &ContainerId) -> Result<(), EngineError> {
        self.pass("start_container", self.engine.start_container(id)).await
    }

    async fn stop_container(&self, id: &ContainerId, grace: Option<Duration>) -> Result<(), EngineError> {
        self.pass("stop_container", self.engine.stop_container(id, grace)).await
    }

    async fn kill_container(&self, id: &ContainerId, signal: &str) -> Result<(), EngineError> {
        self.pass("kill_container", self.engine.kill_container(id, signal)).await
    }

    async fn restart_container(&self, id: &ContainerId, grace: Option<Duration>) -> Result<(), EngineError> {
        self.pass("restart_container", self.engine.restart_container(id, grace)).await
    }

    async fn remove_container(&self, id: &ContainerId, volumes: AnonymousVolumes) -> Result<(), EngineError> {
        self.pass("remove_container", self.engine.remove_container(id, volumes)).await
    }

    async fn rename_container(&self, id: &ContainerId, name: &ContainerName) -> Result<(), EngineError> {
        self.pass("rename_container", self.engine.rename_container(id, name)).await
    }

    async fn upload(&self, id: &ContainerId, folder: &str, tar: Vec<u8>) -> Result<(), EngineError> {
        self.pass("upload", self.engine.upload(id, folder, tar)).await
    }

    async fn wait_container(&self, id: &ContainerId) -> Result<i64, EngineError> {
        self.pass("wait_container", self.engine.wait_container(id)).await
    }

    fn logs(&self, id: &ContainerId, request: &LogRequest) -> BoxStream<'static, Result<LogChunk, EngineError>> {
        self.engine.logs(id, request)
    }

    async fn exec(&self, id: &ContainerId, request: &ExecRequest, output: &mut (dyn FnMut(LogChunk) + Send)) -> Result<i64, EngineError> {
        self.pass("exec", self.engine.exec(id, request, output)).await
    }

    async fn watch(&self, selector: &Selector) -> Result<BoxStream<'static, Result<StateChange, EngineError>>, EngineError> {
        self.pass("watch", self.engine.watch(selector)).await
    }

    async fn list_networks(&self, selector: &Selector) -> Result<Vec<NetworkDetails>, EngineError> {
        self.pass("list_networks", self.engine.list_networks(selector)).await
    }

    async fn inspect_network(&self, name: &str) -> Result<Option<NetworkDetails>, EngineError> {
        self.pass("inspect_network", self.engine.inspect_network(name)).await
    }

    async fn create_network(&self, body: &NetworkBody) -> Result<NetworkId, EngineError> {
        self.pass("create_network", self.engine.create_network(body)).await
    }

    async fn remove_network(&self, id: &NetworkId) -> Result<(), EngineError> {
        self.pass("remove_network", self.engine.remove_network(id)).await
    }

    async fn connect_network(&self, network: &NetworkName, container: &ContainerId, endpoint: &EndpointRequest) -> Result<(), EngineError> {
        let call = self.engine.connect_network(network, container, endpoint);
        self.pass("connect_network", call).await
    }

    async fn disconnect_network(&self, network: &str, container: &ContainerId) -> Result<(), EngineError> {
        let call = self.engine.disconnect_network(network, container);
        self.pass("disconnect_network", call).await
    }

    async fn list_volumes(&self, selector: &Selector) -> Result<Vec<VolumeDetails>, EngineError> {
        self.pass("list_volumes", self.engine.list_volumes(selector)).await
    }

    async fn inspect_volume(&self, name: &VolumeName) -> Result<Option<VolumeDetails>, EngineError> {
        self.pass("inspect_volume", self.engine.inspect_volume(name)).await
    }

    async fn create_volume(&self, body: &VolumeBody) -> Result<(), EngineError> {
        self.pass("create_volume", self.engine.create_volume(body)).await
    }

    async fn remove_volume(&self, name: &VolumeName) -> Result<(), EngineError> {
        self.pass("remove_volume", self.engine.remove_volume(name)).await
    }

    async fn inspect_image(&self, image: &str) -> Result<Option<ImageDetails>, EngineError> {
        self.pass("inspect_image", self.engine.inspect_image(image)).await
    }

    async fn pull_image(
        &self,
        image: &ImageRef,
        platform: Option<&str>,
        progress: &mut (dyn FnMut(PullProgress) + Send),
    ) -> Result<(), EngineError> {
        let call = self.engine.pull_image(image, platform, progress);
        self.pass("pull_image", call).await
    }

    async fn tag_image(&self, image: &ImageId, name: &ImageRef) -> Result<(), EngineError> {
        self.pass("tag_image", self.engine.tag_image(image, name)).await
    }

    async fn remove_image(&self, image: &str) -> Result<(), EngineError> {
        self.pass("remove_image", self.engine.remove_image(image)).await
    }

    async fn build_image(&self, request: BuildRequest, output: &mut (dyn FnMut(BuildOutput) + Send)) -> Result<ImageId, EngineError> {
        self.pass("build_image", self.engine.build_image(request, output)).await
    }
}
