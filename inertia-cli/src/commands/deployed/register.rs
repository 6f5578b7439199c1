//! `inertia NAME init`: makes the project known to the daemon, and sees to it that the daemon can read it.
//!
//! Run again, it finds what is there and goes on where it was.

mod options;
mod readable;
mod report;

pub(crate) use options::RegisterArgs;

use super::Target;
use crate::args::Command;
use crate::ask::Ask;
use crate::commands::block_on;
use crate::failure::Failure;
use crate::git_hosts::{GitHost, Wanted};
use crate::render::note;
use crate::repository::{Repository, same_repository, without_user};
use crate::settings::Settings;
use deployd::wire::{ProjectInfo, ProjectRegistration, RepositoryReport};
use report::Outcome;
use std::process::ExitCode;

/// The step that tells the daemon of the project, in messages.
const REGISTERING: &str = "Make the project known to the daemon";

/// Registers the project of this folder, with the flags of `init`.
pub(crate) fn run(settings: &Settings) -> Result<ExitCode, Failure> {
    let target = Target::find(settings)?;
    let none = RegisterArgs::default();
    let options = match &settings.command {
        Command::Init(arguments) => &arguments.register,
        _ => &none,
    };
    let tokens = options.tokens(settings)?;
    let folder = &target.project.folder;
    let repository = Repository::discover(folder).ok_or_else(|| {
        Failure::new(format!("{} is in no git repository", folder.display()))
            .hint("a deployment is a commit: `git init`, commit, and push to a remote that the daemon can read")
    })?;
    let registration = registration(&target, &repository, options)?;
    if repository.head().is_none() {
        note("warning: there is no commit yet; commit and push before `up`");
    }
    let session = Session {
        webhook_url: target.webhook_url(),
        target,
        settings,
    };
    block_on(session.register(registration, options, tokens, &repository))
}

fn registration(target: &Target, repository: &Repository, options: &RegisterArgs) -> Result<ProjectRegistration, Failure> {
    let folder = &target.project.folder;
    let branch = target.project.settings.branch.clone().or_else(|| repository.branch());
    Ok(ProjectRegistration {
        url: without_user(repository.origin()?),
        branch: branch.unwrap_or_else(|| "main".to_owned()),
        path: repository.sub_path(folder).unwrap_or_default(),
        host_key: options.accept_host_key.clone(),
    })
}

/// A registration under way.
struct Session<'a> {
    target: Target,
    settings: &'a Settings,
    /// Where the daemon is reached from outside.
    webhook_url: String,
}

impl Session<'_> {
    async fn register(
        &self,
        mut registration: ProjectRegistration,
        options: &RegisterArgs,
        tokens: options::Tokens,
        repository: &Repository,
    ) -> Result<ExitCode, Failure> {
        // Of the origin, since it alone says at which port the host's API is; and before anything is changed.
        let host = tokens.host(&registration.url, self.settings)?;
        let known = self.target.client.get::<Vec<ProjectInfo>>("/v1/projects").await;
        let known = known.map_err(|failure| failure.in_step(REGISTERING))?;
        let known = known.iter().find(|known| known.name == self.target.project.settings.name);
        if let Some(known) = known.filter(|known| !options.replace && !same_repository(&known.url, &registration.url, repository.root())) {
            self.take_over(known, &registration.url)?;
        }
        registration.url = readable::as_known(registration.url, known);
        let mut made = self.put(&registration).await?;
        let mut seen = self.look().await?;
        if let Some(ssh) = readable::over_ssh(&seen, &registration.url) {
            note(&format!(
                "The daemon cannot read {} without a password, so it reads {ssh} with the project's deploy key.",
                registration.url
            ));
            registration.url = ssh;
            made = self.put(&registration).await?;
            seen = self.look().await?;
        }
        let mut outcome = Outcome::new(made, self.webhook_url.clone());
        if let Some(host) = &host {
            let key = host.add_key(&self.wanted(&outcome)?).await?;
            note(&format!("{}: deploy key {}, it may only read.", host.name(), key.word()));
            if seen.problem.is_some() {
                seen = self.look().await?;
            }
        }
        let seen = self.until_readable(seen, &mut registration, &outcome.made).await?;
        outcome.seen = Some(seen);
        if outcome.problem().is_none() {
            warn_unpushed(repository, &outcome);
        }
        if let Some(host) = host.as_ref().filter(|_| outcome.is_open()) {
            self.add_webhook(host, &mut outcome).await?;
        }
        outcome.report(self)
    }

    /// Another repository under a name that is in use: what runs would be replaced by something else.
    fn take_over(&self, known: &ProjectInfo, url: &str) -> Result<(), Failure> {
        let name = &known.name;
        let question = format!("'{name}' deploys {} on this server. Let it deploy {url} instead?", known.url);
        match Ask::of(self.settings).confirm(&question)? {
            Some(true) => Ok(()),
            Some(false) | None => Err(
                Failure::new(format!("'{name}' deploys another repository on this server: {}", known.url))
                    .hint("another project needs another `name` in inertia.toml")
                    .hint(format!(
                        "if the repository has moved: `inertia {} init --replace`",
                        self.target.remote
                    )),
            ),
        }
    }

    async fn add_webhook(&self, host: &GitHost, outcome: &mut Outcome) -> Result<(), Failure> {
        let hook = host.add_webhook(&self.wanted(outcome)?).await?;
        note(&format!(
            "{}: webhook {}, with its verification of certificates switched off: the daemon's certificate is its own, and \
             deliveries are signed with the webhook's secret.",
            host.name(),
            hook.word()
        ));
        if let Some(why) = self.target.address.out_of_reach() {
            note(&format!(
                "warning: {why}, so that {} will not reach the daemon; it goes on looking for commits by itself",
                host.name()
            ));
        }
        outcome.webhook_registered = true;
        Ok(())
    }

    fn wanted<'a>(&'a self, outcome: &'a Outcome) -> Result<Wanted<'a>, Failure> {
        let secret = outcome.made.webhook_secret.as_deref();
        Ok(Wanted {
            project: &outcome.made.name,
            deploy_key: &outcome.made.deploy_key,
            webhook_url: &self.webhook_url,
            webhook_secret: secret.ok_or_else(|| {
                Failure::new("only administrators register webhooks")
                    .hint("an administrator runs the same command, or leave the flag out: what `inertia NAME webhook show` tells an administrator can be added by hand")
                    .at(&self.target.remote)
            })?,
        })
    }

    async fn put(&self, registration: &ProjectRegistration) -> Result<ProjectInfo, Failure> {
        let made = self.target.client.put(&self.target.path(""), registration).await;
        made.map_err(|failure| failure.in_step(REGISTERING))
    }

    async fn look(&self) -> Result<RepositoryReport, Failure> {
        let seen = self.target.client.get(&self.target.path("/repository")).await;
        seen.map_err(|failure| failure.in_step("Let the daemon look at the repository"))
    }
}

/// Warns where the commit that is checked out is not the one that is deployed.
fn warn_unpushed(repository: &Repository, outcome: &Outcome) {
    let remote_head = outcome.seen.as_ref().and_then(|seen| seen.head.as_deref());
    let (Some(head), Some(remote_head)) = (repository.head(), remote_head) else {
        return;
    };
    if !repository.holds(remote_head, &head) {
        let short = |id: &str| id.get(..12).unwrap_or(id).to_owned();
        note(&format!(
            "warning: HEAD ({}) was not pushed: branch '{}' of {} is at {}, and that is what `up` deploys",
            short(&head),
            outcome.made.branch,
            outcome.made.url,
            short(remote_head)
        ));
    }
}
