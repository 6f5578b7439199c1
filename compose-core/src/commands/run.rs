//! `run`: a container beside those of `up`, for one command.

use super::up::look;
use super::{Context, UpOptions};
use crate::apply::{ApplyError, apply};
use crate::model::Project;
use crate::names::{ContainerId, ContainerName, ServiceName};
use crate::plan::{OneOff, OneOffRole, plan_images, plan_one_off};

/// How a container of `run` comes about.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// How images and dependencies are brought up; its services do not matter.
    pub up: UpOptions,
    /// The container's name; made of project, service and slug when there is none.
    pub name: Option<ContainerName>,
    /// What tells it from others of its kind: hexadecimal digits, chosen at random by the caller.
    pub slug: String,
    /// It is removed when it ends.
    pub auto_remove: bool,
    /// It answers to the service's name and aliases too.
    pub service_aliases: bool,
}

/// Digits of the slug that go into the name.
const SHORT: usize = 12;

/// Makes a container of `run` and does not start it. What its service depends on runs by then.
///
/// `project` is what [`super::Overrides::apply`] made of the loaded one.
pub async fn make_one_off(
    context: &Context,
    project: &Project,
    service: &ServiceName,
    options: &RunOptions,
) -> Result<(ContainerId, ContainerName), ApplyError> {
    let up = UpOptions {
        services: vec![service.clone()],
        ..options.up.clone()
    };
    let mut observed = look(context, project, &up).await?;
    let images = plan_images(project, &observed.images, &up.image_policy())?;
    apply(context, &project.name, Some(project), &images).await?;
    if !images.is_empty() {
        observed = look(context, project, &up).await?;
    }
    let one_off = OneOff {
        service: service.clone(),
        name: options
            .name
            .clone()
            .unwrap_or_else(|| one_off_name(project.name.as_str(), service, &options.slug)),
        role: OneOffRole {
            slug: options.slug.clone(),
            auto_remove: options.auto_remove,
            service_aliases: options.service_aliases,
        },
    };
    let (plan, step) = plan_one_off(project, &observed, &up.container_policy(), &one_off)?;
    let mut applied = apply(context, &project.name, Some(project), &plan).await?;
    let id = applied.created.remove(&step).ok_or(ApplyError::Cancelled)?;
    Ok((id, one_off.name))
}

/// `shop-web-run-1f2e3d4c5b6a`, as Docker Compose names them.
fn one_off_name(project: &str, service: &ServiceName, slug: &str) -> ContainerName {
    ContainerName::from(format!("{project}-{service}-run-{}", slug.get(..SHORT).unwrap_or(slug)))
}

#[cfg(test)]
mod tests {
    use super::one_off_name;

    #[test]
    fn the_name_holds_the_beginning_of_the_slug() {
        let name = |slug| one_off_name("shop", &"web".into(), slug).to_string();
        assert_eq!(name("0123456789abcdef"), "shop-web-run-0123456789ab");
        assert_eq!(name("01"), "shop-web-run-01");
    }
}
