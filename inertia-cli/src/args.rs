//! The command line as typed.

use crate::bootstrap::BootstrapArgs;
use crate::commands::compose::ComposeArgs;
use crate::commands::daemon::DaemonArgs;
use crate::commands::deployed::register::RegisterArgs;
use crate::commands::deployed::{down, env, history, logs, plan, up, webhook};
use crate::commands::doctor::DoctorArgs;
use crate::commands::manual::{CompletionsArgs, ManArgs};
use crate::commands::people::{AuditArgs, JoinArgs, TokenArgs, UserArgs};
use crate::commands::remote::RemoteArgs;
use crate::commands::server::{SendArgs, ShellArgs, UninstallArgs};
use crate::far_end::FarEndArgs;
use clap::{Parser, Subcommand, ValueEnum};

mod read;
mod stop;

pub(crate) use read::{command, is_command, parse};
pub(crate) use stop::Stop;

/// Deploy docker-compose projects to servers you can SSH into.
#[derive(Debug, Parser)]
#[command(name = "inertia", version, propagate_version = false, max_term_width = 100)]
#[command(after_help = "Commands for a remote are given as `inertia NAME COMMAND`; with one remote NAME may be left out.")]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags that every command knows.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Global {
    /// Print one JSON document on standard output, and nothing else there
    ///
    /// What goes on without end (`logs --follow`) is one document a line. A failure is one too, on the last line of standard
    /// error: `error`, `hints`, `exit_code`, and `diagnostics` where files are to blame. Behind `compose` it is `--format json`,
    /// of the commands that have that.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say less
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Say more
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// When to use colours
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    pub(crate) color: ColorChoice,
    /// Never ask; fail where an answer is needed
    #[arg(long, global = true)]
    pub(crate) no_input: bool,
    /// The remote to talk to, also when it is named like a command
    #[arg(short, long, value_name = "NAME")]
    pub(crate) remote: Option<String>,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a docker compose command, natively
    Compose(Box<ComposeArgs>),
    /// Look at this folder and write inertia.toml; for a remote: set its server up and register the project there
    Init(Box<InitArgs>),
    /// Add, list, show and remove remotes, or ask one for its status
    Remote(RemoteArgs),
    /// Deploy now, watch it to its end and exit by its outcome
    Up(up::UpArgs),
    /// Show what `up` would do, and why, without doing it
    Plan(plan::PlanArgs),
    /// Show the release that runs, what is under way, and the containers
    Status,
    /// List the project's containers
    Ps,
    /// List the deployments, newest first
    History,
    /// Show one deployment
    Show(history::ShowArgs),
    /// Call a deployment off
    Cancel(history::CancelArgs),
    /// Show what the containers wrote, or what a deployment said
    Logs(logs::LogsArgs),
    /// Put an earlier release back, without rebuilding
    Rollback(up::RollbackArgs),
    /// Take the project's containers and networks away; its volumes stay
    Down(down::DownArgs),
    /// Restart the project's containers
    Restart(down::RestartArgs),
    /// List, set and remove the project's variables
    Env(env::EnvArgs),
    /// Show what a git host is told, or try it
    Webhook(webhook::WebhookArgs),
    /// Open a terminal on the remote's server, or run a command there
    Ssh(ShellArgs),
    /// Send a file to the remote's server
    Send(SendArgs),
    /// Replace the remote's daemon by the one that this program brings
    Upgrade(BootstrapArgs),
    /// Take the remote's daemon away; what it deployed goes on running
    Uninstall(UninstallArgs),
    /// Look at everything between this folder and a running project, and say what to mend
    Doctor(DoctorArgs),
    /// Work on a server for somebody who is connected to it
    #[command(hide = true)]
    FarEnd(FarEndArgs),
    /// List people, let them in and remove them
    User(UserArgs),
    /// Make, list and revoke tokens for machines
    Token(TokenArgs),
    /// Show who did what, newest first
    Audit(AuditArgs),
    /// Use a remote as a second person, by the line that `user add` printed
    Join(JoinArgs),
    /// Run the daemon
    Daemon(DaemonArgs),
    /// Print a shell's completion script
    Completions(CompletionsArgs),
    /// Write the manual pages
    Man(ManArgs),
}

/// What `init` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct InitArgs {
    #[command(flatten)]
    pub(crate) bootstrap: BootstrapArgs,
    #[command(flatten)]
    pub(crate) register: RegisterArgs,
}
