//! `inertia compose create` and `scale`: `up` in part.

use super::up::{self, Muted};
use super::{ComposeOptions, engine, plan, scope};
use crate::commands::block_on;
use crate::failure::Failure;
use crate::settings::Settings;
use clap::{ArgAction, Args};
use compose_core::commands::{self, BuildChoice, Recreate, UpOptions};
use compose_core::names::ServiceName;
use std::process::ExitCode;

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "one for each flag of the reference")]
pub(super) struct CreateArgs {
    /// Build images before making containers
    #[arg(long, conflicts_with = "no_build")]
    build: bool,
    /// Recreate containers even if their configuration and image have not changed
    #[arg(long, conflicts_with = "no_recreate")]
    force_recreate: bool,
    /// Do not build an image, even if it is missing
    #[arg(long)]
    no_build: bool,
    /// If containers exist already, do not recreate them
    #[arg(long)]
    no_recreate: bool,
    /// Pull images before making containers: always, missing, never, build or policy
    #[arg(long, value_name = "WHEN", value_parser = ["always", "missing", "never", "build", "policy"])]
    pull: Option<String>,
    /// Do not show how far a pull is
    #[arg(long)]
    quiet_pull: bool,
    /// Remove containers of services that the files no longer have
    #[arg(long)]
    remove_orphans: bool,
    /// Make so many containers of a service: SERVICE=NUM
    #[arg(long, value_name = "SERVICE=NUM", value_parser = up::scale, action = ArgAction::Append)]
    scale: Vec<(ServiceName, u32)>,
    /// Answer yes to every question
    #[arg(short, long)]
    yes: bool,
    /// Only these services and what they depend on
    services: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct ScaleArgs {
    /// Leave what the services depend on alone
    #[arg(long)]
    no_deps: bool,
    /// How many containers each service is to have
    #[arg(required = true, value_name = "SERVICE=REPLICAS", value_parser = up::scale)]
    scale: Vec<(ServiceName, u32)>,
}

pub(super) fn run(arguments: &CreateArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let wanted = UpOptions {
        services: arguments.services.iter().map(ServiceName::new).collect(),
        recreate: match (arguments.force_recreate, arguments.no_recreate) {
            (true, _) => Recreate::Always,
            (false, true) => Recreate::Never,
            (false, false) => Recreate::Diverged,
        },
        build: match (arguments.build, arguments.no_build) {
            (true, _) => BuildChoice::Always,
            (false, true) => BuildChoice::Never,
            (false, false) => BuildChoice::Missing,
        },
        pull: arguments.pull.clone().filter(|when| when != "policy"),
        remove_orphans: arguments.remove_orphans || up::asked(settings, "COMPOSE_REMOVE_ORPHANS"),
        ignore_orphans: up::asked(settings, "COMPOSE_IGNORE_ORPHANS"),
        no_start: true,
        recreate_volumes: arguments.yes,
        scale: arguments.scale.iter().cloned().collect(),
        ..UpOptions::default()
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
    let project = scope::with_named(scope::load(options, settings)?, &names, options, settings)?;
    let context = Muted::over(engine::context(options, settings)?, false, quiet_pull);
    if options.dry_run {
        return plan::show(&context, &project, wanted, settings);
    }
    block_on(engine::interruptible(&context, commands::up(&context, &project, wanted)))?;
    Ok(ExitCode::SUCCESS)
}
