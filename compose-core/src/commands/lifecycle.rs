//! `stop`, `start` and `restart`: containers where they are.

use super::Context;
use crate::apply::{ApplyError, apply};
use crate::model::Project;
use crate::names::{ProjectName, ServiceName};
use crate::observe::observe;
use crate::plan::{DependencyScope, LifecyclePolicy, Plan, WaitChoice, plan_restart, plan_start, plan_stop};
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

/// Plans to stop containers, dependents first.
pub async fn stop_plan(
    context: &Context,
    name: &ProjectName,
    project: Option<&Project>,
    options: &LifecycleOptions,
) -> Result<Plan, ApplyError> {
    let observed = observe(context.engine.as_ref(), name, project).await?;
    Ok(plan_stop(project, &observed, &options.policy())?)
}

/// Stops containers, dependents first.
pub async fn stop(context: &Context, name: &ProjectName, project: Option<&Project>, options: &LifecycleOptions) -> Result<(), ApplyError> {
    let plan = stop_plan(context, name, project, options).await?;
    apply(context, name, project, &plan).await.map(|_| ())
}

/// Plans to start containers that are there, what they depend on first.
pub async fn start_plan(
    context: &Context,
    name: &ProjectName,
    project: Option<&Project>,
    options: &LifecycleOptions,
) -> Result<Plan, ApplyError> {
    let observed = observe(context.engine.as_ref(), name, project).await?;
    Ok(plan_start(project, &observed, &options.policy())?)
}

/// Starts containers that are there, what they depend on first.
pub async fn start(context: &Context, name: &ProjectName, project: Option<&Project>, options: &LifecycleOptions) -> Result<(), ApplyError> {
    let plan = start_plan(context, name, project, options).await?;
    apply(context, name, project, &plan).await.map(|_| ())
}

/// Plans to restart containers, and with them those whose dependency says `restart: true`.
pub async fn restart_plan(
    context: &Context,
    name: &ProjectName,
    project: Option<&Project>,
    options: &LifecycleOptions,
) -> Result<Plan, ApplyError> {
    let observed = observe(context.engine.as_ref(), name, project).await?;
    Ok(plan_restart(project, &observed, &options.policy())?)
}

/// Restarts containers, and with them those whose dependency says `restart: true`.
pub async fn restart(
    context: &Context,
    name: &ProjectName,
    project: Option<&Project>,
    options: &LifecycleOptions,
) -> Result<(), ApplyError> {
    let plan = restart_plan(context, name, project, options).await?;
    apply(context, name, project, &plan).await.map(|_| ())
}

impl LifecycleOptions {
    fn policy(&self) -> LifecyclePolicy {
        LifecyclePolicy {
            services: self.services.clone(),
            dependencies: if self.no_deps {
                DependencyScope::Exclude
            } else {
                DependencyScope::Include
            },
            grace: self.grace,
            wait: self
                .wait
                .map_or(WaitChoice::Started, |deadline| WaitChoice::Healthy(Some(deadline))),
        }
    }
}
