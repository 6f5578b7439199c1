//! `build`: make the images of services that have a build section.

use super::Context;
use crate::apply::{ApplyError, apply};
use crate::model::{Build, ByteSize, OptionalStringMap, Project, SshKey};
use crate::names::{ImageId, ServiceName};
use crate::plan::{DependencyScope, plan_builds};
use std::collections::BTreeMap;

/// How `build` goes about it.
#[derive(Clone, Debug, Default)]
pub struct BuildOptions {
    /// Only these services; all that can be built when empty.
    pub services: Vec<ServiceName>,
    /// What they depend on is built too.
    pub with_dependencies: bool,
    /// Base images are pulled even when present.
    pub pull: bool,
    /// Nothing is taken from the cache.
    pub no_cache: bool,
    /// Build arguments, over what each service says; `None` takes the project's variable of that name.
    pub args: OptionalStringMap,
    /// SSH agents and keys, over what each service says.
    pub ssh: Vec<SshKey>,
    /// Bytes of `/dev/shm`, over what each service says.
    pub shm_size: Option<i64>,
}

/// Builds images; the id of each service's.
pub async fn build(context: &Context, project: &Project, options: &BuildOptions) -> Result<BTreeMap<ServiceName, ImageId>, ApplyError> {
    let mut project = project.clone();
    for service in project.services.values_mut().chain(project.disabled_services.values_mut()) {
        if let Some(build) = &mut service.build {
            options.override_in(build);
        }
    }
    let dependencies = if options.with_dependencies {
        DependencyScope::Include
    } else {
        DependencyScope::Exclude
    };
    let plan = plan_builds(&project, &options.services, dependencies)?;
    Ok(apply(context, &project.name, Some(&project), &plan).await?.built)
}

impl BuildOptions {
    fn override_in(&self, build: &mut Build) {
        build.pull |= self.pull;
        build.no_cache |= self.no_cache;
        build.args.extend(self.args.clone());
        build.ssh.retain(|key| self.ssh.iter().all(|own| own.id != key.id));
        build.ssh.extend(self.ssh.iter().cloned());
        if let Some(size) = self.shm_size {
            build.shm_size = Some(ByteSize(size));
        }
    }
}
