//! `inertia NAME webhook`: what a git host is told, and a delivery of our own to see that it works.

use super::Target;
use super::origin::OriginArgs;
use crate::commands::block_on;
use crate::failure::{Attempt as _, Failure};
use crate::render::moment::to_the_second;
use crate::render::{note, say};
use crate::repository::Repository;
use crate::settings::{Output, Settings};
use clap::{Args, Subcommand};
use deployd::hosting::Hosted;
use deployd::wire::{ProjectInfo, WebhookAnswer};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(crate) struct WebhookArgs {
    #[command(subcommand)]
    command: WebhookCommand,
}

#[derive(Debug, Subcommand)]
enum WebhookCommand {
    /// Show the URL and the secret for the git host
    Show,
    /// Report the commit that is checked out as a git host would: signed, as a push to the project's branch
    Test(OriginArgs),
    /// Make another secret, and show it: the former one holds no more
    Rotate(OriginArgs),
}

/// Runs a `webhook` command.
pub(crate) fn run(arguments: &WebhookArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let target = match &arguments.command {
        WebhookCommand::Show => Target::find(settings)?,
        WebhookCommand::Test(origin) | WebhookCommand::Rotate(origin) => Target::own(settings, origin.leave())?,
    };
    block_on(async {
        if matches!(arguments.command, WebhookCommand::Rotate(_)) {
            return rotate(&target, settings).await;
        }
        let project: ProjectInfo = target.client.get(&target.path("")).await?;
        let secret = project.webhook_secret.clone().ok_or_else(|| {
            Failure::new("only administrators see the webhook's secret")
                .hint("ask one of them, or for the role: `inertia NAME user add YOU --role admin`")
        })?;
        match &arguments.command {
            WebhookCommand::Show | WebhookCommand::Rotate(_) => show(&target, &project, &secret, settings),
            WebhookCommand::Test(_) => test(&target, &project, &secret, settings).await,
        }
    })
}

fn show(target: &Target, project: &ProjectInfo, secret: &str, settings: &Settings) -> Result<ExitCode, Failure> {
    let url = target.webhook_url();
    match settings.output {
        Output::Json => say(&serde_json::json!({
            "webhook_url": url, "webhook_secret": secret, "webhook_seen": project.webhook_seen.is_some(),
        })
        .to_string()),
        Output::Text => say(&format!(
            "Webhook URL:    {url}\nWebhook secret: {secret}\nFirst delivery: {}",
            match project.webhook_seen {
                Some(at) => to_the_second(at),
                None => "none yet; the daemon looks for new commits every minute by itself".to_owned(),
            }
        )),
    }
}

async fn rotate(target: &Target, settings: &Settings) -> Result<ExitCode, Failure> {
    let project: ProjectInfo = target.client.post(&target.path("/webhook/rotate"), &serde_json::json!({})).await?;
    let page = Hosted::parse(&project.url).and_then(|hosted| hosted.webhook_page());
    note(&format!(
        "The former secret holds no more: put the new one into the webhook{}, or run `inertia {} init` with the token flag of the \
         git host. Until a delivery came, the daemon looks for new commits every minute by itself.",
        page.map(|page| format!(" at {page}")).unwrap_or_default(),
        target.remote
    ));
    let secret = project.webhook_secret.clone().unwrap_or_default();
    show(target, &project, &secret, settings)
}

async fn test(target: &Target, project: &ProjectInfo, secret: &str, settings: &Settings) -> Result<ExitCode, Failure> {
    let folder = &target.project.folder;
    let commit = Repository::discover(folder)
        .and_then(|repository| repository.head())
        .ok_or_else(|| Failure::new(format!("there is no commit in {}", folder.display())).hint("commit and push first"))?;
    let push = serde_json::json!({
        "ref": format!("refs/heads/{}", project.branch),
        "after": commit,
        "repository": { "clone_url": project.url, "ssh_url": project.url },
        "head_commit": { "id": commit },
    });
    let body = serde_json::to_vec(&push).attempt("cannot write the delivery")?;
    let answer: WebhookAnswer = target.client.deliver(&project.name, secret, body).await?;
    match (settings.output, answer.id, &answer.skipped) {
        (Output::Json, _, _) => say(&serde_json::json!(answer).to_string()),
        (Output::Text, Some(id), _) => say(&format!(
            "The webhook was accepted: deployment {id} of {} is queued.",
            commit.get(..12).unwrap_or(&commit)
        )),
        (Output::Text, None, reason) => say(&format!(
            "The webhook was accepted and skipped: {}",
            reason.as_deref().unwrap_or("no reason was given")
        )),
    }
}
