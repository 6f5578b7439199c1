//! Repositories over SSH: the deploy key, the host's key, and what is said when either does not fit.

use crate::bench::{Answer, Bench, COMPOSE};
use crate::git_server::{GitServer, host_print};
use axum::http::StatusCode;
use deployd::wire::{DeploymentState, RepositoryReport};
use serde_json::{Value, json};

async fn register(bench: &Bench, url: &str, host_key: Option<&str>) -> Value {
    let mut registration = json!({"url": url, "branch": "main"});
    if let Some(print) = host_key {
        registration["host_key"] = json!(print);
    }
    let answer: Answer = bench.put("/v1/projects/shop", &registration).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.json()
}

async fn report(bench: &Bench) -> RepositoryReport {
    let answer = bench.get("/v1/projects/shop/repository").await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    serde_json::from_str(&answer.text).unwrap()
}

/// The problem's code, and all of its words.
async fn problem(bench: &Bench) -> (String, String) {
    let problem = report(bench).await.problem.expect("there is one");
    let words = format!("{} / {}", problem.detail, problem.help.unwrap_or_default());
    (problem.code, words)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deploy_key_opens_the_repository_once_it_was_added() {
    let bench = Bench::unregistered().await;
    let server = GitServer::start(1).await;
    let key = register(&bench, &server.url(&bench.work()), None).await["deploy_key"].clone();
    let key = key.as_str().unwrap();

    let (code, words) = problem(&bench).await;
    assert_eq!(code, "key-refused");
    assert!(words.contains(key.rsplit_once(' ').unwrap().0), "{words}");
    let refused = bench.deploy().await;
    let refused = bench.ended(refused).await;
    assert_eq!(refused.state, DeploymentState::Failed);
    assert!(
        refused.reason.as_deref().unwrap().contains("does not accept the deploy key"),
        "{refused:?}"
    );

    server.let_in(key);
    let seen = report(&bench).await;
    assert_eq!(seen.head.as_deref(), Some(bench.git(&["rev-parse", "HEAD"]).as_str()), "{seen:?}");
    assert_eq!(seen.host_key.as_deref(), Some(host_print(1).as_str()));
    bench.deploy_well().await;
    // What comes later is fetched into the same mirror.
    let next = bench.push(&COMPOSE.replace("web:1", "web:2"));
    let id = bench.deploy_well().await;
    assert_eq!(bench.deployment(id).await.commit.as_deref(), Some(next.as_str()));
    let left: Vec<_> = std::fs::read_dir(bench.state().join("projects/shop"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("look"))
        .collect();
    assert_eq!(left, Vec::<String>::new(), "a look leaves nothing behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_changed_its_key_is_refused_until_a_person_accepts_it() {
    let bench = Bench::unregistered().await;
    let server = GitServer::start(1).await;
    let url = server.url(&bench.work());
    let made = register(&bench, &url, None).await;
    server.let_in(made["deploy_key"].as_str().unwrap());
    bench.deploy_well().await;

    server.change_key(2);
    let (code, words) = problem(&bench).await;
    assert_eq!(code, "host-key-changed");
    for wanted in [host_print(1), host_print(2), format!("--accept-host-key {}", host_print(2))] {
        assert!(words.contains(&wanted), "{wanted}: {words}");
    }
    let id = bench.deploy().await;
    assert_eq!(bench.ended(id).await.state, DeploymentState::Failed);
    // Registering again does not accept it by itself, nor does a wrong fingerprint.
    register(&bench, &url, None).await;
    assert_eq!(problem(&bench).await.0, "host-key-changed");
    register(&bench, &url, Some(&host_print(3))).await;
    assert_eq!(problem(&bench).await.0, "host-key-changed");
    let refused = json!({"url": url, "branch": "main", "host_key": "yes"});
    assert_eq!(bench.put("/v1/projects/shop", &refused).await.code(), "bad-host-key");

    register(&bench, &url, Some(&host_print(2))).await;
    assert_eq!(report(&bench).await.problem, None);
    bench.deploy_well().await;
    // Now the old one is the stranger.
    server.change_key(1);
    assert_eq!(problem(&bench).await.0, "host-key-changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_named() {
    let bench = Bench::unregistered().await;
    let server = GitServer::start(1).await;
    let made = register(&bench, &server.url(&bench.work().join("none")), None).await;
    server.let_in(made["deploy_key"].as_str().unwrap());
    let (code, words) = problem(&bench).await;
    assert_eq!(code, "repository-not-found", "{words}");
    assert!(words.contains("does not appear to be a git repository"), "{words}");

    let registration = json!({"url": server.url(&bench.work()), "branch": "next"});
    bench.put("/v1/projects/shop", &registration).await;
    assert_eq!(problem(&bench).await.0, "branch-not-found");

    let url = server.url(&bench.work());
    drop(server);
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    register(&bench, &url, None).await;
    let (code, words) = problem(&bench).await;
    assert_eq!(code, "unreachable", "{words}");
}
