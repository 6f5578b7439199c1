//! Steps that make containers: what they need, what they share, what they inherit.

use super::action::{Action, ContainerRef, NewContainer, Target};
use super::containers::{Planner, Targets};
use super::convergence::{Decision, Slot, SlotFate, first_by_name, observed_image, temporary_name};
use super::divergence::{links_of, peers_of};
use super::graph::StepId;
use super::policy::AnonymousVolumes;
use super::reason::Reason;
use super::shared::Provided;
use super::stops::target;
use crate::model::{MountKind, Service};
use crate::names::{ContainerName, ServiceName, VolumeName};
use crate::observe::ObservedContainer;
use std::collections::BTreeMap;

impl Planner<'_> {
    /// Makes every new container; none waits for another but where it names it.
    pub(super) fn create_all(&mut self, provided: &Provided<'_>) -> (Targets, BTreeMap<ContainerName, StepId>) {
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
                    SlotFate::Replace(old, reason) => {
                        let step = self.create(decision, slot, Some(old), reason, provided, &targets);
                        created.insert(slot.name.clone(), step);
                        Target {
                            name: slot.name.clone(),
                            at: ContainerRef::Created(step),
                        }
                    }
                    SlotFate::Create(_, reason) => {
                        let step = self.create(decision, slot, None, reason, provided, &targets);
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

    fn create(
        &mut self,
        decision: &Decision<'_>,
        slot: &Slot<'_>,
        old: Option<&ObservedContainer>,
        reason: &Reason,
        provided: &Provided<'_>,
        targets: &Targets,
    ) -> StepId {
        let service = decision.service;
        let peers = self.peer_targets(service, targets);
        let mut after = provided.needed_by(service);
        after.extend(peers.values().flatten().filter_map(|peer| match peer.at {
            ContainerRef::Created(step) => Some(step),
            ContainerRef::Existing(_) => None,
        }));
        if let SlotFate::Create(Some(former), _) = &slot.fate {
            after.extend(self.stops.is_removed(former));
        }
        let new = NewContainer {
            service: service.name.clone(),
            number: slot.number,
            name: slot.name.clone(),
            temporary_name: old.map(|old| temporary_name(&old.id, &slot.name)),
            image: decision.image.reference.clone(),
            image_id: decision.image.id.clone(),
            replaces: old.map(target),
            inherited_volumes: old.map(|old| self.inherited(decision, old)).unwrap_or_default(),
            peers,
            one_off: None,
        };
        self.plan.add(after, Action::CreateContainer(new), reason.clone())
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
