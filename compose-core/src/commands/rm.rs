//! `rm`: remove containers, and nothing else of the project.

use super::Context;
use crate::apply::ApplyError;
use crate::model::Project;
use crate::names::ProjectName;
use crate::observe::observe;
use crate::plan::{Plan, RemovalPolicy, plan_removal};

/// Plans to remove containers; whoever asks people first shows them this and then applies it.
pub async fn rm_plan(context: &Context, name: &ProjectName, project: Option<&Project>, policy: &RemovalPolicy) -> Result<Plan, ApplyError> {
    let observed = observe(context.engine.as_ref(), name, project).await?;
    Ok(plan_removal(project, &observed, policy)?)
}
