//! Starting, stopping and restarting containers where they are.

use super::action::{Action, HookPoint, Target, WaitCondition};
use super::error::PlanError;
use super::graph::{Plan, StepId};
use super::policy::{DependencyScope, LifecyclePolicy, WaitChoice};
use super::reason::Reason;
use super::relations::Relations;
use super::stops::{Stops, add_hooks, target};
use crate::model::{Condition, Project, Service};
use crate::names::ServiceName;
use crate::observe::{Activity, Observed, ObservedContainer};
use std::collections::{BTreeMap, BTreeSet};

/// Plans `stop`: dependents first.
pub fn plan_stop(project: Option<&Project>, observed: &Observed, policy: &LifecyclePolicy) -> Result<Plan, PlanError> {
    let relations = Relations::of(project, observed);
    let chosen = relations.choose(&policy.services)?;
    let mut plan = Plan::default();
    let mut stops = Stops::new(policy.grace);
    relations.dependents_first(&chosen, |name, after| {
        let containers = observed.service(name).iter();
        containers
            .filter_map(|container| stops.stop(&mut plan, container, relations.service(name), &Reason::Requested, after))
            .collect()
    })?;
    Ok(plan)
}

/// Plans `start`: what is depended on first, conditions awaited.
pub fn plan_start(project: Option<&Project>, observed: &Observed, policy: &LifecyclePolicy) -> Result<Plan, PlanError> {
    let relations = Relations::of(project, observed);
    let named = relations.choose(&policy.services)?;
    let mut chosen = named.clone();
    if policy.dependencies == DependencyScope::Include {
        relations.add_dependencies(&mut chosen);
    }
    let mut plan = Plan::default();
    let mut running = Running::default();
    for name in relations.order(&chosen)? {
        let containers = observed.service(name);
        let wanted = relations.service(name).is_none_or(|service| service.replicas() > 0);
        if containers.is_empty() && wanted && named.contains(name) {
            return Err(PlanError::NothingToStart { service: name.clone() });
        }
        let idle: Vec<&ObservedContainer> = containers.iter().filter(|container| !container.activity.is_alive()).collect();
        let conditions = if idle.is_empty() {
            Vec::new()
        } else {
            running.conditions(&mut plan, &relations, name, &chosen, observed)
        };
        let mut up = Vec::new();
        for container in idle {
            let action = Action::StartContainer {
                container: target(container),
            };
            let started = plan.add(conditions.iter().copied(), action, Reason::NotRunning);
            let hooks = relations
                .service(name)
                .and_then(|service| add_hooks(&mut plan, &target(container), service, HookPoint::PostStart, &[started]));
            up.push(hooks.unwrap_or(started));
        }
        running.up.insert(name, up);
    }
    if let WaitChoice::Healthy(deadline) = policy.wait {
        for name in &chosen {
            let containers: Vec<Target> = observed.service(name).iter().map(target).collect();
            if containers.is_empty() {
                continue;
            }
            let condition = WaitCondition::RunningOrHealthy;
            let action = Action::Wait {
                service: (*name).clone(),
                condition,
                containers,
                required: true,
                deadline,
            };
            let after = running.up.get(*name).cloned().unwrap_or_default();
            plan.add(after, action, Reason::Requested);
        }
    }
    Ok(plan)
}

/// Plans `restart`: the named services, and what is restarted with them.
pub fn plan_restart(project: Option<&Project>, observed: &Observed, policy: &LifecyclePolicy) -> Result<Plan, PlanError> {
    let relations = Relations::of(project, observed);
    let named = relations.choose(&policy.services)?;
    let mut chosen: BTreeMap<&ServiceName, Reason> = named.iter().map(|name| (*name, Reason::Requested)).collect();
    if policy.dependencies == DependencyScope::Include {
        for name in &named {
            for dependent in relations.restarted_with(name) {
                chosen
                    .entry(dependent)
                    .or_insert_with(|| Reason::DependencyRestarted { service: (*name).clone() });
            }
        }
    }
    let mut plan = Plan::default();
    relations.dependencies_first(&chosen.keys().copied().collect(), |name, after| {
        let living = observed
            .service(name)
            .iter()
            .filter(|container| container.activity != Activity::Dead);
        living
            .map(|container| restart(&mut plan, container, relations.service(name), policy, after, &chosen[name]))
            .collect()
    })?;
    Ok(plan)
}

fn restart(
    plan: &mut Plan,
    container: &ObservedContainer,
    service: Option<&Service>,
    policy: &LifecyclePolicy,
    after: &[StepId],
    reason: &Reason,
) -> StepId {
    let container_target = target(container);
    let mut before: Vec<StepId> = after.to_vec();
    if container.activity.is_alive() {
        before.extend(service.and_then(|service| add_hooks(plan, &container_target, service, HookPoint::PreStop, after)));
    }
    let action = Action::RestartContainer {
        container: container_target.clone(),
        grace: policy.grace,
    };
    let restarted = plan.add(before, action, reason.clone());
    service
        .and_then(|service| add_hooks(plan, &container_target, service, HookPoint::PostStart, &[restarted]))
        .unwrap_or(restarted)
}

/// The steps after which services are up, and the waits for them.
#[derive(Default)]
struct Running<'a> {
    up: BTreeMap<&'a ServiceName, Vec<StepId>>,
    waits: BTreeMap<(ServiceName, WaitCondition), StepId>,
}

impl<'a> Running<'a> {
    fn conditions(
        &mut self,
        plan: &mut Plan,
        relations: &Relations<'a>,
        name: &ServiceName,
        chosen: &BTreeSet<&ServiceName>,
        observed: &Observed,
    ) -> Vec<StepId> {
        let mut steps = Vec::new();
        for note in relations.dependencies(name) {
            let up = self.up.get(&note.service).cloned().unwrap_or_default();
            let condition = match note.condition {
                Condition::Started => {
                    steps.extend(up);
                    continue;
                }
                Condition::Healthy => WaitCondition::Healthy,
                Condition::CompletedSuccessfully => WaitCondition::CompletedSuccessfully,
            };
            let containers: Vec<Target> = observed.service(&note.service).iter().map(target).collect();
            if containers.is_empty() || !chosen.contains(&note.service) {
                continue;
            }
            let step = *self.waits.entry((note.service.clone(), condition)).or_insert_with(|| {
                let service = note.service.clone();
                let required = relations.is_required(name, &note.service);
                let action = Action::Wait {
                    service,
                    condition,
                    containers,
                    required,
                    deadline: None,
                };
                plan.add(
                    up,
                    action,
                    Reason::NeededBy {
                        services: vec![name.clone()],
                    },
                )
            });
            steps.push(step);
        }
        steps
    }
}
