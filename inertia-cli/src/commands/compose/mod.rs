//! `inertia compose …`: the commands of docker compose, with its flags, output and exit codes.

mod config;
mod engine;
mod options;
mod ps;
mod scope;
mod version;

use crate::failure::Failure;
use crate::settings::Settings;
use clap::{Args, Subcommand};
pub(crate) use options::ComposeOptions;
use std::process::ExitCode;

/// What follows `inertia compose`.
#[derive(Debug, Args)]
#[command(disable_help_subcommand = true, disable_version_flag = true)]
pub(crate) struct ComposeArgs {
    #[command(flatten)]
    options: ComposeOptions,
    #[command(subcommand)]
    command: ComposeCommand,
}

/// The commands of docker compose.
#[derive(Debug, Subcommand)]
enum ComposeCommand {
    /// Parse, resolve and render compose file in canonical format
    #[command(visible_alias = "convert")]
    Config(config::ConfigArgs),
    /// List containers
    Ps(ps::PsArgs),
    /// Show the version information
    Version(version::VersionArgs),
}

/// Runs a compose command.
pub(crate) fn run(arguments: &ComposeArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let options = &arguments.options;
    match &arguments.command {
        ComposeCommand::Config(command) => config::run(command, options, settings),
        ComposeCommand::Ps(command) => ps::run(command, options, settings),
        ComposeCommand::Version(command) => version::run(command),
    }
}
