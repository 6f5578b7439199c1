//! From what runs to what is wanted: the plan behind `up`, `create` and `scale`.

use super::action::{Action, AnonymousFate, Target};
use super::convergence::{Deciding, Decisions, SlotFate};
use super::error::PlanError;
use super::graph::{Plan, StepId};
use super::leaving::{Leaving, Why};
use super::naming::check_names;
use super::policy::{ContainerPolicy, Orphans};
use super::reason::Reason;
use super::scope::Scope;
use super::shared::{Provided, SharedThings};
use super::size::check_size;
use super::stops::Stops;
use super::turns::Turns;
use crate::diagnostic::{Code, Diagnostic};
use crate::labels::Role;
use crate::model::{Project, Service};
use crate::names::{ContainerName, ServiceName};
use crate::observe::{Activity, Observed, ObservedContainer};
use std::collections::BTreeMap;

/// Plans how what runs becomes what is wanted.
///
/// Images must be there already, or be named in the policy as about to come. New containers are
/// made first, and started in dependency order; what they replace runs until what they wait for is
/// there.
pub fn plan_containers(project: &Project, observed: &Observed, policy: &ContainerPolicy) -> Result<Plan, PlanError> {
    let scope = Scope::of(project, &policy.services, policy.dependencies)?;
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
    planner.arrange(&shared, None)?;
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
    pub(super) fn arrange(&mut self, shared: &SharedThings<'a>, last: Option<&'a Service>) -> Result<Arranged<'a>, PlanError> {
        let leaving = Leaving::of(self.project, self.observed, self.decisions, self.orphans());
        check_names(self.project, self.decisions, &leaving, self.observed)?;
        let provided = self.provide(shared);
        self.clear_left_over();
        let (targets, created) = self.create_all(&provided, &leaving);
        let before_last = Turns::new(self, &leaving, &targets, &created).take(last);
        self.note_unchanged();
        Ok(Arranged {
            provided,
            targets,
            before_last,
        })
    }

    /// The name that a container has until its place is free.
    pub(super) fn temporary_name_of(&self, create: StepId) -> Option<ContainerName> {
        match &self.plan.step(create).action {
            Action::CreateContainer(new) => new.temporary_name.clone(),
            _ => None,
        }
    }

    pub(super) fn service_of(&self, container: &ObservedContainer) -> Option<&'a Service> {
        self.project.services.get(&container.owner.service)
    }

    /// Removes what an interrupted replacement left behind, so that nothing new meets it.
    fn clear_left_over(&mut self) {
        for decision in self.decisions.values() {
            for container in &decision.left_over {
                let name = container.name.clone();
                let (service, reason) = (Some(decision.service), Reason::Interrupted { name });
                self.stops
                    .remove(&mut self.plan, container, service, AnonymousFate::Keep, &reason, &[]);
            }
        }
    }

    /// The orphans that go; a person is told of others.
    fn orphans(&mut self) -> Vec<(&'a ObservedContainer, Why<'a>)> {
        let left_over = orphans(self.project, self.observed);
        match self.policy.orphans {
            Orphans::Remove => return left_over.into_iter().map(|container| (container, Why::Orphaned)).collect(),
            Orphans::RemoveDisabledToo => {
                let off = disabled(self.project, self.observed)
                    .into_iter()
                    .map(|container| (container, Why::Disabled));
                let gone = left_over.into_iter().map(|container| (container, Why::Orphaned));
                return gone.chain(off).collect();
            }
            Orphans::Warn if !left_over.is_empty() => {
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
            Orphans::Warn | Orphans::Ignore => {}
        }
        Vec::new()
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

/// Containers of services whose profiles are off.
fn disabled<'a>(project: &Project, observed: &'a Observed) -> Vec<&'a ObservedContainer> {
    let services = observed
        .services
        .iter()
        .filter(|(name, _)| project.disabled_services.contains_key(*name));
    services.flat_map(|(_, containers)| containers).collect()
}
