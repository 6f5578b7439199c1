//! One module a command.

pub(crate) mod compose;

use crate::args::Command;
use crate::failure::Failure;
use crate::settings::Settings;
use std::process::ExitCode;

/// Runs the command that the settings hold.
pub(crate) fn run(settings: &Settings) -> Result<ExitCode, Failure> {
    match &settings.command {
        Command::Compose(arguments) => compose::run(arguments, settings),
    }
}
