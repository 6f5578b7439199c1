//! When the command line itself ends the program: help, version, wrong usage.

use clap::error::ErrorKind;
use std::io::Write as _;
use std::process::ExitCode;

/// Why no command is run.
#[derive(Debug)]
pub(crate) struct Stop {
    error: clap::Error,
    /// The words were meant for `inertia compose`, whose exit codes are Docker Compose's.
    compose: bool,
}

impl Stop {
    pub(crate) fn new(error: clap::Error, compose: bool) -> Self {
        Self { error, compose }
    }

    /// Prints it where it belongs; the exit code that goes with it.
    pub(crate) fn print(self) -> ExitCode {
        let text = self.error.render();
        let asked_for = matches!(self.error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
        // A reader that has gone away wants no more text: broken pipes are no failure.
        let _ = if asked_for {
            write!(anstream::stdout(), "{}", text.ansi())
        } else {
            write!(anstream::stderr(), "{}", text.ansi())
        };
        match (asked_for, self.compose) {
            (true, _) => ExitCode::SUCCESS,
            (false, true) => ExitCode::from(1),
            (false, false) => ExitCode::from(2),
        }
    }
}
