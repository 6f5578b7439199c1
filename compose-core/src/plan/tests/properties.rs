//! What holds for the plan from any project to any other, in whatever order its steps are done.

use super::turns::remove_orphans;
use super::*;
use crate::model::{Endpoint, Service};
use crate::names::ContainerId;
use proptest::prelude::*;
use std::collections::BTreeSet;

const NAMES: [&str; 4] = ["db", "cache", "web", "side"];

/// What a container holds while it runs, beside its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Holding {
    Port(String),
    Address(String),
}

/// A service of the project, or none.
fn any_service(index: usize) -> impl Strategy<Value = Option<Service>> {
    let dependencies = proptest::collection::btree_map(0..index.max(1), (0..3_u8, any::<bool>()), 0..=index);
    let things = (0..6_u8, 0..6_u8, 0..6_u8, 0..5_u8);
    (0..6_u8, 0..2_u8, 1..3_i64, dependencies, things).prop_map(move |(there, env, scale, dependencies, (name, port, address, share))| {
        let mut service = service(NAMES[index]).env("N", &env.to_string()).scale(scale);
        for (on, (condition, restart)) in dependencies.into_iter().filter(|(on, _)| *on < index) {
            let dependency = Dependency {
                condition: [Condition::Started, Condition::Healthy, Condition::CompletedSuccessfully][usize::from(condition)],
                restart,
                required: true,
                extensions: Extensions::new(),
            };
            service = service.depends(NAMES[on], dependency);
        }
        if name < 2 {
            service = service
                .scale(1)
                .with(|service| service.container_name = Some(format!("fixed-{name}")));
        }
        if port < 2 {
            service = service.scale(1).publishes(&format!("808{port}"));
        }
        if address < 2 {
            let endpoint = Endpoint {
                ipv4_address: Some(format!("10.0.0.{address}")),
                ..Endpoint::default()
            };
            service = service.scale(1).with(|service| {
                service.networking.networks.insert("default".into(), Some(Box::new(endpoint)));
            });
        } else if share == 0 && index > 0 && port >= 2 {
            service = service.restarts_with(NAMES[index - 1]).with(|service| {
                service.networking.networks.clear();
                service.networking.network_mode = Some(NamespaceMode::Service(NAMES[index - 1].into()));
            });
        }
        (there > 0).then_some(service)
    })
}

/// A project in which no two services want the same.
fn any_project() -> impl Strategy<Value = Project> {
    (any_service(0), any_service(1), any_service(2), any_service(3)).prop_map(|(a, b, c, d)| {
        let mut taken = BTreeSet::new();
        let mut services: Vec<Service> = Vec::new();
        for mut service in [a, b, c, d].into_iter().flatten() {
            let there = |name: &ServiceName| services.iter().any(|service| service.name == *name);
            service.lifecycle.depends_on.retain(|name, _| there(name));
            if matches!(&service.networking.network_mode, Some(NamespaceMode::Service(peer)) if !there(peer)) {
                service.networking.network_mode = None;
                service = service.joins(&["default"]);
            }
            let mut wanted: Vec<String> = holdings(&service).into_iter().map(|holding| format!("{holding:?}")).collect();
            wanted.extend(service.container_name.clone());
            if wanted.iter().all(|thing| !taken.contains(thing)) {
                taken.extend(wanted);
                services.push(service);
            }
        }
        project(services)
    })
}

fn holdings(service: &Service) -> BTreeSet<Holding> {
    let ports = service.networking.ports.iter().filter_map(|port| port.published.clone());
    let endpoints = service.networking.networks.values().flatten();
    let addresses = endpoints.filter_map(|endpoint| endpoint.ipv4_address.clone());
    ports.map(Holding::Port).chain(addresses.map(Holding::Address)).collect()
}

/// What the engine holds while a plan is carried out.
#[derive(Debug, Default)]
struct Run {
    names: BTreeMap<String, String>,
    holding: BTreeMap<String, BTreeSet<Holding>>,
    running: BTreeSet<String>,
}

impl Run {
    fn of(observed: &Observed, before: &Project) -> Self {
        let mut run = Self::default();
        for container in observed.containers() {
            let id = container.id.to_string();
            run.names.insert(id.clone(), container.name.to_string());
            let service = &before.services[&container.owner.service];
            run.holding.insert(id.clone(), holdings(service));
            if container.activity.is_alive() {
                run.running.insert(id);
            }
        }
        run
    }

    /// Does a step as an engine would, and says what one would refuse.
    fn step(&mut self, plan: &Plan, id: StepId, project: &Project) -> Result<(), String> {
        let action = &plan.step(id).action;
        match action {
            Action::CreateContainer(new) => {
                let name = new.temporary_name.as_ref().unwrap_or(&new.name).to_string();
                self.is_free(&name).map_err(|why| format!("{action}: {why}"))?;
                self.names.insert(id.to_string(), name);
                self.holding.insert(id.to_string(), holdings(&project.services[&new.service]));
            }
            Action::RenameContainer { container, name } => {
                self.is_free(name.as_str()).map_err(|why| format!("{action}: {why}"))?;
                self.names.insert(key(&container.at), name.to_string());
            }
            Action::StartContainer { container } => {
                let key = key(&container.at);
                let held: BTreeSet<&Holding> = self
                    .running
                    .iter()
                    .filter(|other| **other != key)
                    .flat_map(|other| &self.holding[other])
                    .collect();
                if let Some(holding) = self.holding[&key].iter().find(|holding| held.contains(holding)) {
                    return Err(format!("{action}: {holding:?} is held"));
                }
                self.running.insert(key);
            }
            Action::StopContainer { container, .. } => {
                self.running.remove(&key(&container.at));
            }
            Action::RemoveContainer { container, .. } => {
                let key = key(&container.at);
                self.running.remove(&key);
                self.names.remove(&key);
            }
            _ => {}
        }
        Ok(())
    }

    fn is_free(&self, name: &str) -> Result<(), String> {
        if self.names.values().any(|taken| taken == name) {
            return Err(format!("{name} is taken"));
        }
        Ok(())
    }
}

fn key(at: &ContainerRef) -> String {
    match at {
        ContainerRef::Existing(id) => id.to_string(),
        ContainerRef::Created(step) => step.to_string(),
    }
}

/// Whether a step is done before another in every order.
fn comes_before(plan: &Plan, first: StepId, second: StepId) -> bool {
    let mut open = vec![second];
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        if id == first {
            return true;
        }
        open.extend(plan.before(id).into_iter().filter(|id| seen.insert(*id)));
    }
    false
}

async fn observed_between(before: &Project, after: &Project) -> Observed {
    let (engine, context) = context(NAMES.into_iter().fold(engine(), |engine, image| {
        engine.with_behaviour(
            image,
            Behaviour {
                health: Some(true),
                ..Behaviour::default()
            },
        )
    }));
    // What is waited for to end never does on this engine, so nothing waits.
    let before = before.clone().with(|before| {
        for service in before.services.values_mut() {
            for dependency in service.lifecycle.depends_on.values_mut() {
                dependency.condition = Condition::Started;
            }
        }
    });
    up(&context, &before, &UpOptions::default()).await.unwrap();
    observe(engine.as_ref(), &after.name, Some(after)).await.unwrap()
}

/// The containers that stop although what their successors wait for is not there yet, because something cannot do without it.
fn makes_room(plan: &Plan, old: &ContainerId, observed: &Observed, before: &Project, after: &Project) -> bool {
    let container = observed.containers().find(|container| container.id == *old).unwrap();
    let service = &before.services[&container.owner.service];
    let holds = holdings(service);
    let wanted = |other: &&Service| {
        other.name != service.name
            && (!holds.is_disjoint(&holdings(other)) || other.container_name.as_deref() == Some(container.name.as_str()))
    };
    let shares = |project: &Project| {
        let found = project.services.get(&service.name);
        found.is_some_and(|service| service.networking.network_mode.is_some())
    };
    let anew = plan.steps().any(|(_, step)| matches!(step.action, Action::RemoveNetwork { .. }));
    anew || shares(before) || shares(after) || after.services.values().any(|other| wanted(&other))
}

fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build();
    runtime.unwrap().block_on(work)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_held_twice_in_any_order(
        before in any_project(),
        after in any_project(),
        picks in proptest::collection::vec(any::<prop::sample::Index>(), 64),
    ) {
        let observed = run(observed_between(&before, &after));
        let plan = plan_containers(&after, &observed, &remove_orphans()).unwrap();
        let mut state = Run::of(&observed, &before);
        let mut open: Vec<StepId> = plan.steps().map(|(id, _)| id).collect();
        let mut picks = picks.into_iter().cycle();
        while !open.is_empty() {
            let may: Vec<usize> = (0..open.len()).filter(|at| plan.before(open[*at]).iter().all(|id| !open.contains(id))).collect();
            let at = may[picks.next().unwrap().index(may.len())];
            let done = state.step(&plan, open.remove(at), &after);
            prop_assert!(done.is_ok(), "{}\n{plan}", done.unwrap_err());
        }
        let wanted: usize = after.services.values().map(|service| service.replicas() as usize).sum();
        prop_assert_eq!((state.names.len(), state.running.len()), (wanted, wanted), "{}", plan);
    }

    #[test]
    fn what_is_replaced_runs_until_what_its_successor_waits_for_is_there(before in any_project(), after in any_project()) {
        let observed = run(observed_between(&before, &after));
        let plan = plan_containers(&after, &observed, &remove_orphans()).unwrap();
        for replacement in plan.replacements() {
            let ContainerRef::Existing(old) = &replacement.old.at else { continue };
            let Some(stop) = replacement.stop else { continue };
            let takes_over = |create: StepId| match &plan.step(create).action {
                Action::CreateContainer(new) => new.replaces.as_ref() == Some(&replacement.old),
                _ => false,
            };
            let own = replacement.successors.iter().filter(|successor| successor.create.is_some_and(takes_over));
            for start in own.filter_map(|successor| successor.start) {
                prop_assert!(comes_before(&plan, stop, start), "{} still runs when {start} begins\n{plan}", replacement.old.name);
                if makes_room(&plan, old, &observed, &before, &after) {
                    continue;
                }
                let awaited = plan.before(start).into_iter().filter(|id| {
                    matches!(plan.step(*id).action, Action::Wait { .. } | Action::StartContainer { .. })
                });
                for id in awaited {
                    prop_assert!(comes_before(&plan, id, stop), "{} is stopped before {id} is done\n{plan}", replacement.old.name);
                }
            }
        }
    }
}
