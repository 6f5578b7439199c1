//! Starting again what went down with the engine: the containers of the live release that the engine itself leaves down.

use super::converge;
use crate::daemon::Daemon;
use crate::daemon::own_paths::HomeError;
use crate::daemon::presence::Outage;
use crate::daemon::store::StoreError;
use compose_core::apply::{ApplyError, apply};
use compose_core::engine::{ContainerDetails, ContainerStatus, Engine, EngineError};
use compose_core::event::NoEvents;
use compose_core::model::Condition;
use compose_core::names::{ContainerId, ProjectName, ServiceName};
use compose_core::observe::{Activity, Observed, observe};
use compose_core::plan::{LifecyclePolicy, PlanError, plan_start};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// How long before the daemon noted its own end others may have ended for the same reason: an engine that goes down gives
/// each container ten seconds.
const SLACK: Duration = Duration::from_secs(12);
/// How long it may take with all its tries; a deployment of the project waits meanwhile.
const LIMIT: Duration = Duration::from_mins(3);
/// How often it is tried. What has started meanwhile is not started again.
const TRIES: u32 = 3;
/// How long until it is tried again.
const PAUSE: Duration = Duration::from_secs(10);

/// Why something stays down.
#[derive(Debug, thiserror::Error)]
enum RevivalError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Apply(#[from] ApplyError),
    #[error(transparent)]
    Home(#[from] HomeError),
}

/// Starts what went down with the engine; what cannot be started is told in the daemon's log. Once `enough` is cancelled it is
/// not tried again.
pub(super) async fn run(daemon: &Daemon, project: &str, outage: Outage, enough: &CancellationToken) {
    if timeout(LIMIT, tries(daemon, project, outage, enough)).await.is_err() {
        let limit = LIMIT.as_secs();
        tracing::error!(
            project,
            "after a restart of the engine: what did not start within {limit} s stays as it is"
        );
    }
}

async fn tries(daemon: &Daemon, project: &str, outage: Outage, enough: &CancellationToken) {
    for again in (0..TRIES).rev() {
        let Err(failed) = revive(daemon, project, outage).await else {
            return;
        };
        tell(project, failed);
        if again > 0 && timeout(PAUSE, enough.cancelled()).await.is_ok() {
            return;
        }
    }
}

fn tell(project: &str, failed: RevivalError) {
    match failed {
        RevivalError::Apply(ApplyError::Step { step, cause, others, .. }) => {
            for (step, error) in std::iter::once((step, cause)).chain(others) {
                tracing::error!(%error, project, "after a restart of the engine: cannot {step}");
            }
        }
        error => tracing::error!(%error, project, "cannot start what went down with the engine"),
    }
}

async fn revive(daemon: &Daemon, project: &str, outage: Outage) -> Result<(), RevivalError> {
    let store = daemon.store();
    let registered = store.project(project).await?.filter(|registered| registered.current.is_some());
    let Some(name) = registered.and_then(|registered| registered.compose_name).map(ProjectName::from) else {
        return Ok(());
    };
    // One that had begun to change containers goes on, and starts them all, or puts the previous release back.
    if store.next_deployment(project).await?.is_some_and(|row| row.touched) {
        return Ok(());
    }
    let engine = daemon.engine().as_ref();
    let mut observed = observe(engine, &name, None).await?;
    let down = went_down(engine, &observed, outage).await?;
    if down.is_empty() {
        return Ok(());
    }
    keep_only(&mut observed, &down);
    let plan = plan_start(None, &observed, &LifecyclePolicy::default())?;
    tracing::info!(project, containers = down.len(), "starting what went down with the engine");
    let context = converge::context(daemon, Arc::new(NoEvents), daemon.stopping().child_token()).await?;
    apply(&context, &name, None, &plan).await?;
    Ok(())
}

/// The containers that went down with the engine. Only those are asked about that are down.
async fn went_down(engine: &dyn Engine, observed: &Observed, outage: Outage) -> Result<BTreeSet<ContainerId>, EngineError> {
    let jobs = jobs(observed);
    let mut down = BTreeSet::new();
    for container in observed.services.values().flatten() {
        if container.activity != Activity::Exited {
            continue;
        }
        let is_job = jobs.contains(&container.owner.service);
        let details = engine.inspect_container(&container.id).await?;
        if details.is_some_and(|details| is_to_start(&details, is_job, outage)) {
            down.insert(container.id.clone());
        }
    }
    Ok(down)
}

/// The services whose end others wait for.
fn jobs(observed: &Observed) -> BTreeSet<ServiceName> {
    let notes = observed
        .services
        .values()
        .flatten()
        .flat_map(|container| &container.owner.depends_on);
    notes
        .filter(|note| note.condition == Condition::CompletedSuccessfully)
        .map(|note| note.service.clone())
        .collect()
}

/// Whether a container ran until the engine went down, and the engine did not see to it since.
fn is_to_start(container: &ContainerDetails, is_job: bool, outage: Outage) -> bool {
    let state = &container.state;
    let by_engine = matches!(container.restart_policy.as_deref(), Some("always" | "unless-stopped"));
    // An engine that tried and could not does not try again: what the container needs may have been down.
    let is_left = !by_engine || state.error.is_some();
    let is_done = is_job && state.exit_code == 0;
    let finished = state
        .finished_at
        .as_deref()
        .and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
    state.status == ContainerStatus::Exited
        && is_left
        && !is_done
        && finished.is_some_and(|at| at >= outage.since - SLACK && at <= outage.until)
}

/// Leaves what is up and what is to be started; nothing is done about the others, nor waited for.
fn keep_only(observed: &mut Observed, down: &BTreeSet<ContainerId>) {
    observed.services.retain(|_, containers| {
        containers.retain(|container| container.activity.is_alive() || down.contains(&container.id));
        !containers.is_empty()
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use compose_core::engine::{ContainerHealth, ContainerSettings, ContainerState};
    use compose_core::names::{ContainerName, ImageId};
    use std::collections::BTreeMap;

    fn container(status: ContainerStatus, policy: Option<&str>, finished: Option<&str>) -> ContainerDetails {
        ContainerDetails {
            id: ContainerId::new("c"),
            name: ContainerName::new("web-1"),
            image: "web".to_owned(),
            image_id: ImageId::new("sha256:1"),
            state: ContainerState {
                status,
                health: ContainerHealth::None,
                exit_code: 143,
                error: None,
                health_log: Vec::new(),
                restart_count: 0,
                started_at: None,
                finished_at: finished.map(|time| format!("2026-05-01T{time}Z")),
            },
            labels: BTreeMap::new(),
            tty: false,
            mounts: Vec::new(),
            networks: BTreeMap::new(),
            restart_policy: policy.map(str::to_owned),
            settings: ContainerSettings::default(),
        }
    }

    fn starts(container: &ContainerDetails, is_job: bool) -> bool {
        let since = OffsetDateTime::parse("2026-05-01T10:00:00Z", &Rfc3339).expect("a time");
        let until = since + Duration::from_hours(1);
        is_to_start(container, is_job, Outage { since, until })
    }

    #[test]
    fn what_went_down_with_the_engine_is_started_and_nothing_else() {
        use ContainerStatus::{Created, Dead, Exited, Paused, Running};
        for (status, policy, finished, wanted) in [
            // Down with the engine: at its end, some moments before the daemon's own, or found dead at its start.
            (Exited, None, Some("10:00:00.2"), true),
            (Exited, None, Some("09:59:57"), true),
            (Exited, None, Some("10:20:00.123456789"), true),
            (Exited, Some("on-failure"), Some("10:00:01"), true),
            // Stopped, crashed or done after the engine was back, or before it went down.
            (Exited, None, Some("11:00:01"), false),
            (Exited, None, Some("09:59:30"), false),
            (Exited, Some("on-failure"), Some("09:00:00"), false),
            (Exited, None, None, false),
            // The engine sees to these.
            (Exited, Some("always"), Some("10:00:01"), false),
            (Exited, Some("unless-stopped"), Some("10:00:01"), false),
            (Running, None, Some("10:00:01"), false),
            (Paused, None, Some("10:00:01"), false),
            (Created, None, Some("10:00:01"), false),
            (Dead, None, Some("10:00:01"), false),
        ] {
            let container = container(status.clone(), policy, finished);
            assert_eq!(starts(&container, false), wanted, "{status:?} {policy:?} {finished:?}");
        }
    }

    #[test]
    fn a_job_that_is_done_is_not_done_again() {
        let mut job = container(ContainerStatus::Exited, None, Some("10:00:01"));
        assert!(starts(&job, true), "it was cut off");
        job.state.exit_code = 0;
        assert!(!starts(&job, true));
        assert!(starts(&job, false), "a service that ends well when it is told to stop");
    }

    #[test]
    fn what_the_engine_could_not_start_is_started() {
        let mut late = container(ContainerStatus::Exited, Some("always"), Some("10:00:01"));
        late.state.error = Some("cannot join network of a non running container".to_owned());
        assert!(starts(&late, false));
    }
}
