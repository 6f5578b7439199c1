//! Deployments from the request to their end, over an engine in memory.

use crate::bench::{Bench, COMPOSE, healthy, parse_events, states};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use deployd::wire::{DeploymentState as State, EventBody, StreamEvent, Trigger};
use futures::StreamExt as _;
use serde_json::json;
use std::time::Duration;

fn web(image: &str) -> Vec<(String, String)> {
    vec![("shop-web-1".to_owned(), format!("sha256:{image}"))]
}

fn using(image: &str) -> String {
    COMPOSE.replace("web:1", image)
}

#[tokio::test]
async fn a_commit_becomes_a_release() {
    let bench = Bench::shop().await;
    let commit = bench.git(&["rev-parse", "HEAD"]);
    let id = bench.deploy().await;
    let events = bench.events(id).await;
    assert_eq!(
        states(&events),
        [State::Queued, State::Fetching, State::Building, State::Starting, State::Healthy]
    );
    let numbers: Vec<u64> = events.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (1..=events.len() as u64).collect::<Vec<_>>());
    let ended = bench.deployment(id).await;
    assert_eq!((ended.commit.as_ref(), ended.message.as_deref()), (Some(&commit), Some("a change")));
    assert!(ended.current && ended.release && ended.started_at.is_some() && ended.finished_at.is_some());
    assert_eq!(ended.trigger, Trigger::Manual { by: "admin".to_owned() });
    assert_eq!(bench.running().await, web("web:1"));
    let status = bench.get("/v1/projects/shop/status").await.json();
    assert_eq!(
        (&status["current"]["id"], &status["running"], &status["waiting"]),
        (&json!(1), &json!(null), &json!(0))
    );
    assert_eq!(status["containers"][0]["service"], "web");
}

#[tokio::test]
async fn a_stream_goes_on_where_its_reader_stopped() {
    let bench = Bench::shop().await;
    let id = bench.deploy().await;
    let all = bench.events(id).await;
    for seen in [0, 1, all.len() - 1, all.len()] {
        let request = Request::get(format!("/v1/projects/shop/deployments/{id}/events"))
            .header("authorization", format!("Bearer {}", bench.admin()))
            .header("last-event-id", seen.to_string());
        let answer = bench.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(parse_events(&answer.text), all[seen..], "after {seen}");
    }
}

#[tokio::test]
async fn the_head_is_deployed_again_without_touching_what_is_right() {
    let bench = Bench::shop().await;
    bench.deploy_well().await;
    let changes = |bench: &Bench| {
        let mut calls = bench.engine.calls();
        calls.retain(|call| !call.starts_with("tag"));
        calls
    };
    let before = changes(&bench);
    bench.deploy_well().await;
    assert_eq!(changes(&bench), before);
}

#[tokio::test]
async fn a_project_is_named_by_its_file_or_else_by_its_registration() {
    let bench = Bench::shop().await;
    bench.push(&format!("name: other\n{COMPOSE}"));
    bench.deploy_well().await;
    assert_eq!(bench.running().await[0].0, "other-web-1");
}

#[tokio::test]
async fn a_folder_of_a_repository_is_a_project() {
    let bench = Bench::shop().await;
    bench.write("apps/shop/inertia.toml", "name = \"shop\"\n");
    bench.write("apps/shop/compose.yaml", &using("web:2"));
    bench.commit();
    bench.register("apps/shop").await;
    bench.deploy_well().await;
    assert_eq!(bench.running().await, web("web:2"));
}

#[tokio::test]
async fn any_branch_tag_or_commit_can_be_deployed() {
    let bench = Bench::shop().await;
    bench.git(&["tag", "v1"]);
    let second = bench.push(&using("web:2"));
    for (reference, image) in [("v1", "web:1"), (second.as_str(), "web:2"), ("v1", "web:1"), ("main", "web:2")] {
        let answer = bench.post("/v1/projects/shop/deployments", &json!({"ref": reference})).await;
        let ended = bench.ended(answer.json()["id"].as_u64().unwrap()).await;
        assert_eq!((ended.state, ended.reference.as_str()), (State::Healthy, reference));
        assert_eq!(bench.running().await, web(image), "{reference}");
    }
    let answer = bench.post("/v1/projects/shop/deployments", &json!({"ref": "none"})).await;
    let ended = bench.ended(answer.json()["id"].as_u64().unwrap()).await;
    assert_eq!(ended.state, State::Failed);
    assert_eq!(
        ended.reason.as_deref(),
        Some("the repository has no branch, tag or commit \"none\"")
    );
}

#[tokio::test]
async fn what_cannot_be_read_fails_with_its_place_and_touches_nothing() {
    let bench = Bench::shop().await;
    bench.deploy_well().await;
    let before = bench.engine.calls();
    for (file, text, reason) in [
        (
            "compose.yaml",
            "services:\n  web:\n    image: web:1\n    imagee: x\n",
            "compose.yaml:4:5",
        ),
        ("compose.yaml", "services: [\n", "compose.yaml:"),
        ("inertia.toml", "name = \"shop\"\npol = \"1m\"\n", "inertia.toml:2:1"),
    ] {
        bench.write("compose.yaml", COMPOSE);
        bench.write("inertia.toml", "name = \"shop\"\n");
        bench.write(file, text);
        bench.commit();
        let id = bench.deploy().await;
        let ended = bench.ended(id).await;
        assert_eq!(ended.state, State::Failed, "{text}");
        let found = ended.reason.unwrap();
        assert!(found.starts_with(reason), "{found}");
    }
    assert_eq!(bench.engine.calls(), before);
    assert_eq!(bench.running().await, web("web:1"));
}

#[tokio::test]
async fn a_missing_variable_is_named_once_with_the_way_to_set_it_here() {
    let bench = Bench::shop().await;
    bench.push("services:\n  web:\n    image: web:${TAG:?say which}\n    command: $GREETING\n    user: ${WHO?}\n");
    let id = bench.deploy().await;
    let events = bench.events(id).await;
    let told = |wanted: &str| {
        let text = |event: &StreamEvent| serde_json::to_string(&event.event).unwrap();
        events.iter().map(text).filter(|text| text.contains(wanted)).count()
    };
    assert_eq!((told("variable TAG"), told("variable WHO")), (1, 1), "{events:?}");
    let reason = bench.deployment(id).await.reason.unwrap();
    assert!(reason.contains("(set it for this server: `inertia NAME env set TAG`)"), "{reason}");
    bench.push("services:\n  web:\n    image: web:1\n    command: run $GREETING\n");
    let id = bench.deploy().await;
    let events = bench.events(id).await;
    let warned = |body: &EventBody| matches!(body, EventBody::Warning { message } if message.contains("`inertia NAME env set GREETING`"));
    assert!(events.iter().any(|event| warned(&event.event)), "{events:?}");
}

#[tokio::test]
async fn an_image_that_does_not_come_leaves_what_runs_alone() {
    let bench = Bench::shop().await;
    bench.deploy_well().await;
    bench.push(&using("missing:1"));
    let id = bench.deploy().await;
    let events = bench.events(id).await;
    assert_eq!(states(&events), [State::Queued, State::Fetching, State::Building, State::Failed]);
    assert_eq!(bench.running().await, web("web:1"));
    assert_eq!(bench.get("/v1/projects/shop/status").await.json()["current"]["id"], 1);
}

#[tokio::test]
async fn ill_health_puts_the_previous_release_back_and_says_why() {
    let bench = Bench::shop().await;
    bench.deploy_well().await;
    bench.push(&using("sick:1"));
    let id = bench.deploy().await;
    let events = bench.events(id).await;
    assert_eq!(states(&events).last(), Some(&State::RolledBack));
    let ended = bench.deployment(id).await;
    let reason = ended.reason.unwrap();
    assert!(reason.starts_with("service web is not well: its health check fails"), "{reason}");
    assert!(reason.ends_with("the release of deployment 1 is back"), "{reason}");
    let told = events.iter().filter(|event| format!("{event:?}").contains("is not well")).count();
    assert_eq!(told, 1, "why is said once: {events:?}");
    let last_words = |body: &EventBody| matches!(body, EventBody::Output { line, .. } if line == "cannot reach the database");
    assert!(events.iter().any(|event| last_words(&event.event)), "{events:?}");
    assert_eq!(bench.running().await, web("web:1"));
    assert!(bench.deployment(1).await.current && !ended.current && !ended.release);
    assert_eq!(
        ended.commit.unwrap(),
        bench.git(&["rev-parse", "HEAD"]),
        "it is about the commit that did not become healthy"
    );
}

#[tokio::test]
async fn without_an_earlier_release_ill_health_is_a_failure() {
    let bench = Bench::shop().await;
    bench.push(&using("sick:1"));
    let id = bench.deploy().await;
    let ended = bench.ended(id).await;
    assert_eq!(ended.state, State::Failed);
    assert!(ended.reason.unwrap().ends_with("there is no earlier release to put back"));
}

#[tokio::test]
async fn a_container_that_cannot_be_made_puts_the_previous_release_back() {
    let bench = Bench::shop().await;
    bench.deploy_well().await;
    bench.push(&using("web:2"));
    bench.engine.fail("start shop-web-1", 0);
    let id = bench.deploy().await;
    let ended = bench.ended(id).await;
    assert_eq!(ended.state, State::RolledBack, "{:?}", ended.reason);
    assert_eq!(bench.running().await, web("web:1"));
}

#[tokio::test]
async fn a_rollback_that_fails_is_never_called_one() {
    let bench = Bench::shop().await;
    bench.deploy_well().await;
    bench.push(&using("sick:1"));
    bench.engine.forget_image("sha256:web:1");
    let id = bench.deploy().await;
    let ended = bench.ended(id).await;
    assert_eq!(ended.state, State::Failed);
    let reason = ended.reason.unwrap();
    assert!(
        reason.contains("health check fails") && reason.contains("could not be put back: the image of service web"),
        "{reason}"
    );
}

#[tokio::test]
async fn an_earlier_release_comes_back_with_its_image_and_without_building() {
    let bench = Bench::shop().await;
    bench.push("services:\n  web:\n    build: .\n    image: built:1\n    environment: [ROUND=one]\n");
    bench.write("Dockerfile", "FROM scratch\n");
    bench.commit();
    bench.deploy_well().await;
    let first = bench.running().await;
    bench.push("services:\n  web:\n    build: .\n    image: built:1\n    environment: [ROUND=two]\n");
    // The same name leads to another image from now on.
    bench.deploy_well().await;
    let builds = |bench: &Bench| bench.engine.calls().iter().filter(|call| call.starts_with("build")).count();
    let before = builds(&bench);
    let answer = bench.post("/v1/projects/shop/rollback", &json!({})).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    let ended = bench.ended(3).await;
    assert_eq!(
        (ended.state, ended.trigger),
        (
            State::Healthy,
            Trigger::Rollback {
                by: "admin".to_owned(),
                to: 1
            }
        )
    );
    assert_eq!(builds(&bench), before);
    assert_eq!(bench.running().await, first);
    assert!(bench.engine.body("shop-web-1").unwrap().env.contains(&"ROUND=one".to_owned()));
}

#[tokio::test]
async fn each_rollback_goes_further_back() {
    let bench = Bench::shop().await;
    for image in ["web:1", "web:2", "web:1"] {
        bench.push(&using(image));
        bench.deploy_well().await;
    }
    for (id, to) in [(4, 2), (5, 1)] {
        let answer = bench.post("/v1/projects/shop/rollback", &json!({})).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
        let ended = bench.ended(id).await;
        let by = "admin".to_owned();
        assert_eq!((ended.state, ended.trigger), (State::Healthy, Trigger::Rollback { by, to }));
    }
    let none = bench.post("/v1/projects/shop/rollback", &json!({})).await;
    assert_eq!(none.code(), "no-earlier-release");
}

#[tokio::test]
async fn a_rollback_passes_what_was_deployed_twice() {
    let bench = Bench::shop().await;
    bench.deploy_well().await;
    bench.deploy_well().await;
    let none = bench.post("/v1/projects/shop/rollback", &json!({})).await;
    assert_eq!(none.code(), "no-earlier-release", "nothing would change: {none:?}");
    bench.push(&using("web:2"));
    for _ in 0..3 {
        bench.deploy_well().await;
    }
    let answer = bench.post("/v1/projects/shop/rollback", &json!({})).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    let ended = bench.ended(6).await;
    assert!(matches!(ended.trigger, Trigger::Rollback { to: 2, .. }), "{ended:?}");
    assert_eq!(bench.running().await, web("web:1"));
}

#[tokio::test]
async fn a_rollback_brings_back_the_variables_of_its_time() {
    let bench = Bench::shop().await;
    bench.push(&format!("{COMPOSE}    environment: [\"WORD=${{WORD}}\"]\n"));
    for word in ["first-word", "second-word"] {
        bench.put("/v1/projects/shop/env/WORD", &json!({"value": word})).await;
        bench.deploy_well().await;
    }
    bench.post("/v1/projects/shop/rollback", &json!({"to": 1})).await;
    bench.ended(3).await;
    assert!(bench.engine.body("shop-web-1").unwrap().env.contains(&"WORD=first-word".to_owned()));
}

#[tokio::test]
async fn one_at_a_time_and_a_newer_push_takes_the_place_of_a_waiting_one() {
    let bench = Bench::shop().await;
    bench.push(&using("web:2"));
    bench.engine.delay("create", Duration::from_secs(2));
    let first = bench.deploy().await;
    bench.until(first, State::Starting).await;
    let second = bench.deploy().await;
    let third = bench.deploy().await;
    assert_eq!(bench.deployment(second).await.state, State::Queued);
    let status = bench.get("/v1/projects/shop/status").await.json();
    assert_eq!((&status["running"]["id"], &status["waiting"]), (&json!(first), &json!(2)));
    assert_eq!(
        bench.post("/v1/projects/shop/down", &json!({})).await.code(),
        "deployment-under-way"
    );
    for id in [first, second, third] {
        assert_eq!(bench.ended(id).await.state, State::Healthy);
    }
    let begun = async |id| bench.deployment(id).await.started_at.unwrap();
    let over = async |id| bench.deployment(id).await.finished_at.unwrap();
    assert!(over(first).await <= begun(second).await && over(second).await <= begun(third).await);
}

#[tokio::test]
async fn more_than_ten_do_not_wait() {
    let bench = Bench::shop().await;
    bench.engine.delay("create", Duration::from_secs(5));
    let first = bench.deploy().await;
    bench.until(first, State::Starting).await;
    for _ in 0..10 {
        bench.deploy().await;
    }
    let refused = bench.post("/v1/projects/shop/deployments", &json!({})).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (StatusCode::TOO_MANY_REQUESTS, "queue-full")
    );
}

#[tokio::test]
async fn what_waits_and_what_is_under_way_can_be_called_off() {
    let bench = Bench::shop().await;
    bench.deploy_well().await;
    bench.push(&using("web:2"));
    bench.engine.delay("create", Duration::from_millis(500));
    let running = bench.deploy().await;
    bench.until(running, State::Starting).await;
    let waiting = bench.deploy().await;
    for id in [waiting, running] {
        let answer = bench.post(&format!("/v1/projects/shop/deployments/{id}/cancel"), &json!({})).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    }
    let waiting = bench.ended(waiting).await;
    assert_eq!(
        (waiting.state, waiting.reason.as_deref()),
        (State::Cancelled, Some("called off by admin"))
    );
    let ended = bench.ended(running).await;
    assert_eq!(ended.state, State::Cancelled);
    assert_eq!(
        ended.reason.as_deref(),
        Some("called off by admin; the release of deployment 1 is back")
    );
    assert_eq!(bench.running().await, web("web:1"));
    let late = bench
        .post(&format!("/v1/projects/shop/deployments/{running}/cancel"), &json!({}))
        .await;
    assert_eq!(late.code(), "deployment-ended");
}

#[tokio::test]
async fn projects_go_side_by_side() {
    let bench = Bench::shop().await;
    let registration = json!({"url": bench.work(), "branch": "main"});
    bench.put("/v1/projects/other", &registration).await;
    bench.engine.delay("create shop-", Duration::from_secs(5));
    let slow = bench.deploy().await;
    bench.until(slow, State::Starting).await;
    bench.post("/v1/projects/other/deployments", &json!({})).await;
    let answer = tokio::time::timeout(Duration::from_secs(4), bench.get("/v1/projects/other/deployments/1/events")).await;
    assert_eq!(states(&parse_events(&answer.unwrap().text)).last(), Some(&State::Healthy));
    assert_eq!(bench.deployment(slow).await.state, State::Starting);
}

#[tokio::test]
async fn down_and_up_again() {
    let bench = Bench::shop().await;
    bench.push("services:\n  web:\n    image: web:1\n    volumes: [\"data:/data\"]\nvolumes:\n  data:\n");
    bench.deploy_well().await;
    assert_eq!(bench.post("/v1/projects/shop/down", &json!({})).await.status, StatusCode::OK);
    assert!(bench.engine.containers().is_empty() && bench.engine.networks().is_empty());
    assert_eq!(bench.engine.volumes(), ["shop_data"]);
    bench.deploy_well().await;
    let status = bench.get("/v1/projects/shop/status").await.json();
    assert_eq!(status["volumes"], json!(["shop_data"]));
    assert_eq!(
        bench.post("/v1/projects/shop/down", &json!({"volumes": true})).await.status,
        StatusCode::OK
    );
    assert!(bench.engine.volumes().is_empty());
}

#[tokio::test]
async fn restarting_restarts() {
    let bench = Bench::shop().await;
    bench.deploy_well().await;
    let answer = bench.post("/v1/projects/shop/restart", &json!({"services": ["web"]})).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert!(
        bench.engine.calls().iter().any(|call| call == "restart shop-web-1"),
        "{:?}",
        bench.engine.calls()
    );
    let unknown = bench.post("/v1/projects/shop/restart", &json!({"services": ["none"]})).await;
    assert_eq!(
        (unknown.status, unknown.code().as_str()),
        (StatusCode::NOT_FOUND, "service-not-found")
    );
}

#[tokio::test]
async fn logs_go_on_when_the_only_container_is_started_again() {
    let bench = Bench::talking("hello\n").await;
    bench.deploy_well().await;
    let request = Request::builder()
        .uri("/v1/projects/shop/logs?follow=true")
        .header("host", "daemon.example:8081")
        .header("authorization", format!("Bearer {}", bench.admin()));
    let response = bench.raw(request.body(Body::empty()).unwrap()).await;
    let mut lines = response.into_body().into_data_stream();
    let mut text = String::new();
    for starts in 1..=3 {
        while text.matches("hello").count() < starts {
            let chunk = tokio::time::timeout(Duration::from_mins(1), lines.next()).await;
            text.push_str(std::str::from_utf8(&chunk.expect("another line").unwrap().unwrap()).unwrap());
        }
        let restarted = bench.post("/v1/projects/shop/restart", &json!({})).await;
        assert!(restarted.status.is_success(), "{restarted:?}");
    }
}

#[tokio::test]
async fn logs_of_what_is_no_service_or_no_time_are_refused() {
    let bench = Bench::shop().await;
    let early = bench.get("/v1/projects/shop/logs?service=web").await;
    assert!(early.text.contains("inertia NAME up"), "{early:?}");
    bench.deploy_well().await;
    assert_eq!(bench.get("/v1/projects/shop/logs?service=web").await.status, StatusCode::OK);
    let slip = bench.get("/v1/projects/shop/logs?service=web,wbe").await;
    assert_eq!((slip.status, slip.code().as_str()), (StatusCode::NOT_FOUND, "service-not-found"));
    assert!(
        slip.text.contains("no such service: wbe") && slip.text.contains("did you mean `web`?"),
        "{slip:?}"
    );
    let never = bench.get("/v1/projects/shop/logs?since=yesterday").await;
    assert_eq!(
        (never.status, never.code().as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, "invalid-time")
    );
    let other = bench.get("/v1/projects/shop/logs?service=database").await;
    assert!(other.text.contains("the services are web"), "{other:?}");
    bench.post("/v1/projects/shop/down", &json!({})).await;
    let ended = bench.get("/v1/projects/shop/logs?service=web").await;
    assert_eq!(
        ended.status,
        StatusCode::OK,
        "a service of the release that has no container now: {ended:?}"
    );
}

#[tokio::test]
async fn a_service_that_left_the_file_leaves_the_engine() {
    let bench = Bench::shop().await;
    bench.push(&format!("{COMPOSE}  extra:\n    image: web:2\n"));
    bench.deploy_well().await;
    assert_eq!(bench.running().await.len(), 2);
    bench.push(COMPOSE);
    bench.deploy_well().await;
    assert_eq!(bench.running().await, web("web:1"));
}

#[tokio::test]
async fn what_others_made_is_never_overwritten() {
    let bench = Bench::shop().await;
    let registration = json!({"url": bench.work(), "branch": "main"});
    bench.put("/v1/projects/other", &registration).await;
    bench.push(&format!("name: taken\n{COMPOSE}    volumes: [\"data:/data\"]\nvolumes:\n  data:\n"));
    bench.deploy_well().await;
    let before = bench.engine.calls();
    bench.post("/v1/projects/other/deployments", &json!({})).await;
    let events = bench.get("/v1/projects/other/deployments/1/events").await.text;
    assert_eq!(states(&parse_events(&events)).last(), Some(&State::Failed));
    let reason = bench.get("/v1/projects/other/deployments/1").await.json()["reason"].to_string();
    assert!(reason.contains("taken-web-1") && reason.contains("taken_data"), "{reason}");
    assert_eq!(bench.engine.calls(), before);
}

#[tokio::test]
async fn a_plan_says_what_would_be_done_and_does_nothing() {
    let bench = Bench::shop().await;
    let fresh = bench.get("/v1/projects/shop/plan").await.json();
    assert_eq!(fresh["changes"], true);
    assert!(fresh["text"].as_str().unwrap().contains("create container shop-web-1"), "{fresh}");
    assert!(bench.engine.containers().is_empty());
    bench.deploy_well().await;
    let same = bench.get("/v1/projects/shop/plan").await.json();
    assert_eq!(same["changes"], false, "{same}");
    bench.push(&using("web:2"));
    let changed = bench.get("/v1/projects/shop/plan").await.json();
    assert_eq!(changed["changes"], true);
    let wrong = bench.get("/v1/projects/shop/plan?ref=none").await;
    assert_eq!(
        (wrong.status, wrong.code().as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, "cannot-plan")
    );
    bench.push(&format!(
        "{COMPOSE}    volumes: [data:/data]\nvolumes:\n  data:\n    external: true\n"
    ));
    let asks_for_more = bench.get("/v1/projects/shop/plan").await;
    let told = (asks_for_more.status, asks_for_more.code());
    assert_eq!(
        told,
        (StatusCode::UNPROCESSABLE_ENTITY, "cannot-plan".to_owned()),
        "{asks_for_more:?}"
    );
}

#[tokio::test]
async fn a_daemon_that_nobody_calls_looks_for_commits_itself() {
    let bench = Bench::shop().await;
    bench.write("inertia.toml", "name = \"shop\"\npoll = \"1ms\"\n");
    bench.commit();
    bench.deploy_well().await;
    bench.push(&using("web:2"));
    for _ in 0..200 {
        if bench.running().await == web("web:2") {
            bench.ended(2).await;
            assert_eq!(bench.deployment(2).await.trigger, Trigger::Poll);
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the new commit was not found");
}

#[tokio::test]
async fn a_look_for_commits_that_hangs_keeps_nobody_waiting() {
    let bench = Bench::shop().await;
    bench.write("inertia.toml", "name = \"shop\"\npoll = \"1ms\"\n");
    bench.commit();
    bench.deploy_well().await;
    // Whoever fetches waits for this lock.
    let held = std::fs::File::open(bench.state().join("projects/shop/mirror.lock")).unwrap();
    held.lock().unwrap();
    tokio::time::sleep(Duration::from_secs(6)).await;
    let restart = json!({"services": []});
    let answer = tokio::time::timeout(Duration::from_secs(4), bench.post("/v1/projects/shop/restart", &restart)).await;
    assert_eq!(answer.unwrap().status, StatusCode::OK);
}

#[tokio::test]
async fn a_poll_undoes_no_rollback() {
    let bench = Bench::shop().await;
    bench.deploy_well().await;
    bench.write("inertia.toml", "name = \"shop\"\npoll = \"1ms\"\n");
    bench.push(&using("web:2"));
    bench.deploy_well().await;
    bench.write("inertia.toml", "name = \"shop\"\npoll = \"2ms\"\n");
    bench.push(&using("web:1"));
    bench.deploy_well().await;
    // Back to a release that polls, too.
    bench.post("/v1/projects/shop/rollback", &json!({})).await;
    assert_eq!(bench.ended(4).await.state, State::Healthy);
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert_eq!(bench.get("/v1/projects/shop/history").await.json().as_array().unwrap().len(), 4);
    assert_eq!(bench.running().await, web("web:2"));
}

#[tokio::test]
async fn a_one_shot_that_ends_well_is_well() {
    let bench = Bench::empty().await;
    drop(bench);
    let done = compose_core::engine::fake::Behaviour {
        exits: Some(0),
        ..Default::default()
    };
    let engine = compose_core::engine::fake::FakeEngine::new()
        .with_image("web:1")
        .with_image("job:1")
        .with_behaviour("web:1", healthy())
        .with_behaviour("job:1", done);
    let bench = Bench::with_engine(engine).await;
    bench.git(&["init", "-q", "-b", "main", "."]);
    bench.write("inertia.toml", "name = \"shop\"\n");
    bench.push(&format!("{COMPOSE}  job:\n    image: job:1\n"));
    bench.register("").await;
    bench.deploy_well().await;
}

#[tokio::test]
async fn a_compose_file_that_changes_its_name_leaves_nothing_behind() {
    let bench = Bench::shop().await;
    bench.deploy_well().await;
    bench.push(&format!("name: market\n{COMPOSE}"));
    let refused = bench.deploy().await;
    let ended = bench.ended(refused).await;
    let reason = ended.reason.unwrap();
    assert_eq!(ended.state, State::Failed, "{reason}");
    assert!(
        reason.contains("containers of shop") && reason.contains("inertia NAME down"),
        "{reason}"
    );
    assert_eq!(bench.running().await, web("web:1"));
    let down = bench.post("/v1/projects/shop/down", &json!({})).await;
    assert_eq!(down.status, StatusCode::OK);
    bench.deploy_well().await;
    let names: Vec<_> = bench.running().await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["market-web-1"]);
}
