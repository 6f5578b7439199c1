//! What the containers write, as a stream.

use super::events::KEEP_ALIVE;
use super::extract::{At, Params};
use super::projects::find;
use super::{Api, get, services};
use crate::daemon::Daemon;
use crate::daemon::auth::Viewer;
use crate::daemon::environment::Environment;
use crate::daemon::problem::ApiError;
use crate::daemon::redact::Redactor;
use crate::wire::{LogLine, Role};
use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use compose_core::engine::docker::moment;
use compose_core::engine::{Engine, EngineError, LogChunk, LogRequest, LogStream};
use compose_core::labels::{self, Ownership};
use compose_core::names::{ContainerId, ContainerName, ProjectName, ServiceName};
use futures::stream::{Stream, StreamExt as _};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_stream::wrappers::ReceiverStream;

/// How many lines may be on their way to a slow reader.
const IN_FLIGHT: usize = 64;
/// How long a line without an end may become, in bytes, before it is cut.
const LONGEST_LINE: usize = 64 * 1024;

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
    let redactor = Environment::current(&daemon, &name).await?.redactor();
    let (lines, receiver) = mpsc::channel(IN_FLIGHT);
    if let Some(compose_name) = project.compose_name {
        let readers = Readers::new(&daemon, (compose_name, services), params, lines);
        readers.start().await?;
    }
    let lines = ReceiverStream::new(receiver).take_until(caller.lapse(&daemon));
    let stream = lines.map(move |line: LogLine| Ok(to_sse(line, &redactor)));
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

fn to_sse(mut line: LogLine, redactor: &Redactor) -> Event {
    line.line = redactor.clean(line.line);
    Event::default().data(serde_json::to_string(&line).expect("wire types have string keys only"))
}

/// One reader per container, and one more that looks out for new containers.
struct Readers {
    daemon: Daemon,
    project: ProjectName,
    services: BTreeSet<ServiceName>,
    request: LogRequest,
    lines: mpsc::Sender<LogLine>,
    tasks: JoinSet<()>,
    reading: BTreeSet<ContainerId>,
}

impl Readers {
    fn new(daemon: &Daemon, (project, services): (String, BTreeSet<ServiceName>), params: LogParams, lines: mpsc::Sender<LogLine>) -> Self {
        Self {
            daemon: daemon.clone(),
            project: ProjectName::from(project),
            services,
            request: LogRequest {
                follow: params.follow,
                tail: params.tail,
                since: params.since,
                ..LogRequest::default()
            },
            lines,
            tasks: JoinSet::new(),
            reading: BTreeSet::new(),
        }
    }

    /// Begins to read; ends by itself when everything is read, or the other end has gone.
    async fn start(mut self) -> Result<(), EngineError> {
        let engine = Arc::clone(self.daemon.engine());
        let selector = labels::of_project(&self.project);
        let request = self.request.clone();
        // First the watch, then the list: a container that starts in between is in both.
        let changes = if self.request.follow {
            Some(engine.watch(&selector).await?)
        } else {
            None
        };
        for container in engine.list_containers(&selector).await? {
            self.read(&container.id, &container.name, &container.labels, &request);
        }
        tokio::spawn(async move {
            let lines = self.lines.clone();
            let stopping = self.daemon.stopping().clone();
            let work = async {
                if let Some(mut changes) = changes {
                    while let Some(Ok(change)) = changes.next().await {
                        if change.action == "start" {
                            self.follow(engine.as_ref(), &change.id).await;
                        }
                    }
                }
                while self.tasks.join_next().await.is_some() {}
            };
            tokio::select! {
                () = lines.closed() => {}
                () = stopping.cancelled() => {}
                () = work => {}
            }
        });
        Ok(())
    }

    /// Reads a container that started while others were read: from its first line.
    async fn follow(&mut self, engine: &dyn Engine, id: &ContainerId) {
        while self.tasks.try_join_next().is_some() {}
        if self.reading.contains(id) {
            return;
        }
        if let Ok(Some(details)) = engine.inspect_container(id).await {
            let request = LogRequest {
                tail: None,
                ..self.request.clone()
            };
            self.read(id, &details.name, &details.labels, &request);
        }
    }

    fn read(&mut self, id: &ContainerId, name: &ContainerName, labels: &BTreeMap<String, String>, request: &LogRequest) {
        let Some(owner) = Ownership::read(labels) else {
            return;
        };
        if !self.services.is_empty() && !self.services.contains(&owner.service) {
            return;
        }
        self.reading.insert(id.clone());
        let chunks = self.daemon.engine().logs(id, request);
        let (lines, service, container) = (self.lines.clone(), owner.service.to_string(), name.to_string());
        self.tasks.spawn(async move {
            let mut splitter = Splitter::default();
            futures::pin_mut!(chunks);
            while let Some(Ok(chunk)) = chunks.next().await {
                for (stream, line) in splitter.push(&chunk) {
                    if send(&lines, &service, &container, stream, line).await.is_err() {
                        return;
                    }
                }
            }
            for (stream, line) in splitter.finish() {
                let _ = send(&lines, &service, &container, stream, line).await;
            }
        });
    }
}

async fn send(
    lines: &mpsc::Sender<LogLine>,
    service: &str,
    container: &str,
    stream: LogStream,
    line: String,
) -> Result<(), mpsc::error::SendError<LogLine>> {
    let line = LogLine {
        service: service.to_owned(),
        container: container.to_owned(),
        stream,
        line,
    };
    lines.send(line).await
}

/// Cuts what a container writes into lines, each output for itself.
#[derive(Default)]
struct Splitter {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Splitter {
    fn push(&mut self, chunk: &LogChunk) -> Vec<(LogStream, String)> {
        let rest = match chunk.stream {
            LogStream::Stdout => &mut self.stdout,
            LogStream::Stderr => &mut self.stderr,
        };
        rest.extend_from_slice(&chunk.bytes);
        let mut lines = Vec::new();
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            lines.push((chunk.stream, text(&line)));
        }
        if rest.len() > LONGEST_LINE {
            lines.push((chunk.stream, text(&std::mem::take(rest))));
        }
        lines
    }

    fn finish(&mut self) -> Vec<(LogStream, String)> {
        let ends = [(LogStream::Stdout, &mut self.stdout), (LogStream::Stderr, &mut self.stderr)];
        let open = ends.into_iter().filter(|(_, rest)| !rest.is_empty());
        open.map(|(stream, rest)| (stream, text(&std::mem::take(rest)))).collect()
    }
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim_end_matches(['\n', '\r']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_they_are_written() {
        let mut splitter = Splitter::default();
        let mut push = |stream, text: &str| {
            splitter.push(&LogChunk {
                stream,
                bytes: text.as_bytes().to_vec(),
            })
        };
        assert_eq!(push(LogStream::Stdout, "on"), []);
        assert_eq!(push(LogStream::Stderr, "err\n"), [(LogStream::Stderr, "err".to_owned())]);
        let both = push(LogStream::Stdout, "e\r\ntwo\nthr");
        assert_eq!(both, [(LogStream::Stdout, "one".to_owned()), (LogStream::Stdout, "two".to_owned())]);
        assert_eq!(splitter.finish(), [(LogStream::Stdout, "thr".to_owned())]);
        assert_eq!(splitter.finish(), []);
    }

    #[test]
    fn a_line_without_an_end_is_cut() {
        let mut splitter = Splitter::default();
        let chunk = LogChunk {
            stream: LogStream::Stdout,
            bytes: vec![b'x'; LONGEST_LINE + 1],
        };
        assert_eq!(splitter.push(&chunk).len(), 1);
        assert_eq!(splitter.finish(), []);
    }
}
