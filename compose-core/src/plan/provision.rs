//! Steps that make networks and volumes. What is made anew is first let go by everything of the
//! project that uses it.

use super::action::{Action, AnonymousFate};
use super::containers::Planner;
use super::convergence::SlotFate;
use super::graph::StepId;
use super::reason::Reason;
use super::shared::{Provided, SharedNetwork, SharedThings, SharedVolume};
use super::stops::target;
use crate::names::ContainerId;
use std::collections::BTreeSet;

impl<'a> Planner<'a> {
    /// Makes what is missing, and anew what was made from another configuration.
    pub(super) fn provide(&mut self, shared: &SharedThings<'a>) -> Provided<'a> {
        let mut provided = Provided::default();
        for network in shared.networks_to_make() {
            let (removed, reason) = match (&network.id, network.is_renewed()) {
                (Some(id), true) => {
                    let released = self.release_network(network);
                    let remove = Action::RemoveNetwork {
                        id: id.clone(),
                        name: network.name.clone(),
                    };
                    let reason = Reason::ConfigChanged {
                        differences: network.differences.clone(),
                    };
                    (Some(self.plan.add(released, remove, reason.clone())), reason)
                }
                _ => (None, Reason::Missing),
            };
            let create = Action::CreateNetwork {
                key: network.key.clone(),
                name: network.name.clone(),
            };
            provided.network(network.key, self.plan.add(removed, create, reason));
        }
        for volume in shared.volumes_to_make() {
            let (removed, reason) = if volume.is_renewed() {
                let released = self.release_volume(volume);
                let remove = Action::RemoveVolume { name: volume.name.clone() };
                let reason = Reason::ConfigChanged {
                    differences: volume.differences.clone(),
                };
                (Some(self.plan.add(released, remove, reason.clone())), reason)
            } else {
                (None, Reason::Missing)
            };
            let create = Action::CreateVolume {
                key: volume.key.clone(),
                name: volume.name.clone(),
            };
            provided.volume(volume.key, self.plan.add(removed, create, reason));
        }
        provided
    }

    /// Stops everything in a network; what does not make way anyway also leaves it.
    fn release_network(&mut self, network: &SharedNetwork<'_>) -> Vec<StepId> {
        let reason = Reason::NetworkChanged {
            network: network.name.clone(),
        };
        let moving = self.moving_containers();
        let mut released = Vec::new();
        for container in self
            .observed
            .containers()
            .filter(|container| container.networks.contains_key(&network.name))
        {
            let service = self.service_of(container);
            let stopped = self.stops.stop(&mut self.plan, container, service, &reason, &[]);
            if moving.contains(&container.id) {
                released.extend(stopped);
                continue;
            }
            let leave = Action::LeaveNetwork {
                container: target(container),
                network: network.name.clone(),
            };
            released.push(self.plan.add(stopped, leave, reason.clone()));
        }
        released
    }

    /// Removes everything that mounts a volume, for the engine keeps a volume that even a stopped container mounts.
    fn release_volume(&mut self, volume: &SharedVolume<'_>) -> Vec<StepId> {
        let reason = Reason::VolumeChanged {
            volume: volume.name.clone(),
        };
        let users = self
            .observed
            .containers()
            .filter(|container| container.volumes.iter().any(|mount| mount.volume == volume.name));
        let mut released = Vec::new();
        for container in users {
            let service = self.service_of(container);
            released.push(
                self.stops
                    .remove(&mut self.plan, container, service, AnonymousFate::Keep, &reason, &[]),
            );
        }
        released
    }

    /// The containers that make way anyway.
    fn moving_containers(&self) -> BTreeSet<&'a ContainerId> {
        let decisions = self.decisions.values();
        decisions
            .flat_map(|decision| {
                let replaced = decision.slots.iter().filter_map(|slot| match &slot.fate {
                    SlotFate::Replace(old, _) | SlotFate::Create(Some(old), _) => Some(&old.id),
                    SlotFate::Keep(_) | SlotFate::Create(None, _) => None,
                });
                replaced.chain(decision.surplus.iter().map(|container| &container.id))
            })
            .collect()
    }
}
