//! `inertia compose ls`: every project of the engine.

use super::{ComposeOptions, engine};
use crate::commands::block_on;
use crate::failure::{Attempt as _, Failure};
use crate::render::{say, say_lines, table};
use crate::settings::{Output, Settings};
use clap::{Args, ValueEnum};
use compose_core::engine::{ContainerStatus, ContainerSummary, Engine as _};
use compose_core::labels::{self, Ownership};
use regex::Regex;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct LsArgs {
    /// Show projects that do not run, too
    #[arg(short, long)]
    all: bool,
    /// Only projects of that name: name=REGULAR EXPRESSION
    #[arg(long, value_name = "FILTER")]
    filter: Vec<String>,
    /// table or json
    #[arg(long, default_value = "table")]
    format: Format,
    /// Only the names
    #[arg(short, long)]
    quiet: bool,
}

/// The forms of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Table,
    /// One JSON array.
    Json,
}

/// A project as it is listed.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    name: String,
    status: String,
    config_files: String,
}

pub(super) fn run(arguments: &LsArgs, _: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let names = filters(&arguments.filter)?;
    let engine = engine::connect(settings)?;
    let found = block_on(async { Ok(engine.list_containers(&labels::every_project()).await?) })?;
    let rows: Vec<Row> = rows(&found, arguments.all)
        .into_iter()
        .filter(|row| names.is_empty() || names.iter().any(|name| name.is_match(&row.name)))
        .collect();
    if arguments.quiet {
        return say_lines(rows.iter().map(|row| &row.name));
    }
    match arguments.format {
        _ if settings.output == Output::Json => say(&serde_json::json!(rows).to_string()),
        Format::Json => say(&serde_json::json!(rows).to_string()),
        Format::Table => {
            let cells = rows.into_iter().map(|row| vec![row.name, row.status, row.config_files]);
            say(&table::wide(&["NAME", "STATUS", "CONFIG FILES"], cells))
        }
    }
}

fn filters(given: &[String]) -> Result<Vec<Regex>, Failure> {
    given
        .iter()
        .map(|filter| {
            let (property, pattern) = filter.split_once('=').unwrap_or((filter, ""));
            if property == "name" {
                return Regex::new(pattern).attempt(format_args!("--filter {filter} is no regular expression"));
            }
            Err(Failure::new(format!("invalid filter '{property}'")).hint("write --filter name=PATTERN"))
        })
        .collect()
}

fn rows(containers: &[ContainerSummary], all: bool) -> Vec<Row> {
    let mut projects: BTreeMap<String, Vec<(&ContainerSummary, Ownership)>> = BTreeMap::new();
    for container in containers {
        let runs = matches!(
            container.status,
            ContainerStatus::Running | ContainerStatus::Paused | ContainerStatus::Restarting
        );
        if let Some(owner) = Ownership::read(&container.labels).filter(|_| all || runs) {
            projects.entry(owner.project.to_string()).or_default().push((container, owner));
        }
    }
    projects
        .into_iter()
        .map(|(name, containers)| Row {
            name,
            status: statuses(containers.iter().map(|(container, _)| &container.status)),
            config_files: files(containers.iter().map(|(_, owner)| owner)),
        })
        .collect()
}

/// `exited(1), running(2)`.
fn statuses<'a>(all: impl Iterator<Item = &'a ContainerStatus>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for status in all {
        *counts.entry(super::ps::state(status)).or_default() += 1;
    }
    let counts: Vec<String> = counts.iter().map(|(state, count)| format!("{state}({count})")).collect();
    counts.join(", ")
}

fn files<'a>(owners: impl Iterator<Item = &'a Ownership>) -> String {
    let mut seen = BTreeSet::new();
    let mut files: Vec<String> = Vec::new();
    for file in owners.flat_map(|owner| &owner.config_files) {
        if seen.insert(file) {
            files.push(file.display().to_string());
        }
    }
    if files.is_empty() {
        return "N/A".to_owned();
    }
    files.join(",")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::commands::compose::targets::tests::row;
    use compose_core::labels::Role;

    fn container(status: ContainerStatus) -> ContainerSummary {
        ContainerSummary {
            status,
            ..row("web", Role::Replica(None)).summary
        }
    }

    #[test]
    fn states_are_counted_and_only_what_runs_is_listed() {
        let found = [ContainerStatus::Running, ContainerStatus::Exited, ContainerStatus::Running].map(container);
        let listed = |all| rows(&found, all).pop().map(|row| (row.name, row.status, row.config_files)).unwrap();
        assert_eq!(
            listed(true),
            ("shop".to_owned(), "exited(1), running(2)".to_owned(), "N/A".to_owned())
        );
        assert_eq!(listed(false).1, "running(2)");
        assert_eq!(rows(&[container(ContainerStatus::Exited)], false), []);
    }

    #[test]
    fn only_names_can_be_filtered() {
        assert!(filters(&["name=^sh".to_owned()]).unwrap()[0].is_match("shop"));
        assert_eq!(filters(&["foo=bar".to_owned()]).unwrap_err().text(), "invalid filter 'foo'");
        assert!(filters(&["name=(".to_owned()]).is_err());
    }
}
