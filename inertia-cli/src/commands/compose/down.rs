//! `inertia compose down`.

use super::scope::Scope;
use super::{ComposeOptions, engine};
use crate::commands::block_on;
use crate::failure::Failure;
use crate::settings::Settings;
use clap::{Args, ValueEnum};
use compose_core::commands::{self, DownOptions, ImageRemoval};
use compose_core::names::ServiceName;
use std::process::ExitCode;
use std::time::Duration;

#[derive(Debug, Args)]
pub(super) struct DownArgs {
    /// Remove containers of services that the files no longer have
    #[arg(long)]
    remove_orphans: bool,
    /// Remove images: local removes only those without a name of their own
    #[arg(long, value_name = "TYPE")]
    rmi: Option<Rmi>,
    /// Seconds that containers have to stop
    #[arg(short, long, value_name = "SECONDS")]
    timeout: Option<u64>,
    /// Remove the named volumes of the files and anonymous volumes
    #[arg(short, long)]
    volumes: bool,
    /// Only these services
    services: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Rmi {
    Local,
    All,
}

pub(super) fn run(arguments: &DownArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let scope = Scope::of_services(&arguments.services, options, settings)?;
    let context = engine::context(options, settings)?;
    let wanted = DownOptions {
        services: arguments.services.iter().map(ServiceName::new).collect(),
        volumes: arguments.volumes,
        remove_orphans: arguments.remove_orphans,
        images: arguments.rmi.map(|rmi| match rmi {
            Rmi::Local => ImageRemoval::Local,
            Rmi::All => ImageRemoval::All,
        }),
        grace: arguments.timeout.map(Duration::from_secs),
    };
    let plan = block_on(async { Ok(commands::down_plan(&context, scope.name(), scope.project(), &wanted).await?) })?;
    engine::carry_out(&context, &scope, &plan, options, settings)
}
