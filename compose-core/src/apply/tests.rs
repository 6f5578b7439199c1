//! Plans carried out on an engine in memory: well, badly at each step, and cut short.

#![expect(clippy::unwrap_used, reason = "tests")]

mod images;
mod properties;
mod turns;

use super::*;
use crate::commands::{DownOptions, ImageChoice, Recreate, UpOptions, UpOutcome, down, plan, up};
use crate::engine::fake::{Behaviour, FakeEngine};
use crate::engine::request::PathMap;
use crate::engine::{ContainerStatus, Engine};
use crate::event::{Event, Phase};
use crate::model::{Condition, Dependency, Extensions, Hook, NamespaceMode, Project};
use crate::names::{ContainerName, ServiceName};
use crate::observe::observe;
use crate::plan::{ContainerPolicy, Plan, plan_containers};
use crate::sample::{With, project, service};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// An engine, a context on it, and what was told.
struct Stage {
    engine: Arc<FakeEngine>,
    context: Context,
    told: Arc<Mutex<Vec<Event>>>,
}

impl Stage {
    fn new(engine: FakeEngine) -> Self {
        let images = ["db", "web", "cache", "init", "base", "side", "a", "b", "c", "d"];
        let engine = Arc::new(images.into_iter().fold(engine, FakeEngine::with_image));
        let told = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&told);
        let context = Context {
            engine: Arc::clone(&engine) as Arc<dyn Engine>,
            paths: PathMap::identity(),
            events: Arc::new(move |event| sink.lock().unwrap().push(event)),
            cancel: CancellationToken::new(),
            parallel: 4,
        };
        Self { engine, context, told }
    }

    async fn up(&self, project: &Project) -> Result<UpOutcome, ApplyError> {
        up(&self.context, project, &UpOptions::default()).await
    }

    async fn plan(&self, project: &Project) -> Plan {
        let observed = observe(self.engine.as_ref(), &project.name, Some(project)).await.unwrap();
        plan_containers(project, &observed, &ContainerPolicy::default()).unwrap()
    }

    fn running(&self) -> Vec<String> {
        let containers = self.engine.containers().into_iter();
        containers
            .filter(|(_, status)| *status == ContainerStatus::Running)
            .map(|(name, _)| name)
            .collect()
    }

    fn warnings(&self) -> Vec<String> {
        let told = self.told.lock().unwrap();
        let warnings = told.iter().filter_map(|event| match event {
            Event::Warning { message } => Some(message.clone()),
            _ => None,
        });
        warnings.collect()
    }

    fn lines(&self) -> Vec<String> {
        let told = self.told.lock().unwrap();
        let lines = told.iter().filter_map(|event| match event {
            Event::Output { container, line, .. } => Some(format!("{container}: {line}")),
            _ => None,
        });
        lines.collect()
    }
}

fn healthy() -> Behaviour {
    Behaviour {
        health: Some(true),
        ..Behaviour::default()
    }
}

fn exits(code: i64) -> Behaviour {
    Behaviour {
        exits: Some(code),
        output: "first\nlast words\n".to_owned(),
        ..Behaviour::default()
    }
}

/// Whether a call was made before another.
fn in_order(calls: &[String], first: &str, second: &str) -> bool {
    let at = |wanted: &str| {
        calls
            .iter()
            .position(|call| call == wanted)
            .unwrap_or_else(|| panic!("no call {wanted} in {calls:#?}"))
    };
    at(first) < at(second)
}

fn layered() -> Project {
    project([
        service("db").mounts("data", "/data"),
        service("init").needs("db", Condition::Healthy),
        service("web").needs("init", Condition::CompletedSuccessfully).scale(2),
    ])
}

#[tokio::test(start_paused = true)]
async fn a_project_comes_up_in_order_and_stays() {
    let stage = Stage::new(FakeEngine::new().with_behaviour("db", healthy()).with_behaviour("init", exits(0)));
    let outcome = stage.up(&layered()).await.unwrap();
    assert_eq!(stage.running(), ["shop-db-1", "shop-web-1", "shop-web-2"]);
    let calls = stage.engine.calls();
    assert!(in_order(&calls, "create volume shop_data", "create shop-db-1"));
    assert!(
        in_order(&calls, "create shop-web-2", "start shop-db-1"),
        "making does not wait for starting"
    );
    assert!(in_order(&calls, "start shop-db-1", "start shop-init-1"));
    assert!(in_order(&calls, "start shop-init-1", "start shop-web-1"));
    assert_eq!(outcome.containers[&ServiceName::new("web")].len(), 2);
    assert_eq!(outcome.images[&ServiceName::new("db")].as_str(), "sha256:db");
    assert_eq!(stage.engine.volumes(), ["shop_data"]);
    assert!(stage.engine.most_open() <= 4, "{} calls at a time", stage.engine.most_open());
    let before = stage.engine.calls().len();
    let again = project([service("db").mounts("data", "/data"), service("web").scale(2)]);
    up(
        &stage.context,
        &again,
        &UpOptions {
            ignore_orphans: true,
            ..UpOptions::default()
        },
    )
    .await
    .unwrap();
    assert_eq!(stage.engine.calls().len(), before, "dependencies are no part of the hash");
}

#[tokio::test(start_paused = true)]
async fn what_is_up_comes_down() {
    let stage = Stage::new(FakeEngine::new().with_behaviour("db", healthy()).with_behaviour("init", exits(0)));
    let shop = layered();
    stage.up(&shop).await.unwrap();
    let options = DownOptions {
        volumes: true,
        ..DownOptions::default()
    };
    down(&stage.context, &shop.name, None, &options).await.unwrap();
    assert_eq!(stage.engine.containers(), BTreeMap::new());
    assert_eq!((stage.engine.networks(), stage.engine.volumes()), (vec![], vec![]));
    assert!(in_order(&stage.engine.calls(), "remove shop-web-2", "stop shop-db-1"));
    down(&stage.context, &shop.name, Some(&shop), &options).await.unwrap();
    assert_eq!(stage.warnings(), ["no resource found to remove for project \"shop\""]);
}

#[tokio::test(start_paused = true)]
async fn a_replacement_takes_over_names_and_anonymous_volumes() {
    let stage = Stage::new(FakeEngine::new());
    let first = project([service("db").mounts("", "/own")]);
    let old = stage.up(&first).await.unwrap().containers[&ServiceName::new("db")][0].clone();
    let volumes = stage.engine.volumes();
    let new = stage.up(&project([service("db").mounts("", "/own").env("N", "2")])).await.unwrap();
    assert_ne!(new.containers[&ServiceName::new("db")][0], old);
    assert_eq!(stage.running(), ["shop-db-1"]);
    assert_eq!(stage.engine.containers().len(), 1);
    assert_eq!(stage.engine.volumes(), volumes, "no second anonymous volume");
    let calls = stage.engine.calls();
    assert!(
        calls.iter().any(|call| call == "remove 000000000000_shop-db-1_replaced"),
        "{calls:#?}"
    );
    assert!(
        in_order(&calls, "create 000000000000_shop-db-1", "stop shop-db-1"),
        "the new one is made before the old one stops"
    );
}

/// Fails every call of a replacement in turn; whatever fails, a container of the service runs under its name afterwards.
#[tokio::test(start_paused = true)]
async fn a_failed_replacement_leaves_the_service_running() {
    let first = project([service("db").joins(&["back", "default"])]);
    let second = project([service("db").joins(&["back", "default"]).env("N", "2")]);
    let calls = [
        ("create 000000000000_shop-db-1", 0),
        ("stop shop-db-1", 0),
        ("rename shop-db-1 000000000000_shop-db-1_replaced", 0),
        ("rename 000000000000_shop-db-1 shop-db-1", 0),
        ("start shop-db-1", 1),
    ];
    for (call, skip) in calls {
        let stage = Stage::new(FakeEngine::new());
        // The first start is the first up's.
        if skip == 0 {
            stage.up(&first).await.unwrap();
            stage.engine.fail(call, 0);
        } else {
            stage.engine.fail(call, skip);
            stage.up(&first).await.unwrap();
        }
        let error = stage.up(&second).await.unwrap_err();
        assert!(matches!(&error, ApplyError::Step { .. }), "{call}: {error}");
        assert_eq!(stage.running(), ["shop-db-1"], "{call}");
        assert_eq!(stage.engine.containers().len(), 1, "{call}: nothing half-made is left");
        stage.up(&second).await.unwrap();
        assert!(stage.plan(&second).await.is_empty(), "{call}: the next run repairs it");
    }
}

#[tokio::test(start_paused = true)]
async fn a_replacement_that_could_not_be_cleaned_up_still_runs() {
    let stage = Stage::new(FakeEngine::new());
    stage.up(&project([service("db")])).await.unwrap();
    stage.engine.fail("remove 000000000000_shop-db-1_replaced", 0);
    let second = project([service("db").env("N", "2")]);
    let error = stage.up(&second).await.unwrap_err();
    assert!(
        matches!(
            &error,
            ApplyError::Step {
                undone: Undone::Clearing,
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(stage.running(), ["shop-db-1"]);
    stage.up(&second).await.unwrap();
    assert_eq!(stage.engine.containers().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_container_that_cannot_join_its_networks_is_removed() {
    // Old engines take one network at the start and the others one by one, the fake one takes them all: so fail an upload.
    let stage = Stage::new(FakeEngine::new());
    let shop = project([service("db").with(|db| {
        db.storage.configs = vec![crate::model::FileGrant {
            source: "c".to_owned(),
            target: Some("/c".to_owned()),
            ..Default::default()
        }];
    })])
    .with(|shop| {
        let config = crate::model::Config {
            source: crate::model::SecretSource::Content("text".to_owned()),
            ..Default::default()
        };
        shop.configs.insert("c".into(), config);
    });
    stage.engine.fail("upload shop-db-1 /", 0);
    stage.up(&shop).await.unwrap_err();
    assert_eq!(stage.engine.containers(), BTreeMap::new());
    stage.up(&shop).await.unwrap();
    assert_eq!(stage.running(), ["shop-db-1"]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_skips_what_comes_after_it_and_nothing_else() {
    let stage = Stage::new(FakeEngine::new());
    let shop = project([
        service("a"),
        service("b").needs("a", Condition::Started),
        service("c").needs("b", Condition::Started),
        service("d"),
    ]);
    stage.engine.fail("start shop-a-1", 0);
    let error = stage.up(&shop).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot start container shop-a-1: made to fail");
    assert_eq!(stage.running(), ["shop-d-1"]);
    let told = stage.told.lock().unwrap();
    let skipped = told
        .iter()
        .filter(|event| matches!(event, Event::Action { phase: Phase::Skipped, .. }));
    assert_eq!(skipped.count(), 2, "b and c");
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_badly_with_the_containers_last_words() {
    for (behaviour, condition, message) in [
        (
            exits(3),
            Condition::Healthy,
            "dependency failed to start: container shop-db-1 exited (3)",
        ),
        (
            exits(4),
            Condition::CompletedSuccessfully,
            "service \"db\" didn't complete successfully: exit 4 (container shop-db-1)",
        ),
        (
            Behaviour {
                health: Some(false),
                ..exits(0).with(|it| it.exits = None)
            },
            Condition::Healthy,
            "dependency failed to start: container shop-db-1 is unhealthy",
        ),
        (
            Behaviour::default(),
            Condition::Healthy,
            "dependency failed to start: container shop-db-1 has no healthcheck configured",
        ),
    ] {
        let quotes = !behaviour.output.is_empty();
        let stage = Stage::new(FakeEngine::new().with_behaviour("db", behaviour));
        let error = stage
            .up(&project([service("db"), service("web").needs("db", condition)]))
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), message);
        assert!(!stage.running().contains(&"shop-web-1".to_owned()), "{message}");
        assert_eq!(stage.lines().contains(&"shop-db-1: last words".to_owned()), quotes, "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_optional_dependency_may_fail() {
    let stage = Stage::new(FakeEngine::new().with_behaviour("db", exits(1)));
    let optional = Dependency {
        condition: Condition::Healthy,
        restart: false,
        required: false,
        extensions: Extensions::new(),
    };
    stage
        .up(&project([service("db"), service("web").depends("db", optional)]))
        .await
        .unwrap();
    assert_eq!(stage.running(), ["shop-web-1"]);
    assert!(
        stage.warnings()[0].starts_with("optional dependency \"db\" failed to start"),
        "{:?}",
        stage.warnings()
    );
}

#[tokio::test(start_paused = true)]
async fn health_is_awaited_by_events() {
    let stage = Stage::new(FakeEngine::new());
    let shop = project([service("db"), service("web").needs("db", Condition::CompletedSuccessfully)]);
    let engine = Arc::clone(&stage.engine);
    let later = async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        engine.exit("shop-db-1", 0);
    };
    let began = tokio::time::Instant::now();
    let (result, ()) = tokio::join!(stage.up(&shop), later);
    result.unwrap();
    assert_eq!(began.elapsed().as_secs(), 30, "it goes on at once");
    assert_eq!(stage.running(), ["shop-web-1"]);
}

#[tokio::test(start_paused = true)]
async fn waiting_for_everything_has_an_end() {
    let stage = Stage::new(FakeEngine::new());
    let shop = project([service("db"), service("web").needs("db", Condition::CompletedSuccessfully)]);
    let options = UpOptions {
        services: vec!["db".into()],
        wait: Some(Duration::from_secs(5)),
        ..UpOptions::default()
    };
    up(&stage.context, &shop, &options).await.unwrap();
    let options = UpOptions {
        wait: Some(Duration::from_secs(5)),
        ..UpOptions::default()
    };
    let began = tokio::time::Instant::now();
    let stopped = stage.context.cancel.clone();
    let end = async {
        tokio::time::sleep(Duration::from_mins(1)).await;
        stopped.cancel();
    };
    let timed = async {
        let result = up(&stage.context, &shop, &options).await;
        (result, began.elapsed())
    };
    let ((result, told_after), ()) = tokio::join!(timed, end);
    let error = result.unwrap_err().to_string();
    assert_eq!(error, "timeout waiting for db: not ready after 5s");
    assert_eq!(told_after.as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_one_shot_that_ends_well_counts_as_up_and_one_that_ends_badly_does_not() {
    for (code, fine) in [(0, true), (3, false)] {
        let stage = Stage::new(FakeEngine::new().with_behaviour("init", exits(code)));
        let options = UpOptions {
            wait: Some(Duration::from_secs(5)),
            ..UpOptions::default()
        };
        let result = up(&stage.context, &project([service("init")]), &options).await;
        assert_eq!(result.is_ok(), fine, "{result:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn cancelling_finishes_what_has_begun_and_begins_nothing() {
    let stage = Stage::new(FakeEngine::new());
    let shop = project([service("a"), service("b").needs("a", Condition::Healthy)]);
    let first = project([service("a")]);
    stage.up(&first).await.unwrap();
    stage.engine.delay("stop shop-a-1", Duration::from_secs(10));
    let changed = shop.clone().with(|shop| {
        let a = shop.services.get_mut("a").unwrap();
        a.process.environment.insert("N".to_owned(), Some("2".to_owned()));
    });
    let cancel = stage.context.cancel.clone();
    let soon = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        cancel.cancel();
    };
    let (result, ()) = tokio::join!(stage.up(&changed), soon);
    assert!(matches!(result, Err(ApplyError::Cancelled)), "{result:?}");
    assert_eq!(stage.running(), ["shop-a-1"], "the old one runs again, the new one is gone");
    assert!(!stage.engine.calls().contains(&"start shop-b-1".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn cancelling_ends_a_wait_at_once() {
    let stage = Stage::new(FakeEngine::new());
    let shop = project([service("a"), service("b").needs("a", Condition::CompletedSuccessfully)]);
    let cancel = stage.context.cancel.clone();
    let soon = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        cancel.cancel();
    };
    let (result, ()) = tokio::join!(stage.up(&shop), soon);
    assert!(matches!(result, Err(ApplyError::Cancelled)), "{result:?}");
    assert_eq!(stage.running(), ["shop-a-1"]);
}

#[tokio::test(start_paused = true)]
async fn dependents_stopped_for_a_replacement_that_fails_run_again() {
    let stage = Stage::new(FakeEngine::new());
    stage
        .up(&project([service("db"), service("web").restarts_with("db")]))
        .await
        .unwrap();
    stage.engine.fail("rename shop-db-1 000000000000_shop-db-1_replaced", 0);
    stage
        .up(&project([service("db").env("N", "2"), service("web").restarts_with("db")]))
        .await
        .unwrap_err();
    assert_eq!(stage.running(), ["shop-db-1", "shop-web-1"]);
}

#[tokio::test(start_paused = true)]
async fn hooks_run_and_their_failure_counts() {
    let hook = |command: &str| Hook {
        command: Some(vec![command.to_owned()]),
        ..Hook::default()
    };
    let hooked = |command: &str| service("db").with(|db| db.lifecycle.post_start = vec![hook(command)]);
    let stage = Stage::new(FakeEngine::new());
    stage.up(&project([hooked("warm")])).await.unwrap();
    assert_eq!(stage.lines(), ["shop-db-1: warm"]);
    let error = stage.up(&project([hooked("false")])).await.unwrap_err();
    assert_eq!(error.to_string(), "post_start hook of shop-db-1 exited with code 1");
}

#[tokio::test(start_paused = true)]
async fn forty_services_in_four_layers_take_no_longer_than_their_longest_chain() {
    let names: Vec<Vec<String>> = (0..4)
        .map(|layer| (0..10).map(|index| format!("s{layer}x{index}")).collect())
        .collect();
    let engine = names
        .iter()
        .flatten()
        .fold(FakeEngine::new(), |engine, name| engine.with_image(name));
    let stage = Stage::new(engine);
    stage.engine.delay("create ", Duration::from_millis(100));
    stage.engine.delay("start ", Duration::from_millis(100));
    let services = names.iter().enumerate().flat_map(|(layer, names)| {
        let below = layer.checked_sub(1).map(names_of);
        names.iter().map(move |name| {
            below
                .iter()
                .flatten()
                .fold(service(name), |service, below| service.needs(below, Condition::Started))
        })
    });
    let shop = project(services);
    let context = Context {
        parallel: 64,
        ..stage.context.clone()
    };
    let began = tokio::time::Instant::now();
    up(&context, &shop, &UpOptions::default()).await.unwrap();
    // The network, all containers at once, and one start for each layer.
    assert_eq!(began.elapsed().as_millis() / 10, 60);
}

fn names_of(layer: usize) -> Vec<String> {
    (0..10).map(|index| format!("s{layer}x{index}")).collect()
}

#[tokio::test(start_paused = true)]
async fn namespaces_lead_to_the_containers_that_are_made() {
    let stage = Stage::new(FakeEngine::new());
    let side = service("side").restarts_with("base").with(|side| {
        side.networking.networks.clear();
        side.networking.network_mode = Some(NamespaceMode::Service("base".into()));
    });
    let shop = project([service("base"), side]);
    stage.up(&shop).await.unwrap();
    assert!(stage.plan(&shop).await.is_empty());
    up(
        &stage.context,
        &shop,
        &UpOptions {
            services: vec!["base".into()],
            recreate: Recreate::Always,
            ..UpOptions::default()
        },
    )
    .await
    .unwrap();
    let plan = stage.plan(&shop).await.to_string();
    assert!(
        plan.contains("in place of shop-side-1 (configuration changed)"),
        "its peer is gone: {plan}"
    );
}

#[test]
fn the_first_failure_is_the_one_that_is_told() {
    let cause = StepError::Hook {
        point: "post_start",
        container: ContainerName::new("shop-db-1"),
        code: 2,
    };
    let error = ApplyError::Step {
        step: "run hook".to_owned(),
        cause,
        others: Vec::new(),
        undone: Undone::Work,
    };
    assert_eq!(error.to_string(), "post_start hook of shop-db-1 exited with code 2");
}
