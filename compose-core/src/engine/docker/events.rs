//! What happens to containers.

use super::super::{EngineAddress, EngineError, Happening, Selector, StateChange};
use super::DockerEngine;
use super::answer::{json_lines, or_default};
use super::call::Call;
use futures::stream::{BoxStream, StreamExt as _};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

/// What the engine puts among a container's labels when it tells of an event.
const NOT_LABELS: [&str; 6] = ["image", "name", "exitCode", "execID", "signal", "execDuration"];

/// How long the engine may take to say that it will tell.
const SUBSCRIBED: Duration = Duration::from_secs(10);

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Told {
    action: String,
    #[serde(rename = "timeNano")]
    time_nano: i64,
    #[serde(deserialize_with = "or_default")]
    actor: Actor,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Actor {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "Attributes", deserialize_with = "or_default")]
    attributes: BTreeMap<String, String>,
}

impl DockerEngine {
    pub(super) async fn state_changes(
        &self,
        selector: &Selector,
    ) -> Result<BoxStream<'static, Result<StateChange, EngineError>>, EngineError> {
        let attempt = "watch containers";
        let call = Call::get("/events", attempt)
            .query("filters", &selector.filters(&[("type", "container")]))
            .query_some("since", self.since_now().as_deref())
            .within(SUBSCRIBED);
        // Nothing may happen for ever: who listens looks now and then all the same.
        let told = json_lines::<Told>(attempt, self.raw(call).await?, None);
        Ok(told.map(|told| told.map(StateChange::from)).boxed())
    }

    pub(super) async fn container_events(
        &self,
        selector: &Selector,
        since: Option<&str>,
        until: Option<&str>,
    ) -> Result<BoxStream<'static, Result<Happening, EngineError>>, EngineError> {
        let attempt = "listen to containers";
        let now = self.since_now();
        let call = Call::get("/events", attempt)
            .query("filters", &selector.filters(&[("type", "container")]))
            .query_some("since", since.or(now.as_deref()))
            .query_some("until", until)
            .within(SUBSCRIBED);
        let told = json_lines::<Told>(attempt, self.raw(call).await?, None);
        Ok(told.map(|told| told.map(Happening::from)).boxed())
    }

    /// The engine answers a moment before it subscribes. Saying from when on closes the gap, where we have the same clock.
    fn since_now(&self) -> Option<String> {
        let since = self.now()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Some(format!("{}.{:09}", since.as_secs(), since.subsec_nanos()))
    }

    /// The engine's time, where we have the same clock.
    pub(super) fn now(&self) -> Option<SystemTime> {
        matches!(self.address(), EngineAddress::Unix(_)).then(SystemTime::now)
    }
}

impl From<Told> for Happening {
    fn from(told: Told) -> Self {
        Self {
            at: told.time_nano.into(),
            id: told.actor.id.into(),
            action: told.action,
            attributes: told.actor.attributes,
        }
    }
}

impl From<Told> for StateChange {
    fn from(told: Told) -> Self {
        let mut labels = told.actor.attributes;
        let exit_code = labels.get("exitCode").and_then(|code| code.parse().ok());
        labels.retain(|key, _| !NOT_LABELS.contains(&key.as_str()));
        Self {
            id: told.actor.id.into(),
            action: told.action,
            labels,
            exit_code,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_told_apart_from_labels() {
        let told: Told = serde_json::from_str(
            r#"{"status":"die","id":"1f","Type":"container","Action":"die","scope":"local","time":1,
                "Actor":{"ID":"1f","Attributes":{"exitCode":"137","image":"a","name":"a-1","com.docker.compose.service":"a"}}}"#,
        )
        .expect("an event");
        let change = StateChange::from(told);
        assert_eq!(
            (change.id.as_str(), change.action.as_str(), change.exit_code),
            ("1f", "die", Some(137))
        );
        assert_eq!(change.labels.into_keys().collect::<Vec<_>>(), ["com.docker.compose.service"]);
    }
}
