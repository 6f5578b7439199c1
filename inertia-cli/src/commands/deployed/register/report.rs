//! What came of a registration, and what is left for the person to do.

use super::Session;
use crate::failure::Failure;
use crate::git_hosts::verification_switch;
use crate::render::say;
use crate::settings::Output;
use deployd::hosting::{Host, Hosted};
use deployd::wire::{ProjectInfo, RepositoryProblem, RepositoryReport};
use std::fmt::Write as _;
use std::process::ExitCode;

/// What came of it.
pub(super) struct Outcome {
    pub(super) made: ProjectInfo,
    pub(super) seen: Option<RepositoryReport>,
    pub(super) webhook_url: String,
    pub(super) webhook_registered: bool,
}

impl Outcome {
    pub(super) fn new(made: ProjectInfo, webhook_url: String) -> Self {
        Self {
            made,
            seen: None,
            webhook_url,
            webhook_registered: false,
        }
    }

    /// Why the repository cannot be read.
    pub(super) fn problem(&self) -> Option<&RepositoryProblem> {
        self.seen.as_ref().and_then(|seen| seen.problem.as_ref())
    }

    /// Whether the daemon is let in: it can read, or could if there were something on the branch.
    pub(super) fn is_open(&self) -> bool {
        let waits = |problem: &RepositoryProblem| matches!(problem.code.as_str(), "repository-empty" | "branch-not-found");
        self.problem().is_none_or(waits)
    }

    /// Says what there is, and fails where the repository cannot be read. An empty one only has to be pushed to.
    pub(super) fn report(&self, session: &Session<'_>) -> Result<ExitCode, Failure> {
        let code = match session.settings.output {
            Output::Json => say(&self.document().to_string())?,
            Output::Text => say(&self.text(&session.target.remote))?,
        };
        match self.problem() {
            None => Ok(code),
            Some(problem) if self.is_open() => {
                crate::render::note(&format!("warning: {}", problem.detail));
                Ok(code)
            }
            Some(problem) => {
                let failure = Failure::new(format!("the project is registered, but the daemon {}", problem.detail));
                let failure = problem.help.iter().fold(failure, Failure::hint);
                Err(failure.hint(format!("then run `inertia {} init` again", session.target.remote)))
            }
        }
    }

    fn document(&self) -> serde_json::Value {
        let made = &self.made;
        serde_json::json!({
            "project": made.name,
            "url": made.url,
            "branch": made.branch,
            "path": made.path,
            "webhook_url": self.webhook_url,
            "webhook_secret": made.webhook_secret,
            "webhook_registered": self.webhook_registered,
            "webhook_seen": made.webhook_seen.is_some(),
            "deploy_key": made.deploy_key,
            "repository": self.seen,
        })
    }

    fn text(&self, remote: &str) -> String {
        let made = &self.made;
        let mut text = format!(
            "The project '{}' is known to '{remote}': pushes to '{}' of {} are deployed.\n",
            made.name, made.branch, made.url
        );
        if let Some(key) = self.seen.as_ref().and_then(|seen| seen.host_key.as_deref()) {
            let _ = writeln!(text, "The git host showed the key {key}.");
        }
        if !self.webhook_registered {
            text.push_str(&self.instructions());
        }
        if made.webhook_seen.is_none() {
            text.push_str("\nUntil the first push was reported by it, the daemon looks for new commits every minute by itself.\n");
        }
        let _ = write!(text, "\nNext: inertia {remote} up");
        text
    }

    fn instructions(&self) -> String {
        let made = &self.made;
        let hosted = Hosted::parse(&made.url);
        let secret = made.webhook_secret.as_deref().unwrap_or("(only administrators see it)");
        let page = hosted.as_ref().and_then(Hosted::webhook_page);
        let page = page.map(|page| format!("Webhook page:   {page}\n")).unwrap_or_default();
        let host = hosted.as_ref().map_or(Host::Other, |hosted| hosted.host);
        format!(
            "\n\
             {page}Webhook URL:    {}\n\
             Webhook secret: {secret}\n\
             Content type:   application/json, event: push\n\
             Certificate:    the daemon's is its own: {}\n\
             \n\
             Deploy key, for repositories over SSH:\n\
             {}\n",
            self.webhook_url,
            verification_switch(host),
            made.deploy_key,
        )
    }
}
