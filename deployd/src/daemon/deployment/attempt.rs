//! One deployment from its turn in the queue to its end.
//!
//! Every state is written before it is acted on, so that a daemon killed at any moment takes the
//! deployment up again from its commit.

use super::again::{LeftBehind, Tries};
use super::changes::Changes;
use super::converge::{self, ConvergeError, Intent, Started};
use super::dirs::ProjectDirs;
use super::health::Past;
use super::health::limits::Limits;
use super::patience::Patience;
use super::preflight;
use super::recorder::Recorder;
use super::release_images::{self, KeepError, Names};
use super::source::{self, Prepared, Request, SourceError};
use super::state::Step;
use super::{operations, origin};
use crate::daemon::Daemon;
use crate::daemon::deployment::files;
use crate::daemon::environment::{Environment, EnvironmentError};
use crate::daemon::git::Commit;
use crate::daemon::limits::MOST_DEATHS;
use crate::daemon::own_paths::HomeError;
use crate::daemon::store::{DeploymentRow, Ending, ImageMark, ProjectRow, Release, StoreError};
use crate::daemon::vault::VaultError;
use crate::wire::{Deployment, Trigger};
use compose_core::commands::Context;
use compose_core::engine::Trouble;
use compose_core::names::{ImageId, ProjectName, ServiceName};
use compose_core::plan::image_name;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use time::OffsetDateTime;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How someone calls off a deployment that is under way.
#[derive(Clone, Default)]
pub(crate) struct CallOff {
    token: CancellationToken,
    why: Arc<OnceLock<Why>>,
    news: Arc<Notify>,
}

/// Why a deployment is called off.
enum Why {
    /// This person says so.
    Person(String),
    /// This newer deployment takes its place.
    Newer(u64),
}

impl CallOff {
    /// Calls it off.
    pub(crate) fn call(&self, by: String) {
        let _ = self.why.set(Why::Person(by));
        self.token.cancel();
    }

    /// Lets a newer deployment take its place.
    pub(crate) fn give_way(&self, newer: u64) {
        let _ = self.why.set(Why::Newer(newer));
        self.token.cancel();
    }

    /// Tells it that something may have changed: what it waits for, or what waits for it.
    pub(crate) fn nudge(&self) {
        self.news.notify_one();
    }

    fn reason(&self) -> String {
        match self.why.get() {
            Some(Why::Person(by)) => format!("called off by {by}"),
            Some(Why::Newer(newer)) => took_its_place(*newer),
            None => "called off by someone".to_owned(),
        }
    }

    /// How it ends where nothing was changed.
    fn ending(&self) -> Ending {
        match self.why.get() {
            Some(Why::Newer(_)) => Ending::Superseded,
            Some(Why::Person(_)) | None => Ending::Cancelled,
        }
    }
}

fn took_its_place(newer: u64) -> String {
    format!("deployment {newer} took its place")
}

/// Why an attempt does not go on.
enum Stop {
    /// It cannot.
    Failed(String),
    /// It cannot, because of the engine: later it might.
    Trouble(String, Trouble),
    /// Someone called it off.
    CalledOff,
    /// There is nothing to do, for this reason.
    Needless(String),
    /// This newer deployment takes its place.
    Superseded(u64),
    /// The daemon itself cannot go on: nothing is decided.
    Broken(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Broken(error)
    }
}

impl From<VaultError> for Stop {
    fn from(error: VaultError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<EnvironmentError> for Stop {
    fn from(error: EnvironmentError) -> Self {
        match error {
            EnvironmentError::Store(error) => Self::Broken(error),
            EnvironmentError::Vault(error) => error.into(),
        }
    }
}

impl From<HomeError> for Stop {
    fn from(error: HomeError) -> Self {
        ConvergeError::from(error).into()
    }
}

impl From<ConvergeError> for Stop {
    fn from(error: ConvergeError) -> Self {
        match error.trouble() {
            Some(trouble) => Self::Trouble(error.to_string(), trouble),
            None => Self::Failed(error.to_string()),
        }
    }
}

/// Why work on the engine ended: what is called off need not have failed.
fn stopped(context: &Context, error: ConvergeError) -> Stop {
    if context.cancel.is_cancelled() {
        Stop::CalledOff
    } else {
        error.into()
    }
}

/// A deployment that has its turn.
struct Attempt<'a> {
    daemon: &'a Daemon,
    project: ProjectRow,
    deployment: Deployment,
    dirs: ProjectDirs,
    recorder: Arc<Recorder>,
    changes: Arc<Changes>,
    call_off: CallOff,
}

/// What came of a deployment that went well.
struct Deployed {
    release: Release,
    left: Option<LeftBehind>,
}

/// What had to be changed so that the release before runs again.
enum Restored {
    /// Nothing: it ran all the time.
    Nothing,
    /// Containers, of which this is left over.
    Containers(Option<Box<LeftBehind>>),
}

/// What is to run: a commit, with the variables and, for an earlier release, the images it had.
struct Wanted {
    commit: String,
    environment: Environment,
    images: Option<BTreeMap<ServiceName, ImageId>>,
}

/// Runs a deployment to its end. An error means that nothing was decided: it has to be run again.
pub(crate) async fn run(daemon: &Daemon, row: DeploymentRow, call_off: CallOff) -> Result<(), StoreError> {
    let DeploymentRow {
        deployment,
        failure,
        touched,
    } = row;
    let Some(project) = daemon.store().project(&deployment.project).await? else {
        return Ok(());
    };
    let redactor = match Environment::current(daemon, &project.name).await {
        Ok(environment) => environment.redactor(),
        Err(EnvironmentError::Store(error)) => return Err(error),
        // What cannot be read cannot be hidden either: nothing is done that could show it.
        Err(EnvironmentError::Vault(error)) => {
            let store = daemon.store();
            store.advance(&project.name, deployment.id, Step::Begin).await?;
            store.end(&project.name, deployment.id, Ending::Failed, error.to_string()).await?;
            daemon.feed().wake();
            return Ok(());
        }
    };
    if let Some(since) = project.down_since.filter(|_| deployment.trigger.is_push()) {
        let reason = operations::is_down(&project.name, since);
        daemon.store().end(&project.name, deployment.id, Ending::Cancelled, reason).await?;
        daemon.feed().wake();
        return Ok(());
    }
    let recorder = Arc::new(Recorder::start(daemon, &project.name, deployment.id, redactor));
    let attempt = Attempt {
        dirs: ProjectDirs::new(daemon.dir().project(&project.name)),
        changes: Arc::new(Changes::new(&recorder, touched)),
        recorder,
        daemon,
        project,
        deployment,
        call_off,
    };
    let result = attempt.run(failure, touched).await;
    attempt.recorder.flush().await;
    daemon.feed().wake();
    result?;
    release_images::let_go(daemon, &attempt.project.name, Names::Unneeded).await
}

impl Attempt<'_> {
    /// `touched` says whether its containers began to change before it was interrupted.
    async fn run(&self, failure: Option<String>, mut touched: bool) -> Result<(), StoreError> {
        if self.deployment.started_at.is_some() {
            self.recorder.note("the daemon was interrupted; taken up again");
        }
        self.recorder.flush().await;
        let deaths = self.daemon.store().begin(&self.project.name, self.deployment.id).await?;
        self.daemon.feed().wake();
        if deaths >= MOST_DEATHS {
            return self.give_up(deaths, failure, touched).await;
        }
        if let Some(failure) = failure {
            return self.put_back(failure, Ending::RolledBack).await;
        }
        match self.go(&mut touched).await {
            Ok(deployed) => self.succeed(deployed).await,
            Err(Stop::Broken(error)) => Err(error),
            Err(Stop::Failed(reason) | Stop::Trouble(reason, _)) if touched => self.put_back(reason, Ending::RolledBack).await,
            Err(Stop::Failed(reason) | Stop::Trouble(reason, _)) => self.end(Ending::Failed, reason).await,
            Err(Stop::CalledOff) if touched => self.put_back(self.call_off.reason(), Ending::Cancelled).await,
            Err(Stop::CalledOff) => self.end(self.call_off.ending(), self.call_off.reason()).await,
            Err(Stop::Needless(reason)) => self.end(Ending::Cancelled, reason).await,
            Err(Stop::Superseded(newer)) => self.end(Ending::Superseded, took_its_place(newer)).await,
        }
    }

    /// Ends a deployment under which the daemon ended in disorder again and again. Where its containers had begun to change
    /// the release before is put back, unless that ends the daemon too.
    async fn give_up(&self, deaths: u32, failure: Option<String>, touched: bool) -> Result<(), StoreError> {
        let ended = format!(
            "the daemon ended {deaths} times without being told to while this deployment was under way, which is not tried again; \
             see the daemon's log, and deploy a commit that changes what may be the cause"
        );
        match failure {
            None if touched => self.put_back(ended, Ending::RolledBack).await,
            Some(failure) if deaths == MOST_DEATHS => self.put_back(failure, Ending::RolledBack).await,
            Some(failure) => self.end(Ending::Failed, format!("{failure}; and {ended}")).await,
            None => self.end(Ending::Failed, ended).await,
        }
    }

    /// The way to health. `touched` is set before anything that runs is.
    async fn go(&self, touched: &mut bool) -> Result<Deployed, Stop> {
        let wanted = self.unless_called_off(self.wanted()).await?;
        self.recorder.note(format!("commit {}", wanted.commit));
        if !*touched {
            self.unless_called_off(self.check_need(&wanted)).await?;
        }
        let prepared = self.prepare(&wanted, &self.call_off.token).await?;
        self.unless_called_off(self.check_owner(&prepared)).await?;
        let mut findings = missing(&prepared);
        findings.extend(self.unless_called_off(self.preflight(&prepared, wanted.images.as_ref())).await?);
        self.refuse(&findings)?;
        let (images, past) = if let Some(images) = wanted.images.clone() {
            (images, Past::Proven)
        } else {
            self.advance(Step::Build).await?;
            (self.bring_images(&prepared).await?, Past::New)
        };
        self.keep_images(&prepared, &images).await?;
        self.advance(Step::Start).await?;
        let (context, intent) = self.intend(&prepared, &images, &self.call_off.token).await?;
        *touched = true;
        let started = self.start(&prepared, &context, intent, past).await?;
        let release = Release {
            deployment: self.deployment.id,
            compose_name: prepared.placed.project.name.to_string(),
            contents: prepared.placed.contents.clone(),
            uses: Some(prepared.uses.clone()),
            environment: wanted
                .environment
                .seal_for_release(self.daemon, &self.project.name, self.deployment.id),
            commit: wanted.commit,
            images: started.images.clone(),
        };
        let left = LeftBehind::of(prepared, &started);
        Ok(Deployed { release, left })
    }

    /// What this deployment is about.
    async fn wanted(&self) -> Result<Wanted, Stop> {
        if let Trigger::Rollback { to, .. } = &self.deployment.trigger {
            let wanted = self.wanted_of(*to).await?;
            if self.deployment.commit.is_none() {
                let title = format!("release of deployment {to}");
                let store = self.daemon.store();
                store
                    .note_commit(&self.project.name, self.deployment.id, &wanted.commit, &title)
                    .await?;
            }
            return Ok(wanted);
        }
        let reference = self.deployment.commit.as_ref().unwrap_or(&self.deployment.reference);
        self.recorder
            .note(format!("fetching {} from {}", self.deployment.reference, self.project.url));
        let found = self.fetch(reference).await?;
        let commit = origin::in_order(self.daemon, &self.project, &self.deployment, found.clone())
            .await
            .map_err(|error| self.failed(error))?;
        if commit != found {
            self.recorder.note(format!(
                "{} is older than what was known before: the head of {} is deployed instead",
                found.id, self.deployment.reference
            ));
        }
        let store = self.daemon.store();
        store
            .note_commit(&self.project.name, self.deployment.id, &commit.id, &commit.title)
            .await?;
        let environment = Environment::current(self.daemon, &self.project.name).await?;
        // Somebody may have changed them while the repository was fetched.
        self.recorder.hide(environment.redactor());
        Ok(Wanted {
            commit: commit.id,
            environment,
            images: None,
        })
    }

    /// Brings a commit here. Nobody waits for what was pushed: what fails for a passing reason is tried again.
    async fn fetch(&self, reference: &str) -> Result<Commit, Stop> {
        let began = self.deployment.started_at.unwrap_or_else(OffsetDateTime::now_utc);
        let mut patience = Patience::since(began);
        let is_asked = matches!(self.deployment.trigger, Trigger::Manual { .. } | Trigger::Rollback { .. });
        loop {
            let error = match origin::fetch(self.daemon, &self.project, reference.to_owned()).await {
                Ok(found) => return Ok(found),
                Err(error) if is_asked || !error.is_passing() => return Err(self.failed(error)),
                Err(error) => error,
            };
            let Some(pause) = patience.pause(OffsetDateTime::now_utc()) else {
                return Err(self.failed(error));
            };
            self.recorder.warn(format!("{error}; trying again in {} s", pause.as_secs()));
            self.rest(pause).await?;
        }
    }

    /// Waits for so long or for news, and gives way to what was asked for meanwhile.
    async fn rest(&self, pause: Duration) -> Result<(), Stop> {
        self.recorder.flush().await;
        self.daemon.feed().wake();
        let _ = timeout(pause, self.call_off.news.notified()).await;
        match self.daemon.store().newer(&self.project.name, self.deployment.id).await? {
            Some(newer) => Err(Stop::Superseded(newer)),
            None => Ok(()),
        }
    }

    /// A push that touches nothing of what the project uses is not deployed.
    async fn check_need(&self, wanted: &Wanted) -> Result<(), Stop> {
        let needless = origin::needless(self.daemon, &self.project, &self.deployment, &wanted.commit).await;
        match needless.map_err(|error| self.failed(error))? {
            Some(reason) => Err(Stop::Needless(reason)),
            None => Ok(()),
        }
    }

    /// What an earlier release was.
    async fn wanted_of(&self, deployment: u64) -> Result<Wanted, Stop> {
        let release = self.daemon.store().release(&self.project.name, deployment).await?;
        let release = release.ok_or_else(|| Stop::Failed(format!("the release of deployment {deployment} is not kept any more")))?;
        let environment = Environment::of_release(self.daemon, &self.project.name, deployment, &release.environment)?;
        let current = Environment::current(self.daemon, &self.project.name).await?;
        self.recorder.hide(environment.redactor_with(&current));
        Ok(Wanted {
            commit: release.commit,
            environment,
            images: Some(release.images),
        })
    }

    /// Brings the files of a commit into place. Called off, it ends before this does: the next deployment finds nobody else
    /// in its folders.
    async fn prepare(&self, wanted: &Wanted, token: &CancellationToken) -> Result<Prepared, Stop> {
        let request = Request {
            project: self.project.clone(),
            dirs: self.dirs.clone(),
            own: self.daemon.own_folder().await?,
            fingerprints: self.daemon.vault().fingerprints(&self.project.name),
            checkout: self.dirs.checkout(&wanted.commit),
            commit: wanted.commit.clone(),
            environment: wanted.environment.clone(),
        };
        let room = tokio::select! {
            biased;
            () = token.cancelled() => return Err(Stop::CalledOff),
            room = self.daemon.turns().room_to_deploy() => room,
        };
        let prepared = source::prepare(request, token).await;
        drop(room);
        if token.is_cancelled() {
            return Err(Stop::CalledOff);
        }
        let prepared = prepared.map_err(|error| self.failed(error))?;
        for warning in &prepared.warnings {
            self.recorder.warn(warning);
        }
        Ok(prepared)
    }

    /// Ends it where something was found, telling all of it: the first is why it failed.
    fn refuse(&self, findings: &[String]) -> Result<(), Stop> {
        let Some((first, others)) = findings.split_first() else {
            return Ok(());
        };
        for other in others {
            self.recorder.warn(other);
        }
        Err(Stop::Failed(first.clone()))
    }

    /// Tells the findings of a load, but for the first, which is why it failed.
    fn failed(&self, error: SourceError) -> Stop {
        match error {
            SourceError::Store(error) => Stop::Broken(error),
            SourceError::Load(findings) => {
                for finding in findings.iter().skip(1) {
                    self.recorder.warn(finding);
                }
                Stop::Failed(SourceError::Load(findings).to_string())
            }
            other => Stop::Failed(other.to_string()),
        }
    }

    async fn check_owner(&self, prepared: &Prepared) -> Result<(), Stop> {
        let name = &prepared.placed.project.name;
        if let Some(former) = self
            .project
            .compose_name
            .as_ref()
            .map(ProjectName::new)
            .filter(|former| former != name)
        {
            self.check_former(&former, name).await?;
        }
        let ours = self.daemon.home().await?.paths.to_host(&self.dirs.checkouts());
        let folders = [ours, self.dirs.checkouts()];
        match converge::strangers(self.daemon.engine().as_ref(), name, &folders).await {
            Ok(None) => Ok(()),
            Ok(Some(strangers)) => Err(Stop::Failed(strangers)),
            Err(error) => Err(Stop::Failed(error.to_string())),
        }
    }

    /// Containers, networks and volumes carry the compose file's name: under another one they would be left behind.
    async fn check_former(&self, former: &ProjectName, name: &ProjectName) -> Result<(), Stop> {
        match converge::containers(self.daemon.engine().as_ref(), former).await {
            Ok(left) if left.is_empty() => Ok(()),
            Ok(left) => Err(Stop::Failed(format!(
                "the compose file calls the project {name} now, and containers of {former} are there ({}); nothing was touched; \
                 keep the name with `name: {former}`, or take them down first with `inertia NAME down` (volumes stay, under their old names)",
                left.len()
            ))),
            Err(error) => Err(Stop::Failed(error.to_string())),
        }
    }

    /// What keeps it from succeeding and is known before anything is built or touched.
    async fn preflight(&self, prepared: &Prepared, images: Option<&BTreeMap<ServiceName, ImageId>>) -> Result<Vec<String>, Stop> {
        let context = converge::context(self.daemon, Arc::clone(&self.recorder) as _, self.call_off.token.clone()).await?;
        let neighbourhood = self.daemon.home().await?.neighbourhood;
        let found = preflight::check(&context, &prepared.placed.project, neighbourhood).await;
        let mut findings = found.map_err(|error| stopped(&context, error.into()))?;
        if let Some(images) = images {
            let gone = preflight::gone_images(context.engine.as_ref(), images).await;
            findings.extend(gone.map_err(|error| stopped(&context, error.into()))?);
        }
        Ok(findings)
    }

    /// Pulls and builds. What was built before it failed, or was called off, is noted, to go when the deployment ends.
    async fn bring_images(&self, prepared: &Prepared) -> Result<BTreeMap<ServiceName, ImageId>, Stop> {
        let context = converge::context(self.daemon, Arc::clone(&self.recorder) as _, self.call_off.token.clone()).await?;
        let project = &prepared.placed.project;
        self.names_kept(release_images::keep_earlier(self.daemon, &self.project.name).await)?;
        let built = async || converge::built_images(context.engine.as_ref(), project).await;
        let before = built().await.map_err(|error| stopped(&context, error.into()))?;
        let brought = async {
            let brought = converge::bring_images(&context, project).await;
            brought.map_err(|error| stopped(&context, error))
        };
        let brought = self.unless_called_off(brought).await;
        if brought.is_err()
            && let Ok(after) = built().await
        {
            let new = after.into_iter().filter(|(service, image)| before.get(service) != Some(image));
            self.daemon
                .store()
                .mark_images(&self.project.name, self.marks(prepared, new))
                .await?;
        }
        brought
    }

    /// Gives the images their names, so that no prune takes them from now on.
    async fn keep_images(&self, prepared: &Prepared, images: &BTreeMap<ServiceName, ImageId>) -> Result<(), Stop> {
        let images = images.iter().map(|(service, image)| (service.clone(), image.clone()));
        let marks = self.marks(prepared, images);
        self.names_kept(release_images::keep(self.daemon, &self.project.name, marks).await)
    }

    fn marks(&self, prepared: &Prepared, images: impl Iterator<Item = (ServiceName, ImageId)>) -> Vec<ImageMark> {
        let project = &prepared.placed.project;
        let built_as = |service: &ServiceName| {
            let service = project.services.get(service).filter(|service| service.build.is_some())?;
            Some(image_name(&project.name, service))
        };
        images
            .map(|(service, image)| ImageMark {
                deployment: self.deployment.id,
                built_as: built_as(&service),
                service,
                image,
            })
            .collect()
    }

    /// A release may well run with images that have no name of ours; only a prune can take them then.
    fn names_kept(&self, kept: Result<(), KeepError>) -> Result<(), Stop> {
        match kept {
            Ok(()) => Ok(()),
            Err(KeepError::Store(error)) => Err(error.into()),
            Err(KeepError::Engine(error)) => {
                self.recorder.warn(format!("a prune may take the images of kept releases: {error}"));
                Ok(())
            }
        }
    }

    /// Decides how the containers are changed; nothing is, so far. A rollback cannot be called off: it passes a token of its own.
    async fn intend(
        &self,
        prepared: &Prepared,
        images: &BTreeMap<ServiceName, ImageId>,
        token: &CancellationToken,
    ) -> Result<(Context, Intent), Stop> {
        let context = converge::context(self.daemon, Arc::clone(&self.changes) as _, token.clone()).await?;
        let intent = converge::intend(&context, &prepared.placed.project, images).await;
        let intent = intent.map_err(|error| stopped(&context, error))?;
        Ok((context, intent))
    }

    /// Changes the containers and watches them.
    async fn start(&self, prepared: &Prepared, context: &Context, intent: Intent, past: Past) -> Result<Started, Stop> {
        for path in self.install(prepared).await? {
            let (path, kept) = (path.display(), self.dirs.kept(self.deployment.id));
            self.recorder.warn(format!(
                "{path} had been changed on the server and is replaced; the old version is kept in {}",
                kept.display()
            ));
        }
        let project = &prepared.placed.project;
        let store = self.daemon.store();
        store
            .note_settings(&self.project.name, project.name.as_str(), prepared.settings.poll)
            .await?;
        let limits = Limits::of(project, &prepared.settings);
        let stop = match converge::carry_out(context, project, intent, limits, past).await {
            Ok(started) => return Ok(started),
            Err(error) => error,
        };
        if let Some(container) = stop.container() {
            converge::tell_last_words(self.daemon.engine().as_ref(), container, &self.recorder).await;
        }
        Err(stopped(context, stop))
    }

    /// Puts tracked files into the folders that applications write to; the paths of those that were kept aside.
    async fn install(&self, prepared: &Prepared) -> Result<Vec<PathBuf>, Stop> {
        let (placed, dirs, id) = (Arc::clone(&prepared.placed), self.dirs.clone(), self.deployment.id);
        // It takes no long time and is not called off halfway.
        let installed = origin::blocking_until(&CancellationToken::new(), move |_| Ok(placed.install(&dirs, id)?)).await;
        installed.map_err(|error| self.failed(error))
    }

    async fn unless_called_off<T>(&self, work: impl Future<Output = Result<T, Stop>>) -> Result<T, Stop> {
        tokio::select! {
            biased;
            () = self.call_off.token.cancelled() => Err(Stop::CalledOff),
            done = work => done,
        }
    }

    /// Puts what was there before back, and ends the deployment.
    async fn put_back(&self, reason: String, ending: Ending) -> Result<(), StoreError> {
        let reason = self.recorder.clean(reason);
        let store = self.daemon.store();
        store.note_failure(&self.project.name, self.deployment.id, &reason).await?;
        let Some(previous) = self.project.current.filter(|_| self.project.down_since.is_none()) else {
            let ending = if ending == Ending::Cancelled { ending } else { Ending::Failed };
            let removed = self.take_down().await?;
            return self.end(ending, format!("{reason}; {removed}")).await;
        };
        let is_changed = self.changes.is_any();
        // Why is said when it ends.
        self.recorder.warn(format!("putting the release of deployment {previous} back"));
        match self.insist(|| self.restore(previous)).await {
            Ok(Restored::Nothing) if ending == Ending::RolledBack && !is_changed => {
                let reason = format!("{reason}; nothing was changed, and the release of deployment {previous} runs as before");
                self.end(Ending::Failed, reason).await
            }
            Ok(restored) => {
                let reason = format!("{reason}; the release of deployment {previous} is back");
                self.end(ending, reason).await?;
                if let Restored::Containers(Some(left)) = restored {
                    self.clear_away(Some(*left)).await;
                }
                Ok(())
            }
            Err(Stop::Broken(error)) => Err(error),
            Err(Stop::CalledOff | Stop::Needless(_) | Stop::Superseded(_)) => self.end(Ending::Failed, reason).await,
            Err(Stop::Failed(why) | Stop::Trouble(why, _)) => {
                let reason = format!("{reason}; and the release of deployment {previous} could not be put back: {why}");
                self.end(Ending::Failed, reason).await
            }
        }
    }

    /// Does what puts back, and does it again as long as the engine is not there or not well.
    async fn insist<T, F>(&self, work: impl Fn() -> F + Send) -> Result<T, Stop>
    where
        F: Future<Output = Result<T, Stop>> + Send,
    {
        let mut tries = Tries::new();
        let mut is_told = false;
        loop {
            let (why, trouble) = match work().await {
                Err(Stop::Trouble(why, trouble)) => (why, trouble),
                other => return other,
            };
            let Some(pause) = tries.next(trouble, Instant::now()) else {
                return Err(Stop::Failed(why));
            };
            if !std::mem::replace(&mut is_told, true) {
                self.recorder.warn(format!("{why}; trying again until the engine does it"));
                self.recorder.flush().await;
            }
            sleep(pause).await;
        }
    }

    /// Removes what the deployment had started where nothing ran before, volumes excepted; what there is to say of it.
    async fn take_down(&self) -> Result<String, StoreError> {
        let before = match self.project.down_since {
            Some(_) => "the project was down, and is again",
            None => "there is no earlier release to put back",
        };
        // As it is now: the deployment may have been the first to get so far.
        let project = self.daemon.store().project(&self.project.name).await?;
        let Some(name) = project.and_then(|project| project.compose_name).map(ProjectName::from) else {
            return Ok(before.to_owned());
        };
        self.recorder.warn("removing what was started; volumes stay");
        let remove = async || {
            let context = converge::context(self.daemon, Arc::clone(&self.recorder) as _, CancellationToken::new()).await?;
            converge::down(&context, &name, false).await.map_err(Stop::from)
        };
        Ok(match self.insist(remove).await {
            Ok(()) => format!("what it had started was removed, volumes excepted: {before}"),
            Err(Stop::Broken(error)) => return Err(error),
            Err(Stop::Failed(why) | Stop::Trouble(why, _)) => {
                format!("what it had started could not be removed: {why}; take it down with `inertia NAME down`; {before}")
            }
            Err(Stop::CalledOff | Stop::Needless(_) | Stop::Superseded(_)) => before.to_owned(),
        })
    }

    /// Brings an earlier release back.
    async fn restore(&self, deployment: u64) -> Result<Restored, Stop> {
        let wanted = self.wanted_of(deployment).await?;
        let token = CancellationToken::new();
        let prepared = self.prepare(&wanted, &token).await?;
        // It ran like this before.
        for missing in missing(&prepared) {
            self.recorder.warn(missing);
        }
        let images = wanted.images.unwrap_or_default();
        let (context, intent) = self.intend(&prepared, &images, &token).await?;
        let is_needless = intent.is_empty();
        let started = self.start(&prepared, &context, intent, Past::Proven).await?;
        Ok(if is_needless {
            Restored::Nothing
        } else {
            Restored::Containers(LeftBehind::of(prepared, &started).map(Box::new))
        })
    }

    async fn clear_away(&self, left: Option<LeftBehind>) {
        if let Some(left) = left {
            self.daemon.feed().wake();
            left.clear_away(self.daemon, &self.project.name).await;
        }
    }

    async fn advance(&self, step: Step) -> Result<(), StoreError> {
        self.recorder.flush().await;
        self.daemon.store().advance(&self.project.name, self.deployment.id, step).await?;
        self.daemon.feed().wake();
        Ok(())
    }

    async fn end(&self, ending: Ending, reason: String) -> Result<(), StoreError> {
        self.recorder.flush().await;
        let reason = self.recorder.clean(reason);
        self.daemon
            .store()
            .end(&self.project.name, self.deployment.id, ending, reason)
            .await
    }

    async fn succeed(&self, Deployed { release, left }: Deployed) -> Result<(), StoreError> {
        self.recorder.flush().await;
        let commit = release.commit.clone();
        self.daemon.store().succeed(&self.project.name, release).await?;
        self.daemon.feed().wake();
        self.clear_away(left).await;
        if let Err(error) = self.tidy(commit).await {
            tracing::warn!(%error, project = self.project.name, "old files stay");
        }
        Ok(())
    }

    /// Removes copies and checkouts that no kept release leads to.
    async fn tidy(&self, commit: String) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let releases = self.daemon.store().releases(&self.project.name).await?;
        let contents: BTreeSet<String> = releases.into_iter().flat_map(|release| release.contents).collect();
        let dirs = self.dirs.clone();
        tokio::task::spawn_blocking(move || {
            files::collect_garbage(&dirs.contents(), &contents)?;
            files::collect_garbage(&dirs.checkouts(), &BTreeSet::from([commit]))
        })
        .await??;
        Ok(())
    }
}

/// What a project mounts and nobody has.
fn missing(prepared: &Prepared) -> Vec<String> {
    prepared.placed.missing.iter().map(ToString::to_string).collect()
}
