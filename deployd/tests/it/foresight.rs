//! What is known before: what differs from what is wanted, and what a deployment could not have.

use crate::bench::{Bench, COMPOSE};
use compose_core::engine::Engine as _;
use compose_core::engine::request::{ContainerBody, PortBinding, RestartPolicyBody};
use compose_core::names::ContainerName;
use deployd::wire::DeploymentState as State;
use serde_json::{Value, json};

async fn plan(bench: &Bench) -> Value {
    bench.get("/v1/projects/shop/plan").await.json()
}

fn nothing_to_do(plan: &Value) -> bool {
    plan["changes"] == false && plan["differs"] == json!([])
}

#[tokio::test]
async fn a_limit_changed_by_hand_is_in_the_plan_and_put_right() {
    let bench = Bench::shop().await;
    bench.deploy_well().await;
    assert!(nothing_to_do(&plan(&bench).await));
    bench.engine.update("shop-web-1", |host| {
        host.restart_policy = Some(RestartPolicyBody {
            name: "always".to_owned(),
            maximum_retry_count: 0,
        });
    });
    let told = plan(&bench).await;
    let text = told["text"].as_str().unwrap();
    assert!(text.contains("(changed since it was made: restart (always, not no))"), "{text}");
    bench.deploy_well().await;
    assert!(nothing_to_do(&plan(&bench).await));
    assert_eq!(bench.engine.body("shop-web-1").unwrap().host_config.restart_policy, None);
}

#[tokio::test]
async fn a_volume_that_differs_keeps_its_data_and_is_told_field_by_field() {
    let bench = Bench::shop().await;
    let push = |options: &str| bench.push(&format!("{COMPOSE}    volumes: ['data:/data']\nvolumes: {{data: {options}}}\n"));
    push("{}");
    bench.deploy_well().await;
    push("{driver_opts: {o: password=hidden}}");
    let told = plan(&bench).await;
    let differs = told["differs"][0].as_str().unwrap();
    assert!(
        differs.contains("volume shop_data differs from the compose file in driver_opts.o"),
        "{told}"
    );
    assert!(
        differs.contains("docker volume rm shop_data") && !told.to_string().contains("hidden"),
        "{told}"
    );
    bench.deploy_well().await;
    assert!(!bench.engine.calls().iter().any(|call| call.contains("remove volume")));
    push("{}");
    assert!(nothing_to_do(&plan(&bench).await));
}

#[tokio::test]
async fn another_variable_may_be_another_build() {
    let bench = Bench::shop().await;
    bench.write("Dockerfile", "FROM scratch\nARG V\n");
    bench.push("services:\n  web:\n    build: {context: ., args: {V: '${V-1}'}}\n");
    bench.deploy_well().await;
    assert!(nothing_to_do(&plan(&bench).await));
    bench.put("/v1/projects/shop/env/V", &json!({"value": "another"})).await;
    assert_eq!(plan(&bench).await["changes"], true);
    bench.deploy_well().await;
    assert!(nothing_to_do(&plan(&bench).await));
}

/// A container of another project that has a name and a port.
async fn another_holds(bench: &Bench, name: &str, port: &str) {
    let mut body = ContainerBody {
        image: "web:2".to_owned(),
        ..ContainerBody::default()
    };
    for (label, value) in [("project", "blog"), ("service", "front")] {
        body.labels.insert(format!("com.docker.compose.{label}"), value.to_owned());
    }
    let binding = PortBinding {
        host_ip: String::new(),
        host_port: port.to_owned(),
    };
    body.host_config.port_bindings.insert("80/tcp".to_owned(), vec![binding]);
    let id = bench.engine.create_container(&ContainerName::new(name), None, &body).await.unwrap();
    bench.engine.start_container(&id).await.unwrap();
}

#[tokio::test]
async fn what_others_hold_and_what_is_missing_is_told_at_once_before_anything_is_touched() {
    let bench = Bench::shop().await;
    bench.deploy_well().await;
    another_holds(&bench, "taken", "18471").await;
    let before = bench.engine.calls();
    bench.push(
        "services:\n  web:\n    image: web:1\n    container_name: taken\n    ports: ['18471:80']\n    networks: [outer]\n    volumes: ['kept:/kept']\n    \
         healthcheck: {test: 'true', start_interval: 1s}\n\
         networks: {outer: {external: true}}\nvolumes: {kept: {external: true}}\n",
    );
    let answer = bench.get("/v1/projects/shop/plan").await;
    let told = answer.json()["detail"].as_str().unwrap().to_owned();
    for part in [
        "network outer declared as external",
        "external volume kept not found",
        "service web needs the container name taken, and container taken (service front of the project blog) has it",
        "service web publishes port 18471/tcp, which container taken (service front of the project blog) holds",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let ended = bench.ended(bench.deploy().await).await;
    assert_eq!(ended.state, State::Failed);
    assert!(told.contains(&ended.reason.unwrap()));
    assert_eq!(bench.engine.calls(), before);
}

#[tokio::test]
async fn a_release_whose_images_are_gone_is_not_begun_to_be_put_back() {
    let bench = Bench::shop().await;
    bench.deploy_well().await;
    bench.push(&COMPOSE.replace("web:1", "web:2"));
    bench.deploy_well().await;
    let before = bench.engine.calls();
    bench.engine.forget_image("sha256:web:1");
    bench.post("/v1/projects/shop/rollback", &json!({"to": 1})).await;
    let ended = bench.ended(3).await;
    let reason = ended.reason.unwrap();
    assert_eq!(ended.state, State::Failed, "{reason}");
    assert!(
        reason.contains("sha256:web:1 of service web") && reason.contains("nothing was touched"),
        "{reason}"
    );
    assert_eq!(bench.engine.calls(), before);
}
