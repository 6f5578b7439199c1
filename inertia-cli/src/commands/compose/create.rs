//! `inertia compose create` and `scale`: `up` in part.

use super::provision::{self, ConvergeArgs, Muted};
use super::{ComposeOptions, engine, plan, scope, up};
use crate::commands::block_on;
use crate::failure::Failure;
use crate::settings::Settings;
use clap::Args;
use compose_core::commands::{self, UpOptions};
use compose_core::names::ServiceName;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    /// Pull images before making containers: always, missing, never, build or policy
    #[arg(long, value_name = "WHEN", value_parser = ["always", "missing", "never", "build", "policy"])]
    pull: Option<String>,
    /// Do not show how far a pull is
    #[arg(long)]
    quiet_pull: bool,
    #[command(flatten)]
    converge: ConvergeArgs,
}

#[derive(Debug, Args)]
pub(super) struct ScaleArgs {
    /// Leave what the services depend on alone
    #[arg(long)]
    no_deps: bool,
    /// How many containers each service is to have
    #[arg(required = true, value_name = "SERVICE=REPLICAS", value_parser = provision::scale)]
    scale: Vec<(ServiceName, u32)>,
}

pub(super) fn run(arguments: &CreateArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let wanted = UpOptions {
        pull: provision::when(arguments.pull.as_ref()),
        no_start: true,
        ..arguments.converge.wanted(settings)
    };
    bring(&wanted, arguments.quiet_pull, options, settings)
}

pub(super) fn scale(arguments: &ScaleArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let wanted = UpOptions {
        services: arguments.scale.iter().map(|(service, _)| service.clone()).collect(),
        no_deps: arguments.no_deps,
        ignore_orphans: up::asked(settings, "COMPOSE_IGNORE_ORPHANS"),
        scale: arguments.scale.iter().cloned().collect(),
        ..UpOptions::default()
    };
    bring(&wanted, false, options, settings)
}

fn bring(wanted: &UpOptions, quiet_pull: bool, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let names: Vec<String> = wanted.services.iter().map(ToString::to_string).collect();
    let project = scope::load(&names, options, settings)?;
    let context = Muted::over(engine::context(options, settings)?, false, quiet_pull);
    if options.dry_run {
        return plan::show(&context, &project, wanted, settings);
    }
    block_on(engine::interruptible(&context, commands::up(&context, &project, wanted)))?;
    Ok(ExitCode::SUCCESS)
}
