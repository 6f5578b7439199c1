//! What git hosts report.

use super::extract::{At, read};
use super::projects::secret_place;
use super::{Api, post};
use crate::daemon::Daemon;
use crate::daemon::problem::ApiError;
use crate::daemon::store::{Admission, NewDeployment, ProjectRow};
use crate::daemon::webhook::{Target, Verdict, judge, may_be_delivery};
use crate::wire::{Trigger, WebhookAnswer};
use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, USER_AGENT};
use axum::http::{HeaderMap, StatusCode};
use compose_core::hash::hex;
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use tokio::time::timeout;

/// How large a delivery may be.
const LARGEST_DELIVERY: usize = 8 * 1024 * 1024;

/// The pieces in which room for deliveries is counted.
const PIECE: usize = 64 * 1024;
/// How many of them may be held at a time, since whoever sends is not known before the whole was read: 32 MiB.
pub(crate) const ROOM: usize = 512;
/// How long a delivery waits for room.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

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

fn busy() -> ApiError {
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "too many deliveries arrive at once").help("deliver it again in a moment")
}

/// How much room a delivery may take, by what it announces.
fn pieces(headers: &HeaderMap) -> u32 {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let pieces = length.unwrap_or(LARGEST_DELIVERY).min(LARGEST_DELIVERY).div_ceil(PIECE);
    u32::try_from(pieces.max(1)).unwrap_or(u32::MAX)
}

async fn receive(
    State(daemon): State<Daemon>,
    At(name): At<String>,
    request: Request,
) -> Result<(StatusCode, Json<WebhookAnswer>), ApiError> {
    let headers = request.headers().clone();
    // Whatever can be known before the body arrives is looked at first. The answer is the same for every name, so that
    // who guesses names learns nothing from it.
    let project = daemon.store().project(&name).await?.ok_or_else(refused)?;
    let secret = daemon.vault().open_text(&secret_place(&name), &project.webhook_secret)?;
    if !may_be_delivery(&headers, &secret) {
        return Err(refused());
    }
    let room = timeout(LONGEST_WAIT, daemon.delivery_room().acquire_many(pieces(&headers))).await;
    let Ok(Ok(_room)) = room else {
        // Few git hosts deliver again by themselves.
        daemon.workers().look(&daemon, &name);
        return Err(busy());
    };
    let body = read(request, LARGEST_DELIVERY).await?;
    let target = Target {
        branch: &project.branch,
        path: &project.path,
    };
    let verdict = judge(&headers, &body, &secret, target);
    // What cannot be read is answered with an error every time: the daemon has to go on looking by itself.
    let is_good = matches!(verdict, Verdict::Skip(_) | Verdict::Deploy { .. });
    if is_good && !is_own(&headers) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_taken_as_announced() {
        let of = |length: Option<&str>| {
            let pairs = length.map(|length| (CONTENT_LENGTH, length.parse().expect("a value")));
            pieces(&pairs.into_iter().collect())
        };
        for (length, wanted) in [
            (Some("0"), 1),
            (Some("65536"), 1),
            (Some("65537"), 2),
            (Some("99999999999"), 128),
            (Some("x"), 128),
            (None, 128),
        ] {
            assert_eq!(of(length), wanted, "{length:?}");
        }
        assert!(u32::try_from(ROOM).is_ok_and(|room| room >= 4 * of(None)));
    }
}
