//! Asking for deployments, looking at them, calling them off.

use super::extract::{At, Body, Params};
use super::projects::{check_reference, find};
use super::{Api, get, post};
use crate::daemon::Daemon;
use crate::daemon::auth::{Deployer, Viewer};
use crate::daemon::deployment::queue::LONGEST_QUEUE;
use crate::daemon::environment::Environment;
use crate::daemon::problem::ApiError;
use crate::daemon::store::{Admission, Author, NewDeployment, Release};
use crate::wire::{Deployment, DeploymentAccepted, DeploymentRequest, Role, RollbackRequest, Trigger};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;

/// How many deployments a history shows when nobody says.
const DEFAULT_HISTORY: u64 = 50;
/// How many it shows at most.
const LONGEST_HISTORY: u64 = 1000;

pub(super) fn routes(api: Api) -> Api {
    api.add(
        post("/v1/projects/{p}/deployments", "Deploy a branch, tag or commit")
            .needs(Role::Deployer)
            .body("DeploymentRequest")
            .answers(202, "DeploymentAccepted"),
        create,
    )
    .add(
        get("/v1/projects/{p}/deployments/{id}", "A deployment")
            .needs(Role::Viewer)
            .answers(200, "Deployment"),
        show,
    )
    .add(
        get("/v1/projects/{p}/history", "The latest deployments, newest first")
            .needs(Role::Viewer)
            .query("limit:integer")
            .answers(200, "[Deployment]"),
        history,
    )
    .add(
        post("/v1/projects/{p}/deployments/{id}/cancel", "Call a deployment off")
            .needs(Role::Deployer)
            .answers(202, "DeploymentAccepted"),
        cancel,
    )
    .add(
        post("/v1/projects/{p}/rollback", "Put an earlier release back, without building")
            .needs(Role::Deployer)
            .body("RollbackRequest")
            .answers(202, "DeploymentAccepted"),
        rollback,
    )
}

async fn create(
    State(daemon): State<Daemon>,
    Deployer(caller): Deployer,
    At(name): At<String>,
    Body(request): Body<DeploymentRequest>,
) -> Result<(StatusCode, Json<DeploymentAccepted>), ApiError> {
    let project = find(&daemon, &name).await?;
    let reference = request.reference.unwrap_or(project.branch);
    check_reference(&reference)?;
    let new = NewDeployment {
        project: name,
        reference,
        commit: None,
        trigger: Trigger::Manual { by: caller.actor() },
    };
    accept(&daemon, caller.author(), "deployment.create", new).await
}

/// Queues a deployment that someone asked for.
async fn accept(
    daemon: &Daemon,
    author: Author,
    action: &'static str,
    new: NewDeployment,
) -> Result<(StatusCode, Json<DeploymentAccepted>), ApiError> {
    let project = new.project.clone();
    let id = match daemon.store().admit(new, Vec::new()).await? {
        Admission::Queued(id) => id,
        // Only pushes are held up while a project is down.
        Admission::TooMany | Admission::Seen | Admission::Down(_) => {
            let detail = format!("{LONGEST_QUEUE} deployments of {project} wait already");
            return Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, "queue-full", detail)
                .help("wait for them, or call some off with `inertia NAME cancel`"));
        }
    };
    daemon.store().audit(author, action, Some(&project), Some(id.to_string())).await?;
    daemon.workers().wake(daemon, &project);
    daemon.feed().wake();
    Ok((StatusCode::ACCEPTED, Json(DeploymentAccepted { id })))
}

async fn show(State(daemon): State<Daemon>, Viewer(_): Viewer, At((name, id)): At<(String, u64)>) -> Result<Json<Deployment>, ApiError> {
    find(&daemon, &name).await?;
    let row = daemon.store().deployment(&name, id).await?;
    row.map(|row| Json(row.deployment))
        .ok_or_else(|| ApiError::no_deployment(&name, id))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HistoryParams {
    limit: Option<u64>,
}

async fn history(
    State(daemon): State<Daemon>,
    Viewer(_): Viewer,
    At(name): At<String>,
    Params(params): Params<HistoryParams>,
) -> Result<Json<Vec<Deployment>>, ApiError> {
    find(&daemon, &name).await?;
    let limit = params.limit.unwrap_or(DEFAULT_HISTORY).min(LONGEST_HISTORY);
    Ok(Json(daemon.store().history(&name, limit).await?))
}

async fn cancel(
    State(daemon): State<Daemon>,
    Deployer(caller): Deployer,
    At((name, id)): At<(String, u64)>,
) -> Result<(StatusCode, Json<DeploymentAccepted>), ApiError> {
    find(&daemon, &name).await?;
    if daemon.store().deployment(&name, id).await?.is_none() {
        return Err(ApiError::no_deployment(&name, id));
    }
    if !daemon.workers().cancel(&daemon, &name, id, caller.actor()).await? {
        let detail = format!("deployment {id} of {name} has ended already");
        return Err(ApiError::conflict("deployment-ended", detail).help(format!("how it ended: `inertia NAME show {id}`")));
    }
    let store = daemon.store();
    store
        .audit(caller.author(), "deployment.cancel", Some(&name), Some(id.to_string()))
        .await?;
    Ok((StatusCode::ACCEPTED, Json(DeploymentAccepted { id })))
}

async fn rollback(
    State(daemon): State<Daemon>,
    Deployer(caller): Deployer,
    At(name): At<String>,
    Body(request): Body<RollbackRequest>,
) -> Result<(StatusCode, Json<DeploymentAccepted>), ApiError> {
    let project = find(&daemon, &name).await?;
    let to = match request.to {
        Some(to) => to,
        None => previous(&daemon, &name, project.current).await?,
    };
    if daemon.store().release(&name, to).await?.is_none() {
        let detail = format!("{name} keeps no release of deployment {to}: only the last ten that became healthy are kept");
        return Err(ApiError::new(StatusCode::NOT_FOUND, "release-not-found", detail).help("see `inertia NAME history`"));
    }
    let new = NewDeployment {
        project: name,
        reference: format!("release {to}"),
        commit: None,
        trigger: Trigger::Rollback { by: caller.actor(), to },
    };
    accept(&daemon, caller.author(), "deployment.rollback", new).await
}

/// The last release before the current one that differs from it; where the current one is an earlier one put back, the one
/// before that.
async fn previous(daemon: &Daemon, project: &str, current: Option<u64>) -> Result<u64, ApiError> {
    let none = || {
        let detail = format!("{project} has no earlier release that differs from what runs");
        ApiError::conflict("no-earlier-release", detail).help("see `inertia NAME history`; one of them is put back by its number")
    };
    let current = current.ok_or_else(none)?;
    let origin = origin(daemon, project, current).await?;
    let releases = daemon.store().releases(project).await?;
    let running = releases.iter().find(|release| release.deployment == current);
    let mut earlier = releases.iter().filter(|release| release.deployment < origin);
    let found = earlier.find(|earlier| running.is_none_or(|running| !is_same(daemon, project, earlier, running)));
    found.map(|release| release.deployment).ok_or_else(none)
}

/// Whether putting one release in the place of another would change nothing: `up` deploys a commit again when it is told to.
fn is_same(daemon: &Daemon, project: &str, one: &Release, other: &Release) -> bool {
    let environment = |release: &Release| Environment::of_release(daemon, project, release.deployment, &release.environment);
    (&one.commit, &one.images) == (&other.commit, &other.images)
        && matches!((environment(one), environment(other)), (Ok(one), Ok(other)) if one == other)
}

/// The deployment that first made what a deployment runs: not a rollback.
async fn origin(daemon: &Daemon, project: &str, deployment: u64) -> Result<u64, ApiError> {
    let mut origin = deployment;
    loop {
        let row = daemon.store().deployment(project, origin).await?;
        match row.map(|row| row.deployment.trigger) {
            // Only what was there before can be put back, so this comes to an end.
            Some(Trigger::Rollback { to, .. }) if to < origin => origin = to,
            _ => return Ok(origin),
        }
    }
}
