//! `inertia NAME down` and `restart`.

use super::Target;
use crate::commands::block_on;
use crate::failure::Failure;
use crate::render::say;
use crate::settings::{Output, Settings};
use clap::Args;
use deployd::wire::{Done, DownRequest, RestartRequest};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(crate) struct DownArgs {
    /// Remove the volumes too, and with them the data
    #[arg(long)]
    volumes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RestartArgs {
    /// Only these services
    services: Vec<String>,
}

/// Takes away what runs.
pub(crate) fn run(arguments: &DownArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let target = Target::find(settings)?;
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

/// Restarts what runs.
pub(crate) fn restart(arguments: &RestartArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let target = Target::find(settings)?;
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
