//! Everything that requests and deployments share: one value, cheap to clone.

mod attempts;
mod auth;
mod connections;
mod deployment;
mod environment;
mod feed;
mod git;
mod limits;
mod own_paths;
mod peer;
mod presence;
mod problem;
mod readiness;
mod redact;
mod routes;
mod serve;
mod state_dir;
mod store;
mod tls;
mod vault;
mod webhook;

pub use routes::app;
pub use serve::{ServeError, serve};
pub use state_dir::StateDirError;
pub use store::StoreError;
pub use tls::TlsError;

use crate::wire::{ADMIN_TOKEN_FILE, Role};
use attempts::Attempts;
use auth::{Authority, NewToken};
use compose_core::engine::Engine;
use compose_core::hash::hex;
use compose_core::names::ContainerId;
use deployment::conversations::Conversations;
use deployment::dirs::ProjectDirs;
use deployment::files::OwnFolder;
use deployment::looks::Looks;
use deployment::turns::Turns;
use deployment::workers::Workers;
use feed::Feed;
use own_paths::{Home, HomeError, OwnContainer};
use presence::Presence;
use readiness::Readiness;
use routes::secret_place;
use routes::webhooks::DeliveryRoom;
use state_dir::{BEGIN_ANEW, StateDir, random};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use store::{ProjectRow, Store};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vault::{Vault, VaultError};
use zeroize::Zeroizing;

/// Whom the first administrator's token is for; nobody else may be called so.
pub(crate) const FIRST_ADMIN: &str = "admin";
/// How long the first administrator's token lasts; it is made anew when it is about to end.
const ADMIN_LIFETIME: Duration = Duration::from_hours(3650 * 24);
/// How long before its end that is.
const ADMIN_MARGIN: time::Duration = time::Duration::days(30);

/// Where the secret of projects stands that are not registered.
const DECOY: &str = "decoy";

/// What a daemon is made of.
#[derive(Clone)]
pub struct Config {
    /// The folder in which it keeps everything.
    pub state: PathBuf,
    /// The engine that it deploys to.
    pub engine: Arc<dyn Engine>,
    /// The id of the container in which the daemon lives. The engine is asked how its host calls what is mounted there.
    /// Where this says nothing, [`crate::serve`] finds it out.
    pub container: Option<ContainerId>,
    /// The version that it says it is.
    pub version: String,
    /// A file in the form of OpenSSH's `known_hosts`, with keys of git hosts; it need not be there.
    pub known_hosts: Option<PathBuf>,
}

/// A daemon that is not listening yet: what [`crate::app`] answers from.
#[derive(Clone)]
pub struct Daemon(Arc<Parts>);

struct Parts {
    dir: StateDir,
    store: Store,
    vault: Vault,
    authority: Authority,
    attempts: Attempts,
    engine: Arc<dyn Engine>,
    own_container: OwnContainer,
    looks: Looks,
    turns: Turns,
    feed: Feed,
    revocations: Feed,
    workers: Workers,
    presence: Presence,
    readiness: Readiness,
    version: String,
    known_hosts: Option<PathBuf>,
    delivery_room: DeliveryRoom,
    decoy: Vec<u8>,
    stop: CancellationToken,
    git_work: TaskTracker,
    conversations: Conversations,
}

/// Why a daemon cannot begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The state folder cannot be used.
    #[error(transparent)]
    StateDir(#[from] StateDirError),
    /// The database cannot be used.
    #[error("cannot use the database in the state folder")]
    Store(#[from] StoreError),
    /// The key does not open what is in the database.
    #[error(
        "vault.key opens no secret of the database, so that they are not of one time; put the state folder back from one backup, or, to begin without what the database holds, move vault.key away, make the file {} in the folder and start the daemon again",
        BEGIN_ANEW
    )]
    KeyOfAnother,
    /// There is no token for the first administrator.
    #[error("cannot make the administrator's token: {0}")]
    AdminToken(String),
}

/// Whether a vault opens what is sealed for projects, at least for one of them.
fn fits(vault: &Vault, projects: &[ProjectRow]) -> bool {
    let opens = |project: &ProjectRow| vault.open(&secret_place(&project.name), &project.webhook_secret).is_ok();
    projects.is_empty() || projects.iter().any(opens)
}

impl Daemon {
    /// Opens the state folder, making what is missing. Nothing is deployed before [`Daemon::resume`].
    pub async fn open(config: Config) -> Result<Self, OpenError> {
        let dir = StateDir::open(&config.state)?;
        // The key first: a database is never older than it.
        let vault = Vault::open_in(&dir)?;
        let store = Store::open(&dir.database())?;
        if !dir.begins() && !fits(&vault, &store.projects().await?) {
            return Err(OpenError::KeyOfAnother);
        }
        let daemon = Self(Arc::new(Parts {
            authority: Authority::open_in(&dir)?,
            attempts: Attempts::default(),
            feed: Feed::default(),
            revocations: Feed::default(),
            workers: Workers::default(),
            presence: Presence::default(),
            readiness: Readiness::default(),
            engine: config.engine,
            own_container: OwnContainer::new(config.container),
            looks: Looks::default(),
            turns: Turns::new(limits::LONGEST_WAIT),
            version: config.version,
            known_hosts: config.known_hosts,
            delivery_room: DeliveryRoom::default(),
            decoy: vault.seal(DECOY, hex(&random::<32>()).as_bytes()),
            vault,
            stop: CancellationToken::new(),
            git_work: TaskTracker::new(),
            conversations: Conversations::default(),
            store,
            dir,
        }));
        daemon.provide_admin_token().await?;
        Ok(daemon)
    }

    /// Takes up again what was under way or waiting when the daemon ended, and starts what went down with the engine. It
    /// does not wait for the engine.
    pub async fn resume(&self) -> Result<(), OpenError> {
        for project in self.store().projects().await? {
            let dirs = ProjectDirs::new(self.dir().project(&project.name));
            // Left over from a daemon that was killed; in the way of nobody.
            for left in dirs.left_by_looks().into_iter().chain([dirs.plans()]) {
                let _ = std::fs::remove_dir_all(left);
            }
            self.workers().begin(self, &project.name);
        }
        tokio::spawn(presence::watch(self.clone()));
        Ok(())
    }

    /// Ends what the daemon does by itself. Deployments under way are taken up by the next one.
    pub fn stop(&self) {
        self.0.stop.cancel();
    }

    /// Resolved once the daemon is to end.
    pub(crate) fn stopping(&self) -> &CancellationToken {
        &self.0.stop
    }

    /// Work on repositories that is under way.
    pub(crate) fn git_work(&self) -> &TaskTracker {
        &self.0.git_work
    }

    /// Conversations with git hosts.
    pub(crate) fn conversations(&self) -> &Conversations {
        &self.0.conversations
    }

    pub(crate) fn dir(&self) -> &StateDir {
        &self.0.dir
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.0.vault
    }

    pub(crate) fn authority(&self) -> &Authority {
        &self.0.authority
    }

    /// Wrong tokens and join codes of late.
    pub(crate) fn attempts(&self) -> &Attempts {
        &self.0.attempts
    }

    pub(crate) fn engine(&self) -> &Arc<dyn Engine> {
        &self.0.engine
    }

    /// Where the daemon lives, as the engine's host sees it; asked of the engine until it told.
    pub(crate) async fn home(&self) -> Result<&Home, HomeError> {
        self.0.own_container.home(self.engine().as_ref()).await
    }

    /// What no project may reach.
    pub(crate) async fn own_folder(&self) -> Result<OwnFolder, HomeError> {
        let home = self.home().await?;
        Ok(OwnFolder::new(self.dir().root(), &home.paths).of_container(&home.names))
    }

    /// Looks at repositories that somebody asks for.
    pub(crate) fn looks(&self) -> &Looks {
        &self.0.looks
    }

    /// Whose turn it is to check out, load and plan.
    pub(crate) fn turns(&self) -> &Turns {
        &self.0.turns
    }

    pub(crate) fn feed(&self) -> &Feed {
        &self.0.feed
    }

    /// Tells open streams that a token was revoked.
    pub(crate) fn revocations(&self) -> &Feed {
        &self.0.revocations
    }

    pub(crate) fn workers(&self) -> &Workers {
        &self.0.workers
    }

    /// What is known of the engine's run.
    pub(crate) fn presence(&self) -> &Presence {
        &self.0.presence
    }

    /// What keeps the daemon from its work.
    pub(crate) fn readiness(&self) -> &Readiness {
        &self.0.readiness
    }

    pub(crate) fn version(&self) -> &str {
        &self.0.version
    }

    /// Room for the bodies of webhooks.
    pub(crate) fn delivery_room(&self) -> &DeliveryRoom {
        &self.0.delivery_room
    }

    /// The secret of projects that are not registered: as long as others, opened like them, and known to nobody.
    pub(crate) fn decoy(&self) -> Result<Zeroizing<String>, VaultError> {
        self.vault().open_text(DECOY, &self.0.decoy)
    }

    /// The file that knows git hosts, where there is one.
    pub(crate) fn known_hosts(&self) -> Option<&Path> {
        self.0.known_hosts.as_deref()
    }

    async fn provide_admin_token(&self) -> Result<(), OpenError> {
        if self.admin_token_holds().await? {
            return Ok(());
        }
        let new = NewToken {
            subject: FIRST_ADMIN,
            owner: None,
            role: Role::Admin,
            lifetime: ADMIN_LIFETIME,
        };
        let issued = self.authority().issue(self.store(), new).await;
        let (token, _) = issued.map_err(|error| OpenError::AdminToken(error.to_string()))?;
        Ok(self.dir().write_private(ADMIN_TOKEN_FILE, token.as_bytes())?)
    }

    async fn admin_token_holds(&self) -> Result<bool, OpenError> {
        let Ok(token) = std::fs::read_to_string(self.dir().root().join(ADMIN_TOKEN_FILE)) else {
            return Ok(false);
        };
        let Some(claims) = self.authority().check(token.trim()) else {
            return Ok(false);
        };
        let ends_soon = claims.exp < (OffsetDateTime::now_utc() + ADMIN_MARGIN).unix_timestamp();
        Ok(!ends_soon && self.store().token(claims.jti).await?.is_some())
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::{Config, Daemon};
    use compose_core::engine::fake::FakeEngine;
    use std::sync::Arc;

    /// A daemon over an engine in memory, its state in a temporary folder.
    pub(crate) async fn daemon() -> (tempfile::TempDir, Daemon) {
        daemon_over(Arc::new(FakeEngine::new())).await
    }

    /// The same over an engine that the test holds too.
    pub(crate) async fn daemon_over(engine: Arc<FakeEngine>) -> (tempfile::TempDir, Daemon) {
        let temp = tempfile::tempdir().expect("a temporary folder");
        let config = Config {
            state: temp.path().to_owned(),
            engine,
            container: None,
            version: "1".to_owned(),
            known_hosts: None,
        };
        let daemon = Daemon::open(config).await.expect("opens");
        (temp, daemon)
    }
}
