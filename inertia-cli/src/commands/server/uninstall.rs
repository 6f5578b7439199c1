//! `inertia NAME uninstall`: takes the daemon away, and with `--data` what it knows.

use super::block_on;
use crate::ask::Ask;
use crate::bootstrap::{self, BootstrapArgs, Steps};
use crate::failure::Failure;
use crate::far_end::wire::Removed;
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
    let removed = removed.map_err(|failure| steps.failed(failure).about(&name))?;
    let forgotten = Remote {
        ssh: Some(SshAccess {
            program: None,
            accept_new_host_key: false,
            ..access
        }),
        ..Remote::default()
    };
    remotes.record(&name, forgotten)?;
    if settings.output == Output::Json {
        let document = serde_json::json!({
            "name": name,
            "found": removed.found,
            "state": removed.state,
            "erased": removed.erased,
            "steps": steps.document(),
        });
        return say(&document.to_string());
    }
    say(&told(&name, arguments.data, &removed))
}

/// What was there and what became of it.
fn told(name: &str, data: bool, removed: &Removed) -> String {
    let daemon = if removed.found {
        format!("The daemon of '{name}' is gone; what it deployed goes on running.")
    } else {
        format!("There was no daemon on the server of '{name}'.")
    };
    match (&removed.state, &removed.erased) {
        (Some(state), _) => format!("{daemon} Its state stayed in {state}: `inertia {name} init` takes it up again."),
        (None, Some(erased)) => format!("{daemon} Its state in {erased} was removed."),
        (None, None) if data => format!(
            "{daemon} No state was found either; one that another person set up lies in their home folder: `sudo find / -name inertia.db` there"
        ),
        (None, None) => daemon,
    }
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
    Ask::of(settings).insist(|| Ok(format!("Remove from '{name}' {what}?")))
}

#[cfg(test)]
mod tests {
    use super::{Removed, told};

    #[test]
    fn what_was_not_found_is_not_said_to_be_gone() {
        let removed = |found, state: Option<&str>, erased: Option<&str>| Removed {
            found,
            state: state.map(str::to_owned),
            erased: erased.map(str::to_owned),
        };
        for (data, removed, says) in [
            (
                false,
                removed(true, Some("/s"), None),
                "is gone; what it deployed goes on running. Its state stayed in /s",
            ),
            (true, removed(true, None, Some("/s")), "Its state in /s was removed"),
            (
                true,
                removed(false, None, Some("/s")),
                "There was no daemon on the server of 'a'. Its state in /s was removed",
            ),
            (true, removed(false, None, None), "No state was found either"),
            (false, removed(false, None, None), "There was no daemon"),
        ] {
            let told = told("a", data, &removed);
            assert!(told.contains(says), "{told}");
        }
    }
}
