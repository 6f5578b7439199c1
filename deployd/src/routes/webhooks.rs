//! What git hosts report.

use super::extract::{At, read};
use super::projects::secret_place;
use super::{Api, post};
use crate::daemon::Daemon;
use crate::problem::ApiError;
use crate::state_dir::hex;
use crate::store::{Admission, NewDeployment, ProjectRow};
use crate::webhook::{Target, Verdict, judge};
use crate::wire::{Trigger, WebhookAnswer};
use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::USER_AGENT;
use axum::http::{HeaderMap, StatusCode};
use sha2::{Digest as _, Sha256};

/// How large a delivery may be.
const LARGEST_DELIVERY: usize = 8 * 1024 * 1024;

pub(super) fn routes(api: Api) -> Api {
    api.add(
        post("/webhook/{p}", "A git host reports a push; signed with the project's secret").answers(202, "WebhookAnswer"),
        receive,
    )
}

fn refused() -> ApiError {
    ApiError::new(
        StatusCode::UNAUTHORIZED,
        "bad-signature",
        "the request is not signed with the secret of a project registered here",
    )
    .help("compare the secret at the git host with `inertia NAME webhook show`")
}

async fn receive(
    State(daemon): State<Daemon>,
    At(name): At<String>,
    request: Request,
) -> Result<(StatusCode, Json<WebhookAnswer>), ApiError> {
    let headers = request.headers().clone();
    let body = read(request, LARGEST_DELIVERY).await?;
    // Who guesses names learns nothing.
    let project = daemon.store().project(&name).await?.ok_or_else(refused)?;
    let secret = daemon.vault().open_text(&secret_place(&name), &project.webhook_secret)?;
    let target = Target {
        branch: &project.branch,
        path: &project.path,
    };
    let verdict = judge(&headers, &body, &secret, target);
    if verdict != Verdict::Refused && !is_own(&headers) {
        note_first(&daemon, &name).await?;
    }
    match verdict {
        Verdict::Refused => Err(refused()),
        Verdict::Malformed(reason) => Err(ApiError::new(StatusCode::BAD_REQUEST, "bad-delivery", reason)),
        Verdict::Skip(reason) => Ok(skipped(reason)),
        Verdict::Deploy {
            provider,
            commit,
            delivery,
        } => {
            // The delivery's id is not signed, the body is: either gives a replay away.
            let mut marks = vec![format!("body:{}", hex(&Sha256::digest(&body)))];
            marks.extend(delivery.map(|id| format!("{provider}:{id}")));
            queue(&daemon, project, provider, commit, marks).await
        }
    }
}

/// Whether `inertia NAME webhook test` delivered it, which says nothing about what the git host can reach.
fn is_own(headers: &HeaderMap) -> bool {
    let agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    agent.is_some_and(|agent| agent.starts_with("inertia/"))
}

/// After the git host's first delivery the project's worker need not look for commits by itself any more.
async fn note_first(daemon: &Daemon, project: &str) -> Result<(), ApiError> {
    if daemon.store().note_delivery(project).await? {
        tracing::info!(project, "the git host's webhooks arrive");
        daemon.workers().wake(daemon, project);
    }
    Ok(())
}

fn skipped(reason: impl Into<String>) -> (StatusCode, Json<WebhookAnswer>) {
    let answer = WebhookAnswer {
        id: None,
        skipped: Some(reason.into()),
    };
    (StatusCode::OK, Json(answer))
}

async fn queue(
    daemon: &Daemon,
    project: ProjectRow,
    provider: &str,
    commit: String,
    marks: Vec<String>,
) -> Result<(StatusCode, Json<WebhookAnswer>), ApiError> {
    let new = NewDeployment {
        project: project.name.clone(),
        reference: project.branch,
        commit: Some(commit),
        trigger: Trigger::Webhook {
            provider: provider.to_owned(),
        },
    };
    let id = match daemon.store().admit(new, marks).await? {
        Admission::Queued(id) => id,
        Admission::Seen => return Ok(skipped("this delivery was seen before")),
        Admission::TooMany => return Ok(skipped("too many deployments wait")),
    };
    let actor = format!("webhook:{provider}");
    let store = daemon.store();
    store
        .audit(&actor, "deployment.create", Some(&project.name), Some(id.to_string()))
        .await?;
    daemon.workers().wake(daemon, &project.name);
    daemon.feed().wake();
    let answer = WebhookAnswer {
        id: Some(id),
        skipped: None,
    };
    Ok((StatusCode::ACCEPTED, Json(answer)))
}
