//! `inertia compose stats`: what a project's containers take of the machine.

use super::scope::Scope;
use super::targets::{self, Choice};
use super::{ComposeOptions, engine};
use crate::commands::block_on;
use crate::commands::stop_signals::StopSignals;
use crate::failure::Failure;
use crate::render::{rows, say, say_exactly, size};
use crate::settings::Settings;
use clap::Args;
use compose_core::commands::ContainerRow;
use compose_core::engine::{Console as _, DockerEngine, EngineError, Usage};
use futures::StreamExt as _;
use serde_json::{Map, Value, json};
use std::process::ExitCode;
use std::time::Duration;

#[derive(Debug, Args)]
pub(super) struct StatsArgs {
    /// Show containers that do not run, too
    #[arg(short, long)]
    all: bool,
    /// table, json, or a Go template of fields; `table TEMPLATE` adds a head
    #[arg(long, default_value = "table")]
    format: String,
    /// Only once
    #[arg(long)]
    no_stream: bool,
    /// Do not cut what is long
    #[arg(long)]
    no_trunc: bool,
    /// Only this service
    service: Option<String>,
}

const COLUMNS: [(&str, &str); 8] = [
    ("CONTAINER ID", "ID"),
    ("NAME", "Name"),
    ("CPU %", "CPUPerc"),
    ("MEM USAGE / LIMIT", "MemUsage"),
    ("MEM %", "MemPerc"),
    ("NET I/O", "NetIO"),
    ("BLOCK I/O", "BlockIO"),
    ("PIDS", "PIDs"),
];

/// How often the table is drawn anew.
const PERIOD: Duration = Duration::from_secs(1);

pub(super) fn run(arguments: &StatsArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let scope = Scope::find(options, settings)?;
    let console = engine::connect(settings)?;
    let context = engine::context_on(console.clone(), options, settings, None);
    let services: Vec<String> = arguments.service.iter().cloned().collect();
    let choice = Choice {
        services: &services,
        one_offs: true,
        stopped: arguments.all,
        orphans: true,
    };
    let form = settings.form(&arguments.format, "table");
    block_on(async {
        let mut signals = StopSignals::new()?;
        loop {
            let rows = targets::find(&context, &scope, choice).await?;
            let looked = tokio::select! {
                usages = look(&console, &rows) => usages?,
                () = signals.next() => return Ok(ExitCode::from(130)),
            };
            let fields: Vec<Map<String, Value>> = rows
                .iter()
                .zip(looked)
                .map(|(row, usage)| fields(row, usage.as_ref(), arguments.no_trunc))
                .collect();
            let text = rows::text(&fields, form, &COLUMNS)?;
            if arguments.no_stream {
                return say(&text);
            }
            if settings.environment.stdout_is_terminal && form != "json" {
                say_exactly("\u{1b}[H\u{1b}[2J")?;
            }
            say(&text)?;
            tokio::select! {
                () = tokio::time::sleep(PERIOD) => {}
                () = signals.next() => return Ok(ExitCode::from(130)),
            }
        }
    })
}

/// One look at each container, all at the same time; `None` for one that does not run.
async fn look(console: &DockerEngine, rows: &[ContainerRow]) -> Result<Vec<Option<Usage>>, EngineError> {
    let looks = rows.iter().map(async |row| {
        if !targets::runs(row) {
            return Ok(None);
        }
        let mut usages = console.usage(&row.summary.id, true).await?;
        usages.next().await.transpose()
    });
    futures::future::try_join_all(looks).await
}

fn fields(row: &ContainerRow, usage: Option<&Usage>, whole: bool) -> Map<String, Value> {
    let id = row.summary.id.as_str();
    let shown = if whole { id } else { id.get(..12).unwrap_or(id) };
    let usage = usage.copied().unwrap_or_default();
    let pair = |a: u64, b: u64, form: fn(u64) -> String| format!("{} / {}", form(a), form(b));
    let fields = json!({
        "BlockIO": pair(usage.read, usage.written, size::decimal),
        "CPUPerc": format!("{:.2}%", usage.cpu_percent),
        "Container": id,
        "ID": shown,
        "MemPerc": format!("{:.2}%", memory_percent(&usage)),
        "MemUsage": pair(usage.memory, usage.memory_limit, size::binary),
        "Name": row.summary.name,
        "NetIO": pair(usage.received, usage.sent, size::decimal),
        "PIDs": usage.processes.to_string(),
    });
    fields.as_object().cloned().unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "a percentage for people")]
fn memory_percent(usage: &Usage) -> f64 {
    if usage.memory_limit == 0 {
        return 0.0;
    }
    usage.memory as f64 / usage.memory_limit as f64 * 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::compose::targets::tests::row;
    use compose_core::labels::Role;

    #[test]
    fn counters_become_columns() {
        let usage = Usage {
            cpu_percent: 12.345,
            memory: 1 << 20,
            memory_limit: 1 << 22,
            received: 1500,
            sent: 0,
            read: 2_000_000,
            written: 10,
            processes: 3,
        };
        let fields = fields(&row("web", Role::Replica(None)), Some(&usage), false);
        let text = rows::text(
            &[fields],
            "{{.CPUPerc}} {{.MemUsage}} {{.MemPerc}} {{.NetIO}} {{.BlockIO}} {{.PIDs}}",
            &COLUMNS,
        );
        assert_eq!(text.ok().as_deref(), Some("12.35% 1MiB / 4MiB 25.00% 1.5kB / 0B 2MB / 10B 3\n"));
    }
}
