//! Compares containers with what their services ask for now, setting by setting. Each is asked about on its own: this is for
//! those who tell people, and for limits, of which no label knows.

mod limits;
mod settings;
pub(super) mod shared;

use super::{Differences, Observed, ObservedContainer};
use crate::engine::request::{self, Outside, PathMap, Replica};
use crate::engine::{ApiVersion, ContainerSettings, Engine, EngineError};
use crate::model::{Project, Service};
use crate::names::{ContainerId, ImageId, ReplicaNumber};
use crate::plan::image_name;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Questions that are open at a time.
const OPEN_QUESTIONS: usize = 16;

/// Settings in the engine's words.
type Settings = serde_json::Map<String, Value>;

/// Notes in what each container of a project's services differs from what would be made now.
pub async fn compare(engine: &dyn Engine, project: &Project, paths: &PathMap, observed: &mut Observed) -> Result<(), EngineError> {
    let api = engine.info().await?.api;
    let known = observed.services.iter().filter(|(name, _)| project.services.contains_key(*name));
    let containers: Vec<&ObservedContainer> = known.flat_map(|(_, containers)| containers).collect();
    let ids: Vec<ContainerId> = containers.iter().map(|container| container.id.clone()).collect();
    let images: BTreeSet<ImageId> = containers.iter().map(|container| container.image.clone()).collect();
    let (found, defaults) = futures::try_join!(found(engine, ids), defaults(engine, images))?;
    let before = observed.clone();
    let asking = Asking {
        project,
        observed: &before,
        outside: Outside {
            api_socket: engine.api_socket(),
            ..Outside::default()
        },
        api,
        paths,
    };
    for (name, containers) in &mut observed.services {
        let Some(service) = project.services.get(name) else { continue };
        for container in containers {
            if let Some(found) = found.get(&container.id) {
                container.differences = asking.differences(service, container, found, defaults.get(&container.image));
            }
        }
    }
    Ok(())
}

async fn found(engine: &dyn Engine, ids: Vec<ContainerId>) -> Result<BTreeMap<ContainerId, ContainerSettings>, EngineError> {
    let questions = ids.into_iter().map(|id| async move {
        let found = engine.inspect_container(&id).await?;
        Ok::<_, EngineError>(found.map(|details| (id, details.settings)))
    });
    let answers: Vec<_> = stream::iter(questions).buffer_unordered(OPEN_QUESTIONS).try_collect().await?;
    Ok(answers.into_iter().flatten().collect())
}

async fn defaults(engine: &dyn Engine, images: BTreeSet<ImageId>) -> Result<BTreeMap<ImageId, Settings>, EngineError> {
    let questions = images.into_iter().map(|id| async move {
        let found = engine.inspect_image(id.as_str()).await?;
        Ok::<_, EngineError>(found.map(|image| (id, image.defaults.process)))
    });
    let answers: Vec<_> = stream::iter(questions).buffer_unordered(OPEN_QUESTIONS).try_collect().await?;
    Ok(answers.into_iter().flatten().collect())
}

/// What would be asked for.
struct Asking<'a> {
    project: &'a Project,
    observed: &'a Observed,
    outside: Outside,
    api: ApiVersion,
    paths: &'a PathMap,
}

impl Asking<'_> {
    fn differences(
        &self,
        service: &Service,
        container: &ObservedContainer,
        found: &ContainerSettings,
        defaults: Option<&Settings>,
    ) -> Differences {
        let limits = limits::limits(&in_words(&request::limits(service)), &found.host);
        let wanted = self.wanted(service, container);
        // Without its image it is not known what nobody asked for.
        let settings = wanted
            .zip(defaults)
            .map(|(wanted, defaults)| settings::settings(&wanted, found, defaults));
        Differences {
            limits,
            settings: settings.unwrap_or_default(),
        }
    }

    /// What the container would be made with; `None` where that cannot be asked for.
    fn wanted(&self, service: &Service, container: &ObservedContainer) -> Option<ContainerSettings> {
        let of_peer = |replicas: &Vec<ObservedContainer>| replicas.iter().map(|peer| (peer.id.clone(), peer.name.clone())).collect();
        let peers = self
            .observed
            .services
            .iter()
            .map(|(name, replicas)| (name.clone(), of_peer(replicas)));
        let replica = Replica {
            number: container.owner.number().unwrap_or(ReplicaNumber::FIRST),
            name: container.name.clone(),
            image: image_name(&self.project.name, service).to_string(),
            image_id: container.image.clone(),
            labels: service.labels.clone(),
            inherited_volumes: BTreeMap::new(),
            peers: peers.collect(),
            one_off: None,
            outside: self.outside.clone(),
        };
        let request = request::container(self.project, service, &replica, self.api, self.paths).ok()?;
        let mut process = in_words(&request.body);
        let host = process.remove("HostConfig");
        Some(ContainerSettings {
            process,
            host: host.and_then(|host| host.as_object().cloned()).unwrap_or_default(),
        })
    }
}

fn in_words(body: &impl serde::Serialize) -> Settings {
    match serde_json::to_value(body) {
        Ok(Value::Object(fields)) => fields,
        // Bodies are objects.
        _ => Settings::new(),
    }
}
