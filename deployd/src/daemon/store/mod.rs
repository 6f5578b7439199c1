//! What the daemon remembers: one `SQLite` database, one thread that owns it.
//!
//! Every method returns when what it wrote would survive the machine losing power.

mod audit;
mod deliveries;
mod deployments;
mod environment;
mod events;
mod migrations;
mod presence;
mod projects;
mod releases;
mod tokens;
mod users;

pub(crate) use audit::Author;
pub(crate) use deployments::{Admission, DeploymentRow, Ending, NewDeployment};
pub(crate) use environment::SealedVariable;
pub(crate) use projects::{NewProject, ProjectRow};
pub(crate) use releases::{Release, Settled};
pub(crate) use users::{Invitation, Invited, MOST_CODES, Redeemed, Removed};

use rusqlite::Connection;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use time::OffsetDateTime;
use tokio::sync::oneshot;

/// Why something could not be remembered or recalled.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database did not do what was asked.
    #[error("the database: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A stored value is not what it should be.
    #[error("the database holds a {what} that cannot be read: {value:?}")]
    Corrupt {
        /// Which kind of value.
        what: &'static str,
        /// The value.
        value: String,
    },
    /// The database was written by a newer daemon.
    #[error("the database has format {found}, and this daemon knows formats up to {known}; use a newer inertia")]
    TooNew {
        /// The format found.
        found: i64,
        /// The newest format this daemon knows.
        known: i64,
    },
    /// The thread that owns the database has ended.
    #[error("the database is closed")]
    Closed,
}

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// A handle to the database's thread; it ends with the last handle.
#[derive(Clone)]
pub(crate) struct Store {
    jobs: mpsc::Sender<Job>,
}

impl Store {
    /// Opens the database, makes or updates its tables and starts its thread.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let mut connection = Connection::open(path)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
             PRAGMA cache_size = -512; PRAGMA secure_delete = ON; PRAGMA busy_timeout = 5000;",
        )?;
        migrations::migrate(&mut connection)?;
        let (jobs, queue) = mpsc::channel::<Job>();
        thread::Builder::new()
            .name("store".to_owned())
            .stack_size(512 * 1024)
            .spawn(move || queue.into_iter().for_each(|job| job(&mut connection)))
            .map_err(|_| StoreError::Closed)?;
        Ok(Self { jobs })
    }

    /// Runs something on the database's thread.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // A caller that no longer waits does not undo what was asked.
            let _ = reply.send(work(connection));
        });
        self.jobs.send(job).map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Answers whether the database can be read.
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        self.run(|db| Ok(db.query_row("SELECT 1", (), |_| Ok(()))?)).await
    }
}

/// Milliseconds since 1970, as times are stored.
fn to_millis(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

fn from_millis(millis: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn now() -> i64 {
    to_millis(OffsetDateTime::now_utc())
}

/// Numbers of deployments and events as `SQLite` holds them.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn corrupt(what: &'static str, value: impl Into<String>) -> StoreError {
    StoreError::Corrupt { what, value: value.into() }
}

fn to_json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("wire types have string keys only")
}

fn from_json<T: serde::de::DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| corrupt(what, text))
}

#[cfg(test)]
pub(crate) mod testing {
    use super::{NewDeployment, NewProject, Store};
    use crate::daemon::deployment::state::Step;
    use crate::wire::Trigger;

    /// A store in a temporary folder, with the project `shop`.
    pub(crate) async fn with_shop() -> (tempfile::TempDir, Store) {
        let temp = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(&temp.path().join("db")).expect("opens");
        store.put_project(shop()).await.expect("stored");
        (temp, store)
    }

    /// Puts the project `shop` there, and its first deployment, which came so far.
    pub(crate) async fn put_deployment(store: &Store, steps: &[Step]) {
        store.put_project(shop()).await.expect("stored");
        let new = NewDeployment {
            project: "shop".to_owned(),
            reference: "main".to_owned(),
            commit: None,
            trigger: Trigger::Poll,
        };
        store.admit(new, vec![]).await.expect("queued");
        for step in steps {
            store.advance("shop", 1, *step).await.expect("advances");
        }
    }

    /// A registration.
    pub(crate) fn shop() -> NewProject {
        NewProject {
            name: "shop".to_owned(),
            url: "/srv/shop.git".to_owned(),
            branch: "main".to_owned(),
            path: String::new(),
            deploy_key: vec![1],
            deploy_key_public: "ssh-ed25519 AAAA".to_owned(),
            webhook_secret: vec![2],
            host_key: None,
        }
    }
}
