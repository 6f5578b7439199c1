//! Driving the engine for a deployment: images first, then containers, then the watch over them.

use super::files::Placed;
use super::health::limits::{HealthTimeout, Limits, seconds};
use super::health::{Illness, Past, Watch, Watched};
use super::recorder::Recorder;
use crate::daemon::Daemon;
use crate::daemon::own_paths::HomeError;
use crate::wire::EventBody;
use compose_core::apply::{ApplyError, apply};
use compose_core::commands::{self, Context, Plans};
use compose_core::engine::{
    ContainerHealth, ContainerState, ContainerStatus, ContainerSummary, Engine, EngineError, LogRequest, LogStream, Trouble,
};
use compose_core::event::{Event, EventSink};
use compose_core::labels::{self, Ownership};
use compose_core::model::Project;
use compose_core::names::{ContainerId, ImageId, ImageRef, ProjectName, ServiceName};
use compose_core::observe::{Activity, Observed, compare, observe, observe_images};
use compose_core::plan::{
    Action, BuildChoice, ContainerPolicy, ContainerRef, DivergedVolumes, DownPolicy, ImageChoice, ImagePolicy, LifecyclePolicy, Orphans,
    Plan, PlanError, WaitCondition, image_name, plan_containers, plan_down, plan_images, plan_restart,
};
use futures::StreamExt as _;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Most requests to the engine at a time.
const PARALLEL: usize = 4;
/// How long what has begun may take to end once that time is over.
const WINDING_UP: Duration = Duration::from_secs(30);
/// How long that may take when it was called off.
const WINDING_UP_CALLED_OFF: Duration = Duration::from_secs(10);
/// How many of a container's last lines are told when it is not well.
const LAST_LINES: u64 = 20;
/// How long the engine may take to give them, or to say what is waited for.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// Why the containers are not what is wanted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConvergeError {
    /// It is not known how the engine's host calls what would be mounted.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The engine cannot be asked.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// There is no way from what is there to what is wanted.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A step failed.
    #[error("{}{}", .0, remedy(.0))]
    Apply(#[from] ApplyError),
    /// An image is not there any more.
    #[error("the image of service {service} is not on this engine any more; deploy its commit again instead of putting the release back")]
    ImageGone {
        /// The service.
        service: ServiceName,
    },
    /// A service is not well.
    #[error("service {} is not well: {}{}", .0.service, .0.reason, check_output(.0))]
    Ill(Illness),
    /// The changes did not come to an end.
    #[error("starting took longer than {}: {waiting} ({health}; give it longer there if that is to be expected)", seconds(*limit))]
    Late {
        /// How long it might take.
        limit: Duration,
        /// What that comes from.
        health: HealthTimeout,
        /// What did not come.
        waiting: String,
    },
    /// The engine did not carry the changes out, and nothing is known that it waited for.
    #[error("the engine did not carry it out within {} s", limit.as_secs())]
    Stuck {
        /// How long it might take.
        limit: Duration,
    },
    /// Someone called it off.
    #[error("called off")]
    CalledOff,
}

impl ConvergeError {
    /// What is wrong with the engine, where that is why: the same may go well later.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        match self {
            Self::Home(_) => Some(Trouble::Away),
            Self::Stuck { .. } => Some(Trouble::Unwell),
            Self::Engine(error) => error.trouble(),
            Self::Apply(error) => error.trouble(),
            Self::Plan(_) | Self::ImageGone { .. } | Self::Ill(_) | Self::Late { .. } | Self::CalledOff => None,
        }
    }

    /// The container to blame, whose last lines are not told yet.
    pub(crate) fn container(&self) -> Option<(&ServiceName, &ContainerId)> {
        match self {
            Self::Ill(illness) => Some((&illness.service, &illness.container)),
            _ => None,
        }
    }
}

fn check_output(illness: &Illness) -> String {
    let output = illness.check_output.as_deref().map(str::trim).filter(|text| !text.is_empty());
    output.map(|text| format!(" ({text})")).unwrap_or_default()
}

/// What was started.
pub(crate) struct Started {
    /// The image of each service.
    pub(crate) images: BTreeMap<ServiceName, ImageId>,
    /// Whether only that is there.
    pub(crate) cleared: Cleared,
}

/// Whether what made way is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cleared {
    /// It is.
    All,
    /// The engine did not remove it.
    NotYet,
}

/// What driving the engine needs.
pub(crate) async fn context(daemon: &Daemon, events: Arc<dyn EventSink>, cancel: CancellationToken) -> Result<Context, HomeError> {
    Ok(Context {
        engine: Arc::clone(daemon.engine()),
        paths: daemon.home().await?.paths.clone(),
        events,
        cancel,
        parallel: PARALLEL,
    })
}

/// Pulls and builds what is missing or may have changed; nothing that runs is touched. The image of each service.
pub(crate) async fn bring_images(context: &Context, project: &Project) -> Result<BTreeMap<ServiceName, ImageId>, ConvergeError> {
    let names = images_of(project);
    let here = observe_images(context.engine.as_ref(), &names).await?;
    let policy = ImagePolicy {
        build: BuildChoice::Always,
        now: OffsetDateTime::now_utc().unix_timestamp(),
        ..ImagePolicy::default()
    };
    let plan = plan_images(project, &here, &policy)?;
    apply(context, &project.name, Some(project), &plan).await?;
    let here = observe_images(context.engine.as_ref(), &names).await?;
    let mut images = BTreeMap::new();
    for service in project.services.values().filter(|service| service.provider.is_none()) {
        let Some(image) = here.get(&image_name(&project.name, service)) else {
            let service = service.name.clone();
            return Err(ConvergeError::ImageGone { service });
        };
        images.insert(service.name.clone(), image.id.clone());
    }
    Ok(images)
}

/// Where the names lead under which services are built.
pub(crate) async fn built_images(engine: &dyn Engine, project: &Project) -> Result<BTreeMap<ServiceName, ImageId>, EngineError> {
    let mut images = BTreeMap::new();
    for service in project.services.values().filter(|service| service.build.is_some()) {
        if let Some(found) = engine.inspect_image(image_name(&project.name, service).as_str()).await? {
            images.insert(service.name.clone(), found.id);
        }
    }
    Ok(images)
}

fn images_of(project: &Project) -> BTreeSet<ImageRef> {
    let services = project.services.values();
    services.map(|service| image_name(&project.name, service)).collect()
}

/// How the containers of a release come to be what is wanted: decided, and nothing touched yet.
pub(crate) struct Intent {
    plan: Plan,
    /// The image of each service.
    images: BTreeMap<ServiceName, ImageId>,
    /// The containers that run already.
    old: BTreeSet<ContainerId>,
}

impl Intent {
    /// What runs is what is wanted.
    pub(crate) fn is_empty(&self) -> bool {
        self.plan.is_empty()
    }
}

/// Decides how the containers come to be what is wanted, from these images.
pub(crate) async fn intend(context: &Context, project: &Project, images: &BTreeMap<ServiceName, ImageId>) -> Result<Intent, ConvergeError> {
    let (observed, plan) = unless_called_off(context, changes(context, project, images)).await?;
    Ok(Intent {
        plan,
        images: images.clone(),
        old: running(&observed),
    })
}

/// Makes the containers be what is wanted, and watches them until that is known to be well.
pub(crate) async fn carry_out(
    context: &Context,
    project: &Project,
    intent: Intent,
    limits: Limits,
    past: Past,
) -> Result<Started, ConvergeError> {
    let Intent { plan, images, old } = intent;
    let cleared = cleared(context, apply_within(context, project, &plan, limits).await)?;
    let observing = async { Ok(observe(context.engine.as_ref(), &project.name, Some(project)).await?) };
    let observed = unless_called_off(context, observing).await?;
    let watch = Watch {
        engine: context.engine.as_ref(),
        selector: labels::of_project(&project.name),
        services: to_watch(project, &observed, &doomed(&plan)),
        old,
        past,
        limit: limits.health,
    };
    tokio::select! {
        biased;
        () = context.cancel.cancelled() => Err(ConvergeError::CalledOff),
        outcome = watch.run() => outcome?.map(|()| Started { images, cleared }).map_err(ConvergeError::Ill),
    }
}

/// The containers that run already.
fn running(observed: &Observed) -> BTreeSet<ContainerId> {
    let all = observed.services.values().flatten();
    all.filter(|container| container.activity == Activity::Running)
        .map(|container| container.id.clone())
        .collect()
}

/// What there is, and in what it differs from what is wanted.
async fn look(context: &Context, project: &Project) -> Result<Observed, EngineError> {
    let engine = context.engine.as_ref();
    let mut observed = observe(engine, &project.name, Some(project)).await?;
    compare(engine, project, &context.paths, &mut observed).await?;
    Ok(observed)
}

/// What is there, and the way from it to what is wanted, with exactly these images.
async fn changes(context: &Context, project: &Project, images: &BTreeMap<ServiceName, ImageId>) -> Result<(Observed, Plan), ConvergeError> {
    for (service, image) in images {
        if context.engine.inspect_image(image.as_str()).await?.is_none() {
            return Err(ConvergeError::ImageGone { service: service.clone() });
        }
    }
    let observed = look(context, project).await?;
    let plan = plan_containers(project, &observed, &policy(pins(project, &observed, images)))?;
    Ok((observed, plan))
}

async fn unless_called_off<T>(context: &Context, work: impl Future<Output = Result<T, ConvergeError>>) -> Result<T, ConvergeError> {
    tokio::select! {
        biased;
        () = context.cancel.cancelled() => Err(ConvergeError::CalledOff),
        done = work => done,
    }
}

/// A container that cannot be removed is no reason to give up those that run: it is told, and removed later.
fn cleared(context: &Context, applied: Result<(), ConvergeError>) -> Result<Cleared, ConvergeError> {
    match applied {
        Ok(()) => Ok(Cleared::All),
        Err(ConvergeError::Apply(error)) if error.is_of_clearing() => {
            let message = format!("{error}; it is tried again later");
            context.events.emit(Event::Warning { message });
            Ok(Cleared::NotYet)
        }
        Err(error) => Err(error),
    }
}

/// Removes what is there and should not be, where nothing else is missing.
pub(crate) async fn clear_away(context: &Context, project: &Project, images: &BTreeMap<ServiceName, ImageId>) -> Result<(), ConvergeError> {
    let (_, plan) = changes(context, project, images).await?;
    let clears = |action: &Action| matches!(action, Action::StopContainer { .. } | Action::RemoveContainer { .. });
    if plan.steps().all(|(_, step)| clears(&step.action)) {
        apply(context, &project.name, Some(project), &plan).await?;
    }
    Ok(())
}

fn remedy(error: &ApplyError) -> String {
    error.remedy().map(|remedy| format!("; {remedy}")).unwrap_or_default()
}

/// Carries a plan out; when that takes too long, nothing new begins and the error says what was waited for.
async fn apply_within(context: &Context, project: &Project, plan: &Plan, limits: Limits) -> Result<(), ConvergeError> {
    let limit = limits.changes;
    let bounded = Context {
        cancel: context.cancel.child_token(),
        ..context.clone()
    };
    let mut work = Box::pin(apply(&bounded, &project.name, Some(project), plan));
    // What the engine has begun is waited for a moment; what it does after that the next look finds.
    let called_off = async {
        context.cancel.cancelled().await;
        sleep(WINDING_UP_CALLED_OFF).await;
    };
    tokio::select! {
        biased;
        done = timeout(limit, &mut work) => {
            if let Ok(done) = done {
                done?;
                return Ok(());
            }
        }
        () = called_off => return Err(ConvergeError::CalledOff),
    }
    let waiting = timeout(ANSWER_TIMEOUT, awaited(context.engine.as_ref(), project, plan)).await;
    bounded.cancel.cancel();
    match timeout(WINDING_UP, work).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error @ ApplyError::Step { .. })) => Err(error.into()),
        Ok(Err(_)) | Err(_) => Err(match waiting.ok().flatten() {
            Some(waiting) => ConvergeError::Late {
                limit,
                health: limits.health,
                waiting,
            },
            None => ConvergeError::Stuck { limit },
        }),
    }
}

/// The first of a plan's conditions that is not fulfilled.
async fn awaited(engine: &dyn Engine, project: &Project, plan: &Plan) -> Option<String> {
    let observed = observe(engine, &project.name, Some(project)).await.ok()?;
    for (_, step) in plan.steps() {
        let Action::Wait { service, condition, .. } = &step.action else {
            continue;
        };
        for container in observed.service(service) {
            let state = engine
                .inspect_container(&container.id)
                .await
                .ok()
                .flatten()
                .map(|found| found.state);
            if let Some(missing) = state.and_then(|state| missing(*condition, &state)) {
                return Some(format!("service {service} {missing}"));
            }
        }
    }
    None
}

fn missing(condition: WaitCondition, state: &ContainerState) -> Option<&'static str> {
    let has_ended = state.status == ContainerStatus::Exited;
    match condition {
        WaitCondition::CompletedSuccessfully => (!has_ended).then_some("has not ended yet"),
        WaitCondition::Healthy => (state.health != ContainerHealth::Healthy).then_some("is not healthy yet"),
        WaitCondition::RunningOrHealthy => (state.health == ContainerHealth::Starting).then_some("is not healthy yet"),
    }
}

/// The images that have to be named by their ids, since their names lead elsewhere by now.
fn pins(project: &Project, observed: &Observed, images: &BTreeMap<ServiceName, ImageId>) -> BTreeMap<ServiceName, ImageId> {
    let leads_there = |service: &ServiceName, id: &ImageId| {
        let name = project.services.get(service).map(|service| image_name(&project.name, service));
        name.and_then(|name| observed.images.get(&name))
            .is_some_and(|found| found.id == *id)
    };
    let elsewhere = images.iter().filter(|(service, id)| !leads_there(service, id));
    elsewhere.map(|(service, id)| (service.clone(), id.clone())).collect()
}

/// How a deployment changes containers.
fn policy(images: BTreeMap<ServiceName, ImageId>) -> ContainerPolicy {
    ContainerPolicy {
        orphans: Orphans::RemoveDisabledToo,
        diverged_volumes: DivergedVolumes::Report,
        images: ImageChoice::Pinned(images),
        ..ContainerPolicy::default()
    }
}

/// What a deployment would do. A deployment builds in any case, but unchanged steps come from the engine's cache and an
/// equal image spares the containers: the caller says whether that can be expected.
pub(crate) async fn plan(context: &Context, placed: Arc<Placed>, build: BuildChoice) -> Result<Plans, ConvergeError> {
    let observed = look(context, &placed.project).await?;
    let images = ImagePolicy {
        build,
        now: OffsetDateTime::now_utc().unix_timestamp(),
        ..ImagePolicy::default()
    };
    let containers = ContainerPolicy {
        images: ImageChoice::Resolve,
        ..policy(BTreeMap::new())
    };
    // Apart from the threads that answer others: a large project takes its time.
    let planned = tokio::task::spawn_blocking(move || commands::plans(&placed.project, &observed, &images, containers));
    Ok(planned.await.map_err(|_| ConvergeError::CalledOff)??)
}

/// The containers that a plan removes: one that the engine keeps all the same says nothing of the release.
fn doomed(plan: &Plan) -> BTreeSet<&ContainerId> {
    let removed = plan.steps().filter_map(|(_, step)| match &step.action {
        Action::RemoveContainer { container, .. } => Some(&container.at),
        _ => None,
    });
    removed
        .filter_map(|at| match at {
            ContainerRef::Existing(id) => Some(id),
            ContainerRef::Created(_) => None,
        })
        .collect()
}

fn to_watch(project: &Project, observed: &Observed, doomed: &BTreeSet<&ContainerId>) -> BTreeMap<ServiceName, Watched> {
    let services = project.services.values().filter(|service| service.provider.is_none());
    services
        .map(|service| {
            let ids = observed.service(&service.name).iter().map(|container| &container.id);
            let watched = ids.filter(|id| !doomed.contains(id)).cloned();
            (service.name.clone(), Watched::new(service, watched.collect()))
        })
        .collect()
}

/// Removes a project's containers and networks, and its volumes when asked.
pub(crate) async fn down(context: &Context, name: &ProjectName, volumes: bool) -> Result<(), ConvergeError> {
    let observed = observe(context.engine.as_ref(), name, None).await?;
    let policy = DownPolicy {
        orphans: Orphans::Remove,
        volumes,
        ..DownPolicy::default()
    };
    let plan = plan_down(name, None, &observed, &policy)?;
    apply(context, name, None, &plan).await?;
    Ok(())
}

/// Restarts services; all when none is named.
pub(crate) async fn restart(context: &Context, name: &ProjectName, services: Vec<ServiceName>) -> Result<(), ConvergeError> {
    let observed = observe(context.engine.as_ref(), name, None).await?;
    let policy = LifecyclePolicy {
        services,
        ..LifecyclePolicy::default()
    };
    let plan = plan_restart(None, &observed, &policy)?;
    apply(context, name, None, &plan).await?;
    Ok(())
}

/// The containers of a project, running or not.
pub(crate) async fn containers(engine: &dyn Engine, name: &ProjectName) -> Result<Vec<ContainerSummary>, EngineError> {
    engine.list_containers(&labels::of_project(name)).await
}

/// What has to be said when containers of this name were not made from one of these folders.
pub(crate) async fn strangers(engine: &dyn Engine, name: &ProjectName, ours: &[PathBuf]) -> Result<Option<String>, EngineError> {
    let all = containers(engine, name).await?;
    let is_stranger = |container: &&ContainerSummary| {
        let made_in = Ownership::read(&container.labels).and_then(|owner| owner.working_dir);
        !made_in.is_some_and(|folder| ours.iter().any(|ours| folder.starts_with(ours)))
    };
    let strange: Vec<&ContainerSummary> = all.iter().filter(is_stranger).collect();
    if strange.is_empty() {
        return Ok(None);
    }
    let mounts = strange.iter().flat_map(|container| &container.mounts);
    let data: BTreeSet<&str> = mounts.map(|mount| mount.name.as_deref().unwrap_or(&mount.source)).collect();
    let names: BTreeSet<&str> = strange.iter().map(|container| container.name.as_str()).collect();
    let list = |items: BTreeSet<&str>| items.into_iter().collect::<Vec<_>>().join(", ");
    let holding = if data.is_empty() {
        String::new()
    } else {
        format!(", with their data in {}", list(data))
    };
    Ok(Some(format!(
        "a project of the name {name} that was not deployed by this daemon is there already: containers {}{holding}; \
         nothing was touched; give this one another name, or take that one down where it was made",
        list(names)
    )))
}

/// Tells the last lines that a container wrote.
pub(crate) async fn tell_last_words(engine: &dyn Engine, (service, id): (&ServiceName, &ContainerId), recorder: &Recorder) {
    let Ok(Some(details)) = engine.inspect_container(id).await else {
        return;
    };
    let request = LogRequest {
        tail: Some(LAST_LINES),
        ..LogRequest::default()
    };
    let logs = engine.logs(id, &request);
    let read = logs.filter_map(|chunk| async { chunk.ok() }).map(|chunk| chunk.bytes).concat();
    let Ok(bytes) = timeout(ANSWER_TIMEOUT, read).await else {
        return;
    };
    for line in String::from_utf8_lossy(&bytes).lines() {
        recorder.record(EventBody::Output {
            service: service.to_string(),
            container: details.name.to_string(),
            stream: LogStream::Stdout,
            line: line.to_owned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use compose_core::engine::fake::FakeEngine;
    use compose_core::engine::request::PathMap;
    use compose_core::event::NoEvents;
    use compose_core::load::Loader;

    fn context() -> Context {
        Context {
            engine: Arc::new(FakeEngine::new().with_image("web:1").with_image("job:1")),
            paths: PathMap::identity(),
            events: Arc::new(NoEvents),
            cancel: CancellationToken::new(),
            parallel: PARALLEL,
        }
    }

    fn project(text: &str) -> Project {
        let temp = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(temp.path().join("compose.yaml"), text).expect("written");
        let loaded = Loader::new(temp.path()).default_project_name("shop").load();
        loaded.expect("a project").project
    }

    async fn apply_in(context: &Context, project: &Project, limit: Duration) -> Result<(), ConvergeError> {
        let observed = observe(context.engine.as_ref(), &project.name, Some(project)).await?;
        let plan = plan_containers(project, &observed, &policy(BTreeMap::new()))?;
        let health = HealthTimeout::Set(limit);
        apply_within(context, project, &plan, Limits { health, changes: limit }).await
    }

    const WAITS: &str = "services:
  web:
    image: web:1
    depends_on: {job: {condition: service_completed_successfully}}
  job:
    image: job:1
";

    #[tokio::test]
    async fn a_job_that_does_not_end_is_not_waited_for_without_end() {
        let (context, project) = (context(), project(WAITS));
        let error = apply_in(&context, &project, Duration::from_millis(300))
            .await
            .expect_err("does not end");
        let text = error.to_string();
        assert!(
            text.contains("service job has not ended yet") && text.contains("health_timeout"),
            "{text}"
        );
        // What someone calls off is another thing.
        assert!(!context.cancel.is_cancelled());
    }

    #[tokio::test]
    async fn what_comes_in_time_is_no_error() {
        let context = context();
        let project = project("services:\n  web:\n    image: web:1\n");
        apply_in(&context, &project, Duration::from_mins(1)).await.expect("started");
        assert_eq!(containers(context.engine.as_ref(), &project.name).await.expect("listed").len(), 1);
    }

    #[tokio::test]
    async fn calling_off_ends_the_wait_at_once() {
        let (context, project) = (context(), project(WAITS));
        let cancel = context.cancel.clone();
        let call_off = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            cancel.cancel();
        };
        let (result, ()) = tokio::join!(apply_in(&context, &project, Duration::from_mins(1)), call_off);
        assert!(matches!(result, Err(ConvergeError::Apply(ApplyError::Cancelled))), "{result:?}");
    }
}
