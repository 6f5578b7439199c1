//! When the command line itself ends the program: help, version, wrong usage.

use crate::failure::Failure;
use crate::render::{failure, note};
use clap::error::ErrorKind;
use std::io::Write as _;
use std::process::ExitCode;

/// Why no command is run.
#[derive(Debug)]
pub(crate) struct Stop {
    error: clap::Error,
    /// The words were meant for `inertia compose`, whose exit codes are Docker Compose's.
    compose: bool,
    /// Failures are told as data.
    json: bool,
}

impl Stop {
    pub(crate) fn new(error: clap::Error, compose: bool, json: bool) -> Self {
        Self { error, compose, json }
    }

    /// Prints it where it belongs; the exit code that goes with it.
    pub(crate) fn print(self) -> ExitCode {
        // A reader that has gone away wants no more text: broken pipes are no failure.
        if matches!(self.error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
            let _ = write!(anstream::stdout(), "{}", self.error.render().ansi());
            return ExitCode::SUCCESS;
        }
        let code = if self.compose { 1 } else { 2 };
        if self.json {
            let failure = Failure { code, ..self.failure() };
            note(&failure::document(&failure).to_string());
        } else if self.error.kind() == ErrorKind::MissingSubcommand {
            // Its own text lists what is hidden, too.
            failure::text(&self.failure(), false);
        } else {
            let _ = write!(anstream::stderr(), "{}", self.error.render().ansi());
        }
        ExitCode::from(code)
    }

    /// The same as any other failure: the first sentence is the error, the tips are hints.
    fn failure(&self) -> Failure {
        let (nothing, kind) = (ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand, self.error.kind());
        if kind == nothing || kind == ErrorKind::MissingSubcommand {
            return Failure::usage("a command is missing").hint("`--help` in the same place lists them");
        }
        let text = self.error.render().to_string();
        let (sentence, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
        let failure = Failure::usage(sentence.trim_start_matches("error: ").trim_end());
        let tips = rest.lines().filter_map(|line| line.trim_start().strip_prefix("tip: "));
        tips.fold(failure, Failure::hint)
    }
}
