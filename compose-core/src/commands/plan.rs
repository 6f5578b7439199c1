//! `plan`: what `up` would do, and why, without doing it.

use super::up::look;
use super::{Context, UpOptions};
use crate::apply::ApplyError;
use crate::model::Project;
use crate::names::ImageRef;
use crate::observe::Observed;
use crate::plan::{Action, ContainerPolicy, ImageChoice, ImagePolicy, Plan, PlanError, plan_containers, plan_images};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;

/// The two plans of an `up`: the second is made anew once the first is done.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Plans {
    /// Images to pull and build.
    pub images: Plan,
    /// Everything else. Where an image is among those above, its id is not known yet, and the
    /// plan says that its containers are replaced because of that; an equal image will spare them.
    pub containers: Plan,
}

impl Plans {
    /// The plan of a command that touches no image.
    pub fn of_containers(containers: Plan) -> Self {
        Self {
            images: Plan::default(),
            containers,
        }
    }

    /// Whether nothing would be done.
    pub fn is_empty(&self) -> bool {
        self.images.is_empty() && self.containers.is_empty()
    }
}

impl fmt::Display for Plans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return writeln!(f, "nothing to do");
        }
        if !self.images.is_empty() {
            write!(f, "images:\n{}", self.images)?;
        }
        if !self.containers.is_empty() {
            write!(f, "containers:\n{}", self.containers)?;
        }
        Ok(())
    }
}

/// Plans an `up` and changes nothing.
pub async fn plan(context: &Context, project: &Project, options: &UpOptions) -> Result<Plans, ApplyError> {
    let observed = look(context, project, options).await?;
    Ok(plans(project, &observed, &options.image_policy(), options.container_policy())?)
}

/// Plans an `up` by these policies over what was observed; asks the engine nothing.
pub fn plans(project: &Project, observed: &Observed, images: &ImagePolicy, mut policy: ContainerPolicy) -> Result<Plans, PlanError> {
    let images = match policy.images {
        ImageChoice::Resolve => plan_images(project, &observed.images, images)?,
        ImageChoice::Pinned(_) => Plan::default(),
    };
    policy.pending_images = coming(&images);
    let containers = plan_containers(project, observed, &policy)?;
    Ok(Plans { images, containers })
}

fn coming(images: &Plan) -> BTreeSet<ImageRef> {
    let image = |action: &Action| match action {
        Action::PullImage { image, .. } | Action::BuildImage { image, .. } => Some(image.clone()),
        _ => None,
    };
    images.steps().filter_map(|(_, step)| image(&step.action)).collect()
}
