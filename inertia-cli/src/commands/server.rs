//! Commands about a remote's server: setting it up, upgrading, removing; a terminal, a file.

mod send;
mod shell;
mod uninstall;

pub(crate) use send::{SendArgs, run as send};
pub(crate) use shell::{ShellArgs, run as shell};
pub(crate) use uninstall::{UninstallArgs, run as uninstall};

use super::{block_on, deployed};
use crate::bootstrap::{self, BootstrapArgs, Done, Goal, Steps};
use crate::failure::Failure;
use crate::far_end::wire::Outcome;
use crate::remotes::Remotes;
use crate::render::{note, say};
use crate::settings::{Output, Settings, Volume};
use deployd::settings::FILE_NAME;
use std::process::ExitCode;

/// `inertia NAME init`: sets the server up, then makes the project of this folder known to its daemon.
pub(crate) fn init(options: &BootstrapArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let remotes = Remotes::load(&settings.environment.cwd)?;
    let (name, remote) = remotes.find(settings.remote.as_deref())?;
    let name = name.to_owned();
    // A daemon on this machine, or one that somebody else set up, has no server to look after.
    let done = match remote.ssh {
        Some(_) => Some(set_up(&name, (Goal::Work, options), settings)?),
        None => None,
    };
    let in_project = settings.environment.cwd.ancestors().any(|folder| folder.join(FILE_NAME).is_file());
    match done {
        Some((done, steps)) if !in_project => report(&name, &done, &steps, settings),
        Some(_) | None => deployed::register::run(settings),
    }
}

/// `inertia NAME upgrade`: the daemon becomes the one that this program brings.
pub(crate) fn upgrade(options: &BootstrapArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let remotes = Remotes::load(&settings.environment.cwd)?;
    let (name, remote) = remotes.find(settings.remote.as_deref())?;
    bootstrap::access(name, remote)?;
    let (done, steps) = set_up(name, (Goal::Upgrade, options), settings)?;
    if settings.output == Output::Json {
        return say(&document(name, &done, &steps).to_string());
    }
    say(&match done.installed.outcome {
        Outcome::Replaced => format!("The daemon of '{name}' was replaced by version {}.", env!("CARGO_PKG_VERSION")),
        Outcome::LeftAlone => format!("The daemon of '{name}' is this version already."),
        Outcome::Created | Outcome::Started => format!("The daemon of '{name}' runs."),
    })
}

fn set_up(name: &str, wish: (Goal, &BootstrapArgs), settings: &Settings) -> Result<(Done, Steps), Failure> {
    let mut remotes = Remotes::load(&settings.environment.cwd)?;
    let mut steps = Steps::new(settings);
    let done = block_on(bootstrap::run(name, &mut remotes, wish, &mut steps, settings));
    match done {
        Ok(done) => {
            if settings.volume > Volume::Quiet {
                closed_port(name, &done);
            }
            Ok((done, steps))
        }
        Err(failure) => Err(steps.failed(failure).about(name)),
    }
}

/// Says what a closed port means.
fn closed_port(name: &str, done: &Done) {
    let (Some(closed), Some(access)) = (done.closed_by, &done.remote.ssh) else {
        return;
    };
    let port = access.daemon_port.unwrap_or(bootstrap::DAEMON_PORT);
    note(&format!(
        "warning: port {port} of the server {}\n  \
         commands go through SSH from now on; when the port is open, run `inertia {name} init` again; until then no webhook arrives, and the daemon looks for new commits every minute by itself",
        closed.advice(port)
    ));
}

fn report(name: &str, done: &Done, steps: &Steps, settings: &Settings) -> Result<ExitCode, Failure> {
    match settings.output {
        Output::Json => say(&document(name, done, steps).to_string()),
        Output::Text => say(&format!(
            "The daemon of '{name}' accepts requests at {}.\n\
             There is no {FILE_NAME} here or above, so no project was made known to it.\n\
             Next, in the folder of a compose file below this one: inertia init, then inertia {name} init",
            done.remote.address
        )),
    }
}

fn document(name: &str, done: &Done, steps: &Steps) -> serde_json::Value {
    serde_json::json!({
        "name": name,
        "address": done.remote.address,
        "pin": done.remote.pin,
        "tunnel": done.remote.tunnel,
        "outcome": done.installed.outcome,
        "state": done.installed.state,
        "engine": done.installed.engine,
        "steps": steps.document(),
    })
}
