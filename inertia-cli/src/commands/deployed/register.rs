//! `inertia NAME init`: makes the project known to the daemon. Run again, it gives the same answer.

use super::Target;
use crate::commands::block_on;
use crate::failure::Failure;
use crate::render::{note, say};
use crate::repository::Repository;
use crate::settings::{Output, Settings};
use deployd::wire::{ProjectInfo, ProjectRegistration};
use std::process::ExitCode;

/// Registers the project of this folder.
pub(crate) fn run(settings: &Settings) -> Result<ExitCode, Failure> {
    let target = Target::find(settings)?;
    let folder = &target.project.folder;
    let repository = Repository::discover(folder).ok_or_else(|| {
        Failure::new(format!("{} is in no git repository", folder.display()))
            .hint("a deployment is a commit: `git init`, commit, and push to a remote that the daemon can read")
    })?;
    let branch = target
        .project
        .settings
        .branch
        .clone()
        .or_else(|| repository.branch())
        .unwrap_or_else(|| "main".to_owned());
    let registration = ProjectRegistration {
        url: repository.origin()?,
        branch,
        path: repository.sub_path(folder).unwrap_or_default(),
        host_key: None,
    };
    if repository.head().is_none() {
        note("warning: there is no commit yet; commit and push before `up`");
    }
    let made: ProjectInfo = block_on(target.client.put(&target.path(""), &registration))?;
    report(&made, &target, settings)
}

fn report(made: &ProjectInfo, target: &Target, settings: &Settings) -> Result<ExitCode, Failure> {
    let secret = made.webhook_secret.as_deref().unwrap_or("(only administrators see it)");
    if settings.output == Output::Json {
        let document = serde_json::json!({
            "project": made.name,
            "url": made.url,
            "branch": made.branch,
            "path": made.path,
            "webhook_url": made.webhook_url,
            "webhook_secret": made.webhook_secret,
            "deploy_key": made.deploy_key,
        });
        return say(&document.to_string());
    }
    say(&format!(
        "The project '{name}' is known to '{remote}': pushes to '{branch}' of {url} are deployed.\n\
         \n\
         Webhook URL:    {webhook}\n\
         Webhook secret: {secret}\n\
         Content type:   application/json, event: push\n\
         The daemon's certificate is its own: switch off \"SSL verification\" of the webhook.\n\
         \n\
         Deploy key, for repositories over SSH:\n\
         {key}\n\
         \n\
         Next: inertia {remote} up",
        name = made.name,
        remote = target.remote,
        branch = made.branch,
        url = made.url,
        webhook = made.webhook_url,
        key = made.deploy_key,
    ))
}
