//! What git hosts report.

use super::extract::{At, Meter, read_metered};
use super::projects::secret_place;
use super::{Api, post};
use crate::daemon::Daemon;
use crate::daemon::problem::ApiError;
use crate::daemon::state_dir::random;
use crate::daemon::store::{Admission, NewDeployment, ProjectRow};
use crate::daemon::webhook::{Target, Verdict, judge, may_be_delivery};
use crate::wire::{Trigger, WebhookAnswer};
use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::USER_AGENT;
use axum::http::{HeaderMap, StatusCode};
use compose_core::hash::hex;
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;
use zeroize::Zeroizing;

/// How large a delivery may be.
const LARGEST_DELIVERY: usize = 8 * 1024 * 1024;

/// The pieces in which room for deliveries is counted.
const PIECE: usize = 64 * 1024;
/// How many of them may be held at a time, since whoever sends is not known before the whole was read: 32 MiB. It is taken
/// as bytes arrive, so that whoever holds it has sent as much.
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

/// The room that one delivery holds.
struct Room<'a> {
    all: &'a Semaphore,
    held: Option<SemaphorePermit<'a>>,
    bytes: usize,
    /// There was none left.
    is_full: bool,
}

impl<'a> Room<'a> {
    fn new(all: &'a Semaphore) -> Self {
        Self {
            all,
            held: None,
            bytes: 0,
            is_full: false,
        }
    }
}

impl Meter for Room<'_> {
    async fn take(&mut self, bytes: usize) -> Result<(), ApiError> {
        self.bytes += bytes;
        let held = self.held.as_ref().map_or(0, SemaphorePermit::num_permits);
        let missing = u32::try_from(self.bytes.div_ceil(PIECE).saturating_sub(held)).unwrap_or(u32::MAX);
        let Ok(Ok(more)) = timeout(LONGEST_WAIT, self.all.acquire_many(missing)).await else {
            self.is_full = true;
            return Err(busy());
        };
        match &mut self.held {
            Some(held) => held.merge(more),
            None => self.held = Some(more),
        }
        Ok(())
    }
}

async fn receive(
    State(daemon): State<Daemon>,
    At(name): At<String>,
    request: Request,
) -> Result<(StatusCode, Json<WebhookAnswer>), ApiError> {
    let headers = request.headers().clone();
    let project = daemon.store().project(&name).await?;
    // What can be known before the body arrives is looked at first. Both the answer and when it comes are the same for every
    // name, so that who guesses names learns nothing from it.
    let secret = match &project {
        Some(project) => daemon.vault().open_text(&secret_place(&name), &project.webhook_secret)?,
        None => Zeroizing::new(hex(&random::<32>())),
    };
    if !may_be_delivery(&headers, &secret) {
        return Err(refused());
    }
    let mut room = Room::new(daemon.delivery_room());
    let body = read_metered(request, LARGEST_DELIVERY, &mut room).await;
    if room.is_full && project.is_some() {
        // Few git hosts deliver again by themselves.
        daemon.workers().look(&daemon, &name);
    }
    let body = body?;
    let project = project.ok_or_else(refused)?;
    let settled = daemon.store().settled(&name, None).await?;
    let target = Target {
        branch: &project.branch,
        path: &project.path,
        settled: settled.as_ref(),
    };
    let verdict = judge(&headers, &body, &secret, target);
    // Only a push shows that pushes arrive: git hosts try a webhook by another event, whatever it is to report.
    let is_push = matches!(verdict, Verdict::Skip(_) | Verdict::Untouched(_) | Verdict::Deploy { .. });
    if is_push && !is_own(&headers) {
        note_first(&daemon, &name).await?;
    }
    match verdict {
        Verdict::Refused => Err(refused()),
        Verdict::Malformed(reason) => Err(ApiError::new(StatusCode::BAD_REQUEST, "bad-delivery", reason)),
        Verdict::NoPush(reason) | Verdict::Skip(reason) => Ok(skipped(reason)),
        Verdict::Untouched(reason) => {
            // That is what the host says; what the commits say is looked at soon.
            daemon.workers().look(&daemon, &name);
            Ok(skipped(reason))
        }
        Verdict::Deploy {
            provider,
            commit,
            delivery,
        } => {
            // The delivery's id is not signed, the body is: either gives a replay away.
            let mut marks = vec![format!("body:{}", hex(&Sha256::digest(&body)))];
            marks.extend(delivery.map(|id| format!("{provider}:{id}")));
            let queued = queue(&daemon, project, provider, commit, marks).await;
            queued.inspect_err(|_| daemon.workers().look(&daemon, &name))
        }
    }
}

/// Whether `inertia NAME webhook test` delivered it, which says nothing about what the git host can reach.
fn is_own(headers: &HeaderMap) -> bool {
    let agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    agent.is_some_and(|agent| agent.starts_with("inertia/"))
}

/// Once the git host reported a push, the project's worker need not look for commits by itself any more.
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
        Admission::Seen => {
            // Its deployment may be waiting to be tried again.
            daemon.workers().wake(daemon, &project.name);
            return Ok(skipped("this delivery was seen before"));
        }
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
