//! `inertia compose rm`.

use super::confirm::confirm;
use super::scope::Scope;
use super::{ComposeOptions, engine};
use crate::commands::block_on;
use crate::failure::Failure;
use crate::render::note;
use crate::settings::Settings;
use clap::Args;
use compose_core::commands::{self, RemovalPolicy};
use compose_core::names::ServiceName;
use compose_core::plan::{Action, Plan};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct RmArgs {
    /// Do not ask
    #[arg(short, long)]
    force: bool,
    /// Stop the containers first, where they run
    #[arg(short, long)]
    stop: bool,
    /// Remove anonymous volumes with their containers
    #[arg(short, long)]
    volumes: bool,
    /// Only these services
    services: Vec<String>,
}

pub(super) fn run(arguments: &RmArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let scope = Scope::of_services(&arguments.services, options, settings)?;
    let context = engine::context(options, settings)?;
    let policy = RemovalPolicy {
        services: arguments.services.iter().map(ServiceName::new).collect(),
        stop: arguments.stop,
        volumes: arguments.volumes,
    };
    let plan = block_on(async { Ok(commands::rm_plan(&context, scope.name(), scope.project(), &policy).await?) })?;
    let doomed = doomed(&plan);
    if doomed.is_empty() {
        note("No stopped containers");
        return Ok(ExitCode::SUCCESS);
    }
    let sentence = format!("Going to remove {}", doomed.join(", "));
    if !options.dry_run {
        if arguments.force {
            note(&sentence);
        } else if !confirm(&sentence, settings)? {
            return Ok(ExitCode::SUCCESS);
        }
    }
    engine::carry_out(&context, &scope, &plan, options, settings)
}

/// The names of the containers that a plan removes.
fn doomed(plan: &Plan) -> Vec<&str> {
    let mut names: Vec<&str> = plan
        .steps()
        .filter_map(|(_, step)| match &step.action {
            Action::RemoveContainer { container, .. } => Some(container.name.as_str()),
            _ => None,
        })
        .collect();
    names.sort_unstable();
    names
}
