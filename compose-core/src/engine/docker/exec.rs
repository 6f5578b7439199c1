//! Commands run inside containers, and connections to processes.

use super::super::console::{Attached, ExecSession, Input};
use super::super::{EngineError, ExecRequest, LogChunk};
use super::DockerEngine;
use super::answer;
use super::call::{Call, segment};
use super::frames::Framing;
use super::logs::chunks;
use super::transport::with_causes;
use crate::names::ContainerId;
use futures::stream::{StreamExt as _, TryStreamExt as _};
use http::HeaderValue;
use http::header::{CONNECTION, UPGRADE};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio_util::io::ReaderStream;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ExecBody<'a> {
    attach_stdin: bool,
    attach_stdout: bool,
    attach_stderr: bool,
    tty: bool,
    privileged: bool,
    cmd: &'a [String],
    env: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    working_dir: Option<&'a str>,
}

/// What is connected to a command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Streams {
    /// Its output.
    Output,
    /// What the request asks for.
    AsAsked,
    /// Nothing.
    None,
}

impl DockerEngine {
    pub(super) async fn run_in(
        &self,
        id: &ContainerId,
        request: &ExecRequest,
        output: &mut (dyn FnMut(LogChunk) + Send),
    ) -> Result<i64, EngineError> {
        let attempt = format!("run a command in container {id}");
        let exec = self.prepare_exec(id, request, Streams::Output, &attempt).await?;
        let start = start_exec(&exec, Start::Attached { tty: false }, &attempt)?;
        let response = self.raw(start).await?;
        let mut written = chunks(&attempt, Framing::Multiplexed, answer::bytes(&attempt, response, None));
        while let Some(chunk) = written.try_next().await? {
            output(chunk);
        }
        self.exec_result(&exec, &attempt).await
    }

    pub(super) async fn run_detached(&self, id: &ContainerId, request: &ExecRequest) -> Result<(), EngineError> {
        let attempt = format!("run a command in container {id}");
        let exec = self.prepare_exec(id, request, Streams::None, &attempt).await?;
        self.raw(start_exec(&exec, Start::Detached, &attempt)?).await.map(|_| ())
    }

    pub(super) async fn exec_session(&self, id: &ContainerId, request: &ExecRequest) -> Result<ExecSession, EngineError> {
        let attempt = format!("run a command in container {id}");
        let exec = self.prepare_exec(id, request, Streams::AsAsked, &attempt).await?;
        let start = start_exec(&exec, Start::Attached { tty: request.tty }, &attempt)?;
        let streams = self.upgrade(start, framing(request.tty)).await?;
        Ok(ExecSession { id: exec, streams })
    }

    pub(super) async fn attach_to(&self, id: &ContainerId, input: Input) -> Result<Attached, EngineError> {
        let attempt = format!("attach to container {id}");
        let Some(details) = self.container(id).await? else {
            return Err(EngineError::Refused {
                attempt,
                status: 404,
                message: "there is no such container".to_owned(),
            });
        };
        let stdin = if input == Input::Connected { "1" } else { "0" };
        let path = format!("/containers/{}/attach", segment("container", id.as_str())?);
        let call = Call::post(path, attempt)
            .query("stream", "1")
            .query("stdin", stdin)
            .query("stdout", "1")
            .query("stderr", "1");
        self.upgrade(call, framing(details.tty)).await
    }

    /// Turns a request's connection into the streams of a process.
    async fn upgrade(&self, call: Call, framing: Framing) -> Result<Attached, EngineError> {
        let attempt = call.attempt.clone();
        let call = call
            .header(CONNECTION, HeaderValue::from_static("Upgrade"))
            .header(UPGRADE, HeaderValue::from_static("tcp"));
        let response = self.raw(call).await?;
        let broken = |error: &(dyn std::error::Error + 'static)| EngineError::Transport {
            attempt: attempt.clone(),
            message: with_causes(error),
        };
        let connection = hyper::upgrade::on(response).await.map_err(|error| broken(&error))?;
        let (output, input) = tokio::io::split(TokioIo::new(connection));
        let failed = attempt.clone();
        let output = ReaderStream::new(output).map_err(move |error| EngineError::Transport {
            attempt: failed.clone(),
            message: error.to_string(),
        });
        Ok(Attached {
            input: Box::new(input),
            output: chunks(&attempt, framing, output.boxed()),
        })
    }

    async fn prepare_exec(&self, id: &ContainerId, request: &ExecRequest, streams: Streams, attempt: &str) -> Result<String, EngineError> {
        #[derive(Deserialize)]
        struct Prepared {
            #[serde(rename = "Id")]
            id: String,
        }
        let asked = streams == Streams::AsAsked;
        let body = ExecBody {
            attach_stdin: asked && request.stdin,
            attach_stdout: streams != Streams::None,
            attach_stderr: streams != Streams::None,
            tty: asked && request.tty,
            privileged: request.privileged,
            cmd: &request.command,
            env: &request.environment,
            user: request.user.as_deref(),
            working_dir: request.working_dir.as_deref(),
        };
        let path = format!("/containers/{}/exec", segment("container", id.as_str())?);
        let prepared: Prepared = self.ask(Call::post(path, attempt).json(&body)?).await?;
        segment("exec", &prepared.id)
    }

    /// The exit code of a command that has ended.
    pub(super) async fn exec_result(&self, exec: &str, attempt: &str) -> Result<i64, EngineError> {
        #[derive(Deserialize)]
        struct Ended {
            #[serde(rename = "ExitCode")]
            exit_code: Option<i64>,
        }
        let ended: Ended = self.ask(Call::get(format!("/exec/{exec}/json"), attempt)).await?;
        ended.exit_code.ok_or_else(|| EngineError::Failed {
            attempt: attempt.to_owned(),
            message: "the engine knows no exit code of it".to_owned(),
        })
    }
}

/// How a prepared command is started.
#[derive(Clone, Copy)]
enum Start {
    Attached { tty: bool },
    Detached,
}

fn start_exec(exec: &str, start: Start, attempt: &str) -> Result<Call, EngineError> {
    let body = match start {
        Start::Attached { tty } => serde_json::json!({"Detach": false, "Tty": tty}),
        Start::Detached => serde_json::json!({"Detach": true}),
    };
    Ok(Call::post(format!("/exec/{exec}/start"), attempt).json(&body)?.patient())
}

fn framing(tty: bool) -> Framing {
    if tty { Framing::Raw } else { Framing::Multiplexed }
}
