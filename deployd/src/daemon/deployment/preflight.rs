//! What keeps a deployment from succeeding and can be known before anything is built or touched, all of it at once.

mod listeners;
mod ports;

use crate::daemon::own_paths::Neighbourhood;
use compose_core::commands::Context;
use compose_core::engine::request;
use compose_core::engine::{ContainerSummary, Engine, EngineError, Selector};
use compose_core::labels::{Holder, Ownership};
use compose_core::model::{MountKind, Project, Service};
use compose_core::names::{ContainerName, ImageId, NetworkName, ServiceName, VolumeName};
use compose_core::plan::PlanError;
use compose_core::source::DiskReader;
use std::collections::{BTreeMap, BTreeSet};

/// Finds out what a project needs and cannot have.
pub(crate) async fn check(context: &Context, project: &Project, host: Neighbourhood) -> Result<Vec<String>, EngineError> {
    let engine = context.engine.as_ref();
    let mut findings = external(engine, project).await?;
    let api = engine.info().await?.api;
    let refused = request::rehearse(project, engine.api_socket().as_ref(), &DiskReader, api, &context.paths);
    findings.extend(refused.iter().map(ToString::to_string));
    let containers = engine.list_containers(&Selector::default()).await?;
    let (own, others): (Vec<_>, Vec<_>) = containers.into_iter().partition(|container| is_of(container, project));
    findings.extend(taken_names(project, &others));
    findings.extend(taken_ports(project, &own, &others, host));
    Ok(findings)
}

/// The images of an earlier release that are gone, in words.
pub(crate) async fn gone_images(engine: &dyn Engine, images: &BTreeMap<ServiceName, ImageId>) -> Result<Option<String>, EngineError> {
    let mut gone = Vec::new();
    for (service, image) in images {
        if engine.inspect_image(image.as_str()).await?.is_none() {
            gone.push(format!("{image} of service {service}"));
        }
    }
    let gone = (!gone.is_empty()).then(|| gone.join(", "));
    Ok(gone.map(|gone| {
        format!(
            "images of the release are not on this engine any more ({gone}); nothing was touched; \
             deploy its commit again instead: `inertia NAME up --ref COMMIT`"
        )
    }))
}

fn holder_of(container: &ContainerSummary) -> Holder {
    Holder::of(&container.name, &container.labels)
}

fn is_of(container: &ContainerSummary, project: &Project) -> bool {
    Ownership::read(&container.labels).is_some_and(|owner| owner.project == project.name)
}

/// Networks and volumes of others that are not there.
async fn external(engine: &dyn Engine, project: &Project) -> Result<Vec<String>, EngineError> {
    let mut missing = Vec::new();
    for name in external_networks(project) {
        if engine.inspect_network(name.as_str()).await?.is_none() {
            missing.push(PlanError::ExternalNetworkMissing { name }.to_string());
        }
    }
    for name in external_volumes(project) {
        if engine.inspect_volume(&name).await?.is_none() {
            missing.push(PlanError::ExternalVolumeMissing { name }.to_string());
        }
    }
    Ok(missing)
}

fn external_networks(project: &Project) -> BTreeSet<NetworkName> {
    let joining = project
        .services
        .values()
        .filter(|service| service.networking.network_mode.is_none());
    let keys: BTreeSet<_> = joining.flat_map(|service| service.networking.networks.keys()).collect();
    let networks = project
        .networks
        .iter()
        .filter(|(key, network)| network.external && keys.contains(key));
    networks
        .map(|(key, network)| network.name.clone().unwrap_or_else(|| NetworkName::new(key.as_str())))
        .collect()
}

fn external_volumes(project: &Project) -> BTreeSet<VolumeName> {
    let mounts = project.services.values().flat_map(|service| &service.storage.volumes);
    let keys: BTreeSet<&str> = mounts
        .filter(|mount| mount.kind == MountKind::Volume)
        .filter_map(|mount| mount.source.as_deref())
        .collect();
    let volumes = project
        .volumes
        .iter()
        .filter(|(key, volume)| volume.external && keys.contains(key.as_str()));
    volumes
        .map(|(key, volume)| volume.name.clone().unwrap_or_else(|| VolumeName::new(key.as_str())))
        .collect()
}

/// Names of containers that others have.
fn taken_names(project: &Project, others: &[ContainerSummary]) -> Vec<String> {
    let mut findings = Vec::new();
    for service in project.services.values() {
        let names = names_of(project, service);
        for other in others.iter().filter(|other| names.contains(&other.name)) {
            findings.push(format!(
                "service {} needs the container name {}, and {} has it: remove or rename that one, or give the service another container_name",
                service.name,
                other.name,
                holder_of(other)
            ));
        }
    }
    findings
}

fn names_of(project: &Project, service: &Service) -> BTreeSet<ContainerName> {
    match &service.container_name {
        Some(name) => BTreeSet::from([ContainerName::new(name)]),
        None => (1..=service.replicas())
            .map(|number| ContainerName::from(format!("{}-{}-{number}", project.name, service.name)))
            .collect(),
    }
}

/// Ports of the host that others hold. What the project's own containers hold becomes free for their successors.
fn taken_ports(project: &Project, own: &[ContainerSummary], others: &[ContainerSummary], host: Neighbourhood) -> Vec<String> {
    let holder = |port: &ports::WantedPort| match ports::holder(port, others) {
        Some(other) => Some(holder_of(other).to_string()),
        None if host == Neighbourhood::Apart || ports::holder(port, own).is_some() => None,
        None => listeners::find(port).map(|listener| listener.to_string()),
    };
    let wanted = ports::wanted(project);
    let taken = wanted.iter().filter_map(|port| Some((port, holder(port)?)));
    taken
        .map(|(port, holder)| {
            format!(
                "service {} publishes {port}, which {holder} holds: stop that one, or publish another port",
                port.service
            )
        })
        .collect()
}
