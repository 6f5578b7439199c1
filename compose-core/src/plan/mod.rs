//! What has to be done, decided before anything is done: pure functions from a [`Project`] and an
//! [`Observed`] to a [`Plan`]. Convergence lives here and nowhere else.
//!
//! [`Project`]: crate::model::Project
//! [`Observed`]: crate::observe::Observed

mod action;
mod builds;
mod containers;
mod convergence;
mod creation;
mod divergence;
mod error;
mod graph;
mod images;
mod leaving;
mod leftovers;
mod lifecycle;
mod naming;
mod one_off;
mod order;
mod policy;
mod provision;
mod pulls;
mod reason;
mod relations;
mod removal;
mod restarts;
mod scope;
mod shared;
mod size;
mod stops;
mod teardown;
mod text;
mod turns;
mod waits;

pub use crate::hash::{network_hash, volume_hash};
pub use action::{Action, AnonymousFate, BuildWhen, ContainerRef, HookPoint, NewContainer, OneOffRole, PullFailure, Target, WaitCondition};
pub use builds::base_services;
pub use containers::plan_containers;
pub use divergence::resolve_references;
pub use error::{NameHolder, PlanError};
pub use graph::{Plan, Replacement, Step, StepId, Successor};
pub use images::{image_name, plan_builds, plan_images, plan_pulls, platform_of};
pub use lifecycle::{plan_restart, plan_start, plan_stop};
pub use one_off::{OneOff, plan_one_off};
pub use policy::{
    AnonymousVolumes, BuildChoice, ContainerPolicy, DependencyScope, DivergedVolumes, DownPolicy, ImageChoice, ImagePolicy, ImageRemoval,
    LifecyclePolicy, Orphans, PullChoice, Recreate, RemovalPolicy, StartChoice, WaitChoice,
};
pub use pulls::PullRule;
pub use reason::Reason;
pub use removal::plan_removal;
pub use size::{MAX_CONTAINERS, MAX_PAIRS};
pub use teardown::plan_down;

#[cfg(all(test, feature = "engine"))]
mod tests;
