//! `inertia compose start`, `stop` and `restart`.

use super::scope::Scope;
use super::{ComposeOptions, engine};
use crate::commands::block_on;
use crate::failure::Failure;
use crate::settings::Settings;
use clap::Args;
use compose_core::commands::{Lifecycle, LifecycleOptions, lifecycle_plan};
use compose_core::names::ServiceName;
use std::process::ExitCode;
use std::time::Duration;

#[derive(Debug, Args)]
pub(super) struct StartArgs {
    /// Wait until services run or are healthy
    #[arg(long)]
    wait: bool,
    /// Most seconds to wait
    #[arg(long, value_name = "SECONDS")]
    wait_timeout: Option<u64>,
    /// Only these services
    services: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct StopArgs {
    /// Seconds that containers have to stop
    #[arg(short, long, value_name = "SECONDS")]
    timeout: Option<u64>,
    /// Only these services
    services: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct RestartArgs {
    /// Do not restart what depends on the services
    #[arg(long)]
    no_deps: bool,
    #[command(flatten)]
    stop: StopArgs,
}

pub(super) fn start(arguments: &StartArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let limit = arguments.wait_timeout.map_or(super::up::NO_LIMIT, Duration::from_secs);
    let wanted = LifecycleOptions {
        wait: arguments.wait.then_some(limit),
        ..LifecycleOptions::default()
    };
    carry_out(Lifecycle::Start, &arguments.services, wanted, options, settings)
}

pub(super) fn stop(arguments: &StopArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let wanted = LifecycleOptions {
        grace: arguments.timeout.map(Duration::from_secs),
        ..LifecycleOptions::default()
    };
    carry_out(Lifecycle::Stop, &arguments.services, wanted, options, settings)
}

pub(super) fn restart(arguments: &RestartArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let RestartArgs { no_deps, stop } = arguments;
    let wanted = LifecycleOptions {
        grace: stop.timeout.map(Duration::from_secs),
        no_deps: *no_deps,
        ..LifecycleOptions::default()
    };
    carry_out(Lifecycle::Restart, &stop.services, wanted, options, settings)
}

fn carry_out(
    change: Lifecycle,
    services: &[String],
    mut wanted: LifecycleOptions,
    options: &ComposeOptions,
    settings: &Settings,
) -> Result<ExitCode, Failure> {
    let scope = Scope::of_services(services, options, settings)?;
    wanted.services = services.iter().map(ServiceName::new).collect();
    let context = engine::context(options, settings)?;
    let plan = block_on(async { Ok(lifecycle_plan(&context, change, scope.name(), scope.project(), &wanted).await?) })?;
    engine::carry_out(&context, &scope, &plan, options, settings)
}
