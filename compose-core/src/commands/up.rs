//! `up`: make what runs be what is wanted.

use super::{Context, now};
use crate::apply::{ApplyError, apply};
use crate::labels::{self, Ownership};
use crate::model::Project;
use crate::names::{ContainerId, ImageId, ImageRef, ServiceName};
use crate::observe::{Observed, observe, observe_images};
use crate::plan::{
    AnonymousVolumes, BuildChoice, ContainerPolicy, DependencyScope, DivergedVolumes, ImageChoice, ImagePolicy, Orphans, Recreate,
    StartChoice, WaitChoice, plan_containers, plan_images,
};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How `up` goes about it.
#[derive(Clone, Debug, Default)]
pub struct UpOptions {
    /// Only these services and what they depend on; all when empty.
    pub services: Vec<ServiceName>,
    /// When running containers are replaced.
    pub recreate: Recreate,
    /// Services that `services` depend on are replaced even when they are as wanted.
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
    /// Containers of services that the project no longer has are not mentioned.
    pub ignore_orphans: bool,
    /// Containers are made but not started.
    pub no_start: bool,
    /// Anonymous volumes are not carried over to replacements.
    pub renew_anonymous_volumes: bool,
    /// Volumes made from another configuration are made anew; their data is lost.
    pub recreate_volumes: bool,
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

/// Makes what runs be what is wanted: first every image is there, only then is a container touched.
pub async fn up(context: &Context, project: &Project, options: &UpOptions) -> Result<UpOutcome, ApplyError> {
    let mut observed = look(context, project, options).await?;
    if options.images == ImageChoice::Resolve {
        let images = plan_images(project, &observed.images, &options.image_policy())?;
        apply(context, &project.name, Some(project), &images).await?;
        if !images.is_empty() {
            observed = look(context, project, options).await?;
        }
    }
    let containers = plan_containers(project, &observed, &options.container_policy())?;
    apply(context, &project.name, Some(project), &containers).await?;
    outcome(context, project).await
}

/// What there is, pinned images included.
pub(super) async fn look(context: &Context, project: &Project, options: &UpOptions) -> Result<Observed, ApplyError> {
    let engine = context.engine.as_ref();
    let mut observed = observe(engine, &project.name, Some(project)).await?;
    if let ImageChoice::Pinned(images) = &options.images {
        let ids: BTreeSet<ImageRef> = images.values().map(|id| ImageRef::new(id.as_str())).collect();
        observed.images.extend(observe_images(engine, &ids).await?);
    }
    Ok(observed)
}

async fn outcome(context: &Context, project: &Project) -> Result<UpOutcome, ApplyError> {
    let mut replicas: BTreeMap<ServiceName, BTreeMap<u32, (ContainerId, ImageId)>> = BTreeMap::new();
    for summary in context.engine.list_containers(&labels::of_project(&project.name)).await? {
        let Some(owner) = Ownership::read(&summary.labels) else { continue };
        if let Some(number) = owner.number() {
            let image = owner.image.unwrap_or(summary.image_id);
            replicas.entry(owner.service).or_default().insert(number.get(), (summary.id, image));
        }
    }
    let mut outcome = UpOutcome::default();
    for (service, containers) in replicas {
        if let Some((_, image)) = containers.values().next() {
            outcome.images.insert(service.clone(), image.clone());
        }
        outcome
            .containers
            .insert(service, containers.into_values().map(|(id, _)| id).collect());
    }
    Ok(outcome)
}

impl UpOptions {
    fn dependencies(&self) -> DependencyScope {
        if self.no_deps {
            DependencyScope::Exclude
        } else {
            DependencyScope::Include
        }
    }

    /// How images are brought here.
    pub fn image_policy(&self) -> ImagePolicy {
        ImagePolicy {
            services: self.services.clone(),
            dependencies: self.dependencies(),
            build: self.build,
            pull: self.pull.clone(),
            now: now(),
        }
    }

    /// How containers are brought to what is wanted.
    pub fn container_policy(&self) -> ContainerPolicy {
        ContainerPolicy {
            services: self.services.clone(),
            dependencies: self.dependencies(),
            recreate: self.recreate,
            recreate_dependencies: match self.recreate {
                Recreate::Never => Recreate::Never,
                _ if self.always_recreate_deps => Recreate::Always,
                _ => Recreate::Diverged,
            },
            start: if self.no_start {
                StartChoice::CreateOnly
            } else {
                StartChoice::Start
            },
            orphans: match (self.remove_orphans, self.ignore_orphans) {
                (true, _) => Orphans::Remove,
                (false, true) => Orphans::Ignore,
                (false, false) => Orphans::Warn,
            },
            anonymous_volumes: if self.renew_anonymous_volumes {
                AnonymousVolumes::Renew
            } else {
                AnonymousVolumes::Inherit
            },
            diverged_volumes: if self.recreate_volumes {
                DivergedVolumes::Recreate
            } else {
                DivergedVolumes::Keep
            },
            scale: self.scale.clone(),
            grace: self.grace,
            wait: self
                .wait
                .map_or(WaitChoice::Started, |deadline| WaitChoice::Healthy(Some(deadline))),
            images: self.images.clone(),
            pending_images: BTreeSet::new(),
        }
    }
}
