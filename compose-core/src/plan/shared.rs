//! Networks and volumes: which are there, which are missing, which were made from another configuration.

use super::error::PlanError;
use super::graph::{Plan, StepId};
use super::policy::{ContainerPolicy, DivergedVolumes};
use super::scope::Scope;
use crate::diagnostic::{Code, Diagnostic};
use crate::hash::{network_hash, volume_hash};
use crate::model::{MountKind, NamespaceMode, Network, Project, Service, Volume};
use crate::names::{ConfigHash, NetworkId, NetworkKey, NetworkName, ProjectName, VolumeKey, VolumeName};
use crate::observe::{Difference, Observed, ObservedNetwork, listed};
use std::collections::{BTreeMap, BTreeSet};

/// What is to become of a network or volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is there and fits.
    Use,
    /// It is made.
    Create,
    /// It is removed and made anew.
    Renew,
}

/// A network of the plan.
pub(super) struct SharedNetwork<'a> {
    pub(super) key: &'a NetworkKey,
    pub(super) name: NetworkName,
    pub(super) id: Option<NetworkId>,
    pub(super) differences: Vec<Difference>,
    fate: Fate,
}

/// A volume of the plan.
pub(super) struct SharedVolume<'a> {
    pub(super) key: &'a VolumeKey,
    pub(super) name: VolumeName,
    pub(super) differences: Vec<Difference>,
    fate: Fate,
}

/// The networks and volumes that the services in scope use.
pub(super) struct SharedThings<'a> {
    networks: BTreeMap<&'a NetworkKey, SharedNetwork<'a>>,
    volumes: BTreeMap<&'a str, SharedVolume<'a>>,
}

impl SharedNetwork<'_> {
    pub(super) fn is_new(&self) -> bool {
        self.fate != Fate::Use
    }

    pub(super) fn is_renewed(&self) -> bool {
        self.fate == Fate::Renew
    }
}

impl SharedVolume<'_> {
    pub(super) fn is_renewed(&self) -> bool {
        self.fate == Fate::Renew
    }
}

/// The steps that make networks and volumes.
#[derive(Default)]
pub(super) struct Provided<'a> {
    networks: BTreeMap<&'a NetworkKey, StepId>,
    volumes: BTreeMap<&'a str, StepId>,
}

impl<'a> SharedThings<'a> {
    /// Decides about everything that the services in scope use.
    pub(super) fn decide(
        project: &'a Project,
        scope: &Scope<'_>,
        observed: &Observed,
        policy: &ContainerPolicy,
        plan: &mut Plan,
    ) -> Result<Self, PlanError> {
        let used: BTreeSet<&NetworkKey> = scope.services.iter().flat_map(|service| network_keys(service)).collect();
        let mut networks = BTreeMap::new();
        for (key, network) in project.networks.iter().filter(|(key, _)| used.contains(key)) {
            networks.insert(key, decide_network(&project.name, key, network, observed, plan)?);
        }
        let used: BTreeSet<&str> = scope.services.iter().flat_map(|service| volume_keys(service)).collect();
        let mut volumes = BTreeMap::new();
        for (key, volume) in project.volumes.iter().filter(|(key, _)| used.contains(key.as_str())) {
            volumes.insert(key.as_str(), decide_volume(&project.name, key, volume, observed, policy, plan)?);
        }
        Ok(Self { networks, volumes })
    }

    /// The networks that a service joins.
    pub(super) fn networks_of<'b>(&'b self, service: &'b Service) -> impl Iterator<Item = &'b SharedNetwork<'a>> {
        network_keys(service).filter_map(|key| self.networks.get(key))
    }

    /// The volume of a key.
    pub(super) fn volume(&self, key: &str) -> Option<&SharedVolume<'a>> {
        self.volumes.get(key)
    }

    /// The volumes that are removed and made anew.
    pub(super) fn renewed_volumes(&self) -> impl Iterator<Item = &SharedVolume<'a>> {
        self.volumes.values().filter(|volume| volume.is_renewed())
    }

    /// The networks that are made, or made anew.
    pub(super) fn networks_to_make(&self) -> impl Iterator<Item = &SharedNetwork<'a>> {
        self.networks.values().filter(|network| network.is_new())
    }

    /// The volumes that are made, or made anew.
    pub(super) fn volumes_to_make(&self) -> impl Iterator<Item = &SharedVolume<'a>> {
        self.volumes.values().filter(|volume| volume.fate != Fate::Use)
    }
}

impl<'a> Provided<'a> {
    /// The step that makes a network.
    pub(super) fn network(&mut self, key: &'a NetworkKey, step: StepId) {
        self.networks.insert(key, step);
    }

    /// The step that makes a volume.
    pub(super) fn volume(&mut self, key: &'a VolumeKey, step: StepId) {
        self.volumes.insert(key.as_str(), step);
    }

    /// The steps that must be done before a container of the service is made.
    pub(super) fn needed_by(&self, service: &Service) -> Vec<StepId> {
        let networks = network_keys(service).filter_map(|key| self.networks.get(key));
        let volumes = volume_keys(service).filter_map(|key| self.volumes.get(key));
        networks.chain(volumes).copied().collect()
    }
}

/// The networks that a service joins; none when it shares or lacks a network namespace.
pub(super) fn network_keys(service: &Service) -> impl Iterator<Item = &NetworkKey> {
    let joins = service.networking.network_mode.is_none();
    service.networking.networks.keys().filter(move |_| joins)
}

fn volume_keys(service: &Service) -> impl Iterator<Item = &str> {
    service
        .storage
        .volumes
        .iter()
        .filter(|mount| mount.kind == MountKind::Volume)
        .filter_map(|mount| mount.source.as_deref())
}

/// Whether a service uses its host's network, whose ports nobody lists.
pub(super) fn uses_host_network(service: &Service) -> bool {
    matches!(&service.networking.network_mode, Some(NamespaceMode::Other(mode)) if mode == "host")
}

/// A network's name in the engine: its own, else the project's prefix and the key.
pub(crate) fn network_name(project: &ProjectName, key: &NetworkKey, network: &Network) -> NetworkName {
    network
        .name
        .clone()
        .unwrap_or_else(|| NetworkName::from(format!("{project}_{key}")))
}

/// A volume's name in the engine: its own, else the project's prefix and the key.
pub(crate) fn volume_name(project: &ProjectName, key: &VolumeKey, volume: &Volume) -> VolumeName {
    volume.name.clone().unwrap_or_else(|| VolumeName::from(format!("{project}_{key}")))
}

fn decide_network<'a>(
    project: &ProjectName,
    key: &'a NetworkKey,
    network: &Network,
    observed: &Observed,
    plan: &mut Plan,
) -> Result<SharedNetwork<'a>, PlanError> {
    let name = network_name(project, key, network);
    let found = observed.networks.get(&name);
    let fate = match found {
        Some(_) if network.external => Fate::Use,
        None if network.external => return Err(PlanError::ExternalNetworkMissing { name }),
        None => Fate::Create,
        Some(found) => fate_of_network(project, key, &name, network, found, plan)?,
    };
    Ok(SharedNetwork {
        key,
        id: found.map(|network| network.id.clone()),
        differences: found.map(|network| network.differences.clone()).unwrap_or_default(),
        name,
        fate,
    })
}

fn fate_of_network(
    project: &ProjectName,
    key: &NetworkKey,
    name: &NetworkName,
    network: &Network,
    found: &ObservedNetwork,
    plan: &mut Plan,
) -> Result<Fate, PlanError> {
    let Some(owner) = found.owner.as_ref().filter(|owner| owner.project == *project) else {
        plan.warn(
            Diagnostic::warning(
                Code::NotMadeForThisProject,
                format!("a network with name {name} exists but was not created for project \"{project}\""),
            )
            .help("set `external: true` to use an existing network"),
        );
        return Ok(Fate::Use);
    };
    match &owner.key {
        Some(other) if other != key => Err(PlanError::NetworkOfOtherKey {
            name: name.clone(),
            found: other.to_string(),
            expected: key.to_string(),
        }),
        _ if owner.config_hash.is_none() || owner.config_hash == Some(network_hash(&named(network, name))) => Ok(Fate::Use),
        _ => Ok(Fate::Renew),
    }
}

/// The hash is taken over the configuration with the name filled in.
fn named(network: &Network, name: &NetworkName) -> Network {
    Network {
        name: Some(name.clone()),
        ..network.clone()
    }
}

fn decide_volume<'a>(
    project: &ProjectName,
    key: &'a VolumeKey,
    volume: &Volume,
    observed: &Observed,
    policy: &ContainerPolicy,
    plan: &mut Plan,
) -> Result<SharedVolume<'a>, PlanError> {
    let name = volume_name(project, key, volume);
    let found = observed.volumes.get(&name);
    let fate = match found {
        Some(_) if volume.external => Fate::Use,
        None if volume.external => return Err(PlanError::ExternalVolumeMissing { name }),
        None => Fate::Create,
        Some(found) => match &found.owner {
            Some(owner) if owner.project == *project => {
                fate_of_volume(owner.config_hash.as_ref(), volume, (&name, &found.differences), policy, plan)
            }
            owner => {
                plan.warn(foreign_volume(project, &name, owner.as_ref().map(|owner| &owner.project)));
                Fate::Use
            }
        },
    };
    Ok(SharedVolume {
        key,
        differences: found.map(|volume| volume.differences.clone()).unwrap_or_default(),
        name,
        fate,
    })
}

fn foreign_volume(project: &ProjectName, name: &VolumeName, owner: Option<&ProjectName>) -> Diagnostic {
    let message = match owner {
        Some(owner) => format!("volume \"{name}\" already exists but was created for project \"{owner}\" (expected \"{project}\")"),
        None => format!("volume \"{name}\" already exists but was not created by Docker Compose"),
    };
    Diagnostic::warning(Code::NotMadeForThisProject, message).help("use `external: true` to use an existing volume")
}

fn fate_of_volume(
    found: Option<&ConfigHash>,
    volume: &Volume,
    (name, differences): (&VolumeName, &[Difference]),
    policy: &ContainerPolicy,
    plan: &mut Plan,
) -> Fate {
    let wanted = volume_hash(&Volume {
        name: Some(name.clone()),
        ..volume.clone()
    });
    let is_other = found.is_some_and(|found| *found != wanted);
    // Where no label says what it was made from, its settings do.
    let seems_other = is_other || found.is_none() && !differences.is_empty();
    match policy.diverged_volumes {
        DivergedVolumes::Report if seems_other => plan.warn(kept_as_it_is(name, differences)),
        DivergedVolumes::Recreate if is_other => return Fate::Renew,
        DivergedVolumes::Keep if is_other => plan.warn(
            Diagnostic::warning(
                Code::VolumeDiffers,
                format!("volume \"{name}\" exists but doesn't match configuration in compose file; it is kept as it is"),
            )
            .help("remove it, or answer yes to its recreation, to have it made anew; its data is lost then"),
        ),
        DivergedVolumes::Keep | DivergedVolumes::Report | DivergedVolumes::Recreate => {}
    }
    Fate::Use
}

/// What is said of a volume that nobody makes anew.
fn kept_as_it_is(name: &VolumeName, differences: &[Difference]) -> Diagnostic {
    let fields = match differences {
        [] => String::new(),
        fields => format!(" in {}", listed(fields)),
    };
    Diagnostic::warning(
        Code::VolumeDiffers,
        format!("volume {name} differs from the compose file{fields}; it is kept as it is, with its data"),
    )
    .help(format!(
        "put the settings back, or give the volume another name and copy its data over; where the data can go, take the project down, \
         remove the volume on the server with `docker volume rm {name}`, and deploy again"
    ))
}
