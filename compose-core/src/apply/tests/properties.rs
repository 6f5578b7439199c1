//! What holds for any project, any failure and any order.

use super::*;
use crate::model::{Dependency, Extensions, Service};
use crate::plan::{Action, StepId};
use proptest::prelude::*;

/// A project of four services with random relations, volumes, numbers and settings.
fn any_project() -> impl Strategy<Value = Project> {
    let one = |index: usize| {
        let name = ["a", "b", "c", "d"][index];
        let dependencies = proptest::collection::btree_map(0..index.max(1), (any::<bool>(), any::<bool>()), 0..=index);
        (0_i64..4, 0..3_u8, dependencies, 0..4_u8, any::<bool>()).prop_map(move |(scale, env, dependencies, kind, anonymous)| {
            let mut service = service(name).scale(scale).env("N", &env.to_string());
            for (on, (restart, completed)) in dependencies.into_iter().filter(|(on, _)| *on < index) {
                let condition = if completed {
                    Condition::CompletedSuccessfully
                } else {
                    Condition::Started
                };
                let dependency = Dependency {
                    condition,
                    restart,
                    required: true,
                    extensions: Extensions::new(),
                };
                service = service.depends(["a", "b", "c", "d"][on], dependency);
            }
            vary(service, kind, anonymous, index)
        })
    };
    (one(0), one(1), one(2), one(3), any::<[bool; 4]>(), 0..2_u8).prop_map(|(a, b, c, d, there, label)| {
        let services: Vec<Service> = [a, b, c, d]
            .into_iter()
            .zip(there)
            .filter(|(_, there)| *there)
            .map(|(service, _)| service)
            .collect();
        let names: BTreeSet<ServiceName> = services.iter().map(|service| service.name.clone()).collect();
        let services = services
            .into_iter()
            .map(|service| service.with(|service| service.lifecycle.depends_on.retain(|name, _| names.contains(name))));
        project(services).with(|shop| {
            for network in shop.networks.values_mut() {
                network.labels.insert("label".to_owned(), label.to_string());
            }
        })
    })
}

fn vary(service: Service, kind: u8, anonymous: bool, index: usize) -> Service {
    let service = if anonymous { service.mounts("", "/own") } else { service };
    match kind {
        0 => service.mounts("data", "/data"),
        1 => service.joins(&["back", "default"]),
        2 => service.publishes(&format!("{}00-{}09", 80 + index, 80 + index)),
        _ => service,
    }
}

/// Everything ends well, so that every condition is met.
fn settled() -> FakeEngine {
    ["a", "b", "c", "d"]
        .into_iter()
        .fold(FakeEngine::new(), |engine, name| engine.with_behaviour(name, exits(0)))
}

/// What is left to do after an `up`, starts of what has ended by itself excepted.
async fn left_to_do(stage: &Stage, project: &Project) -> Vec<String> {
    let plan = stage.plan(project).await;
    let left = plan
        .steps()
        .filter(|(_, step)| !matches!(step.action, Action::StartContainer { .. } | Action::Wait { .. }));
    left.map(|(_, step)| format!("{} ({})", step.action, step.reason)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn an_up_leaves_nothing_to_do(projects in proptest::collection::vec(any_project(), 1..4)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let stage = Stage::new(settled());
            for project in &projects {
                let options = UpOptions { remove_orphans: true, ..UpOptions::default() };
                up(&stage.context, project, &options).await.unwrap();
                prop_assert_eq!(left_to_do(&stage, project).await, Vec::<String>::new());
                let wanted: u32 = project.services.values().map(Service::replicas).sum();
                prop_assert_eq!(stage.engine.containers().len(), wanted as usize);
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_failure_anywhere_is_repaired_by_the_next_up(first in any_project(), second in any_project(), at in any::<prop::sample::Index>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let options = UpOptions { remove_orphans: true, ..UpOptions::default() };
            // What the second up does is learnt on one engine and made to fail on another.
            let calls = {
                let stage = Stage::new(settled());
                up(&stage.context, &first, &options).await.unwrap();
                let before = stage.engine.calls().len();
                up(&stage.context, &second, &options).await.unwrap();
                stage.engine.calls().split_off(before)
            };
            if calls.is_empty() {
                return Ok(());
            }
            let stage = Stage::new(settled());
            up(&stage.context, &first, &options).await.unwrap();
            stage.engine.fail(&calls[at.index(calls.len())], 0);
            let _ = up(&stage.context, &second, &options).await;
            up(&stage.context, &second, &options).await.unwrap();
            prop_assert_eq!(left_to_do(&stage, &second).await, Vec::<String>::new());
            Ok(())
        })?;
    }

    /// Runs a plan's schedule with random outcomes, and a cancellation at some point or none.
    #[test]
    fn a_schedule_keeps_its_promises(
        shop in any_project(),
        picks in proptest::collection::vec((any::<prop::sample::Index>(), 0..8_u8), 0..80),
        cancel_after in 0..100_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let plan = runtime.block_on(Stage::new(settled()).plan(&shop));
        let mut schedule = Schedule::new(&plan);
        let mut running: Vec<StepId> = Vec::new();
        let mut began = BTreeSet::new();
        let mut picks = picks.into_iter();
        for turn in 0.. {
            if turn == cancel_after {
                schedule.cancel();
            }
            while let Some(id) = schedule.begin(|_| true) {
                prop_assert!(began.insert(id), "{} began twice", id);
                prop_assert!(turn < cancel_after, "{} began after the end", id);
                for before in plan.before(id) {
                    prop_assert_eq!(schedule.state(before), StepState::Done);
                }
                running.push(id);
            }
            if running.is_empty() {
                break;
            }
            let (which, luck) = picks.next().map_or((0, 1), |(index, luck)| (index.index(running.len()), luck));
            let id = running.swap_remove(which);
            schedule.end(id, if luck == 0 { Outcome::Failed } else { Outcome::Done });
        }
        prop_assert!(schedule.is_over());
        for (id, _) in plan.steps() {
            let before: Vec<StepState> = plan.before(id).into_iter().map(|before| schedule.state(before)).collect();
            match schedule.state(id) {
                StepState::Skipped if !schedule.is_cancelled() => {
                    prop_assert!(before.iter().any(|state| matches!(state, StepState::Failed | StepState::Skipped)));
                }
                StepState::Done | StepState::Failed => prop_assert!(before.iter().all(|state| *state == StepState::Done)),
                StepState::Skipped => {}
                other => prop_assert!(false, "{} is left {:?}", id, other),
            }
        }
    }
}
