//! `inertia compose …`: the commands of docker compose, with its flags, output and exit codes.

mod attach;
mod attach_to;
mod build;
mod config;
mod confirm;
mod cp;
mod create;
mod down;
mod engine;
mod events;
mod exec;
mod images;
mod lifecycle;
mod logs;
mod ls;
mod options;
mod plan;
mod port;
mod provision;
mod ps;
mod push;
mod rm;
mod run;
mod scope;
mod session;
mod signals;
mod snapshot;
mod stats;
mod targets;
#[cfg(test)]
mod tests;
mod top;
mod up;
mod version;
mod volumes;
mod watch;
mod words;

use crate::failure::Failure;
use crate::settings::Settings;
use clap::{Args, Subcommand};
pub(crate) use options::ComposeOptions;
use std::process::ExitCode;

/// What follows `inertia compose`.
#[derive(Debug, Args)]
#[command(disable_version_flag = true)]
pub(crate) struct ComposeArgs {
    #[command(flatten)]
    options: ComposeOptions,
    #[command(subcommand)]
    command: ComposeCommand,
}

/// The commands of docker compose.
#[derive(Debug, Subcommand)]
enum ComposeCommand {
    /// Attach standard input, output and error to a service's running container
    Attach(attach_to::AttachToArgs),
    /// Build or rebuild services
    Build(build::BuildArgs),
    /// Create a new image from a service container's changes
    Commit(snapshot::CommitArgs),
    /// Parse, resolve and render compose file in canonical format
    #[command(visible_alias = "convert")]
    Config(config::ConfigArgs),
    /// Copy files and folders between a service container and the local file system
    Cp(cp::CpArgs),
    /// Creates containers for a service
    Create(create::CreateArgs),
    /// Stop and remove containers, networks
    Down(down::DownArgs),
    /// Receive real time events from containers
    Events(events::EventsArgs),
    /// Execute a command in a running container
    Exec(exec::ExecArgs),
    /// Export a service container's file system as a tar archive
    Export(snapshot::ExportArgs),
    /// List images used by the created containers
    Images(images::ImagesArgs),
    /// Force stop service containers
    Kill(signals::KillArgs),
    /// View output from containers
    Logs(logs::LogsArgs),
    /// List compose projects
    Ls(ls::LsArgs),
    /// Pause services
    Pause(signals::PauseArgs),
    /// Show what `up` would do, and why, without doing it
    Plan(plan::PlanArgs),
    /// Print the public port for a port binding
    Port(port::PortArgs),
    /// List containers
    Ps(ps::PsArgs),
    /// Pull service images
    Pull(build::PullArgs),
    /// Push service images
    Push(push::PushArgs),
    /// Restart service containers
    Restart(lifecycle::RestartArgs),
    /// Removes stopped service containers
    Rm(rm::RmArgs),
    /// Run a one-off command on a service
    Run(Box<run::RunArgs>),
    /// Scale services
    Scale(create::ScaleArgs),
    /// Start services
    Start(lifecycle::StartArgs),
    /// Display what containers take of the machine
    Stats(stats::StatsArgs),
    /// Stop services
    Stop(lifecycle::StopArgs),
    /// Display the running processes
    Top(top::TopArgs),
    /// Unpause services
    Unpause(signals::PauseArgs),
    /// Create and start containers
    Up(Box<up::UpArgs>),
    /// Show the version information
    Version(version::VersionArgs),
    /// List volumes
    Volumes(volumes::VolumesArgs),
    /// Block until containers of services stop
    Wait(signals::WaitArgs),
    /// Rebuild, restart or refresh containers when files of their services change
    Watch(watch::WatchArgs),
}

impl ComposeCommand {
    /// Refuses `--dry-run` where it would not be kept: what was asked for is that nothing happens.
    fn check_dry_run(&self, options: &ComposeOptions) -> Result<(), Failure> {
        match self {
            Self::Attach(_)
            | Self::Build(_)
            | Self::Commit(_)
            | Self::Cp(_)
            | Self::Exec(_)
            | Self::Export(_)
            | Self::Pull(_)
            | Self::Push(_)
            | Self::Run(_)
            | Self::Wait(_)
            | Self::Watch(_)
                if options.dry_run =>
            {
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
        ComposeCommand::Attach(command) => attach_to::run(command, options, settings),
        ComposeCommand::Config(command) => config::run(command, options, settings),
        ComposeCommand::Build(command) => build::run(command, options, settings),
        ComposeCommand::Create(command) => create::run(command, options, settings),
        ComposeCommand::Down(command) => down::run(command, options, settings),
        ComposeCommand::Exec(command) => exec::run(command, options, settings),
        ComposeCommand::Kill(command) => signals::kill(command, options, settings),
        ComposeCommand::Logs(command) => logs::run(command, options, settings),
        ComposeCommand::Pause(command) => signals::pause(command, options, settings),
        ComposeCommand::Plan(command) => plan::run(command, options, settings),
        ComposeCommand::Port(command) => port::run(command, options, settings),
        ComposeCommand::Pull(command) => build::pull(command, options, settings),
        ComposeCommand::Restart(command) => lifecycle::restart(command, options, settings),
        ComposeCommand::Rm(command) => rm::run(command, options, settings),
        ComposeCommand::Run(command) => run::run(command, options, settings),
        ComposeCommand::Scale(command) => create::scale(command, options, settings),
        ComposeCommand::Start(command) => lifecycle::start(command, options, settings),
        ComposeCommand::Stop(command) => lifecycle::stop(command, options, settings),
        ComposeCommand::Unpause(command) => signals::unpause(command, options, settings),
        ComposeCommand::Up(command) => up::run(command, options, settings),
        ComposeCommand::Ps(command) => ps::run(command, options, settings),
        ComposeCommand::Version(command) => version::run(command, settings),
        ComposeCommand::Commit(command) => snapshot::commit(command, options, settings),
        ComposeCommand::Cp(command) => cp::run(command, options, settings),
        ComposeCommand::Events(command) => events::run(command, options, settings),
        ComposeCommand::Export(command) => snapshot::export(command, options, settings),
        ComposeCommand::Images(command) => images::run(command, options, settings),
        ComposeCommand::Ls(command) => ls::run(command, options, settings),
        ComposeCommand::Push(command) => push::run(command, options, settings),
        ComposeCommand::Stats(command) => stats::run(command, options, settings),
        ComposeCommand::Top(command) => top::run(command, options, settings),
        ComposeCommand::Volumes(command) => volumes::run(command, options, settings),
        ComposeCommand::Watch(command) => watch::run(command, options, settings),
        ComposeCommand::Wait(command) => signals::wait(command, options, settings),
    }
}
