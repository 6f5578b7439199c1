//! `inertia compose kill`, `pause`, `unpause` and `wait`.

use super::scope::Scope;
use super::targets::{self, Choice};
use super::{ComposeOptions, engine};
use crate::commands::block_on;
use crate::failure::Failure;
use crate::render::{note, say};
use crate::settings::Settings;
use clap::Args;
use compose_core::commands::{self, ContainerRow, Context, DownOptions};
use compose_core::engine::Console as _;
use compose_core::event::Verb;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct KillArgs {
    /// Include containers of services that the files no longer have
    #[arg(long)]
    remove_orphans: bool,
    /// The signal to send
    #[arg(short, long, value_name = "SIGNAL", default_value = "SIGKILL")]
    signal: String,
    /// Only these services
    services: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct PauseArgs {
    /// Only these services
    services: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct WaitArgs {
    /// Take the project down when the containers have ended
    #[arg(long)]
    down_project: bool,
    /// The services whose containers are awaited
    #[arg(required = true)]
    services: Vec<String>,
}

pub(super) fn kill(arguments: &KillArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let scope = Scope::of_services(&arguments.services, options, settings)?;
    let context = engine::context(options, settings)?;
    let choice = Choice {
        services: &arguments.services,
        one_offs: true,
        stopped: false,
        orphans: arguments.remove_orphans,
    };
    block_on(async {
        let rows = targets::find(&context, &scope, choice).await?;
        if rows.is_empty() {
            note("no container to kill");
            return Ok(ExitCode::SUCCESS);
        }
        if let Some(told) = targets::rehearse(options, "kill", &rows) {
            return told;
        }
        let signal = arguments.signal.as_str();
        let kill = async |row: &ContainerRow| context.engine.kill_container(&row.summary.id, signal).await;
        targets::each(&context, &rows, Verb::Kill, kill).await?;
        Ok(ExitCode::SUCCESS)
    })
}

pub(super) fn pause(arguments: &PauseArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    freeze(arguments, options, settings, Verb::Pause)
}

pub(super) fn unpause(arguments: &PauseArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    freeze(arguments, options, settings, Verb::Unpause)
}

fn freeze(arguments: &PauseArgs, options: &ComposeOptions, settings: &Settings, verb: Verb) -> Result<ExitCode, Failure> {
    let scope = Scope::of_services(&arguments.services, options, settings)?;
    let console = engine::connect(settings)?;
    let context = engine::context_on(console.clone(), options, settings, None);
    let choice = Choice {
        services: &arguments.services,
        ..Choice::default()
    };
    block_on(async {
        let rows = targets::find(&context, &scope, choice).await?;
        let word = if verb == Verb::Pause { "pause" } else { "unpause" };
        if let Some(told) = targets::rehearse(options, word, &rows) {
            return told;
        }
        let work = async |row: &ContainerRow| match verb {
            Verb::Pause => console.pause(&row.summary.id).await,
            _ => console.unpause(&row.summary.id).await,
        };
        targets::each(&context, &rows, verb, work).await?;
        Ok(ExitCode::SUCCESS)
    })
}

pub(super) fn wait(arguments: &WaitArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let scope = Scope::find(options, settings)?;
    let context = engine::context(options, settings)?;
    let choice = Choice {
        services: &arguments.services,
        one_offs: true,
        ..Choice::default()
    };
    block_on(async {
        let rows = targets::find(&context, &scope, choice).await?;
        if rows.is_empty() {
            return Err(
                Failure::new(format!("no containers for project \"{}\"", scope.name())).hint("only containers that run can be waited for")
            );
        }
        let code = await_all(&context, &rows).await?;
        if arguments.down_project {
            let down = DownOptions {
                remove_orphans: true,
                ..DownOptions::default()
            };
            let work = commands::down(&context, scope.name(), scope.project(), &down);
            engine::interruptible(&context, work).await?;
        }
        Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
    })
}

/// Says how each container ended; the code of the last.
async fn await_all(context: &Context, rows: &[ContainerRow]) -> Result<i64, Failure> {
    let mut waits: FuturesUnordered<_> = rows
        .iter()
        .map(async |row| (row, context.engine.wait_container(&row.summary.id).await))
        .collect();
    let mut last = 0;
    while let Some((row, code)) = waits.next().await {
        last = code?;
        say(&format!("container \"{}\" exited with status code {last}", row.summary.id))?;
    }
    Ok(last)
}
