//! From what runs to what is wanted: the plan behind `up`, `create` and `scale`.

use super::action::{Action, AnonymousFate, ContainerRef, NewContainer, Target};
use super::convergence::{Deciding, Decision, Decisions, Slot, SlotFate, check_names, first_by_name, observed_image, temporary_name};
use super::divergence::{links_of, peers_of};
use super::error::PlanError;
use super::graph::{Plan, Replacement, StepId};
use super::policy::{AnonymousVolumes, ContainerPolicy, Orphans, StartChoice};
use super::reason::Reason;
use super::scope::Scope;
use super::shared::{SharedSteps, SharedThings};
use super::starts::Starts;
use super::stops::{Stops, target};
use crate::diagnostic::{Code, Diagnostic};
use crate::labels::Role;
use crate::model::{MountKind, Project, Service};
use crate::names::{ContainerId, ContainerName, ServiceName, VolumeName};
use crate::observe::{Activity, Observed, ObservedContainer};
use std::collections::{BTreeMap, BTreeSet};

const ORPHANS: Code = Code("orphan-containers");

/// Plans how what runs becomes what is wanted.
///
/// Images must be there already, or be named in the policy as about to come. New containers are
/// made before the ones they replace stop, and started in dependency order.
pub fn plan_containers(project: &Project, observed: &Observed, policy: &ContainerPolicy) -> Result<Plan, PlanError> {
    let scope = Scope::of(project, &policy.services, policy.dependencies)?;
    check_names(&scope)?;
    let mut plan = Plan::default();
    let shared = SharedThings::decide(project, &scope, observed, policy, &mut plan)?;
    let decisions = Deciding {
        project,
        observed,
        policy,
        scope: &scope,
        shared: &shared,
    }
    .decide()?;
    let mut planner = Planner {
        project,
        observed,
        policy,
        scope: &scope,
        decisions: &decisions,
        plan,
        stops: Stops::new(policy.grace),
    };
    planner.run(&shared);
    Ok(planner.plan)
}

/// Turns decisions into steps.
struct Planner<'a> {
    project: &'a Project,
    observed: &'a Observed,
    policy: &'a ContainerPolicy,
    scope: &'a Scope<'a>,
    decisions: &'a Decisions<'a>,
    plan: Plan,
    stops: Stops<'a>,
}

/// How to find the container of each place, once it is planned.
pub(super) type Targets = BTreeMap<ServiceName, Vec<Target>>;

impl<'a> Planner<'a> {
    fn run(&mut self, shared: &SharedThings<'a>) {
        let shared_steps = self.shared_steps(shared);
        let dependents = self.stop_dependents();
        let (targets, created) = self.create_all(&shared_steps);
        let mut taken_over = self.take_over_all(&created, &dependents);
        self.remove_surplus();
        self.orphans();
        self.put_names_right(&mut taken_over);
        let started = match self.policy.start {
            StartChoice::Start => {
                let mut starts = Starts::new(self.project, self.decisions, &self.stops, &targets, &taken_over.ready);
                starts.run(&mut self.plan, self.scope, self.policy.wait);
                starts.into_steps()
            }
            StartChoice::CreateOnly => BTreeMap::new(),
        };
        for pending in taken_over.pending {
            self.finish(pending, &started);
        }
        self.note_unchanged();
    }

    fn service_of(&self, container: &ObservedContainer) -> Option<&'a Service> {
        self.project.services.get(&container.owner.service)
    }

    /// Networks and volumes; what is made anew is first let go by everything of the project that uses it.
    fn shared_steps(&mut self, shared: &SharedThings<'a>) -> SharedSteps<'a> {
        let mut stops = std::mem::take(&mut self.stops);
        let this = &*self;
        let moving = this.moving_containers();
        let cell = std::cell::RefCell::new(&mut stops);
        let mut plan = std::mem::take(&mut self.plan);
        let steps = shared.add_steps(
            &mut plan,
            |plan, network| {
                let reason = Reason::NetworkChanged {
                    network: network.name.clone(),
                };
                let joined = self
                    .observed
                    .containers()
                    .filter(|container| container.networks.contains_key(&network.name));
                let release = |container: &'a ObservedContainer| {
                    let stopped = cell.borrow_mut().stop(plan, container, self.service_of(container), &reason, &[]);
                    if moving.contains(&container.id) {
                        return stopped;
                    }
                    let action = Action::LeaveNetwork {
                        container: target(container),
                        network: network.name.clone(),
                    };
                    Some(plan.add(stopped, action, reason.clone()))
                };
                joined.filter_map(release).collect()
            },
            |plan, volume| {
                let reason = Reason::VolumeChanged {
                    volume: volume.name.clone(),
                };
                let users = self
                    .observed
                    .containers()
                    .filter(|container| container.volumes.iter().any(|mount| mount.volume == volume.name));
                let release = |container: &'a ObservedContainer| {
                    cell.borrow_mut()
                        .remove(plan, container, self.service_of(container), AnonymousFate::Keep, &reason, &[])
                };
                users.map(release).collect()
            },
        );
        drop(cell);
        self.plan = plan;
        self.stops = stops;
        steps
    }

    /// The containers that make way anyway.
    fn moving_containers(&self) -> BTreeSet<&'a ContainerId> {
        let decisions = self.decisions.values();
        decisions
            .flat_map(|decision| {
                let replaced = decision.slots.iter().filter_map(|slot| match &slot.fate {
                    SlotFate::Replace(old, _) | SlotFate::Create(Some(old), _) => Some(&old.id),
                    SlotFate::Keep(_) | SlotFate::Create(None, _) => None,
                });
                replaced.chain(decision.surplus.iter().map(|container| &container.id))
            })
            .collect()
    }

    /// Stops what is to be restarted with a service whose containers are replaced; the stops by that service.
    fn stop_dependents(&mut self) -> BTreeMap<&'a ServiceName, Vec<StepId>> {
        let mut stops: BTreeMap<&ServiceName, Vec<StepId>> = BTreeMap::new();
        if self.policy.start == StartChoice::CreateOnly {
            return stops;
        }
        for decision in self.decisions.values() {
            let renewed = decision
                .service
                .lifecycle
                .depends_on
                .iter()
                .filter(|(name, dependency)| dependency.restart && self.decisions.get(name).is_some_and(Decision::replaces_any));
            for (dependency, _) in renewed {
                let reason = Reason::DependencyRestarted {
                    service: dependency.clone(),
                };
                for slot in &decision.slots {
                    let SlotFate::Keep(container) = slot.fate else { continue };
                    let step = self.stops.stop(&mut self.plan, container, Some(decision.service), &reason, &[]);
                    stops.entry(dependency).or_default().extend(step);
                }
            }
        }
        stops
    }

    /// Makes every new container; none waits for another but where it names it.
    fn create_all(&mut self, shared: &SharedSteps<'_>) -> (Targets, BTreeMap<ContainerName, StepId>) {
        let mut targets = Targets::new();
        let mut created = BTreeMap::new();
        for service in &self.scope.services {
            let Some(decision) = self.decisions.get(&service.name) else {
                continue;
            };
            let mut own = Vec::new();
            for slot in &decision.slots {
                own.push(match &slot.fate {
                    SlotFate::Keep(container) => Target {
                        name: slot.name.clone(),
                        ..target(container)
                    },
                    SlotFate::Replace(old, reason) => {
                        let step = self.create(decision, slot, Some(old), reason, shared, &targets);
                        created.insert(slot.name.clone(), step);
                        Target {
                            name: slot.name.clone(),
                            at: ContainerRef::Created(step),
                        }
                    }
                    SlotFate::Create(_, reason) => {
                        let step = self.create(decision, slot, None, reason, shared, &targets);
                        created.insert(slot.name.clone(), step);
                        Target {
                            name: slot.name.clone(),
                            at: ContainerRef::Created(step),
                        }
                    }
                });
            }
            targets.insert(service.name.clone(), own);
        }
        (targets, created)
    }

    fn create(
        &mut self,
        decision: &Decision<'_>,
        slot: &Slot<'_>,
        old: Option<&ObservedContainer>,
        reason: &Reason,
        shared: &SharedSteps<'_>,
        targets: &Targets,
    ) -> StepId {
        let service = decision.service;
        let peers = self.peer_targets(service, targets);
        let mut after = shared.needed_by(service);
        after.extend(peers.values().flatten().filter_map(|peer| match peer.at {
            ContainerRef::Created(step) => Some(step),
            ContainerRef::Existing(_) => None,
        }));
        if let SlotFate::Create(Some(former), _) = &slot.fate {
            after.extend(self.stops.is_removed(former));
        }
        let new = NewContainer {
            service: service.name.clone(),
            number: slot.number,
            name: slot.name.clone(),
            temporary_name: old.map(|old| temporary_name(&old.id, &slot.name)),
            image: decision.image.reference.clone(),
            image_id: decision.image.id.clone(),
            replaces: old.map(target),
            inherited_volumes: old.map(|old| self.inherited(decision, old)).unwrap_or_default(),
            peers,
        };
        self.plan.add(after, Action::CreateContainer(new), reason.clone())
    }

    /// The containers that a new one shares something with: the first of a service for namespaces and volumes, all for links.
    fn peer_targets(&self, service: &Service, targets: &Targets) -> BTreeMap<ServiceName, Vec<Target>> {
        let mut peers = BTreeMap::new();
        for peer in links_of(service) {
            let found = match targets.get(&peer) {
                Some(known) => known.clone(),
                None => self.observed.service(&peer).iter().map(target).collect(),
            };
            peers.insert(peer, found);
        }
        for (peer, _) in peers_of(service) {
            let first = match targets.get(&peer) {
                Some(known) => known.iter().min_by(|a, b| a.name.cmp(&b.name)).cloned(),
                None => first_by_name(self.observed.service(&peer)).map(target),
            };
            peers.entry(peer).or_insert_with(|| first.into_iter().collect());
        }
        peers
    }

    /// The anonymous volumes that go over to a replacement: those that the service or its image still declares.
    fn inherited(&self, decision: &Decision<'_>, old: &ObservedContainer) -> BTreeMap<String, VolumeName> {
        if self.policy.anonymous_volumes == AnonymousVolumes::Renew {
            return BTreeMap::new();
        }
        let mounts = &decision.service.storage.volumes;
        let of_image = observed_image(self.observed, &decision.image.reference).map(|image| image.volumes.as_slice());
        old.volumes
            .iter()
            .filter(|mount| match mounts.iter().find(|wanted| wanted.target == mount.destination) {
                Some(wanted) => wanted.kind == MountKind::Volume && wanted.source.is_none(),
                None => of_image.is_some_and(|declared| declared.contains(&mount.destination)),
            })
            .map(|mount| (mount.destination.clone(), mount.volume.clone()))
            .collect()
    }

    /// Lets every replacement take its place.
    fn take_over_all(
        &mut self,
        created: &BTreeMap<ContainerName, StepId>,
        dependents: &BTreeMap<&ServiceName, Vec<StepId>>,
    ) -> TakenOver<'a> {
        let mut taken_over = TakenOver::default();
        for service in &self.scope.services {
            let Some(decision) = self.decisions.get(&service.name) else {
                continue;
            };
            let after = dependents.get(&service.name).map_or(&[][..], Vec::as_slice);
            for slot in &decision.slots {
                match (&slot.fate, created.get(&slot.name)) {
                    (SlotFate::Replace(old, reason), Some(create)) => {
                        let pending = self.take_over(decision.service, slot, old, reason, *create, after);
                        taken_over.ready.insert(slot.name.clone(), pending.named);
                        taken_over.pending.push(pending);
                    }
                    (_, Some(create)) => {
                        taken_over.ready.insert(slot.name.clone(), *create);
                    }
                    (_, None) => {}
                }
            }
        }
        taken_over
    }

    /// The old container stops and gives its name away; it is removed only when the new one has started.
    fn take_over(
        &mut self,
        service: &'a Service,
        slot: &Slot<'a>,
        old: &'a ObservedContainer,
        reason: &Reason,
        create: StepId,
        after: &[StepId],
    ) -> Pending<'a> {
        let mut before_stop = after.to_vec();
        before_stop.push(create);
        let stop = self.stops.stop(&mut self.plan, old, Some(service), &Reason::Replaced, &before_stop);
        let temporary = temporary_name(&old.id, &slot.name);
        let aside = Action::RenameContainer {
            container: target(old),
            name: ContainerName::from(format!("{temporary}_replaced")),
        };
        let rename_old = self.plan.add(stop.into_iter().chain([create]), aside, Reason::Replaced);
        let container = Target {
            name: temporary,
            at: ContainerRef::Created(create),
        };
        let named = self.plan.add(
            [rename_old],
            Action::RenameContainer {
                container,
                name: slot.name.clone(),
            },
            reason.clone(),
        );
        Pending {
            old,
            name: slot.name.clone(),
            create,
            stop,
            rename_old,
            named,
        }
    }

    fn remove_surplus(&mut self) {
        for decision in self.decisions.values() {
            for container in &decision.surplus {
                self.stops.remove(
                    &mut self.plan,
                    container,
                    Some(decision.service),
                    AnonymousFate::Keep,
                    &Reason::ScaledDown,
                    &[],
                );
            }
        }
    }

    fn orphans(&mut self) {
        let orphans = orphans(self.project, self.observed);
        match self.policy.orphans {
            Orphans::Ignore => {}
            Orphans::Remove => {
                for container in orphans {
                    self.stops
                        .remove(&mut self.plan, container, None, AnonymousFate::Keep, &Reason::Orphaned, &[]);
                }
            }
            Orphans::Warn if orphans.is_empty() => {}
            Orphans::Warn => {
                let names: Vec<&str> = orphans.iter().map(|container| container.name.as_str()).collect();
                self.plan.warn(
                    Diagnostic::warning(ORPHANS, format!("found orphan containers ({}) for this project", names.join(", "))).help(
                        "if you removed or renamed this service in your compose file, run the command with --remove-orphans to clean it up",
                    ),
                );
            }
        }
    }

    /// Gives kept containers that an interrupted replacement left under a temporary name their own.
    fn put_names_right(&mut self, taken_over: &mut TakenOver<'a>) {
        for decision in self.decisions.values() {
            for slot in &decision.slots {
                let SlotFate::Keep(container) = slot.fate else { continue };
                if container.name == slot.name {
                    continue;
                }
                let holder = self.observed.containers().find(|other| other.name == slot.name);
                let freed = holder.map(|holder| self.stops.is_removed(holder));
                if let Some(None) = freed {
                    continue;
                }
                let action = Action::RenameContainer {
                    container: target(container),
                    name: slot.name.clone(),
                };
                let reason = Reason::Interrupted {
                    name: container.name.clone(),
                };
                let step = self.plan.add(freed.flatten(), action, reason);
                taken_over.ready.insert(slot.name.clone(), step);
            }
        }
    }

    fn finish(&mut self, pending: Pending<'a>, started: &BTreeMap<ContainerName, StepId>) {
        let start = started.get(&pending.name).copied();
        let action = Action::RemoveContainer {
            container: target(pending.old),
            anonymous_volumes: AnonymousFate::Keep,
        };
        let remove = self.plan.add([start.unwrap_or(pending.named)], action, Reason::Replaced);
        self.plan.replacement(Replacement {
            old: target(pending.old),
            was_alive: pending.old.activity.is_alive(),
            create: pending.create,
            stop: pending.stop,
            rename_old: pending.rename_old,
            rename_new: pending.named,
            start,
            remove,
        });
    }

    fn note_unchanged(&mut self) {
        for decision in self.decisions.values() {
            for slot in &decision.slots {
                if let SlotFate::Keep(container) = slot.fate
                    && container.activity == Activity::Running
                    && self.stops.is_stopped(container).is_none()
                {
                    self.plan.keep(container.name.clone());
                }
            }
        }
    }
}

/// Replacements that have their names.
#[derive(Default)]
struct TakenOver<'a> {
    /// The step after which the container of a name may be started.
    ready: BTreeMap<ContainerName, StepId>,
    pending: Vec<Pending<'a>>,
}

/// A replacement whose old container is still there.
struct Pending<'a> {
    old: &'a ObservedContainer,
    name: ContainerName,
    create: StepId,
    stop: Option<StepId>,
    rename_old: StepId,
    named: StepId,
}

/// Containers of services that the project does not have, and one-off ones that have ended.
pub(super) fn orphans<'a>(project: &Project, observed: &'a Observed) -> Vec<&'a ObservedContainer> {
    let known = |service: &ServiceName| project.services.contains_key(service) || project.disabled_services.contains_key(service);
    observed
        .containers()
        .filter(|container| match container.owner.role {
            Role::OneOff { .. } => matches!(container.activity, Activity::Exited | Activity::Dead),
            Role::Replica(_) => !known(&container.owner.service),
        })
        .collect()
}
