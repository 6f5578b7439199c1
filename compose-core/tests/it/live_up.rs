//! Whole projects on a real engine, with `busybox:latest`: up, change, failure, rollback, down.

use compose_core::apply::ApplyError;
use compose_core::commands::{
    self, Context, DownOptions, ImageChoice, Lifecycle, LifecycleOptions, LogOptions, Recreate, UpOptions, UpOutcome, down, logs, plan, ps,
    up,
};
use compose_core::engine::request::PathMap;
use compose_core::engine::{ContainerStatus, DockerEngine, Engine, EngineAddress, LogRequest, Selector};
use compose_core::event::NoEvents;
use compose_core::load::Loader;
use compose_core::model::Project;
use compose_core::names::ServiceName;
use futures::StreamExt;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// A project's folder and name, and the engine it runs on.
struct Stage {
    context: Context,
    folder: tempfile::TempDir,
    name: String,
}

impl Stage {
    /// `None` where there is nothing to test against.
    async fn new(test: &str) -> Option<Self> {
        let engine = DockerEngine::connect(&EngineAddress::default()).unwrap();
        engine.inspect_image("busybox:latest").await.ok()??;
        let context = Context {
            engine: Arc::new(engine),
            paths: PathMap::identity(),
            events: Arc::new(NoEvents),
            cancel: CancellationToken::new(),
            parallel: 8,
        };
        let name = format!("it-{test}-{}", std::process::id());
        Some(Self {
            context,
            folder: tempfile::tempdir().unwrap(),
            name,
        })
    }

    fn project(&self, yaml: &str) -> Project {
        std::fs::write(self.folder.path().join("compose.yaml"), yaml).unwrap();
        Loader::new(self.folder.path()).project_name(&self.name).load().unwrap().project
    }

    async fn up(&self, yaml: &str) -> Result<UpOutcome, ApplyError> {
        up(&self.context, &self.project(yaml), &quick()).await
    }

    /// Name and status of every container, the project's name cut off.
    async fn containers(&self) -> BTreeMap<String, ContainerStatus> {
        let rows = ps(&self.context, &self.name.as_str().into()).await.unwrap();
        let short = |name: &str| name.trim_start_matches(&self.name).trim_start_matches('-').to_owned();
        rows.into_iter()
            .map(|row| (short(row.summary.name.as_str()), row.summary.status))
            .collect()
    }

    async fn running(&self) -> Vec<String> {
        let containers = self.containers().await.into_iter();
        containers
            .filter(|(_, status)| *status == ContainerStatus::Running)
            .map(|(name, _)| name)
            .collect()
    }

    async fn down(&self) {
        let options = DownOptions {
            volumes: true,
            remove_orphans: true,
            grace: Some(Duration::ZERO),
            ..DownOptions::default()
        };
        down(&self.context, &self.name.as_str().into(), None, &options).await.unwrap();
        assert_eq!(self.containers().await, BTreeMap::new());
        let selector = Selector {
            labels: vec![format!("com.docker.compose.project={}", self.name)],
        };
        assert_eq!(self.context.engine.list_networks(&selector).await.unwrap(), []);
        assert_eq!(self.context.engine.list_volumes(&selector).await.unwrap(), []);
    }
}

fn quick() -> UpOptions {
    UpOptions {
        grace: Some(Duration::ZERO),
        ..UpOptions::default()
    }
}

const SHOP: &str = "
services:
  db:
    image: busybox
    command: sh -c 'sleep 1; touch /ok; sleep 600'
    init: true
    healthcheck: {test: [CMD, test, -e, /ok], interval: 200ms, retries: 50}
    volumes: ['data:/data', /own]
  init: {image: busybox, command: 'true', depends_on: {db: {condition: service_healthy}}}
  web:
    image: busybox
    command: sh -c 'echo hello from web; sleep 600'
    init: true
    depends_on: {init: {condition: service_completed_successfully}}
    environment: {N: '1'}
    networks: [front, default]
    scale: 2
networks: {front: {}}
volumes: {data: {}}
";

#[tokio::test]
async fn a_project_comes_up_changes_and_goes() {
    let Some(stage) = Stage::new("life").await else { return };
    let first = stage.up(SHOP).await.unwrap();
    assert_eq!(stage.running().await, ["db-1", "web-1", "web-2"]);
    let again = plan(&stage.context, &stage.project(SHOP), &quick()).await.unwrap();
    let starts = again.containers.to_string();
    assert!(
        starts.lines().all(|line| line.contains("init")),
        "only the one-shot runs again:\n{starts}"
    );
    let second = stage.up(&SHOP.replace("N: '1'", "N: '2'")).await.unwrap();
    let of = |outcome: &UpOutcome, service: &str| outcome.containers[&ServiceName::new(service)].clone();
    assert_eq!(of(&second, "db"), of(&first, "db"));
    assert!(of(&second, "web").iter().all(|id| !of(&first, "web").contains(id)));
    assert_eq!(stage.running().await, ["db-1", "web-1", "web-2"]);
    stage.down().await;
}

#[tokio::test]
async fn a_replacement_that_cannot_start_leaves_the_old_container_running() {
    let Some(stage) = Stage::new("back").await else { return };
    let yaml = "services: {a: {image: busybox, command: [sleep, '600'], volumes: [/own]}}";
    let first = stage.up(yaml).await.unwrap();
    let error = stage.up(&yaml.replace("[sleep, '600']", "[/no/such/program]")).await.unwrap_err();
    assert!(error.to_string().contains("no/such/program"), "{error}");
    assert_eq!(
        stage.containers().await,
        BTreeMap::from([("a-1".to_owned(), ContainerStatus::Running)])
    );
    let back = stage.up(yaml).await.unwrap();
    assert_eq!(back.containers, first.containers, "it was never away");
    stage.down().await;
}

#[tokio::test]
async fn waiting_tells_who_failed_and_quotes_it() {
    let Some(stage) = Stage::new("wait").await else { return };
    let yaml = "
services:
  bad: {image: busybox, command: sh -c 'echo no luck; exit 3'}
  web: {image: busybox, command: [sleep, '600'], depends_on: {bad: {condition: service_completed_successfully}}}
";
    let error = stage.up(yaml).await.unwrap_err();
    let ApplyError::Step {
        cause: compose_core::apply::StepError::Wait(wait),
        ..
    } = &error
    else {
        panic!("{error:?}")
    };
    assert_eq!(wait.container.as_ref().unwrap().as_str(), format!("{}-bad-1", stage.name));
    assert_eq!(wait.log, ["no luck"]);
    assert_eq!(stage.running().await, Vec::<String>::new());
    stage.down().await;
}

#[tokio::test]
async fn pinned_images_go_back_to_an_earlier_release() {
    let Some(stage) = Stage::new("pin").await else { return };
    let yaml = "services: {a: {build: {dockerfile_inline: \"FROM busybox\\nENV V=1\"}, command: [sleep, '600'], init: true}}";
    let first = stage.up(yaml).await.unwrap();
    let options = UpOptions {
        build: commands::BuildChoice::Always,
        ..quick()
    };
    let second = up(&stage.context, &stage.project(&yaml.replace("V=1", "V=2")), &options)
        .await
        .unwrap();
    assert_ne!(second.images, first.images);
    let pinned = UpOptions {
        images: ImageChoice::Pinned(first.images.clone()),
        ..quick()
    };
    let third = up(&stage.context, &stage.project(yaml), &pinned).await.unwrap();
    assert_eq!(third.images, first.images);
    let container = stage
        .context
        .engine
        .inspect_container(&third.containers[&ServiceName::new("a")][0])
        .await
        .unwrap()
        .unwrap();
    assert_eq!(container.image_id, first.images[&ServiceName::new("a")]);
    stage.down().await;
    for outcome in [first, second] {
        stage
            .context
            .engine
            .remove_image(outcome.images[&ServiceName::new("a")].as_str())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn logs_of_several_containers_come_as_lines() {
    let Some(stage) = Stage::new("logs").await else { return };
    let yaml = "
services:
  a: {image: busybox, command: sh -c 'echo one; printf two'}
  b: {image: busybox, command: sh -c 'echo three >&2; sleep 1; echo four'}
";
    let project = stage.project(yaml);
    up(&stage.context, &project, &quick()).await.unwrap();
    let options = LogOptions {
        request: LogRequest {
            follow: true,
            ..LogRequest::default()
        },
        ..LogOptions::default()
    };
    let lines = logs(&stage.context, &project.name, &options).await.unwrap();
    let mut seen: Vec<String> = lines
        .map(|line| line.unwrap())
        .map(|line| format!("{} {:?} {}", line.service, line.stream, line.text))
        .collect()
        .await;
    seen.sort();
    assert_eq!(seen, ["a Stdout one", "a Stdout two", "b Stderr three", "b Stdout four"]);
    stage.down().await;
}

#[tokio::test]
async fn stop_start_and_restart_keep_containers() {
    let Some(stage) = Stage::new("cycle").await else { return };
    let yaml = "services: {a: {image: busybox, command: [sleep, '600'], init: true}, b: {image: busybox, command: [sleep, '600'], init: true, depends_on: [a]}}";
    let first = stage.up(yaml).await.unwrap();
    let project = stage.project(yaml);
    let options = LifecycleOptions {
        grace: Some(Duration::ZERO),
        ..LifecycleOptions::default()
    };
    let change = async |change, model| {
        commands::lifecycle(&stage.context, change, &project.name, model, &options)
            .await
            .unwrap();
    };
    change(Lifecycle::Stop, Some(&project)).await;
    assert_eq!(stage.running().await, Vec::<String>::new());
    change(Lifecycle::Start, None).await;
    assert_eq!(stage.running().await, ["a-1", "b-1"]);
    change(Lifecycle::Restart, Some(&project)).await;
    let force = UpOptions {
        recreate: Recreate::Never,
        ..quick()
    };
    assert_eq!(up(&stage.context, &project, &force).await.unwrap().containers, first.containers);
    stage.down().await;
}

#[tokio::test]
async fn cancelling_during_a_wait_returns_at_once_and_the_next_up_goes_on() {
    let Some(stage) = Stage::new("cancel").await else { return };
    let yaml = "
services:
  slow: {image: busybox, command: [sleep, '3'], init: true}
  web: {image: busybox, command: [sleep, '600'], init: true, depends_on: {slow: {condition: service_completed_successfully}}}
";
    let project = stage.project(yaml);
    let context = Context {
        cancel: CancellationToken::new(),
        ..stage.context.clone()
    };
    let cancel = context.cancel.clone();
    let watcher = async {
        while stage.running().await != ["slow-1"] {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        cancel.cancel();
        Instant::now()
    };
    let options = quick();
    let (result, cancelled) = tokio::join!(up(&context, &project, &options), watcher);
    assert!(matches!(result, Err(ApplyError::Cancelled)), "{result:?}");
    assert!(cancelled.elapsed() < Duration::from_secs(2));
    assert!(!stage.running().await.contains(&"web-1".to_owned()));
    up(&stage.context, &project, &options).await.unwrap();
    assert!(stage.running().await.contains(&"web-1".to_owned()));
    stage.down().await;
}

#[tokio::test]
async fn what_runs_serves_until_the_job_before_its_successor_has_ended_well() {
    let Some(stage) = Stage::new("turn").await else { return };
    let shop = |version: &str, job: &str| {
        format!(
            "
services:
  migrate: {{image: busybox, init: true, command: [sh, -c, '{job}']}}
  web:
    image: busybox
    init: true
    command: sleep 600
    container_name: {}-web
    environment: {{VERSION: '{version}'}}
    depends_on: {{migrate: {{condition: service_completed_successfully}}}}
",
            stage.name
        )
    };
    let started = async |stage: &Stage| {
        let rows = ps(&stage.context, &stage.name.as_str().into()).await.unwrap();
        let web = rows.iter().find(|row| row.owner.service.as_str() == "web").unwrap();
        let details = stage.context.engine.inspect_container(&web.summary.id).await.unwrap().unwrap();
        (details.id, details.state.status, details.state.started_at)
    };
    stage.up(&shop("1", "true")).await.unwrap();
    let first = started(&stage).await;

    let changing = stage.project(&shop("2", "until test -e /go; do sleep 0.1; done"));
    let options = quick();
    let meanwhile = async {
        loop {
            let rows = ps(&stage.context, &stage.name.as_str().into()).await.unwrap();
            let job = rows
                .iter()
                .find(|row| row.owner.service.as_str() == "migrate" && row.summary.status == ContainerStatus::Running);
            if let Some(job) = job {
                let serving = rows
                    .iter()
                    .find(|row| row.summary.id == first.0)
                    .map(|row| row.summary.status.clone());
                let touch = ["touch", "/go"].map(str::to_owned).to_vec();
                let request = compose_core::engine::ExecRequest {
                    command: touch,
                    ..Default::default()
                };
                stage.context.engine.exec(&job.summary.id, &request, &mut |_| ()).await.unwrap();
                return serving;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let (changed, serving) = tokio::join!(up(&stage.context, &changing, &options), meanwhile);
    changed.unwrap();
    assert_eq!(serving, Some(ContainerStatus::Running), "the old one serves while the job runs");
    let second = started(&stage).await;
    assert_ne!(second.0, first.0);

    stage.up(&shop("3", "exit 3")).await.unwrap_err();
    assert_eq!(started(&stage).await, second, "a job that fails leaves it as it is");
    stage.down().await;
}
