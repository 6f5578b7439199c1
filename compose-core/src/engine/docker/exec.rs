//! Commands run inside containers.

use super::super::{EngineError, ExecRequest, LogChunk};
use super::DockerEngine;
use super::answer;
use super::call::{Call, segment};
use super::frames::Framing;
use super::logs::chunks;
use crate::names::ContainerId;
use futures::stream::TryStreamExt as _;
use serde::{Deserialize, Serialize};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ExecBody<'a> {
    attach_stdout: bool,
    attach_stderr: bool,
    privileged: bool,
    cmd: &'a [String],
    env: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    working_dir: Option<&'a str>,
}

#[derive(Deserialize)]
struct Prepared {
    #[serde(rename = "Id")]
    id: String,
}

impl DockerEngine {
    pub(super) async fn run_in(
        &self,
        id: &ContainerId,
        request: &ExecRequest,
        output: &mut (dyn FnMut(LogChunk) + Send),
    ) -> Result<i64, EngineError> {
        let attempt = format!("run a command in container {id}");
        let exec = self.prepare_exec(id, request, &attempt).await?;
        let start = Call::post(format!("/exec/{exec}/start"), attempt.as_str())
            .json(&serde_json::json!({"Detach": false, "Tty": false}))?
            .patient();
        let response = self.raw(start).await?;
        let mut written = chunks(&attempt, Framing::Multiplexed, answer::bytes(&attempt, response));
        while let Some(chunk) = written.try_next().await? {
            output(chunk);
        }
        self.exec_exit_code(&exec, attempt).await
    }

    async fn prepare_exec(&self, id: &ContainerId, request: &ExecRequest, attempt: &str) -> Result<String, EngineError> {
        let body = ExecBody {
            attach_stdout: true,
            attach_stderr: true,
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

    async fn exec_exit_code(&self, exec: &str, attempt: String) -> Result<i64, EngineError> {
        #[derive(Deserialize)]
        struct Ended {
            #[serde(rename = "ExitCode")]
            exit_code: Option<i64>,
        }
        let ended: Ended = self.ask(Call::get(format!("/exec/{exec}/json"), attempt.as_str())).await?;
        ended.exit_code.ok_or_else(|| EngineError::Failed {
            attempt,
            message: "the engine knows no exit code of it".to_owned(),
        })
    }
}
