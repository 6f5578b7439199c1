//! Decides for each container of each service: keep, replace, make or remove.

use super::divergence::{Wanted, divergence, peers_of, resolve_references};
use super::error::PlanError;
use super::images::image_name;
use super::leftovers::{Judged, SortedOut, sort_out};
use super::naming::{container_name, is_temporary};
use super::policy::{ContainerPolicy, ImageChoice};
use super::reason::Reason;
use super::scope::Scope;
use super::shared::SharedThings;
use crate::hash::config_hash;
use crate::model::{Project, Service};
use crate::names::{ContainerId, ContainerName, ImageId, ImageRef, ReplicaNumber, ServiceName};
use crate::observe::{Observed, ObservedContainer};
use std::collections::{BTreeMap, BTreeSet};

/// What becomes of one service.
pub(super) struct Decision<'a> {
    pub(super) service: &'a Service,
    pub(super) image: WantedImage,
    pub(super) slots: Vec<Slot<'a>>,
    /// More than are wanted.
    pub(super) surplus: Vec<&'a ObservedContainer>,
    /// What an interrupted replacement left behind and nobody needs.
    pub(super) left_over: Vec<&'a ObservedContainer>,
}

/// A place for one container.
pub(super) struct Slot<'a> {
    pub(super) number: ReplicaNumber,
    pub(super) name: ContainerName,
    pub(super) fate: SlotFate<'a>,
}

/// What becomes of a place.
pub(super) enum SlotFate<'a> {
    Keep(&'a ObservedContainer),
    Replace(&'a ObservedContainer, Reason),
    /// Its former container, if it had one, is removed first.
    Create(Option<&'a ObservedContainer>, Reason),
}

/// The image that a service's new containers get.
pub(super) struct WantedImage {
    pub(super) reference: String,
    pub(super) id: Option<ImageId>,
}

impl Decision<'_> {
    /// Whether a container that is there makes way for another.
    pub(super) fn replaces_any(&self) -> bool {
        self.slots
            .iter()
            .any(|slot| matches!(slot.fate, SlotFate::Replace(..) | SlotFate::Create(Some(_), _)))
    }

    /// The place that others mean when they share something with this service: the first by name.
    pub(super) fn first_slot(&self) -> Option<&Slot<'_>> {
        self.slots.iter().min_by(|a, b| a.name.cmp(&b.name))
    }
}

/// What decisions are made from.
pub(super) struct Deciding<'a> {
    pub(super) project: &'a Project,
    pub(super) observed: &'a Observed,
    pub(super) policy: &'a ContainerPolicy,
    pub(super) scope: &'a Scope<'a>,
    pub(super) shared: &'a SharedThings<'a>,
}

/// The decisions, in the scope's order.
pub(super) type Decisions<'a> = BTreeMap<&'a ServiceName, Decision<'a>>;

impl<'a> Deciding<'a> {
    /// Decides about every service in scope.
    pub(super) fn decide(&self) -> Result<Decisions<'a>, PlanError> {
        let mut decisions = Decisions::new();
        for service in &self.scope.services {
            let decision = self.decide_service(service, &decisions)?;
            decisions.insert(&service.name, decision);
        }
        Ok(decisions)
    }

    fn decide_service(&self, service: &'a Service, decisions: &Decisions<'a>) -> Result<Decision<'a>, PlanError> {
        if let Some(provider) = &service.provider {
            return Err(PlanError::Provider {
                service: service.name.clone(),
                provider: provider.kind.clone(),
            });
        }
        let count = self.count(service)?;
        let peers = self.peers(service, decisions)?;
        let image = self.image(service)?;
        let wanted = Wanted {
            service,
            hash: peers
                .renewed
                .is_none()
                .then(|| config_hash(&resolve_references(service, &peers.ids))),
            image: image.id.as_ref(),
            renewed_peer: peers.renewed,
            recreate: if self.scope.is_named(&service.name) {
                self.policy.recreate
            } else {
                self.policy.recreate_dependencies
            },
        };
        let judged = self.observed.service(&service.name).iter();
        let judged = judged.map(|container| (divergence(&wanted, self.shared, container), container));
        let SortedOut {
            places: mut judged,
            beside,
            left_over,
        } = sort_out(judged.collect());
        // What fits comes first and keeps the low numbers; what does not is the first to go.
        judged.sort_by_key(|(reason, container)| {
            let number = container.owner.number();
            (reason.is_some(), number.is_none(), number, !container.activity.is_alive())
        });
        let surplus = judged.split_off(judged.len().min(count)).into_iter();
        let surplus = surplus.map(|(_, container)| container).chain(beside).collect();
        let slots = self.slots(service, judged, count);
        Ok(Decision {
            service,
            image,
            slots,
            surplus,
            left_over,
        })
    }

    /// How many containers the service is to have.
    fn count(&self, service: &Service) -> Result<usize, PlanError> {
        let wanted = self.policy.containers_of(service);
        match &service.container_name {
            Some(name) if wanted > 1 => Err(PlanError::FixedNameScaled {
                service: service.name.clone(),
                name: ContainerName::new(name),
                wanted,
            }),
            _ => Ok(wanted as usize),
        }
    }

    fn slots(&self, service: &Service, judged: Vec<Judged<'a>>, count: usize) -> Vec<Slot<'a>> {
        let mut numbers = Numbers::default();
        let mut slots = Vec::with_capacity(count);
        for (reason, container) in judged {
            let number = numbers.take(container.owner.number());
            let name = container_name(self.project, service, number);
            slots.push(match reason {
                Some(reason) if self.mounts_renewed_volume(container) => Slot {
                    number,
                    name,
                    fate: SlotFate::Create(Some(container), reason),
                },
                Some(reason) => Slot {
                    number,
                    name,
                    fate: SlotFate::Replace(container, reason),
                },
                None if is_temporary(&container.name, &name) => Slot {
                    number,
                    name,
                    fate: SlotFate::Keep(container),
                },
                None => Slot {
                    number,
                    name: container.name.clone(),
                    fate: SlotFate::Keep(container),
                },
            });
        }
        while slots.len() < count {
            let number = numbers.take(None);
            let name = container_name(self.project, service, number);
            slots.push(Slot {
                number,
                name,
                fate: SlotFate::Create(None, Reason::Missing),
            });
        }
        slots.sort_by_key(|slot| slot.number);
        slots
    }

    fn mounts_renewed_volume(&self, container: &ObservedContainer) -> bool {
        self.shared
            .renewed_volumes()
            .any(|volume| container.volumes.iter().any(|mount| mount.volume == volume.name))
    }

    /// The image that the service's new containers get.
    pub(super) fn image(&self, service: &Service) -> Result<WantedImage, PlanError> {
        if let ImageChoice::Pinned(images) = &self.policy.images
            && let Some(id) = images.get(&service.name)
        {
            return Ok(WantedImage {
                reference: id.to_string(),
                id: Some(id.clone()),
            });
        }
        let name = image_name(&self.project.name, service);
        if self.policy.pending_images.contains(&name) {
            return Ok(WantedImage {
                reference: name.to_string(),
                id: None,
            });
        }
        match self.observed.images.get(&name) {
            Some(image) => Ok(WantedImage {
                reference: name.to_string(),
                id: Some(image.id.clone()),
            }),
            None => Err(PlanError::ImageMissing {
                service: service.name.clone(),
                image: name,
                why: "neither a pull nor a build brought it",
            }),
        }
    }

    fn peers(&self, service: &Service, decisions: &Decisions<'a>) -> Result<Peers, PlanError> {
        let mut peers = Peers::default();
        for (peer, what) in peers_of(service) {
            let first = match decisions.get(&peer) {
                Some(decision) => decision.first_slot().map(|slot| match slot.fate {
                    SlotFate::Keep(container) => Some(container.id.clone()),
                    SlotFate::Replace(..) | SlotFate::Create(..) => None,
                }),
                None => first_by_name(self.observed.service(&peer)).map(|container| Some(container.id.clone())),
            };
            match first {
                Some(Some(id)) => {
                    peers.ids.insert(peer, id);
                }
                Some(None) => peers.renewed = Some(peer),
                None => {
                    return Err(PlanError::PeerMissing {
                        service: service.name.clone(),
                        peer,
                        what,
                    });
                }
            }
        }
        Ok(peers)
    }
}

/// What a service shares something with.
#[derive(Default)]
struct Peers {
    ids: BTreeMap<ServiceName, ContainerId>,
    /// One whose container will be another.
    renewed: Option<ServiceName>,
}

/// The container that others mean when they share something with a service.
pub(super) fn first_by_name(containers: &[ObservedContainer]) -> Option<&ObservedContainer> {
    containers.iter().min_by(|a, b| a.name.cmp(&b.name))
}

/// Hands out replica numbers, each once.
struct Numbers {
    taken: BTreeSet<ReplicaNumber>,
    /// All below it are taken.
    lowest: ReplicaNumber,
}

impl Default for Numbers {
    fn default() -> Self {
        Self {
            taken: BTreeSet::new(),
            lowest: ReplicaNumber::FIRST,
        }
    }
}

impl Numbers {
    /// The wanted number while it is free, else the lowest that is.
    fn take(&mut self, wanted: Option<ReplicaNumber>) -> ReplicaNumber {
        let number = wanted
            .filter(|number| !self.taken.contains(number))
            .unwrap_or_else(|| self.lowest_free());
        self.taken.insert(number);
        number
    }

    fn lowest_free(&mut self) -> ReplicaNumber {
        while self.taken.contains(&self.lowest) {
            self.lowest = ReplicaNumber::new(self.lowest.get().saturating_add(1)).unwrap_or(self.lowest);
        }
        self.lowest
    }
}

/// An image's name as the key under which it was observed.
pub(super) fn observed_image<'a>(observed: &'a Observed, reference: &str) -> Option<&'a crate::observe::ObservedImage> {
    observed.images.get(&ImageRef::new(reference))
}
