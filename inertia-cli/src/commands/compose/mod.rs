//! `inertia compose …`: the commands of docker compose, with its flags, output and exit codes.

mod attach;
mod build;
mod config;
mod down;
mod engine;
mod lifecycle;
mod logs;
mod options;
mod plan;
mod ps;
mod scope;
mod up;
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
    /// Build or rebuild services
    Build(build::BuildArgs),
    /// Parse, resolve and render compose file in canonical format
    #[command(visible_alias = "convert")]
    Config(config::ConfigArgs),
    /// Stop and remove containers, networks
    Down(down::DownArgs),
    /// View output from containers
    Logs(logs::LogsArgs),
    /// Show what `up` would do, and why, without doing it
    Plan(plan::PlanArgs),
    /// List containers
    Ps(ps::PsArgs),
    /// Pull service images
    Pull(build::PullArgs),
    /// Restart service containers
    Restart(lifecycle::RestartArgs),
    /// Start services
    Start(lifecycle::StartArgs),
    /// Stop services
    Stop(lifecycle::StopArgs),
    /// Create and start containers
    Up(Box<up::UpArgs>),
    /// Show the version information
    Version(version::VersionArgs),
}

impl ComposeCommand {
    /// Refuses `--dry-run` where it would not be kept: what was asked for is that nothing happens.
    fn check_dry_run(&self, options: &ComposeOptions) -> Result<(), Failure> {
        match self {
            Self::Build(_) | Self::Down(_) | Self::Pull(_) | Self::Restart(_) | Self::Start(_) | Self::Stop(_) if options.dry_run => {
                Err(Failure::new("--dry-run is not supported by this command yet; nothing was done")
                    .hint("`up --dry-run` and `plan` show what they would do"))
            }
            _ => Ok(()),
        }
    }
}

/// Runs a compose command.
pub(crate) fn run(arguments: &ComposeArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let options = &arguments.options;
    arguments.command.check_dry_run(options)?;
    match &arguments.command {
        ComposeCommand::Config(command) => config::run(command, options, settings),
        ComposeCommand::Build(command) => build::run(command, options, settings),
        ComposeCommand::Down(command) => down::run(command, options, settings),
        ComposeCommand::Logs(command) => logs::run(command, options, settings),
        ComposeCommand::Plan(command) => plan::run(command, options, settings),
        ComposeCommand::Pull(command) => build::pull(command, options, settings),
        ComposeCommand::Restart(command) => lifecycle::restart(command, options, settings),
        ComposeCommand::Start(command) => lifecycle::start(command, options, settings),
        ComposeCommand::Stop(command) => lifecycle::stop(command, options, settings),
        ComposeCommand::Up(command) => up::run(command, options, settings),
        ComposeCommand::Ps(command) => ps::run(command, options, settings),
        ComposeCommand::Version(command) => version::run(command),
    }
}
