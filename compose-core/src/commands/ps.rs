//! `ps`: the containers of a project, one row each.

use super::Context;
use crate::engine::{ContainerSummary, EngineError};
use crate::labels::{self, Ownership};
use crate::names::ProjectName;

/// One container of a project.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerRow {
    /// Whose it is.
    pub owner: Ownership,
    /// What the engine lists.
    pub summary: ContainerSummary,
}

/// The containers of a project, running or not, by name; one-off ones are told by their owner's role.
pub async fn ps(context: &Context, project: &ProjectName) -> Result<Vec<ContainerRow>, EngineError> {
    let found = context.engine.list_containers(&labels::of_project(project)).await?;
    let mut rows: Vec<ContainerRow> = found
        .into_iter()
        .filter_map(|summary| {
            Some(ContainerRow {
                owner: Ownership::read(&summary.labels)?,
                summary,
            })
        })
        .collect();
    rows.sort_by(|a, b| a.summary.name.cmp(&b.summary.name));
    Ok(rows)
}
