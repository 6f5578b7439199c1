//! Images first: what is pulled and built before any container is touched.

use super::action::{Action, BuildWhen, PullFailure};
use super::builds::Builds;
use super::error::PlanError;
use super::graph::{Plan, StepId};
use super::policy::{BuildChoice, DependencyScope, ImagePolicy, PullChoice};
use super::pulls::PullRule;
use super::reason::Reason;
use super::scope::Scope;
use crate::model::{Project, Service};
use crate::names::{ImageRef, ProjectName, ServiceName};
use crate::observe::ObservedImage;
use std::collections::BTreeMap;

/// The images that are there.
type Images = BTreeMap<ImageRef, ObservedImage>;

/// The image that a service runs: its own, else `project-service`, the name of what is built for it.
pub fn image_name(project: &ProjectName, service: &Service) -> ImageRef {
    service
        .image
        .clone()
        .unwrap_or_else(|| ImageRef::from(format!("{project}-{}", service.name)))
}

/// The platform for which a service's image is pulled and its containers are made.
pub fn platform_of<'a>(project: &'a Project, service: &'a Service) -> Option<&'a str> {
    service
        .platform
        .as_deref()
        .or_else(|| project.variables.get("DOCKER_DEFAULT_PLATFORM").map(String::as_str))
        .filter(|platform| !platform.is_empty())
}

/// Plans which images are pulled and built.
pub fn plan_images(project: &Project, images: &Images, policy: &ImagePolicy) -> Result<Plan, PlanError> {
    let scope = Scope::of(project, &policy.services, policy.dependencies)?;
    let mut plan = Plan::default();
    let mut pulls = Pulls::default();
    let mut builds = Builds::default();
    let mut left_to_builders = Vec::new();
    for service in scope.services.iter().filter(|service| service.provider.is_none()) {
        let image = image_name(&project.name, service);
        let source = Source::of(service, &image, images, policy)?;
        match source {
            Source::Pull(reason) => left_to_builders.push((*service, image, reason)),
            Source::PullOrBuild(reason) => {
                let pull = pulls.add(&mut plan, project, service, &image, PullFailure::Builds, reason);
                builds.want(project, service, BuildWhen::Missing, Reason::Missing, Some(pull));
            }
            Source::Build(reason) => builds.want(project, service, BuildWhen::Always, reason, None),
            Source::Nowhere(why) if !builder_in_scope(&scope, project, &image, policy) => {
                return Err(PlanError::ImageMissing {
                    service: service.name.clone(),
                    image,
                    why,
                });
            }
            Source::Here | Source::Nowhere(_) => {}
        }
    }
    let built = builds.images(project);
    for (service, image, reason) in left_to_builders {
        if !built.contains(&image) {
            pulls.add(&mut plan, project, service, &image, PullFailure::Fails, reason);
        }
    }
    builds.add_steps(project, &mut plan)?;
    Ok(plan)
}

/// Plans the `build` command: every named service that can be built, bases first.
pub fn plan_builds(project: &Project, services: &[ServiceName], dependencies: DependencyScope) -> Result<Plan, PlanError> {
    let scope = Scope::of(project, services, dependencies)?;
    let mut plan = Plan::default();
    let mut builds = Builds::default();
    for service in &scope.services {
        builds.want(project, service, BuildWhen::Always, Reason::Requested, None);
    }
    builds.add_steps(project, &mut plan)?;
    Ok(plan)
}

/// Plans the `pull` command: like `up`, but what is here is refreshed too.
pub fn plan_pulls(project: &Project, images: &Images, choice: &PullChoice) -> Result<Plan, PlanError> {
    let scope = Scope::of(project, &choice.services, choice.dependencies)?;
    let mut plan = Plan::default();
    let mut pulls = Pulls::default();
    for service in &scope.services {
        let Some(image) = &service.image else { continue };
        let (rule, written) = PullRule::of(service, choice.policy.as_deref())?;
        let wanted = match rule {
            PullRule::Never | PullRule::Build => false,
            PullRule::Missing => written.is_empty() || !images.contains_key(image) || is_latest(image),
            PullRule::Refresh(seconds) => images.get(image).is_none_or(|image| is_older(image, seconds, choice.now)),
            PullRule::Always => true,
        };
        if wanted && !(choice.skip_buildable && service.build.is_some()) {
            let on_failure = match () {
                () if choice.ignore_failures => PullFailure::Ignored,
                () if service.build.is_some() => PullFailure::Builds,
                () => PullFailure::Fails,
            };
            pulls.add(&mut plan, project, service, image, on_failure, Reason::Requested);
        }
    }
    Ok(plan)
}

/// Where a service's image comes from.
enum Source {
    /// It is here.
    Here,
    /// A registry.
    Pull(Reason),
    /// A registry, or else its own sources.
    PullOrBuild(Reason),
    /// Its own sources.
    Build(Reason),
    /// It is not here, and may neither be pulled nor built.
    Nowhere(&'static str),
}

impl Source {
    fn of(service: &Service, image: &ImageRef, images: &Images, policy: &ImagePolicy) -> Result<Self, PlanError> {
        if service.image.is_none() && service.build.is_none() {
            return Err(PlanError::NoImage {
                service: service.name.clone(),
            });
        }
        let (rule, written) = PullRule::of(service, policy.pull.as_deref())?;
        let buildable = service.build.is_some() && policy.build != BuildChoice::Never;
        let here = images.get(image);
        if buildable && policy.build == BuildChoice::Always {
            return Ok(Self::Build(Reason::Forced));
        }
        Ok(match rule {
            PullRule::Build if buildable => Self::Build(Reason::PullPolicy { policy: written }),
            PullRule::Refresh(seconds) if here.is_some_and(|image| !is_older(image, seconds, policy.now)) => Self::Here,
            PullRule::Always | PullRule::Refresh(_) if service.image.is_some() => {
                let reason = if here.is_some() {
                    Reason::PullPolicy { policy: written }
                } else {
                    Reason::Missing
                };
                Self::pull(buildable, reason)
            }
            _ if here.is_some() => Self::Here,
            PullRule::Missing if service.image.is_some() => Self::pull(buildable, Reason::Missing),
            _ if buildable => Self::Build(Reason::Missing),
            PullRule::Never => Self::Nowhere("its pull policy is never"),
            _ if service.build.is_some() => Self::Nowhere("building is switched off"),
            _ => Self::Nowhere("its pull policy is build, for which it has no build section"),
        })
    }

    fn pull(buildable: bool, reason: Reason) -> Self {
        if buildable { Self::PullOrBuild(reason) } else { Self::Pull(reason) }
    }
}

/// Whether another service in scope builds the image.
fn builder_in_scope(scope: &Scope<'_>, project: &Project, image: &ImageRef, policy: &ImagePolicy) -> bool {
    policy.build != BuildChoice::Never
        && scope
            .services
            .iter()
            .any(|other| other.build.is_some() && image_name(&project.name, other) == *image)
}

/// Whether an image was named more than so many seconds ago; one of unknown age counts as old.
fn is_older(image: &ObservedImage, seconds: i64, now: i64) -> bool {
    image.tagged_at.is_none_or(|tagged| now.saturating_sub(tagged) > seconds)
}

/// Whether a reference means the moving tag `latest`.
fn is_latest(image: &ImageRef) -> bool {
    let text = image.as_str();
    if text.contains('@') {
        return false;
    }
    let last = text.rsplit('/').next().unwrap_or(text);
    last.split_once(':').is_none_or(|(_, tag)| tag == "latest")
}

/// Pull steps, one for each image and platform.
#[derive(Default)]
struct Pulls {
    steps: BTreeMap<(ImageRef, Option<String>), StepId>,
}

impl Pulls {
    fn add(
        &mut self,
        plan: &mut Plan,
        project: &Project,
        service: &Service,
        image: &ImageRef,
        on_failure: PullFailure,
        reason: Reason,
    ) -> StepId {
        let platform = platform_of(project, service).map(str::to_owned);
        *self.steps.entry((image.clone(), platform.clone())).or_insert_with(|| {
            let action = Action::PullImage {
                image: image.clone(),
                platform,
                service: service.name.clone(),
                on_failure,
            };
            plan.add([], action, reason)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_moving_tag_is_latest() {
        for (image, latest) in [
            ("busybox", true),
            ("busybox:latest", true),
            ("localhost:5000/busybox", true),
            ("localhost:5000/busybox:1", false),
            ("busybox:1.36", false),
            ("busybox@sha256:00", false),
        ] {
            assert_eq!(is_latest(&ImageRef::new(image)), latest, "{image}");
        }
    }
}
