//! An engine that refuses, is away, loses its answers or gives none, at each call of a deployment: in the end one release runs, the
//! new one where the deployment says healthy, else the one before, and nothing is left over.

use crate::bench::{Bench, COMPOSE};
use compose_core::engine::fake::{Fault, Times};
use deployd::wire::DeploymentState as State;
use serde_json::json;
use std::time::Duration;

/// The calls of a deployment.
const VERBS: [&str; 11] = [
    "info",
    "inspect_image",
    "list_containers",
    "list_networks",
    "list_volumes",
    "create_container",
    "stop_container",
    "rename_container",
    "start_container",
    "remove_container",
    "watch",
];

fn web(image: &str) -> Vec<(String, String)> {
    vec![("shop-web-1".to_owned(), format!("sha256:{image}"))]
}

/// A daemon whose release runs `web:1`, and whose repository is at `web:2`.
async fn bench() -> Bench {
    let bench = Bench::shop().await;
    bench.deploy_well().await;
    bench.push(&COMPOSE.replace("web:1", "web:2"));
    bench
}

/// What made way may be removed a moment after the end.
async fn only_one_is_left(bench: &Bench, what: &str) {
    for _ in 0..500 {
        if bench.engine.containers().len() == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what}: {:?}", bench.engine.containers());
}

/// Deploys while a call goes wrong; where it always does, the engine is well again after a while.
async fn withstands(verb: &str, fault: Fault, times: Times) {
    let (bench, what) = (bench().await, format!("{verb} {fault:?} {times:?}"));
    bench.faults.misbehave(verb, fault, times);
    let id = bench.deploy().await;
    let healing = async {
        if times == Times::Always {
            tokio::time::sleep(Duration::from_secs(2)).await;
            bench.faults.heal();
        }
    };
    let (ended, ()) = tokio::join!(bench.ended(id), healing);
    let reason = ended.reason.unwrap_or_default();
    let runs = if ended.state == State::Healthy { "web:2" } else { "web:1" };
    assert_eq!(bench.running().await, web(runs), "{what}: {} {reason}", ended.state);
    only_one_is_left(&bench, &what).await;
    bench.faults.heal();
    let next = bench.deploy().await;
    let next = bench.ended(next).await;
    assert_eq!(
        next.state,
        State::Healthy,
        "{what}: the one after {}: {:?}",
        ended.state,
        next.reason
    );
    assert_eq!(bench.running().await, web("web:2"), "{what}");
    only_one_is_left(&bench, &what).await;
}

async fn withstands_at_every_call(fault: Fault, times: Times) {
    futures::future::join_all(VERBS.map(|verb| withstands(verb, fault, times))).await;
}

#[tokio::test]
async fn a_refusal() {
    withstands_at_every_call(Fault::Refused, Times::Once).await;
}

#[tokio::test]
async fn an_engine_that_is_not_well_for_a_while() {
    withstands_at_every_call(Fault::Refused, Times::Always).await;
}

#[tokio::test]
async fn an_engine_that_is_away_for_a_while() {
    withstands_at_every_call(Fault::Away, Times::Always).await;
}

#[tokio::test]
async fn an_answer_that_is_lost() {
    withstands_at_every_call(Fault::Lost, Times::Once).await;
}

#[tokio::test]
async fn a_container_that_cannot_be_removed_is_no_reason_to_go_back() {
    let bench = bench().await;
    bench.faults.misbehave("remove_container", Fault::Refused, Times::Always);
    let id = bench.deploy().await;
    let ended = bench.ended(id).await;
    assert_eq!((ended.state, ended.reason), (State::Healthy, None));
    assert_eq!(bench.running().await, web("web:2"));
    bench.faults.heal();
    only_one_is_left(&bench, "healed").await;
}

#[tokio::test]
async fn what_is_put_back_says_why_before_the_engine_is_there_again() {
    let bench = bench().await;
    bench.faults.misbehave("start_container", Fault::Away, Times::Always);
    let id = bench.deploy().await;
    while bench.faults.hits() < 3 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let waiting = bench.deployment(id).await;
    assert!(!waiting.state.is_final(), "{} {:?}", waiting.state, waiting.reason);
    bench.faults.heal();
    let ended = bench.ended(id).await;
    assert_eq!(ended.state, State::RolledBack, "{:?}", ended.reason);
    assert!(ended.reason.unwrap().ends_with("the release of deployment 1 is back"));
}

#[tokio::test]
async fn a_call_without_an_answer_can_be_called_off() {
    for verb in ["list_containers", "start_container"] {
        let bench = bench().await;
        bench.faults.misbehave(verb, Fault::Hangs, Times::Once);
        let id = bench.deploy().await;
        while bench.faults.hits() == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let path = format!("/v1/projects/shop/deployments/{id}/cancel");
        assert!(bench.post(&path, &json!({})).await.status.is_success());
        let ended = bench.ended(id).await;
        assert_eq!(ended.state, State::Cancelled, "{verb}: {:?}", ended.reason);
        assert_eq!(bench.running().await, web("web:1"), "{verb}");
        only_one_is_left(&bench, verb).await;
    }
}
