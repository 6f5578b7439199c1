//! `inertia compose volumes`: the volumes of a project.

use super::scope::Scope;
use super::{ComposeOptions, engine};
use crate::commands::block_on;
use crate::failure::Failure;
use crate::render::{rows, say, say_lines};
use crate::settings::Settings;
use clap::Args;
use compose_core::commands;
use compose_core::engine::{Engine as _, VolumeDetails};
use compose_core::labels;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct VolumesArgs {
    /// table, json, or a Go template of fields; `table TEMPLATE` adds a head
    #[arg(long, default_value = "table")]
    format: String,
    /// Only the names
    #[arg(short, long)]
    quiet: bool,
    /// Only those of these services
    services: Vec<String>,
}

pub(super) fn run(arguments: &VolumesArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let scope = Scope::of_services(&arguments.services, options, settings)?;
    let console = engine::connect(settings)?;
    let context = engine::context_on(console.clone(), options, settings, None);
    let mut volumes = block_on(async {
        let volumes = console.list_volumes(&labels::of_project(scope.name())).await?;
        let containers = commands::ps(&context, scope.name()).await?;
        let asked = |service: &str| arguments.services.iter().any(|name| name == service);
        let mounts = containers
            .iter()
            .filter(|row| asked(row.owner.service.as_str()))
            .flat_map(|row| &row.summary.mounts);
        let used: BTreeSet<&str> = mounts.filter_map(|mount| mount.name.as_deref()).collect();
        let all = arguments.services.is_empty();
        Ok(volumes
            .into_iter()
            .filter(|volume| all || used.contains(volume.name.as_str()))
            .collect::<Vec<_>>())
    })?;
    volumes.sort_by(|a, b| a.name.cmp(&b.name));
    if arguments.quiet {
        return say_lines(volumes.iter().map(|volume| &volume.name));
    }
    let fields: Vec<Map<String, Value>> = volumes.iter().map(fields).collect();
    let columns = [("DRIVER", "Driver"), ("VOLUME NAME", "Name")];
    say(&rows::text(&fields, settings.form(&arguments.format, "table"), &columns)?)
}

fn fields(volume: &VolumeDetails) -> Map<String, Value> {
    let labels: Vec<String> = volume.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let unknown = "N/A";
    let fields = json!({
        "Availability": unknown, "Driver": volume.driver, "Group": unknown, "Labels": labels.join(","), "Links": unknown,
        "Mountpoint": volume.mountpoint, "Name": volume.name, "Scope": volume.scope, "Size": unknown, "Status": unknown,
    });
    fields.as_object().cloned().unwrap_or_default()
}
