//! Whether a container still is what its service wants.

use super::policy::Recreate;
use super::reason::Reason;
use super::shared::SharedThings;
use crate::model::{MountKind, NamespaceMode, Service};
use crate::names::{ConfigHash, ContainerId, ImageId, ServiceName};
use crate::observe::{Activity, ObservedContainer};
use std::collections::BTreeMap;

/// What a service's containers are compared with.
pub(super) struct Wanted<'a> {
    pub(super) service: &'a Service,
    /// The configuration's hash; `None` when something it shares is made anew, so that no container can match.
    pub(super) hash: Option<ConfigHash>,
    /// `None` when it is known only after pulling or building.
    pub(super) image: Option<&'a ImageId>,
    /// The service whose new container makes its own outdated.
    pub(super) renewed_peer: Option<ServiceName>,
    pub(super) recreate: Recreate,
}

/// Why a container has to be replaced; `None` when it may stay.
pub(super) fn divergence(wanted: &Wanted<'_>, shared: &SharedThings<'_>, actual: &ObservedContainer) -> Option<Reason> {
    match wanted.recreate {
        Recreate::Never => return (actual.activity == Activity::Dead).then_some(Reason::Dead),
        Recreate::Always => return Some(Reason::Forced),
        Recreate::Diverged => {}
    }
    if actual.activity == Activity::Dead {
        return Some(Reason::Dead);
    }
    if let Some(service) = &wanted.renewed_peer {
        return Some(Reason::DependencyRecreated { service: service.clone() });
    }
    if actual.owner.config_hash != wanted.hash {
        return Some(Reason::ConfigChanged {
            differences: actual.differences.all(),
        });
    }
    match wanted.image {
        None => return Some(Reason::ImagePending),
        Some(image) if actual.owner.image.as_ref() != Some(image) => {
            return Some(Reason::ImageChanged {
                from: actual.owner.image.clone(),
                to: image.clone(),
            });
        }
        Some(_) => {}
    }
    network_divergence(wanted.service, shared, actual)
        .or_else(|| volume_divergence(wanted.service, shared, actual))
        .or_else(|| change_by_hand(actual))
}

/// What a hash cannot tell: limits can be changed while a container is there.
fn change_by_hand(actual: &ObservedContainer) -> Option<Reason> {
    let differences = actual.differences.limits.clone();
    (!differences.is_empty()).then_some(Reason::ChangedByHand { differences })
}

fn network_divergence(service: &Service, shared: &SharedThings<'_>, actual: &ObservedContainer) -> Option<Reason> {
    let missing = shared.networks_of(service).find(|network| {
        // The ids of networks are filled in when a container starts; one that was only made shows none yet.
        let joined = actual.networks.get(&network.name);
        network.is_new() || joined.is_none_or(|id| actual.activity.is_alive() && !id.as_str().is_empty() && Some(id) != network.id.as_ref())
    })?;
    Some(Reason::NetworkChanged {
        network: missing.name.clone(),
    })
}

fn volume_divergence(service: &Service, shared: &SharedThings<'_>, actual: &ObservedContainer) -> Option<Reason> {
    let missing = service
        .storage
        .volumes
        .iter()
        .filter(|mount| mount.kind == MountKind::Volume)
        .filter_map(|mount| shared.volume(mount.source.as_deref()?))
        .find(|volume| volume.is_renewed() || !actual.volumes.iter().any(|mount| mount.volume == volume.name))?;
    Some(Reason::VolumeChanged {
        volume: missing.name.clone(),
    })
}

/// The service as the engine gets it: what it shares with other services named by their containers. Its hash is what containers carry.
pub fn resolve_references(service: &Service, peers: &BTreeMap<ServiceName, ContainerId>) -> Service {
    let mut resolved = service.clone();
    for mode in [
        &mut resolved.networking.network_mode,
        &mut resolved.isolation.ipc,
        &mut resolved.isolation.pid,
    ] {
        if let Some(NamespaceMode::Service(peer)) = mode
            && let Some(id) = peers.get(peer)
        {
            *mode = Some(NamespaceMode::Container(id.to_string()));
        }
    }
    for entry in &mut resolved.storage.volumes_from {
        let source = VolumesFrom::parse(entry);
        match source {
            VolumesFrom::Container(name) => *entry = name.to_owned(),
            VolumesFrom::Service(peer) => {
                if let Some(id) = peers.get(peer) {
                    *entry = id.to_string();
                }
            }
        }
    }
    resolved
}

/// Where a service's `volumes_from` entry leads.
pub(super) enum VolumesFrom<'a> {
    Container(&'a str),
    Service(&'a str),
}

impl<'a> VolumesFrom<'a> {
    pub(super) fn parse(entry: &'a str) -> Self {
        let mut parts = entry.split(':');
        match (parts.next(), parts.next()) {
            (Some("container"), Some(name)) => Self::Container(name),
            (Some(service), _) => Self::Service(service),
            (None, _) => Self::Service(entry),
        }
    }
}

/// The services whose first container a service shares a namespace or volumes with, and what it shares.
pub(super) fn peers_of(service: &Service) -> BTreeMap<ServiceName, &'static str> {
    let modes = [
        (&service.networking.network_mode, "network namespace"),
        (&service.isolation.ipc, "IPC namespace"),
        (&service.isolation.pid, "PID namespace"),
    ];
    let namespaces = modes.into_iter().filter_map(|(mode, what)| match mode {
        Some(NamespaceMode::Service(peer)) => Some((peer.clone(), what)),
        _ => None,
    });
    let volumes = service
        .storage
        .volumes_from
        .iter()
        .filter_map(|entry| match VolumesFrom::parse(entry) {
            VolumesFrom::Service(peer) => Some((ServiceName::new(peer), "volumes")),
            VolumesFrom::Container(_) => None,
        });
    volumes.chain(namespaces).collect()
}

/// The services whose containers a service shares a namespace with: its own cannot outlive theirs.
pub(super) fn namespaces_of(service: &Service) -> impl Iterator<Item = &ServiceName> {
    let modes = [&service.networking.network_mode, &service.isolation.ipc, &service.isolation.pid];
    modes.into_iter().filter_map(|mode| match mode {
        Some(NamespaceMode::Service(peer)) => Some(peer),
        _ => None,
    })
}

/// The services that a service links to.
pub(super) fn links_of(service: &Service) -> impl Iterator<Item = ServiceName> {
    service
        .networking
        .links
        .iter()
        .filter_map(|link| link.split(':').next())
        .map(ServiceName::new)
}
