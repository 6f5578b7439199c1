//! `inertia compose exec`.

use super::scope::Scope;
use super::session::{self, Peer, Wiring};
use super::targets::{self, Pick};
use super::words::{self, Words};
use super::{ComposeOptions, engine};
use crate::commands::block_on;
use crate::failure::Failure;
use crate::settings::Settings;
use clap::Args;
use compose_core::engine::{Console as _, DockerEngine, EngineError, ExecRequest};
use compose_core::names::ContainerId;
use std::process::ExitCode;
use std::time::Duration;

#[derive(Debug, Args)]
pub(super) struct ExecArgs {
    /// Run the command in the background
    #[arg(short, long)]
    detach: bool,
    /// Set a variable: KEY=VALUE, or KEY for the value it has here
    #[arg(short, long, value_name = "KEY[=VALUE]")]
    env: Vec<String>,
    /// In the container of this number
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
    /// Give the command every privilege
    #[arg(long)]
    privileged: bool,
    #[command(flatten)]
    streams: words::StreamArgs,
    /// Run the command as this user
    #[arg(short, long, value_name = "USER")]
    user: Option<String>,
    /// The working folder of the command
    #[arg(short, long, value_name = "FOLDER")]
    workdir: Option<String>,
    /// The service, the command and its arguments
    #[arg(required = true, num_args = 1.., trailing_var_arg = true, value_names = ["SERVICE", "COMMAND"])]
    words: Vec<String>,
}

pub(super) fn run(arguments: &ExecArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let Words { service, command } = Words::of(&arguments.words);
    if command.is_empty() {
        return Err(Failure::new("exec needs a service and a command").hint(format!("inertia compose exec {service} sh")));
    }
    let scope = Scope::find(options, settings)?;
    let wiring = Wiring {
        tty: !arguments.detach
            && session::wants_terminal(arguments.streams.refusal(), arguments.streams.interactive, &settings.environment)?,
        input: arguments.streams.interactive && !arguments.detach,
    };
    let variables = scope
        .project()
        .map_or(&settings.environment.variables, |project| &project.variables);
    let assignments = words::assignments(&arguments.env, variables);
    let request = ExecRequest {
        command: command.to_vec(),
        environment: assignments.into_iter().map(|(key, value)| format!("{key}={value}")).collect(),
        user: arguments.user.clone(),
        working_dir: arguments.workdir.clone(),
        privileged: arguments.privileged,
        tty: wiring.tty,
        stdin: wiring.input,
    };
    let console = engine::connect(settings)?;
    let context = engine::context_on(console.clone(), options, settings, None);
    let pick = Pick {
        service,
        index: arguments.index,
        one_offs: true,
        stopped: false,
    };
    block_on(async {
        let row = targets::one(&context, scope.name(), pick).await?;
        if arguments.detach {
            console.detach_exec(&row.summary.id, &request).await?;
            return Ok(ExitCode::SUCCESS);
        }
        attached(&console, &row.summary.id, &request, wiring).await
    })
}

async fn attached(console: &DockerEngine, container: &ContainerId, request: &ExecRequest, wiring: Wiring) -> Result<ExitCode, Failure> {
    let opened = console.open_exec(container, request).await?;
    session::connect(console, Peer::Command(&opened.id), wiring, opened.streams).await?;
    Ok(session::exit(exit_code(console, &opened.id).await?))
}

/// The command's exit code; `None` when it goes on. The engine closes a command's output a moment before it knows its end.
async fn exit_code(console: &DockerEngine, session: &str) -> Result<Option<i64>, Failure> {
    for _ in 0..20 {
        match console.exec_exit_code(session).await {
            Err(EngineError::Failed { .. }) => tokio::time::sleep(Duration::from_millis(50)).await,
            other => return Ok(Some(other?)),
        }
    }
    Ok(None)
}
