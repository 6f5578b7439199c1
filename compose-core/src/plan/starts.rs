//! Steps that start containers in dependency order, and those that wait for conditions.

use super::action::{Action, ContainerRef, HookPoint, Target, WaitCondition};
use super::containers::Targets;
use super::convergence::{Decision, Decisions, Slot, SlotFate};
use super::graph::{Plan, StepId};
use super::policy::WaitChoice;
use super::reason::Reason;
use super::scope::Scope;
use super::shared::{network_keys, network_name, uses_host_network};
use super::stops::{Stops, add_hooks};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Condition, Project, Service};
use crate::names::{ContainerName, NetworkName, ServiceName};
use crate::observe::{Activity, ObservedContainer};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Starts what does not run.
pub(super) struct Starts<'a, 'b> {
    project: &'a Project,
    decisions: &'a Decisions<'a>,
    stops: &'b Stops<'a>,
    targets: &'b Targets,
    /// The step after which the container of a name may be started.
    ready: &'b BTreeMap<ContainerName, StepId>,
    started: BTreeMap<ContainerName, StepId>,
    /// The steps after which a service has started, its hooks included.
    up: BTreeMap<&'a ServiceName, Vec<StepId>>,
    waits: BTreeMap<WaitKey<'a>, StepId>,
}

/// A condition that several services may wait for: service, condition, required.
type WaitKey<'a> = (&'a ServiceName, WaitCondition, bool);

impl<'a, 'b> Starts<'a, 'b> {
    pub(super) fn new(
        project: &'a Project,
        decisions: &'a Decisions<'a>,
        stops: &'b Stops<'a>,
        targets: &'b Targets,
        ready: &'b BTreeMap<ContainerName, StepId>,
    ) -> Self {
        Self {
            project,
            decisions,
            stops,
            targets,
            ready,
            started: BTreeMap::new(),
            up: BTreeMap::new(),
            waits: BTreeMap::new(),
        }
    }

    /// Adds the steps.
    pub(super) fn run(&mut self, plan: &mut Plan, scope: &Scope<'a>, wait: WaitChoice) {
        let waiting = self.waiting(scope);
        let deadline = match wait {
            WaitChoice::Healthy(deadline) => deadline,
            WaitChoice::Started => None,
        };
        for service in &scope.services {
            let Some(decision) = self.decisions.get(&service.name) else {
                continue;
            };
            let conditions = self.conditions(plan, service, &waiting, deadline);
            let mut up = Vec::new();
            for (place, slot) in decision.slots.iter().enumerate() {
                up.extend(self.start(plan, decision, (place, slot), &conditions));
            }
            self.up.insert(&service.name, up);
        }
        // What others wait for is waited for even where those run already.
        for key in waiting.keys() {
            self.wait(plan, *key, &waiting, deadline);
        }
        if matches!(wait, WaitChoice::Healthy(_)) {
            self.wait_for_all(plan, scope, deadline);
        }
    }

    /// The step that starts the container of each name.
    pub(super) fn into_steps(self) -> BTreeMap<ContainerName, StepId> {
        self.started
    }

    fn needs_start(&self, slot: &Slot<'_>) -> bool {
        match slot.fate {
            SlotFate::Keep(container) => !container.activity.is_alive() || self.stops.is_stopped(container).is_some(),
            SlotFate::Replace(..) | SlotFate::Create(..) => true,
        }
    }

    fn starts_any(&self, service: &ServiceName) -> bool {
        self.decisions
            .get(service)
            .is_some_and(|decision| decision.slots.iter().any(|slot| self.needs_start(slot)))
    }

    /// Which services wait for which conditions; nobody waits when neither side starts.
    fn waiting(&self, scope: &Scope<'a>) -> BTreeMap<WaitKey<'a>, Vec<ServiceName>> {
        let mut waiting: BTreeMap<WaitKey<'a>, Vec<ServiceName>> = BTreeMap::new();
        for service in &scope.services {
            for (name, dependency) in &service.lifecycle.depends_on {
                let has_containers = self.decisions.get(name).is_some_and(|decision| !decision.slots.is_empty());
                let (Some(condition), true) = (wait_condition(dependency.condition), has_containers) else {
                    continue;
                };
                if self.starts_any(name) || self.starts_any(&service.name) {
                    waiting
                        .entry((name, condition, dependency.required))
                        .or_default()
                        .push(service.name.clone());
                }
            }
        }
        waiting
    }

    /// The steps that must be done before a service starts.
    fn conditions(
        &mut self,
        plan: &mut Plan,
        service: &'a Service,
        waiting: &BTreeMap<WaitKey<'a>, Vec<ServiceName>>,
        deadline: Option<Duration>,
    ) -> Vec<StepId> {
        let mut steps = Vec::new();
        for (name, dependency) in &service.lifecycle.depends_on {
            match wait_condition(dependency.condition) {
                Some(condition) => steps.extend(self.wait(plan, (name, condition, dependency.required), waiting, deadline)),
                None => steps.extend(self.up.get(name).into_iter().flatten()),
            }
        }
        steps
    }

    /// The steps that must be done before a container starts that is made beside the scope.
    pub(super) fn before(&mut self, plan: &mut Plan, service: &'a Service) -> Vec<StepId> {
        let has_containers = |name: &ServiceName| self.targets.get(name).is_some_and(|targets| !targets.is_empty());
        let waiting = service.lifecycle.depends_on.iter().filter_map(|(name, dependency)| {
            let condition = wait_condition(dependency.condition).filter(|_| has_containers(name))?;
            Some(((name, condition, dependency.required), vec![service.name.clone()]))
        });
        let waiting = waiting.collect();
        self.conditions(plan, service, &waiting, None)
    }

    fn wait(
        &mut self,
        plan: &mut Plan,
        key: WaitKey<'a>,
        waiting: &BTreeMap<WaitKey<'a>, Vec<ServiceName>>,
        deadline: Option<Duration>,
    ) -> Option<StepId> {
        if let Some(step) = self.waits.get(&key) {
            return Some(*step);
        }
        let services = waiting.get(&key)?.clone();
        let action = self.wait_action(key, deadline)?;
        let after = self.up.get(key.0).cloned().unwrap_or_default();
        let step = plan.add(after, action, Reason::NeededBy { services });
        self.waits.insert(key, step);
        Some(step)
    }

    fn wait_action(&self, (service, condition, required): WaitKey<'a>, deadline: Option<Duration>) -> Option<Action> {
        let containers = self.targets.get(service)?.clone();
        Some(Action::Wait {
            service: service.clone(),
            condition,
            containers,
            required,
            deadline,
        })
    }

    fn start(
        &mut self,
        plan: &mut Plan,
        decision: &Decision<'_>,
        (place, slot): (usize, &Slot<'_>),
        conditions: &[StepId],
    ) -> Option<StepId> {
        let (at, reason) = match slot.fate {
            SlotFate::Keep(container) => {
                if container.activity == Activity::Paused && self.stops.is_stopped(container).is_none() {
                    plan.warn(
                        Diagnostic::warning(Code::PausedContainer, format!("container {} is paused", container.name))
                            .help("unpause it to let it go on"),
                    );
                }
                if !self.needs_start(slot) {
                    return None;
                }
                (ContainerRef::Existing(container.id.clone()), Reason::NotRunning)
            }
            SlotFate::Replace(..) | SlotFate::Create(..) => (self.created(decision, place)?, Reason::Created),
        };
        let mut after = conditions.to_vec();
        after.extend(self.ready.get(&slot.name));
        if let SlotFate::Keep(container) = slot.fate {
            after.extend(self.stops.is_stopped(container));
        }
        after.extend(
            self.stops
                .iter()
                .filter(|stop| self.holds_what_is_needed(stop.container, decision.service))
                .map(|stop| stop.step),
        );
        let container = Target {
            name: slot.name.clone(),
            at,
        };
        let started = plan.add(
            after,
            Action::StartContainer {
                container: container.clone(),
            },
            reason,
        );
        self.started.insert(slot.name.clone(), started);
        Some(add_hooks(plan, &container, decision.service, HookPoint::PostStart, &[started]).unwrap_or(started))
    }

    /// How to find the container of a service's place: there is one for each, in their order.
    fn created(&self, decision: &Decision<'_>, place: usize) -> Option<ContainerRef> {
        let targets = self.targets.get(&decision.service.name)?;
        targets.get(place).map(|target| target.at.clone())
    }

    /// Whether a container that stops may hold a port or an address that the service wants.
    fn holds_what_is_needed(&self, container: &ObservedContainer, service: &Service) -> bool {
        let other = self.project.services.get(&container.owner.service);
        if uses_host_network(service) && other.is_none_or(uses_host_network) {
            return true;
        }
        let wanted: Vec<PublishedRange> = service.networking.ports.iter().filter_map(PublishedRange::of).collect();
        let port = container.ports.iter().any(|port| wanted.iter().any(|range| range.contains(port)));
        port || self.fixed_networks(service).any(|name| container.networks.contains_key(&name))
    }

    /// The networks in which the service has an address of its own choosing.
    fn fixed_networks<'c>(&'c self, service: &'c Service) -> impl Iterator<Item = NetworkName> + 'c {
        let joined: BTreeSet<_> = network_keys(service).collect();
        service
            .networking
            .networks
            .iter()
            .filter(move |(key, endpoint)| {
                joined.contains(key)
                    && endpoint
                        .as_ref()
                        .is_some_and(|endpoint| endpoint.ipv4_address.is_some() || endpoint.ipv6_address.is_some())
            })
            .filter_map(|(key, _)| Some(network_name(&self.project.name, key, self.project.networks.get(key)?)))
    }

    fn wait_for_all(&mut self, plan: &mut Plan, scope: &Scope<'a>, deadline: Option<Duration>) {
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
            let Some(action) = self.wait_action((&service.name, condition, true), deadline) else {
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

/// The ports of the host that an entry of `ports` may take.
struct PublishedRange {
    first: u16,
    last: u16,
    protocol: String,
}

impl PublishedRange {
    /// `None` where the engine chooses the port.
    fn of(port: &crate::model::Port) -> Option<Self> {
        let published = port.published.as_deref()?;
        let (first, last) = published.split_once('-').unwrap_or((published, published));
        Some(Self {
            first: first.parse().ok()?,
            last: last.parse().ok()?,
            protocol: port.protocol.as_ref().map_or("tcp", |protocol| &protocol.0).to_owned(),
        })
    }

    fn contains(&self, port: &crate::observe::ObservedPort) -> bool {
        (self.first..=self.last).contains(&port.published) && self.protocol == port.protocol
    }
}
