//! What containers wrote.

use super::super::{EngineError, LogChunk, LogRequest};
use super::DockerEngine;
use super::answer;
use super::call::{Call, segment};
use super::frames::{Frames, Framing};
use super::moment::moment;
use crate::names::ContainerId;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use std::time::Duration;

/// How long the engine may take to find the next of the lines that are there.
const SILENCE: Duration = Duration::from_mins(2);

impl DockerEngine {
    pub(super) fn log_stream(&self, id: &ContainerId, request: &LogRequest) -> BoxStream<'static, Result<LogChunk, EngineError>> {
        let (engine, id, request) = (self.clone(), id.clone(), request.clone());
        stream::once(async move { engine.open_logs(&id, &request).await })
            .try_flatten()
            .boxed()
    }

    async fn open_logs(
        &self,
        id: &ContainerId,
        request: &LogRequest,
    ) -> Result<BoxStream<'static, Result<LogChunk, EngineError>>, EngineError> {
        let attempt = format!("read the logs of container {id}");
        // Old engines do not say how they frame the answer; whether there is a terminal decides.
        let Some(details) = self.container(id).await? else {
            return Err(EngineError::Refused {
                attempt,
                status: 404,
                message: "there is no such container".to_owned(),
            });
        };
        let switch = |on: bool| if on { "1" } else { "0" };
        let path = format!("/containers/{}/logs", segment("container", id.as_str())?);
        let call = Call::get(path, attempt.as_str())
            .query("stdout", "1")
            .query("stderr", "1")
            .query("follow", switch(request.follow))
            .query("timestamps", switch(request.timestamps))
            .query("tail", &request.tail.map_or_else(|| "all".to_owned(), |lines| lines.to_string()))
            .query_some("since", time(&attempt, request.since.as_deref())?.as_deref())
            .query_some("until", time(&attempt, request.until.as_deref())?.as_deref());
        let response = self.raw(call).await?;
        let framing = if details.tty { Framing::Raw } else { Framing::Multiplexed };
        // One that follows a container is silent as long as that is.
        let silence = (!request.follow).then_some(SILENCE);
        Ok(chunks(&attempt, framing, answer::bytes(&attempt, response, silence)))
    }
}

fn time(attempt: &str, text: Option<&str>) -> Result<Option<String>, EngineError> {
    let Some(text) = text else {
        return Ok(None);
    };
    moment(text).map(Some).ok_or_else(|| EngineError::Failed {
        attempt: attempt.to_owned(),
        message: format!("`{text}` is no time; 2024-05-01T10:30:00Z or seconds since 1970 are"),
    })
}

/// A process's output out of the bytes of a connection.
pub(super) fn chunks(
    attempt: &str,
    framing: Framing,
    source: BoxStream<'static, Result<Bytes, EngineError>>,
) -> BoxStream<'static, Result<LogChunk, EngineError>> {
    let attempt = attempt.to_owned();
    let mut frames = Frames::new(framing);
    source
        .map(move |bytes| {
            frames
                .push(bytes?)
                .map(|chunks| stream::iter(chunks.into_iter().map(Ok)))
                .map_err(|message| EngineError::Failed {
                    attempt: attempt.clone(),
                    message,
                })
        })
        .try_flatten()
        .boxed()
}
