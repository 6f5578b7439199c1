//! `down`: take away what `up` made.

use super::Context;
use crate::apply::{ApplyError, apply};
use crate::model::Project;
use crate::names::{ProjectName, ServiceName};
use crate::observe::observe;
use crate::plan::{DownPolicy, ImageRemoval, Orphans, Plan, plan_down};
use std::time::Duration;

/// How `down` goes about it.
#[derive(Clone, Debug, Default)]
pub struct DownOptions {
    /// Only these services and what depends on them; all when empty.
    pub services: Vec<ServiceName>,
    /// Named and anonymous volumes go too.
    pub volumes: bool,
    /// Containers of services that the project no longer has go.
    pub remove_orphans: bool,
    /// Which images go.
    pub images: Option<ImageRemoval>,
    /// Grace period over what each service says.
    pub grace: Option<Duration>,
}

/// Plans to take away a project's containers and networks, by its labels where no file describes it.
pub async fn down_plan(
    context: &Context,
    name: &ProjectName,
    project: Option<&Project>,
    options: &DownOptions,
) -> Result<Plan, ApplyError> {
    let observed = observe(context.engine.as_ref(), name, project).await?;
    let policy = DownPolicy {
        services: options.services.clone(),
        orphans: if options.remove_orphans { Orphans::Remove } else { Orphans::Ignore },
        volumes: options.volumes,
        images: options.images,
        grace: options.grace,
    };
    Ok(plan_down(name, project, &observed, &policy)?)
}

/// Takes away a project's containers and networks, by its labels where no file describes it.
pub async fn down(context: &Context, name: &ProjectName, project: Option<&Project>, options: &DownOptions) -> Result<(), ApplyError> {
    let plan = down_plan(context, name, project, options).await?;
    apply(context, name, project, &plan).await.map(|_| ())
}
