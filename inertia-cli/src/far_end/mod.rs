//! `inertia far-end`: what this program does when it was uploaded to a server.
//!
//! It is started over SSH, under sudo where needed, and talks to the engine's socket there. Its
//! standard input and output are the other end of the connection: one JSON request in, JSON lines out.

mod alone;
mod change;
mod connect;
mod container;
mod database;
mod files;
mod image;
mod inspect;
mod install;
mod log;
mod programs;
mod proof;
mod remove;
pub(crate) mod wire;

pub(crate) use container::USUAL_PORT;
pub(crate) use install::taken_port;

use crate::failure::{Attempt as _, Failure};
use crate::render::say;
use crate::settings::Settings;
use clap::{Args, Subcommand};
use compose_core::engine::{DockerEngine, Engine as _, EngineAddress, EngineError};
use database::DatabaseAction;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use wire::Word;

/// How long an engine that was just started may take to answer.
const ENGINE_START: Duration = Duration::from_mins(1);

#[derive(Debug, Args)]
pub(crate) struct FarEndArgs {
    #[command(subcommand)]
    command: FarEndCommand,
}

#[derive(Debug, Subcommand)]
enum FarEndCommand {
    /// Make or replace the daemon's container, as a request on standard input says
    Install,
    /// Take the daemon's container away, as a request on standard input says
    Remove,
    /// Tell what engine and daemon are like
    Inspect,
    /// Keep the daemon's database, or put it back, while no daemon runs
    Database {
        action: DatabaseAction,
        /// The state folder
        state: PathBuf,
    },
    /// Print the end of what the daemon wrote
    Log {
        /// How many lines
        tail: u64,
    },
    /// Pass standard input and output on to HOST:PORT or to a socket's path
    Connect {
        /// Where to
        target: String,
    },
}

/// Runs a part of the far end.
pub(crate) fn run(arguments: &FarEndArgs, _settings: &Settings) -> Result<ExitCode, Failure> {
    match &arguments.command {
        FarEndCommand::Connect { target } => connect::run(target),
        FarEndCommand::Database { action, state } => database::run(*action, state).map(|()| ExitCode::SUCCESS),
        FarEndCommand::Log { tail } => log::run(*tail),
        FarEndCommand::Install => answer(install::run()),
        FarEndCommand::Inspect => answer(inspect::run()),
        FarEndCommand::Remove => answer(remove::run()),
    }
}

/// Tells the last word: what was made, or why not.
fn answer(done: Result<Word, Failure>) -> Result<ExitCode, Failure> {
    match done {
        Ok(word) => tell(&word).map(|()| ExitCode::SUCCESS),
        Err(failure) => {
            tell(&Word::Failed {
                message: failure.text(),
                hints: failure.hints,
            })?;
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Says a word to the client. The work goes on when nobody listens any more: it is found done later.
fn tell(word: &Word) -> Result<(), Failure> {
    let text = serde_json::to_string(word).attempt("cannot write an answer")?;
    let _ = say(&text);
    Ok(())
}

/// Tells what the person has to know, whatever becomes of the work.
fn warn(message: &str) {
    // Nobody may listen any more.
    let _ = tell(&Word::Warning {
        message: message.to_owned(),
    });
}

/// The server's engine, once it answers.
async fn engine() -> Result<DockerEngine, Failure> {
    let begin = Instant::now();
    let engine = DockerEngine::connect(&EngineAddress::default())?;
    loop {
        match engine.info().await {
            Ok(_) => return Ok(engine),
            Err(EngineError::Unreachable { .. } | EngineError::Transport { .. }) if begin.elapsed() < ENGINE_START => {
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}
