//! The engine that a compose command drives, and how it is driven.

use super::ComposeOptions;
use super::scope::Scope;
use crate::commands::block_on;
use crate::commands::stop_signals::StopSignals;
use crate::failure::Failure;
use crate::render::{note, progress};
use crate::settings::{Settings, Volume};
use compose_core::apply::apply;
use compose_core::commands::{Context, Plans};
use compose_core::engine::DockerEngine;
use compose_core::engine::request::PathMap;
use compose_core::plan::Plan;
use std::process::ExitCode;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Requests to the engine at a time, where `--parallel` does not say.
const PARALLEL: usize = 16;

/// The engine of this command's environment.
pub(super) fn connect(settings: &Settings) -> Result<DockerEngine, Failure> {
    crate::commands::engine::connect(&settings.environment)
}

/// What commands of the library need, with progress shown as the flags say.
pub(super) fn context(options: &ComposeOptions, settings: &Settings) -> Result<Context, Failure> {
    context_at(options, settings, None)
}

/// The same, with progress as loud as a flag of the command says.
pub(super) fn context_at(options: &ComposeOptions, settings: &Settings, volume: Option<Volume>) -> Result<Context, Failure> {
    Ok(context_on(connect(settings)?, options, settings, volume))
}

/// The same, over an engine that is used for more than that.
pub(super) fn context_on(engine: DockerEngine, options: &ComposeOptions, settings: &Settings, volume: Option<Volume>) -> Context {
    let word = options
        .progress
        .as_deref()
        .or_else(|| settings.environment.variable("COMPOSE_PROGRESS"));
    let style = match volume {
        Some(Volume::Quiet) => progress::Style::Quiet,
        _ => progress::Style::named(word, settings),
    };
    Context {
        engine: Arc::new(engine),
        paths: PathMap::identity(),
        events: progress::sink(style, settings),
        cancel: CancellationToken::new(),
        parallel: usize::try_from(options.parallel)
            .ok()
            .filter(|&limit| limit > 0)
            .unwrap_or(PARALLEL),
    }
}

/// Carries a plan out, or shows it where only that was asked for.
pub(super) fn carry_out(
    context: &Context,
    scope: &Scope,
    plan: &Plan,
    options: &ComposeOptions,
    settings: &Settings,
) -> Result<ExitCode, Failure> {
    if options.dry_run {
        return super::plan::print(&Plans::of_containers(plan.clone()), settings);
    }
    block_on(interruptible(context, apply(context, scope.name(), scope.project(), plan)))?;
    Ok(ExitCode::SUCCESS)
}

/// Runs a command of the library so that a first signal lets what has begun finish, and a second gives up at once.
pub(super) async fn interruptible<T, E: Into<Failure>>(context: &Context, work: impl Future<Output = Result<T, E>>) -> Result<T, Failure> {
    let mut signals = StopSignals::new()?;
    tokio::pin!(work);
    tokio::select! {
        done = &mut work => return done.map_err(Into::into),
        () = signals.next() => context.cancel.cancel(),
    }
    note("Stopping; what has begun is finished first (press Ctrl+C again to give up at once)");
    tokio::select! {
        done = &mut work => done.map_err(Into::into).and(Err(Failure::silent(130))),
        () = signals.next() => Err(Failure::silent(130)),
    }
}
