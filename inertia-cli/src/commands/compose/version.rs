//! `inertia compose version`.

use crate::failure::Failure;
use crate::render::say;
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

pub(super) fn run(arguments: &VersionArgs) -> Result<ExitCode, Failure> {
    let version = env!("CARGO_PKG_VERSION");
    match (arguments.short, arguments.format) {
        (true, _) => say(version),
        (false, Format::Pretty) => say(&format!("Inertia Compose version {version}")),
        (false, Format::Json) => say(&serde_json::json!({ "version": version }).to_string()),
    }
}
