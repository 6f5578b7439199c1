//! Each service's turn, in the order of dependencies: once what it waits for is there, and not before, its containers
//! that make way stop and give away what they hold, and the new ones start.

use super::action::{Action, AnonymousFate, ContainerRef, HookPoint, Target};
use super::containers::{Planner, Targets};
use super::convergence::{Decision, Slot, SlotFate};
use super::divergence::namespaces_of;
use super::graph::{Replacement, StepId, Successor};
use super::leaving::{Leave, Leaving, Why};
use super::naming::{aside_name, bearer_that_stays};
use super::order::in_order;
use super::policy::{StartChoice, WaitChoice};
use super::reason::Reason;
use super::restarts::{Restarting, needs_start, restarting, starting, tied};
use super::stops::{add_hooks, target};
use super::waits::Waits;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::Service;
use crate::names::{ContainerId, ContainerName, ServiceName};
use crate::observe::{Activity, ObservedContainer};
use std::collections::{BTreeMap, BTreeSet};

/// Lets every service have its turn.
pub(super) struct Turns<'a, 'b> {
    planner: &'b mut Planner<'a>,
    leaving: &'b Leaving<'a>,
    created: &'b BTreeMap<ContainerName, StepId>,
    waits: Waits<'a, 'b>,
    restarting: Restarting<'a>,
    tied: BTreeMap<&'a ServiceName, BTreeSet<&'a ServiceName>>,
    departures: Vec<Departure<'a>>,
    /// The departure of each container that has one.
    departed: BTreeMap<&'a ContainerId, usize>,
    /// The steps that take names away from containers.
    renamed: BTreeMap<&'a ContainerId, StepId>,
}

/// A container that makes way, and what takes its place.
struct Departure<'a> {
    leave: Leave<'a>,
    stop: Option<StepId>,
    /// The steps that must be done before anything happens to it.
    after: Vec<StepId>,
    successors: Vec<Successor>,
}

impl<'a, 'b> Turns<'a, 'b> {
    pub(super) fn new(
        planner: &'b mut Planner<'a>,
        leaving: &'b Leaving<'a>,
        targets: &'b Targets,
        created: &'b BTreeMap<ContainerName, StepId>,
    ) -> Self {
        let restarting = match planner.policy.start {
            StartChoice::Start => restarting(planner),
            StartChoice::CreateOnly => Restarting::new(),
        };
        let starting = starting(planner, &restarting);
        let waits = Waits::of(planner.decisions, planner.scope, targets, &starting, planner.policy.wait);
        Self {
            tied: tied(planner),
            planner,
            leaving,
            created,
            waits,
            restarting,
            departures: Vec::new(),
            departed: BTreeMap::new(),
            renamed: BTreeMap::new(),
        }
    }

    /// Adds the steps; those that must be done before a container starts that is made beside the scope.
    pub(super) fn take(mut self, last: Option<&'a Service>) -> Vec<StepId> {
        for service in self.order() {
            self.turn(service);
        }
        let mut before_last = Vec::new();
        if self.planner.policy.start == StartChoice::Start {
            self.waits.for_all_conditions(&mut self.planner.plan);
            if matches!(self.planner.policy.wait, WaitChoice::Healthy(_)) {
                self.waits.for_everything(&mut self.planner.plan, self.planner.scope);
            }
            before_last = last
                .map(|service| self.waits.before(&mut self.planner.plan, service))
                .unwrap_or_default();
        }
        self.let_orphans_go();
        self.finish();
        before_last
    }

    /// The order of dependencies; among what does not depend on each other, those that hold what others need come first.
    fn order(&self) -> Vec<&'a Service> {
        let services = &self.planner.scope.services;
        let mut earlier: BTreeMap<&ServiceName, BTreeSet<&ServiceName>> = BTreeMap::new();
        for decision in self.planner.decisions.values() {
            let holders = decision
                .slots
                .iter()
                .flat_map(|slot| self.in_the_way(decision.service, slot))
                .filter_map(|leave| Some(&leave.service?.name))
                .filter(|holder| **holder != decision.service.name);
            earlier.entry(&decision.service.name).or_default().extend(holders);
        }
        if earlier.values().all(BTreeSet::is_empty) {
            return services.clone();
        }
        in_order(services, &earlier)
    }

    fn in_the_way(&self, service: &Service, slot: &Slot<'_>) -> Vec<Leave<'a>> {
        if self.needs_start(service, slot) || matches!(slot.fate, SlotFate::Keep(kept) if kept.name != slot.name) {
            return self.leaving.in_the_way(self.planner.project, service, slot);
        }
        Vec::new()
    }

    fn needs_start(&self, service: &Service, slot: &Slot<'_>) -> bool {
        needs_start(self.planner, &self.restarting, service, slot)
    }

    fn turn(&mut self, service: &'a Service) {
        let Some(decision) = self.planner.decisions.get(&service.name) else {
            return;
        };
        let conditions = self.conditions(service);
        for leave in self.leaving.of_service(&service.name) {
            self.let_go(leave, &conditions);
        }
        self.stop_restarting(decision, &conditions);
        let mut up = Vec::new();
        for slot in &decision.slots {
            up.extend(self.fill(decision, slot, &conditions));
        }
        self.waits.is_up(&service.name, up);
    }

    fn conditions(&mut self, service: &'a Service) -> Vec<StepId> {
        match self.planner.policy.start {
            StartChoice::Start => self.waits.conditions(&mut self.planner.plan, service),
            StartChoice::CreateOnly => Vec::new(),
        }
    }

    /// Stops a container that makes way: after these steps, what its own service waits for, and the making of what takes its place.
    fn let_go(&mut self, leave: Leave<'a>, after: &[StepId]) {
        let container = leave.container;
        if self.departed.contains_key(&container.id) || self.planner.stops.is_removed(container).is_some() {
            return;
        }
        let index = self.departures.len();
        self.departed.insert(&container.id, index);
        self.departures.push(Departure::of(leave));
        let mut before = after.to_vec();
        if let Some(service) = leave.service {
            before.extend(self.conditions(service));
            if let Why::Replaced(name) = leave.why {
                before.extend(self.created.get(name));
            }
            if container.activity.is_alive() && self.planner.stops.is_stopped(container).is_none() {
                before.extend(self.stop_tied(&service.name, &before.clone()));
            }
        }
        let stops = &mut self.planner.stops;
        let stop = stops.stop(&mut self.planner.plan, container, leave.service, &leave.why.into(), &before);
        self.departures[index].stop = stop;
        self.departures[index].after = before;
    }

    /// Stops what cannot go on while a service's containers stop; the stops.
    fn stop_tied(&mut self, service: &ServiceName, after: &[StepId]) -> Vec<StepId> {
        if self.planner.policy.start == StartChoice::CreateOnly {
            return Vec::new();
        }
        let mut stopped = Vec::new();
        for tied in self.tied.get(service).cloned().unwrap_or_default() {
            let Some(decision) = self.planner.decisions.get(tied) else {
                continue;
            };
            if namespaces_of(decision.service).any(|peer| peer == service) {
                for leave in self.leaving.of_service(tied) {
                    self.let_go(leave, after);
                    stopped.extend(self.planner.stops.is_stopped(leave.container));
                }
            }
            stopped.extend(self.stop_restarting(decision, after));
        }
        stopped
    }

    /// Stops the containers of a service that stay and are restarted; the stops.
    fn stop_restarting(&mut self, decision: &Decision<'a>, after: &[StepId]) -> Vec<StepId> {
        let service = decision.service;
        let Some(with) = self.restarting.get(&service.name) else {
            return Vec::new();
        };
        let reason = Reason::DependencyRestarted { service: (*with).clone() };
        let mut stopped = Vec::new();
        for slot in &decision.slots {
            let SlotFate::Keep(container) = slot.fate else { continue };
            if container.activity.is_alive() && self.planner.stops.is_stopped(container).is_none() {
                let mut before = after.to_vec();
                before.extend(self.stop_tied(&service.name, after));
                let stops = &mut self.planner.stops;
                stops.stop(&mut self.planner.plan, container, Some(service), &reason, &before);
            }
            stopped.extend(self.planner.stops.is_stopped(container));
        }
        stopped
    }

    /// Makes the container of a place have its name and run; the step after which it is up.
    fn fill(&mut self, decision: &Decision<'a>, slot: &Slot<'a>, conditions: &[StepId]) -> Option<StepId> {
        let create = self.created.get(&slot.name).copied();
        let before: Vec<StepId> = conditions.iter().copied().chain(create).collect();
        let mut in_the_way = self.in_the_way(decision.service, slot);
        for leave in &in_the_way {
            self.let_go(*leave, &before);
        }
        in_the_way.extend(self.clear_host(decision.service, &before));
        let rename = self.give_name(slot, create, &before);
        let (start, up) = match self.planner.policy.start {
            StartChoice::Start => {
                let own = match slot.fate {
                    SlotFate::Replace(old, _) => Some(old),
                    SlotFate::Keep(_) | SlotFate::Create(..) => None,
                };
                let others = in_the_way.iter().map(|leave| leave.container).chain(own);
                // What gave its name away has stopped before.
                let others = others.filter(|other| rename.is_none() || other.name != slot.name);
                let freed: BTreeSet<StepId> = others.filter_map(|other| self.freed_by(other)).collect();
                let after = conditions.iter().copied().chain(rename.or(create)).chain(freed).collect();
                self.start(decision.service, slot, create, after)
            }
            StartChoice::CreateOnly => (None, None),
        };
        self.succeed(decision, slot, &in_the_way, Successor { create, rename, start });
        up
    }

    /// Lets those go that use their host's network as the service does, but for those that wait for something themselves.
    fn clear_host(&mut self, service: &Service, before: &[StepId]) -> Vec<Leave<'a>> {
        let holders = self.leaving.on_the_host(service);
        for leave in &holders {
            if leave.service.is_none_or(|other| other.lifecycle.depends_on.is_empty()) {
                self.let_go(*leave, before);
            }
        }
        holders
    }

    /// The step by which a container that makes way holds nothing but its name.
    fn freed_by(&self, container: &ObservedContainer) -> Option<StepId> {
        let stops = &self.planner.stops;
        stops.is_removed(container).or_else(|| stops.is_stopped(container))
    }

    /// Gives a container the name of its place, which another may have to give away first.
    fn give_name(&mut self, slot: &Slot<'a>, create: Option<StepId>, before: &[StepId]) -> Option<StepId> {
        let (container, reason) = match (&slot.fate, create) {
            (SlotFate::Keep(container), _) if container.name != slot.name => {
                if self.is_borne_for_good(&slot.name) {
                    return None;
                }
                let name = container.name.clone();
                (target(container), Reason::Interrupted { name })
            }
            (SlotFate::Replace(_, reason) | SlotFate::Create(_, reason), Some(create)) => {
                let name = self.planner.temporary_name_of(create)?;
                let at = ContainerRef::Created(create);
                (Target { name, at }, reason.clone())
            }
            _ => return None,
        };
        let after: Vec<StepId> = match self.leaving.bearer(&slot.name) {
            // The name was taken after the container was made.
            Some(leave) if leave.is_replaced_by(&slot.name) => vec![self.take_name(leave, before)],
            Some(leave) => create.into_iter().chain([self.take_name(leave, before)]).collect(),
            None => before.to_vec(),
        };
        let name = slot.name.clone();
        Some(self.planner.plan.add(after, Action::RenameContainer { container, name }, reason))
    }

    fn is_borne_for_good(&self, name: &ContainerName) -> bool {
        bearer_that_stays(self.planner.project, self.leaving, self.planner.observed, name).is_some()
    }

    /// Takes its name away from a container that makes way.
    fn take_name(&mut self, leave: Leave<'a>, before: &[StepId]) -> StepId {
        let container = leave.container;
        let taken = self.renamed.get(&container.id).copied();
        if let Some(step) = taken.or_else(|| self.planner.stops.is_removed(container)) {
            return step;
        }
        let mut after = match self.planner.stops.is_stopped(container) {
            Some(stop) => vec![stop],
            None => before.to_vec(),
        };
        if let Why::Replaced(name) = leave.why {
            after.extend(self.created.get(name));
        }
        let action = Action::RenameContainer {
            container: target(container),
            name: aside_name(&container.id, &container.name),
        };
        let step = self.planner.plan.add(after, action, leave.why.into());
        self.renamed.insert(&container.id, step);
        step
    }

    /// Starts the container of a place, where it does not run already; the start, and the step after which it is up.
    fn start(
        &mut self,
        service: &'a Service,
        slot: &Slot<'a>,
        create: Option<StepId>,
        mut after: Vec<StepId>,
    ) -> (Option<StepId>, Option<StepId>) {
        if let SlotFate::Keep(container) = slot.fate {
            let stopped = self.planner.stops.is_stopped(container);
            if container.activity == Activity::Paused && stopped.is_none() {
                let warning = Diagnostic::warning(Code::PausedContainer, format!("container {} is paused", container.name));
                self.planner.plan.warn(warning.help("unpause it to let it go on"));
            }
            after.extend(stopped);
        }
        if !self.needs_start(service, slot) {
            return (None, None);
        }
        let (at, reason) = match (&slot.fate, create) {
            (SlotFate::Keep(container), _) => (ContainerRef::Existing(container.id.clone()), Reason::NotRunning),
            (SlotFate::Replace(..) | SlotFate::Create(..), Some(create)) => (ContainerRef::Created(create), Reason::Created),
            (SlotFate::Replace(..) | SlotFate::Create(..), None) => return (None, None),
        };
        let name = slot.name.clone();
        let container = Target { name, at };
        let action = Action::StartContainer {
            container: container.clone(),
        };
        let plan = &mut self.planner.plan;
        let start = plan.add(after, action, reason);
        let hooked = add_hooks(plan, &container, service, HookPoint::PostStart, &[start]);
        (Some(start), hooked.or(Some(start)))
    }

    /// Notes whose place a container takes: that of the one that it replaces, of orphans that held what it needs, and, as the first
    /// of its service that is new, of those too many.
    fn succeed(&mut self, decision: &Decision<'a>, slot: &Slot<'a>, in_the_way: &[Leave<'a>], successor: Successor) {
        if successor == Successor::default() {
            return;
        }
        let orphans = in_the_way.iter().filter(|leave| leave.service.is_none());
        let mut places: BTreeSet<&ContainerId> = orphans.map(|leave| &leave.container.id).collect();
        if let SlotFate::Replace(old, _) = slot.fate {
            places.insert(&old.id);
        }
        let first = decision.slots.iter().find(|slot| self.created.contains_key(&slot.name));
        if first.is_some_and(|first| first.name == slot.name) {
            places.extend(decision.surplus.iter().map(|container| &container.id));
        }
        for place in places {
            if let Some(index) = self.departed.get(place) {
                self.departures[*index].successors.push(successor);
            }
        }
    }

    /// Those that nobody takes the place of go when everything else is done.
    fn let_orphans_go(&mut self) {
        let ends = self.planner.plan.ends();
        for leave in self.leaving.orphans() {
            self.let_go(leave, &ends);
        }
    }

    /// Removes what made way, once what takes its place has started.
    fn finish(self) {
        let plan = &mut self.planner.plan;
        for departure in self.departures {
            let leave = departure.leave;
            let old = target(leave.container);
            let rename_old = self.renamed.get(&leave.container.id).copied();
            let taken: Vec<StepId> = departure.successors.iter().filter_map(Successor::last).collect();
            let mut after = match departure.stop {
                _ if !taken.is_empty() => taken,
                Some(stop) => vec![stop],
                None => departure.after,
            };
            if !leave.is_replaced_by(&leave.container.name) {
                after.extend(rename_old);
            }
            let action = Action::RemoveContainer {
                container: old.clone(),
                anonymous_volumes: AnonymousFate::Keep,
            };
            let remove = plan.add(after, action, leave.why.into());
            plan.replacement(Replacement {
                was_alive: leave.container.activity.is_alive(),
                stop: departure.stop,
                rename_old,
                successors: departure.successors,
                old,
                remove,
            });
        }
    }
}

impl<'a> Departure<'a> {
    fn of(leave: Leave<'a>) -> Self {
        Self {
            leave,
            stop: None,
            after: Vec::new(),
            successors: Vec::new(),
        }
    }
}
