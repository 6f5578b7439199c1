//! `inertia daemon`: runs deployd in this process, until a signal ends it.
#![cfg_attr(not(unix), expect(dead_code, unused_imports, reason = "deployd serves on Unix"))]

use super::stop_signals::StopSignals;
use crate::failure::{Attempt as _, Failure, chain};
use crate::settings::{Settings, Volume};
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Threads for requests and deployments; an idle daemon is to weigh next to nothing.
const WORKERS: usize = 2;
/// Threads for git, archives and the database.
const BLOCKING: usize = 16;

#[derive(Debug, Args)]
pub(crate) struct DaemonArgs {
    /// The address to listen on
    #[arg(long, value_name = "ADDR", default_value = "0.0.0.0:8081")]
    listen: SocketAddr,
    /// The folder that holds everything the daemon knows; $HOME/.inertia when left out
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

/// Servers run Linux; what people work at may be anything.
#[cfg(not(unix))]
pub(crate) fn run(_arguments: &DaemonArgs, _settings: &Settings) -> Result<ExitCode, Failure> {
    Err(Failure::new("the daemon does not run on this system").hint("`inertia NAME init` starts it on a server"))
}

/// Runs the daemon until it is told to stop.
#[cfg(unix)]
pub(crate) fn run(arguments: &DaemonArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    log(settings);
    leave_no_core();
    warn_about_authorities(settings);
    let state = state(arguments, settings)?;
    let engine = Arc::new(super::engine::connect(&settings.environment)?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(BLOCKING)
        .enable_all()
        .build()
        .attempt("cannot start the asynchronous runtime")?;
    runtime.block_on(async {
        let listener = TcpListener::bind(arguments.listen).await.map_err(|error| {
            Failure::new(format!("cannot listen on {}: {error}", arguments.listen))
                .hint("another program may have the port: choose one with --listen ADDR")
        })?;
        let config = deployd::Config {
            state,
            engine,
            container: None,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            known_hosts: settings.environment.variable("SSH_KNOWN_HOSTS").map(PathBuf::from),
        };
        let mut signals = StopSignals::new()?;
        deployd::serve(listener, config, async move { signals.next().await })
            .await
            .map_err(|error| Failure::new(chain(&error)))?;
        Ok(ExitCode::SUCCESS)
    })
}

/// A memory image would hold every project's secrets, on a disk where anybody may find it.
#[cfg(unix)]
fn leave_no_core() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::warn!(%error, "cannot switch core dumps off");
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // A pattern that pipes to a program does not ask about the limit.
        if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
            tracing::warn!(%error, "cannot hide the daemon's memory from other processes of its user");
        }
    }
}

fn state(arguments: &DaemonArgs, settings: &Settings) -> Result<PathBuf, Failure> {
    if let Some(state) = &arguments.state {
        return Ok(settings.environment.cwd.join(state));
    }
    let home = settings
        .environment
        .home()
        .ok_or_else(|| Failure::usage("HOME is not set").hint("say where the daemon's state is to be: --state DIR"))?;
    Ok(home.join(".inertia"))
}

/// A file of authorities that cannot be read is passed over without a word by whoever uses it.
fn warn_about_authorities(settings: &Settings) {
    if let Some(file) = settings.environment.variable("SSL_CERT_FILE")
        && let Err(error) = std::fs::File::open(file)
    {
        crate::render::note(&format!(
            "warning: cannot read {file}, which SSL_CERT_FILE names: {error}; only the authorities that are compiled in are trusted"
        ));
    }
}

/// Logs to standard error; `INERTIA_LOG` says what: a level, or targets with levels such as `warn,deployd=debug`.
fn log(settings: &Settings) {
    let usual = match settings.volume {
        Volume::Quiet => LevelFilter::WARN,
        Volume::Normal => LevelFilter::INFO,
        Volume::Verbose => LevelFilter::DEBUG,
    };
    let usual = Targets::new().with_default(usual);
    let wanted = settings.environment.variable("INERTIA_LOG").map(str::parse);
    let mistake = wanted.as_ref().and_then(|wanted| wanted.as_ref().err().map(ToString::to_string));
    // The HTTP client of the engine logs whole request bodies, environments included.
    let filter = wanted
        .and_then(Result::ok)
        .unwrap_or(usual)
        .with_target("bollard", LevelFilter::OFF);
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(settings.color_stderr)
        .with_writer(std::io::stderr);
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
    if let Some(mistake) = mistake {
        tracing::warn!("INERTIA_LOG is not understood, and left aside: {mistake}");
    }
}
