//! `inertia compose build` and `pull`.

use super::{ComposeOptions, engine, scope};
use crate::commands::block_on;
use crate::failure::Failure;
use crate::settings::{Settings, Volume};
use clap::Args;
use compose_core::commands::{self, BuildOptions, PullOptions};
use compose_core::model::OptionalStringMap;
use compose_core::names::ServiceName;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct BuildArgs {
    /// Set a build argument for the services: KEY or KEY=VALUE
    #[arg(long = "build-arg", value_name = "KEY[=VALUE]")]
    args: Vec<String>,
    /// Take nothing from the cache
    #[arg(long)]
    no_cache: bool,
    /// Always try to pull a newer base image
    #[arg(long)]
    pull: bool,
    /// Do not show what the build says
    #[arg(short, long)]
    quiet: bool,
    /// Build what the services depend on too
    #[arg(long)]
    with_dependencies: bool,
    /// Only these services
    services: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct PullArgs {
    /// Leave services out that can be built
    #[arg(long)]
    ignore_buildable: bool,
    /// Pull what can be pulled and pass over the rest
    #[arg(long)]
    ignore_pull_failures: bool,
    /// Pull what the services depend on too
    #[arg(long)]
    include_deps: bool,
    /// Which images: missing or always
    #[arg(long, value_name = "WHEN", value_parser = ["missing", "always"])]
    policy: Option<String>,
    /// Do not show progress
    #[arg(short, long)]
    quiet: bool,
    /// Only these services
    services: Vec<String>,
}

pub(super) fn run(arguments: &BuildArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let project = scope::load_without_variables(&arguments.services, options, settings)?;
    let wanted = BuildOptions {
        services: arguments.services.iter().map(ServiceName::new).collect(),
        with_dependencies: arguments.with_dependencies,
        pull: arguments.pull,
        no_cache: arguments.no_cache,
        args: arguments
            .args
            .iter()
            .map(|argument| assignment(argument))
            .collect::<OptionalStringMap>(),
        ..BuildOptions::default()
    };
    let context = engine::context_at(options, settings, arguments.quiet.then_some(Volume::Quiet))?;
    block_on(engine::interruptible(&context, commands::build(&context, &project, &wanted)))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn pull(arguments: &PullArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let project = scope::load_without_variables(&arguments.services, options, settings)?;
    let wanted = PullOptions {
        services: arguments.services.iter().map(ServiceName::new).collect(),
        include_deps: arguments.include_deps,
        policy: arguments.policy.clone(),
        ignore_buildable: arguments.ignore_buildable,
        ignore_failures: arguments.ignore_pull_failures,
    };
    let context = engine::context_at(options, settings, arguments.quiet.then_some(Volume::Quiet))?;
    block_on(engine::interruptible(&context, commands::pull(&context, &project, &wanted)))?;
    Ok(ExitCode::SUCCESS)
}

fn assignment(text: &str) -> (String, Option<String>) {
    match text.split_once('=') {
        Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
        None => (text.to_owned(), None),
    }
}
