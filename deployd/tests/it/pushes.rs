//! Which pushes are deployed, and which are tried again.

use crate::bench::{Bench, COMPOSE};
use crate::webhooks::{deliver, push, secret};
use axum::http::StatusCode;
use deployd::wire::DeploymentState;
use serde_json::{Value, json};
use std::time::Duration;

/// Moves the repository out of reach, and gives what moves it back.
fn hide(bench: &Bench) -> impl FnOnce() + use<> {
    let (work, away) = (bench.work(), bench.temp.path().join("away"));
    std::fs::rename(&work, &away).unwrap();
    move || std::fs::rename(&away, &work).unwrap()
}

/// Waits until deployment 1 waits for its repository.
async fn until_it_waits(bench: &Bench) {
    bench.until(1, DeploymentState::Fetching).await;
    for _ in 0..1000 {
        if bench.logged(1).contains("trying again") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("deployment 1 does not wait");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_whose_repository_is_away_is_tried_again() {
    let bench = Bench::shop().await;
    let secret = secret(&bench).await;
    let commit = bench.push(COMPOSE);
    let put_back = hide(&bench);
    let body = push("main", &commit);
    assert_eq!(deliver(&bench, "shop", &secret, &body, "1").await.status, StatusCode::ACCEPTED);
    until_it_waits(&bench).await;
    put_back();
    // Whoever delivers it again need not wait for the next attempt.
    assert_eq!(deliver(&bench, "shop", &secret, &body, "1").await.status, StatusCode::OK);
    let ended = bench.ended(1).await;
    assert_eq!(
        (ended.state, ended.commit),
        (DeploymentState::Healthy, Some(commit)),
        "{:?}",
        ended.reason
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_its_repository_gives_way_can_be_called_off_and_outlives_the_daemon() {
    let bench = Bench::shop().await;
    let secret = secret(&bench).await;
    let commits = [1, 2].map(|version| bench.push(&COMPOSE.replace("web:1", &format!("web:{version}"))));
    let put_back = hide(&bench);
    deliver(&bench, "shop", &secret, &push("main", &commits[0]), "1").await;
    until_it_waits(&bench).await;
    let bench = bench.restart().await;
    until_it_waits(&bench).await;
    deliver(&bench, "shop", &secret, &push("main", &commits[1]), "2").await;
    assert_eq!(bench.ended(1).await.state, DeploymentState::Superseded);
    bench.until(2, DeploymentState::Fetching).await;
    bench.post("/v1/projects/shop/deployments/2/cancel", &json!({})).await;
    assert_eq!(bench.ended(2).await.state, DeploymentState::Cancelled);
    put_back();
}

#[tokio::test]
async fn whoever_waits_for_a_deployment_is_told_at_once_that_its_repository_is_away() {
    let bench = Bench::shop().await;
    let _put_back = hide(&bench);
    let id = bench.deploy().await;
    let ended = bench.ended(id).await;
    assert_eq!(ended.state, DeploymentState::Failed);
    assert!(ended.reason.unwrap().contains("there is no such folder on this machine"));
}

#[tokio::test]
async fn a_delivery_that_led_to_nothing_may_come_again() {
    let bench = Bench::shop().await;
    let secret = secret(&bench).await;
    let commit = bench.push("services: {web: {}}");
    let body = push("main", &commit);
    for id in [1, 2] {
        let answer = deliver(&bench, "shop", &secret, &body, "1").await;
        assert_eq!((answer.status, answer.json()), (StatusCode::ACCEPTED, json!({"id": id})));
        assert_eq!(bench.ended(id).await.state, DeploymentState::Failed);
    }
}

/// A project in a folder of its repository, which uses files beside it.
async fn in_a_folder() -> Bench {
    let bench = Bench::unregistered().await;
    let compose = "services:\n  web:\n    image: web:1\n    env_file: [../../app.env]\n    volumes: ['../../libs:/libs:ro']\n";
    bench.write("apps/shop/compose.yaml", compose);
    bench.write("apps/shop/inertia.toml", "name = \"shop\"\nhealth_timeout = \"3s\"\n");
    bench.write("app.env", "A=1\n");
    bench.write("libs/lib", "1");
    bench.commit();
    bench.register("apps/shop").await;
    bench.deploy_well().await;
    bench
}

/// A push of one commit as a host tells it that says which file changed.
fn listed(before: &str, after: &str, path: &str) -> String {
    let commits: Value = json!([{"id": after, "added": [], "modified": [path], "removed": []}]);
    json!({"ref": "refs/heads/main", "before": before, "after": after, "commits": commits}).to_string()
}

#[tokio::test]
async fn a_push_is_deployed_when_it_touches_what_the_project_uses_wherever_that_lies() {
    let bench = in_a_folder().await;
    let secret = secret(&bench).await;
    for (at, path) in ["libs/lib", "app.env", "apps/shop/compose.yaml"].into_iter().enumerate() {
        let before = bench.git(&["rev-parse", "HEAD"]);
        let text = if path.ends_with("yaml") { COMPOSE } else { "A=2" };
        bench.write(path, text);
        let after = bench.commit();
        let answer = deliver(&bench, "shop", &secret, &listed(&before, &after, path), path).await;
        let id = u64::try_from(at).unwrap() + 2;
        assert_eq!((answer.status, answer.json()), (StatusCode::ACCEPTED, json!({"id": id})), "{path}");
        assert_eq!(bench.ended(id).await.state, DeploymentState::Healthy, "{path}");
    }
}

#[tokio::test]
async fn a_push_that_touches_nothing_of_the_project_is_skipped() {
    let bench = in_a_folder().await;
    let secret = secret(&bench).await;
    let before = bench.git(&["rev-parse", "HEAD"]);
    bench.write("README", "1");
    let first = bench.commit();
    let answer = deliver(&bench, "shop", &secret, &listed(&before, &first, "README"), "1").await;
    assert_eq!((answer.status, answer.json()["skipped"].is_string()), (StatusCode::OK, true));
    // This host does not tell what changed, but the commits do.
    let answer = deliver(&bench, "shop", &secret, &push("main", &first), "2").await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let ended = bench.ended(2).await;
    assert_eq!(ended.state, DeploymentState::Cancelled);
    assert!(ended.reason.unwrap().starts_with("skipped: "));
}

#[tokio::test]
async fn a_push_whose_list_leaves_out_what_an_earlier_one_changed_is_deployed() {
    let bench = in_a_folder().await;
    let secret = secret(&bench).await;
    bench.write("libs/lib", "2");
    // This one is never reported.
    let lost = bench.commit();
    bench.write("README", "1");
    let after = bench.commit();
    let answer = deliver(&bench, "shop", &secret, &listed(&lost, &after, "README"), "1").await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(bench.ended(2).await.state, DeploymentState::Healthy);
}
