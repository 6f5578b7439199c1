//! Asks the engine: one list for each kind of thing, whatever the number of services.

use super::compare::shared;
use super::differences::Differences;
use super::state::{
    Activity, Observed, ObservedContainer, ObservedImage, ObservedMount, ObservedNetwork, ObservedPort, ObservedVolume, Stranger,
};
use crate::engine::{ContainerStatus, ContainerSummary, Engine, EngineError, ImageDetails, Selector};
use crate::labels::{self, Ownership, Role, SharedOwnership};
use crate::model::{Network, Project, Volume};
use crate::names::{ImageRef, NetworkName, ProjectName, VolumeName};
use futures::stream::{self, StreamExt, TryStreamExt};
use std::collections::{BTreeMap, BTreeSet};

/// Questions about single images, networks and volumes that are open at a time.
const OPEN_QUESTIONS: usize = 16;

/// What there is of a project; a model adds the things of others that it names.
pub async fn observe(engine: &dyn Engine, name: &ProjectName, project: Option<&Project>) -> Result<Observed, EngineError> {
    // Others may bear the names that the model's containers are to have.
    let selector = project.map_or_else(|| labels::of_project(name), |_| Selector::default());
    let (containers, networks, volumes, images) = futures::try_join!(
        async { engine.list_containers(&selector).await },
        networks(engine, name, project),
        volumes(engine, name, project),
        async {
            match project {
                Some(project) => observe_images(engine, &image_names(project)).await,
                None => Ok(BTreeMap::new()),
            }
        },
    )?;
    let mut observed = Observed {
        networks,
        volumes,
        images,
        ..Observed::default()
    };
    for summary in containers {
        place(&mut observed, name, summary);
    }
    for replicas in observed.services.values_mut() {
        replicas.sort_by(|a, b| (a.owner.number(), &a.name, &a.id).cmp(&(b.owner.number(), &b.name, &b.id)));
    }
    observed.one_offs.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    Ok(observed)
}

/// The images that are there, of those that are asked for.
pub async fn observe_images(engine: &dyn Engine, names: &BTreeSet<ImageRef>) -> Result<BTreeMap<ImageRef, ObservedImage>, EngineError> {
    // Names of its own for each question: with borrowed ones the future could not be proved to be `Send`.
    let questions = names.iter().cloned().map(|name| async move {
        let found = engine.inspect_image(name.as_str()).await?;
        Ok::<_, EngineError>(found.map(|image| (name, image_of(image))))
    });
    let answers: Vec<_> = stream::iter(questions).buffer_unordered(OPEN_QUESTIONS).try_collect().await?;
    Ok(answers.into_iter().flatten().collect())
}

fn image_names(project: &Project) -> BTreeSet<ImageRef> {
    project
        .services
        .values()
        .map(|service| crate::plan::image_name(&project.name, service))
        .collect()
}

fn place(observed: &mut Observed, name: &ProjectName, summary: ContainerSummary) {
    let owner = match Ownership::read(&summary.labels) {
        Some(owner) if owner.project == *name => owner,
        other => {
            let owner = other.map(|owner| (owner.project, owner.service));
            observed.strangers.insert(summary.name, Stranger { id: summary.id, owner });
            return;
        }
    };
    let container = container_of(summary, owner);
    match container.owner.role {
        Role::OneOff { .. } => observed.one_offs.push(container),
        Role::Replica(_) => observed
            .services
            .entry(container.owner.service.clone())
            .or_default()
            .push(container),
    }
}

fn container_of(summary: ContainerSummary, owner: Ownership) -> ObservedContainer {
    let binds = summary.mounts.iter().filter(|mount| mount.kind == "bind");
    let binds = binds.map(|mount| mount.source.clone()).collect();
    let volumes = summary
        .mounts
        .into_iter()
        .filter(|mount| mount.kind == "volume")
        .filter_map(|mount| {
            Some(ObservedMount {
                volume: VolumeName::from(mount.name?),
                destination: mount.destination,
            })
        });
    let ports: BTreeSet<ObservedPort> = summary
        .ports
        .into_iter()
        .filter_map(|port| {
            Some(ObservedPort {
                published: port.public?,
                protocol: port.protocol,
            })
        })
        .collect();
    ObservedContainer {
        volumes: volumes.collect(),
        ports: ports.into_iter().collect(),
        activity: activity_of(&summary.status),
        id: summary.id,
        name: summary.name,
        created: summary.created,
        image: summary.image_id,
        networks: summary.networks,
        addresses: summary.addresses,
        binds,
        owner,
        differences: Differences::default(),
    }
}

fn activity_of(status: &ContainerStatus) -> Activity {
    match status {
        ContainerStatus::Created => Activity::Created,
        ContainerStatus::Running | ContainerStatus::Restarting | ContainerStatus::Other(_) => Activity::Running,
        ContainerStatus::Paused => Activity::Paused,
        ContainerStatus::Exited => Activity::Exited,
        ContainerStatus::Removing | ContainerStatus::Dead => Activity::Dead,
    }
}

fn image_of(image: ImageDetails) -> ObservedImage {
    let tagged_at = image
        .last_tagged
        .as_deref()
        .and_then(|text| time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).ok());
    ObservedImage {
        built_for: labels::builder_of_image(&image.labels),
        tagged_at: tagged_at.map(time::OffsetDateTime::unix_timestamp),
        id: image.id,
        volumes: image.volumes,
    }
}

async fn networks(
    engine: &dyn Engine,
    name: &ProjectName,
    project: Option<&Project>,
) -> Result<BTreeMap<NetworkName, ObservedNetwork>, EngineError> {
    let wanted = wanted_networks(project);
    let mut found = engine.list_networks(&labels::of_project(name)).await?;
    let known: BTreeSet<NetworkName> = found.iter().map(|network| network.name.clone()).collect();
    let others: Vec<NetworkName> = wanted.keys().filter(|name| !known.contains(*name)).cloned().collect();
    let questions = others
        .into_iter()
        .map(|name| async move { engine.inspect_network(name.as_str()).await });
    let others: Vec<_> = stream::iter(questions).buffer_unordered(OPEN_QUESTIONS).try_collect().await?;
    found.extend(others.into_iter().flatten());
    Ok(found
        .into_iter()
        .map(|network| {
            let differences = wanted.get(&network.name).map(|wanted| shared::of_network(wanted, &network));
            let observed = ObservedNetwork {
                owner: SharedOwnership::of_network(&network.labels),
                differences: differences.unwrap_or_default(),
                id: network.id,
            };
            (network.name, observed)
        })
        .collect())
}

/// The networks of a project, by their names in the engine.
fn wanted_networks(project: Option<&Project>) -> BTreeMap<NetworkName, &Network> {
    let networks = project.into_iter().flat_map(|project| project.networks.values());
    networks.filter_map(|network| Some((network.name.clone()?, network))).collect()
}

async fn volumes(
    engine: &dyn Engine,
    name: &ProjectName,
    project: Option<&Project>,
) -> Result<BTreeMap<VolumeName, ObservedVolume>, EngineError> {
    let wanted = wanted_volumes(project);
    let mut found = engine.list_volumes(&labels::of_project(name)).await?;
    let known: BTreeSet<VolumeName> = found.iter().map(|volume| volume.name.clone()).collect();
    let others: Vec<VolumeName> = wanted.keys().filter(|name| !known.contains(*name)).cloned().collect();
    let questions = others.into_iter().map(|name| async move { engine.inspect_volume(&name).await });
    let others: Vec<_> = stream::iter(questions).buffer_unordered(OPEN_QUESTIONS).try_collect().await?;
    found.extend(others.into_iter().flatten());
    Ok(found
        .into_iter()
        .map(|volume| {
            let differences = wanted.get(&volume.name).map(|wanted| shared::of_volume(wanted, &volume));
            let observed = ObservedVolume {
                owner: SharedOwnership::of_volume(&volume.labels),
                differences: differences.unwrap_or_default(),
            };
            (volume.name, observed)
        })
        .collect())
}

/// The volumes of a project, by their names in the engine.
fn wanted_volumes(project: Option<&Project>) -> BTreeMap<VolumeName, &Volume> {
    let volumes = project.into_iter().flat_map(|project| project.volumes.values());
    volumes.filter_map(|volume| Some((volume.name.clone()?, volume))).collect()
}
