//! What the engine says of containers, read without minding what it does not know.

use super::super::{
    ContainerDetails, ContainerHealth, ContainerSettings, ContainerState, ContainerStatus, ContainerSummary, ListedMount, ListedPort,
};
use super::answer::{or_default, some};
use crate::names::{ContainerName, ImageId, NetworkId, NetworkName};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

/// The grace period of a container that has none of its own.
const USUAL_GRACE: Duration = Duration::from_secs(10);

/// One element of the engine's list of containers.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Listed {
    id: String,
    #[serde(deserialize_with = "or_default")]
    names: Vec<String>,
    image: String,
    #[serde(rename = "ImageID")]
    image_id: String,
    command: String,
    created: i64,
    state: String,
    status: String,
    #[serde(deserialize_with = "or_default")]
    labels: BTreeMap<String, String>,
    #[serde(deserialize_with = "or_default")]
    ports: Vec<PortEntry>,
    #[serde(deserialize_with = "or_default")]
    network_settings: NetworkSettings,
    #[serde(deserialize_with = "or_default")]
    mounts: Vec<MountEntry>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PortEntry {
    #[serde(rename = "IP")]
    ip: Option<String>,
    #[serde(rename = "PrivatePort")]
    private: u16,
    #[serde(rename = "PublicPort")]
    public: Option<u16>,
    #[serde(rename = "Type")]
    protocol: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct NetworkSettings {
    #[serde(deserialize_with = "or_default")]
    networks: BTreeMap<String, Option<NetworkEntry>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NetworkEntry {
    #[serde(rename = "NetworkID")]
    id: String,
    #[serde(rename = "IPAddress")]
    ipv4: String,
    #[serde(rename = "GlobalIPv6Address")]
    ipv6: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct MountEntry {
    #[serde(rename = "Type")]
    kind: String,
    name: String,
    source: String,
    destination: String,
}

impl From<Listed> for ContainerSummary {
    fn from(listed: Listed) -> Self {
        // A link gives a container a second name, below that of the linking one.
        let name = listed
            .names
            .iter()
            .map(|name| name.trim_start_matches('/'))
            .min_by_key(|name| name.matches('/').count());
        Self {
            name: ContainerName::new(name.unwrap_or_default()),
            id: listed.id.into(),
            image: listed.image,
            image_id: listed.image_id.into(),
            command: listed.command,
            created: listed.created,
            status: ContainerStatus::read(&listed.state),
            status_text: listed.status,
            labels: listed.labels,
            ports: listed.ports.into_iter().map(ListedPort::from).collect(),
            addresses: listed.network_settings.addresses(),
            networks: listed.network_settings.joined(),
            mounts: listed.mounts.into_iter().map(ListedMount::from).collect(),
        }
    }
}

impl NetworkSettings {
    fn addresses(&self) -> BTreeSet<(NetworkName, IpAddr)> {
        let entries = self.networks.iter().filter_map(|(name, entry)| Some((name, entry.as_ref()?)));
        entries
            .flat_map(|(name, entry)| [&entry.ipv4, &entry.ipv6].map(|text| (name, text)))
            .filter_map(|(name, text)| Some((NetworkName::new(name), text.parse().ok()?)))
            .collect()
    }

    pub(super) fn joined(self) -> BTreeMap<NetworkName, NetworkId> {
        let ids = self.networks.into_iter();
        ids.map(|(name, entry)| (name.into(), entry.unwrap_or_default().id.into()))
            .collect()
    }
}

impl From<PortEntry> for ListedPort {
    fn from(port: PortEntry) -> Self {
        Self {
            ip: port.ip.and_then(some),
            private: port.private,
            public: port.public.filter(|public| *public != 0),
            protocol: port.protocol,
        }
    }
}

impl From<MountEntry> for ListedMount {
    fn from(mount: MountEntry) -> Self {
        Self {
            kind: mount.kind,
            name: some(mount.name),
            source: mount.source,
            destination: mount.destination,
        }
    }
}

/// The engine's description of one container.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Inspected {
    id: String,
    name: String,
    /// The image's content id.
    image: String,
    restart_count: i64,
    #[serde(deserialize_with = "or_default")]
    pub(super) state: StateEntry,
    #[serde(deserialize_with = "or_default")]
    config: Map<String, Value>,
    #[serde(deserialize_with = "or_default")]
    host_config: Map<String, Value>,
    #[serde(deserialize_with = "or_default")]
    pub(super) network_settings: NetworkSettings,
    #[serde(deserialize_with = "or_default")]
    mounts: Vec<MountEntry>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct RestartEntry {
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct StateEntry {
    pub(super) status: String,
    exit_code: i64,
    error: String,
    started_at: String,
    finished_at: String,
    health: Option<HealthEntry>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct HealthEntry {
    status: String,
    #[serde(deserialize_with = "or_default")]
    log: Vec<CheckEntry>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct CheckEntry {
    output: String,
}

/// One of a container's settings; what is missing or of another kind is nothing.
fn read<'a, T: Default + Deserialize<'a>>(settings: &'a Map<String, Value>, key: &str) -> T {
    settings.get(key).and_then(|value| T::deserialize(value).ok()).unwrap_or_default()
}

impl Inspected {
    pub(super) fn name(&self) -> ContainerName {
        ContainerName::new(self.name.trim_start_matches('/'))
    }

    /// The grace period of the container's own.
    pub(super) fn grace(&self) -> Duration {
        read::<Option<u64>>(&self.config, "StopTimeout").map_or(USUAL_GRACE, Duration::from_secs)
    }
}

impl From<Inspected> for ContainerDetails {
    fn from(found: Inspected) -> Self {
        Self {
            name: found.name(),
            id: found.id.into(),
            image: read(&found.config, "Image"),
            image_id: ImageId::from(found.image),
            state: found.state.read(found.restart_count),
            labels: read(&found.config, "Labels"),
            tty: read(&found.config, "Tty"),
            mounts: found.mounts.into_iter().map(ListedMount::from).collect(),
            networks: found.network_settings.joined(),
            restart_policy: some(read::<RestartEntry>(&found.host_config, "RestartPolicy").name).filter(|name| name != "no"),
            settings: ContainerSettings {
                process: found.config,
                host: found.host_config,
            },
        }
    }
}

impl StateEntry {
    fn read(self, restart_count: i64) -> ContainerState {
        let health = self.health.unwrap_or_default();
        ContainerState {
            status: ContainerStatus::read(&self.status),
            health: match health.status.as_str() {
                "starting" => ContainerHealth::Starting,
                "healthy" => ContainerHealth::Healthy,
                "unhealthy" => ContainerHealth::Unhealthy,
                _ => ContainerHealth::None,
            },
            exit_code: self.exit_code,
            error: some(self.error),
            health_log: health.log.into_iter().map(|check| check.output).collect(),
            restart_count,
            started_at: moment(self.started_at),
            finished_at: moment(self.finished_at),
        }
    }
}

/// The engine says "never" as the year 1.
fn moment(text: String) -> Option<String> {
    some(text).filter(|text| !text.starts_with("0001-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_with_nulls_and_unknown_words() {
        let listed: Vec<Listed> = serde_json::from_str(
            r#"[{"Id":"1f","Names":["/other/db","/shop-db-1"],"Image":"db","ImageID":"sha256:2a","Command":"run","Created":7,
                "State":"hibernating","Status":"Asleep","Ports":[{"PrivatePort":80,"Type":"tcp"},{"IP":"::","PrivatePort":80,"PublicPort":8080,"Type":"tcp"}],
                "Labels":null,"NetworkSettings":{"Networks":{"front":{"NetworkID":"9c","IPAddress":"10.0.0.5","GlobalIPv6Address":""},"odd":null}},"Mounts":null,"New":{"a":1}},
               {"Id":"2f"}]"#,
        )
        .expect("a list");
        let listed: Vec<ContainerSummary> = listed.into_iter().map(Into::into).collect();
        assert_eq!(listed[0].name.as_str(), "shop-db-1");
        assert_eq!(listed[0].status, ContainerStatus::Other("hibernating".to_owned()));
        assert_eq!(listed[0].ports[1].ip.as_deref(), Some("::"));
        assert_eq!((listed[0].ports[0].public, listed[0].ports[1].public), (None, Some(8080)));
        assert_eq!(listed[0].networks["front"].as_str(), "9c");
        assert_eq!(
            listed[0].addresses,
            BTreeSet::from([("front".into(), "10.0.0.5".parse().expect("an address"))])
        );
        assert_eq!((listed[1].id.as_str(), listed[1].name.as_str()), ("2f", ""));
    }

    #[test]
    fn a_container_is_read_with_its_health() {
        let found: Inspected = serde_json::from_str(
            r#"{"Id":"1f","Name":"/a-1","Image":"sha256:2a","RestartCount":2,"HostConfig":{"RestartPolicy":{"Name":"on-failure"}},"Config":{"Image":"a","Tty":true,"Labels":{"k":"v"}},
                "State":{"Status":"running","ExitCode":0,"Error":"","StartedAt":"2024-05-01T10:00:00Z","FinishedAt":"0001-01-01T00:00:00Z",
                         "Health":{"Status":"unhealthy","Log":[{"Output":"no\n","ExitCode":1}]}},
                "Mounts":[{"Type":"volume","Name":"v","Source":"/x","Destination":"/data"},{"Type":"bind","Source":"/h","Destination":"/b"}]}"#,
        )
        .expect("a container");
        let details = ContainerDetails::from(found);
        assert_eq!(details.name.as_str(), "a-1");
        assert_eq!(details.state.health, ContainerHealth::Unhealthy);
        assert_eq!(details.state.health_log, ["no\n"]);
        assert_eq!((details.state.started_at.is_some(), details.state.finished_at), (true, None));
        assert_eq!(details.restart_policy.as_deref(), Some("on-failure"));
        assert_eq!((details.mounts[0].name.as_deref(), &details.mounts[1].name), (Some("v"), &None));
    }

    #[test]
    fn a_container_that_is_never_started_again_has_no_policy() {
        for text in [
            r#"{"Id":"1f"}"#,
            r#"{"HostConfig":null}"#,
            r#"{"HostConfig":{"RestartPolicy":{"Name":"no"}}}"#,
            r#"{"HostConfig":{"RestartPolicy":{"Name":""}}}"#,
        ] {
            let found: Inspected = serde_json::from_str(text).expect("a container");
            assert_eq!(ContainerDetails::from(found).restart_policy, None, "{text}");
        }
    }
}
