//! Containers beside those of `up`, by hand, on a real engine with `busybox:latest`.

use compose_core::commands::{self, Context, DownOptions, Overrides, RunOptions, make_one_off};
use compose_core::engine::request::PathMap;
use compose_core::engine::{AnonymousVolumes, CommitRequest, Console, ContainerStatus, DockerEngine, Ending, Engine, EngineAddress, Input};
use compose_core::event::NoEvents;
use compose_core::labels::Role;
use compose_core::load::Loader;
use compose_core::names::{ContainerId, ProjectName};
use futures::StreamExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const FILE: &str = "services:
  web: {image: busybox, command: sleep 600, stop_grace_period: 0s, depends_on: [db]}
  db: {image: busybox, command: sleep 600, stop_grace_period: 0s}
";

/// `None` where there is nothing to test against.
async fn stage() -> Option<(DockerEngine, Context)> {
    let engine = DockerEngine::connect(&EngineAddress::default()).unwrap();
    engine.inspect_image("busybox:latest").await.ok()??;
    let context = Context {
        engine: Arc::new(engine.clone()),
        paths: PathMap::identity(),
        events: Arc::new(NoEvents),
        cancel: CancellationToken::new(),
        parallel: 8,
    };
    Some((engine, context))
}

async fn text(
    mut output: futures::stream::BoxStream<'static, Result<compose_core::engine::LogChunk, compose_core::engine::EngineError>>,
) -> String {
    let mut bytes = Vec::new();
    while let Some(chunk) = output.next().await {
        bytes.extend(chunk.unwrap().bytes);
    }
    String::from_utf8(bytes).unwrap()
}

async fn one_off(context: &Context, name: &str, command: &[&str], auto_remove: bool) -> ContainerId {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("compose.yaml"), FILE).unwrap();
    let project = Loader::new(folder.path()).project_name(name).load().unwrap().project;
    let overrides = Overrides {
        command: command.iter().map(|&word| word.to_owned()).collect(),
        ..Overrides::default()
    };
    let project = overrides.apply(project, &"web".into(), Path::new("/")).unwrap();
    let options = RunOptions {
        slug: "0123456789abcdef".to_owned(),
        auto_remove,
        ..RunOptions::default()
    };
    let (id, made) = make_one_off(context, &project, &"web".into(), &options).await.unwrap();
    assert_eq!(made.as_str(), format!("{name}-web-run-0123456789ab"));
    id
}

async fn down(context: &Context, name: &ProjectName) {
    let options = DownOptions {
        remove_orphans: true,
        grace: Some(Duration::ZERO),
        ..DownOptions::default()
    };
    commands::down(context, name, None, &options).await.unwrap();
    assert_eq!(commands::ps(context, name).await.unwrap(), []);
}

#[tokio::test]
async fn a_one_off_runs_beside_its_dependencies_and_is_heard_from_its_first_word() {
    let Some((engine, context)) = stage().await else { return };
    let name = ProjectName::new(format!("it-run-{}", std::process::id()));
    let id = one_off(&context, name.as_str(), &["sh", "-c", "echo first; exit 7"], true).await;
    let rows = commands::ps(&context, &name).await.unwrap();
    let states: Vec<_> = rows.iter().map(|row| (row.owner.service.as_str(), &row.summary.status)).collect();
    assert_eq!(states, [("db", &ContainerStatus::Running), ("web", &ContainerStatus::Created)]);
    assert!(matches!(&rows[1].owner.role, Role::OneOff { slug } if slug == "0123456789abcdef"));
    let end = engine.await_end(&id, Ending::Removal).await.unwrap();
    let streams = engine.attach(&id, Input::Ignored).await.unwrap();
    engine.start_container(&id).await.unwrap();
    assert_eq!((text(streams.output).await.as_str(), end.await.unwrap()), ("first\n", 7));
    assert_eq!(engine.inspect_container(&id).await.unwrap(), None, "it is removed by itself");
    down(&context, &name).await;
}

#[tokio::test]
async fn a_container_is_committed_exported_and_measured() {
    let Some((engine, context)) = stage().await else { return };
    let name = ProjectName::new(format!("it-commit-{}", std::process::id()));
    let id = one_off(&context, name.as_str(), &["sh", "-c", "echo x > /marked; sleep 600"], false).await;
    engine.start_container(&id).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let request = CommitRequest {
        comment: Some("note".to_owned()),
        changes: vec!["LABEL it=commit".to_owned(), "EXPOSE 99".to_owned()],
        pause: true,
        ..CommitRequest::default()
    };
    let image = engine.commit(&id, &request).await.unwrap();
    let made = engine.inspect_image(image.as_str()).await.unwrap().unwrap();
    assert_eq!(made.labels.get("it").map(String::as_str), Some("commit"));
    assert_eq!(made.exposed_ports, ["99/tcp"]);
    engine.remove_image(image.as_str()).await.unwrap();
    let mut archive = engine.export(&id).await.unwrap();
    let mut bytes = Vec::new();
    while let Some(chunk) = archive.next().await {
        bytes.extend(chunk.unwrap());
    }
    let mut archive = tar::Archive::new(bytes.as_slice());
    let mut paths = archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().into_owned());
    assert!(paths.any(|path| path == Path::new("marked")));
    let usage = engine.usage(&id, true).await.unwrap().next().await.unwrap().unwrap();
    assert!(usage.cpu_percent >= 0.0);
    engine.remove_container(&id, AnonymousVolumes::Keep).await.unwrap();
    down(&context, &name).await;
}
