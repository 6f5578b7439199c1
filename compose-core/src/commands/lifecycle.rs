//! `stop`, `start` and `restart`: containers where they are.

use super::Context;
use crate::apply::{ApplyError, apply};
use crate::model::Project;
use crate::names::{ProjectName, ServiceName};
use crate::observe::{Observed, observe};
use crate::plan::{DependencyScope, LifecyclePolicy, Plan, PlanError, WaitChoice, plan_restart, plan_start, plan_stop};
use std::time::Duration;

/// How containers are stopped, started or restarted.
#[derive(Clone, Debug, Default)]
pub struct LifecycleOptions {
    /// Only these services; all when empty.
    pub services: Vec<ServiceName>,
    /// What depends on them is left alone (`restart`), what they depend on is not started (`start`).
    pub no_deps: bool,
    /// Grace period over what each service says.
    pub grace: Option<Duration>,
    /// Return only when every service runs or is healthy, at most so long (`start`).
    pub wait: Option<Duration>,
}

/// How one of the three makes its plan.
type Planner = fn(Option<&Project>, &Observed, &LifecyclePolicy) -> Result<Plan, PlanError>;

/// Stops containers, dependents first.
pub async fn stop(context: &Context, name: &ProjectName, project: Option<&Project>, options: &LifecycleOptions) -> Result<(), ApplyError> {
    run(context, name, project, options, plan_stop).await
}

/// Starts containers that are there, what they depend on first.
pub async fn start(context: &Context, name: &ProjectName, project: Option<&Project>, options: &LifecycleOptions) -> Result<(), ApplyError> {
    run(context, name, project, options, plan_start).await
}

/// Restarts containers, and with them those whose dependency says `restart: true`.
pub async fn restart(
    context: &Context,
    name: &ProjectName,
    project: Option<&Project>,
    options: &LifecycleOptions,
) -> Result<(), ApplyError> {
    run(context, name, project, options, plan_restart).await
}

async fn run(
    context: &Context,
    name: &ProjectName,
    project: Option<&Project>,
    options: &LifecycleOptions,
    planner: Planner,
) -> Result<(), ApplyError> {
    let observed = observe(context.engine.as_ref(), name, project).await?;
    let policy = LifecyclePolicy {
        services: options.services.clone(),
        dependencies: if options.no_deps {
            DependencyScope::Exclude
        } else {
            DependencyScope::Include
        },
        grace: options.grace,
        wait: options
            .wait
            .map_or(WaitChoice::Started, |deadline| WaitChoice::Healthy(Some(deadline))),
    };
    let plan = planner(project, &observed, &policy)?;
    apply(context, name, project, &plan).await?;
    Ok(())
}
