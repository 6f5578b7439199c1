//! `inertia compose ps`.

use super::{ComposeOptions, engine, scope::Scope};
use crate::commands::block_on;
use crate::failure::Failure;
use crate::render::{container, moment, rows, say};
use crate::settings::Settings;
use clap::Args;
use compose_core::engine::{ContainerHealth, ContainerStatus, ContainerSummary, Engine as _};
use compose_core::labels::{self, Ownership};
use compose_core::names::ServiceName;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::process::ExitCode;
use time::OffsetDateTime;

#[derive(Debug, Args)]
pub(super) struct PsArgs {
    /// Show all stopped containers too, those of `run` included
    #[arg(short, long)]
    all: bool,
    /// Filter by a property: status=running
    #[arg(long, value_name = "FILTER")]
    filter: Option<String>,
    /// table, json, or a Go template of fields; `table TEMPLATE` adds a head
    #[arg(long, default_value = "table")]
    format: String,
    /// Do not cut what is long
    #[arg(long)]
    no_trunc: bool,
    /// Include containers of services that the project no longer has
    #[arg(long, default_value_t = true, num_args = 0..=1, default_missing_value = "true", require_equals = true, action = clap::ArgAction::Set)]
    orphans: bool,
    /// Only the ids
    #[arg(short, long)]
    quiet: bool,
    /// Only the services' names
    #[arg(long)]
    services: bool,
    /// Only these states
    #[arg(long, value_name = "STATUS", value_parser = STATES)]
    status: Vec<String>,
    /// Only these services
    names: Vec<String>,
}

const COLUMNS: [(&str, &str); 7] = [
    ("NAME", "Name"),
    ("IMAGE", "Image"),
    ("COMMAND", "Command"),
    ("SERVICE", "Service"),
    ("CREATED", "RunningFor"),
    ("STATUS", "Status"),
    ("PORTS", "Ports"),
];

const STATES: [&str; 7] = ["paused", "restarting", "removing", "running", "dead", "created", "exited"];

pub(super) fn run(arguments: &PsArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let scope = Scope::of_services(&arguments.names, options, settings)?;
    let states = states(arguments)?;
    let engine = engine::connect(settings)?;
    let found = block_on(async { Ok(engine.list_containers(&labels::of_project(scope.name())).await?) })?;
    let declared = (!arguments.orphans).then(|| scope.services()).flatten();
    let mut rows: Vec<Row> = found
        .iter()
        .filter_map(|summary| Row::of(summary, !arguments.no_trunc))
        .filter(|row| arguments.all || !states.is_empty() || row.is_up())
        .filter(|row| arguments.all || !row.one_off)
        .filter(|row| states.is_empty() || states.contains(row.state))
        .filter(|row| arguments.names.is_empty() || arguments.names.contains(&row.service))
        .filter(|row| {
            declared
                .as_ref()
                .is_none_or(|declared| declared.contains(&ServiceName::new(&row.service)))
        })
        .collect();
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    show(&rows, arguments, settings)
}

/// The states asked for by either flag.
fn states(arguments: &PsArgs) -> Result<BTreeSet<&str>, Failure> {
    let mut states: BTreeSet<&str> = arguments.status.iter().map(String::as_str).collect();
    match arguments
        .filter
        .as_deref()
        .map(|filter| filter.split_once('=').unwrap_or((filter, "")))
    {
        None => {}
        Some(("status", state)) => {
            states.insert(state);
        }
        Some((property, _)) => return Err(Failure::new(format!("unknown filter '{property}'")).hint("write --filter status=running")),
    }
    Ok(states)
}

fn show(rows: &[Row], arguments: &PsArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    if arguments.quiet {
        return lines(rows.iter().map(|row| row.id.clone()));
    }
    if arguments.services {
        let services: BTreeSet<&str> = rows.iter().map(|row| row.service.as_str()).collect();
        return lines(services.into_iter().map(str::to_owned));
    }
    let fields: Vec<Map<String, Value>> = rows.iter().map(|row| row.fields.clone()).collect();
    say(&rows::text(&fields, settings.form(&arguments.format, "table"), &COLUMNS)?)
}

fn lines(lines: impl IntoIterator<Item = String>) -> Result<ExitCode, Failure> {
    say(&lines.into_iter().map(|line| line + "\n").collect::<String>())
}

/// A container with its fields as docker compose names them.
struct Row {
    id: String,
    name: String,
    service: String,
    state: &'static str,
    one_off: bool,
    fields: Map<String, Value>,
}

impl Row {
    fn of(summary: &ContainerSummary, cut: bool) -> Option<Self> {
        let owner = Ownership::read(&summary.labels)?;
        let state = state(&summary.status);
        let id = summary.id.as_str();
        let mount_name = |text: &str| {
            if cut && text.chars().count() > 15 {
                text.chars().take(14).chain(['…']).collect()
            } else {
                text.to_owned()
            }
        };
        let mounts: Vec<String> = summary
            .mounts
            .iter()
            .map(|mount| mount_name(mount.name.as_deref().unwrap_or(&mount.source)))
            .collect();
        let local_volumes = summary.mounts.iter().filter(|mount| mount.kind == "volume").count();
        let labels: Vec<String> = summary.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let networks: Vec<&str> = summary.networks.keys().map(compose_core::names::NetworkName::as_str).collect();
        let fields = json!({
            "Command": container::command(&summary.command, !cut),
            "CreatedAt": created_at(summary.created),
            "ExitCode": container::exit_code(&summary.status_text),
            "Health": health(&summary.status_text),
            "ID": if cut { id.get(..12).unwrap_or(id) } else { id },
            "Image": summary.image,
            "Labels": labels.join(","),
            "LocalVolumes": local_volumes.to_string(),
            "Mounts": mounts.join(","),
            "Name": summary.name,
            "Names": summary.name,
            "Networks": networks.join(","),
            "Ports": container::ports(&summary.ports),
            "Project": owner.project,
            "Publishers": publishers(summary),
            "RunningFor": format!("{} ago", container::duration(moment::now() - summary.created)),
            "Service": owner.service,
            "Size": "0B",
            "State": state,
            "Status": summary.status_text,
        });
        Some(Self {
            id: id.to_owned(),
            name: summary.name.to_string(),
            service: owner.service.to_string(),
            state,
            one_off: owner.number().is_none(),
            fields: fields.as_object().cloned().unwrap_or_default(),
        })
    }

    fn is_up(&self) -> bool {
        matches!(self.state, "running" | "paused" | "restarting")
    }
}

fn publishers(summary: &ContainerSummary) -> Vec<Value> {
    let mut ports: Vec<_> = summary.ports.iter().collect();
    ports.sort_by_key(|port| (port.private, port.protocol.clone(), port.public));
    let publisher = |port: &&compose_core::engine::ListedPort| json!({ "URL": port.ip.as_deref().unwrap_or_default(), "TargetPort": port.private, "PublishedPort": port.public.unwrap_or(0), "Protocol": port.protocol });
    ports.iter().map(publisher).collect()
}

/// A state in docker's word.
pub(super) fn state(status: &ContainerStatus) -> &'static str {
    match status {
        ContainerStatus::Created => "created",
        ContainerStatus::Running => "running",
        ContainerStatus::Paused => "paused",
        ContainerStatus::Restarting => "restarting",
        ContainerStatus::Removing => "removing",
        ContainerStatus::Exited => "exited",
        ContainerStatus::Dead => "dead",
        ContainerStatus::Other(_) => "unknown",
    }
}

fn health(status: &str) -> &'static str {
    match container::health(status) {
        ContainerHealth::None => "",
        ContainerHealth::Starting => "starting",
        ContainerHealth::Healthy => "healthy",
        ContainerHealth::Unhealthy => "unhealthy",
    }
}

fn created_at(seconds: i64) -> String {
    let format = time::macros::format_description!("[year]-[month]-[day] [hour]:[minute]:[second] +0000 UTC");
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|at| at.format(&format).ok())
        .unwrap_or_default()
}
