//! An engine that only exists in memory: it keeps containers, networks, volumes and images as a
//! Docker Engine would, refuses what one would refuse, and fails where a test tells it to.

use super::request::{ContainerBody, NetworkBody, VolumeBody};
use super::{
    AnonymousVolumes, ApiVersion, BuildOutput, BuildRequest, ContainerDetails, ContainerHealth, ContainerState, ContainerStatus,
    ContainerSummary, EndpointRequest, Engine, EngineError, EngineInfo, ExecRequest, ImageDetails, ListedMount, ListedPort, LogChunk,
    LogRequest, LogStream, NetworkDetails, PullProgress, Selector, StateChange, VolumeDetails,
};
use crate::names::{ContainerId, ContainerName, ImageId, ImageRef, NetworkId, NetworkName, VolumeName};
use async_trait::async_trait;
use futures::stream::{BoxStream, StreamExt};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::broadcast;

/// Changes that a slow watcher may lag behind.
const BACKLOG: usize = 4096;

/// What the containers of an image do once they are started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Behaviour {
    /// They end at once with this code; `None` keeps them running.
    pub exits: Option<i64>,
    /// They have a health check with this outcome.
    pub health: Option<bool>,
    /// What they write.
    pub output: String,
}

/// An engine in memory.
pub struct FakeEngine {
    world: Mutex<World>,
    changes: broadcast::Sender<StateChange>,
}

/// What the engine holds.
#[derive(Default)]
struct World {
    serial: u64,
    containers: BTreeMap<ContainerId, Container>,
    networks: BTreeMap<NetworkName, NetworkDetails>,
    volumes: BTreeMap<VolumeName, VolumeDetails>,
    images: BTreeMap<String, ImageDetails>,
    behaviours: BTreeMap<String, Behaviour>,
    registry: BTreeMap<String, ImageId>,
    faults: VecDeque<Fault>,
    delays: Vec<(String, Duration)>,
    calls: Vec<String>,
    open: usize,
    most_open: usize,
}

/// A call that is to fail.
struct Fault {
    call: String,
    skip: usize,
}

#[derive(Clone)]
struct Container {
    name: ContainerName,
    body: ContainerBody,
    image_id: ImageId,
    status: ContainerStatus,
    health: ContainerHealth,
    exit_code: i64,
    created: i64,
    mounts: Vec<ListedMount>,
    networks: BTreeMap<NetworkName, NetworkId>,
}

impl Default for FakeEngine {
    fn default() -> Self {
        Self::new()
    }
}

impl FakeEngine {
    /// An engine without anything in it.
    pub fn new() -> Self {
        let (changes, _) = broadcast::channel(BACKLOG);
        Self {
            world: Mutex::default(),
            changes,
        }
    }

    /// Puts an image into the engine.
    #[must_use]
    pub fn with_image(self, name: &str) -> Self {
        self.set_image(name, &format!("sha256:{name}"));
        self
    }

    /// Lets a name lead to an image, whether it did before or not.
    pub fn set_image(&self, name: &str, id: &str) {
        self.lock().name_image(name, image(name, id));
    }

    /// An image is gone, whatever its names, even where containers use it.
    pub fn forget_image(&self, id: &str) {
        self.lock().images.retain(|_, image| image.id.as_str() != id);
    }

    /// Lets a registry have an image.
    #[must_use]
    pub fn with_remote_image(self, name: &str) -> Self {
        self.lock()
            .registry
            .insert(name.to_owned(), ImageId::from(format!("sha256:remote-{name}")));
        self
    }

    /// Says what the containers of an image do.
    #[must_use]
    pub fn with_behaviour(self, image: &str, behaviour: Behaviour) -> Self {
        self.lock().behaviours.insert(image.to_owned(), behaviour);
        self
    }

    /// The call of this text fails once, after it has gone well `skip` times: `start shop-web-1`.
    pub fn fail(&self, call: &str, skip: usize) {
        self.lock().faults.push_back(Fault {
            call: call.to_owned(),
            skip,
        });
    }

    /// Calls that begin with this text take so long.
    pub fn delay(&self, call: &str, by: Duration) {
        self.lock().delays.push((call.to_owned(), by));
    }

    /// What has been asked for so far, questions excepted.
    pub fn calls(&self) -> Vec<String> {
        self.lock().calls.clone()
    }

    /// The most calls that were under way at a time.
    pub fn most_open(&self) -> usize {
        self.lock().most_open
    }

    /// Name and status of every container, by name.
    pub fn containers(&self) -> BTreeMap<String, ContainerStatus> {
        let world = self.lock();
        world
            .containers
            .values()
            .map(|container| (container.name.to_string(), container.status.clone()))
            .collect()
    }

    /// What a container was made from.
    pub fn body(&self, name: &str) -> Option<ContainerBody> {
        let world = self.lock();
        let found = world.containers.values().find(|container| container.name.as_str() == name);
        found.map(|container| container.body.clone())
    }

    /// The names of all networks.
    pub fn networks(&self) -> Vec<String> {
        self.lock().networks.keys().map(ToString::to_string).collect()
    }

    /// The names of all volumes.
    pub fn volumes(&self) -> Vec<String> {
        self.lock().volumes.keys().map(ToString::to_string).collect()
    }

    /// A container lets its health check's outcome change.
    pub fn set_health(&self, name: &str, healthy: bool) {
        let health = if healthy {
            ContainerHealth::Healthy
        } else {
            ContainerHealth::Unhealthy
        };
        self.change(name, "health_status", |container| container.health = health);
    }

    /// A container ends by itself.
    pub fn exit(&self, name: &str, code: i64) {
        self.change(name, "die", |container| {
            container.status = ContainerStatus::Exited;
            container.exit_code = code;
        });
    }

    fn change(&self, name: &str, action: &str, change: impl FnOnce(&mut Container)) {
        let mut world = self.lock();
        let found = world.containers.iter_mut().find(|(_, container)| container.name.as_str() == name);
        if let Some((id, container)) = found {
            change(container);
            self.tell(id, container, action);
        }
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("no call panics with the lock")
    }

    fn tell(&self, id: &ContainerId, container: &Container, action: &str) {
        let change = StateChange {
            id: id.clone(),
            action: action.to_owned(),
            labels: container.body.labels.clone(),
            exit_code: (action == "die").then_some(container.exit_code),
        };
        // Nobody watching is fine.
        let _ = self.changes.send(change);
    }

    /// Notes a call, takes its time, and fails if a test wants it to.
    async fn call(&self, verb: &str, subject: &str) -> Result<(), EngineError> {
        let text = format!("{verb} {subject}");
        let (delay, fails) = {
            let mut world = self.lock();
            world.calls.push(text.clone());
            world.open += 1;
            world.most_open = world.most_open.max(world.open);
            let delay = world
                .delays
                .iter()
                .find(|(call, _)| text.starts_with(call.as_str()))
                .map(|(_, by)| *by);
            (delay, world.fault(&text))
        };
        // Gives every other call a chance to begin, so that parallel ones are seen to be.
        tokio::time::sleep(delay.unwrap_or_default()).await;
        self.lock().open -= 1;
        if fails { Err(refused(&text, 500, "made to fail")) } else { Ok(()) }
    }

    fn name_of(&self, id: &ContainerId) -> String {
        self.lock()
            .containers
            .get(id)
            .map_or_else(|| id.to_string(), |container| container.name.to_string())
    }

    fn with_container<T>(&self, id: &ContainerId, attempt: &str, use_it: impl FnOnce(&mut Container) -> T) -> Result<T, EngineError> {
        let mut world = self.lock();
        let container = world
            .containers
            .get_mut(id)
            .ok_or_else(|| refused(attempt, 404, "no such container"))?;
        Ok(use_it(container))
    }
}

impl World {
    fn fault(&mut self, text: &str) -> bool {
        let Some(index) = self.faults.iter().position(|fault| fault.call == text) else {
            return false;
        };
        if self.faults[index].skip > 0 {
            self.faults[index].skip -= 1;
            return false;
        }
        self.faults.remove(index);
        true
    }

    /// Gives a name to an image; the one that had it stays, under its id only.
    fn name_image(&mut self, name: &str, image: ImageDetails) {
        let id = image.id.clone();
        if let Some(before) = self.images.insert(name.to_owned(), image)
            && before.id != id
        {
            let nameless = ImageDetails {
                tags: Vec::new(),
                ..before
            };
            self.images.insert(nameless.id.to_string(), nameless);
        }
    }

    fn next_id(&mut self) -> String {
        self.serial += 1;
        format!("{:064x}", self.serial)
    }

    fn holder_of_port(&self, body: &ContainerBody) -> Option<&Container> {
        let wanted = host_ports(body);
        let running = self
            .containers
            .values()
            .filter(|container| container.status == ContainerStatus::Running);
        running
            .into_iter()
            .find(|container| host_ports(&container.body).iter().any(|port| wanted.contains(port)))
    }

    fn network_by_id(&self, id: &str) -> Option<NetworkName> {
        let found = self
            .networks
            .values()
            .find(|network| network.id.as_str() == id || network.name.as_str() == id)?;
        Some(found.name.clone())
    }

    /// The volumes that a new container mounts; named ones are made where they are missing, as the engine does.
    fn mounts(&mut self, body: &ContainerBody) -> Vec<ListedMount> {
        let mut wanted: Vec<(Option<String>, String)> = Vec::new();
        for bind in &body.host_config.binds {
            let mut parts = bind.split(':');
            if let (Some(source), Some(target)) = (parts.next(), parts.next())
                && !source.starts_with('/')
            {
                wanted.push((Some(source.to_owned()), target.to_owned()));
            }
        }
        let volumes = body.host_config.mounts.iter().filter(|mount| mount.kind == "volume");
        wanted.extend(volumes.map(|mount| (mount.source.clone(), mount.target.clone())));
        wanted
            .into_iter()
            .map(|(name, destination)| {
                let name = name.unwrap_or_else(|| self.next_id());
                let volume = VolumeDetails {
                    name: VolumeName::new(&name),
                    driver: "local".to_owned(),
                    mountpoint: format!("/volumes/{name}"),
                    scope: "local".to_owned(),
                    labels: BTreeMap::new(),
                };
                self.volumes.entry(volume.name.clone()).or_insert(volume);
                ListedMount {
                    kind: "volume".to_owned(),
                    name: Some(name),
                    source: String::new(),
                    destination,
                }
            })
            .collect()
    }

    /// The networks that a new container joins.
    fn joined(&self, body: &ContainerBody, attempt: &str) -> Result<BTreeMap<NetworkName, NetworkId>, EngineError> {
        let endpoints = body.networking_config.iter().flat_map(|config| config.endpoints_config.keys());
        let mut joined = BTreeMap::new();
        for name in endpoints {
            let network = self
                .networks
                .get(name.as_str())
                .ok_or_else(|| refused(attempt, 404, &format!("network {name} not found")))?;
            joined.insert(network.name.clone(), network.id.clone());
        }
        if let Some(id) = body
            .host_config
            .network_mode
            .as_deref()
            .and_then(|mode| mode.strip_prefix("container:"))
            && !self.containers.contains_key(id)
        {
            return Err(refused(attempt, 404, &format!("no such container: {id}")));
        }
        Ok(joined)
    }
}

fn refused(attempt: &str, status: u16, message: &str) -> EngineError {
    EngineError::Refused {
        attempt: attempt.to_owned(),
        status,
        message: message.to_owned(),
    }
}

fn image(name: &str, id: &str) -> ImageDetails {
    ImageDetails {
        id: ImageId::new(id),
        tags: vec![name.to_owned()],
        digests: Vec::new(),
        platform: "linux/amd64".to_owned(),
        created: String::new(),
        size: 0,
        labels: BTreeMap::new(),
        volumes: Vec::new(),
        exposed_ports: Vec::new(),
        last_tagged: None,
    }
}

/// The fixed ports of the host that a container wants.
fn host_ports(body: &ContainerBody) -> Vec<(u16, String)> {
    let bindings = body.host_config.port_bindings.iter();
    bindings
        .flat_map(|(port, bindings)| {
            let protocol = port.split_once('/').map_or("tcp", |(_, protocol)| protocol).to_owned();
            bindings
                .iter()
                .filter_map(move |binding| Some((binding.host_port.parse().ok()?, protocol.clone())))
        })
        .collect()
}

fn matches(labels: &BTreeMap<String, String>, selector: &Selector) -> bool {
    selector.labels.iter().all(|wanted| match wanted.split_once('=') {
        Some((key, value)) => labels.get(key).is_some_and(|found| found == value),
        None => labels.contains_key(wanted),
    })
}

impl Container {
    fn summary(&self, id: &ContainerId) -> ContainerSummary {
        let ports = if self.status == ContainerStatus::Running {
            host_ports(&self.body)
        } else {
            Vec::new()
        };
        ContainerSummary {
            id: id.clone(),
            name: self.name.clone(),
            image: self.body.image.clone(),
            image_id: self.image_id.clone(),
            command: String::new(),
            created: self.created,
            status: self.status.clone(),
            status_text: String::new(),
            labels: self.body.labels.clone(),
            ports: ports
                .into_iter()
                .map(|(public, protocol)| ListedPort {
                    ip: None,
                    private: public,
                    public: Some(public),
                    protocol,
                })
                .collect(),
            networks: self.networks.clone(),
            mounts: self.mounts.clone(),
        }
    }

    fn details(&self, id: &ContainerId) -> ContainerDetails {
        ContainerDetails {
            id: id.clone(),
            name: self.name.clone(),
            image: self.body.image.clone(),
            image_id: self.image_id.clone(),
            state: ContainerState {
                status: self.status.clone(),
                health: self.health,
                exit_code: self.exit_code,
                error: None,
                health_log: Vec::new(),
                restart_count: 0,
                started_at: None,
                finished_at: None,
            },
            labels: self.body.labels.clone(),
            tty: false,
            mounts: self.mounts.clone(),
            networks: self.networks.clone(),
        }
    }
}

#[async_trait]
impl Engine for FakeEngine {
    async fn info(&self) -> Result<EngineInfo, EngineError> {
        Ok(EngineInfo {
            api: ApiVersion { major: 1, minor: 45 },
            version: "fake".to_owned(),
            platform: "linux/amd64".to_owned(),
            buildkit: true,
        })
    }

    async fn list_containers(&self, selector: &Selector) -> Result<Vec<ContainerSummary>, EngineError> {
        let world = self.lock();
        let found = world
            .containers
            .iter()
            .filter(|(_, container)| matches(&container.body.labels, selector));
        Ok(found.map(|(id, container)| container.summary(id)).collect())
    }

    async fn inspect_container(&self, id: &ContainerId) -> Result<Option<ContainerDetails>, EngineError> {
        Ok(self.lock().containers.get(id).map(|container| container.details(id)))
    }

    async fn create_container(
        &self,
        name: &ContainerName,
        _platform: Option<&str>,
        body: &ContainerBody,
    ) -> Result<ContainerId, EngineError> {
        self.call("create", name.as_str()).await?;
        let attempt = format!("create container {name}");
        let mut world = self.lock();
        if world.containers.values().any(|other| other.name == *name) {
            return Err(refused(&attempt, 409, &format!("the container name \"{name}\" is already in use")));
        }
        let by_id = || world.images.values().find(|image| image.id.as_str() == body.image);
        let Some(image_id) = world.images.get(&body.image).or_else(by_id).map(|image| image.id.clone()) else {
            return Err(refused(&attempt, 404, &format!("no such image: {}", body.image)));
        };
        let networks = world.joined(body, &attempt)?;
        let id = ContainerId::from(world.next_id());
        let mounts = world.mounts(body);
        let container = Container {
            name: name.clone(),
            body: body.clone(),
            image_id,
            status: ContainerStatus::Created,
            health: ContainerHealth::None,
            exit_code: 0,
            created: i64::try_from(world.serial).unwrap_or(i64::MAX),
            mounts,
            networks,
        };
        self.tell(&id, &container, "create");
        world.containers.insert(id.clone(), container);
        Ok(id)
    }

    async fn start_container(&self, id: &ContainerId) -> Result<(), EngineError> {
        let name = self.name_of(id);
        self.call("start", &name).await?;
        let attempt = format!("start container {name}");
        let mut world = self.lock();
        let Some(container) = world.containers.get(id).cloned() else {
            return Err(refused(&attempt, 404, "no such container"));
        };
        if container.status == ContainerStatus::Running {
            return Ok(());
        }
        if let Some(holder) = world.holder_of_port(&container.body) {
            let message = format!("port is already allocated by {}", holder.name);
            return Err(refused(&attempt, 500, &message));
        }
        let behaviour = world.behaviours.get(&container.body.image).cloned().unwrap_or_default();
        let Some(container) = world.containers.get_mut(id) else {
            return Ok(());
        };
        container.status = ContainerStatus::Running;
        self.tell(id, container, "start");
        container.health = match behaviour.health {
            None => ContainerHealth::None,
            Some(true) => ContainerHealth::Healthy,
            Some(false) => ContainerHealth::Unhealthy,
        };
        if behaviour.health.is_some() {
            self.tell(id, container, "health_status");
        }
        if let Some(code) = behaviour.exits {
            container.status = ContainerStatus::Exited;
            container.exit_code = code;
            self.tell(id, container, "die");
        }
        Ok(())
    }

    async fn stop_container(&self, id: &ContainerId, _grace: Option<Duration>) -> Result<(), EngineError> {
        let name = self.name_of(id);
        self.call("stop", &name).await?;
        self.with_container(id, &format!("stop container {name}"), |container| {
            if container.status == ContainerStatus::Running {
                container.status = ContainerStatus::Exited;
                container.exit_code = 137;
                self.tell(id, container, "die");
            }
        })
    }

    async fn kill_container(&self, id: &ContainerId, _signal: &str) -> Result<(), EngineError> {
        self.stop_container(id, None).await
    }

    async fn restart_container(&self, id: &ContainerId, _grace: Option<Duration>) -> Result<(), EngineError> {
        let name = self.name_of(id);
        self.call("restart", &name).await?;
        self.with_container(id, &format!("restart container {name}"), |container| {
            container.status = ContainerStatus::Running;
            self.tell(id, container, "start");
        })
    }

    async fn remove_container(&self, id: &ContainerId, volumes: AnonymousVolumes) -> Result<(), EngineError> {
        self.call("remove", &self.name_of(id)).await?;
        let mut world = self.lock();
        let Some(container) = world.containers.remove(id) else {
            return Ok(());
        };
        if volumes == AnonymousVolumes::Remove {
            let anonymous = container
                .mounts
                .iter()
                .filter_map(|mount| mount.name.as_deref())
                .filter(|name| name.len() == 64);
            for name in anonymous {
                world.volumes.remove(name);
            }
        }
        self.tell(id, &container, "destroy");
        Ok(())
    }

    async fn rename_container(&self, id: &ContainerId, name: &ContainerName) -> Result<(), EngineError> {
        self.call("rename", &format!("{} {name}", self.name_of(id))).await?;
        if self.lock().containers.values().any(|other| other.name == *name) {
            return Err(refused(
                "rename container",
                409,
                &format!("the container name \"{name}\" is already in use"),
            ));
        }
        self.with_container(id, "rename container", |container| container.name = name.clone())
    }

    async fn upload(&self, id: &ContainerId, folder: &str, _tar: Vec<u8>) -> Result<(), EngineError> {
        self.call("upload", &format!("{} {folder}", self.name_of(id))).await
    }

    async fn wait_container(&self, id: &ContainerId) -> Result<i64, EngineError> {
        let mut changes = self.changes.subscribe();
        loop {
            let state = self.with_container(id, "wait for container", |container| {
                (container.status.clone(), container.exit_code)
            })?;
            if state.0 != ContainerStatus::Running {
                return Ok(state.1);
            }
            if changes.recv().await.is_err() {
                return Ok(state.1);
            }
        }
    }

    fn logs(&self, id: &ContainerId, _request: &LogRequest) -> BoxStream<'static, Result<LogChunk, EngineError>> {
        let world = self.lock();
        let image = world
            .containers
            .get(id)
            .map(|container| container.body.image.clone())
            .unwrap_or_default();
        let output = world
            .behaviours
            .get(&image)
            .map(|behaviour| behaviour.output.clone())
            .unwrap_or_default();
        let chunk = LogChunk {
            stream: LogStream::Stdout,
            bytes: output.into_bytes(),
        };
        futures::stream::iter([Ok(chunk)]).boxed()
    }

    async fn exec(&self, id: &ContainerId, request: &ExecRequest, output: &mut (dyn FnMut(LogChunk) + Send)) -> Result<i64, EngineError> {
        let command = request.command.join(" ");
        self.call("exec", &format!("{} {command}", self.name_of(id))).await?;
        output(LogChunk {
            stream: LogStream::Stdout,
            bytes: format!("{command}\n").into_bytes(),
        });
        Ok(i64::from(command == "false"))
    }

    async fn watch(&self, selector: &Selector) -> Result<BoxStream<'static, Result<StateChange, EngineError>>, EngineError> {
        let (changes, selector) = (self.changes.subscribe(), selector.clone());
        let stream = futures::stream::unfold((changes, selector), |(mut changes, selector)| async move {
            loop {
                match changes.recv().await {
                    Ok(change) if matches(&change.labels, &selector) => return Some((Ok(change), (changes, selector))),
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return None,
                }
            }
        });
        Ok(stream.boxed())
    }

    async fn list_networks(&self, selector: &Selector) -> Result<Vec<NetworkDetails>, EngineError> {
        let world = self.lock();
        Ok(world
            .networks
            .values()
            .filter(|network| matches(&network.labels, selector))
            .cloned()
            .collect())
    }

    async fn inspect_network(&self, name: &str) -> Result<Option<NetworkDetails>, EngineError> {
        Ok(self.lock().networks.get(name).cloned())
    }

    async fn create_network(&self, body: &NetworkBody) -> Result<NetworkId, EngineError> {
        self.call("create network", &body.name).await?;
        let mut world = self.lock();
        let name = NetworkName::new(&body.name);
        if world.networks.contains_key(&name) {
            return Err(refused("create network", 409, &format!("network with name {name} already exists")));
        }
        let id = NetworkId::from(world.next_id());
        let network = NetworkDetails {
            id: id.clone(),
            name: name.clone(),
            driver: body.driver.clone().unwrap_or_else(|| "bridge".to_owned()),
            labels: body.labels.clone(),
            containers: Vec::new(),
        };
        world.networks.insert(name, network);
        Ok(id)
    }

    async fn remove_network(&self, id: &NetworkId) -> Result<(), EngineError> {
        let Some(name) = self.lock().network_by_id(id.as_str()) else {
            return Ok(());
        };
        self.call("remove network", name.as_str()).await?;
        let mut world = self.lock();
        let in_use = |container: &Container| container.status == ContainerStatus::Running && container.networks.get(&name) == Some(id);
        if world.containers.values().any(in_use) {
            return Err(refused("remove network", 403, &format!("network {name} has active endpoints")));
        }
        world.networks.remove(&name);
        Ok(())
    }

    async fn connect_network(
        &self,
        network: &NetworkName,
        container: &ContainerId,
        _endpoint: &EndpointRequest,
    ) -> Result<(), EngineError> {
        self.call("connect", &format!("{} {network}", self.name_of(container))).await?;
        let found = self.lock().networks.get(network).map(|network| network.id.clone());
        let id = found.ok_or_else(|| refused("connect", 404, &format!("network {network} not found")))?;
        self.with_container(container, "connect", |container| {
            container.networks.insert(network.clone(), id);
        })
    }

    async fn disconnect_network(&self, network: &str, container: &ContainerId) -> Result<(), EngineError> {
        self.call("disconnect", &format!("{} {network}", self.name_of(container))).await?;
        self.with_container(container, "disconnect", |container| {
            container.networks.remove(network);
        })
    }

    async fn list_volumes(&self, selector: &Selector) -> Result<Vec<VolumeDetails>, EngineError> {
        let world = self.lock();
        Ok(world
            .volumes
            .values()
            .filter(|volume| matches(&volume.labels, selector))
            .cloned()
            .collect())
    }

    async fn inspect_volume(&self, name: &VolumeName) -> Result<Option<VolumeDetails>, EngineError> {
        Ok(self.lock().volumes.get(name).cloned())
    }

    async fn create_volume(&self, body: &VolumeBody) -> Result<(), EngineError> {
        self.call("create volume", &body.name).await?;
        let volume = VolumeDetails {
            name: VolumeName::new(&body.name),
            driver: body.driver.clone().unwrap_or_else(|| "local".to_owned()),
            mountpoint: format!("/volumes/{}", body.name),
            scope: "local".to_owned(),
            labels: body.labels.clone(),
        };
        self.lock().volumes.entry(volume.name.clone()).or_insert(volume);
        Ok(())
    }

    async fn remove_volume(&self, name: &VolumeName) -> Result<(), EngineError> {
        self.call("remove volume", name.as_str()).await?;
        let mut world = self.lock();
        let mounts = |container: &Container| container.mounts.iter().any(|mount| mount.name.as_deref() == Some(name.as_str()));
        if world.containers.values().any(mounts) {
            return Err(refused("remove volume", 409, &format!("volume {name} is in use")));
        }
        world.volumes.remove(name);
        Ok(())
    }

    async fn inspect_image(&self, image: &str) -> Result<Option<ImageDetails>, EngineError> {
        let world = self.lock();
        let by_id = || world.images.values().find(|found| found.id.as_str() == image);
        Ok(world.images.get(image).or_else(by_id).cloned())
    }

    async fn pull_image(
        &self,
        image_name: &ImageRef,
        _platform: Option<&str>,
        _progress: &mut (dyn FnMut(PullProgress) + Send),
    ) -> Result<(), EngineError> {
        self.call("pull", image_name.as_str()).await?;
        let mut world = self.lock();
        let Some(id) = world.registry.get(image_name.as_str()).cloned() else {
            return Err(refused(&format!("pull {image_name}"), 404, "manifest unknown"));
        };
        world.images.insert(image_name.to_string(), image(image_name.as_str(), id.as_str()));
        Ok(())
    }

    async fn tag_image(&self, id: &ImageId, name: &ImageRef) -> Result<(), EngineError> {
        self.call("tag", name.as_str()).await?;
        self.set_image(name.as_str(), id.as_str());
        Ok(())
    }

    async fn remove_image(&self, image: &str) -> Result<(), EngineError> {
        self.call("remove image", image).await?;
        let mut world = self.lock();
        if world.containers.values().any(|container| container.body.image == image) {
            return Err(refused("remove image", 409, &format!("image {image} is being used")));
        }
        world.images.remove(image);
        Ok(())
    }

    async fn build_image(&self, request: BuildRequest, output: &mut (dyn FnMut(BuildOutput) + Send)) -> Result<ImageId, EngineError> {
        let name = request.tags.first().cloned().unwrap_or_default();
        self.call("build", &name).await?;
        output(BuildOutput::Step("[1/1] FROM scratch".to_owned()));
        let id = format!("sha256:{}", self.lock().next_id());
        for tag in &request.tags {
            let mut built = image(tag, &id);
            built.labels.clone_from(&request.labels);
            self.lock().name_image(tag, built);
        }
        Ok(ImageId::from(id))
    }
}
