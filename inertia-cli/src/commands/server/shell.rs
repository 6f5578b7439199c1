//! `inertia NAME ssh`: a terminal on the server, or one command there.

use super::block_on;
use crate::bootstrap;
use crate::failure::Failure;
use crate::remotes::Remotes;
use crate::settings::Settings;
use crate::ssh::{Destination, Interactive};
use clap::Args;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(crate) struct ShellArgs {
    /// The command; a login shell when left out
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "CMD")]
    command: Vec<String>,
}

/// Runs it; exits as it exits.
pub(crate) fn run(arguments: &ShellArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let mut remotes = Remotes::load(&settings.environment.cwd)?;
    let (name, remote) = remotes.find(settings.remote.as_deref())?;
    let (name, access) = (name.to_owned(), bootstrap::access(name, remote)?.clone());
    let destination = Destination::resolve(&access.wanted(), &settings.environment)?;
    let environment = &settings.environment;
    let watched = environment.stdin_is_terminal && environment.stdout_is_terminal;
    let what = Interactive {
        // As `ssh` does it: the words make one line for the shell there.
        command: (!arguments.command.is_empty()).then(|| arguments.command.join(" ")),
        terminal: watched.then(|| environment.variable("TERM").unwrap_or("xterm").to_owned()),
    };
    let ended = block_on(async {
        let session = bootstrap::session(&destination, access.accept_new_host_key, settings).await?;
        remotes.host_key_taken(&name)?;
        let status = session.interact(&what).await?;
        session.close().await;
        // 255 is what `ssh` says of a command that did not end by itself.
        Ok(ExitCode::from(status.and_then(|status| u8::try_from(status).ok()).unwrap_or(255)))
    });
    ended.map_err(|failure| failure.about(&name))
}
