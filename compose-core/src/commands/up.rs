//! `up`: make what runs be what is wanted.

use super::Context;
use crate::apply::ApplyError;
use crate::model::Project;
use crate::names::{ContainerId, ImageId, ServiceName};
use std::collections::BTreeMap;
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
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ImageChoice {
    /// What the references lead to, after pulling and building.
    #[default]
    Resolve,
    /// Exactly these, without pulling or building: how an earlier release is put back.
    Pinned(BTreeMap<ServiceName, ImageId>),
}

/// How `up` goes about it.
#[derive(Clone, Debug, Default)]
pub struct UpOptions {
    /// Only these services and what they depend on; all when empty.
    pub services: Vec<ServiceName>,
    /// When running containers are replaced.
    pub recreate: Recreate,
    /// Services that `services` depend on are replaced by the same rule.
    pub always_recreate_deps: bool,
    /// Dependencies are not started.
    pub no_deps: bool,
    /// When images are built.
    pub build: BuildChoice,
    /// When images are pulled, over what each service says: `always`, `missing`, `never`, `policy`.
    pub pull: Option<String>,
    /// Which images the containers get.
    pub images: ImageChoice,
    /// Containers of services that the project no longer has go.
    pub remove_orphans: bool,
    /// Containers are made but not started.
    pub no_start: bool,
    /// Anonymous volumes are not carried over to replacements.
    pub renew_anonymous_volumes: bool,
    /// Numbers of replicas, over what each service says.
    pub scale: BTreeMap<ServiceName, u32>,
    /// Grace period over what each service says.
    pub grace: Option<Duration>,
    /// Return only when every service runs or is healthy, at most so long.
    pub wait: Option<Duration>,
}

/// What `up` ended with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UpOutcome {
    /// The containers of each service, by number.
    pub containers: BTreeMap<ServiceName, Vec<ContainerId>>,
    /// The image of each service, for putting this state back later.
    pub images: BTreeMap<ServiceName, ImageId>,
}

/// Makes what runs be what is wanted.
pub async fn up(_context: &Context, _project: &Project, _options: &UpOptions) -> Result<UpOutcome, ApplyError> {
    unimplemented!()
}
