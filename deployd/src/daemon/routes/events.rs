//! A deployment's events as a stream: from the beginning or from where a reader stopped, to the end.

use super::extract::{At, Params};
use super::projects::find;
use super::{Api, get};
use crate::daemon::Daemon;
use crate::daemon::auth::Viewer;
use crate::daemon::problem::ApiError;
use crate::daemon::store::StoreError;
use crate::wire::{EventBody, Role, StreamEvent};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures::stream::{self, Stream, StreamExt as _, TryStreamExt as _};
use serde::Deserialize;
use std::time::Duration;
use tokio::sync::watch;

/// How often a silent stream says that it lives.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub(super) fn routes(api: Api) -> Api {
    api.add(
        get(
            "/v1/projects/{p}/deployments/{id}/events",
            "What happens in a deployment, as server-sent events; `Last-Event-ID` continues",
        )
        .needs(Role::Viewer)
        .query("after:integer")
        .answers(200, "StreamEvent"),
        events,
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventParams {
    /// Like `Last-Event-ID`, for those who cannot send headers.
    after: Option<u64>,
}

async fn events(
    State(daemon): State<Daemon>,
    Viewer(caller): Viewer,
    At((name, id)): At<(String, u64)>,
    Params(params): Params<EventParams>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, StoreError>>>, ApiError> {
    find(&daemon, &name).await?;
    if daemon.store().deployment(&name, id).await?.is_none() {
        return Err(ApiError::no_deployment(&name, id));
    }
    let seq = match headers.get("last-event-id") {
        None => params.after.unwrap_or(0),
        Some(value) => value.to_str().ok().and_then(|text| text.parse().ok()).ok_or_else(|| {
            ApiError::new(
                StatusCode::BAD_REQUEST,
                "bad-event-id",
                "`Last-Event-ID` is not a number that this stream gave",
            )
        })?,
    };
    let lapse = caller.lapse(&daemon);
    let reader = Reader {
        feed: daemon.feed().subscribe(),
        daemon,
        project: name,
        deployment: id,
        seq,
        ended: false,
    };
    let stream = stream::try_unfold(reader, Reader::next_page)
        .map_ok(|page| stream::iter(page).map(Ok))
        .try_flatten()
        .map_ok(|event| to_sse(&event))
        .take_until(lapse);
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

fn to_sse(event: &StreamEvent) -> Event {
    let data = serde_json::to_string(event).expect("wire types have string keys only");
    Event::default().id(event.seq.to_string()).data(data)
}

/// Where one reader stands.
struct Reader {
    daemon: Daemon,
    feed: watch::Receiver<u64>,
    project: String,
    deployment: u64,
    seq: u64,
    ended: bool,
}

impl Reader {
    /// The next events, waiting for them; `None` after the last.
    async fn next_page(mut self) -> Result<Option<(Vec<StreamEvent>, Self)>, StoreError> {
        while !self.ended {
            self.feed.mark_unchanged();
            // Asked first: what is written from now on is not missed.
            let is_over = self.is_over().await?;
            let page = self.daemon.store().events_after(&self.project, self.deployment, self.seq).await?;
            if let Some(last) = page.last() {
                self.seq = last.seq;
                self.ended = page
                    .iter()
                    .any(|event| matches!(event.event, EventBody::State { state, .. } if state.is_final()));
                return Ok(Some((page, self)));
            }
            if is_over {
                return Ok(None);
            }
            let stopping = self.daemon.stopping().clone();
            tokio::select! {
                () = stopping.cancelled() => return Ok(None),
                changed = self.feed.changed() => if changed.is_err() { return Ok(None) },
            }
        }
        Ok(None)
    }

    /// Whether nothing more will come: the deployment has ended, or is gone.
    async fn is_over(&self) -> Result<bool, StoreError> {
        let row = self.daemon.store().deployment(&self.project, self.deployment).await?;
        Ok(row.is_none_or(|row| row.deployment.state.is_final()))
    }
}
