//! A snapshot of the engine, reduced to what planning compares.

use super::differences::{Difference, Differences};
use crate::labels::{Ownership, SharedOwnership};
use crate::names::{
    ContainerId, ContainerName, ImageId, ImageRef, NetworkId, NetworkKey, NetworkName, ProjectName, ServiceName, VolumeKey, VolumeName,
};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Everything of a project that is there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// The replicas of each service, by number, then by name.
    pub services: BTreeMap<ServiceName, Vec<ObservedContainer>>,
    /// The containers that `run` made.
    pub one_offs: Vec<ObservedContainer>,
    /// The containers of others, by name; known where a model was given.
    pub strangers: BTreeMap<ContainerName, Stranger>,
    /// The project's networks, and those of others that its networks name.
    pub networks: BTreeMap<NetworkName, ObservedNetwork>,
    /// The project's volumes, and those of others that its volumes name.
    pub volumes: BTreeMap<VolumeName, ObservedVolume>,
    /// The images that its services name, as far as they are there.
    pub images: BTreeMap<ImageRef, ObservedImage>,
}

impl Observed {
    /// A service's replicas.
    pub fn service(&self, name: &ServiceName) -> &[ObservedContainer] {
        self.services.get(name).map_or(&[], Vec::as_slice)
    }

    /// Every container, the one-off ones last.
    pub fn containers(&self) -> impl Iterator<Item = &ObservedContainer> {
        self.services.values().flatten().chain(&self.one_offs)
    }
}

/// A container that is there.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedContainer {
    /// Its id.
    pub id: ContainerId,
    /// Its name.
    pub name: ContainerName,
    /// What its labels say.
    pub owner: Ownership,
    /// What it does.
    pub activity: Activity,
    /// Seconds since 1970 when it was made.
    pub created: i64,
    /// The image it runs.
    pub image: ImageId,
    /// The networks it has joined.
    pub networks: BTreeMap<NetworkName, NetworkId>,
    /// The addresses that it has in them while it runs.
    pub addresses: BTreeSet<(NetworkName, IpAddr)>,
    /// The volumes it mounts.
    pub volumes: Vec<ObservedMount>,
    /// The files and folders of the host that it mounts, as the engine's host calls them.
    pub binds: Vec<String>,
    /// The ports of the host that it holds.
    pub ports: Vec<ObservedPort>,
    /// In what it differs from what its service asks for now; nothing where nobody compared.
    pub differences: Differences,
}

/// A container that is not the project's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// Its id.
    pub id: ContainerId,
    /// Whose it is; `None` when no project made it.
    pub owner: Option<(ProjectName, ServiceName)>,
}

/// What a container does, as far as planning cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Activity {
    /// Made and never started.
    Created,
    /// Running, or between two runs.
    Running,
    /// Running, its processes frozen.
    Paused,
    /// Ended.
    Exited,
    /// Being removed, or could not be removed: of no use any more.
    Dead,
}

impl Activity {
    /// Whether it has processes that a stop would end.
    pub fn is_alive(self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }
}

/// A volume in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedMount {
    /// The volume.
    pub volume: VolumeName,
    /// The container's path.
    pub destination: String,
}

/// A port of the host that a container holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObservedPort {
    /// The host's port.
    pub published: u16,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
}

/// A network that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedNetwork {
    /// Its id.
    pub id: NetworkId,
    /// Whose it is; `None` when no project made it.
    pub owner: Option<SharedOwnership<NetworkKey>>,
    /// In what it differs from what the project asks for.
    pub differences: Vec<Difference>,
}

/// A volume that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedVolume {
    /// Whose it is; `None` when no project made it.
    pub owner: Option<SharedOwnership<VolumeKey>>,
    /// In what it differs from what the project asks for.
    pub differences: Vec<Difference>,
}

/// An image that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedImage {
    /// Its content id.
    pub id: ImageId,
    /// The project for which it was built; `None` when it was pulled or built by other means.
    pub built_for: Option<crate::names::ProjectName>,
    /// When the engine last gave it this name, in seconds since 1970.
    pub tagged_at: Option<i64>,
    /// The paths it declares as volumes.
    pub volumes: Vec<String>,
}
