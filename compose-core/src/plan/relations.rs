//! How services relate, for the plans that go through them in that order.

use super::error::PlanError;
use super::graph::StepId;
use super::scope::sort;
use crate::labels::DependencyNote;
use crate::model::{Project, Service};
use crate::names::ServiceName;
use crate::observe::Observed;
use std::collections::{BTreeMap, BTreeSet};

/// Who depends on whom: the model knows, else the containers remember.
pub(super) struct Relations<'a> {
    project: Option<&'a Project>,
    names: BTreeSet<&'a ServiceName>,
    notes: BTreeMap<&'a ServiceName, Vec<DependencyNote>>,
}

impl<'a> Relations<'a> {
    pub(super) fn of(project: Option<&'a Project>, observed: &'a Observed) -> Self {
        let notes: BTreeMap<&ServiceName, Vec<DependencyNote>> = match project {
            Some(project) => project.services.iter().map(|(name, service)| (name, notes_of(service))).collect(),
            None => observed
                .services
                .iter()
                .map(|(name, containers)| {
                    (
                        name,
                        containers.iter().flat_map(|container| container.owner.depends_on.clone()).collect(),
                    )
                })
                .collect(),
        };
        Self {
            project,
            names: notes.keys().copied().collect(),
            notes,
        }
    }

    pub(super) fn service(&self, name: &ServiceName) -> Option<&'a Service> {
        self.project?.services.get(name)
    }

    /// The named services; all when none is named.
    pub(super) fn choose(&self, names: &'a [ServiceName]) -> Result<BTreeSet<&'a ServiceName>, PlanError> {
        if names.is_empty() {
            return Ok(self.names.clone());
        }
        let disabled = |name: &ServiceName| self.project.is_some_and(|project| project.disabled_services.contains_key(name));
        match names.iter().find(|name| !self.names.contains(name) && !disabled(name)) {
            Some(unknown) => Err(PlanError::UnknownService { service: unknown.clone() }),
            None => Ok(names.iter().collect()),
        }
    }

    pub(super) fn dependencies(&self, name: &ServiceName) -> &[DependencyNote] {
        self.notes.get(name).map_or(&[], Vec::as_slice)
    }

    /// Adds what the chosen services depend on, directly or not.
    pub(super) fn add_dependencies(&self, chosen: &mut BTreeSet<&'a ServiceName>) {
        let mut open: Vec<&ServiceName> = chosen.iter().copied().collect();
        while let Some(name) = open.pop() {
            for note in self.dependencies(name) {
                let Some(known) = self.names.get(&note.service) else { continue };
                if chosen.insert(known) {
                    open.push(known);
                }
            }
        }
    }

    fn dependents<'b>(&'b self, name: &'b ServiceName) -> impl Iterator<Item = &'a ServiceName> + 'b {
        self.notes
            .iter()
            .filter(move |(_, notes)| notes.iter().any(|note| note.service == *name))
            .map(|(dependent, _)| *dependent)
    }

    /// The services whose dependency on this one says `restart: true`.
    pub(super) fn restarted_with<'b>(&'b self, name: &'b ServiceName) -> impl Iterator<Item = &'a ServiceName> + 'b {
        self.notes
            .iter()
            .filter(move |(_, notes)| notes.iter().any(|note| note.service == *name && note.restart))
            .map(|(dependent, _)| *dependent)
    }

    pub(super) fn is_required(&self, name: &ServiceName, dependency: &ServiceName) -> bool {
        self.service(name)
            .and_then(|service| service.lifecycle.depends_on.get(dependency))
            .is_none_or(|dependency| dependency.required)
    }

    /// What is depended on comes first.
    pub(super) fn order(&self, chosen: &BTreeSet<&'a ServiceName>) -> Result<Vec<&'a ServiceName>, PlanError> {
        let before = chosen.iter().map(|name| {
            let needs = self.dependencies(name).iter().filter_map(|note| chosen.get(&note.service).copied());
            (*name, needs.collect())
        });
        sort(before.collect()).map_err(|services| PlanError::Cycle { services })
    }

    /// Plans for each chosen service, dependents first; `plan` as in [`walk`].
    pub(super) fn dependents_first(
        &self,
        chosen: &BTreeSet<&'a ServiceName>,
        plan: impl FnMut(&'a ServiceName, &[StepId]) -> Vec<StepId>,
    ) -> Result<(), PlanError> {
        let order = self.order(chosen)?;
        walk(order.into_iter().rev(), |name| self.dependents(name).collect(), plan);
        Ok(())
    }

    /// Plans for each chosen service, what is depended on first; `plan` as in [`walk`].
    pub(super) fn dependencies_first(
        &self,
        chosen: &BTreeSet<&'a ServiceName>,
        plan: impl FnMut(&'a ServiceName, &[StepId]) -> Vec<StepId>,
    ) -> Result<(), PlanError> {
        let order = self.order(chosen)?;
        walk(
            order.into_iter(),
            |name| self.dependencies(name).iter().map(|note| &note.service).collect(),
            plan,
        );
        Ok(())
    }
}

/// Plans for each service in turn: `plan` gets it and the steps of those before it that `earlier` names, and returns its own.
/// A service without steps of its own passes on the order of those around it.
pub(super) fn walk<'a, 'n>(
    order: impl Iterator<Item = &'a ServiceName>,
    earlier: impl Fn(&'a ServiceName) -> Vec<&'n ServiceName>,
    mut plan: impl FnMut(&'a ServiceName, &[StepId]) -> Vec<StepId>,
) {
    let mut steps: BTreeMap<&ServiceName, Vec<StepId>> = BTreeMap::new();
    for name in order {
        let after: Vec<StepId> = earlier(name)
            .into_iter()
            .filter_map(|name| steps.get(name))
            .flatten()
            .copied()
            .collect();
        let own = plan(name, &after);
        steps.insert(name, if own.is_empty() { after } else { own });
    }
}

fn notes_of(service: &Service) -> Vec<DependencyNote> {
    let notes = service.lifecycle.depends_on.iter().map(|(name, dependency)| DependencyNote {
        service: name.clone(),
        condition: dependency.condition,
        restart: dependency.restart,
    });
    notes.collect()
}
