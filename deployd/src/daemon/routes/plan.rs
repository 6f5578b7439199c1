//! What a deployment would do, without doing it.

use super::extract::{At, Params};
use super::projects::{check_reference, find};
use super::{Api, get};
use crate::daemon::Daemon;
use crate::daemon::auth::Viewer;
use crate::daemon::deployment::converge::{self, ConvergeError};
use crate::daemon::deployment::dirs::ProjectDirs;
use crate::daemon::deployment::origin;
use crate::daemon::deployment::preflight;
use crate::daemon::deployment::source::{self, Prepared, Request, SourceError};
use crate::daemon::deployment::turns::PlanTurn;
use crate::daemon::environment::{Environment, EnvironmentError};
use crate::daemon::problem::ApiError;
use crate::daemon::state_dir::random;
use crate::daemon::store::ProjectRow;
use crate::wire::{PlanReport, Role};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use compose_core::apply::ApplyError;
use compose_core::commands::{Context, Plans};
use compose_core::diagnostic::{Code, Diagnostic};
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
    let clean = |texts: Vec<String>| texts.into_iter().map(|text| redactor.clean(text)).collect();
    Ok(Json(PlanReport {
        text: redactor.clean(planned.text),
        differs: clean(planned.differs),
        warnings: clean(planned.warnings),
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
    let build = if runs_already(daemon, &project, &commit, &environment).await? {
        BuildChoice::Missing
    } else {
        BuildChoice::Always
    };
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
    let gone = CancellationToken::new();
    let _guard = gone.clone().drop_guard();
    // A task of its own: where whoever asked does not wait any more, the folder goes once nothing writes into it.
    let planned = tokio::spawn(plans(daemon.clone(), request, build, gone, turn)).await;
    let (plans, mut warnings) = planned.map_err(ApiError::internal)??;
    let noticed = plans.images.warnings().iter().chain(plans.containers.warnings());
    let (differing, others): (Vec<_>, Vec<_>) = noticed.partition(|found| found.code == Code::VolumeDiffers);
    warnings.extend(others.into_iter().map(told));
    Ok(PlanReport {
        changes: !plans.is_empty(),
        text: plans.to_string(),
        differs: differing.into_iter().map(told).collect(),
        warnings,
        commit,
    })
}

fn told(found: &Diagnostic) -> String {
    let help = found.help.as_ref().map(|help| format!("; {help}"));
    format!("{}{}", found.message, help.unwrap_or_default())
}

/// The plans, and what preparing them brought up. The turn lasts until nothing is done any more, also where nobody waits.
async fn plans(
    daemon: Daemon,
    request: Request,
    build: BuildChoice,
    gone: CancellationToken,
    turn: PlanTurn,
) -> Result<(Plans, Vec<String>), ApiError> {
    let _checkout = Temporary(request.checkout.clone());
    let _room = daemon.turns().room(&turn).await?;
    let prepared = source::prepare(request, &gone).await?;
    let context = converge::context(&daemon, Arc::new(NoEvents), gone.clone()).await?;
    tokio::select! {
        planned = foresee(&daemon, &context, &prepared, build) => Ok((planned?, prepared.warnings)),
        () = gone.cancelled() => Err(ConvergeError::CalledOff.into()),
    }
}

/// The plans, unless something keeps a deployment from beginning.
async fn foresee(daemon: &Daemon, context: &Context, prepared: &Prepared, build: BuildChoice) -> Result<Plans, ApiError> {
    let placed = &prepared.placed;
    let mut findings: Vec<String> = placed.missing.iter().map(ToString::to_string).collect();
    let neighbourhood = daemon.home().await.map_err(ConvergeError::from)?.neighbourhood;
    let found = preflight::check(context, &placed.project, neighbourhood).await;
    findings.extend(found.map_err(ConvergeError::from)?);
    refuse(&findings)?;
    Ok(converge::plan(context, Arc::clone(placed), build).await?)
}

/// What keeps a deployment from beginning keeps its plan from being one.
fn refuse(findings: &[String]) -> Result<(), ApiError> {
    if findings.is_empty() {
        return Ok(());
    }
    Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "cannot-plan", findings.join("\n")))
}

/// Whether the release that runs, or ran last, is this commit with these variables: builds of it would bring nothing new.
async fn runs_already(daemon: &Daemon, project: &ProjectRow, commit: &str, environment: &Environment) -> Result<bool, ApiError> {
    let Some(current) = project.current else {
        return Ok(false);
    };
    let Some(release) = daemon.store().release(&project.name, current).await? else {
        return Ok(false);
    };
    let had = Environment::of_release(daemon, &project.name, current, &release.environment).map_err(EnvironmentError::from)?;
    Ok(release.commit == commit && had == *environment)
}

/// A folder that goes when it is not needed any more.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
