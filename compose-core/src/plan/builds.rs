//! Which images are built, and in which order: bases before what is built on them.

use super::action::{Action, BuildWhen};
use super::error::PlanError;
use super::graph::{Plan, StepId};
use super::images::image_name;
use super::reason::Reason;
use super::scope::{find, sort};
use crate::model::{Build, Project, Service};
use crate::names::{ImageRef, ServiceName};
use std::collections::{BTreeMap, BTreeSet};

/// Builds that were decided on, by service.
#[derive(Default)]
pub(super) struct Builds<'a> {
    wanted: BTreeMap<&'a ServiceName, WantedBuild<'a>>,
}

struct WantedBuild<'a> {
    service: &'a Service,
    build: &'a Build,
    when: BuildWhen,
    reason: Reason,
    /// The pull that may make it needless.
    pull: Option<StepId>,
}

impl<'a> Builds<'a> {
    /// Adds a service's build and those of its bases.
    pub(super) fn want(&mut self, project: &'a Project, service: &'a Service, when: BuildWhen, reason: Reason, pull: Option<StepId>) {
        let Some(build) = &service.build else { return };
        self.wanted.insert(
            &service.name,
            WantedBuild {
                service,
                build,
                when,
                reason,
                pull,
            },
        );
        let mut open: Vec<(&ServiceName, &Build)> = vec![(&service.name, build)];
        while let Some((name, build)) = open.pop() {
            for base in base_services(build) {
                let Some(base) = find(project, &base) else { continue };
                let Some(build) = &base.build else { continue };
                if self.wanted.contains_key(&base.name) {
                    continue;
                }
                let reason = Reason::BaseOf { service: name.clone() };
                self.wanted.insert(
                    &base.name,
                    WantedBuild {
                        service: base,
                        build,
                        when,
                        reason,
                        pull: None,
                    },
                );
                open.push((&base.name, build));
            }
        }
    }

    /// The images that are built.
    pub(super) fn images(&self, project: &Project) -> BTreeSet<ImageRef> {
        self.wanted
            .values()
            .map(|wanted| image_name(&project.name, wanted.service))
            .collect()
    }

    /// Adds the steps; builds of one image name follow each other, so that the last one's result keeps the name.
    pub(super) fn add_steps(self, project: &Project, plan: &mut Plan) -> Result<(), PlanError> {
        let before = self.wanted.iter().map(|(name, wanted)| {
            let bases = base_services(wanted.build);
            let bases = bases
                .into_iter()
                .filter_map(|base| self.wanted.get_key_value(&base).map(|(name, _)| *name));
            (*name, bases.collect())
        });
        let order = sort(before.collect()).map_err(|services| PlanError::Cycle { services })?;
        let mut steps: BTreeMap<&ServiceName, StepId> = BTreeMap::new();
        let mut by_image: BTreeMap<ImageRef, StepId> = BTreeMap::new();
        for name in order {
            let wanted = &self.wanted[name];
            let image = image_name(&project.name, wanted.service);
            let bases = base_services(wanted.build);
            let mut after: Vec<StepId> = bases.iter().filter_map(|base| steps.get(base)).copied().collect();
            after.extend(wanted.pull);
            after.extend(by_image.get(&image));
            let action = Action::BuildImage {
                service: name.clone(),
                image: image.clone(),
                when: wanted.when,
            };
            let step = plan.add(after, action, wanted.reason.clone());
            steps.insert(name, step);
            by_image.insert(image, step);
        }
        Ok(())
    }
}

/// The services whose images a build starts from: contexts of the form `service:NAME`.
pub fn base_services(build: &Build) -> BTreeSet<ServiceName> {
    let contexts = build
        .additional_contexts
        .values()
        .map(String::as_str)
        .chain(build.context.as_deref());
    contexts
        .filter_map(|context| context.strip_prefix("service:"))
        .map(ServiceName::new)
        .collect()
}
