//! The engine in memory as an engine.

use super::FakeEngine;
use super::world::{Container, image, matches, refused};
use crate::engine::request::{ContainerBody, NetworkBody, VolumeBody};
use crate::engine::{
    AnonymousVolumes, ApiVersion, BuildOutput, BuildRequest, ContainerDetails, ContainerHealth, ContainerStatus, ContainerSummary,
    EndpointRequest, Engine, EngineError, EngineInfo, ExecRequest, ImageDetails, LogChunk, LogRequest, LogStream, NetworkDetails,
    NetworkSettings, PullProgress, Selector, StateChange, VolumeDetails,
};
use crate::names::{ContainerId, ContainerName, ImageId, ImageRef, NetworkId, NetworkName, VolumeName};
use async_trait::async_trait;
use futures::stream::{BoxStream, StreamExt};
use std::time::Duration;
use tokio::sync::broadcast;

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
        world.answers("list containers")?;
        let found = world
            .containers
            .iter()
            .filter(|(_, container)| matches(&container.body.labels, selector));
        Ok(found.map(|(id, container)| container.summary(id)).collect())
    }

    async fn inspect_container(&self, id: &ContainerId) -> Result<Option<ContainerDetails>, EngineError> {
        let world = self.lock();
        world.answers("inspect container")?;
        Ok(world.containers.get(id).map(|container| container.details(id)))
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
            finished_at: None,
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
            container.end(code);
            self.tell(id, container, "die");
        }
        Ok(())
    }

    async fn stop_container(&self, id: &ContainerId, _grace: Option<Duration>) -> Result<(), EngineError> {
        let name = self.name_of(id);
        self.call("stop", &name).await?;
        self.with_container(id, &format!("stop container {name}"), |container| {
            if container.status == ContainerStatus::Running {
                container.end(137);
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
        let world = self.lock();
        world.answers("inspect network")?;
        Ok(world.network(name))
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
            settings: NetworkSettings {
                options: body.options.clone(),
                internal: body.internal,
                attachable: body.attachable,
                ..NetworkSettings::default()
            },
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
            options: body.driver_opts.clone(),
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
        let found = world.images.get(image).or_else(by_id);
        Ok(found.map(|found| ImageDetails {
            tags: world.names_of(&found.id),
            ..found.clone()
        }))
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
        let mut world = self.lock();
        let found = world.images.values().find(|found| found.id == *id).cloned();
        let found = found.ok_or_else(|| refused(&format!("tag {name}"), 404, &format!("no such image: {id}")))?;
        world.name_image(name.as_str(), found);
        Ok(())
    }

    async fn remove_image(&self, image: &str) -> Result<(), EngineError> {
        self.call("remove image", image).await?;
        let mut world = self.lock();
        let by_id = || world.images.values().find(|found| found.id.as_str() == image);
        let Some(id) = world.images.get(image).or_else(by_id).map(|found| found.id.clone()) else {
            return Ok(());
        };
        let names = world.names_of(&id);
        let is_last = !names.iter().any(|name| name != image);
        if !is_last && names.iter().any(|name| name == image) {
            world.images.remove(image);
            return Ok(());
        }
        if !is_last && names.len() > 1 {
            return Err(refused("remove image", 409, &format!("image {image} has several names")));
        }
        if world.containers.values().any(|container| container.image_id == id) {
            return Err(refused("remove image", 409, &format!("image {image} is being used")));
        }
        world.images.retain(|_, found| found.id != id);
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
