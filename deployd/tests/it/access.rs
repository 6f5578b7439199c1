//! Who may ask for what, and how requests are refused.

use crate::bench::Bench;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, Response, StatusCode};
use serde_json::json;
use std::net::SocketAddr;

async fn token(bench: &Bench, role: &str, expires_in: u64) -> (String, String) {
    let request = json!({"subject": format!("a {role}"), "role": role, "expires_in": expires_in});
    let answer = bench.post("/v1/tokens", &request).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    let text = |key: &str| answer.json()[key].as_str().unwrap().to_owned();
    (text("token"), text("id"))
}

/// Every operation that the daemon describes: method, path with a value in place of each parameter, needed role.
async fn operations(bench: &Bench) -> Vec<(Method, String, Option<String>)> {
    let document = bench.ask(Method::GET, "/openapi.json", None, String::new()).await.json();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let filled = path.replace("{p}", "shop").replace("{id}", "1").replace("{key}", "KEY");
            let needs = operation["description"]
                .as_str()
                .map(|text| text.trim_end_matches('.').rsplit(' ').next().unwrap().to_owned());
            operations.push((method, filled, needs));
        }
    }
    operations
}

#[tokio::test]
async fn every_operation_needs_the_role_that_it_says() {
    let bench = Bench::shop().await;
    let (viewer, _) = token(&bench, "viewer", 60).await;
    let (deployer, _) = token(&bench, "deployer", 60).await;
    let operations = operations(&bench).await;
    assert!(operations.len() > 25, "{}", operations.len());
    for (method, path, needs) in operations {
        let ask = async |token: Option<&str>| bench.ask(method.clone(), &path, token, String::new()).await.status;
        let refused = |status: StatusCode| status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN;
        match needs.as_deref() {
            None if path.starts_with("/webhook/") => {}
            None => assert!(!refused(ask(None).await), "{method} {path}"),
            Some(role) => {
                assert_eq!(ask(None).await, StatusCode::UNAUTHORIZED, "{method} {path}");
                assert_eq!(ask(Some("x.y.z")).await, StatusCode::UNAUTHORIZED, "{method} {path}");
                if role != "viewer" {
                    assert_eq!(ask(Some(&viewer)).await, StatusCode::FORBIDDEN, "{method} {path}");
                }
                if role == "admin" {
                    assert_eq!(ask(Some(&deployer)).await, StatusCode::FORBIDDEN, "{method} {path}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_token_holds_until_it_is_revoked() {
    let bench = Bench::empty().await;
    let (viewer, id) = token(&bench, "viewer", 60).await;
    let ask = async || bench.ask(Method::GET, "/v1/projects", Some(&viewer), String::new()).await.status;
    assert_eq!(ask().await, StatusCode::OK);
    assert_eq!(bench.delete(&format!("/v1/tokens/{id}")).await.status, StatusCode::NO_CONTENT);
    assert_eq!(ask().await, StatusCode::UNAUTHORIZED);
    assert_eq!(bench.delete("/v1/tokens/none").await.code(), "token-not-found");
    let listed = bench.get("/v1/tokens").await.json();
    assert_eq!(listed.as_array().unwrap().len(), 2, "the administrator's and this one");
    assert!(!listed.to_string().contains(&viewer), "a list never holds a token");
}

/// Asks from an address.
async fn ask_from(bench: &Bench, address: [u8; 4], token: &str) -> Response<Body> {
    let request = Request::get("/v1/projects").header("authorization", format!("Bearer {token}"));
    let mut request = request.body(Body::empty()).unwrap();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from((address, 40_000))));
    bench.raw(request).await
}

#[tokio::test]
async fn many_wrong_tokens_are_told_to_wait_and_a_right_one_never_is() {
    let bench = Bench::empty().await;
    let (guesser, other) = ([192, 0, 2, 1], [192, 0, 2, 2]);
    let mut told = ask_from(&bench, guesser, "a.b.c").await;
    assert_eq!(told.status(), StatusCode::UNAUTHORIZED);
    for _ in 0..100 {
        if told.status() == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
        told = ask_from(&bench, guesser, "a.b.c").await;
    }
    assert_eq!(told.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(told.headers().contains_key("retry-after"), "{told:?}");
    assert_eq!(ask_from(&bench, guesser, &bench.admin()).await.status(), StatusCode::OK);
    assert_eq!(ask_from(&bench, other, "a.b.c").await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_token_ends() {
    let bench = Bench::empty().await;
    let (viewer, _) = token(&bench, "viewer", 1).await;
    tokio::time::sleep(std::time::Duration::from_millis(2100)).await;
    let answer = bench.ask(Method::GET, "/v1/projects", Some(&viewer), String::new()).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_administrators_token_survives_a_restart() {
    let bench = Bench::empty().await;
    let token = bench.admin();
    let bench = bench.restart().await;
    assert_eq!(bench.admin(), token);
    assert_eq!(bench.get("/v1/projects").await.status, StatusCode::OK);
}

#[tokio::test]
async fn tokens_that_make_no_sense_are_not_made() {
    let bench = Bench::empty().await;
    for (request, status, code) in [
        (json!({"subject": "", "role": "viewer"}), 422, "bad-subject"),
        (json!({"subject": "x", "role": "viewer", "expires_in": 0}), 422, "bad-lifetime"),
        (json!({"subject": "x", "role": "root"}), 400, "bad-body"),
        (json!({"subject": "x", "role": "viewer", "admin": true}), 400, "bad-body"),
    ] {
        let answer = bench.post("/v1/tokens", &request).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code), "{request}");
    }
}

#[tokio::test]
async fn whatever_is_wrong_is_a_problem() {
    let bench = Bench::shop().await;
    let large = format!("{{\"ref\": \"{}\"}}", "x".repeat(2_000_000));
    for (method, path, body, status, code) in [
        (Method::GET, "/nowhere", "", 404, "no-such-path"),
        (Method::GET, "/v1/projects/shop/deployments/x", "", 404, "no-such-path"),
        (Method::PATCH, "/v1/projects/shop", "", 405, "method-not-allowed"),
        (Method::GET, "/v1/projects/none", "", 404, "project-not-found"),
        (Method::GET, "/v1/projects/shop/deployments/7", "", 404, "deployment-not-found"),
        (Method::GET, "/v1/projects/shop/history?limit=x", "", 400, "bad-query"),
        (Method::GET, "/v1/projects/shop/history?limits=1", "", 400, "bad-query"),
        (Method::POST, "/v1/projects/shop/deployments", "{", 400, "bad-body"),
        (Method::POST, "/v1/projects/shop/deployments", "[]", 400, "bad-body"),
        (Method::POST, "/v1/projects/shop/deployments", large.as_str(), 413, "body-too-large"),
        (Method::POST, "/v1/projects/shop/rollback", "", 409, "no-earlier-release"),
        (Method::POST, "/v1/projects/shop/rollback", "{\"to\": 9}", 404, "release-not-found"),
        (Method::POST, "/v1/projects/shop/down", "", 409, "never-deployed"),
        (Method::GET, "/v1/projects/shop/env/NONE", "", 404, "variable-not-found"),
        (Method::DELETE, "/v1/projects/shop/env/NONE", "", 404, "variable-not-found"),
    ] {
        let answer = bench.ask(method, path, Some(&bench.admin()), body.to_owned()).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code), "{path}");
        assert_eq!(answer.content_type, "application/problem+json", "{path}");
        assert_eq!(answer.json()["status"], status, "{path}");
        assert!(!answer.json()["detail"].as_str().unwrap().is_empty(), "{path}");
    }
}

#[tokio::test]
async fn the_daemon_says_who_it_is_and_how_it_does() {
    let bench = Bench::shop().await;
    bench.deploy_well().await;
    let open = async |path: &str| bench.ask(Method::GET, path, None, String::new()).await;
    assert_eq!(open("/").await.json(), json!({"name": "inertia", "version": "1.2.3", "api": "v1"}));
    assert_eq!(open("/healthz").await.text, "ok\n");
    assert_eq!(open("/readyz").await.text, "ok\n");
    let metrics = open("/metrics").await.text;
    for line in [
        "inertia_build_info{version=\"1.2.3\"} 1",
        "inertia_projects 1",
        "inertia_deployments{state=\"healthy\"} 1",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line}\n{metrics}");
    }
    let audit = bench.get("/v1/audit").await.json();
    let actions: Vec<_> = audit
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["deployment.create", "project.put"]);
}
