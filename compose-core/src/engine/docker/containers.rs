//! Containers.

use super::super::request::ContainerBody;
use super::super::{
    AnonymousVolumes, ContainerDetails, ContainerHealth, ContainerState, ContainerStatus, ContainerSummary, EngineError, EngineInfo,
    ListedMount, ListedPort, Selector,
};
use super::DockerEngine;
use super::answer::{self, or_default, some};
use super::call::{Call, segment};
use super::transport::absent;
use crate::names::{ContainerId, ContainerName, ImageId, NetworkId, NetworkName};
use bollard::query_parameters::{
    KillContainerOptions, RemoveContainerOptions, RenameContainerOptions, RestartContainerOptions, StartContainerOptions,
    StopContainerOptions, UploadToContainerOptions,
};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a container may take to start, to be removed, or to be renamed.
const VERB: Duration = Duration::from_mins(5);
/// How long after its grace period a container may take to be gone.
const AFTER_GRACE: Duration = Duration::from_mins(2);

impl DockerEngine {
    pub(super) async fn engine_info(&self) -> Result<EngineInfo, EngineError> {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "PascalCase", default)]
        struct About {
            version: String,
            os: String,
            arch: String,
        }
        let agreed = self.transport.agree().await?;
        let about: About = self.ask(Call::get("/version", "ask for the engine's version")).await?;
        Ok(EngineInfo {
            api: agreed.api,
            version: about.version,
            platform: format!("{}/{}", about.os, about.arch),
            buildkit: agreed.buildkit,
        })
    }

    pub(super) async fn containers(&self, selector: &Selector) -> Result<Vec<ContainerSummary>, EngineError> {
        let call = Call::get("/containers/json", "list containers")
            .query("all", "1")
            .query("filters", &selector.filters(&[]));
        let listed: Vec<Listed> = self.ask(call).await?;
        Ok(listed.into_iter().map(ContainerSummary::from).collect())
    }

    pub(super) async fn container(&self, id: &ContainerId) -> Result<Option<ContainerDetails>, EngineError> {
        let path = format!("/containers/{}/json", segment("container", id.as_str())?);
        let found: Option<Inspected> = self.ask_for(Call::get(path, format!("inspect container {id}"))).await?;
        Ok(found.map(ContainerDetails::from))
    }

    pub(super) async fn new_container(
        &self,
        name: &ContainerName,
        platform: Option<&str>,
        body: &ContainerBody,
    ) -> Result<ContainerId, EngineError> {
        #[derive(Deserialize)]
        struct Created {
            #[serde(rename = "Id")]
            id: String,
        }
        let mut call = Call::post("/containers/create", format!("create container {name}"))
            .query("name", name.as_str())
            .query_some("platform", platform)
            .json(body)?;
        // An engine that is busy with builds can take minutes.
        call.deadline = Some(VERB * 2);
        Ok(ContainerId::from(self.ask::<Created>(call).await?.id))
    }

    pub(super) async fn start(&self, id: &ContainerId) -> Result<(), EngineError> {
        let name = segment("container", id.as_str())?;
        let verb = self.docker().await?.start_container(&name, None::<StartContainerOptions>);
        self.tell(format!("start container {id}"), Some(VERB), verb).await
    }

    pub(super) async fn stop(&self, id: &ContainerId, grace: Option<Duration>) -> Result<(), EngineError> {
        let name = segment("container", id.as_str())?;
        let options = StopContainerOptions {
            signal: None,
            t: grace.map(whole_seconds),
        };
        let verb = self.docker().await?.stop_container(&name, Some(options));
        self.tell(format!("stop container {id}"), after(grace), verb).await
    }

    pub(super) async fn restart(&self, id: &ContainerId, grace: Option<Duration>) -> Result<(), EngineError> {
        let name = segment("container", id.as_str())?;
        let options = RestartContainerOptions {
            signal: None,
            t: grace.map(whole_seconds),
        };
        let verb = self.docker().await?.restart_container(&name, Some(options));
        self.tell(format!("restart container {id}"), after(grace), verb).await
    }

    pub(super) async fn kill(&self, id: &ContainerId, signal: &str) -> Result<(), EngineError> {
        let name = segment("container", id.as_str())?;
        let options = KillContainerOptions { signal: signal.to_owned() };
        let verb = self.docker().await?.kill_container(&name, Some(options));
        self.tell(format!("kill container {id}"), Some(VERB), verb).await
    }

    pub(super) async fn delete_container(&self, id: &ContainerId, volumes: AnonymousVolumes) -> Result<(), EngineError> {
        let name = segment("container", id.as_str())?;
        let options = RemoveContainerOptions {
            v: volumes == AnonymousVolumes::Remove,
            force: true,
            link: false,
        };
        let verb = self.docker().await?.remove_container(&name, Some(options));
        match self.tell(format!("remove container {id}"), Some(VERB), verb).await {
            // Someone else is removing it at this moment, or did.
            Err(EngineError::Refused { status: 409, message, .. }) if message.contains("already in progress") => Ok(()),
            answer => absent(answer).map(|_| ()),
        }
    }

    pub(super) async fn rename(&self, id: &ContainerId, name: &ContainerName) -> Result<(), EngineError> {
        let path = segment("container", id.as_str())?;
        let options = RenameContainerOptions {
            name: name.as_str().to_owned(),
        };
        let verb = self.docker().await?.rename_container(&path, options);
        self.tell(format!("rename container {id} to {name}"), Some(VERB), verb).await
    }

    pub(super) async fn unpack(&self, id: &ContainerId, folder: &str, tar: Vec<u8>) -> Result<(), EngineError> {
        let name = segment("container", id.as_str())?;
        let options = UploadToContainerOptions {
            path: folder.to_owned(),
            no_overwrite_dir_non_dir: Some("true".to_owned()),
            copy_uidgid: None,
        };
        let verb = self
            .docker()
            .await?
            .upload_to_container(&name, Some(options), bollard::body_full(tar.into()));
        self.tell(format!("copy files into container {id}"), None, verb).await
    }

    pub(super) async fn exit_code(&self, id: &ContainerId) -> Result<i64, EngineError> {
        self.end_of(id, "not-running").await?.await
    }

    /// Begins to wait for a container; the exit code comes when the condition holds.
    pub(super) async fn end_of(
        &self,
        id: &ContainerId,
        condition: &str,
    ) -> Result<BoxFuture<'static, Result<i64, EngineError>>, EngineError> {
        let attempt = format!("wait for container {id}");
        let path = format!("/containers/{}/wait", segment("container", id.as_str())?);
        let call = Call::post(path, attempt.as_str()).query("condition", condition).patient();
        let response = self.raw(call).await?;
        Ok(async move {
            let ended: Ended = answer::json(&attempt, response).await?;
            match ended.error.and_then(|reason| some(reason.message)) {
                Some(message) => Err(EngineError::Failed { attempt, message }),
                None => Ok(ended.status_code),
            }
        }
        .boxed())
    }
}

/// How a container ended.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Ended {
    status_code: i64,
    #[serde(default)]
    error: Option<Complaint>,
}

/// Why the engine lost sight of it.
#[derive(Deserialize)]
struct Complaint {
    #[serde(rename = "Message", default, deserialize_with = "or_default")]
    message: String,
}

/// A grace period of the container's own may be of any length.
fn after(grace: Option<Duration>) -> Option<Duration> {
    grace.map(|grace| grace.saturating_add(AFTER_GRACE))
}

fn whole_seconds(time: Duration) -> i32 {
    i32::try_from(time.as_secs()).unwrap_or(i32::MAX)
}

impl Selector {
    /// The `filters` parameter: these labels, and more of the caller's own.
    pub(super) fn filters(&self, more: &[(&str, &str)]) -> String {
        let mut filters: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        if !self.labels.is_empty() {
            filters.insert("label", self.labels.iter().map(String::as_str).collect());
        }
        for (key, value) in more {
            filters.entry(key).or_default().push(value);
        }
        serde_json::json!(filters).to_string()
    }
}

/// One element of the engine's list of containers.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Listed {
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
struct NetworkSettings {
    #[serde(deserialize_with = "or_default")]
    networks: BTreeMap<String, Option<NetworkEntry>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NetworkEntry {
    #[serde(rename = "NetworkID")]
    id: String,
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
            networks: listed.network_settings.joined(),
            mounts: listed.mounts.into_iter().map(ListedMount::from).collect(),
        }
    }
}

impl NetworkSettings {
    fn joined(self) -> BTreeMap<NetworkName, NetworkId> {
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
struct Inspected {
    id: String,
    name: String,
    /// The image's content id.
    image: String,
    restart_count: i64,
    #[serde(deserialize_with = "or_default")]
    state: StateEntry,
    #[serde(deserialize_with = "or_default")]
    config: ConfigEntry,
    #[serde(deserialize_with = "or_default")]
    host_config: HostEntry,
    #[serde(deserialize_with = "or_default")]
    network_settings: NetworkSettings,
    #[serde(deserialize_with = "or_default")]
    mounts: Vec<MountEntry>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct HostEntry {
    #[serde(deserialize_with = "or_default")]
    restart_policy: RestartEntry,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct RestartEntry {
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct StateEntry {
    status: String,
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

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ConfigEntry {
    image: String,
    tty: bool,
    #[serde(deserialize_with = "or_default")]
    labels: BTreeMap<String, String>,
}

impl From<Inspected> for ContainerDetails {
    fn from(found: Inspected) -> Self {
        Self {
            id: found.id.into(),
            name: ContainerName::new(found.name.trim_start_matches('/')),
            image: found.config.image,
            image_id: ImageId::from(found.image),
            state: found.state.read(found.restart_count),
            labels: found.config.labels,
            tty: found.config.tty,
            mounts: found.mounts.into_iter().map(ListedMount::from).collect(),
            networks: found.network_settings.joined(),
            restart_policy: some(found.host_config.restart_policy.name).filter(|name| name != "no"),
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
                "Labels":null,"NetworkSettings":{"Networks":{"front":{"NetworkID":"9c"},"odd":null}},"Mounts":null,"New":{"a":1}},
               {"Id":"2f"}]"#,
        )
        .expect("a list");
        let listed: Vec<ContainerSummary> = listed.into_iter().map(Into::into).collect();
        assert_eq!(listed[0].name.as_str(), "shop-db-1");
        assert_eq!(listed[0].status, ContainerStatus::Other("hibernating".to_owned()));
        assert_eq!(listed[0].ports[1].ip.as_deref(), Some("::"));
        assert_eq!((listed[0].ports[0].public, listed[0].ports[1].public), (None, Some(8080)));
        assert_eq!(listed[0].networks["front"].as_str(), "9c");
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

    #[test]
    fn filters_are_one_json_text() {
        let selector = Selector {
            labels: vec!["a=\"b".to_owned(), "c".to_owned()],
        };
        assert_eq!(
            selector.filters(&[("type", "container")]),
            r#"{"label":["a=\"b","c"],"type":["container"]}"#
        );
        assert_eq!(Selector::default().filters(&[]), "{}");
    }
}
