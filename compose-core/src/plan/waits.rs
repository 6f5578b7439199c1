//! What services wait for before their turn, and the steps that wait for it.

use super::action::{Action, WaitCondition};
use super::containers::Targets;
use super::convergence::Decisions;
use super::graph::{Plan, StepId};
use super::policy::WaitChoice;
use super::reason::Reason;
use super::scope::Scope;
use crate::model::{Condition, Service};
use crate::names::ServiceName;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A condition that several services may wait for: service, condition, required.
type Key<'a> = (&'a ServiceName, WaitCondition, bool);

/// Waits for what services depend on.
pub(super) struct Waits<'a, 'b> {
    decisions: &'a Decisions<'a>,
    targets: &'b Targets,
    deadline: Option<Duration>,
    /// Which services wait for which conditions.
    waiting: BTreeMap<Key<'a>, Vec<ServiceName>>,
    /// The steps after which a service that had its turn has started, its hooks included.
    up: BTreeMap<&'a ServiceName, Vec<StepId>>,
    steps: BTreeMap<Key<'a>, StepId>,
}

impl<'a, 'b> Waits<'a, 'b> {
    /// Nobody waits when neither side starts.
    pub(super) fn of(
        decisions: &'a Decisions<'a>,
        scope: &Scope<'a>,
        targets: &'b Targets,
        starting: &BTreeSet<&ServiceName>,
        wait: WaitChoice,
    ) -> Self {
        let mut waiting: BTreeMap<Key<'a>, Vec<ServiceName>> = BTreeMap::new();
        for service in &scope.services {
            for (name, dependency) in &service.lifecycle.depends_on {
                let has_containers = decisions.get(name).is_some_and(|decision| !decision.slots.is_empty());
                let (Some(condition), true) = (wait_condition(dependency.condition), has_containers) else {
                    continue;
                };
                if starting.contains(name) || starting.contains(&service.name) {
                    let services = waiting.entry((name, condition, dependency.required)).or_default();
                    services.push(service.name.clone());
                }
            }
        }
        let deadline = match wait {
            WaitChoice::Healthy(deadline) => deadline,
            WaitChoice::Started => None,
        };
        Self {
            decisions,
            targets,
            deadline,
            waiting,
            up: BTreeMap::new(),
            steps: BTreeMap::new(),
        }
    }

    /// A service had its turn and is up after these steps.
    pub(super) fn is_up(&mut self, service: &'a ServiceName, steps: Vec<StepId>) {
        self.up.insert(service, steps);
    }

    /// The steps that must be done before a service's turn, as far as what it depends on had its own.
    pub(super) fn conditions(&mut self, plan: &mut Plan, service: &'a Service) -> Vec<StepId> {
        let mut steps = Vec::new();
        for (name, dependency) in &service.lifecycle.depends_on {
            let Some(up) = self.up.get(name) else { continue };
            match wait_condition(dependency.condition) {
                Some(condition) => steps.extend(self.wait(plan, (name, condition, dependency.required))),
                None => steps.extend(up),
            }
        }
        steps
    }

    /// The steps that must be done before a container starts that is made beside the scope.
    pub(super) fn before(&mut self, plan: &mut Plan, service: &'a Service) -> Vec<StepId> {
        for (name, dependency) in &service.lifecycle.depends_on {
            let has_containers = self.targets.get(name).is_some_and(|targets| !targets.is_empty());
            if let (Some(condition), true) = (wait_condition(dependency.condition), has_containers) {
                let services = self.waiting.entry((name, condition, dependency.required)).or_default();
                if services.is_empty() {
                    services.push(service.name.clone());
                }
            }
        }
        self.conditions(plan, service)
    }

    fn wait(&mut self, plan: &mut Plan, key: Key<'a>) -> Option<StepId> {
        if let Some(step) = self.steps.get(&key) {
            return Some(*step);
        }
        let services = self.waiting.get(&key)?.clone();
        let action = self.action(key)?;
        let after = self.up.get(key.0).cloned().unwrap_or_default();
        let step = plan.add(after, action, Reason::NeededBy { services });
        self.steps.insert(key, step);
        Some(step)
    }

    fn action(&self, (service, condition, required): Key<'a>) -> Option<Action> {
        let containers = self.targets.get(service)?.clone();
        Some(Action::Wait {
            service: service.clone(),
            condition,
            containers,
            required,
            deadline: self.deadline,
        })
    }

    /// What others wait for is waited for even where those run already.
    pub(super) fn for_all_conditions(&mut self, plan: &mut Plan) {
        let keys: Vec<Key<'a>> = self.waiting.keys().copied().collect();
        for key in keys {
            self.wait(plan, key);
        }
    }

    /// Waits for every service.
    pub(super) fn for_everything(&mut self, plan: &mut Plan, scope: &Scope<'a>) {
        let one_shots: BTreeSet<&ServiceName> = scope
            .services
            .iter()
            .flat_map(|service| &service.lifecycle.depends_on)
            .filter(|(_, dependency)| dependency.condition == Condition::CompletedSuccessfully)
            .map(|(name, _)| name)
            .collect();
        for service in &scope.services {
            if self.decisions.get(&service.name).is_none_or(|decision| decision.slots.is_empty()) {
                continue;
            }
            let condition = if one_shots.contains(&service.name) {
                WaitCondition::CompletedSuccessfully
            } else {
                WaitCondition::RunningOrHealthy
            };
            let Some(action) = self.action((&service.name, condition, true)) else {
                continue;
            };
            let after = self.up.get(&service.name).cloned().unwrap_or_default();
            plan.add(after, action, Reason::Requested);
        }
    }
}

fn wait_condition(condition: Condition) -> Option<WaitCondition> {
    match condition {
        Condition::Started => None,
        Condition::Healthy => Some(WaitCondition::Healthy),
        Condition::CompletedSuccessfully => Some(WaitCondition::CompletedSuccessfully),
    }
}
