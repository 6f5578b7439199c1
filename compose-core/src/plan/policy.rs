//! How the caller wants convergence to go about it. Plain data; the clock is among it.

use crate::model::Service;
use crate::names::{ImageId, ImageRef, ServiceName};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// When containers are replaced although they run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recreate {
    /// When their configuration, image, networks or volumes differ from what is wanted.
    #[default]
    Diverged,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// When images are built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BuildChoice {
    /// When they are missing.
    #[default]
    Missing,
    /// Always; unchanged steps come from the cache.
    Always,
    /// Never; a missing one is an error.
    Never,
}

/// Which images the containers get.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ImageChoice {
    /// What the references lead to, after pulling and building.
    #[default]
    Resolve,
    /// Exactly these, without pulling or building: how an earlier release is put back.
    Pinned(BTreeMap<ServiceName, ImageId>),
}

/// Whether the services that the named ones depend on take part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DependencyScope {
    /// They do.
    #[default]
    Include,
    /// Only the named ones.
    Exclude,
}

/// Whether containers are started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartChoice {
    /// They are.
    #[default]
    Start,
    /// They are only made.
    CreateOnly,
}

/// What becomes of containers of services that the project no longer has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Orphans {
    /// They stay, with a warning.
    #[default]
    Warn,
    /// They go.
    Remove,
    /// They go, and so do containers of services whose profiles are off.
    RemoveDisabledToo,
    /// They stay, without a word.
    Ignore,
}

/// What becomes of the anonymous volumes of a replaced container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AnonymousVolumes {
    /// The replacement gets them.
    #[default]
    Inherit,
    /// The replacement gets new ones.
    Renew,
}

/// What becomes of a volume that was made from another configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DivergedVolumes {
    /// It stays as it is, with a warning.
    #[default]
    Keep,
    /// It stays as it is, with a warning that says which settings differ, also where no label says what it was made from.
    Report,
    /// It is made anew; its data is lost.
    Recreate,
}

/// Whether the plan ends only when every service is up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WaitChoice {
    /// It ends when everything is started.
    #[default]
    Started,
    /// It ends when everything runs or is healthy, or after so long.
    Healthy(Option<Duration>),
}

/// How the containers of a project are brought to what is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerPolicy {
    /// The services asked for; all when empty.
    pub services: Vec<ServiceName>,
    /// Whether what they depend on takes part.
    pub dependencies: DependencyScope,
    /// When the named services' containers are replaced.
    pub recreate: Recreate,
    /// When those of their dependencies are.
    pub recreate_dependencies: Recreate,
    /// Whether containers are started.
    pub start: StartChoice,
    /// What becomes of orphans.
    pub orphans: Orphans,
    /// What becomes of anonymous volumes.
    pub anonymous_volumes: AnonymousVolumes,
    /// What becomes of diverged volumes.
    pub diverged_volumes: DivergedVolumes,
    /// Numbers of replicas, over what each service says.
    pub scale: BTreeMap<ServiceName, u32>,
    /// Grace period, over what each service says.
    pub grace: Option<Duration>,
    /// Whether the plan ends with everything up.
    pub wait: WaitChoice,
    /// Which images the containers get.
    pub images: ImageChoice,
    /// Images that are about to be pulled or built, so that their ids are not known yet.
    pub pending_images: BTreeSet<ImageRef>,
}

impl ContainerPolicy {
    /// How many containers a service is to have.
    pub(super) fn containers_of(&self, service: &Service) -> u32 {
        self.scale.get(&service.name).copied().unwrap_or_else(|| service.replicas())
    }
}

/// How images are brought here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImagePolicy {
    /// The services asked for; all when empty.
    pub services: Vec<ServiceName>,
    /// Whether what they depend on takes part.
    pub dependencies: DependencyScope,
    /// When images are built.
    pub build: BuildChoice,
    /// When images are pulled, over what each service says: `always`, `missing`, `never`, …
    pub pull: Option<String>,
    /// The present, in seconds since 1970, for policies such as `daily`.
    pub now: i64,
}

/// How `pull` goes about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PullChoice {
    /// The services asked for; all when empty.
    pub services: Vec<ServiceName>,
    /// Whether what they depend on takes part.
    pub dependencies: DependencyScope,
    /// When images are pulled, over what each service says.
    pub policy: Option<String>,
    /// Services that can be built are left out.
    pub skip_buildable: bool,
    /// What cannot be pulled is passed over.
    pub ignore_failures: bool,
    /// The present, in seconds since 1970.
    pub now: i64,
}

/// Which images go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageRemoval {
    /// Those built for the project.
    Local,
    /// All that its services run.
    All,
}

/// How a project is taken away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DownPolicy {
    /// Only these services and what depends on them; all when empty.
    pub services: Vec<ServiceName>,
    /// What becomes of orphans.
    pub orphans: Orphans,
    /// Volumes go too, anonymous ones included.
    pub volumes: bool,
    /// Which images go.
    pub images: Option<ImageRemoval>,
    /// Grace period, over what each container says.
    pub grace: Option<Duration>,
}

/// How containers are started, stopped and restarted where they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LifecyclePolicy {
    /// Only these services; all when empty.
    pub services: Vec<ServiceName>,
    /// Whether what they depend on, or what is restarted with them, takes part.
    pub dependencies: DependencyScope,
    /// Grace period, over what each container says.
    pub grace: Option<Duration>,
    /// Whether the plan ends with everything up.
    pub wait: WaitChoice,
}

/// Which containers `rm` removes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemovalPolicy {
    /// Only these services; all when empty.
    pub services: Vec<ServiceName>,
    /// Containers that run are stopped and removed too.
    pub stop: bool,
    /// Anonymous volumes go with their containers.
    pub volumes: bool,
}
