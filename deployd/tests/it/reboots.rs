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
    let bench = bench.restart().await;
    bench.until_noted().await;
    bench
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

    async fn until_noted(&self) {
        let store = rusqlite::Connection::open(self.state().join("inertia.db")).unwrap();
        for _ in 0..500 {
            let noted: u32 = store.query_row("SELECT count(*) FROM presence", (), |row| row.get(0)).unwrap();
            if noted > 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no presence is noted");
    }

    /// Time for what must not happen.
    async fn settle(&self) {
        tokio::time::sleep(Duration::from_millis(300)).await;
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
    let bench = bench.restart().await;
    for service in ["web", "db", "worker"] {
        bench.until_running(service).await;
    }
    bench.settle().await;
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
    let bench = bench.restart().await;
    bench.settle().await;
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
    let bench = bench.restart().await;
    bench.settle().await;
    assert_eq!(bench.calls_since(before), [""; 0]);
}

#[tokio::test]
async fn a_second_start_of_the_daemon_starts_nothing() {
    let bench = shop().await;
    bench.engine.fall();
    let bench = bench.restart().await;
    bench.until_running("web").await;
    bench.settle().await;
    bench.engine.exit("shop-worker-1", 1);
    let before = bench.engine.calls().len();
    let bench = bench.restart().await;
    bench.settle().await;
    assert_eq!(bench.calls_since(before), [""; 0]);
}

#[tokio::test]
async fn what_cannot_be_started_keeps_nothing_else_down_nor_the_daemon() {
    let bench = shop().await;
    bench.engine.fall();
    bench.engine.fail("start shop-db-1", 0);
    let bench = bench.restart().await;
    bench.until_running("worker").await;
    bench.settle().await;
    assert_eq!((bench.is("db"), bench.is("web")), (Exited, Exited));
    // A deployment mends it.
    bench.deploy_well().await;
    assert_eq!((bench.is("db"), bench.is("web")), (Running, Running));
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
