//! What containers mount of the repository.

use crate::bench::{Bench, COMPOSE};
use deployd::wire::DeploymentState as State;
use serde_json::json;
use std::path::PathBuf;

fn sources(bench: &Bench, container: &str) -> Vec<PathBuf> {
    let host = bench.engine.body(container).unwrap().host_config;
    let binds = host.binds.iter().filter_map(|bind| bind.split(':').next().map(PathBuf::from));
    let mounts = host.mounts.iter().filter_map(|mount| mount.source.as_ref().map(PathBuf::from));
    binds.chain(mounts).filter(|path| path.is_absolute()).collect()
}

#[tokio::test]
async fn a_mounted_file_is_recreated_for_exactly_when_it_changes() {
    let bench = Bench::shop().await;
    let compose = format!("{COMPOSE}    volumes: [\"./conf:/conf:ro\"]\n  other:\n    image: web:2\n");
    bench.write("conf/a.txt", "one");
    bench.push(&compose);
    bench.deploy_well().await;
    let first = sources(&bench, "shop-web-1").remove(0);
    assert_eq!(std::fs::read_to_string(first.join("a.txt")).unwrap(), "one");
    let made = |name: &str| {
        bench
            .engine
            .calls()
            .iter()
            .filter(|call| call.contains("create") && call.contains(name))
            .count()
    };
    let (web, other) = (made("shop-web"), made("shop-other"));
    bench.write("unrelated", "x");
    bench.commit();
    bench.deploy_well().await;
    assert_eq!(
        (made("shop-web"), made("shop-other")),
        (web, other),
        "nothing that is mounted had changed"
    );
    bench.write("conf/a.txt", "two");
    bench.commit();
    bench.deploy_well().await;
    assert_eq!((made("shop-web"), made("shop-other")), (web + 1, other));
    // The bytes of the old release stay until it is forgotten.
    assert_eq!(std::fs::read_to_string(first.join("a.txt")).unwrap(), "one");
    bench.post("/v1/projects/shop/rollback", &json!({"to": 1})).await;
    assert_eq!(bench.ended(4).await.state, State::Healthy);
    assert_eq!(sources(&bench, "shop-web-1"), [first]);
}

#[tokio::test]
async fn a_failed_deployment_never_shows_its_bytes() {
    let bench = Bench::shop().await;
    bench.write("conf/a.txt", "one");
    bench.push(&format!("{COMPOSE}    volumes: [\"./conf:/conf:ro\", \"./data:/data\"]\n"));
    bench.write("data/seed.txt", "one");
    bench.commit();
    bench.deploy_well().await;
    let mounted = sources(&bench, "shop-web-1");
    let read = |at: usize, file: &str| std::fs::read_to_string(mounted[at].join(file)).unwrap();
    // What the application writes is never taken away.
    std::fs::write(mounted[1].join("upload"), "mine").unwrap();
    bench.write("conf/a.txt", "two");
    bench.write("data/seed.txt", "two");
    bench.push(&format!(
        "{}    volumes: [\"./conf:/conf:ro\", \"./data:/data\"]\n",
        COMPOSE.replace("web:1", "missing:1")
    ));
    let id = bench.deploy().await;
    assert_eq!(bench.ended(id).await.state, State::Failed);
    assert_eq!((read(0, "a.txt"), read(1, "seed.txt")), ("one".to_owned(), "one".to_owned()));
    bench.push(&format!(
        "{}    volumes: [\"./conf:/conf:ro\", \"./data:/data\"]\n",
        COMPOSE.replace("web:1", "sick:1")
    ));
    let id = bench.deploy().await;
    assert_eq!(bench.ended(id).await.state, State::RolledBack);
    assert_eq!(
        (read(0, "a.txt"), read(1, "seed.txt"), read(1, "upload")),
        ("one".to_owned(), "one".to_owned(), "mine".to_owned())
    );
    assert_eq!(sources(&bench, "shop-web-1"), mounted);
}

#[tokio::test]
async fn the_daemons_own_files_are_out_of_reach() {
    let bench = Bench::shop().await;
    for volume in ["../../../..:/x:ro", "../../../../vault.key:/x:ro"] {
        bench.push(&format!("{COMPOSE}    volumes: [\"{volume}\"]\n"));
        let id = bench.deploy().await;
        let ended = bench.ended(id).await;
        assert_eq!(ended.state, State::Failed);
        assert!(ended.reason.unwrap().contains("the daemon's own folder"));
    }
    let state = bench.state().canonicalize().unwrap();
    bench.push(&format!("{COMPOSE}    env_file: {}/jwt.key\n", state.display()));
    let id = bench.deploy().await;
    assert_eq!(bench.ended(id).await.state, State::Failed);
    assert!(bench.engine.containers().is_empty());
}

/// What a deployment of this compose file says that cannot be made.
async fn refused(bench: &Bench, compose: &str) -> String {
    bench.push(compose);
    let id = bench.deploy().await;
    let ended = bench.ended(id).await;
    assert_eq!(ended.state, State::Failed, "{compose}");
    ended.reason.unwrap()
}

#[tokio::test]
async fn the_daemon_opens_nothing_outside_of_the_repository_for_a_project() {
    let bench = Bench::shop().await;
    let secret = bench.temp.path().join("secret.env");
    std::fs::write(&secret, "services: [hidden\nhidden words").unwrap();
    let admin = bench.state().join("admin.token");
    for file in [&secret, &admin, &PathBuf::from("/proc/self/environ")].map(|path| path.display().to_string()) {
        for rest in [
            format!("    env_file: {file}\n"),
            format!("    label_file: {file}\n"),
            format!("    extends: {{file: {file}, service: x}}\n"),
            format!("include: [{file}]\n"),
            format!("    build: {{context: ., secrets: [s]}}\nsecrets: {{s: {{file: {file}}}}}\n"),
            format!("    build: {{context: ., additional_contexts: {{x: {file}}}}}\n"),
        ] {
            let reason = refused(&bench, &format!("{COMPOSE}{rest}")).await;
            assert!(!reason.contains("hidden"), "{rest}: {reason}");
            assert!(
                reason.contains("repository") || reason.contains("daemon's own folder"),
                "{rest}: {reason}"
            );
        }
    }
}

#[tokio::test]
async fn a_link_leads_the_daemon_nowhere() {
    let bench = Bench::shop().await;
    let secret = bench.temp.path().join("secret.env");
    std::fs::write(&secret, "services: [hidden\nhidden words").unwrap();
    std::os::unix::fs::symlink(&secret, bench.work().join("link")).unwrap();
    for rest in [
        "    env_file: ./link\n",
        "    label_file: ./link\n",
        "include: [./link]\n",
        "    build: {context: ., dockerfile: ./link}\n",
    ] {
        let reason = refused(&bench, &format!("{COMPOSE}{rest}")).await;
        assert!(!reason.contains("hidden"), "{rest}: {reason}");
    }
}

#[tokio::test]
async fn a_settings_file_that_leads_out_of_the_repository_is_not_read() {
    let bench = Bench::shop().await;
    let secret = bench.temp.path().join("secret.toml");
    std::fs::write(&secret, "name = hidden").unwrap();
    std::fs::remove_file(bench.work().join("inertia.toml")).unwrap();
    std::os::unix::fs::symlink(&secret, bench.work().join("inertia.toml")).unwrap();
    let reason = refused(&bench, COMPOSE).await;
    assert!(!reason.contains("hidden"), "{reason}");
}

#[tokio::test]
async fn what_git_does_not_hold_is_asked_for_before_anything_is_touched() {
    let bench = Bench::shop().await;
    bench.deploy_well().await;
    let before = bench.engine.calls();
    bench.push(&format!(
        "{COMPOSE}    volumes: [\"./app.conf:/etc/app.conf:ro\", \"./keys:/keys:ro\", \"./data:/data\"]\n"
    ));
    let ended = bench.ended(bench.deploy().await).await;
    let reason = ended.reason.unwrap();
    assert_eq!(ended.state, State::Failed);
    assert!(reason.contains("mounts ./app.conf, and git does not hold it"), "{reason}");
    let plan = bench.get("/v1/projects/shop/plan").await;
    let told = plan.json()["detail"].as_str().unwrap().to_owned();
    assert!(
        told.contains("./app.conf") && told.contains("./keys") && !told.contains("./data"),
        "{told}"
    );
    assert_eq!(bench.engine.calls(), before);
    // The message says where on the server they may be instead.
    for name in ["app.conf", "keys/one"] {
        let path = bench.state().join("projects/shop/data").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }
    bench.deploy_well().await;
}
