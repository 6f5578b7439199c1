//! A project that was taken down stays so until a person says otherwise, and a deployment that fails leaves what was there.

use crate::bench::{Bench, COMPOSE};
use crate::webhooks::{deliver, push, secret};
use axum::http::StatusCode;
use deployd::wire::DeploymentState as State;
use serde_json::{Value, json};
use std::time::Duration;

fn using(image: &str) -> String {
    COMPOSE.replace("web:1", image)
}

async fn down(bench: &Bench) {
    let answer = bench.post("/v1/projects/shop/down", &json!({})).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
}

async fn status(bench: &Bench) -> Value {
    bench.get("/v1/projects/shop/status").await.json()
}

#[tokio::test]
async fn an_ill_release_leaves_a_project_down_that_was_down() {
    let bench = Bench::shop().await;
    bench.deploy_well().await;
    down(&bench).await;
    let since = status(&bench).await["down"]["since"].clone();
    assert!(since.is_string());
    bench.push(&using("sick:1"));
    let id = bench.deploy().await;
    let ended = bench.ended(id).await;
    assert_eq!(ended.state, State::Failed);
    assert!(ended.reason.unwrap().ends_with("the project was down, and is again"));
    assert!(bench.engine.containers().is_empty());
    assert_eq!(status(&bench).await["down"]["since"], since);
    // A healthy one brings it up.
    bench.push(COMPOSE);
    bench.deploy_well().await;
    assert_eq!(status(&bench).await["down"], Value::Null);
}

#[tokio::test]
async fn interrupted_while_it_is_taken_down_again_it_ends_down() {
    let bench = Bench::shop().await;
    bench.deploy_well().await;
    down(&bench).await;
    bench.push(&using("sick:1"));
    bench.engine.delay("remove", Duration::from_millis(400));
    let id = bench.deploy().await;
    for _ in 0..500 {
        if bench
            .engine
            .calls()
            .iter()
            .filter(|call| call.starts_with("remove shop-web"))
            .count()
            > 1
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let bench = bench.restart().await;
    assert_eq!(bench.ended(id).await.state, State::Failed);
    assert!(bench.engine.containers().is_empty());
}

#[tokio::test]
async fn a_push_to_a_project_that_is_down_is_noted_and_not_deployed() {
    let bench = Bench::shop().await;
    let secret = secret(&bench).await;
    bench.deploy_well().await;
    down(&bench).await;
    let bench = bench.restart().await;
    let commit = bench.push(&using("web:2"));
    let answer = deliver(&bench, "shop", &secret, &push("main", &commit), "1").await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let reason = answer.json()["skipped"].as_str().unwrap().to_owned();
    assert!(
        reason.starts_with("shop is down since ") && reason.contains("inertia NAME up"),
        "{reason}"
    );
    assert_eq!(status(&bench).await["down"]["skipped"], commit);
    assert_eq!(bench.get("/v1/projects/shop/history").await.json().as_array().unwrap().len(), 1);
    assert!(bench.engine.containers().is_empty());
    let audit = bench.get("/v1/audit").await.json().to_string();
    assert!(audit.contains("deployment.skip"), "{audit}");
    // Who asks for it gets it.
    bench.deploy_well().await;
    assert_eq!(bench.running().await, [("shop-web-1".to_owned(), "sha256:web:2".to_owned())]);
}

#[tokio::test]
async fn a_rollback_brings_a_project_up() {
    let bench = Bench::shop().await;
    bench.deploy_well().await;
    down(&bench).await;
    bench.post("/v1/projects/shop/rollback", &json!({"to": 1})).await;
    assert_eq!(bench.ended(2).await.state, State::Healthy);
    assert_eq!(status(&bench).await["down"], Value::Null);
}

#[tokio::test]
async fn a_first_release_that_is_ill_leaves_nothing() {
    let bench = Bench::shop().await;
    bench.push(&using("sick:1"));
    let id = bench.deploy().await;
    assert_eq!(bench.ended(id).await.state, State::Failed);
    assert!(bench.engine.containers().is_empty());
    assert_eq!(status(&bench).await["down"], Value::Null, "nobody said so");
}

#[tokio::test]
async fn what_changed_nothing_is_not_put_back() {
    let bench = Bench::shop().await;
    bench.deploy_well().await;
    let before = bench.engine.containers();
    bench.push(&format!("{COMPOSE}  more:\n    image: web:2\n"));
    bench.engine.fail("create shop-more-1", 0);
    let id = bench.deploy().await;
    let ended = bench.ended(id).await;
    assert_eq!(ended.state, State::Failed, "{:?}", ended.reason);
    assert!(ended.reason.unwrap().contains("nothing was changed"));
    assert_eq!(bench.engine.containers(), before);
}
