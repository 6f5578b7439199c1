//! `inertia compose events`: what happens to a project's containers.

use super::scope::Scope;
use super::{ComposeOptions, engine};
use crate::commands::block_on;
use crate::commands::moment::moment;
use crate::commands::stop_signals::StopSignals;
use crate::failure::Failure;
use crate::render::say;
use crate::settings::Settings;
use clap::Args;
use compose_core::engine::{Console as _, Happening};
use compose_core::labels::{self, Ownership, Role};
use futures::StreamExt as _;
use serde_json::json;
use std::collections::BTreeMap;
use std::process::ExitCode;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

#[derive(Debug, Args)]
pub(super) struct EventsArgs {
    /// One JSON object an event
    #[arg(long)]
    json: bool,
    /// What happened since then, too: a time, or how long ago (42m)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only up to then: a time, or how long ago (42m)
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only these services
    services: Vec<String>,
}

pub(super) fn run(arguments: &EventsArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let scope = Scope::find(options, settings)?;
    let console = engine::connect(settings)?;
    let (since, until) = (arguments.since.as_deref().map(moment), arguments.until.as_deref().map(moment));
    block_on(async {
        let selector = labels::of_project(scope.name());
        let mut happenings = console.happenings(&selector, since.as_deref(), until.as_deref()).await?;
        let mut signals = StopSignals::new()?;
        loop {
            tokio::select! {
                happening = happenings.next() => match happening {
                    Some(happening) => {
                        if let Some(line) = line(&happening?, arguments) {
                            say(&line)?;
                        }
                    }
                    None => return Ok(ExitCode::SUCCESS),
                },
                () = signals.next() => return Ok(ExitCode::from(130)),
            }
        }
    })
}

/// The line of an event; `None` where it is not of a wanted service's replica.
fn line(happening: &Happening, arguments: &EventsArgs) -> Option<String> {
    let owner = Ownership::read(&happening.attributes)?;
    let service = owner.service.as_str();
    let wanted = arguments.services.is_empty() || arguments.services.iter().any(|name| name == service);
    if !wanted || matches!(owner.role, Role::OneOff { .. }) {
        return None;
    }
    let attributes: BTreeMap<&str, &str> = happening
        .attributes
        .iter()
        .filter(|(key, _)| !labels::is_own(key))
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    let at = OffsetDateTime::from_unix_timestamp_nanos(happening.at).ok()?;
    let (action, id) = (&happening.action, happening.id.as_str());
    if arguments.json {
        let time = at.format(&Rfc3339).ok()?;
        let event = json!({ "action": action, "attributes": attributes, "id": id, "service": service, "time": time, "type": "container" });
        return Some(event.to_string());
    }
    let format = time::macros::format_description!("[year]-[month]-[day] [hour]:[minute]:[second].[subsecond digits:6]");
    let time = at.format(&format).ok()?;
    let attributes: Vec<String> = attributes.iter().map(|(key, value)| format!("{key}={value}")).collect();
    Some(format!("{time} container {action} {id} ({})", attributes.join(", ")))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use compose_core::names::ReplicaNumber;

    fn happening(role: Role) -> Happening {
        let owner = Ownership {
            role,
            ..Ownership::replica("shop".into(), "web".into(), ReplicaNumber::FIRST)
        };
        let mut attributes = owner.to_labels();
        attributes.insert("name".to_owned(), "shop-web-1".to_owned());
        attributes.insert("exitCode".to_owned(), "1".to_owned());
        Happening {
            at: 1_700_000_000_123_456_789,
            id: "1f".into(),
            action: "die".to_owned(),
            attributes,
        }
    }

    fn arguments(json: bool, services: &[&str]) -> EventsArgs {
        EventsArgs {
            json,
            since: None,
            until: None,
            services: services.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    #[test]
    fn an_event_is_a_line_without_the_labels_of_compose() {
        let replica = happening(Role::Replica(ReplicaNumber::new(1)));
        assert_eq!(
            line(&replica, &arguments(false, &["web"])).unwrap(),
            "2023-11-14 22:13:20.123456 container die 1f (exitCode=1, name=shop-web-1)"
        );
        assert_eq!(
            line(&replica, &arguments(true, &[])).unwrap(),
            r#"{"action":"die","attributes":{"exitCode":"1","name":"shop-web-1"},"id":"1f","service":"web","time":"2023-11-14T22:13:20.123456789Z","type":"container"}"#
        );
        assert_eq!(line(&replica, &arguments(true, &["db"])), None);
        let one_off = happening(Role::OneOff { slug: "1".to_owned() });
        assert_eq!(line(&one_off, &arguments(true, &[])), None);
    }
}
