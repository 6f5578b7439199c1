//! `inertia NAME audit`: who did what.

use super::Daemon;
use crate::commands::block_on;
use crate::failure::Failure;
use crate::render::moment::to_the_second;
use crate::render::{say, table};
use crate::settings::{Output, Settings};
use clap::Args;
use deployd::wire::AuditEntry;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// How many entries
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
    limit: u64,
}

/// Shows the latest entries, newest first.
pub(crate) fn run(arguments: &AuditArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let daemon = Daemon::find(settings)?;
    let entries: Vec<AuditEntry> = block_on(daemon.client.get(&format!("/v1/audit?limit={}", arguments.limit)))?;
    if settings.output == Output::Json {
        return say(&serde_json::json!(entries).to_string());
    }
    let rows = entries.iter().map(|entry| {
        vec![
            to_the_second(entry.at),
            entry.actor.clone(),
            entry.address.clone().unwrap_or_default(),
            entry.action.clone(),
            entry.project.clone().unwrap_or_default(),
            entry.detail.clone().unwrap_or_default(),
        ]
    });
    say(&table::render(&["AT", "WHO", "FROM", "WHAT", "PROJECT", "DETAIL"], rows))
}
