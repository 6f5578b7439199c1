//! `inertia NAME down` and `restart`.

use super::Target;
use super::origin::{Leave, OriginArgs};
use crate::ask::Ask;
use crate::commands::block_on;
use crate::failure::Failure;
use crate::render::say;
use crate::settings::{Output, Settings};
use clap::Args;
use deployd::wire::{Done, DownRequest, ProjectStatus, RestartRequest};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(crate) struct DownArgs {
    /// Remove the volumes too, and with them the data
    #[arg(long)]
    volumes: bool,
    /// Do not ask whether that is meant
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    origin: OriginArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RestartArgs {
    /// Only these services
    services: Vec<String>,
    #[command(flatten)]
    origin: OriginArgs,
}

/// Takes away what runs.
pub(crate) fn run(arguments: &DownArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let leave = if arguments.yes { Leave::Given } else { arguments.origin.leave() };
    let target = Target::own(settings, leave)?;
    // A script that says `--volumes` means it.
    if arguments.volumes && !arguments.yes && settings.may_ask {
        Ask::of(settings).insist(|| question(&target))?;
    }
    let request = DownRequest {
        volumes: arguments.volumes,
    };
    let done: Done = block_on(target.client.post(&target.path("/down"), &request))?;
    let kept = if arguments.volumes {
        "its volumes are gone too"
    } else {
        "its volumes are kept"
    };
    report(&done, &format!("'{}' is down; {kept}.", target.project.settings.name), settings)
}

/// What is at stake, by name.
fn question(target: &Target) -> Result<String, Failure> {
    let status: ProjectStatus = block_on(target.client.get(&target.path("/status")))?;
    let (project, remote) = (status.project, &target.remote);
    Ok(match &status.volumes[..] {
        [] => format!("Take '{project}' down at '{remote}', and remove what its containers hold?"),
        volumes => format!(
            "Take '{project}' down at '{remote}', and remove its volumes {} with all data, for good?",
            volumes.join(", ")
        ),
    })
}

/// Restarts what runs.
pub(crate) fn restart(arguments: &RestartArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let target = Target::own(settings, arguments.origin.leave())?;
    let request = RestartRequest {
        services: arguments.services.clone(),
    };
    let done: Done = block_on(target.client.post(&target.path("/restart"), &request))?;
    report(&done, &format!("'{}' was restarted.", target.project.settings.name), settings)
}

fn report(done: &Done, text: &str, settings: &Settings) -> Result<ExitCode, Failure> {
    match settings.output {
        Output::Json => say(&serde_json::json!(done).to_string()),
        Output::Text => say(text),
    }
}
