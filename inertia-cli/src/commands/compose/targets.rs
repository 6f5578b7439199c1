//! Which containers a command is about, and doing one thing to each of them.

use super::ComposeOptions;
use super::scope::Scope;
use crate::failure::Failure;
use crate::render::say;
use compose_core::commands::{self, ContainerRow, Context};
use compose_core::engine::{ContainerStatus, EngineError};
use compose_core::event::{Event, Phase, Subject, Verb};
use compose_core::labels::Role;
use compose_core::names::ProjectName;
use futures::StreamExt as _;
use std::process::ExitCode;
use std::time::Instant;

/// Which of a project's containers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Choice<'a> {
    /// Only these services; all when empty.
    pub(super) services: &'a [String],
    /// Those made by `run` too.
    pub(super) one_offs: bool,
    /// Those that do not run too.
    pub(super) stopped: bool,
    /// Those of services that the files do not have too.
    pub(super) orphans: bool,
}

/// The containers of a choice: by service, then by number, those of `run` last.
pub(super) async fn find(context: &Context, scope: &Scope, choice: Choice<'_>) -> Result<Vec<ContainerRow>, Failure> {
    let declared = scope.project().map(|project| &project.services);
    let mut rows = commands::ps(context, scope.name()).await?;
    rows.retain(|row| {
        let service = &row.owner.service;
        let asked = match choice.services {
            [] => choice.orphans || declared.is_none_or(|declared| declared.contains_key(service)),
            names => names.iter().any(|name| name == service.as_str()),
        };
        asked && (choice.one_offs || !is_one_off(row)) && (choice.stopped || runs(row))
    });
    rows.sort_by_key(|row| (row.owner.service.clone(), order(row)));
    Ok(rows)
}

/// One container of a service: the one of the number, else the first.
pub(super) async fn one(context: &Context, project: &ProjectName, pick: Pick<'_>) -> Result<ContainerRow, Failure> {
    let mut rows = commands::ps(context, project).await?;
    rows.retain(|row| row.owner.service.as_str() == pick.service && (pick.stopped || runs(row)) && (pick.one_offs || !is_one_off(row)));
    rows.sort_by_key(order);
    choose(rows, pick)
}

/// Which one of a service's containers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pick<'a> {
    /// The service.
    pub(super) service: &'a str,
    /// Its number; any when there is none.
    pub(super) index: Option<u32>,
    /// One made by `run` will do.
    pub(super) one_offs: bool,
    /// One that does not run will do.
    pub(super) stopped: bool,
}

fn choose(rows: Vec<ContainerRow>, pick: Pick<'_>) -> Result<ContainerRow, Failure> {
    let Pick {
        service, index, stopped, ..
    } = pick;
    let index = index.filter(|&index| index > 0);
    let wanted = |row: &ContainerRow| index.is_none_or(|index| row.owner.number().is_some_and(|number| number.get() == index));
    rows.into_iter().find(wanted).ok_or_else(|| {
        let state = if stopped { "has no container" } else { "is not running" };
        match index {
            Some(index) if stopped => Failure::new(format!("service \"{service}\" has no container #{index}")),
            Some(index) => Failure::new(format!("service \"{service}\" is not running container #{index}")),
            None => Failure::new(format!("service \"{service}\" {state}")).hint(format!("start it: inertia compose up -d {service}")),
        }
    })
}

/// Does one thing to each container, several at a time, and tells how far it is; the first failure is returned.
pub(super) async fn each<F>(context: &Context, rows: &[ContainerRow], verb: Verb, work: F) -> Result<(), Failure>
where
    F: AsyncFn(&ContainerRow) -> Result<(), EngineError>,
{
    let tell = |row: &ContainerRow, phase: Phase| {
        let subject = Subject::Container(row.summary.name.to_string());
        context.events.emit(Event::Action { subject, verb, phase });
    };
    let results: Vec<Result<(), EngineError>> = futures::stream::iter(rows)
        .map(async |row| {
            let began = Instant::now();
            tell(row, Phase::Started);
            let done = work(row).await;
            tell(
                row,
                match &done {
                    Ok(()) => Phase::Done { took: began.elapsed() },
                    Err(error) => Phase::Failed {
                        message: error.to_string(),
                    },
                },
            );
            done
        })
        .buffer_unordered(context.parallel.max(1))
        .collect()
        .await;
    Ok(results.into_iter().collect::<Result<(), EngineError>>()?)
}

/// Where only that was asked for: says what would be done to each container.
pub(super) fn rehearse(options: &ComposeOptions, word: &str, rows: &[ContainerRow]) -> Option<Result<ExitCode, Failure>> {
    let line = |row: &ContainerRow| format!("{word} container {}\n", row.summary.name);
    options.dry_run.then(|| say(&rows.iter().map(line).collect::<String>()))
}

/// Whether it has processes.
pub(super) fn runs(row: &ContainerRow) -> bool {
    matches!(
        row.summary.status,
        ContainerStatus::Running | ContainerStatus::Paused | ContainerStatus::Restarting
    )
}

fn is_one_off(row: &ContainerRow) -> bool {
    matches!(row.owner.role, Role::OneOff { .. })
}

fn order(row: &ContainerRow) -> (bool, Option<u32>, String) {
    let number = row.owner.number().map(compose_core::names::ReplicaNumber::get);
    (is_one_off(row), number, row.summary.name.to_string())
}

#[cfg(test)]
pub(super) mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use compose_core::engine::ContainerSummary;
    use compose_core::labels::Ownership;
    use compose_core::names::{ContainerName, ReplicaNumber};
    use std::collections::{BTreeMap, BTreeSet};

    /// A running container as the engine lists it.
    pub(in crate::commands::compose) fn row(service: &str, role: Role) -> ContainerRow {
        let owner = Ownership {
            role,
            ..Ownership::replica("shop".into(), service.into(), ReplicaNumber::FIRST)
        };
        let summary = ContainerSummary {
            id: "1f".into(),
            name: ContainerName::new("shop-x"),
            image: "busybox".to_owned(),
            image_id: "sha256:1f".into(),
            command: String::new(),
            created: 0,
            status: ContainerStatus::Running,
            status_text: String::new(),
            labels: owner.to_labels(),
            ports: Vec::new(),
            networks: BTreeMap::new(),
            addresses: BTreeSet::new(),
            mounts: Vec::new(),
        };
        ContainerRow { owner, summary }
    }

    #[test]
    fn replicas_come_before_one_offs_and_are_found_by_number() {
        let replica = |number| row("web", Role::Replica(ReplicaNumber::new(number)));
        let mut rows = vec![row("web", Role::OneOff { slug: "1".to_owned() }), replica(2), replica(1)];
        rows.sort_by_key(order);
        let pick = |index| Pick {
            service: "web",
            index,
            one_offs: true,
            stopped: false,
        };
        let number = |index| choose(rows.clone(), pick(index)).unwrap().owner.number().unwrap().get();
        assert_eq!((number(None), number(Some(0)), number(Some(2))), (1, 1, 2));
        let missing = choose(rows.clone(), pick(Some(3))).unwrap_err().text();
        assert_eq!(missing, "service \"web\" is not running container #3");
        assert_eq!(choose(Vec::new(), pick(None)).unwrap_err().text(), "service \"web\" is not running");
    }
}
