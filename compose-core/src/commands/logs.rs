//! `logs`: the output of several containers as one stream of lines.

use super::Context;
use crate::engine::{ContainerDetails, Engine, EngineError, LogChunk, LogRequest, LogStream};
use crate::labels::{self, Ownership, Role};
use crate::names::{ContainerId, ContainerName, ProjectName, ServiceName};
use futures::stream::{BoxStream, SelectAll, StreamExt};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// The longest line that is passed on whole; a longer one comes in pieces, so that no container can fill the memory.
const LONGEST_LINE: usize = 1 << 20;

/// Which output, of which containers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// Only these services; all when empty.
    pub services: Vec<ServiceName>,
    /// Only the container of this number.
    pub number: Option<u32>,
    /// When following, waits for containers that start later even when none runs.
    pub stays: bool,
    /// Which part of each container's output. When following, containers that start later are followed too.
    pub request: LogRequest,
}

/// A line that a container wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// The service.
    pub service: ServiceName,
    /// The container.
    pub container: ContainerName,
    /// Which output.
    pub stream: LogStream,
    /// The line, without its end; `timestamps` puts its time before it.
    pub text: String,
}

/// The lines of a project's containers. Each container's lines keep their order; the stream ends
/// when all have been read or, when following, when the last container has ended; one that stays ends with the engine.
pub async fn logs(
    context: &Context,
    project: &ProjectName,
    options: &LogOptions,
) -> Result<BoxStream<'static, Result<LogLine, EngineError>>, EngineError> {
    let engine = Arc::clone(&context.engine);
    let starts = if options.request.follow {
        Some(engine.watch(&labels::of_project(project)).await?)
    } else {
        None
    };
    let mut follower = Follower {
        engine,
        options: options.clone(),
        read: BTreeMap::new(),
    };
    let mut sources = SelectAll::new();
    let mut found = follower.engine.list_containers(&labels::of_project(project)).await?;
    found.sort_by(|a, b| a.name.cmp(&b.name));
    for summary in found {
        if let Some(owner) = Ownership::read(&summary.labels)
            && follower.wants(&owner)
        {
            if starts.is_some() {
                follower.note(&summary.id).await?;
            }
            sources.push(follower.read(owner.service, summary.name, &summary.id, &options.request));
        }
    }
    let Some(starts) = starts else {
        return Ok(in_turn(sources));
    };
    let merged = futures::stream::unfold((follower, sources, starts), |(mut follower, mut sources, mut starts)| async move {
        loop {
            tokio::select! {
                line = sources.next(), if !sources.is_empty() => {
                    if let Some(line) = line {
                        return Some((line, (follower, sources, starts)));
                    }
                }
                Some(Ok(change)) = starts.next(), if follower.options.stays || !sources.is_empty() => {
                    if change.action == "start" {
                        follower.follow(&change.id, &mut sources).await;
                    }
                }
                else => return None,
            }
        }
    });
    Ok(merged.boxed())
}

/// The lines of one container.
type Lines = BoxStream<'static, Result<LogLine, EngineError>>;

/// One container after the other, in the order of their names.
fn in_turn(sources: SelectAll<Lines>) -> Lines {
    let sources: Vec<Lines> = sources.into_iter().collect();
    futures::stream::iter(sources).flatten().boxed()
}

/// Finds containers to read and reads them.
struct Follower {
    engine: Arc<dyn Engine>,
    options: LogOptions,
    /// The starts whose output is read, by container: one between the watch and the list is told by both.
    read: BTreeMap<ContainerId, Option<String>>,
}

impl Follower {
    fn wants(&self, owner: &Ownership) -> bool {
        let wanted_service = self.options.services.is_empty() || self.options.services.contains(&owner.service);
        let wanted_number = match (self.options.number, &owner.role) {
            (Some(wanted), Role::Replica(number)) => number.is_some_and(|number| number.get() == wanted),
            (Some(_), Role::OneOff { .. }) => false,
            (None, _) => true,
        };
        wanted_service && wanted_number && matches!(owner.role, Role::Replica(_))
    }

    /// Remembers from which start on a container is read.
    async fn note(&mut self, id: &ContainerId) -> Result<(), EngineError> {
        if let Some(found) = self.engine.inspect_container(id).await? {
            self.read.insert(id.clone(), found.state.started_at);
        }
        Ok(())
    }

    /// Reads a container that started while others were followed: from this start on.
    async fn follow(&mut self, id: &ContainerId, sources: &mut SelectAll<Lines>) {
        let Ok(Some(ContainerDetails { name, labels, state, .. })) = self.engine.inspect_container(id).await else {
            return;
        };
        let Some(owner) = Ownership::read(&labels) else { return };
        let is_read = state.started_at.is_some() && self.read.get(id) == Some(&state.started_at);
        if self.wants(&owner) && !is_read {
            self.read.insert(id.clone(), state.started_at.clone());
            let request = LogRequest {
                tail: None,
                since: state.started_at,
                ..self.options.request.clone()
            };
            sources.push(self.read(owner.service, name, id, &request));
        }
    }

    fn read(&self, service: ServiceName, container: ContainerName, id: &ContainerId, request: &LogRequest) -> Lines {
        let chunks = self.engine.logs(id, request);
        let cut = Cutter {
            service,
            container,
            stdout: Vec::new(),
            stderr: Vec::new(),
            ready: VecDeque::new(),
        };
        futures::stream::unfold((chunks, cut, false), |(mut chunks, mut cut, mut over)| async move {
            loop {
                if let Some(line) = cut.ready.pop_front() {
                    return Some((Ok(line), (chunks, cut, over)));
                }
                if over {
                    return None;
                }
                match chunks.next().await {
                    Some(Ok(chunk)) => cut.take(&chunk),
                    Some(Err(error)) => return Some((Err(error), (chunks, cut, true))),
                    None => {
                        cut.finish();
                        over = true;
                    }
                }
            }
        })
        .boxed()
    }
}

/// Cuts chunks into lines, each output by itself.
struct Cutter {
    service: ServiceName,
    container: ContainerName,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    ready: VecDeque<LogLine>,
}

impl Cutter {
    fn take(&mut self, chunk: &LogChunk) {
        let rest = self.rest(chunk.stream);
        rest.extend(&chunk.bytes);
        let mut lines = Vec::new();
        let mut start = 0;
        for (index, byte) in rest.iter().enumerate() {
            if *byte == b'\n' || index - start >= LONGEST_LINE {
                lines.push(rest[start..=index].to_vec());
                start = index + 1;
            }
        }
        rest.drain(..start);
        for line in lines {
            self.push(chunk.stream, &line);
        }
    }

    fn finish(&mut self) {
        for stream in [LogStream::Stdout, LogStream::Stderr] {
            let rest = std::mem::take(self.rest(stream));
            if !rest.is_empty() {
                self.push(stream, &rest);
            }
        }
    }

    fn rest(&mut self, stream: LogStream) -> &mut Vec<u8> {
        match stream {
            LogStream::Stdout => &mut self.stdout,
            LogStream::Stderr => &mut self.stderr,
        }
    }

    fn push(&mut self, stream: LogStream, line: &[u8]) {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        self.ready.push_back(LogLine {
            service: self.service.clone(),
            container: self.container.clone(),
            stream,
            text: String::from_utf8_lossy(line).into_owned(),
        });
    }
}
