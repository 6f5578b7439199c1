//! Makes networks, volumes and containers: from the plan's words to the engine's.

use super::error::StepError;
use super::execute::Job;
use crate::engine::AnonymousVolumes;
use crate::engine::request::{self, ContainerRequest, Replica};
use crate::event::Event;
use crate::hash::config_hash;
use crate::labels::{DependencyNote, Ownership, Role, SharedOwnership};
use crate::model::{NamespaceMode, Project, Service};
use crate::names::{ContainerId, ContainerName, ImageId, NetworkKey, ServiceName, VolumeKey};
use crate::plan::{Action, ContainerRef, NewContainer, Target, network_hash, resolve_references, volume_hash};
use crate::source::DiskReader;
use std::collections::BTreeMap;

/// The containers that a new one shares something with.
type Peers = BTreeMap<ServiceName, Vec<(ContainerId, ContainerName)>>;

impl Job<'_> {
    pub(super) async fn create_network(&self, key: &NetworkKey) -> Result<(), StepError> {
        let project = self.model()?;
        let network = project.networks.get(key).ok_or_else(|| StepError::NotInProject {
            what: format!("network {key}"),
        })?;
        let owner = SharedOwnership {
            project: project.name.clone(),
            key: Some(key.clone()),
            config_hash: Some(network_hash(network)),
        };
        let mut labels = network.labels.clone();
        labels.extend(owner.network_labels());
        let body = request::network(project, key, network, labels, self.api)?;
        self.context.engine.create_network(&body).await?;
        Ok(())
    }

    pub(super) async fn create_volume(&self, key: &VolumeKey) -> Result<(), StepError> {
        let project = self.model()?;
        let volume = project.volumes.get(key).ok_or_else(|| StepError::NotInProject {
            what: format!("volume {key}"),
        })?;
        let owner = SharedOwnership {
            project: project.name.clone(),
            key: Some(key.clone()),
            config_hash: Some(volume_hash(volume)),
        };
        let mut labels = volume.labels.clone();
        labels.extend(owner.volume_labels());
        self.context
            .engine
            .create_volume(&request::volume(project, key, volume, labels))
            .await?;
        Ok(())
    }

    /// Makes a container with its networks and files; one that cannot be completed is removed again.
    pub(super) async fn create_container(&self, new: &NewContainer) -> Result<ContainerId, StepError> {
        let (project, service) = (self.model()?, self.service(&new.service)?);
        let peers = self.peers(service, new)?;
        let image_id = self.image_of(new).await?;
        let owner = ownership(project, service, new, &peers, &image_id);
        let mut labels = service.labels.clone();
        labels.extend(owner.to_labels());
        let replica = Replica {
            number: new.number,
            name: new.name.clone(),
            image: new.image.clone(),
            image_id,
            labels,
            inherited_volumes: new
                .inherited_volumes
                .iter()
                .map(|(path, volume)| (path.clone(), volume.to_string()))
                .collect(),
            peers,
            one_off: new.one_off.as_ref().map(|role| request::OneOff {
                auto_remove: role.auto_remove,
                service_aliases: role.service_aliases,
                attach_stdin: service.process.stdin_open,
            }),
            outside: request::Outside {
                seccomp: request::seccomp_profiles(project, service, &DiskReader)?,
                api_socket: self.context.engine.api_socket(),
            },
        };
        let request = request::container(project, service, &replica, self.api, &self.context.paths)?;
        for message in &request.warnings {
            self.context.events.emit(Event::Warning { message: message.clone() });
        }
        let name = new.temporary_name.as_ref().unwrap_or(&new.name);
        let id = self
            .context
            .engine
            .create_container(name, request.platform.as_deref(), &request.body)
            .await?;
        if let Err(error) = self.complete(&id, &request).await {
            // The first failure is the one to tell; a removal that fails as well leaves what the next run finds.
            let _ = self.context.engine.remove_container(&id, AnonymousVolumes::Keep).await;
            return Err(error);
        }
        Ok(id)
    }

    async fn complete(&self, id: &ContainerId, request: &ContainerRequest) -> Result<(), StepError> {
        for (network, endpoint) in &request.connect {
            self.context.engine.connect_network(network, id, endpoint).await?;
        }
        for upload in &request.uploads {
            self.context.engine.upload(id, &upload.folder, upload.tar.clone()).await?;
        }
        Ok(())
    }

    fn peers(&self, service: &Service, new: &NewContainer) -> Result<Peers, StepError> {
        let find = |target: &Target| Ok((self.find(target)?, self.name_for_links(service, target)));
        new.peers
            .iter()
            .map(|(peer, targets)| Ok((peer.clone(), targets.iter().map(&find).collect::<Result<_, StepError>>()?)))
            .collect()
    }

    /// The name by which a link finds a container: in networks of the user it is looked up later, in
    /// the engine's own network at once, when a replacement still bears its temporary name.
    fn name_for_links(&self, service: &Service, target: &Target) -> ContainerName {
        let at_once = matches!(&service.networking.network_mode, Some(NamespaceMode::Other(_)));
        match (&target.at, at_once) {
            (ContainerRef::Created(step), true) => match &self.plan.step(*step).action {
                Action::CreateContainer(NewContainer {
                    temporary_name: Some(name),
                    ..
                }) => name.clone(),
                _ => target.name.clone(),
            },
            _ => target.name.clone(),
        }
    }

    async fn image_of(&self, new: &NewContainer) -> Result<ImageId, StepError> {
        if let Some(id) = &new.image_id {
            return Ok(id.clone());
        }
        let found = self.context.engine.inspect_image(&new.image).await?;
        found.map(|image| image.id).ok_or_else(|| StepError::NotInProject {
            what: format!("image {}", new.image),
        })
    }
}

fn ownership(project: &Project, service: &Service, new: &NewContainer, peers: &Peers, image: &ImageId) -> Ownership {
    let firsts = peers.iter().filter_map(|(name, containers)| {
        let first = containers.iter().min_by(|a, b| a.1.cmp(&b.1))?;
        Some((name.clone(), first.0.clone()))
    });
    let depends_on = service.lifecycle.depends_on.iter().map(|(name, dependency)| DependencyNote {
        service: name.clone(),
        condition: dependency.condition,
        restart: dependency.restart,
    });
    Ownership {
        role: match &new.one_off {
            Some(role) => Role::OneOff { slug: role.slug.clone() },
            None => Role::Replica(Some(new.number)),
        },
        config_hash: Some(config_hash(&resolve_references(service, &firsts.collect()))),
        image: Some(image.clone()),
        depends_on: depends_on.collect(),
        working_dir: Some(project.working_dir.clone()),
        config_files: project.compose_files.clone(),
        replaces: new.replaces.as_ref().and_then(|old| match &old.at {
            ContainerRef::Existing(id) => Some(id.clone()),
            ContainerRef::Created(_) => None,
        }),
        ..Ownership::replica(project.name.clone(), service.name.clone(), new.number)
    }
}
