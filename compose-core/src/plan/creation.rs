//! Steps that make containers: what they need, what they share, what they inherit.

use super::action::{Action, ContainerRef, NewContainer, Target};
use super::containers::{Planner, Targets};
use super::convergence::{Decision, Slot, SlotFate, first_by_name, observed_image};
use super::divergence::{links_of, peers_of};
use super::graph::StepId;
use super::leaving::Leaving;
use super::naming::{other_temporary_names, temporary_name};
use super::policy::AnonymousVolumes;
use super::reason::Reason;
use super::shared::Provided;
use super::stops::target;
use crate::model::{MountKind, Service};
use crate::names::{ContainerName, ServiceName, VolumeName};
use crate::observe::ObservedContainer;
use std::collections::BTreeMap;

/// What a new container is made in.
struct Surroundings<'a, 'b> {
    provided: &'b Provided<'a>,
    leaving: &'b Leaving<'a>,
    targets: &'b Targets,
}

impl Planner<'_> {
    /// Makes every new container; none waits for another but where it names it.
    pub(super) fn create_all(&mut self, provided: &Provided<'_>, leaving: &Leaving<'_>) -> (Targets, BTreeMap<ContainerName, StepId>) {
        let mut targets = Targets::new();
        let mut created = BTreeMap::new();
        for service in &self.scope.services {
            let Some(decision) = self.decisions.get(&service.name) else {
                continue;
            };
            let mut own = Vec::new();
            for slot in &decision.slots {
                own.push(match &slot.fate {
                    SlotFate::Keep(container) => Target {
                        name: slot.name.clone(),
                        ..target(container)
                    },
                    SlotFate::Replace(_, reason) | SlotFate::Create(_, reason) => {
                        let step = self.create(
                            decision,
                            slot,
                            reason,
                            &Surroundings {
                                provided,
                                leaving,
                                targets: &targets,
                            },
                        );
                        created.insert(slot.name.clone(), step);
                        Target {
                            name: slot.name.clone(),
                            at: ContainerRef::Created(step),
                        }
                    }
                });
            }
            targets.insert(service.name.clone(), own);
        }
        (targets, created)
    }

    fn create(&mut self, decision: &Decision<'_>, slot: &Slot<'_>, reason: &Reason, around: &Surroundings<'_, '_>) -> StepId {
        let service = decision.service;
        let old = match slot.fate {
            SlotFate::Replace(old, _) => Some(old),
            SlotFate::Keep(_) | SlotFate::Create(..) => None,
        };
        let bearer = around.leaving.bearer(&slot.name).map(|leave| leave.container);
        let bearer = bearer.filter(|bearer| self.stops.is_removed(bearer).is_none());
        let peers = self.peer_targets(service, around.targets);
        let mut after = around.provided.needed_by(service);
        after.extend(peers.values().flatten().filter_map(|peer| match peer.at {
            ContainerRef::Created(step) => Some(step),
            ContainerRef::Existing(_) => None,
        }));
        if let SlotFate::Create(Some(former), _) = &slot.fate {
            after.extend(self.stops.is_removed(former));
        }
        let temporary_name = old.or(bearer).map(|old| self.free_temporary_name(old, slot, around.leaving));
        let first_name = temporary_name.as_ref().unwrap_or(&slot.name);
        let before = around.leaving.bearer(first_name);
        after.extend(before.and_then(|leave| self.stops.is_removed(leave.container)));
        let new = NewContainer {
            service: service.name.clone(),
            number: slot.number,
            name: slot.name.clone(),
            temporary_name,
            image: decision.image.reference.clone(),
            image_id: decision.image.id.clone(),
            replaces: old.map(target),
            inherited_volumes: old.map(|old| self.inherited(decision, old)).unwrap_or_default(),
            peers,
            one_off: None,
        };
        self.plan.add(after, Action::CreateContainer(new), reason.clone())
    }

    /// A name until the place of `old` is free that nothing bears, but what is removed before.
    fn free_temporary_name(&self, old: &ObservedContainer, slot: &Slot<'_>, leaving: &Leaving<'_>) -> ContainerName {
        let is_borne = |name: &ContainerName| {
            let bearer = leaving.named(name);
            bearer.is_some_and(|bearer| self.stops.is_removed(bearer).is_none())
        };
        let usual = temporary_name(&old.id, &slot.name);
        if !is_borne(&usual) {
            return usual;
        }
        let mut others = other_temporary_names(&old.id, &slot.name).into_iter();
        others.find(|name| !is_borne(name)).unwrap_or(usual)
    }

    /// The containers that a new one shares something with: the first of a service for namespaces and volumes, all for links.
    pub(super) fn peer_targets(&self, service: &Service, targets: &Targets) -> BTreeMap<ServiceName, Vec<Target>> {
        let mut peers = BTreeMap::new();
        for peer in links_of(service) {
            let found = match targets.get(&peer) {
                Some(known) => known.clone(),
                None => self.observed.service(&peer).iter().map(target).collect(),
            };
            peers.insert(peer, found);
        }
        for (peer, _) in peers_of(service) {
            let first = match targets.get(&peer) {
                Some(known) => known.iter().min_by(|a, b| a.name.cmp(&b.name)).cloned(),
                None => first_by_name(self.observed.service(&peer)).map(target),
            };
            peers.entry(peer).or_insert_with(|| first.into_iter().collect());
        }
        peers
    }

    /// The anonymous volumes that go over to a replacement: those that the service or its image still declares.
    fn inherited(&self, decision: &Decision<'_>, old: &ObservedContainer) -> BTreeMap<String, VolumeName> {
        if self.policy.anonymous_volumes == AnonymousVolumes::Renew {
            return BTreeMap::new();
        }
        let mounts = &decision.service.storage.volumes;
        let of_image = observed_image(self.observed, &decision.image.reference).map(|image| image.volumes.as_slice());
        old.volumes
            .iter()
            .filter(|mount| match mounts.iter().find(|wanted| wanted.target == mount.destination) {
                Some(wanted) => wanted.kind == MountKind::Volume && wanted.source.is_none(),
                None => of_image.is_some_and(|declared| declared.contains(&mount.destination)),
            })
            .map(|mount| (mount.destination.clone(), mount.volume.clone()))
            .collect()
    }
}
