//! What people do with single containers by hand: consoles, copies, pauses.

use super::{EngineError, ExecRequest, LogChunk, PullProgress, Selector};
use crate::names::{ContainerId, ImageId, ImageRef};
use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use std::collections::BTreeMap;
use tokio::io::AsyncWrite;

/// What an engine offers for single containers, beyond what running an application needs.
#[async_trait]
pub trait Console: Send + Sync {
    /// Connects to the process of a container. What it wrote before is not repeated.
    async fn attach(&self, id: &ContainerId, input: Input) -> Result<Attached, EngineError>;
    /// Begins to wait for the end of a container that is about to start: what ends at once is not
    /// missed. One that the engine removes by itself is awaited until it is gone.
    async fn await_end(&self, id: &ContainerId, ending: Ending) -> Result<BoxFuture<'static, Result<i64, EngineError>>, EngineError>;
    /// Starts a command in a container and connects to it.
    async fn open_exec(&self, id: &ContainerId, request: &ExecRequest) -> Result<ExecSession, EngineError>;
    /// Starts a command in a container and lets it be.
    async fn detach_exec(&self, id: &ContainerId, request: &ExecRequest) -> Result<(), EngineError>;
    /// The exit code of a command that has ended.
    async fn exec_exit_code(&self, session: &str) -> Result<i64, EngineError>;
    /// Tells the size of the window to the terminal of a container.
    async fn resize_container(&self, id: &ContainerId, size: TerminalSize) -> Result<(), EngineError>;
    /// Tells the size of the window to the terminal of a command.
    async fn resize_exec(&self, session: &str, size: TerminalSize) -> Result<(), EngineError>;
    /// Freezes a container's processes.
    async fn pause(&self, id: &ContainerId) -> Result<(), EngineError>;
    /// Lets frozen processes go on.
    async fn unpause(&self, id: &ContainerId) -> Result<(), EngineError>;
    /// The processes of a container.
    async fn processes(&self, id: &ContainerId) -> Result<ProcessTable, EngineError>;
    /// What stands at a path in a container; `None` when nothing does.
    async fn stat(&self, id: &ContainerId, path: &str) -> Result<Option<PathStat>, EngineError>;
    /// A file or folder of a container, as a tar archive whose paths begin with its name.
    async fn download(&self, id: &ContainerId, path: &str) -> Result<BoxStream<'static, Result<Bytes, EngineError>>, EngineError>;
    /// Unpacks a tar archive into a folder of a container while it is made.
    async fn upload_stream(
        &self,
        id: &ContainerId,
        folder: &str,
        ownership: Ownership,
        tar: BoxStream<'static, std::io::Result<Bytes>>,
    ) -> Result<(), EngineError>;
    /// Makes an image of a container's files.
    async fn commit(&self, id: &ContainerId, request: &CommitRequest) -> Result<ImageId, EngineError>;
    /// A container's whole file system as a tar archive.
    async fn export(&self, id: &ContainerId) -> Result<BoxStream<'static, Result<Bytes, EngineError>>, EngineError>;
    /// What a container takes of the machine, about once a second while it runs; only once where that is asked for.
    async fn usage(&self, id: &ContainerId, once: bool) -> Result<BoxStream<'static, Result<Usage, EngineError>>, EngineError>;
    /// Everything that happens to the selector's containers: from `since` on, else from the moment of
    /// the call on; up to `until`, else without end.
    async fn happenings(
        &self,
        selector: &Selector,
        since: Option<&str>,
        until: Option<&str>,
    ) -> Result<BoxStream<'static, Result<Happening, EngineError>>, EngineError>;
    /// Sends an image to its registry, with the credentials that the engine object holds for it.
    async fn push_image(&self, image: &ImageRef, progress: &mut (dyn FnMut(PullProgress) + Send)) -> Result<(), EngineError>;
}

/// When a container's run is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// When its process ends.
    Exit,
    /// When the engine has removed it, too.
    Removal,
}

/// Whether standard input is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// It is.
    Connected,
    /// Only output is.
    Ignored,
}

/// Who owns what is unpacked into a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// Whom the archive names.
    Archive,
    /// The container's user.
    Container,
}

/// The streams of a process.
pub struct Attached {
    /// Its standard input; shutting it down is the end of its input. The engine then also lets go of the
    /// output, where there is a terminal or the container was made without `stdin_once`.
    pub input: Box<dyn AsyncWrite + Send + Unpin>,
    /// What it writes, until it ends.
    pub output: BoxStream<'static, Result<LogChunk, EngineError>>,
}

impl std::fmt::Debug for Attached {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Attached")
    }
}

/// A command that runs in a container.
#[derive(Debug)]
pub struct ExecSession {
    /// The engine's id of it.
    pub id: String,
    /// Its streams.
    pub streams: Attached,
}

/// How an image is made of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitRequest {
    /// The image's name; without one it has only its id.
    pub name: Option<ImageRef>,
    /// Who made it.
    pub author: Option<String>,
    /// What for.
    pub comment: Option<String>,
    /// Instructions of a Dockerfile that are applied to it.
    pub changes: Vec<String>,
    /// The container is frozen meanwhile.
    pub pause: bool,
}

/// What a container takes of the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Of one processor.
    pub cpu_percent: f64,
    /// Bytes of memory, without the cache that the system can take back.
    pub memory: u64,
    /// The most it may take.
    pub memory_limit: u64,
    /// Bytes received.
    pub received: u64,
    /// Bytes sent.
    pub sent: u64,
    /// Bytes read from disks.
    pub read: u64,
    /// Bytes written to disks.
    pub written: u64,
    /// Processes and threads.
    pub processes: u64,
}

/// Something that happened to a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// Nanoseconds since 1970.
    pub at: i128,
    /// The container.
    pub id: ContainerId,
    /// `start`, `die`, `exec_create: ls`, …
    pub action: String,
    /// Facts about it, the container's labels among them.
    pub attributes: BTreeMap<String, String>,
}

/// The size of a terminal's window, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalSize {
    /// Lines.
    pub rows: u16,
    /// Characters of a line.
    pub columns: u16,
}

/// The processes of a container, as `ps` lists them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessTable {
    /// The columns.
    pub titles: Vec<String>,
    /// The processes.
    pub rows: Vec<Vec<String>>,
}

/// What stands at a path in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathStat {
    /// The last part of the path.
    pub name: String,
    /// Folder, link or file.
    pub kind: PathKind,
    /// Bytes.
    pub size: u64,
}

/// What kind of thing stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathKind {
    /// A folder.
    Folder,
    /// A symbolic link and where it leads.
    Link(String),
    /// Anything else.
    File,
}
