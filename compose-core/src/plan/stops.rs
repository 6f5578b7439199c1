//! Steps that stop and remove containers, each container at most once.

use super::action::{Action, AnonymousFate, ContainerRef, HookPoint, Target};
use super::graph::{Plan, StepId};
use super::reason::Reason;
use crate::model::Service;
use crate::names::ContainerId;
use crate::observe::ObservedContainer;
use std::collections::BTreeMap;
use std::time::Duration;

/// The containers that the plan stops or removes so far.
#[derive(Default)]
pub(super) struct Stops<'a> {
    grace: Option<Duration>,
    stopped: BTreeMap<&'a ContainerId, StepId>,
    removed: BTreeMap<&'a ContainerId, StepId>,
}

impl<'a> Stops<'a> {
    pub(super) fn new(grace: Option<Duration>) -> Self {
        Self { grace, ..Self::default() }
    }

    /// Stops a container that runs, its service's hooks first; the step by which it has stopped.
    pub(super) fn stop(
        &mut self,
        plan: &mut Plan,
        container: &'a ObservedContainer,
        service: Option<&Service>,
        reason: &Reason,
        after: &[StepId],
    ) -> Option<StepId> {
        if let Some(step) = self.is_stopped(container) {
            return Some(step);
        }
        if !container.activity.is_alive() {
            return None;
        }
        let mut after = after.to_vec();
        if let Some(service) = service {
            let hooks = add_hooks(plan, &target(container), service, HookPoint::PreStop, &after);
            after.extend(hooks);
        }
        let action = Action::StopContainer {
            container: target(container),
            grace: self.grace,
        };
        let step = plan.add(after, action, reason.clone());
        self.stopped.insert(&container.id, step);
        Some(step)
    }

    /// Stops and removes a container; the step by which it is gone.
    pub(super) fn remove(
        &mut self,
        plan: &mut Plan,
        container: &'a ObservedContainer,
        service: Option<&Service>,
        anonymous_volumes: AnonymousFate,
        reason: &Reason,
        after: &[StepId],
    ) -> StepId {
        if let Some(step) = self.removed.get(&container.id) {
            return *step;
        }
        let stopped = self.stop(plan, container, service, reason, after);
        let action = Action::RemoveContainer {
            container: target(container),
            anonymous_volumes,
        };
        let step = plan.add(after.iter().copied().chain(stopped), action, reason.clone());
        self.removed.insert(&container.id, step);
        step
    }

    /// Whether the plan stops it.
    pub(super) fn is_stopped(&self, container: &ObservedContainer) -> Option<StepId> {
        self.stopped.get(&container.id).copied()
    }

    /// The step that removes it.
    pub(super) fn is_removed(&self, container: &ObservedContainer) -> Option<StepId> {
        self.removed.get(&container.id).copied()
    }
}

/// A container that is there.
pub(super) fn target(container: &ObservedContainer) -> Target {
    Target {
        name: container.name.clone(),
        at: ContainerRef::Existing(container.id.clone()),
    }
}

/// Adds a service's hooks of one point, one after the other; the last of them.
pub(super) fn add_hooks(plan: &mut Plan, container: &Target, service: &Service, point: HookPoint, after: &[StepId]) -> Option<StepId> {
    let hooks = match point {
        HookPoint::PostStart => &service.lifecycle.post_start,
        HookPoint::PreStop => &service.lifecycle.pre_stop,
    };
    let mut last = None;
    for index in 0..hooks.len() {
        let action = Action::RunHook {
            container: container.clone(),
            service: service.name.clone(),
            point,
            index,
        };
        last = Some(match last {
            Some(earlier) => plan.add([earlier], action, Reason::Hook),
            None => plan.add(after.iter().copied(), action, Reason::Hook),
        });
    }
    last
}
