//! This process's input and output, connected to those of a process in a container.

use crate::environment::Environment;
use crate::failure::{Attempt as _, Failure};
use crate::terminal::{RawMode, Resizes, standard_input, window_size};
use compose_core::engine::{Attached, Console, ContainerStatus, DockerEngine, Engine as _, EngineError, LogChunk, LogStream, TerminalSize};
use compose_core::names::ContainerId;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use std::io::ErrorKind;
use std::process::ExitCode;
use std::time::Duration;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;

/// How long the engine may take to know the end of a process whose output has ended.
const LINGER: Duration = Duration::from_secs(1);

/// The process at the other end.
#[derive(Clone, Copy, Debug)]
pub(super) enum Peer<'a> {
    /// That of a container: signals are passed on to it.
    Container(&'a ContainerId),
    /// A command in a container, by the engine's id of it: a signal ends this process alone.
    Command(&'a str),
    /// That of a container, which is only watched.
    Watched,
}

/// How the two are connected.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wiring {
    /// It has a terminal, and so have we.
    pub(super) tty: bool,
    /// Standard input is passed on.
    pub(super) input: bool,
}

/// Passes input, output, signals and sizes on until the output ends.
pub(super) async fn connect(engine: &DockerEngine, peer: Peer<'_>, wiring: Wiring, streams: Attached) -> Result<(), Failure> {
    let _raw = if wiring.tty && wiring.input {
        Some(RawMode::enter()?)
    } else {
        None
    };
    let mut resizes = Resizes::new()?;
    let mut signals = Signals::new()?;
    if wiring.tty
        && let Some(size) = window_size()
    {
        // The process may be gone by now, and then needs no size.
        let _ = resize(engine, peer, size).await;
    }
    let Attached { input, output } = streams;
    let typed = wiring.input.then(standard_input);
    let feeding = feed(typed, input);
    let showing = show(output);
    tokio::pin!(feeding, showing);
    loop {
        tokio::select! {
            shown = &mut showing => return shown,
            () = &mut feeding => {}
            size = resizes.next(), if wiring.tty => {
                let _ = resize(engine, peer, size).await;
            }
            signal = signals.next() => match peer {
                Peer::Container(id) => {
                    // One that has ended meanwhile needs no signal.
                    let _ = engine.kill_container(id, signal.name).await;
                }
                Peer::Command(_) | Peer::Watched => return Err(Failure::silent(128 + signal.number)),
            },
        }
    }
}

/// The exit code of a container whose output has ended; `None` when it goes on, let go of by the
/// engine's keys or by the end of its input.
pub(super) async fn exit_code(
    engine: &DockerEngine,
    id: &ContainerId,
    end: BoxFuture<'static, Result<i64, EngineError>>,
) -> Result<Option<i64>, Failure> {
    tokio::pin!(end);
    loop {
        tokio::select! {
            code = &mut end => return Ok(Some(code?)),
            () = tokio::time::sleep(LINGER) => {
                let found = engine.inspect_container(id).await?;
                if found.is_some_and(|details| details.state.status == ContainerStatus::Running) {
                    return Ok(None);
                }
            }
        }
    }
}

/// An exit code as this process's own.
pub(super) fn exit(code: Option<i64>) -> ExitCode {
    code.map_or(ExitCode::SUCCESS, |code| ExitCode::from(u8::try_from(code).unwrap_or(1)))
}

/// Whether a terminal is asked of the engine: `explicit` is what `-t` or `-T` say.
pub(super) fn wants_terminal(explicit: Option<bool>, input: bool, environment: &Environment) -> Result<bool, Failure> {
    let has_input = !input || environment.stdin_is_terminal;
    match explicit {
        Some(true) if !has_input => Err(Failure::new("the input device is not a terminal, and -t asks for one").hint("add -T instead")),
        Some(choice) => Ok(choice),
        None => Ok(has_input && environment.stdout_is_terminal),
    }
}

async fn resize(engine: &DockerEngine, peer: Peer<'_>, size: TerminalSize) -> Result<(), EngineError> {
    match peer {
        Peer::Container(id) => engine.resize_container(id, size).await,
        Peer::Command(session) => engine.resize_exec(session, size).await,
        Peer::Watched => Ok(()),
    }
}

/// Passes on what is typed, and its end; never ends itself.
async fn feed(typed: Option<mpsc::Receiver<Vec<u8>>>, mut input: Box<dyn AsyncWrite + Send + Unpin>) {
    if let Some(mut typed) = typed {
        while let Some(bytes) = typed.recv().await {
            if input.write_all(&bytes).await.is_err() || input.flush().await.is_err() {
                // The other end does not read any more; its output tells the rest.
                break;
            }
        }
        let _ = input.shutdown().await;
    }
    std::future::pending::<()>().await;
}

async fn show(mut output: BoxStream<'static, Result<LogChunk, EngineError>>) -> Result<(), Failure> {
    while let Some(chunk) = output.next().await {
        let chunk = chunk?;
        let written = match chunk.stream {
            LogStream::Stdout => write(std::io::stdout().lock(), &chunk.bytes),
            LogStream::Stderr => write(std::io::stderr().lock(), &chunk.bytes),
        };
        match written {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            done => done.attempt("cannot write what the container says")?,
        }
    }
    Ok(())
}

fn write(mut out: impl std::io::Write, bytes: &[u8]) -> std::io::Result<()> {
    out.write_all(bytes)?;
    out.flush()
}

/// A signal that people send.
#[derive(Clone, Copy, Debug)]
struct Caught {
    name: &'static str,
    number: u8,
}

/// The signals that are passed on.
struct Signals {
    #[cfg(unix)]
    caught: Vec<(Caught, tokio::signal::unix::Signal)>,
}

impl Signals {
    fn new() -> Result<Self, Failure> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let kinds = [
                ("INT", SignalKind::interrupt()),
                ("TERM", SignalKind::terminate()),
                ("HUP", SignalKind::hangup()),
                ("QUIT", SignalKind::quit()),
                ("USR1", SignalKind::user_defined1()),
                ("USR2", SignalKind::user_defined2()),
            ];
            let listen = |(name, kind): (&'static str, SignalKind)| {
                let number = u8::try_from(kind.as_raw_value()).unwrap_or_default();
                Ok((Caught { name, number }, signal(kind).attempt("cannot listen for signals")?))
            };
            Ok(Self {
                caught: kinds.into_iter().map(listen).collect::<Result<_, Failure>>()?,
            })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    async fn next(&mut self) -> Caught {
        #[cfg(unix)]
        {
            let waits = self.caught.iter_mut().map(|(caught, signal)| {
                let caught = *caught;
                Box::pin(async move {
                    signal.recv().await;
                    caught
                })
            });
            futures::future::select_all(waits).await.0
        }
        #[cfg(not(unix))]
        {
            let _ = tokio::signal::ctrl_c().await;
            Caught { name: "INT", number: 2 }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(stdin: bool, stdout: bool) -> Environment {
        Environment {
            stdin_is_terminal: stdin,
            stdout_is_terminal: stdout,
            ..Environment::of_process()
        }
    }

    #[test]
    fn a_terminal_is_taken_where_there_is_one_at_both_ends() {
        let table = [
            (None, true, true, true, Some(true)),
            (None, true, false, true, Some(false)),
            (None, true, true, false, Some(false)),
            (None, false, false, true, Some(true)),
            (Some(false), true, true, true, Some(false)),
            (Some(true), true, true, false, Some(true)),
            (Some(true), true, false, true, None),
        ];
        for (explicit, input, stdin, stdout, want) in table {
            let got = wants_terminal(explicit, input, &environment(stdin, stdout)).ok();
            assert_eq!(got, want, "{explicit:?} input {input} stdin {stdin} stdout {stdout}");
        }
    }
}
