//! The machine goes down and comes back: what ran on it and has no restart policy is started again, and nothing else.

use crate::bench::{Bench, healthy};
use compose_core::engine::ContainerStatus::{self, Exited, Running};
use compose_core::engine::Engine as _;
use compose_core::engine::fake::{Behaviour, FakeEngine};
use compose_core::names::ContainerId;
use deployd::wire::DeploymentState as State;
use std::time::Duration;

const SHOP: &str = "services:
  web:
    image: web:1
    depends_on: {db: {condition: service_healthy}, setup: {condition: service_completed_successfully}}
  db: {image: db:1}
  proxy: {image: web:1, restart: unless-stopped}
  setup: {image: job:1}
  worker: {image: web:1}
";

async fn shop() -> Bench {
    let job = Behaviour {
        exits: Some(0),
        ..Behaviour::default()
    };
    let engine = FakeEngine::new()
        .with_image("web:1")
        .with_image("db:1")
        .with_image("job:1")
        .with_behaviour("web:1", healthy())
        .with_behaviour("db:1", healthy())
        .with_behaviour("job:1", job);
    let bench = Bench::with_engine(engine).await;
    bench.git(&["init", "-q", "-b", "main", "."]);
    bench.write("inertia.toml", "name = \"shop\"\nhealth_timeout = \"3s\"\n");
    bench.push(SHOP);
    bench.register("").await;
    bench.deploy_well().await;
    // The daemon of before has noted which run of the engine it knew.
    bench.reboot().await
}

impl Bench {
    fn is(&self, service: &str) -> ContainerStatus {
        self.engine.containers()[&format!("shop-{service}-1")].clone()
    }

    async fn until_running(&self, service: &str) {
        for _ in 0..500 {
            if self.is(service) == Running {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{service} does not run: {:?}", self.engine.calls());
    }

    /// When a daemon wrote down last that it is there, which it does once it has seen to all that went down.
    fn noted(&self) -> Option<i64> {
        let store = rusqlite::Connection::open(self.state().join("inertia.db")).unwrap();
        store.query_row("SELECT max(at) FROM presence", (), |row| row.get(0)).unwrap()
    }

    /// Another daemon, which has seen to all that went down.
    async fn reboot(self) -> Self {
        let before = self.noted();
        let bench = self.restart().await;
        for _ in 0..1000 {
            if bench.noted() != before {
                return bench;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the daemon does not write down that it is there");
    }

    /// What was asked of the engine since.
    fn calls_since(&self, before: usize) -> Vec<String> {
        self.engine.calls()[before..].to_vec()
    }
}

#[tokio::test]
async fn everything_comes_back_what_is_depended_on_first() {
    let bench = shop().await;
    bench.engine.fall();
    assert_eq!((bench.is("web"), bench.is("proxy")), (Exited, Running));
    let before = bench.engine.calls().len();
    let bench = bench.reboot().await;
    for service in ["web", "db", "worker"] {
        assert_eq!(bench.is(service), Running, "{service}");
    }
    let calls = bench.calls_since(before);
    let at = |call: &str| calls.iter().position(|made| made == call);
    assert!(at("start shop-db-1") < at("start shop-web-1"), "{calls:?}");
    assert_eq!(calls.len(), 3, "the job is done and is not done again: {calls:?}");
    assert_eq!(bench.get("/v1/projects/shop/history").await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn requests_are_answered_while_the_engine_comes_up_and_then_everything_comes_back() {
    let bench = shop().await;
    bench.engine.fall();
    bench.engine.set_away(true);
    let bench = bench.restart().await;
    let listed = bench.get("/v1/projects").await;
    assert_eq!(listed.json().as_array().unwrap().len(), 1, "{listed:?}");
    assert_eq!(bench.is("web"), Exited);
    bench.engine.set_away(false);
    for service in ["web", "db", "worker"] {
        bench.until_running(service).await;
    }
}

#[tokio::test]
async fn what_ended_while_the_engine_stayed_up_stays_down() {
    let bench = shop().await;
    bench.engine.exit("shop-worker-1", 0);
    let before = bench.engine.calls().len();
    // As at an upgrade of the daemon.
    let bench = bench.reboot().await;
    assert_eq!(bench.calls_since(before), [""; 0]);
    assert_eq!(bench.is("worker"), Exited);
}

#[tokio::test]
async fn a_project_that_was_taken_down_stays_down() {
    let bench = shop().await;
    let answer = bench.post("/v1/projects/shop/down", &serde_json::json!({})).await;
    assert!(answer.status.is_success(), "{answer:?}");
    bench.engine.fall();
    let before = bench.engine.calls().len();
    let bench = bench.reboot().await;
    assert_eq!(bench.calls_since(before), [""; 0]);
}

#[tokio::test]
async fn a_second_start_of_the_daemon_starts_nothing() {
    let bench = shop().await;
    bench.engine.fall();
    let bench = bench.reboot().await;
    assert_eq!(bench.is("web"), Running);
    bench.engine.exit("shop-worker-1", 1);
    let before = bench.engine.calls().len();
    let bench = bench.reboot().await;
    assert_eq!(bench.calls_since(before), [""; 0]);
}

#[tokio::test]
async fn what_cannot_be_started_keeps_nothing_else_down_nor_the_daemon() {
    let bench = shop().await;
    bench.engine.fall();
    bench.engine.fail("start shop-db-1", 0);
    let bench = bench.restart().await;
    bench.until_running("worker").await;
    assert_eq!((bench.is("db"), bench.is("web")), (Exited, Exited));
    // A deployment mends it, and is not kept waiting until that was tried again.
    let before = bench.engine.calls().len();
    bench.push(&SHOP.replace("db: {image: db:1}", "db: {image: db:1, environment: {A: b}}"));
    bench.deploy_well().await;
    assert_eq!((bench.is("db"), bench.is("web")), (Running, Running));
    let calls = bench.calls_since(before);
    let at = |verb: &str| calls.iter().position(|call| call.starts_with(verb) && call.contains("shop-db-1"));
    assert!(at("create") < at("start"), "{calls:?}");
}

#[tokio::test]
async fn a_daemon_that_ends_before_all_is_up_leaves_the_rest_to_the_next() {
    let bench = shop().await;
    bench.engine.fall();
    bench.engine.delay("start", Duration::from_millis(300));
    let before = bench.engine.calls().len();
    let bench = bench.restart().await;
    for _ in 0..500 {
        if !bench.calls_since(before).is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let bench = bench.restart().await;
    for service in ["web", "db", "worker"] {
        bench.until_running(service).await;
    }
}

#[tokio::test]
async fn a_deployment_waits_until_what_went_down_is_up() {
    let bench = shop().await;
    // Nothing can be built of this commit, so that the deployment changes nothing that runs.
    bench.push("services: {web: {image: web:1, unknown: true}}\n");
    let before = bench.engine.calls().len();
    bench.engine.fall();
    bench.engine.delay("start", Duration::from_millis(200));
    let bench = bench.restart().await;
    let id = bench.deploy().await;
    assert_eq!(bench.ended(id).await.state, State::Failed);
    let calls = bench.calls_since(before);
    assert_eq!(calls.len(), 3, "{calls:?}");
    for service in ["web", "db", "worker"] {
        assert_eq!(bench.is(service), Running, "{service}: before the deployment had its turn");
    }
}

#[tokio::test]
async fn a_deployment_that_had_begun_to_change_containers_starts_them_itself() {
    let bench = shop().await;
    bench.push(&SHOP.replace("worker: {image: web:1}", "worker: {image: web:1, environment: {A: b}}"));
    bench.engine.delay("create", Duration::from_millis(500));
    let id = bench.deploy().await;
    bench.until(id, State::Starting).await;
    bench.engine.fall();
    let bench = bench.restart().await;
    assert_eq!(bench.ended(id).await.state, State::Healthy);
    for service in ["web", "db", "proxy", "worker"] {
        assert_eq!(bench.is(service), Running, "{service}");
    }
    let containers = bench.engine.list_containers(&compose_core::labels::every_project()).await.unwrap();
    let ids: Vec<&ContainerId> = containers.iter().map(|container| &container.id).collect();
    assert_eq!(ids.len(), 5, "{ids:?}");
}

#[tokio::test]
async fn one_that_is_called_off_before_the_engine_is_back_is_put_back() {
    let bench = shop().await;
    bench.push(&SHOP.replace("worker: {image: web:1}", "worker: {image: web:1, environment: {A: b}}"));
    bench.engine.delay("create", Duration::from_millis(500));
    let id = bench.deploy().await;
    bench.until(id, State::Starting).await;
    bench.engine.fall();
    bench.engine.set_away(true);
    let bench = bench.restart().await;
    let path = format!("/v1/projects/shop/deployments/{id}/cancel");
    let answer = bench.post(&path, &serde_json::json!({})).await;
    assert!(answer.status.is_success(), "{answer:?}");
    assert_eq!(bench.deployment(id).await.state, State::Starting, "nothing can be put back yet");
    bench.engine.set_away(false);
    let ended = bench.ended(id).await;
    assert_eq!(ended.state, State::Cancelled);
    let reason = ended.reason.unwrap();
    assert!(reason.contains("called off by") && reason.contains("is back"), "{reason}");
    for service in ["web", "db", "proxy", "worker"] {
        assert_eq!(bench.is(service), Running, "{service}");
    }
    let worker = bench.engine.body("shop-worker-1").unwrap();
    assert!(!worker.env.contains(&"A=b".to_owned()), "{:?}", worker.env);
}
