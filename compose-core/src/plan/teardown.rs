//! Taking a project away: dependents before what they depend on, then networks, volumes and images.

use super::action::{Action, AnonymousFate};
use super::error::PlanError;
use super::graph::{Plan, StepId};
use super::images::image_name;
use super::policy::{DownPolicy, ImageRemoval, Orphans};
use super::reason::Reason;
use super::scope::sort;
use super::shared::{network_name, volume_name};
use super::stops::Stops;
use crate::diagnostic::{Code, Diagnostic};
use crate::labels::Role;
use crate::model::Project;
use crate::names::{ImageRef, NetworkName, ProjectName, ServiceName, VolumeName};
use crate::observe::{Observed, ObservedContainer, ObservedNetwork};
use std::collections::{BTreeMap, BTreeSet};

const IN_USE: Code = Code("still-in-use");
const NOTHING: Code = Code("nothing-to-remove");

/// Plans how a project is taken away; without a model, by what the labels say.
pub fn plan_down(name: &ProjectName, project: Option<&Project>, observed: &Observed, policy: &DownPolicy) -> Result<Plan, PlanError> {
    let mut plan = Plan::default();
    let doomed = Doomed::choose(project, observed, policy)?;
    let mut stops = Stops::new(policy.grace);
    let removed = remove_containers(&mut plan, &mut stops, project, policy, &doomed);
    remove_networks(&mut plan, name, project, observed, &doomed, &removed);
    if policy.volumes {
        remove_volumes(&mut plan, name, project, observed, &doomed, &removed);
    }
    if let (Some(which), Some(project)) = (policy.images, project) {
        remove_images(&mut plan, project, observed, which, policy, &removed);
    }
    if plan.is_empty() {
        plan.warn(Diagnostic::warning(
            NOTHING,
            format!("no resource found to remove for project \"{name}\""),
        ));
    }
    Ok(plan)
}

/// The containers that go.
struct Doomed<'a> {
    /// By service, in an order in which dependents come first.
    services: Vec<(&'a ServiceName, &'a [ObservedContainer])>,
    /// Orphans, one-off ones among them.
    orphans: Vec<&'a ObservedContainer>,
    /// Who depends on a service.
    dependents: Dependents<'a>,
    ids: BTreeSet<&'a str>,
}

/// Who depends on each service.
type Dependents<'a> = BTreeMap<&'a ServiceName, BTreeSet<&'a ServiceName>>;

impl<'a> Doomed<'a> {
    fn choose(project: Option<&'a Project>, observed: &'a Observed, policy: &'a DownPolicy) -> Result<Self, PlanError> {
        let known: BTreeSet<&ServiceName> = match project {
            Some(project) => project.services.keys().chain(project.disabled_services.keys()).collect(),
            None => observed.services.keys().collect(),
        };
        if let (Some(_), Some(unknown)) = (project, policy.services.iter().find(|name| !known.contains(name))) {
            return Err(PlanError::UnknownService { service: unknown.clone() });
        }
        let dependents = dependents(project, observed);
        let orphans = match policy.orphans {
            Orphans::Remove => observed
                .containers()
                .filter(|container| matches!(container.owner.role, Role::OneOff { .. }) || !known.contains(&container.owner.service))
                .collect(),
            Orphans::Warn | Orphans::Ignore => Vec::new(),
        };
        let chosen = if policy.services.is_empty() {
            known
        } else {
            with_dependents(&policy.services, &dependents, &known)
        };
        let order = order_of(&chosen, &dependents);
        let services: Vec<_> = order.into_iter().map(|name| (name, observed.service(name))).collect();
        let ids = services
            .iter()
            .flat_map(|(_, containers)| containers.iter())
            .chain(orphans.iter().copied());
        let ids = ids.map(|container| container.id.as_str()).collect();
        Ok(Self {
            services,
            orphans,
            dependents,
            ids,
        })
    }

    fn goes(&self, container: &ObservedContainer) -> bool {
        self.ids.contains(container.id.as_str())
    }
}

/// What depends on each service: the model knows, else the containers remember.
fn dependents<'a>(project: Option<&'a Project>, observed: &'a Observed) -> Dependents<'a> {
    let mut dependents: Dependents<'a> = BTreeMap::new();
    let mut note = |name: &'a ServiceName, dependent: &'a ServiceName| {
        dependents.entry(name).or_default().insert(dependent);
    };
    if let Some(project) = project {
        for service in project.services.values().chain(project.disabled_services.values()) {
            for name in service.lifecycle.depends_on.keys() {
                note(name, &service.name);
            }
        }
        return dependents;
    }
    for container in observed.services.values().flatten() {
        for dependency in &container.owner.depends_on {
            note(&dependency.service, &container.owner.service);
        }
    }
    dependents
}

/// The named services and everything that depends on them, directly or not.
fn with_dependents<'a>(
    names: &'a [ServiceName],
    dependents: &Dependents<'a>,
    known: &BTreeSet<&'a ServiceName>,
) -> BTreeSet<&'a ServiceName> {
    let mut chosen = BTreeSet::new();
    let mut open: Vec<&ServiceName> = names.iter().filter(|name| known.contains(name)).collect();
    while let Some(name) = open.pop() {
        if chosen.insert(name) {
            open.extend(dependents.get(name).into_iter().flatten().copied());
        }
    }
    chosen
}

/// Dependents first; labels may hold a circle, which is then cut rather than refused.
fn order_of<'a>(chosen: &BTreeSet<&'a ServiceName>, dependents: &Dependents<'a>) -> Vec<&'a ServiceName> {
    let before = chosen.iter().map(|name| {
        let first = dependents.get(name).into_iter().flatten().copied();
        (
            *name,
            first.filter(|dependent| dependent != name && chosen.contains(dependent)).collect(),
        )
    });
    sort(before.collect()).unwrap_or_else(|_| chosen.iter().copied().collect())
}

fn remove_containers<'a>(
    plan: &mut Plan,
    stops: &mut Stops<'a>,
    project: Option<&Project>,
    policy: &DownPolicy,
    doomed: &Doomed<'a>,
) -> Vec<(&'a ObservedContainer, StepId)> {
    let fate = if policy.volumes {
        AnonymousFate::Remove
    } else {
        AnonymousFate::Keep
    };
    let mut gone: BTreeMap<&ServiceName, Vec<StepId>> = BTreeMap::new();
    let mut removed = Vec::new();
    for (name, containers) in &doomed.services {
        let service = project.and_then(|project| project.services.get(*name));
        let dependents = doomed.dependents.get(name).into_iter().flatten();
        let after: Vec<StepId> = dependents.filter_map(|dependent| gone.get(dependent)).flatten().copied().collect();
        let mut own = Vec::new();
        for container in *containers {
            let step = stops.remove(plan, container, service, fate, &Reason::Requested, &after);
            own.push(step);
            removed.push((container, step));
        }
        // A service without containers passes on the order of those around it.
        gone.insert(name, if own.is_empty() { after } else { own });
    }
    for container in &doomed.orphans {
        let step = stops.remove(plan, container, None, AnonymousFate::Keep, &Reason::Orphaned, &[]);
        removed.push((container, step));
    }
    removed
}

fn remove_networks(
    plan: &mut Plan,
    name: &ProjectName,
    project: Option<&Project>,
    observed: &Observed,
    doomed: &Doomed<'_>,
    removed: &[(&ObservedContainer, StepId)],
) {
    for (network, found) in networks_to_remove(name, project, observed) {
        let in_use = observed
            .containers()
            .any(|container| container.networks.contains_key(network) && !doomed.goes(container));
        if in_use {
            plan.warn(Diagnostic::warning(IN_USE, format!("network {network} is still in use and stays")));
            continue;
        }
        let after = removed
            .iter()
            .filter(|(container, _)| container.networks.contains_key(network))
            .map(|(_, step)| *step);
        let action = Action::RemoveNetwork {
            id: found.id.clone(),
            name: network.clone(),
        };
        plan.add(after.collect::<Vec<_>>(), action, Reason::Requested);
    }
}

/// The project's networks: those of the model and those that only their labels tell of; external ones stay.
fn networks_to_remove<'a>(
    name: &ProjectName,
    project: Option<&Project>,
    observed: &'a Observed,
) -> Vec<(&'a NetworkName, &'a ObservedNetwork)> {
    let external: BTreeSet<NetworkName> = project
        .into_iter()
        .flat_map(|project| &project.networks)
        .filter(|(_, network)| network.external)
        .map(|(key, network)| network_name(name, key, network))
        .collect();
    observed
        .networks
        .iter()
        .filter(|(network, found)| found.owner.as_ref().is_some_and(|owner| owner.project == *name) && !external.contains(*network))
        .collect()
}

fn remove_volumes(
    plan: &mut Plan,
    name: &ProjectName,
    project: Option<&Project>,
    observed: &Observed,
    doomed: &Doomed<'_>,
    removed: &[(&ObservedContainer, StepId)],
) {
    for volume in volumes_to_remove(name, project, observed) {
        let uses = |container: &ObservedContainer| container.volumes.iter().any(|mount| mount.volume == volume);
        if observed.containers().any(|container| uses(container) && !doomed.goes(container)) {
            plan.warn(Diagnostic::warning(IN_USE, format!("volume {volume} is still in use and stays")));
            continue;
        }
        let after: Vec<StepId> = removed
            .iter()
            .filter(|(container, _)| uses(container))
            .map(|(_, step)| *step)
            .collect();
        plan.add(after, Action::RemoveVolume { name: volume }, Reason::Requested);
    }
}

/// The model's volumes; without a model those that carry the project's label. External ones stay.
fn volumes_to_remove(name: &ProjectName, project: Option<&Project>, observed: &Observed) -> BTreeSet<VolumeName> {
    match project {
        Some(project) => project
            .volumes
            .iter()
            .filter(|(_, volume)| !volume.external)
            .map(|(key, volume)| volume_name(name, key, volume))
            .filter(|volume| observed.volumes.contains_key(volume))
            .collect(),
        None => observed
            .volumes
            .iter()
            .filter(|(_, volume)| volume.owner.as_ref().is_some_and(|owner| owner.project == *name))
            .map(|(volume, _)| volume.clone())
            .collect(),
    }
}

fn remove_images(
    plan: &mut Plan,
    project: &Project,
    observed: &Observed,
    which: ImageRemoval,
    policy: &DownPolicy,
    removed: &[(&ObservedContainer, StepId)],
) {
    let images: BTreeSet<ImageRef> = project
        .services
        .values()
        .filter(|service| policy.services.is_empty() || policy.services.contains(&service.name))
        .map(|service| image_name(&project.name, service))
        .collect();
    for image in images {
        let Some(found) = observed.images.get(&image) else { continue };
        if which == ImageRemoval::Local && found.built_for.as_ref() != Some(&project.name) {
            continue;
        }
        let after: Vec<StepId> = removed
            .iter()
            .filter(|(container, _)| container.image == found.id)
            .map(|(_, step)| *step)
            .collect();
        plan.add(after, Action::RemoveImage { image }, Reason::Requested);
    }
}
