//! What the containers write, as a stream.

use super::events::KEEP_ALIVE;
use super::extract::{At, Params};
use super::projects::find;
use super::{Api, get, services};
use crate::daemon::Daemon;
use crate::daemon::auth::Viewer;
use crate::daemon::deployment::converge;
use crate::daemon::environment::Environment;
use crate::daemon::problem::ApiError;
use crate::daemon::redact::Redactor;
use crate::wire::{LogLine, Role};
use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use compose_core::commands::{self, LogOptions};
use compose_core::engine::docker::moment;
use compose_core::engine::{EngineError, LogRequest};
use compose_core::event::NoEvents;
use compose_core::names::{ProjectName, ServiceName};
use futures::stream::{self, Stream, StreamExt as _};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;

/// How much of a line is told at a time, in bytes; readers refuse events of more than 1 MiB, and escaping makes text longer.
const LONGEST_PIECE: usize = 64 * 1024;

pub(super) fn routes(api: Api) -> Api {
    api.add(
        get("/v1/projects/{p}/logs", "What the containers write, as server-sent events")
            .needs(Role::Viewer)
            .query("service:string follow:boolean tail:integer since:string")
            .answers(200, "LogLine"),
        logs,
    )
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LogParams {
    /// Services, separated by commas; all when absent.
    service: Option<String>,
    /// Go on with what is written from now on.
    #[serde(default)]
    follow: bool,
    /// Only so many of each container's last lines.
    tail: Option<u64>,
    /// Only from here: RFC 3339, or seconds since 1970.
    since: Option<String>,
}

impl LogParams {
    fn services(&self) -> BTreeSet<ServiceName> {
        let names = self.service.iter().flat_map(|list| list.split(','));
        names.filter(|name| !name.is_empty()).map(ServiceName::new).collect()
    }

    fn options(self, services: BTreeSet<ServiceName>) -> LogOptions {
        LogOptions {
            services: services.into_iter().collect(),
            number: None,
            // Whoever follows sees what a deployment puts in place of the last container.
            stays: true,
            request: LogRequest {
                follow: self.follow,
                tail: self.tail,
                since: self.since,
                ..LogRequest::default()
            },
        }
    }
}

async fn logs(
    State(daemon): State<Daemon>,
    Viewer(caller): Viewer,
    At(name): At<String>,
    Params(params): Params<LogParams>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let project = find(&daemon, &name).await?;
    if let Some(since) = params.since.as_deref().filter(|since| moment(since).is_none()) {
        let detail = format!("`{since}` is no time");
        return Err(ApiError::invalid("invalid-time", detail).help("2024-05-01T10:30:00Z is one, and 10m is ten minutes ago"));
    }
    let services = params.services();
    services::check(&daemon, &project, &services).await?;
    let redactor = Environment::hidden(&daemon, &name).await?;
    let lines = match project.compose_name.map(ProjectName::from) {
        Some(compose_name) => {
            let context = converge::context(&daemon, Arc::new(NoEvents), daemon.stopping().child_token()).await?;
            commands::logs(&context, &compose_name, &params.options(services)).await?
        }
        None => stream::empty().boxed(),
    };
    let stopping = daemon.stopping().clone().cancelled_owned();
    let lines = lines.take_until(caller.lapse(&daemon)).take_until(stopping);
    let stream = lines.flat_map(move |line| stream::iter(to_sse(line, &redactor).into_iter().map(Ok)));
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// A line for the reader, a long one in pieces. That one container cannot be read keeps no other from it.
fn to_sse(line: Result<commands::LogLine, EngineError>, redactor: &Redactor) -> Vec<Event> {
    let line = match line {
        Ok(line) => line,
        Err(error) => {
            tracing::info!(%error, "the output of a container is not read");
            return Vec::new();
        }
    };
    let text = redactor.clean(line.text);
    let event = |piece: &str| {
        let line = LogLine {
            service: line.service.to_string(),
            container: line.container.to_string(),
            stream: line.stream,
            line: piece.to_owned(),
        };
        Event::default().data(serde_json::to_string(&line).expect("wire types have string keys only"))
    };
    pieces(&text).into_iter().map(event).collect()
}

/// A text in pieces of at most [`LONGEST_PIECE`] bytes; one where there is nothing to cut.
fn pieces(text: &str) -> Vec<&str> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while rest.len() > LONGEST_PIECE {
        let (piece, behind) = rest.split_at(rest.floor_char_boundary(LONGEST_PIECE));
        pieces.push(piece);
        rest = behind;
    }
    pieces.push(rest);
    pieces
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_PIECE, pieces};

    #[test]
    fn long_lines_come_in_pieces_that_readers_take() {
        assert_eq!(pieces(""), [""]);
        let long = format!("a{}", "é".repeat(LONGEST_PIECE));
        let cut = pieces(&long);
        assert_eq!((cut.len(), cut.concat()), (3, long.clone()));
        assert!(cut.iter().all(|piece| !piece.is_empty() && piece.len() <= LONGEST_PIECE));
    }
}
