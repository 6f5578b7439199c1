//! Values of variables go in and are never seen again.

use crate::bench::{Bench, COMPOSE};
use axum::http::StatusCode;
use compose_core::engine::Engine as _;
use deployd::wire::DeploymentState as State;
use serde_json::json;
use std::fs::File;
use std::path::Path;

const SECRET: &str = "xyzzy-plugh-42";

fn assert_absent(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_absent(&path);
        } else if let Ok(bytes) = std::fs::read(&path) {
            let found = bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
            assert!(!found, "the secret lies in {}", path.display());
        }
    }
}

#[tokio::test]
async fn a_value_reaches_the_container_and_nothing_else() {
    let bench = Bench::shop().await;
    bench.push(&format!(
        "{COMPOSE}    environment:\n      WORD: ${{SECRET_WORD}}\n      FIXED: a\n"
    ));
    let answer = bench.put("/v1/projects/shop/env/SECRET_WORD", &json!({"value": SECRET})).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    let id = bench.deploy_well().await;
    let body = bench.engine.body("shop-web-1").unwrap();
    assert!(body.env.contains(&format!("WORD={SECRET}")), "{:?}", body.env);
    for path in [
        "/v1/projects/shop/env".to_owned(),
        "/v1/projects/shop/env/SECRET_WORD".to_owned(),
        format!("/v1/projects/shop/deployments/{id}/events"),
        "/v1/projects/shop/history".to_owned(),
        "/v1/projects/shop/status".to_owned(),
        "/v1/projects/shop/plan".to_owned(),
        "/v1/audit".to_owned(),
    ] {
        let answer = bench.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        assert!(!answer.text.contains("xyzzy"), "{path}: {}", answer.text);
    }
    assert_absent(&bench.state());
}

#[tokio::test]
async fn what_an_error_quotes_is_hidden() {
    let bench = Bench::shop().await;
    bench.put("/v1/projects/shop/env/IMAGE", &json!({"value": SECRET})).await;
    bench.push("services:\n  web:\n    image: ${IMAGE}:1\n");
    let id = bench.deploy().await;
    let ended = bench.ended(id).await;
    let reason = ended.reason.unwrap();
    assert!(reason.contains("[redacted]") && !reason.contains(SECRET), "{reason}");
    assert_absent(&bench.state());
    bench.push("services:\n  web:\n    image: web:1\n    mem_limit: ${IMAGE}\n");
    let plan = bench.get("/v1/projects/shop/plan").await;
    assert_eq!(plan.code(), "cannot-plan", "{plan:?}");
    assert!(plan.text.contains("[redacted]") && !plan.text.contains(SECRET), "{plan:?}");
}

#[tokio::test]
async fn a_value_set_while_the_repository_is_fetched_is_hidden() {
    let bench = Bench::shop().await;
    bench.deploy_well().await;
    let fetching = File::create(bench.state().join("projects/shop/mirror.lock")).unwrap();
    fetching.lock().unwrap();
    bench.push("services:\n  web:\n    image: ${IMAGE}:1\n");
    let id = bench.deploy().await;
    bench.until(id, State::Fetching).await;
    bench.put("/v1/projects/shop/env/IMAGE", &json!({"value": SECRET})).await;
    drop(fetching);
    let reason = bench.ended(id).await.reason.unwrap();
    assert!(reason.contains("[redacted]") && !reason.contains(SECRET), "{reason}");
    assert_absent(&bench.state());
}

#[tokio::test]
async fn logs_are_hidden_too() {
    let bench = Bench::talking("cannot reach the database\n").await;
    bench.put("/v1/projects/shop/env/WORD", &json!({"value": "cannot reach"})).await;
    bench.deploy_well().await;
    let logs = bench.get("/v1/projects/shop/logs?tail=5").await.text;
    assert!(logs.contains("[redacted] the database"), "{logs}");
}

#[tokio::test]
async fn logs_are_hidden_of_the_values_that_containers_were_made_with() {
    let bench = Bench::talking("the word is xyzzy-plugh-42\n").await;
    bench.push(&format!("{COMPOSE}    environment: ['WORD=${{WORD}}']\n"));
    bench.put("/v1/projects/shop/env/WORD", &json!({"value": SECRET})).await;
    bench.deploy_well().await;
    let is_hidden = async || {
        let logs = bench.get("/v1/projects/shop/logs").await.text;
        assert!(logs.contains("the word is [redacted]"), "{logs}");
    };
    is_hidden().await;
    bench.put("/v1/projects/shop/env/WORD", &json!({"value": "another"})).await;
    is_hidden().await;
    bench.delete("/v1/projects/shop/env/WORD").await;
    is_hidden().await;
}

#[tokio::test]
async fn variables_are_set_listed_and_removed() {
    let bench = Bench::shop().await;
    for _ in 0..2 {
        bench.put("/v1/projects/shop/env/KEY", &json!({"value": "a\nb"})).await;
    }
    let listed = bench.get("/v1/projects/shop/env").await.json();
    assert_eq!((&listed[0]["key"], &listed[0]["version"]), (&json!("KEY"), &json!(2)));
    assert_eq!(bench.delete("/v1/projects/shop/env/KEY").await.status, StatusCode::NO_CONTENT);
    assert_eq!(bench.get("/v1/projects/shop/env").await.json(), json!([]));
    assert_eq!(
        bench.put("/v1/projects/shop/env/1K", &json!({"value": ""})).await.code(),
        "bad-variable-name"
    );
    assert_eq!(
        bench.put("/v1/projects/shop/env/K", &json!({"value": "\0"})).await.code(),
        "bad-value"
    );
    assert!(bench.engine.info().await.is_ok());
}

#[tokio::test]
async fn another_content_of_a_secret_or_config_makes_another_container() {
    let bench = Bench::shop().await;
    let push = |inline: &str| {
        let granted = "    secrets: [pw]\n    configs: [conf, inline]\n";
        let sources =
            format!("configs: {{conf: {{environment: CONF}}, inline: {{content: {inline}}}}}\nsecrets: {{pw: {{environment: PW}}}}\n");
        bench.push(&format!("{COMPOSE}{granted}{sources}"))
    };
    let set = async |key: &str, value: &str| {
        let answer = bench.put(&format!("/v1/projects/shop/env/{key}"), &json!({"value": value})).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
    };
    let container = async || {
        bench
            .engine
            .list_containers(&compose_core::engine::Selector::default())
            .await
            .unwrap()
            .remove(0)
    };
    push("a");
    set("PW", SECRET).await;
    set("CONF", "a").await;
    bench.deploy_well().await;
    let mut before = container().await;
    assert!(before.labels.values().all(|value| !value.contains(SECRET)), "{:?}", before.labels);
    for change in ["PW", "CONF", "inline"] {
        if change == "inline" {
            push("b");
        } else {
            set(change, "another").await;
        }
        let plan = bench.get("/v1/projects/shop/plan").await.json();
        assert_eq!(plan["changes"], true, "{change}: {plan}");
        bench.deploy_well().await;
        let after = container().await;
        assert_ne!(after.id, before.id, "{change}");
        assert_eq!(bench.get("/v1/projects/shop/plan").await.json()["changes"], false, "{change}");
        before = after;
    }
}
