//! People come in by a one-time code, may do what their role allows, and go at once.

use crate::bench::{Answer, Bench, COMPOSE};
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode};
use deployd::wire::DeploymentState;
use serde_json::json;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::timeout;

async fn invite(bench: &Bench, name: &str, role: &str) -> String {
    let answer = bench.post("/v1/users", &json!({"name": name, "role": role})).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    answer.json()["code"].as_str().unwrap().to_owned()
}

async fn join(bench: &Bench, name: &str, code: &str) -> Answer {
    let body = json!({"name": name, "code": code}).to_string();
    bench.ask(Method::POST, "/v1/join", None, body).await
}

async fn token(bench: &Bench, name: &str, role: &str) -> String {
    let code = invite(bench, name, role).await;
    let joined = join(bench, name, &code).await;
    assert_eq!(joined.status, StatusCode::CREATED, "{joined:?}");
    assert_eq!(joined.json()["role"], role);
    joined.json()["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_role_may_do_its_own_and_no_more() {
    let bench = Bench::shop().await;
    let read = (Method::GET, "/v1/projects/shop/status", "");
    let deploy = (Method::POST, "/v1/projects/shop/deployments", "{}");
    let set = (Method::PUT, "/v1/projects/shop/env/KEY", "{\"value\": \"x\"}");
    let people = (Method::POST, "/v1/users", "{\"name\": \"carl\", \"role\": \"viewer\"}");
    let register = (
        Method::PUT,
        "/v1/projects/other",
        "{\"url\": \"/srv/other.git\", \"branch\": \"main\"}",
    );
    let audit = (Method::GET, "/v1/audit", "");
    for (role, allowed) in [("viewer", 1), ("deployer", 3), ("admin", 6)] {
        let token = token(&bench, role.replace("admin", "boss").as_str(), role).await;
        for (at, (method, path, body)) in [&read, &deploy, &set, &people, &register, &audit].into_iter().enumerate() {
            let answer = bench.ask(method.clone(), path, Some(&token), (*body).to_owned()).await;
            let refused = answer.status == StatusCode::FORBIDDEN;
            assert_eq!(refused, at >= allowed, "{role} {method} {path}: {answer:?}");
            assert!(refused || answer.status.is_success(), "{role} {method} {path}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_code_is_good_once_for_its_person_and_nothing_keeps_it() {
    let bench = Bench::empty().await;
    let code = invite(&bench, "ann", "deployer").await;
    for (name, shown) in [("bob", code.as_str()), ("ann", "wrong"), ("ann", "")] {
        let answer = join(&bench, name, shown).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::UNAUTHORIZED, "join-refused"));
    }
    assert_eq!(join(&bench, "ann", &code).await.status, StatusCode::CREATED);
    let again = join(&bench, "ann", &code).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
    assert!(again.text.contains("used already"), "{again:?}");
    let other = bench.post("/v1/users", &json!({"name": "ann", "role": "admin"})).await;
    assert_eq!((other.status, other.code().as_str()), (StatusCode::CONFLICT, "user-exists"));
    let reserved = bench.post("/v1/users", &json!({"name": "admin", "role": "admin"})).await;
    assert_eq!(reserved.code(), "bad-name");
    let audit = bench.get("/v1/audit").await.text;
    assert!(
        audit.contains("user.add") && audit.contains("user.join") && !audit.contains(&code),
        "{audit}"
    );
    // Neither the database nor its journal holds the code itself.
    for entry in std::fs::read_dir(bench.state()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            assert!(
                !bytes.windows(code.len()).any(|window| window == code.as_bytes()),
                "{}",
                path.display()
            );
        }
    }
}

#[tokio::test]
async fn strangers_are_not_listened_to_for_long() {
    let bench = Bench::empty().await;
    let answer = join(&bench, "ann", &"x".repeat(4096)).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large")
    );
}

#[tokio::test]
async fn who_is_removed_is_out_at_once_with_everything_that_was_theirs() {
    let bench = Bench::empty().await;
    let ann = token(&bench, "ann", "admin").await;
    let made = bench
        .ask(
            Method::POST,
            "/v1/tokens",
            Some(&ann),
            json!({"subject": "ci", "role": "admin"}).to_string(),
        )
        .await;
    let machine = made.json()["token"].as_str().unwrap().to_owned();
    let open = invite(&bench, "ann", "admin").await;
    let mut for_others = Vec::new();
    for (name, token) in [("carl", &ann), ("dora", &machine)] {
        let body = json!({"name": name, "role": "admin"}).to_string();
        let invited = bench.ask(Method::POST, "/v1/users", Some(token), body).await;
        for_others.push((name, invited.json()["code"].as_str().unwrap().to_owned()));
    }
    let asked = async |token: &str| bench.ask(Method::GET, "/v1/users", Some(token), String::new()).await.status;
    assert_eq!((asked(&ann).await, asked(&machine).await), (StatusCode::OK, StatusCode::OK));
    let listed = bench.get("/v1/users").await.json();
    assert_eq!((&listed[0]["name"], &listed[0]["tokens"]), (&json!("ann"), &json!(2)), "{listed}");

    assert_eq!(bench.delete("/v1/users/ann").await.status, StatusCode::NO_CONTENT);
    assert_eq!(
        (asked(&ann).await, asked(&machine).await),
        (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED)
    );
    assert_eq!(join(&bench, "ann", &open).await.status, StatusCode::UNAUTHORIZED);
    for (name, code) in for_others {
        assert_eq!(join(&bench, name, &code).await.status, StatusCode::UNAUTHORIZED, "{name}");
    }
    assert_eq!(bench.delete("/v1/users/ann").await.code(), "user-not-found");
    let again = token(&bench, "ann", "viewer").await;
    assert_eq!(asked(&again).await, StatusCode::FORBIDDEN);
}

/// What a stream gives from now on, to its end.
async fn open(bench: &Bench, path: &str, token: &str) -> JoinHandle<usize> {
    let request = Request::get(path).header("authorization", format!("Bearer {token}"));
    let response = bench.raw(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::OK);
    tokio::spawn(async move { to_bytes(response.into_body(), usize::MAX).await.unwrap().len() })
}

#[tokio::test]
async fn open_streams_end_with_the_token() {
    let bench = Bench::shop().await;
    bench.deploy_well().await;
    bench.push(&COMPOSE.replace("web:1", "web:2"));
    bench.engine.delay("create", Duration::from_secs(20));
    let id = bench.deploy().await;
    bench.until(id, DeploymentState::Starting).await;
    let paths = [
        "/v1/projects/shop/logs?follow=true".to_owned(),
        format!("/v1/projects/shop/deployments/{id}/events"),
    ];
    let ann = token(&bench, "ann", "viewer").await;
    let short = json!({"subject": "short", "role": "viewer", "expires_in": 1});
    let short = bench.post("/v1/tokens", &short).await.json()["token"].as_str().unwrap().to_owned();
    let mut of_ann = Vec::new();
    let mut expiring = Vec::new();
    for path in &paths {
        of_ann.push(open(&bench, path, &ann).await);
        expiring.push(open(&bench, path, &short).await);
    }
    for stream in expiring {
        timeout(Duration::from_secs(5), stream).await.expect("ends with its token").unwrap();
    }
    assert!(of_ann.iter().all(|stream| !stream.is_finished()));
    assert_eq!(bench.delete("/v1/users/ann").await.status, StatusCode::NO_CONTENT);
    for stream in of_ann {
        timeout(Duration::from_secs(5), stream).await.expect("ends with its token").unwrap();
    }
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let bench = Bench::empty().await;
    let ann = token(&bench, "ann", "admin").await;
    let tokens = bench.get("/v1/tokens").await.json();
    let of = |subject: &str| {
        let found = tokens.as_array().unwrap().iter().find(|token| token["subject"] == subject);
        found.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let delete = async |path: &str| bench.ask(Method::DELETE, path, Some(&ann), String::new()).await;
    assert_eq!(delete(&format!("/v1/tokens/{}", of("admin"))).await.status, StatusCode::NO_CONTENT);
    assert_eq!(delete("/v1/users/ann").await.code(), "last-admin");
    assert_eq!(delete(&format!("/v1/tokens/{}", of("ann"))).await.code(), "last-admin");
    assert_eq!(delete("/v1/users/none").await.code(), "user-not-found");
}
