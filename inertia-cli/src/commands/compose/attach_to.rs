//! `inertia compose attach`.

use super::scope::Scope;
use super::session::{self, Peer, Wiring};
use super::targets::{self, Pick};
use super::{ComposeOptions, engine};
use crate::commands::block_on;
use crate::failure::Failure;
use crate::settings::Settings;
use clap::{ArgAction, Args};
use compose_core::engine::{Console as _, DockerEngine, Ending, Engine as _, Input};
use compose_core::names::ContainerId;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct AttachToArgs {
    /// The container of this number
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
    /// Leave standard input alone
    #[arg(long)]
    no_stdin: bool,
    /// Pass signals on to the container
    #[arg(long, default_value_t = true, num_args = 0..=1, default_missing_value = "true", require_equals = true, action = ArgAction::Set)]
    sig_proxy: bool,
    /// The service
    service: String,
}

pub(super) fn run(arguments: &AttachToArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let scope = Scope::find(options, settings)?;
    let console = engine::connect(settings)?;
    let context = engine::context_on(console.clone(), options, settings, None);
    let pick = Pick {
        service: &arguments.service,
        index: arguments.index,
        one_offs: true,
        stopped: false,
    };
    block_on(async {
        let row = targets::one(&context, scope.name(), pick).await?;
        attached(&console, &row.summary.id, arguments, settings).await
    })
}

async fn attached(console: &DockerEngine, id: &ContainerId, arguments: &AttachToArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let tty = console.inspect_container(id).await?.is_some_and(|details| details.tty);
    let wiring = Wiring {
        tty: tty && settings.environment.stdin_is_terminal,
        input: !arguments.no_stdin,
    };
    let end = console.await_end(id, Ending::Exit).await?;
    let input = if wiring.input { Input::Connected } else { Input::Ignored };
    let streams = console.attach(id, input).await?;
    let peer = if arguments.sig_proxy { Peer::Container(id) } else { Peer::Watched };
    session::connect(console, peer, wiring, streams).await?;
    Ok(session::exit(session::exit_code(console, id, end).await?))
}
