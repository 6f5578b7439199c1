//! What others write asks for any amount of work: it is refused with the limit it met, and the daemon goes on.

use crate::bench::{Bench, COMPOSE};
use axum::http::StatusCode;
use deployd::wire::DeploymentState as State;
use serde_json::json;

/// What a plan, and then a deployment, of a compose file are refused with.
async fn refused(bench: &Bench, compose: &str) -> String {
    bench.push(compose);
    let plan = bench.get("/v1/projects/shop/plan").await;
    assert_eq!(
        (plan.status, plan.code().as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, "cannot-plan"),
        "{plan:?}"
    );
    let id = bench.deploy().await;
    let ended = bench.ended(id).await;
    assert_eq!(ended.state, State::Failed);
    let detail = plan.json()["detail"].as_str().unwrap().to_owned();
    assert_eq!(ended.reason.as_deref(), detail.lines().next());
    detail
}

fn joined(count: usize, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect()
}

#[tokio::test]
async fn numbers_that_ask_for_any_amount_are_refused_where_they_stand() {
    let bench = Bench::shop().await;
    bench.deploy_well().await;
    for (attribute, name, place) in [
        ("scale: 1000000000", "scale", 4),
        ("scale: 1001", "scale", 4),
        ("deploy: {replicas: 1000000}", "deploy.replicas", 4),
    ] {
        let count: String = attribute.chars().filter(char::is_ascii_digit).collect();
        let said = refused(&bench, &format!("{COMPOSE}    {attribute}\n")).await;
        let column = attribute.find(&count).unwrap() + 5;
        assert_eq!(
            said,
            format!(
                "compose.yaml:{place}:{column}: `services.web.{name}` asks for {count} containers, and a project may have 1000 together (lower it)"
            )
        );
    }
    let said = refused(&bench, &format!("{COMPOSE}    ports: ['1-65535:1-65535', '1-65535:1-65535/udp']\n")).await;
    assert!(said.starts_with("compose.yaml:4:"), "{said}");
    assert!(said.contains("more than 100000 ports"), "{said}");
    // All of it goes on as before.
    bench.push(COMPOSE);
    bench.deploy_well().await;
}

#[tokio::test]
async fn files_that_multiply_are_refused_with_the_limit() {
    let bench = Bench::shop().await;
    let anchors = joined(5, |level| {
        let copies = format!("*a{level}, ").repeat(20);
        format!("x-{0}: &a{0} [{copies}]\n", level + 1)
    });
    let said = refused(&bench, &format!("x-0: &a0 [x, x, x, x]\n{anchors}{COMPOSE}")).await;
    assert!(said.contains("holds more than 1000000 values, aliases expanded"), "{said}");

    let base = joined(5_000, |number| format!("      KEY{number}: x\n"));
    let users = joined(500, |number| format!("  s{number}: {{extends: web}}\n"));
    let said = refused(&bench, &format!("{COMPOSE}    environment:\n{base}{users}")).await;
    assert!(said.contains("comes to more than 1000000 values"), "{said}");
}

#[tokio::test]
async fn names_of_commits_have_a_length_and_a_form() {
    let bench = Bench::shop().await;
    for (reference, said) in [
        ("a".repeat(256), "at most 255 bytes, and this one 256"),
        ("a..b".to_owned(), "\"a..b\" is no name of a branch, a tag or a commit"),
        (String::new(), "\"\" is no name of a branch, a tag or a commit"),
    ] {
        let asked = [
            bench.get(&format!("/v1/projects/shop/plan?ref={reference}")).await,
            bench.post("/v1/projects/shop/deployments", &json!({"ref": reference})).await,
        ];
        for answer in asked {
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (StatusCode::UNPROCESSABLE_ENTITY, "bad-ref")
            );
            assert!(answer.text.contains(&said.replace('"', "\\\"")), "{answer:?}");
        }
    }
}
