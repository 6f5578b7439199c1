//! Taking a project away: dependents before what they depend on, then networks, volumes and images.

use super::action::{Action, AnonymousFate};
use super::error::PlanError;
use super::graph::{Plan, StepId};
use super::images::image_name;
use super::policy::{DownPolicy, ImageRemoval, Orphans};
use super::reason::Reason;
use super::relations::walk;
use super::scope::sort;
use super::shared::{network_name, volume_name};
use super::stops::Stops;
use crate::diagnostic::{Code, Diagnostic};
use crate::labels::Role;
use crate::model::Project;
use crate::names::{ImageRef, NetworkName, ProjectName, ServiceName, VolumeName};
use crate::observe::{Observed, ObservedContainer, ObservedNetwork};
use std::collections::{BTreeMap, BTreeSet};

/// Plans how a project is taken away; without a model, by what the labels say.
pub fn plan_down(name: &ProjectName, project: Option<&Project>, observed: &Observed, policy: &DownPolicy) -> Result<Plan, PlanError> {
    let mut teardown = Teardown {
        name,
        project,
        observed,
        doomed: Doomed::choose(project, observed, policy)?,
        plan: Plan::default(),
        removed: Vec::new(),
    };
    teardown.remove_containers(policy);
    teardown.remove_networks();
    if policy.volumes {
        teardown.remove_volumes();
    }
    if let (Some(which), Some(project)) = (policy.images, project) {
        teardown.remove_images(project, which, &policy.services);
    }
    let mut plan = teardown.plan;
    if plan.is_empty() {
        plan.warn(Diagnostic::warning(
            Code::NothingToRemove,
            format!("no resource found to remove for project \"{name}\""),
        ));
    }
    Ok(plan)
}

/// The containers that go.
struct Doomed<'a> {
    /// Their services, in an order in which dependents come first.
    services: Vec<&'a ServiceName>,
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
            Orphans::Remove | Orphans::RemoveDisabledToo => observed
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
        let services = order_of(&chosen, &dependents);
        let own = services.iter().flat_map(|name| observed.service(name));
        let ids = own.chain(orphans.iter().copied());
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

/// A plan to take a project away while it is made.
struct Teardown<'a> {
    name: &'a ProjectName,
    project: Option<&'a Project>,
    observed: &'a Observed,
    doomed: Doomed<'a>,
    plan: Plan,
    /// The containers that go, each with the step by which it is gone.
    removed: Vec<(&'a ObservedContainer, StepId)>,
}

impl<'a> Teardown<'a> {
    fn remove_containers(&mut self, policy: &DownPolicy) {
        let Self {
            project,
            observed,
            doomed,
            plan,
            removed,
            ..
        } = self;
        let fate = if policy.volumes {
            AnonymousFate::Remove
        } else {
            AnonymousFate::Keep
        };
        let mut stops = Stops::new(policy.grace);
        let dependents = |name| doomed.dependents.get(name).into_iter().flatten().copied().collect();
        walk(doomed.services.iter().copied(), dependents, |name, after| {
            let service = project.and_then(|project| project.services.get(name));
            let mut own = Vec::new();
            for container in observed.service(name) {
                let step = stops.remove(plan, container, service, fate, &Reason::Requested, after);
                own.push(step);
                removed.push((container, step));
            }
            own
        });
        for container in &doomed.orphans {
            let step = stops.remove(plan, container, None, AnonymousFate::Keep, &Reason::Orphaned, &[]);
            removed.push((container, step));
        }
    }

    fn remove_networks(&mut self) {
        for (network, found) in self.networks_to_remove() {
            let uses = |container: &ObservedContainer| container.networks.contains_key(network);
            if self.stays_in_use(uses) {
                self.warn_of_use(&format!("network {network}"));
                continue;
            }
            let action = Action::RemoveNetwork {
                id: found.id.clone(),
                name: network.clone(),
            };
            self.plan.add(self.once_gone(uses), action, Reason::Requested);
        }
    }

    /// The project's networks: those of the model and those that only their labels tell of; external ones stay.
    fn networks_to_remove(&self) -> Vec<(&'a NetworkName, &'a ObservedNetwork)> {
        let external: BTreeSet<NetworkName> = self
            .project
            .into_iter()
            .flat_map(|project| &project.networks)
            .filter(|(_, network)| network.external)
            .map(|(key, network)| network_name(self.name, key, network))
            .collect();
        let is_own = |found: &ObservedNetwork| found.owner.as_ref().is_some_and(|owner| owner.project == *self.name);
        self.observed
            .networks
            .iter()
            .filter(|(network, found)| is_own(found) && !external.contains(*network))
            .collect()
    }

    fn remove_volumes(&mut self) {
        for volume in self.volumes_to_remove() {
            let uses = |container: &ObservedContainer| container.volumes.iter().any(|mount| mount.volume == volume);
            if self.stays_in_use(uses) {
                self.warn_of_use(&format!("volume {volume}"));
                continue;
            }
            let after = self.once_gone(uses);
            self.plan.add(after, Action::RemoveVolume { name: volume }, Reason::Requested);
        }
    }

    /// The model's volumes; without a model those that carry the project's label. External ones stay.
    fn volumes_to_remove(&self) -> BTreeSet<VolumeName> {
        let observed = &self.observed.volumes;
        match self.project {
            Some(project) => project
                .volumes
                .iter()
                .filter(|(_, volume)| !volume.external)
                .map(|(key, volume)| volume_name(self.name, key, volume))
                .filter(|volume| observed.contains_key(volume))
                .collect(),
            None => observed
                .iter()
                .filter(|(_, volume)| volume.owner.as_ref().is_some_and(|owner| owner.project == *self.name))
                .map(|(volume, _)| volume.clone())
                .collect(),
        }
    }

    fn remove_images(&mut self, project: &Project, which: ImageRemoval, services: &[ServiceName]) {
        let images: BTreeSet<ImageRef> = project
            .services
            .values()
            .filter(|service| services.is_empty() || services.contains(&service.name))
            .map(|service| image_name(&project.name, service))
            .collect();
        for image in images {
            let Some(found) = self.observed.images.get(&image) else { continue };
            if which == ImageRemoval::Local && found.built_for.as_ref() != Some(&project.name) {
                continue;
            }
            let after = self.once_gone(|container| container.image == found.id);
            self.plan.add(after, Action::RemoveImage { image }, Reason::Requested);
        }
    }

    /// Whether a container that stays uses something.
    fn stays_in_use(&self, uses: impl Fn(&ObservedContainer) -> bool) -> bool {
        self.observed
            .containers()
            .any(|container| uses(container) && !self.doomed.goes(container))
    }

    /// The steps by which the containers are gone that use something.
    fn once_gone(&self, uses: impl Fn(&ObservedContainer) -> bool) -> Vec<StepId> {
        let users = self.removed.iter().filter(|(container, _)| uses(container));
        users.map(|(_, step)| *step).collect()
    }

    fn warn_of_use(&mut self, what: &str) {
        let warning = Diagnostic::warning(Code::StillInUse, format!("{what} is still in use and stays"));
        self.plan.warn(warning);
    }
}
