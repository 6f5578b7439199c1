//! The command line as meant: flags, variables and the terminal taken together.

use crate::args::{Arguments, ColorChoice, Command, Global};
use crate::environment::Environment;
use crate::render::diagnostic::View;

/// How a command is to behave.
#[derive(Debug)]
pub(crate) struct Settings {
    /// What to do.
    pub(crate) command: Command,
    /// What the process was given.
    pub(crate) environment: Environment,
    /// The form of what is printed on standard output.
    pub(crate) output: Output,
    /// How much is said on the way.
    pub(crate) volume: Volume,
    /// Colours on standard output.
    pub(crate) color_stdout: bool,
    /// Colours on standard error.
    pub(crate) color_stderr: bool,
    /// Questions may be asked.
    pub(crate) may_ask: bool,
    /// The remote that was named.
    pub(crate) remote: Option<String>,
}

/// The form of a command's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// One JSON document.
    Json,
}

/// How much is said on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Volume {
    /// Only what was asked for.
    Quiet,
    /// Progress.
    Normal,
    /// Everything.
    Verbose,
}

impl Settings {
    /// Takes everything together.
    pub(crate) fn new(arguments: Arguments, environment: Environment) -> Self {
        let Arguments { global, command } = arguments;
        let Global {
            json,
            quiet,
            verbose,
            color,
            no_input,
            remote,
        } = global;
        let colored = |terminal: bool| match color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && environment.variable("NO_COLOR").is_none() && environment.variable("TERM") != Some("dumb"),
        };
        Self {
            command,
            output: if json { Output::Json } else { Output::Text },
            volume: match (quiet, verbose) {
                (true, _) => Volume::Quiet,
                (false, true) => Volume::Verbose,
                (false, false) => Volume::Normal,
            },
            color_stdout: colored(environment.stdout_is_terminal),
            color_stderr: colored(environment.stderr_is_terminal),
            may_ask: !no_input && environment.stdin_is_terminal && environment.stderr_is_terminal,
            remote,
            environment,
        }
    }

    /// The form of a list: JSON where that was asked for and no other form was.
    pub(crate) fn form<'a>(&self, asked: &'a str, usual: &str) -> &'a str {
        if self.output == Output::Json && asked == usual {
            "json"
        } else {
            asked
        }
    }

    /// How findings about files are shown.
    pub(crate) fn view(&self) -> View<'_> {
        View {
            cwd: &self.environment.cwd,
            colored: self.color_stderr,
        }
    }
}
