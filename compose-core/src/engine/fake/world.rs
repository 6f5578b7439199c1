//! What the engine in memory holds, and the rules by which it holds together.

use super::Behaviour;
use crate::engine::request::ContainerBody;
use crate::engine::{
    ContainerDetails, ContainerHealth, ContainerSettings, ContainerState, ContainerStatus, ContainerSummary, EngineError, ImageDetails,
    ListedMount, ListedPort, NetworkDetails, NetworkSettings, Selector, VolumeDetails,
};
use crate::names::{ContainerId, ContainerName, ImageId, NetworkId, NetworkName, VolumeName};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The network that an engine makes for itself, anew at each of its starts.
const BRIDGE: &str = "bridge";

/// What the engine holds.
#[derive(Default)]
pub(super) struct World {
    pub(super) serial: u64,
    /// How often the engine went down.
    pub(super) falls: u64,
    /// It refuses to tell of its networks and containers.
    pub(super) away: bool,
    pub(super) containers: BTreeMap<ContainerId, Container>,
    pub(super) networks: BTreeMap<NetworkName, NetworkDetails>,
    pub(super) volumes: BTreeMap<VolumeName, VolumeDetails>,
    pub(super) images: BTreeMap<String, ImageDetails>,
    pub(super) behaviours: BTreeMap<String, Behaviour>,
    pub(super) registry: BTreeMap<String, ImageId>,
}

/// A container that the engine holds.
#[derive(Clone)]
pub(super) struct Container {
    pub(super) name: ContainerName,
    pub(super) body: ContainerBody,
    pub(super) image_id: ImageId,
    pub(super) status: ContainerStatus,
    pub(super) health: ContainerHealth,
    pub(super) exit_code: i64,
    /// RFC 3339.
    pub(super) finished_at: Option<String>,
    pub(super) created: i64,
    pub(super) mounts: Vec<ListedMount>,
    pub(super) networks: BTreeMap<NetworkName, NetworkId>,
}

impl World {
    /// Whether the engine is up.
    pub(super) fn answers(&self, attempt: &str) -> Result<(), EngineError> {
        if self.away {
            return Err(refused(attempt, 503, "coming up"));
        }
        Ok(())
    }

    /// The names of an image.
    pub(super) fn names_of(&self, id: &ImageId) -> Vec<String> {
        let named = self
            .images
            .iter()
            .filter(|(name, image)| image.id == *id && name.as_str() != id.as_str());
        named.map(|(name, _)| name.clone()).collect()
    }

    /// Gives a name to an image; the one that had it stays, under its id only where it has no other.
    pub(super) fn name_image(&mut self, name: &str, image: ImageDetails) {
        let id = image.id.clone();
        self.images.remove(id.as_str());
        if let Some(before) = self.images.insert(name.to_owned(), image)
            && before.id != id
            && self.names_of(&before.id).is_empty()
        {
            let nameless = ImageDetails {
                tags: Vec::new(),
                ..before
            };
            self.images.insert(nameless.id.to_string(), nameless);
        }
    }

    pub(super) fn network(&self, name: &str) -> Option<NetworkDetails> {
        let bridge = || NetworkDetails {
            id: NetworkId::from(format!("bridge-{}", self.falls)),
            name: NetworkName::new(BRIDGE),
            driver: BRIDGE.to_owned(),
            labels: BTreeMap::new(),
            containers: Vec::new(),
            settings: NetworkSettings::default(),
        };
        self.networks.get(name).cloned().or_else(|| (name == BRIDGE).then(bridge))
    }

    pub(super) fn next_id(&mut self) -> String {
        self.serial += 1;
        format!("{:064x}", self.serial)
    }

    pub(super) fn holder_of_port(&self, body: &ContainerBody) -> Option<&Container> {
        let wanted = host_ports(body);
        let running = self
            .containers
            .values()
            .filter(|container| container.status == ContainerStatus::Running);
        running
            .into_iter()
            .find(|container| host_ports(&container.body).iter().any(|port| wanted.contains(port)))
    }

    pub(super) fn network_by_id(&self, id: &str) -> Option<NetworkName> {
        let found = self
            .networks
            .values()
            .find(|network| network.id.as_str() == id || network.name.as_str() == id)?;
        Some(found.name.clone())
    }

    /// The volumes that a new container mounts; named ones are made where they are missing, as the engine does.
    pub(super) fn mounts(&mut self, body: &ContainerBody) -> Vec<ListedMount> {
        let mut wanted: Vec<(Option<String>, String)> = Vec::new();
        for bind in &body.host_config.binds {
            let mut parts = bind.split(':');
            if let (Some(source), Some(target)) = (parts.next(), parts.next())
                && !source.starts_with('/')
            {
                wanted.push((Some(source.to_owned()), target.to_owned()));
            }
        }
        let volumes = body.host_config.mounts.iter().filter(|mount| mount.kind == "volume");
        wanted.extend(volumes.map(|mount| (mount.source.clone(), mount.target.clone())));
        wanted
            .into_iter()
            .map(|(name, destination)| {
                let name = name.unwrap_or_else(|| self.next_id());
                let volume = VolumeDetails {
                    name: VolumeName::new(&name),
                    driver: "local".to_owned(),
                    mountpoint: format!("/volumes/{name}"),
                    scope: "local".to_owned(),
                    labels: BTreeMap::new(),
                    options: BTreeMap::new(),
                };
                self.volumes.entry(volume.name.clone()).or_insert(volume);
                ListedMount {
                    kind: "volume".to_owned(),
                    name: Some(name),
                    source: String::new(),
                    destination,
                }
            })
            .collect()
    }

    /// The networks that a new container joins.
    pub(super) fn joined(&self, body: &ContainerBody, attempt: &str) -> Result<BTreeMap<NetworkName, NetworkId>, EngineError> {
        let endpoints = body.networking_config.iter().flat_map(|config| config.endpoints_config.keys());
        let mut joined = BTreeMap::new();
        for name in endpoints {
            let network = self
                .networks
                .get(name.as_str())
                .ok_or_else(|| refused(attempt, 404, &format!("network {name} not found")))?;
            joined.insert(network.name.clone(), network.id.clone());
        }
        if let Some(id) = body
            .host_config
            .network_mode
            .as_deref()
            .and_then(|mode| mode.strip_prefix("container:"))
            && !self.containers.contains_key(id)
        {
            return Err(refused(attempt, 404, &format!("no such container: {id}")));
        }
        Ok(joined)
    }
}

pub(super) fn refused(attempt: &str, status: u16, message: &str) -> EngineError {
    EngineError::Refused {
        attempt: attempt.to_owned(),
        status,
        message: message.to_owned(),
    }
}

pub(super) fn image(name: &str, id: &str) -> ImageDetails {
    ImageDetails {
        id: ImageId::new(id),
        tags: vec![name.to_owned()],
        digests: Vec::new(),
        platform: "linux/amd64".to_owned(),
        created: String::new(),
        size: 0,
        labels: BTreeMap::new(),
        volumes: Vec::new(),
        exposed_ports: Vec::new(),
        last_tagged: None,
        defaults: ContainerSettings::default(),
    }
}

/// The fixed ports of the host that a container wants.
pub(super) fn host_ports(body: &ContainerBody) -> Vec<(u16, String)> {
    let bindings = body.host_config.port_bindings.iter();
    bindings
        .flat_map(|(port, bindings)| {
            let protocol = port.split_once('/').map_or("tcp", |(_, protocol)| protocol).to_owned();
            bindings
                .iter()
                .filter_map(move |binding| Some((binding.host_port.parse().ok()?, protocol.clone())))
        })
        .collect()
}

/// The addresses of its own choosing that a container wants.
fn fixed_addresses(body: &ContainerBody) -> BTreeSet<(NetworkName, IpAddr)> {
    let endpoints = body.networking_config.iter().flat_map(|config| &config.endpoints_config);
    endpoints
        .filter_map(|(name, endpoint)| Some((name, endpoint.ipam.as_ref()?)))
        .flat_map(|(name, ipam)| [&ipam.ipv4, &ipam.ipv6].map(|address| (name, address)))
        .filter_map(|(name, address)| Some((NetworkName::new(name), address.as_ref()?.parse().ok()?)))
        .collect()
}

pub(super) fn matches(labels: &BTreeMap<String, String>, selector: &Selector) -> bool {
    selector.labels.iter().all(|wanted| match wanted.split_once('=') {
        Some((key, value)) => labels.get(key).is_some_and(|found| found == value),
        None => labels.contains_key(wanted),
    })
}

impl Container {
    pub(super) fn summary(&self, id: &ContainerId) -> ContainerSummary {
        let ports = if self.status == ContainerStatus::Running {
            host_ports(&self.body)
        } else {
            Vec::new()
        };
        ContainerSummary {
            id: id.clone(),
            name: self.name.clone(),
            image: self.body.image.clone(),
            image_id: self.image_id.clone(),
            command: String::new(),
            created: self.created,
            status: self.status.clone(),
            status_text: String::new(),
            labels: self.body.labels.clone(),
            ports: ports
                .into_iter()
                .map(|(public, protocol)| ListedPort {
                    ip: None,
                    private: public,
                    public: Some(public),
                    protocol,
                })
                .collect(),
            networks: self.networks.clone(),
            addresses: if self.status == ContainerStatus::Running {
                fixed_addresses(&self.body)
            } else {
                BTreeSet::new()
            },
            mounts: self.mounts.clone(),
        }
    }

    pub(super) fn details(&self, id: &ContainerId) -> ContainerDetails {
        ContainerDetails {
            id: id.clone(),
            name: self.name.clone(),
            image: self.body.image.clone(),
            image_id: self.image_id.clone(),
            state: ContainerState {
                status: self.status.clone(),
                health: self.health,
                exit_code: self.exit_code,
                error: None,
                health_log: Vec::new(),
                restart_count: 0,
                started_at: None,
                finished_at: self.finished_at.clone(),
            },
            labels: self.body.labels.clone(),
            tty: false,
            mounts: self.mounts.clone(),
            networks: self.networks.clone(),
            restart_policy: self.restart_policy().map(str::to_owned),
            settings: self.settings(),
        }
    }

    fn settings(&self) -> ContainerSettings {
        let Ok(serde_json::Value::Object(mut process)) = serde_json::to_value(&self.body) else {
            return ContainerSettings::default();
        };
        let host = process.remove("HostConfig");
        ContainerSettings {
            process,
            host: host.and_then(|host| host.as_object().cloned()).unwrap_or_default(),
        }
    }

    pub(super) fn end(&mut self, code: i64) {
        self.status = ContainerStatus::Exited;
        self.exit_code = code;
        self.finished_at = OffsetDateTime::now_utc().format(&Rfc3339).ok();
    }

    pub(super) fn restart_policy(&self) -> Option<&str> {
        let policy = self.body.host_config.restart_policy.as_ref();
        policy.map(|policy| policy.name.as_str()).filter(|name| *name != "no")
    }
}
