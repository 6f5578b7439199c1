//! `inertia compose version`.

use crate::failure::Failure;
use crate::render::say;
use crate::settings::{Output, Settings};
use clap::{Args, ValueEnum};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct VersionArgs {
    /// Format the output
    #[arg(short, long, default_value = "pretty")]
    format: Format,
    /// Show only the version number
    #[arg(long)]
    short: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Pretty,
    Json,
}

pub(super) fn run(arguments: &VersionArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let version = env!("CARGO_PKG_VERSION");
    let format = match settings.output {
        Output::Json => Format::Json,
        Output::Text => arguments.format,
    };
    match (arguments.short, format) {
        (true, _) => say(version),
        (false, Format::Pretty) => say(&format!("Inertia Compose version {version}")),
        (false, Format::Json) => say(&serde_json::json!({ "version": version }).to_string()),
    }
}
