//! What git hosts report.

mod room;

pub(crate) use room::DeliveryRoom;

use super::extract::{At, Meter, read_metered};
use super::projects::secret_place;
use super::{Api, post};
use crate::daemon::Daemon;
use crate::daemon::connections::Place;
use crate::daemon::deployment::operations;
use crate::daemon::peer::Peer;
use crate::daemon::problem::ApiError;
use crate::daemon::store::{Admission, Author, NewDeployment, ProjectRow};
use crate::daemon::webhook::{Target, Verdict, judge, may_be_delivery};
use crate::wire::{Trigger, WebhookAnswer};
use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::USER_AGENT;
use axum::http::{HeaderMap, StatusCode};
use compose_core::hash::hex;
use room::Share;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

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

fn busy() -> ApiError {
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "too many deliveries arrive at once").help("deliver it again in a moment")
}

/// Counts what a delivery holds.
struct Metered<'a> {
    share: Share<'a>,
    place: Option<Place>,
}

impl Meter for Metered<'_> {
    fn take(&mut self, bytes: usize) {
        if self.share.take(bytes)
            && let Some(place) = &self.place
        {
            place.stir();
        }
    }

    async fn refused(&self) -> ApiError {
        self.share.turned_away().cancelled().await;
        busy()
    }
}

async fn receive(
    State(daemon): State<Daemon>,
    At(name): At<String>,
    request: Request,
) -> Result<(StatusCode, Json<WebhookAnswer>), ApiError> {
    let headers = request.headers().clone();
    let (peer, place) = (Peer::of(request.extensions()), Place::of(request.extensions()));
    let project = daemon.store().project(&name).await?;
    // What can be known before the body arrives is looked at first. The answer, when it comes and the work for it are the same
    // for every name, so that who guesses names learns nothing from it: one that is not registered has a secret that nobody
    // knows.
    let secret = match &project {
        Some(project) => daemon.vault().open_text(&secret_place(&name), &project.webhook_secret)?,
        None => daemon.decoy()?,
    };
    if !may_be_delivery(&headers, &secret) {
        return Err(refused());
    }
    let mut metered = Metered {
        share: daemon.delivery_room().enter(peer.network()),
        place: place.clone(),
    };
    let body = read_metered(request, LARGEST_DELIVERY, &mut metered).await;
    if project.is_some() && metered.share.turned_away().is_cancelled() {
        // Few git hosts deliver again by themselves.
        daemon.workers().look(&daemon, &name);
    }
    let body = body?;
    let settled = daemon.store().settled(&name, None).await?;
    let target = Target {
        branch: project.as_ref().map_or("", |project| &project.branch),
        path: project.as_ref().map_or("", |project| &project.path),
        settled: settled.as_ref(),
    };
    let verdict = judge(&headers, &body, &secret, target);
    let project = project.ok_or_else(refused)?;
    if let (false, Some(place)) = (verdict == Verdict::Refused, &place) {
        place.know(&name);
    }
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
            let queued = queue(&daemon, (provider, peer), project, commit, marks).await;
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

/// A project that was taken down stays so until a person says otherwise.
async fn skip_while_down(
    daemon: &Daemon,
    author: Author,
    project: &str,
    since: OffsetDateTime,
) -> Result<(StatusCode, Json<WebhookAnswer>), ApiError> {
    let reason = operations::is_down(project, since);
    let store = daemon.store();
    store.audit(author, "deployment.skip", Some(project), Some(reason.clone())).await?;
    Ok(skipped(reason))
}

async fn queue(
    daemon: &Daemon,
    (provider, peer): (&str, Peer),
    project: ProjectRow,
    commit: String,
    marks: Vec<String>,
) -> Result<(StatusCode, Json<WebhookAnswer>), ApiError> {
    let author = Author {
        name: format!("webhook:{provider}"),
        peer,
    };
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
        Admission::Down(since) => return skip_while_down(daemon, author, &project.name, since).await,
    };
    let store = daemon.store();
    store
        .audit(author, "deployment.create", Some(&project.name), Some(id.to_string()))
        .await?;
    daemon.workers().wake(daemon, &project.name);
    daemon.feed().wake();
    let answer = WebhookAnswer {
        id: Some(id),
        skipped: None,
    };
    Ok((StatusCode::ACCEPTED, Json(answer)))
}
