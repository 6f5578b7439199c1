//! One module a command.

pub(crate) mod compose;
mod init;
pub(crate) mod remote;

use crate::args::Command;
use crate::failure::{Attempt as _, Failure};
use crate::settings::Settings;
use std::process::ExitCode;

/// Runs the command that the settings hold.
pub(crate) fn run(settings: &Settings) -> Result<ExitCode, Failure> {
    match &settings.command {
        Command::Compose(arguments) => compose::run(arguments, settings),
        Command::Init => init::run(settings),
        Command::Remote(arguments) => remote::run(arguments, settings),
    }
}

/// Runs the asynchronous part of a command to its end, on this thread.
fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .attempt("cannot start the asynchronous runtime")?;
    runtime.block_on(work)
}
