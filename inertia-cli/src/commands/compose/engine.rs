//! The engine that a compose command drives, and how it is driven.

use super::ComposeOptions;
use crate::failure::Failure;
use crate::render::progress;
use crate::settings::Settings;
use compose_core::commands::Context;
use compose_core::engine::request::PathMap;
use compose_core::engine::{DockerEngine, EngineAddress};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Requests to the engine at a time, where `--parallel` does not say.
const PARALLEL: usize = 16;

/// The engine that `DOCKER_HOST` names, else the one of this machine. Nothing is sent yet.
pub(super) fn connect(settings: &Settings) -> Result<DockerEngine, Failure> {
    let address: EngineAddress = settings.environment.variable("DOCKER_HOST").unwrap_or_default().parse()?;
    Ok(DockerEngine::connect(&address)?)
}

/// What commands of the library need, with progress shown as the flags say.
pub(super) fn context(options: &ComposeOptions, settings: &Settings) -> Result<Context, Failure> {
    let word = options
        .progress
        .as_deref()
        .or_else(|| settings.environment.variable("COMPOSE_PROGRESS"));
    let style = progress::Style::named(word, settings);
    Ok(Context {
        engine: Arc::new(connect(settings)?),
        paths: PathMap::identity(),
        events: progress::sink(style, settings),
        cancel: CancellationToken::new(),
        parallel: usize::try_from(options.parallel)
            .ok()
            .filter(|&limit| limit > 0)
            .unwrap_or(PARALLEL),
    })
}
