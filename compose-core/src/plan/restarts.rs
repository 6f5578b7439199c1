//! What stays and is restarted all the same, and what cannot go on while others stop.

use super::containers::Planner;
use super::convergence::{Decision, Slot, SlotFate};
use super::divergence::namespaces_of;
use crate::model::Service;
use crate::names::ServiceName;
use std::collections::{BTreeMap, BTreeSet};

/// Services whose containers stay and are restarted, and what they are restarted with.
pub(super) type Restarting<'a> = BTreeMap<&'a ServiceName, &'a ServiceName>;

/// The services whose containers stay and are restarted with what they depend on: where the file says so, and where they
/// share a namespace with one that is restarted.
pub(super) fn restarting<'a>(planner: &Planner<'a>) -> Restarting<'a> {
    let mut restarting = Restarting::new();
    for service in &planner.scope.services {
        let renewed = |name: &ServiceName| planner.decisions.get(name).is_some_and(Decision::replaces_any);
        let by_file = service.lifecycle.depends_on.iter();
        let mut by_file = by_file
            .filter(|(name, dependency)| dependency.restart && renewed(name))
            .map(|(name, _)| name);
        let mut by_namespace = namespaces_of(service).filter(|peer| restarting.contains_key(peer));
        if let Some(with) = by_file.next().or_else(|| by_namespace.next()) {
            restarting.insert(&service.name, with);
        }
    }
    restarting
}

/// Who cannot go on while a service's containers stop: what shares a namespace with them, and what is restarted with them.
pub(super) fn tied<'a>(planner: &Planner<'a>) -> BTreeMap<&'a ServiceName, BTreeSet<&'a ServiceName>> {
    let mut tied: BTreeMap<&ServiceName, BTreeSet<&ServiceName>> = BTreeMap::new();
    for service in &planner.scope.services {
        let by_file = service.lifecycle.depends_on.iter();
        let by_file = by_file.filter(|(_, dependency)| dependency.restart).map(|(name, _)| name);
        for peer in by_file.chain(namespaces_of(service)) {
            tied.entry(peer).or_default().insert(&service.name);
        }
    }
    tied
}

/// The services of which a container starts.
pub(super) fn starting<'a>(planner: &Planner<'a>, restarting: &Restarting<'a>) -> BTreeSet<&'a ServiceName> {
    let decisions = planner.decisions.values();
    let starts = |decision: &&Decision<'a>| {
        let mut slots = decision.slots.iter();
        slots.any(|slot| needs_start(planner, restarting, decision.service, slot))
    };
    decisions.filter(starts).map(|decision| &decision.service.name).collect()
}

pub(super) fn needs_start(planner: &Planner<'_>, restarting: &Restarting<'_>, service: &Service, slot: &Slot<'_>) -> bool {
    match slot.fate {
        SlotFate::Keep(container) => {
            let is_stopped = || planner.stops.is_stopped(container).is_some();
            !container.activity.is_alive() || restarting.contains_key(&service.name) || is_stopped()
        }
        SlotFate::Replace(..) | SlotFate::Create(..) => true,
    }
}
