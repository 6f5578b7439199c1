//! Which services take part, in dependency order.

use super::error::PlanError;
use super::policy::DependencyScope;
use crate::model::{Project, Service};
use crate::names::ServiceName;
use std::collections::{BTreeMap, BTreeSet};

/// The services that take part.
pub(super) struct Scope<'a> {
    /// What is depended on comes first; equals are in order of their names.
    pub(super) services: Vec<&'a Service>,
    named: BTreeSet<&'a ServiceName>,
}

impl<'a> Scope<'a> {
    /// The named services, all enabled ones when there are no names, and what they depend on.
    pub(super) fn of(project: &'a Project, names: &'a [ServiceName], dependencies: DependencyScope) -> Result<Self, PlanError> {
        let mut found: BTreeMap<&ServiceName, &Service> = BTreeMap::new();
        let mut open: Vec<&ServiceName> = if names.is_empty() {
            project.services.keys().collect()
        } else {
            names.iter().collect()
        };
        let asked_for = open.iter().copied().collect();
        while let Some(name) = open.pop() {
            let Some(service) = find(project, name) else {
                return Err(PlanError::UnknownService { service: name.clone() });
            };
            if found.insert(name, service).is_none() && dependencies == DependencyScope::Include {
                open.extend(dependencies_of(project, service));
            }
        }
        Ok(Self {
            services: in_dependency_order(&found)?,
            named: asked_for,
        })
    }

    /// The others.
    pub(super) fn without(&self, name: &ServiceName) -> Self {
        Self {
            services: self.services.iter().copied().filter(|service| service.name != *name).collect(),
            named: self.named.clone(),
        }
    }

    /// Whether the caller asked for it, and not only something that needs it.
    pub(super) fn is_named(&self, service: &ServiceName) -> bool {
        self.named.contains(service)
    }
}

/// A service; one of an inactive profile too, when it is asked for by name.
pub(super) fn find<'a>(project: &'a Project, name: &ServiceName) -> Option<&'a Service> {
    project.services.get(name).or_else(|| project.disabled_services.get(name))
}

/// What a service depends on; optional dependencies only where they are enabled.
fn dependencies_of<'a>(project: &'a Project, service: &'a Service) -> impl Iterator<Item = &'a ServiceName> {
    service
        .lifecycle
        .depends_on
        .iter()
        .filter(|(name, dependency)| dependency.required || project.services.contains_key(*name))
        .map(|(name, _)| name)
}

/// Sorts services so that each comes after what it depends on, as far as that is among them.
pub(super) fn in_dependency_order<'a>(services: &BTreeMap<&'a ServiceName, &'a Service>) -> Result<Vec<&'a Service>, PlanError> {
    let edges = services.iter().map(|(name, service)| {
        let before: BTreeSet<&ServiceName> = service
            .lifecycle
            .depends_on
            .keys()
            .filter(|key| services.contains_key(key))
            .collect();
        (*name, before)
    });
    let order = sort(edges.collect()).map_err(|services| PlanError::Cycle { services })?;
    Ok(order.into_iter().map(|name| services[name]).collect())
}

/// Sorts names so that each comes after those before it; a circle is returned as the error.
///
/// They come in ranks: first all that need nothing, then all that need only these, and so on, each rank in the order of its
/// names.
pub(super) fn sort<'a>(mut before: BTreeMap<&'a ServiceName, BTreeSet<&'a ServiceName>>) -> Result<Vec<&'a ServiceName>, Vec<ServiceName>> {
    let mut needed_by: BTreeMap<&ServiceName, Vec<&ServiceName>> = BTreeMap::new();
    for (name, needs) in &before {
        for need in needs {
            needed_by.entry(need).or_default().push(name);
        }
    }
    let mut left: BTreeMap<&ServiceName, usize> = before.iter().map(|(name, needs)| (*name, needs.len())).collect();
    let mut order = Vec::with_capacity(before.len());
    let mut rank: Vec<&ServiceName> = left.iter().filter(|(_, count)| **count == 0).map(|(name, _)| *name).collect();
    while !rank.is_empty() {
        let mut next = Vec::new();
        for name in &rank {
            before.remove(name);
            for waiting in needed_by.get(name).into_iter().flatten() {
                let count = left.get_mut(waiting).expect("only what is sorted needs something");
                *count -= 1;
                if *count == 0 {
                    next.push(*waiting);
                }
            }
        }
        next.sort_unstable();
        order.extend(std::mem::replace(&mut rank, next));
    }
    if before.is_empty() { Ok(order) } else { Err(circle(&before)) }
}

/// Follows needs until one comes up a second time; every name left over has one.
fn circle(before: &BTreeMap<&ServiceName, BTreeSet<&ServiceName>>) -> Vec<ServiceName> {
    let mut path: Vec<&ServiceName> = Vec::new();
    let mut places: BTreeMap<&ServiceName, usize> = BTreeMap::new();
    let mut next = before.keys().next().copied();
    while let Some(name) = next {
        if let Some(start) = places.insert(name, path.len()) {
            let mut circle: Vec<ServiceName> = path[start..].iter().map(|name| (*name).clone()).collect();
            circle.push(name.clone());
            return circle;
        }
        path.push(name);
        next = before
            .get(name)
            .and_then(|needs| needs.iter().find(|need| before.contains_key(*need)).copied());
    }
    path.into_iter().cloned().collect()
}
