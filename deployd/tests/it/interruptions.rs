//! A daemon that ends at any moment: the next one brings every deployment to its end.

use crate::bench::{Bench, COMPOSE, states};
use deployd::wire::{DeploymentState as State, EventBody};
use serde_json::json;
use std::time::Duration;

fn web(image: &str) -> Vec<(String, String)> {
    vec![("shop-web-1".to_owned(), format!("sha256:{image}"))]
}

#[tokio::test]
async fn a_restart_touches_nothing_that_runs() {
    let bench = Bench::shop().await;
    bench.deploy_well().await;
    let before = bench.engine.calls();
    let bench = bench.restart().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(bench.engine.calls(), before);
    assert_eq!(bench.get("/v1/projects/shop/history").await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn wherever_it_is_interrupted_a_deployment_ends_healthy() {
    for call in ["create", "rename", "stop", "start", "remove"] {
        let bench = Bench::shop().await;
        bench.deploy_well().await;
        let commit = bench.push(&COMPOSE.replace("web:1", "web:2"));
        let before = bench.engine.calls().len();
        bench.engine.delay(call, Duration::from_millis(400));
        let id = bench.deploy().await;
        // A newer commit must not change what the deployment is about.
        for _ in 0..500 {
            if bench.engine.calls()[before..].iter().any(|made| made.starts_with(call)) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bench.push(COMPOSE);
        let bench = bench.restart().await;
        let events = bench.events(id).await;
        let ended = bench.deployment(id).await;
        assert_eq!(ended.state, State::Healthy, "{call}: {:?}", ended.reason);
        assert_eq!(ended.commit, Some(commit), "{call}");
        assert_eq!(bench.running().await, web("web:2"), "{call}");
        assert_eq!(bench.engine.containers().len(), 1, "{call}: {:?}", bench.engine.containers());
        let told = states(&events);
        assert!(
            told.iter().filter(|state| **state == State::Fetching).count() == 2,
            "{call}: {told:?}"
        );
        let noted = |body: &EventBody| matches!(body, EventBody::Note { message } if message.contains("interrupted"));
        assert!(events.iter().any(|event| noted(&event.event)), "{call}");
    }
}

#[tokio::test]
async fn interrupted_while_putting_a_release_back_it_goes_on_putting_it_back() {
    let bench = Bench::shop().await;
    bench.deploy_well().await;
    bench.push(&COMPOSE.replace("web:1", "sick:1"));
    let id = bench.deploy().await;
    // The second creation is the one that puts the release back.
    let created = |bench: &Bench| {
        bench
            .engine
            .calls()
            .iter()
            .filter(|call| call.starts_with("create shop-web") || call.contains("_shop-web"))
            .count()
    };
    let before = created(&bench);
    for _ in 0..1000 {
        if created(&bench) > before {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    bench.engine.delay("create", Duration::from_millis(400));
    for _ in 0..1000 {
        let events = bench.get("/v1/projects/shop/status").await.json();
        if events["running"]["state"] != json!("starting") || created(&bench) > before + 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let bench = bench.restart().await;
    let ended = bench.ended(id).await;
    assert_eq!(ended.state, State::RolledBack, "{:?}", ended.reason);
    assert_eq!(bench.running().await, web("web:1"));
}

#[tokio::test]
async fn what_waited_is_deployed_by_the_next_daemon() {
    let bench = Bench::shop().await;
    bench.engine.delay("create", Duration::from_millis(500));
    let first = bench.deploy().await;
    bench.until(first, State::Starting).await;
    let second = bench.deploy().await;
    let bench = bench.restart().await;
    assert_eq!(bench.ended(first).await.state, State::Healthy);
    assert_eq!(bench.ended(second).await.state, State::Healthy);
}

/// A deployment of `web:2` whose containers have begun to change.
async fn begun(bench: &Bench) -> (u64, String) {
    bench.deploy_well().await;
    let commit = bench.push(&COMPOSE.replace("web:1", "web:2"));
    bench.engine.delay("start", Duration::from_millis(400));
    let before = bench.engine.calls().len();
    let id = bench.deploy().await;
    for _ in 0..500 {
        if bench.engine.calls()[before..].iter().any(|call| call.starts_with("start")) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    (id, commit)
}

#[tokio::test]
async fn one_whose_commit_is_here_goes_on_without_its_repository() {
    let bench = Bench::shop().await;
    let (id, _) = begun(&bench).await;
    std::fs::rename(bench.work(), bench.temp.path().join("elsewhere")).unwrap();
    let bench = bench.restart().await;
    let ended = bench.ended(id).await;
    assert_eq!(ended.state, State::Healthy, "{:?}", ended.reason);
    assert_eq!(bench.running().await, web("web:2"));
}

#[tokio::test]
async fn one_that_cannot_be_taken_up_again_after_its_start_puts_the_previous_release_back() {
    let bench = Bench::shop().await;
    let (id, commit) = begun(&bench).await;
    // A file where its folder is to be.
    let checkout = bench.state().join("projects/shop/checkouts").join(commit);
    std::fs::remove_dir_all(&checkout).unwrap();
    std::fs::write(checkout, "").unwrap();
    let bench = bench.restart().await;
    let ended = bench.ended(id).await;
    let reason = ended.reason.unwrap();
    assert_eq!(ended.state, State::RolledBack, "{reason}");
    assert!(reason.ends_with("the release of deployment 1 is back"), "{reason}");
    assert_eq!(bench.running().await, web("web:1"));
}

/// Waits until the engine is asked to start a container once more.
async fn starts_again(bench: &Bench) {
    let started = || bench.engine.calls().iter().filter(|call| call.starts_with("start")).count();
    let before = started();
    for _ in 0..500 {
        if started() > before {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it is not taken up again");
}

#[tokio::test]
async fn one_under_which_the_daemon_died_twice_is_not_taken_up_again() {
    let bench = Bench::shop().await;
    let (id, _) = begun(&bench).await;
    let bench = bench.restart().await;
    starts_again(&bench).await;
    let bench = bench.restart().await;
    let ended = bench.ended(id).await;
    let reason = ended.reason.unwrap();
    assert_eq!(ended.state, State::RolledBack, "{reason}");
    assert!(
        reason.starts_with("the daemon ended 2 times without being told to while this deployment was under way"),
        "{reason}"
    );
    assert!(reason.ends_with("the release of deployment 1 is back"), "{reason}");
    assert_eq!(bench.running().await, web("web:1"));
    bench.engine.delay("start", Duration::ZERO);
    bench.push(COMPOSE);
    bench.deploy_well().await;
}
