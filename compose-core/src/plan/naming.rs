//! What containers are called, for good and while one takes another's place.

use super::convergence::{Decisions, SlotFate};
use super::error::{NameHolder, PlanError};
use super::leaving::Leaving;
use super::scope::find;
use crate::model::{Project, Service};
use crate::names::{ContainerId, ContainerName, ReplicaNumber, ServiceName};
use crate::observe::Observed;
use std::collections::BTreeMap;

/// The name of a service's container: fixed by the service, else `project-service-number`.
pub(crate) fn container_name(project: &Project, service: &Service, number: ReplicaNumber) -> ContainerName {
    match &service.container_name {
        Some(name) => ContainerName::new(name),
        None => ContainerName::from(format!("{}-{}-{number}", project.name, service.name)),
    }
}

/// The name of a replacement until the container of that id has made way; the same as Docker Compose gives.
pub(super) fn temporary_name(replaced: &ContainerId, name: &ContainerName) -> ContainerName {
    let id = replaced.as_str();
    ContainerName::from(format!("{}_{name}", id.get(..ID_DIGITS).unwrap_or(id)))
}

/// Other such names, for where something bears the usual one.
pub(super) fn other_temporary_names(replaced: &ContainerId, name: &ContainerName) -> Vec<ContainerName> {
    let digits = replaced.as_str().as_bytes().rchunks_exact(ID_DIGITS);
    let digits = digits.map(String::from_utf8_lossy);
    digits.map(|digits| ContainerName::from(format!("{digits}_{name}"))).collect()
}

/// The name of a container that has made way for its replacement, until it is removed; the same as Docker Compose gives.
pub(super) fn aside_name(replaced: &ContainerId, name: &ContainerName) -> ContainerName {
    ContainerName::from(format!("{}{ASIDE}", temporary_name(replaced, name)))
}

const ASIDE: &str = "_replaced";

/// How many digits of an id a temporary name begins with.
const ID_DIGITS: usize = 12;

/// Whether a container bears a temporary name for `name`, as a replacement or as the one that was replaced.
pub(super) fn is_temporary(found: &ContainerName, name: &ContainerName) -> bool {
    named_by_temporary(found) == Some(name.as_str())
}

/// Whether a name has the form of a temporary one.
pub(super) fn is_temporary_form(found: &ContainerName) -> bool {
    named_by_temporary(found).is_some()
}

fn named_by_temporary(found: &ContainerName) -> Option<&str> {
    let found = found.as_str();
    let (id, name) = found.strip_suffix(ASIDE).unwrap_or(found).split_once('_')?;
    (id.len() == ID_DIGITS && id.bytes().all(|digit| digit.is_ascii_hexdigit())).then_some(name)
}

/// Refuses what two services want, and what something bears that stays.
pub(super) fn check_names(
    project: &Project,
    decisions: &Decisions<'_>,
    leaving: &Leaving<'_>,
    observed: &Observed,
) -> Result<(), PlanError> {
    let mut wanted: BTreeMap<&ContainerName, &ServiceName> = BTreeMap::new();
    for decision in decisions.values() {
        let service = &decision.service.name;
        for slot in &decision.slots {
            let name = &slot.name;
            if let Some(first) = wanted.insert(name, service) {
                return Err(PlanError::NameTakenTwice {
                    first: first.clone(),
                    second: service.clone(),
                    name: name.clone(),
                });
            }
            if matches!(slot.fate, SlotFate::Keep(_)) {
                continue;
            }
            if let Some((holder, owner)) = bearer_that_stays(project, leaving, observed, name) {
                return Err(PlanError::NameInUse {
                    service: service.clone(),
                    name: name.clone(),
                    holder,
                    owner,
                });
            }
        }
    }
    Ok(())
}

/// The container that bears a name and does not make way, and whose it is.
pub(super) fn bearer_that_stays(
    project: &Project,
    leaving: &Leaving<'_>,
    observed: &Observed,
    name: &ContainerName,
) -> Option<(ContainerId, NameHolder)> {
    if leaving.bearer(name).is_some() {
        return None;
    }
    if let Some(stranger) = observed.strangers.get(name) {
        let owner = stranger.owner.clone();
        let owner = owner.map_or(NameHolder::Unknown, |(project, service)| NameHolder::OtherProject(project, service));
        return Some((stranger.id.clone(), owner));
    }
    let found = leaving.named(name)?;
    let service = found.owner.service.clone();
    let owner = match find(project, &service) {
        Some(_) => NameHolder::Aside(service),
        None => NameHolder::Orphan(service),
    };
    Some((found.id.clone(), owner))
}
