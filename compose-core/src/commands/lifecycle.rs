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

/// What happens to containers where they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// They are stopped, dependents first.
    Stop,
    /// Those that are there are started, what they depend on first.
    Start,
    /// They are restarted, and with them those whose dependency says `restart: true`.
    Restart,
}

/// Plans to stop, start or restart a project's containers, by its labels where no file describes it.
pub async fn lifecycle_plan(
    context: &Context,
    change: Lifecycle,
    name: &ProjectName,
    project: Option<&Project>,
    options: &LifecycleOptions,
) -> Result<Plan, ApplyError> {
    let planner = match change {
        Lifecycle::Stop => plan_stop,
        Lifecycle::Start => plan_start,
        Lifecycle::Restart => plan_restart,
    };
    let observed = observe(context.engine.as_ref(), name, project).await?;
    Ok(planner(project, &observed, &options.policy())?)
}

/// Stops, starts or restarts a project's containers, by its labels where no file describes it.
pub async fn lifecycle(
    context: &Context,
    change: Lifecycle,
    name: &ProjectName,
    project: Option<&Project>,
    options: &LifecycleOptions,
) -> Result<(), ApplyError> {
    let plan = lifecycle_plan(context, change, name, project, options).await?;
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
