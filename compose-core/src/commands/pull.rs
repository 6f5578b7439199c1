//! `pull`: refresh the images that services name.

use super::{Context, now};
use crate::apply::{ApplyError, apply};
use crate::model::Project;
use crate::names::{ImageRef, ServiceName};
use crate::observe::observe_images;
use crate::plan::{DependencyScope, PullChoice, plan_pulls};
use std::collections::BTreeSet;

/// How `pull` goes about it.
#[derive(Clone, Debug, Default)]
pub struct PullOptions {
    /// Only these services; all when empty.
    pub services: Vec<ServiceName>,
    /// What they depend on is pulled too.
    pub include_deps: bool,
    /// When images are pulled, over what each service says: `always`, `missing`.
    pub policy: Option<String>,
    /// Services that can be built are left out.
    pub ignore_buildable: bool,
    /// What cannot be pulled is passed over with a warning.
    pub ignore_failures: bool,
}

/// Pulls images.
pub async fn pull(context: &Context, project: &Project, options: &PullOptions) -> Result<(), ApplyError> {
    let names: BTreeSet<ImageRef> = project.services.values().filter_map(|service| service.image.clone()).collect();
    let images = observe_images(context.engine.as_ref(), &names).await?;
    let choice = PullChoice {
        services: options.services.clone(),
        dependencies: if options.include_deps {
            DependencyScope::Include
        } else {
            DependencyScope::Exclude
        },
        policy: options.policy.clone(),
        skip_buildable: options.ignore_buildable,
        ignore_failures: options.ignore_failures,
        now: now(),
    };
    let plan = plan_pulls(project, &images, &choice)?;
    apply(context, &project.name, Some(project), &plan).await?;
    Ok(())
}
