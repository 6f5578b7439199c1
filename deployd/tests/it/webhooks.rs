//! Deliveries of a git host, from the request to the deployment.

use crate::bench::{Answer, Bench, COMPOSE};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use compose_core::hash::hex;
use deployd::wire::{DeploymentState, Trigger};
use futures::{StreamExt as _, stream};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;
use std::time::Duration;
use tokio::sync::oneshot;
use tower::ServiceExt as _;

pub(crate) async fn secret(bench: &Bench) -> String {
    bench.get("/v1/projects/shop").await.json()["webhook_secret"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn signature(secret: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    format!("sha256={}", hex(&mac.finalize().into_bytes()))
}

pub(crate) async fn deliver(bench: &Bench, project: &str, secret: &str, body: &str, delivery: &str) -> Answer {
    let request = Request::post(format!("/webhook/{project}"))
        .header("x-github-event", "push")
        .header("x-github-delivery", delivery)
        .header("x-hub-signature-256", signature(secret, body))
        .body(Body::from(body.to_owned()));
    bench.send(request.unwrap()).await
}

pub(crate) fn push(branch: &str, commit: &str) -> String {
    json!({"ref": format!("refs/heads/{branch}"), "after": commit}).to_string()
}

#[tokio::test]
async fn a_push_is_deployed_and_its_replay_is_not() {
    let bench = Bench::shop().await;
    let secret = secret(&bench).await;
    let commit = bench.push(COMPOSE);
    let body = push("main", &commit);
    let answer = deliver(&bench, "shop", &secret, &body, "1").await;
    assert_eq!((answer.status, answer.json()), (StatusCode::ACCEPTED, json!({"id": 1})));
    let ended = bench.ended(1).await;
    assert_eq!((ended.state, ended.commit), (DeploymentState::Healthy, Some(commit)));
    assert_eq!(
        ended.trigger,
        Trigger::Webhook {
            provider: "github".to_owned()
        }
    );
    // The same delivery, and the same body as if it were another one.
    for delivery in ["1", "2"] {
        let answer = deliver(&bench, "shop", &secret, &body, delivery).await;
        assert_eq!(
            (answer.status, answer.json()),
            (StatusCode::OK, json!({"skipped": "this delivery was seen before"}))
        );
    }
    assert_eq!(bench.get("/v1/projects/shop/history").await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_push_that_no_daemon_was_there_for_is_found_by_the_next_one() {
    let bench = Bench::shop().await;
    let secret = secret(&bench).await;
    let commit = bench.push(COMPOSE);
    deliver(&bench, "shop", &secret, &push("main", &commit), "1").await;
    bench.ended(1).await;
    let missed = bench.push(&COMPOSE.replace("web:1", "web:2"));
    let bench = bench.restart().await;
    for _ in 0..2000 {
        if bench.get("/v1/projects/shop/history").await.json().as_array().unwrap().len() > 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let ended = bench.ended(2).await;
    assert_eq!((ended.state, ended.commit), (DeploymentState::Healthy, Some(missed)));
    assert_eq!(ended.trigger, Trigger::Poll);
}

#[tokio::test]
async fn the_commit_of_the_push_is_deployed_whatever_came_after() {
    let bench = Bench::shop().await;
    let secret = secret(&bench).await;
    let commit = bench.push(&COMPOSE.replace("web:1", "web:2"));
    bench.push(COMPOSE);
    deliver(&bench, "shop", &secret, &push("main", &commit), "1").await;
    bench.ended(1).await;
    assert_eq!(bench.running().await, [("shop-web-1".to_owned(), "sha256:web:2".to_owned())]);
}

#[tokio::test]
async fn a_push_that_arrives_after_a_later_one_does_not_take_the_project_back() {
    let bench = Bench::shop().await;
    let secret = secret(&bench).await;
    let older = bench.push(&COMPOSE.replace("web:1", "web:2"));
    let newer = bench.push(COMPOSE);
    deliver(&bench, "shop", &secret, &push("main", &newer), "1").await;
    assert_eq!(bench.ended(1).await.commit.as_deref(), Some(newer.as_str()));
    deliver(&bench, "shop", &secret, &push("main", &older), "2").await;
    let ended = bench.ended(2).await;
    assert_eq!((ended.state, ended.commit), (DeploymentState::Healthy, Some(newer)));
    assert_eq!(bench.running().await, [("shop-web-1".to_owned(), "sha256:web:1".to_owned())]);
    // Whoever puts the branch back means it.
    bench.git(&["reset", "-q", "--hard", &older]);
    let body = json!({"ref": "refs/heads/main", "after": older, "forced": true}).to_string();
    deliver(&bench, "shop", &secret, &body, "3").await;
    assert_eq!(bench.ended(3).await.commit, Some(older));
}

/// Pushes reported while a deployment runs, newest first and then upwards: none of them takes the project back.
#[tokio::test]
async fn pushes_that_arrive_in_any_order_while_one_runs_do_not_take_the_project_back() {
    let bench = Bench::shop().await;
    let [oldest, older] = ["one", "two"].map(|name| bench.push(&format!("{COMPOSE}    labels: {{is: {name}}}\n")));
    let newest = bench.push(COMPOSE);
    bench.engine.delay("create", std::time::Duration::from_secs(1));
    let secret = secret(&bench).await;
    deliver(&bench, "shop", &secret, &push("main", &newest), "1").await;
    bench.until(1, DeploymentState::Starting).await;
    deliver(&bench, "shop", &secret, &push("main", &oldest), "2").await;
    deliver(&bench, "shop", &secret, &push("main", &older), "3").await;
    let ended = bench.ended(3).await;
    assert_eq!(bench.deployment(1).await.commit.as_ref(), Some(&newest));
    assert_eq!(bench.deployment(2).await.state, DeploymentState::Superseded);
    assert_eq!(ended.commit, Some(newest));
}

#[tokio::test]
async fn a_delivery_that_cannot_be_read_is_not_remembered() {
    let bench = Bench::shop().await;
    let secret = secret(&bench).await;
    let odd = deliver(&bench, "shop", &secret, "payload=%7B%7D", "1").await;
    assert_eq!(odd.code(), "bad-delivery");
    assert!(!bench.get("/v1/projects/shop").await.json()["webhook_seen"].is_string());
}

#[tokio::test]
async fn the_first_push_that_the_host_reports_is_remembered_and_our_own_trial_is_not() {
    let bench = Bench::shop().await;
    let secret = secret(&bench).await;
    let seen = async || bench.get("/v1/projects/shop").await.json()["webhook_seen"].is_string();
    let commit = bench.git(&["rev-parse", "HEAD"]);
    let body = push("other", &commit);
    let trial = Request::post("/webhook/shop")
        .header("user-agent", "inertia/1.0.0")
        .header("x-github-event", "push")
        .header("x-hub-signature-256", signature(&secret, &body))
        .body(Body::from(body.clone()));
    assert_eq!(bench.send(trial.unwrap()).await.status, StatusCode::OK);
    assert!(!seen().await);
    deliver(&bench, "shop", "wrong", &body, "1").await;
    assert!(!seen().await);
    let ping = Request::post("/webhook/shop")
        .header("x-github-event", "ping")
        .header("x-hub-signature-256", signature(&secret, "{}"))
        .body(Body::from("{}"));
    assert_eq!(bench.send(ping.unwrap()).await.status, StatusCode::OK);
    assert!(!seen().await, "whether it reports pushes is not known by that");
    deliver(&bench, "shop", &secret, &body, "1").await;
    assert!(seen().await);
}

#[tokio::test]
async fn another_secret_ends_the_former_one() {
    let bench = Bench::shop().await;
    let former = secret(&bench).await;
    let body = push("other", &bench.git(&["rev-parse", "HEAD"]));
    assert_eq!(deliver(&bench, "shop", &former, &body, "1").await.status, StatusCode::OK);
    let rotated = bench.post("/v1/projects/shop/webhook/rotate", &json!({})).await.json();
    let new = rotated["webhook_secret"].as_str().unwrap();
    assert_eq!((new.len(), &rotated["webhook_seen"]), (64, &json!(null)), "{rotated}");
    assert_eq!(secret(&bench).await, new);
    assert_eq!(deliver(&bench, "shop", &former, &body, "2").await.code(), "bad-signature");
    assert_eq!(deliver(&bench, "shop", new, &body, "3").await.status, StatusCode::OK);
    assert!(bench.get("/v1/audit").await.text.contains("webhook.rotate"));
}

#[tokio::test]
async fn nothing_else_is_deployed() {
    let bench = Bench::shop().await;
    let secret = secret(&bench).await;
    let commit = bench.git(&["rev-parse", "HEAD"]);
    let body = push("main", &commit);
    assert_eq!(deliver(&bench, "shop", "wrong", &body, "1").await.code(), "bad-signature");
    // Whether a project exists is nobody's business.
    let unknown = deliver(&bench, "none", &secret, &body, "1").await;
    assert_eq!(
        (unknown.status, unknown.code().as_str()),
        (StatusCode::UNAUTHORIZED, "bad-signature")
    );
    let other = deliver(&bench, "shop", &secret, &push("other", &commit), "1").await;
    assert_eq!((other.status, other.json()["skipped"].is_string()), (StatusCode::OK, true));
    let odd = deliver(&bench, "shop", &secret, "payload=%7B%7D", "1").await;
    assert_eq!((odd.status, odd.code().as_str()), (StatusCode::BAD_REQUEST, "bad-delivery"));
    let large = "x".repeat(9 * 1024 * 1024);
    let large = deliver(&bench, "shop", &secret, &large, "1").await;
    assert_eq!(
        (large.status, large.code().as_str()),
        (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large")
    );
    assert_eq!(bench.get("/v1/projects/shop/history").await.json(), json!([]));
    let unsigned = Request::post("/webhook/shop").body(Body::from("x".repeat(9 * 1024 * 1024)));
    assert_eq!(bench.send(unsigned.unwrap()).await.code(), "bad-signature");
    // A delivery that was refused may come again with the right signature.
    assert_eq!(deliver(&bench, "shop", &secret, &body, "1").await.status, StatusCode::ACCEPTED);
}

/// Begins a delivery that announces much and sends nothing; resolved once its body is waited for.
fn begin(bench: &Bench, project: &str) -> oneshot::Receiver<()> {
    let (begun, waited_for) = oneshot::channel();
    let silent = stream::once(async move {
        let _ = begun.send(());
        std::future::pending::<Result<Vec<u8>, std::convert::Infallible>>().await
    });
    let request = Request::post(format!("/webhook/{project}"))
        .header("x-github-event", "push")
        .header("x-hub-signature-256", signature("guessed", ""))
        .header("content-length", 8 * 1024 * 1024)
        .body(Body::from_stream(silent));
    tokio::spawn(bench.router().oneshot(request.unwrap()));
    waited_for
}

#[tokio::test]
async fn who_announces_much_and_sends_nothing_keeps_no_delivery_out() {
    let bench = Bench::shop().await;
    let secret = secret(&bench).await;
    for _ in 0..8 {
        let _ = tokio::time::timeout(Duration::from_secs(1), begin(&bench, "shop")).await;
    }
    let body = push("main", &bench.git(&["rev-parse", "HEAD"]));
    assert_eq!(deliver(&bench, "shop", &secret, &body, "1").await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn who_withholds_the_last_byte_keeps_no_delivery_out() {
    let bench = Bench::shop().await;
    let secret = secret(&bench).await;
    let body = push("main", &bench.git(&["rev-parse", "HEAD"]));
    for _ in 0..5 {
        let (begun, sent) = oneshot::channel();
        let all_but_one = stream::once(async { Ok::<_, std::convert::Infallible>(vec![b'a'; 8 * 1024 * 1024 - 1]) });
        let never = stream::once(async move {
            let _ = begun.send(());
            std::future::pending().await
        });
        let request = Request::post("/webhook/none")
            .header("x-github-event", "push")
            .header("x-hub-signature-256", signature("guessed", ""))
            .body(Body::from_stream(all_but_one.chain(never)));
        tokio::spawn(bench.router().oneshot(request.unwrap()));
        let _ = tokio::time::timeout(Duration::from_secs(10), sent).await;
    }
    assert_eq!(deliver(&bench, "shop", &secret, &body, "1").await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_name_that_is_not_registered_is_not_told_by_when_the_answer_comes() {
    let bench = Bench::shop().await;
    for project in ["shop", "none"] {
        let waited_for = tokio::time::timeout(Duration::from_secs(10), begin(&bench, project)).await;
        assert!(waited_for.unwrap().is_ok(), "{project}: the body is waited for");
    }
}
