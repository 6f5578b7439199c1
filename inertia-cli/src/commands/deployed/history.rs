//! `inertia NAME history`, `show` and `cancel`.

use super::origin::OriginArgs;
use super::{Target, watch};
use crate::commands::block_on;
use crate::failure::Failure;
use crate::render::{say, table};
use crate::settings::{Output, Settings};
use clap::Args;
use deployd::wire::{Deployment, Trigger};
use std::process::ExitCode;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The deployment's number
    deployment: u64,
}

#[derive(Debug, Args)]
pub(crate) struct CancelArgs {
    /// The deployment's number
    deployment: u64,
    #[command(flatten)]
    origin: OriginArgs,
}

/// Lists the deployments, newest first.
pub(crate) fn run(settings: &Settings) -> Result<ExitCode, Failure> {
    let target = Target::find(settings)?;
    let history: Vec<Deployment> = block_on(target.client.get(&target.path("/history")))?;
    if settings.output == Output::Json {
        return say(&serde_json::json!(history).to_string());
    }
    let rows = history.iter().map(|one| {
        vec![
            one.id.to_string(),
            format!("{}{}", one.state, if one.current { " *" } else { "" }),
            short(one).to_owned(),
            when(Some(one.created_at)),
            took(one),
            one.reason.clone().or_else(|| one.message.clone()).unwrap_or_default(),
        ]
    });
    say(&table::render(&["ID", "STATE", "COMMIT", "CREATED", "TOOK", "ABOUT"], rows))
}

/// Shows one deployment.
pub(crate) fn show(arguments: &ShowArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let target = Target::find(settings)?;
    let one: Deployment = block_on(target.client.get(&target.path(&format!("/deployments/{}", arguments.deployment))))?;
    if settings.output == Output::Json {
        return say(&serde_json::json!(one).to_string());
    }
    let trigger = match &one.trigger {
        Trigger::Manual { by } => format!("asked for by {by}"),
        Trigger::Webhook { provider } => format!("a push ({provider})"),
        Trigger::Poll => "a push, found by polling".to_owned(),
        Trigger::Rollback { by, to } => format!("rollback to {to} by {by}"),
    };
    let lines = [
        format!("deployment: {} of {}", one.id, one.project),
        format!("state:      {}{}", one.state, if one.current { " (this is what runs)" } else { "" }),
        format!("ref:        {}", one.reference),
        format!(
            "commit:     {} {}",
            one.commit.as_deref().unwrap_or("-"),
            one.message.as_deref().unwrap_or_default()
        ),
        format!("because of: {trigger}"),
        format!("created:    {}", when(Some(one.created_at))),
        format!("started:    {}", when(one.started_at)),
        format!("finished:   {} {}", when(one.finished_at), took(&one)),
        one.reason
            .as_ref()
            .map(|reason| format!("reason:     {reason}"))
            .unwrap_or_default(),
    ];
    say(lines.join("\n").trim_end())
}

/// Calls a deployment off and watches it end; exits by whether it was called off.
pub(crate) fn cancel(arguments: &CancelArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let target = Target::own(settings, arguments.origin.leave())?;
    let id = arguments.deployment;
    block_on(async {
        let _: serde_json::Value = target
            .client
            .post(&target.path(&format!("/deployments/{id}/cancel")), &serde_json::json!({}))
            .await?;
        watch::follow(&target, id, |_| {}).await?;
        let ended: Deployment = target.client.get(&target.path(&format!("/deployments/{id}"))).await?;
        watch::report_cancelled(&ended, &target, settings)
    })
}

fn short(one: &Deployment) -> &str {
    let commit = one.commit.as_deref().unwrap_or("-");
    commit.get(..12).unwrap_or(commit)
}

fn when(at: Option<OffsetDateTime>) -> String {
    at.and_then(|at| at.replace_nanosecond(0).ok())
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_else(|| "-".to_owned())
}

fn took(one: &Deployment) -> String {
    match (one.started_at, one.finished_at) {
        (Some(start), Some(end)) => format!("{:.1}s", (end - start).as_seconds_f64()),
        _ => String::new(),
    }
}
