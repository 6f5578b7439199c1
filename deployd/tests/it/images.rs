//! The images of kept releases have names, so that no prune takes them, and the others go.

use crate::bench::{Bench, COMPOSE};
use axum::http::StatusCode;
use deployd::wire::DeploymentState as State;
use serde_json::json;
use std::time::Duration;

/// A project that builds its image under this name.
fn built(name: &str, round: &str) -> String {
    format!("services:\n  web:\n    build: .\n    image: {name}\n    environment: [ROUND={round}]\n")
}

/// The names that the daemon gave.
fn given(bench: &Bench) -> Vec<String> {
    let mut names = bench.engine.images();
    names.retain(|name| name.starts_with("inertia/"));
    names
}

fn nameless(bench: &Bench) -> Vec<String> {
    let mut names = bench.engine.images();
    names.retain(|name| name.starts_with("sha256:"));
    names
}

/// Waits for what comes about after a deployment has ended: images and names go then.
async fn until(is_so: impl Fn() -> bool) {
    let waited = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), waited).await.unwrap();
}

#[tokio::test]
async fn the_image_of_an_earlier_release_keeps_a_name() {
    let bench = Bench::shop().await;
    bench.write("Dockerfile", "FROM scratch\n");
    for round in ["one", "two"] {
        bench.push(&built("web:1", round));
        bench.deploy_well().await;
    }
    assert_eq!(given(&bench), ["inertia/shop/web:release-1", "inertia/shop/web:release-2"]);
    // What was there under the name before the first build is nobody's.
    assert_eq!(nameless(&bench), ["sha256:web:1"]);
}

#[tokio::test]
async fn names_go_with_the_release_and_with_the_project() {
    let bench = Bench::shop().await;
    for _ in 0..11 {
        bench.deploy_well().await;
    }
    until(|| given(&bench).len() <= 10).await;
    let names = given(&bench);
    assert_eq!(names.len(), 10, "{names:?}");
    assert!(!names.contains(&"inertia/shop/web:release-1".to_owned()));
    bench.post("/v1/projects/shop/down", &json!({})).await;
    assert_eq!(bench.delete("/v1/projects/shop").await.status, StatusCode::NO_CONTENT);
    assert_eq!(given(&bench), [""; 0]);
    assert!(bench.engine.images().contains(&"web:1".to_owned()), "its own name stays");
}

#[tokio::test]
async fn the_images_of_failed_attempts_go() {
    let bench = Bench::shop().await;
    bench.write("Dockerfile", "FROM scratch\n");
    bench.push(&built("web:1", "one"));
    bench.deploy_well().await;
    let before = bench.engine.images();
    bench.push(&built("sick:1", "two"));
    let id = bench.deploy().await;
    assert_eq!(bench.ended(id).await.state, State::RolledBack);
    // It had taken the name of an image that was there.
    let after = || {
        let mut images = bench.engine.images();
        images.retain(|name| name != "sha256:sick:1");
        images
    };
    let wanted: Vec<String> = before.into_iter().filter(|name| name != "sick:1").collect();
    until(|| after() == wanted).await;
    // One of two that cannot be built takes the other along.
    bench.push(&format!("{}  bad:\n    build: .\n    image: bad:1\n", built("web:2", "three")));
    bench.engine.fail("build bad:1", 0);
    let id = bench.deploy().await;
    assert_eq!(bench.ended(id).await.state, State::Failed);
    until(|| given(&bench) == ["inertia/shop/web:release-1"]).await;
}

#[tokio::test]
async fn a_rollback_does_not_wait_for_a_build() {
    let bench = Bench::shop().await;
    bench.write("Dockerfile", "FROM scratch\n");
    bench.deploy_well().await;
    bench.push(&COMPOSE.replace("web:1", "web:2"));
    bench.deploy_well().await;
    bench.push(&built("web:1", "three"));
    bench.engine.delay("build", Duration::from_mins(5));
    let building = bench.deploy().await;
    bench.until(building, State::Building).await;
    let waiting = bench.deploy().await;
    bench.post("/v1/projects/shop/rollback", &json!({})).await;
    assert_eq!(bench.ended(5).await.state, State::Healthy);
    for id in [building, waiting] {
        let ended = bench.ended(id).await;
        assert_eq!(
            (ended.state, ended.reason.as_deref()),
            (State::Superseded, Some("deployment 5 took its place"))
        );
    }
    assert_eq!(bench.running().await, [("shop-web-1".to_owned(), "sha256:web:1".to_owned())]);
}
