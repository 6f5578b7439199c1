//! `inertia NAME uninstall`: takes the daemon away, and with `--data` what it knows.

use super::block_on;
use crate::ask::Ask;
use crate::bootstrap::{self, BootstrapArgs, Steps};
use crate::failure::Failure;
use crate::remotes::{Remote, Remotes, SshAccess};
use crate::render::say;
use crate::settings::{Output, Settings};
use clap::Args;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(crate) struct UninstallArgs {
    /// Remove the daemon's state too: projects, secrets, history, files of deployments
    #[arg(long)]
    data: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    bootstrap: BootstrapArgs,
}

/// Takes the daemon away.
pub(crate) fn run(arguments: &UninstallArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let mut remotes = Remotes::load(&settings.environment.cwd)?;
    let (name, remote) = remotes.find(settings.remote.as_deref())?;
    let (name, remote) = (name.to_owned(), remote.clone());
    let access = bootstrap::access(&name, &remote)?.clone();
    confirm(arguments, &name, settings)?;
    let mut steps = Steps::new(settings);
    let removed = block_on(bootstrap::uninstall(
        (&name, &remote),
        arguments.data,
        &arguments.bootstrap,
        &mut steps,
        settings,
    ));
    let state = removed.map_err(|failure| steps.failed(failure))?;
    let forgotten = Remote {
        ssh: Some(SshAccess { program: None, ..access }),
        ..Remote::default()
    };
    remotes.replace(&name, forgotten);
    remotes.save()?;
    if settings.output == Output::Json {
        return say(&serde_json::json!({ "name": name, "state": state, "steps": steps.document() }).to_string());
    }
    let stayed = state.map_or_else(String::new, |state| {
        format!(" Its state stayed in {state}: `inertia {name} init` takes it up again.")
    });
    say(&format!(
        "The daemon of '{name}' is gone; what it deployed goes on running.{stayed}"
    ))
}

fn confirm(arguments: &UninstallArgs, name: &str, settings: &Settings) -> Result<(), Failure> {
    if arguments.yes {
        return Ok(());
    }
    let what = if arguments.data {
        "the daemon with its projects, secrets and history, for good"
    } else {
        "the daemon; its state stays"
    };
    match Ask::of(settings).confirm(&format!("Remove from '{name}' {what}?"))? {
        Some(true) => Ok(()),
        Some(false) => Err(Failure::new("nothing was removed")),
        None => Err(Failure::usage("this removes things, and nobody can be asked").hint("say that it is meant: --yes")),
    }
}
