//! The containers that make way, and what they hold that but one container can have: names, ports, addresses, storage.

use super::convergence::{Decisions, Slot, SlotFate};
use super::reason::Reason;
use super::shared::{network_keys, network_name, uses_host_network};
use crate::model::{Mount, MountKind, Port, Project, Service};
use crate::names::{ContainerId, ContainerName, NetworkName, ServiceName, VolumeName};
use crate::observe::{Observed, ObservedContainer};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// The engine's network for containers that use their host's own.
const HOST: &str = "host";

/// A container that makes way.
#[derive(Clone, Copy)]
pub(super) struct Leave<'a> {
    pub(super) container: &'a ObservedContainer,
    /// Its service, unless the project no longer has it.
    pub(super) service: Option<&'a Service>,
    pub(super) why: Why<'a>,
}

/// Why a container makes way.
#[derive(Clone, Copy)]
pub(super) enum Why<'a> {
    /// Another takes the place of this name.
    Replaced(&'a ContainerName),
    ScaledDown,
    Orphaned,
    /// Its service's profile is off.
    Disabled,
    /// An interrupted replacement left it behind, under this name.
    LeftOver(&'a ContainerName),
}

impl Leave<'_> {
    /// Whether it makes way for the container of that name.
    pub(super) fn is_replaced_by(&self, name: &ContainerName) -> bool {
        matches!(self.why, Why::Replaced(other) if other == name)
    }
}

impl From<Why<'_>> for Reason {
    fn from(why: Why<'_>) -> Self {
        match why {
            Why::Replaced(_) => Self::Replaced,
            Why::ScaledDown => Self::ScaledDown,
            Why::Orphaned => Self::Orphaned,
            Why::Disabled => Self::Disabled,
            Why::LeftOver(name) => Self::Interrupted { name: name.clone() },
        }
    }
}

/// Every container that makes way.
#[derive(Default)]
pub(super) struct Leaving<'a> {
    leaves: BTreeMap<&'a ContainerId, Leave<'a>>,
    services: BTreeMap<&'a ServiceName, Vec<&'a ContainerId>>,
    orphans: Vec<&'a ContainerId>,
    holders: BTreeMap<Thing, Vec<&'a ContainerId>>,
    /// Every container of the project by its name, whether it makes way or not.
    named: BTreeMap<&'a ContainerName, &'a ObservedContainer>,
}

/// What but one container can have at a time, its name apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    Port(String, u16),
    /// Its host's network, whose ports nobody lists.
    HostNetwork,
    Address(NetworkName, IpAddr),
    Volume(VolumeName),
    /// A file or folder of the host, by its own name: the daemon's host may call the folders above it otherwise.
    Folder(String),
}

/// Things of which a container needs one.
enum Want {
    One(Thing),
    Ports { protocol: String, first: u16, last: u16 },
}

impl<'a> Leaving<'a> {
    pub(super) fn of(
        project: &Project,
        observed: &'a Observed,
        decisions: &'a Decisions<'a>,
        orphans: Vec<(&'a ObservedContainer, Why<'a>)>,
    ) -> Self {
        let mut leaving = Self {
            named: observed.containers().map(|container| (&container.name, container)).collect(),
            ..Self::default()
        };
        for decision in decisions.values() {
            let replaced = decision.slots.iter().filter_map(|slot| match &slot.fate {
                SlotFate::Replace(old, _) | SlotFate::Create(Some(old), _) => Some((*old, Why::Replaced(&slot.name))),
                SlotFate::Keep(_) | SlotFate::Create(None, _) => None,
            });
            let surplus = decision.surplus.iter().map(|container| (*container, Why::ScaledDown));
            let left_over = decision.left_over.iter();
            let left_over = left_over.map(|container| (*container, Why::LeftOver(&container.name)));
            for (container, why) in replaced.chain(surplus).chain(left_over) {
                let service = Some(decision.service);
                leaving.add(project, Leave { container, service, why });
            }
        }
        for (container, why) in orphans {
            leaving.add(
                project,
                Leave {
                    container,
                    service: None,
                    why,
                },
            );
        }
        leaving
    }

    fn add(&mut self, project: &Project, leave: Leave<'a>) {
        let id = &leave.container.id;
        match leave.service {
            Some(service) => self.services.entry(&service.name).or_default().push(id),
            None => self.orphans.push(id),
        }
        for thing in held(project, leave) {
            self.holders.entry(thing).or_default().push(id);
        }
        self.leaves.insert(id, leave);
    }

    /// Those of a service.
    pub(super) fn of_service(&self, service: &ServiceName) -> Vec<Leave<'a>> {
        self.leaves_of(self.services.get(service).into_iter().flatten())
    }

    /// Those of services that the project no longer has.
    pub(super) fn orphans(&self) -> Vec<Leave<'a>> {
        self.leaves_of(&self.orphans)
    }

    /// The container of the project that bears a name, whether it makes way or not.
    pub(super) fn named(&self, name: &ContainerName) -> Option<&'a ObservedContainer> {
        self.named.get(name).copied()
    }

    /// The one that bears a name and makes way.
    pub(super) fn bearer(&self, name: &ContainerName) -> Option<Leave<'a>> {
        self.leaves.get(&self.named(name)?.id).copied()
    }

    /// Those that hold what a container of the service needs in this place.
    pub(super) fn in_the_way(&self, project: &Project, service: &Service, slot: &Slot<'_>) -> Vec<Leave<'a>> {
        let wants = wants_of(project, service);
        let mut holders: BTreeSet<&ContainerId> = wants.iter().flat_map(|want| self.holders_of(want)).collect();
        holders.extend(self.bearer(&slot.name).map(|bearer| &bearer.container.id));
        self.leaves_of(&holders)
    }

    /// Those that use their host's network, where the service does so too. Which ports they hold nobody knows.
    pub(super) fn on_the_host(&self, service: &Service) -> Vec<Leave<'a>> {
        let holders = self.holders.get(&Thing::HostNetwork).filter(|_| uses_host_network(service));
        self.leaves_of(holders.into_iter().flatten())
    }

    fn holders_of<'b>(&'b self, want: &'b Want) -> Box<dyn Iterator<Item = &'a ContainerId> + 'b> {
        match want {
            Want::One(thing) => Box::new(self.holders.get(thing).into_iter().flatten().copied()),
            Want::Ports { protocol, first, last } => {
                let port = |number: u16| Thing::Port(protocol.clone(), number);
                Box::new(self.holders.range(port(*first)..=port(*last)).flat_map(|(_, ids)| ids).copied())
            }
        }
    }

    fn leaves_of<'b>(&self, ids: impl IntoIterator<Item = &'b &'a ContainerId>) -> Vec<Leave<'a>>
    where
        'a: 'b,
    {
        ids.into_iter().filter_map(|id| self.leaves.get(*id).copied()).collect()
    }
}

/// What a container holds while it runs. Storage counts only where its service gives it up: what services share, they share on purpose.
fn held(project: &Project, leave: Leave<'_>) -> Vec<Thing> {
    let container = leave.container;
    let mut things = Vec::new();
    if !container.activity.is_alive() {
        return things;
    }
    let ports = container.ports.iter();
    things.extend(ports.map(|port| Thing::Port(port.protocol.clone(), port.published)));
    let addresses = container.addresses.iter().cloned();
    things.extend(addresses.map(|(network, address)| Thing::Address(network, address)));
    if container.networks.contains_key(HOST) || leave.service.is_some_and(uses_host_network) {
        things.push(Thing::HostNetwork);
    }
    let kept: BTreeSet<Thing> = leave.service.into_iter().flat_map(|service| storage_of(project, service)).collect();
    let volumes = container.volumes.iter().map(|mount| Thing::Volume(mount.volume.clone()));
    let folders = container.binds.iter().map(|path| folder(path));
    things.extend(volumes.chain(folders).filter(|thing| !kept.contains(thing)));
    things
}

/// What a container of the service needs, its name apart.
fn wants_of(project: &Project, service: &Service) -> Vec<Want> {
    let mut wants: Vec<Want> = service.networking.ports.iter().filter_map(published).collect();
    wants.extend(addresses_of(project, service).map(Want::One));
    wants.extend(storage_of(project, service).map(Want::One));
    wants
}

/// The ports of the host that an entry of `ports` may take; `None` where the engine chooses.
fn published(port: &Port) -> Option<Want> {
    let published = port.published.as_deref()?;
    let (first, last) = published.split_once('-').unwrap_or((published, published));
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    let protocol = port.protocol.as_ref().map_or("tcp", |protocol| &protocol.0).to_owned();
    (first <= last).then_some(Want::Ports { protocol, first, last })
}

/// The addresses of its own choosing.
fn addresses_of<'b>(project: &'b Project, service: &'b Service) -> impl Iterator<Item = Thing> + 'b {
    network_keys(service)
        .filter_map(|key| {
            let endpoint = service.networking.networks.get(key)?.as_ref()?;
            let name = network_name(&project.name, key, project.networks.get(key)?);
            let addresses = [&endpoint.ipv4_address, &endpoint.ipv6_address];
            Some(addresses.into_iter().flatten().map(move |address| (name.clone(), address)))
        })
        .flatten()
        .filter_map(|(network, address)| Some(Thing::Address(network, address.parse().ok()?)))
}

/// The storage that a service writes to.
fn storage_of<'b>(project: &'b Project, service: &'b Service) -> impl Iterator<Item = Thing> + 'b {
    let written = service.storage.volumes.iter().filter(|mount| !mount.read_only);
    written.filter_map(|mount| storage(project, mount))
}

fn storage(project: &Project, mount: &Mount) -> Option<Thing> {
    let source = mount.source.as_deref()?;
    match mount.kind {
        MountKind::Bind => Some(folder(source)),
        MountKind::Volume => {
            let (key, volume) = project.volumes.get_key_value(source)?;
            Some(Thing::Volume(super::shared::volume_name(&project.name, key, volume)))
        }
        MountKind::Tmpfs | MountKind::NamedPipe | MountKind::Cluster | MountKind::Image => None,
    }
}

fn folder(path: &str) -> Thing {
    let path = path.trim_end_matches('/');
    Thing::Folder(path.rsplit('/').next().unwrap_or(path).to_owned())
}
