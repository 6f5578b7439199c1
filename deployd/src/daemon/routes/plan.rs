//! What a deployment would do, without doing it.

use super::extract::{At, Params};
use super::projects::{check_reference, find};
use super::{Api, get};
use crate::daemon::Daemon;
use crate::daemon::auth::Viewer;
use crate::daemon::deployment::converge::{self, ConvergeError};
use crate::daemon::deployment::dirs::ProjectDirs;
use crate::daemon::deployment::origin;
use crate::daemon::deployment::source::{self, Request, SourceError};
use crate::daemon::deployment::turns::PlanTurn;
use crate::daemon::environment::Environment;
use crate::daemon::problem::ApiError;
use crate::daemon::state_dir::random;
use crate::daemon::store::ProjectRow;
use crate::wire::{PlanReport, Role};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use compose_core::apply::ApplyError;
use compose_core::commands::Plans;
use compose_core::event::NoEvents;
use compose_core::hash::hex;
use compose_core::plan::BuildChoice;
use serde::Deserialize;
use std::path::PathBuf;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

pub(super) fn routes(api: Api) -> Api {
    api.add(
        get("/v1/projects/{p}/plan", "What deploying a branch, tag or commit would do, and why")
            .needs(Role::Viewer)
            .query("ref:string")
            .answers(200, "PlanReport"),
        plan,
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanParams {
    #[serde(rename = "ref")]
    reference: Option<String>,
}

impl From<SourceError> for ApiError {
    fn from(error: SourceError) -> Self {
        let detail = match &error {
            SourceError::Load(findings) => findings.join("\n"),
            SourceError::Store(_) | SourceError::Defect => return Self::internal(error),
            other => other.to_string(),
        };
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "cannot-plan", detail)
    }
}

impl From<ConvergeError> for ApiError {
    fn from(error: ConvergeError) -> Self {
        let detail = error.to_string();
        match error {
            // The project asks for what cannot be: the engine has no part in it.
            ConvergeError::Plan(_) | ConvergeError::Apply(ApplyError::Plan(_)) => Self::invalid("cannot-plan", detail),
            _ => Self::new(StatusCode::BAD_GATEWAY, "engine", detail),
        }
    }
}

async fn plan(
    State(daemon): State<Daemon>,
    Viewer(caller): Viewer,
    At(name): At<String>,
    Params(params): Params<PlanParams>,
) -> Result<Json<PlanReport>, ApiError> {
    let project = find(&daemon, &name).await?;
    let reference = params.reference.unwrap_or_else(|| project.branch.clone());
    check_reference(&reference)?;
    let turn = daemon.turns().of(&name, &caller.actor()).await?;
    let environment = Environment::current(&daemon, &name).await?;
    let redactor = environment.redactor();
    // Whoever may see a plan need not be allowed to see what an error quotes.
    let planned = report(&daemon, project, environment, reference, turn).await;
    let planned = planned.map_err(|error| error.cleaned(&redactor))?;
    Ok(Json(PlanReport {
        text: redactor.clean(planned.text),
        ..planned
    }))
}

async fn report(
    daemon: &Daemon,
    project: ProjectRow,
    environment: Environment,
    reference: String,
    turn: PlanTurn,
) -> Result<PlanReport, ApiError> {
    let dirs = ProjectDirs::new(daemon.dir().project(&project.name));
    let commit = origin::fetch(daemon, &project, reference).await?.id;
    let is_current = current_commit(daemon, &project).await?.as_ref() == Some(&commit);
    let request = Request {
        own: daemon.own_folder().await?,
        fingerprints: daemon.vault().fingerprints(&project.name),
        // A folder of its own: a deployment of the same commit may be under way.
        checkout: dirs.plans().join(hex(&random::<8>())),
        commit: commit.clone(),
        environment,
        project,
        dirs,
    };
    let build = if is_current { BuildChoice::Missing } else { BuildChoice::Always };
    let gone = CancellationToken::new();
    let _guard = gone.clone().drop_guard();
    // A task of its own: where whoever asked does not wait any more, the folder goes once nothing writes into it.
    let plans = tokio::spawn(plans(daemon.clone(), request, build, gone, turn)).await;
    let plans = plans.map_err(ApiError::internal)??;
    Ok(PlanReport {
        changes: !plans.is_empty(),
        text: plans.to_string(),
        commit,
    })
}

/// The turn lasts until nothing is done any more, also where nobody waits.
async fn plans(daemon: Daemon, request: Request, build: BuildChoice, gone: CancellationToken, turn: PlanTurn) -> Result<Plans, ApiError> {
    let _checkout = Temporary(request.checkout.clone());
    let _room = daemon.turns().room(&turn).await?;
    let prepared = source::prepare(request, &gone).await?;
    refuse(prepared.placed.missing.iter().map(ToString::to_string).collect())?;
    let context = converge::context(&daemon, Arc::new(NoEvents), gone.clone()).await?;
    tokio::select! {
        planned = converge::plan(&context, prepared.placed, build) => Ok(planned?),
        () = gone.cancelled() => Err(ConvergeError::CalledOff.into()),
    }
}

/// What keeps a deployment from beginning keeps its plan from being one.
fn refuse(findings: Vec<String>) -> Result<(), ApiError> {
    if findings.is_empty() {
        return Ok(());
    }
    Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "cannot-plan", findings.join("\n")))
}

/// The commit of the release that runs, or ran last.
async fn current_commit(daemon: &Daemon, project: &ProjectRow) -> Result<Option<String>, ApiError> {
    let Some(current) = project.current else {
        return Ok(None);
    };
    Ok(daemon.store().release(&project.name, current).await?.map(|release| release.commit))
}

/// A folder that goes when it is not needed any more.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
