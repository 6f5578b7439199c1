//! One module a command.

pub(crate) mod compose;
pub(crate) mod daemon;
pub(crate) mod deployed;
pub(crate) mod doctor;
mod engine;
mod init;
pub(crate) mod manual;
mod moment;
pub(crate) mod people;
pub(crate) mod remote;
pub(crate) mod server;
mod stop_signals;

use crate::args::Command;
use crate::failure::{Attempt as _, Failure};
use crate::settings::Settings;
use std::process::ExitCode;

/// Runs the command that the settings hold.
pub(crate) fn run(settings: &Settings) -> Result<ExitCode, Failure> {
    let runs_here = matches!(
        settings.command,
        Command::Compose(_) | Command::Daemon(_) | Command::FarEnd(_) | Command::Join(_) | Command::Completions(_) | Command::Man(_)
    );
    if let Some(remote) = settings.remote.as_ref().filter(|_| runs_here) {
        return Err(Failure::usage(format!(
            "this command runs on this machine and cannot be sent to the remote '{remote}'"
        ))
        .hint("leave the remote's name out, or see `inertia --help` for what remotes understand"));
    }
    match &settings.command {
        Command::Compose(arguments) => compose::run(arguments, settings),
        Command::Init(arguments) if settings.remote.is_some() => server::init(&arguments.bootstrap, settings),
        Command::Init(arguments) if !arguments.register.is_empty() => {
            Err(Failure::usage("these flags are for a remote").hint("put its name before the command: `inertia NAME init …`"))
        }
        Command::Init(_) => init::run(settings),
        Command::Remote(arguments) => remote::run(arguments, settings),
        Command::Up(arguments) => deployed::up::run(arguments, settings),
        Command::Plan(arguments) => deployed::plan::run(arguments, settings),
        Command::Status => deployed::containers::status(settings),
        Command::Ps => deployed::containers::ps(settings),
        Command::History => deployed::history::run(settings),
        Command::Show(arguments) => deployed::history::show(arguments, settings),
        Command::Cancel(arguments) => deployed::history::cancel(arguments, settings),
        Command::Logs(arguments) => deployed::logs::run(arguments, settings),
        Command::Rollback(arguments) => deployed::up::rollback(arguments, settings),
        Command::Down(arguments) => deployed::down::run(arguments, settings),
        Command::Restart(arguments) => deployed::down::restart(arguments, settings),
        Command::Env(arguments) => deployed::env::run(arguments, settings),
        Command::Webhook(arguments) => deployed::webhook::run(arguments, settings),
        Command::Ssh(arguments) => server::shell(arguments, settings),
        Command::Send(arguments) => server::send(arguments, settings),
        Command::Upgrade(options) => server::upgrade(options, settings),
        Command::Uninstall(arguments) => server::uninstall(arguments, settings),
        Command::Doctor(arguments) => doctor::run(arguments, settings),
        Command::FarEnd(arguments) => crate::far_end::run(arguments, settings),
        Command::User(arguments) => people::user::run(arguments, settings),
        Command::Token(arguments) => people::token::run(arguments, settings),
        Command::Audit(arguments) => people::audit::run(arguments, settings),
        Command::Join(arguments) => people::join::run(arguments, settings),
        Command::Daemon(arguments) => daemon::run(arguments, settings),
        Command::Completions(arguments) => manual::completions(arguments),
        Command::Man(arguments) => manual::man(arguments),
    }
}

/// Runs the asynchronous part of a command to its end, on this thread.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .attempt("cannot start the asynchronous runtime")?;
    runtime.block_on(work)
}
