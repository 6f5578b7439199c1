//! Single containers by hand: processes, pauses, copies.

use super::super::console::{
    Attached, CommitRequest, Console, Ending, ExecSession, Happening, Input, Ownership, PathKind, PathStat, ProcessTable, TerminalSize,
    Usage,
};
use super::super::{EngineError, ExecRequest, PullProgress, Selector};
use super::DockerEngine;
use super::answer::{self, or_default};
use super::call::{Call, segment};
use super::transport::absent;
use crate::names::{ContainerId, ImageId, ImageRef};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use http::{HeaderValue, Method};
use serde::Deserialize;
use std::time::Duration;

const VERB: Duration = Duration::from_mins(2);

/// The header in which the engine describes a path.
const STAT: &str = "x-docker-container-path-stat";

/// The bits by which Go marks what is no file.
const GO_FOLDER: u32 = 1 << 31;
const GO_LINK: u32 = 1 << 27;

#[async_trait]
impl Console for DockerEngine {
    async fn attach(&self, id: &ContainerId, input: Input) -> Result<Attached, EngineError> {
        self.attach_to(id, input).await
    }

    async fn await_end(&self, id: &ContainerId, ending: Ending) -> Result<BoxFuture<'static, Result<i64, EngineError>>, EngineError> {
        let condition = match ending {
            Ending::Exit => "next-exit",
            Ending::Removal => "removed",
        };
        self.end_of(id, condition).await
    }

    async fn open_exec(&self, id: &ContainerId, request: &ExecRequest) -> Result<ExecSession, EngineError> {
        self.exec_session(id, request).await
    }

    async fn detach_exec(&self, id: &ContainerId, request: &ExecRequest) -> Result<(), EngineError> {
        self.run_detached(id, request).await
    }

    async fn exec_exit_code(&self, session: &str) -> Result<i64, EngineError> {
        self.exec_result(&segment("exec", session)?, "ask for a command's exit code").await
    }

    async fn resize_container(&self, id: &ContainerId, size: TerminalSize) -> Result<(), EngineError> {
        let path = format!("/containers/{}/resize", segment("container", id.as_str())?);
        self.resize(path, size).await
    }

    async fn resize_exec(&self, session: &str, size: TerminalSize) -> Result<(), EngineError> {
        self.resize(format!("/exec/{}/resize", segment("exec", session)?), size).await
    }

    async fn pause(&self, id: &ContainerId) -> Result<(), EngineError> {
        let name = segment("container", id.as_str())?;
        let verb = self.docker().await?.pause_container(&name);
        self.tell(format!("pause container {id}"), Some(VERB), verb).await
    }

    async fn unpause(&self, id: &ContainerId) -> Result<(), EngineError> {
        let name = segment("container", id.as_str())?;
        let verb = self.docker().await?.unpause_container(&name);
        self.tell(format!("unpause container {id}"), Some(VERB), verb).await
    }

    async fn processes(&self, id: &ContainerId) -> Result<ProcessTable, EngineError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Table {
            #[serde(default, deserialize_with = "or_default")]
            titles: Vec<String>,
            #[serde(default, deserialize_with = "or_default")]
            processes: Vec<Vec<String>>,
        }
        let path = format!("/containers/{}/top", segment("container", id.as_str())?);
        let table: Table = self.ask(Call::get(path, format!("list the processes of container {id}"))).await?;
        Ok(ProcessTable {
            titles: table.titles,
            rows: table.processes,
        })
    }

    async fn stat(&self, id: &ContainerId, path: &str) -> Result<Option<PathStat>, EngineError> {
        let attempt = format!("look at {path} in container {id}");
        let call = Call::new(Method::HEAD, archive(id)?, attempt.as_str()).query("path", path);
        let Some(response) = absent(self.raw(call).await)? else {
            return Ok(None);
        };
        let header = response.headers().get(STAT).map(HeaderValue::as_bytes).unwrap_or_default();
        read_stat(header).map(Some).ok_or_else(|| EngineError::Transport {
            attempt,
            message: "the engine's description of the path was not understood".to_owned(),
        })
    }

    async fn download(&self, id: &ContainerId, path: &str) -> Result<BoxStream<'static, Result<Bytes, EngineError>>, EngineError> {
        let attempt = format!("copy {path} out of container {id}");
        let call = Call::get(archive(id)?, attempt.as_str()).query("path", path).patient();
        Ok(answer::bytes(&attempt, self.raw(call).await?, None))
    }

    async fn upload_stream(
        &self,
        id: &ContainerId,
        folder: &str,
        ownership: Ownership,
        tar: BoxStream<'static, std::io::Result<Bytes>>,
    ) -> Result<(), EngineError> {
        let mut call = Call::new(Method::PUT, archive(id)?, format!("copy files into container {id}"))
            .query("path", folder)
            .query("noOverwriteDirNonDir", "true");
        if ownership == Ownership::Container {
            call = call.query("copyUIDGID", "true");
        }
        let call = call.with_archive().patient();
        self.raw_with(call, bollard::body_try_stream(tar)).await.map(|_| ())
    }

    async fn commit(&self, id: &ContainerId, request: &CommitRequest) -> Result<ImageId, EngineError> {
        self.commit_container(id, request).await
    }

    async fn export(&self, id: &ContainerId) -> Result<BoxStream<'static, Result<Bytes, EngineError>>, EngineError> {
        self.export_container(id).await
    }

    async fn usage(&self, id: &ContainerId, once: bool) -> Result<BoxStream<'static, Result<Usage, EngineError>>, EngineError> {
        self.container_usage(id, once).await
    }

    async fn happenings(
        &self,
        selector: &Selector,
        since: Option<&str>,
        until: Option<&str>,
    ) -> Result<BoxStream<'static, Result<Happening, EngineError>>, EngineError> {
        self.container_events(selector, since, until).await
    }

    async fn push_image(&self, image: &ImageRef, progress: &mut (dyn FnMut(PullProgress) + Send)) -> Result<(), EngineError> {
        self.push(image, progress).await
    }
}

impl DockerEngine {
    async fn resize(&self, path: String, size: TerminalSize) -> Result<(), EngineError> {
        let call = Call::post(path, "resize a terminal")
            .query("h", &size.rows.to_string())
            .query("w", &size.columns.to_string());
        self.raw(call).await.map(|_| ())
    }
}

fn archive(id: &ContainerId) -> Result<String, EngineError> {
    Ok(format!("/containers/{}/archive", segment("container", id.as_str())?))
}

fn read_stat(header: &[u8]) -> Option<PathStat> {
    #[derive(Deserialize)]
    struct Described {
        name: String,
        size: i64,
        mode: u32,
        #[serde(rename = "linkTarget", default)]
        link: String,
    }
    let described: Described = serde_json::from_slice(&STANDARD.decode(header).ok()?).ok()?;
    Some(PathStat {
        name: described.name,
        kind: match described.mode {
            mode if mode & GO_FOLDER != 0 => PathKind::Folder,
            mode if mode & GO_LINK != 0 => PathKind::Link(described.link),
            _ => PathKind::File,
        },
        size: u64::try_from(described.size).unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_described() {
        let stat = |json: &str| read_stat(STANDARD.encode(json).as_bytes());
        let found = |name: &str, kind: PathKind| {
            Some(PathStat {
                name: name.to_owned(),
                kind,
                size: 5,
            })
        };
        assert_eq!(stat(r#"{"name":"a","size":5,"mode":420}"#), found("a", PathKind::File));
        assert_eq!(stat(r#"{"name":"d","size":5,"mode":2147484141}"#), found("d", PathKind::Folder));
        assert_eq!(
            stat(r#"{"name":"l","size":5,"mode":134218239,"linkTarget":"/t"}"#),
            found("l", PathKind::Link("/t".to_owned()))
        );
        assert_eq!(read_stat(b"?"), None);
    }
}
