//! Registering projects and forgetting them.

use crate::bench::Bench;
use axum::http::{Method, StatusCode};
use serde_json::json;

#[tokio::test]
async fn registering_again_gives_the_same_keys() {
    let bench = Bench::empty().await;
    let first = bench
        .put("/v1/projects/shop", &json!({"url": "/srv/shop.git", "branch": "main"}))
        .await
        .json();
    assert!(first["deploy_key"].as_str().unwrap().starts_with("ssh-ed25519 "));
    assert_eq!(first["webhook_url"], "https://daemon.example:8081/webhook/shop");
    assert_eq!(first["webhook_secret"].as_str().unwrap().len(), 64);
    let second = bench
        .put(
            "/v1/projects/shop",
            &json!({"url": "/srv/shop.git", "branch": "next", "path": "./apps/shop/"}),
        )
        .await
        .json();
    for key in ["deploy_key", "webhook_secret", "created_at"] {
        assert_eq!(first[key], second[key], "{key}");
    }
    assert_eq!(
        (second["branch"].as_str(), second["path"].as_str()),
        (Some("next"), Some("apps/shop"))
    );
    assert_eq!(bench.get("/v1/projects").await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn only_administrators_see_the_webhooks_secret() {
    let bench = Bench::shop().await;
    let request = json!({"subject": "x", "role": "deployer"});
    let token = bench.post("/v1/tokens", &request).await.json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let seen = bench.ask(Method::GET, "/v1/projects/shop", Some(&token), String::new()).await;
    assert_eq!(seen.status, StatusCode::OK);
    assert!(!seen.text.contains("webhook_secret"), "{}", seen.text);
}

#[tokio::test]
async fn registrations_that_cannot_work_are_refused() {
    let bench = Bench::empty().await;
    for (name, registration, code) in [
        ("Shop", json!({"url": "/a", "branch": "main"}), "bad-name"),
        ("shop", json!({"url": "http://a/b", "branch": "main"}), "bad-url"),
        ("shop", json!({"url": "https://u:p@a/b", "branch": "main"}), "bad-url"),
        ("shop", json!({"url": "/a", "branch": "a..b"}), "bad-branch"),
        ("shop", json!({"url": "/a", "branch": "main", "path": "../x"}), "bad-path"),
    ] {
        let answer = bench.put(&format!("/v1/projects/{name}"), &registration).await;
        assert_eq!(answer.code(), code, "{registration}");
    }
    assert_eq!(bench.get("/v1/projects").await.json(), json!([]));
}

#[tokio::test]
async fn a_project_that_runs_is_not_forgotten() {
    let bench = Bench::shop().await;
    bench.deploy_well().await;
    assert_eq!(bench.delete("/v1/projects/shop").await.code(), "project-runs");
    assert_eq!(bench.post("/v1/projects/shop/down", &json!({})).await.status, StatusCode::OK);
    assert_eq!(bench.delete("/v1/projects/shop").await.status, StatusCode::NO_CONTENT);
    assert_eq!(bench.get("/v1/projects/shop").await.code(), "project-not-found");
    assert!(!bench.state().join("projects/shop").exists());
    // A project of the same name begins anew.
    bench.register("").await;
    assert_eq!(bench.deploy_well().await, 1);
}
