//! `inertia compose top`: the processes of a project's containers.

use super::scope::Scope;
use super::targets::{self, Choice};
use super::{ComposeOptions, engine};
use crate::commands::block_on;
use crate::failure::Failure;
use crate::render::{say, table};
use crate::settings::Settings;
use clap::Args;
use compose_core::engine::{Console as _, ProcessTable};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct TopArgs {
    /// Only these services
    services: Vec<String>,
}

/// The processes of one container.
struct Processes {
    service: String,
    number: String,
    table: ProcessTable,
}

pub(super) fn run(arguments: &TopArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let scope = Scope::find(options, settings)?;
    let console = engine::connect(settings)?;
    let context = engine::context_on(console.clone(), options, settings, None);
    let choice = Choice {
        services: &arguments.services,
        one_offs: true,
        stopped: false,
        orphans: true,
    };
    block_on(async {
        let mut all = Vec::new();
        for row in targets::find(&context, &scope, choice).await? {
            all.push(Processes {
                service: row.owner.service.to_string(),
                number: row.owner.number().map(|number| number.to_string()).unwrap_or_default(),
                table: console.processes(&row.summary.id).await?,
            });
        }
        say(&text(&all))
    })
}

/// One table for all; a column that only some containers have is empty for the others.
fn text(all: &[Processes]) -> String {
    let mut titles: Vec<&str> = Vec::new();
    for title in all.iter().flat_map(|processes| &processes.table.titles) {
        if !titles.contains(&title.as_str()) {
            titles.push(title);
        }
    }
    if titles.is_empty() {
        return String::new();
    }
    let mut rows = vec![["SERVICE", "#"].iter().chain(&titles).map(|&cell| cell.to_owned()).collect()];
    for processes in all {
        for row in &processes.table.rows {
            let cell = |title: &&str| {
                let at = processes.table.titles.iter().position(|own| own == title);
                at.and_then(|at| row.get(at)).cloned().unwrap_or_else(|| "-".to_owned())
            };
            let own = [processes.service.clone(), processes.number.clone()];
            rows.push(own.into_iter().chain(titles.iter().map(cell)).collect());
        }
    }
    table::columns(&rows, 4, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn processes(service: &str, titles: &[&str], row: &[&str]) -> Processes {
        let owned = |cells: &[&str]| cells.iter().map(|&cell| cell.to_owned()).collect::<Vec<_>>();
        Processes {
            service: service.to_owned(),
            number: "1".to_owned(),
            table: ProcessTable {
                titles: owned(titles),
                rows: vec![owned(row)],
            },
        }
    }

    #[test]
    fn containers_share_their_columns() {
        let all = [
            processes("web", &["PID", "CMD"], &["22460", "sleep 600"]),
            processes("database", &["PID", "USER"], &["7", "root"]),
        ];
        let want = "\
SERVICE   #   PID    CMD        USER
web       1   22460  sleep 600  -
database  1   7      -          root";
        assert_eq!(text(&all), want);
        assert_eq!(text(&[]), "");
    }
}
