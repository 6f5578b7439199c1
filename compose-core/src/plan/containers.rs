//! From what runs to what is wanted: the plan behind `up`, `create` and `scale`.

use super::action::{Action, AnonymousFate, ContainerRef, Target};
use super::convergence::{Deciding, Decision, Decisions, Slot, SlotFate, aside_name, check_names, temporary_name};
use super::error::PlanError;
use super::graph::{Plan, Replacement, StepId};
use super::policy::{ContainerPolicy, Orphans, StartChoice};
use super::reason::Reason;
use super::scope::Scope;
use super::shared::{Provided, SharedThings};
use super::size::check_size;
use super::starts::Starts;
use super::stops::{Stops, target};
use crate::diagnostic::{Code, Diagnostic};
use crate::labels::Role;
use crate::model::{Project, Service};
use crate::names::{ContainerName, ServiceName};
use crate::observe::{Activity, Observed, ObservedContainer};
use std::collections::BTreeMap;

/// Plans how what runs becomes what is wanted.
///
/// Images must be there already, or be named in the policy as about to come. New containers are
/// made before the ones they replace stop, and started in dependency order.
pub fn plan_containers(project: &Project, observed: &Observed, policy: &ContainerPolicy) -> Result<Plan, PlanError> {
    let scope = Scope::of(project, &policy.services, policy.dependencies)?;
    check_names(&scope)?;
    check_size(&scope, policy)?;
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
    planner.arrange(&shared, None);
    Ok(planner.plan)
}

/// Turns decisions into steps.
pub(super) struct Planner<'a> {
    pub(super) project: &'a Project,
    pub(super) observed: &'a Observed,
    pub(super) policy: &'a ContainerPolicy,
    pub(super) scope: &'a Scope<'a>,
    pub(super) decisions: &'a Decisions<'a>,
    pub(super) plan: Plan,
    pub(super) stops: Stops<'a>,
}

/// How to find the container of each place, once it is planned.
pub(super) type Targets = BTreeMap<ServiceName, Vec<Target>>;

impl<'a> Planner<'a> {
    /// Adds every step; what a container that is made last can then build on.
    pub(super) fn arrange(&mut self, shared: &SharedThings<'a>, last: Option<&'a Service>) -> Arranged<'a> {
        let provided = self.provide(shared);
        let dependents = self.stop_dependents();
        let (targets, created) = self.create_all(&provided);
        let mut taken_over = self.take_over_all(&created, &dependents);
        self.remove_surplus();
        self.orphans();
        self.put_names_right(&mut taken_over);
        let mut before_last = Vec::new();
        let started = match self.policy.start {
            StartChoice::Start => {
                let mut starts = Starts::new(self.project, self.decisions, &self.stops, &targets, &taken_over.ready);
                starts.run(&mut self.plan, self.scope, self.policy.wait);
                before_last = last.map(|service| starts.before(&mut self.plan, service)).unwrap_or_default();
                starts.into_steps()
            }
            StartChoice::CreateOnly => BTreeMap::new(),
        };
        for pending in taken_over.pending {
            self.finish(&pending, &started);
        }
        self.note_unchanged();
        Arranged {
            provided,
            targets,
            before_last,
        }
    }

    pub(super) fn service_of(&self, container: &ObservedContainer) -> Option<&'a Service> {
        self.project.services.get(&container.owner.service)
    }

    /// Stops what is to be restarted with a service whose containers are replaced; the stops by that service.
    fn stop_dependents(&mut self) -> BTreeMap<&'a ServiceName, Vec<StepId>> {
        let mut stopped: BTreeMap<&ServiceName, Vec<StepId>> = BTreeMap::new();
        if self.policy.start == StartChoice::CreateOnly {
            return stopped;
        }
        for decision in self.decisions.values() {
            let restarting = decision
                .service
                .lifecycle
                .depends_on
                .iter()
                .filter(|(name, dependency)| dependency.restart && self.decisions.get(name).is_some_and(Decision::replaces_any));
            for (name, _) in restarting {
                let reason = Reason::DependencyRestarted { service: name.clone() };
                for slot in &decision.slots {
                    let SlotFate::Keep(container) = slot.fate else { continue };
                    let step = self.stops.stop(&mut self.plan, container, Some(decision.service), &reason, &[]);
                    stopped.entry(name).or_default().extend(step);
                }
            }
        }
        stopped
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
            name: aside_name(&old.id, &slot.name),
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
        let left_over = orphans(self.project, self.observed);
        match self.policy.orphans {
            Orphans::Ignore => {}
            Orphans::Remove => {
                for container in left_over {
                    self.stops
                        .remove(&mut self.plan, container, None, AnonymousFate::Keep, &Reason::Orphaned, &[]);
                }
            }
            Orphans::Warn if left_over.is_empty() => {}
            Orphans::Warn => {
                let names: Vec<&str> = left_over.iter().map(|container| container.name.as_str()).collect();
                self.plan.warn(
                    Diagnostic::warning(
                        Code::OrphanContainers,
                        format!("found orphan containers ({}) for this project", names.join(", ")),
                    )
                    .help(
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

    fn finish(&mut self, pending: &Pending<'a>, started: &BTreeMap<ContainerName, StepId>) {
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

/// What stands once a plan is done.
pub(super) struct Arranged<'a> {
    pub(super) provided: Provided<'a>,
    pub(super) targets: Targets,
    /// The steps that must be done before the container that is made last.
    pub(super) before_last: Vec<StepId>,
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
