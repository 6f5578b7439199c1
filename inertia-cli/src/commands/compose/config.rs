//! `inertia compose config`.

use super::ComposeOptions;
use crate::failure::Failure;
use crate::settings::Settings;
use clap::Args;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct ConfigArgs {
    /// Only these services and what they depend on
    services: Vec<String>,
}

pub(super) fn run(arguments: &ConfigArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let loaded = options.loader(settings).load()?;
    let _ = (&loaded.project, &arguments.services);
    Ok(ExitCode::SUCCESS)
}
