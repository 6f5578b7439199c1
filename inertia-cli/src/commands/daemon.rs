//! `inertia daemon`: runs deployd in this process.

use crate::failure::Failure;
use crate::settings::Settings;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(crate) struct DaemonArgs {
    /// The address to listen on
    #[arg(long, value_name = "ADDR", default_value = "0.0.0.0:8081")]
    listen: std::net::SocketAddr,
    /// The folder that holds everything the daemon knows; $HOME/.inertia when left out
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

/// Runs the daemon until it is told to stop.
pub(crate) fn run(arguments: &DaemonArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let _ = (&arguments.listen, &arguments.state, settings.environment.home());
    Err(Failure::new("not yet"))
}
