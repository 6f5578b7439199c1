//! Containers.

use super::super::request::ContainerBody;
use super::super::{
    AnonymousVolumes, ContainerDetails, ContainerState, ContainerStatus, ContainerSummary, EngineError, EngineInfo, Selector,
};
use super::DockerEngine;
use super::again::{self, Patience, Seen};
use super::answer::{self, or_default, some};
use super::call::{Call, segment};
use super::described::{Inspected, Listed};
use super::transport::absent;
use crate::names::{ContainerId, ContainerName, NetworkId, NetworkName};
use bollard::query_parameters::{
    KillContainerOptions, RemoveContainerOptions, RenameContainerOptions, RestartContainerOptions, StartContainerOptions,
    StopContainerOptions, UploadToContainerOptions,
};
use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::{sleep, timeout};

/// How long a container may take to start, to be removed, or to be renamed.
const VERB: Duration = Duration::from_mins(5);
/// How long after its grace period a container may take to be gone.
const AFTER_GRACE: Duration = Duration::from_mins(2);
/// How long after it a container that still runs is told once more.
const AFTER_STOP: Duration = Duration::from_secs(20);
/// A grace period of the container's own may be of any length; nobody waits longer than this for its end.
const LONGEST_GRACE: Duration = Duration::from_hours(1);
/// How long a look may take.
const GLANCE: Duration = Duration::from_secs(10);
/// How long to wait for what someone else removes, and how often to look.
const OTHERS_REMOVAL: Duration = Duration::from_secs(20);
const BETWEEN_GLANCES: Duration = Duration::from_millis(200);

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
        let attempt = format!("create container {name}");
        // An engine that is busy with builds can take minutes.
        let call = Call::post("/containers/create", attempt.as_str())
            .query("name", name.as_str())
            .query_some("platform", platform)
            .json(body)?
            .within(VERB * 2);
        self.transport.agree().await?;
        let ask = || async { Ok(ContainerId::from(self.ask_once::<Created>(call.clone()).await?.id)) };
        again::ask(&attempt, Patience::changing(VERB * 2), ask, || self.made_as(name, body)).await
    }

    /// A container of this name that is what a lost answer was about: it bears the labels, and was not started yet.
    async fn made_as(&self, name: &ContainerName, body: &ContainerBody) -> Seen<ContainerId> {
        let Some(found) = self.glance(name.as_str()).await.ok().flatten().map(ContainerDetails::from) else {
            return Seen::Nothing;
        };
        let bears = |(key, value): (&String, &String)| found.labels.get(key) == Some(value);
        if found.name == *name && found.state.status == ContainerStatus::Created && body.labels.iter().all(bears) {
            Seen::Done(found.id)
        } else {
            Seen::Nothing
        }
    }

    /// One look at a container, for which nobody waits long.
    async fn glance(&self, name_or_id: &str) -> Result<Option<Inspected>, EngineError> {
        let path = format!("/containers/{}/json", segment("container", name_or_id)?);
        let call = Call::get(path, format!("look at container {name_or_id}")).within(GLANCE);
        absent(self.ask_once(call).await)
    }

    /// The state of a container, where it can be seen.
    async fn state(&self, id: &ContainerId) -> Option<ContainerState> {
        let found = self.glance(id.as_str()).await.ok().flatten();
        found.map(|found| ContainerDetails::from(found).state)
    }

    pub(super) async fn start(&self, id: &ContainerId) -> Result<(), EngineError> {
        let name = segment("container", id.as_str())?;
        let (docker, asked_at) = (self.docker().await?, self.now());
        let ask = || docker.start_container(&name, None::<StartContainerOptions>);
        // One that was started and has ended already is not started twice.
        let look = || async {
            match (self.state(id).await, asked_at) {
                (Some(state), _) if state.status.is_up() => Seen::Done(()),
                (Some(state), Some(asked_at)) if state.started_at.as_deref().and_then(instant) >= Some(asked_at) => Seen::Done(()),
                _ => Seen::Nothing,
            }
        };
        self.change(&format!("start container {id}"), Patience::changing(VERB), ask, look)
            .await
    }

    pub(super) async fn stop(&self, id: &ContainerId, grace: Option<Duration>) -> Result<(), EngineError> {
        let name = segment("container", id.as_str())?;
        let (docker, asked_at) = (self.docker().await?, Instant::now());
        let ask = || {
            let options = StopContainerOptions {
                signal: None,
                t: grace.map(whole_seconds),
            };
            docker.stop_container(&name, Some(options))
        };
        // A second signal may mean another thing to a container that is ending.
        let look = || async {
            let Ok(Some(found)) = self.glance(id.as_str()).await else {
                return Seen::Nothing;
            };
            let grace = grace.unwrap_or(found.grace());
            match ContainerStatus::read(&found.state.status) {
                status if !status.is_up() => Seen::Done(()),
                _ if asked_at.elapsed() < grace.saturating_add(AFTER_STOP) => Seen::Underway,
                _ => Seen::Nothing,
            }
        };
        let patience = Patience::changing(AFTER_GRACE).after(grace.unwrap_or_default());
        let patience = if grace.is_none() {
            patience.in_all(LONGEST_GRACE)
        } else {
            patience
        };
        self.change(&format!("stop container {id}"), patience, ask, look).await
    }

    pub(super) async fn restart(&self, id: &ContainerId, grace: Option<Duration>) -> Result<(), EngineError> {
        let name = segment("container", id.as_str())?;
        let options = RestartContainerOptions {
            signal: None,
            t: grace.map(whole_seconds),
        };
        let verb = self.docker().await?.restart_container(&name, Some(options));
        let limit = grace.unwrap_or(LONGEST_GRACE).saturating_add(AFTER_GRACE);
        self.tell(format!("restart container {id}"), Some(limit), verb).await
    }

    pub(super) async fn kill(&self, id: &ContainerId, signal: &str) -> Result<(), EngineError> {
        let name = segment("container", id.as_str())?;
        let options = KillContainerOptions { signal: signal.to_owned() };
        let verb = self.docker().await?.kill_container(&name, Some(options));
        self.tell(format!("kill container {id}"), Some(VERB), verb).await
    }

    pub(super) async fn delete_container(&self, id: &ContainerId, volumes: AnonymousVolumes) -> Result<(), EngineError> {
        let name = segment("container", id.as_str())?;
        let docker = self.docker().await?;
        let ask = || {
            let options = RemoveContainerOptions {
                v: volumes == AnonymousVolumes::Remove,
                force: true,
                link: false,
            };
            docker.remove_container(&name, Some(options))
        };
        let attempt = format!("remove container {id}");
        match self.change(&attempt, Patience::changing(VERB), ask, || self.is_gone(id)).await {
            // Someone else is removing it at this moment, or did.
            Err(EngineError::Refused { status: 409, message, .. }) if message.contains("already in progress") => {
                self.until_gone(id).await;
                Ok(())
            }
            answer => absent(answer).map(|_| ()),
        }
    }

    async fn is_gone(&self, id: &ContainerId) -> Seen<()> {
        match self.glance(id.as_str()).await {
            Ok(None) => Seen::Done(()),
            Ok(Some(_)) | Err(_) => Seen::Nothing,
        }
    }

    /// Waits for the end of a removal by someone else; one that does not come is left to them.
    async fn until_gone(&self, id: &ContainerId) {
        let gone = async {
            while self.is_gone(id).await == Seen::Nothing {
                sleep(BETWEEN_GLANCES).await;
            }
        };
        let _ = timeout(OTHERS_REMOVAL, gone).await;
    }

    pub(super) async fn rename(&self, id: &ContainerId, name: &ContainerName) -> Result<(), EngineError> {
        let path = segment("container", id.as_str())?;
        let docker = self.docker().await?;
        let ask = || {
            let options = RenameContainerOptions {
                name: name.as_str().to_owned(),
            };
            docker.rename_container(&path, options)
        };
        let look = || async {
            match self.glance(id.as_str()).await {
                Ok(Some(found)) if found.name() == *name => Seen::Done(()),
                _ => Seen::Nothing,
            }
        };
        let attempt = format!("rename container {id} to {name}");
        self.change(&attempt, Patience::changing(VERB), ask, look).await
    }

    /// The networks that a container is in, where that can be seen.
    pub(super) async fn networks_of(&self, id: &ContainerId) -> Option<BTreeMap<NetworkName, NetworkId>> {
        let found = self.glance(id.as_str()).await.ok().flatten();
        found.map(|found| found.network_settings.joined())
    }

    pub(super) async fn unpack(&self, id: &ContainerId, folder: &str, tar: Vec<u8>) -> Result<(), EngineError> {
        let name = segment("container", id.as_str())?;
        let (docker, tar) = (self.docker().await?, Bytes::from(tar));
        let ask = || {
            let options = UploadToContainerOptions {
                path: folder.to_owned(),
                no_overwrite_dir_non_dir: Some("true".to_owned()),
                copy_uidgid: None,
            };
            docker.upload_to_container(&name, Some(options), bollard::body_full(tar.clone()))
        };
        let patience = Patience::changing(VERB).after(VERB);
        let nothing = || std::future::ready(Seen::Nothing);
        self.change(&format!("copy files into container {id}"), patience, ask, nothing)
            .await
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

/// A moment that the engine tells.
fn instant(text: &str) -> Option<SystemTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok().map(SystemTime::from)
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

#[cfg(test)]
mod tests {
    use super::*;

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
