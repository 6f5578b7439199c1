//! What the daemon remembers: one `SQLite` database, one thread that owns it.
//!
//! Every method returns when what it wrote would survive the machine losing power.

mod audit;
mod deliveries;
mod deployments;
mod environment;
mod events;
mod image_marks;
mod migrations;
mod presence;
mod projects;
mod releases;
mod tokens;
mod users;

pub(crate) use audit::Author;
pub(crate) use deployments::{Admission, DeploymentRow, Ending, NewDeployment};
pub(crate) use environment::{SealedVariable, Setting};
pub(crate) use image_marks::{ImageMark, Need};
pub(crate) use projects::{NewProject, ProjectRow};
pub(crate) use releases::{Release, Settled};
pub(crate) use users::{Invitation, Invited, MOST_CODES, Redeemed, Removed};

use crate::daemon::state_dir::random;
use rusqlite::{Connection, ErrorCode};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
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
    /// The database is not what this daemon wrote.
    #[error("{} is damaged: {finding}; put the state folder back from one backup, or move the file away and see what starting again says", path.display())]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What is wrong with it.
        finding: String,
    },
    /// The thread that owns the database has ended.
    #[error("the database is closed")]
    Closed,
}

impl StoreError {
    /// Whether it is for want of room on the disk.
    pub(crate) fn is_for_want_of_room(&self) -> bool {
        matches!(self, Self::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull))
    }
}

/// After how long without work the log is brought into the database.
const QUIET: Duration = Duration::from_secs(5);

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// A handle to the database's thread; it ends with the last handle.
#[derive(Clone)]
pub(crate) struct Store {
    jobs: mpsc::Sender<Job>,
    /// Tells this daemon from those that used the database before.
    run: i64,
}

impl Store {
    /// Opens the database, makes or updates its tables and starts its thread.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let mut connection = connect(path).map_err(|error| damaged(path, error))?;
        let found = check(&connection).map_err(|error| damaged(path, error))?;
        if let Some(finding) = found {
            return Err(StoreError::Damaged {
                path: path.to_owned(),
                finding,
            });
        }
        migrations::migrate(&mut connection)?;
        let (jobs, queue) = mpsc::channel::<Job>();
        thread::Builder::new()
            .name("store".to_owned())
            .stack_size(512 * 1024)
            .spawn(move || work(&queue, &mut connection))
            .map_err(|_| StoreError::Closed)?;
        let run = i64::from_ne_bytes(random());
        Ok(Self { jobs, run })
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

    /// Answers whether the database can be written, by writing what is there already.
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        self.run(|db| {
            let format: i64 = db.query_row("PRAGMA user_version", (), |row| row.get(0))?;
            Ok(db.pragma_update(None, "user_version", format)?)
        })
        .await
    }

    /// Brings everything into the one file, which is the whole database then.
    pub(crate) async fn settle(&self) -> Result<(), StoreError> {
        self.run(|db| settle(db)).await
    }
}

/// Opens the database, also on a disk that has no room left: an index of the log in memory needs none.
fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let usual = configured(path, "PRAGMA locking_mode = NORMAL;");
    match usual {
        Err(error) if matches!(error.sqlite_error_code(), Some(ErrorCode::SystemIoFailure | ErrorCode::DiskFull)) => {
            tracing::warn!(%error, "the database is opened without files beside it: the disk may be full");
            configured(path, "PRAGMA locking_mode = EXCLUSIVE;")
        }
        opened => opened,
    }
}

fn configured(path: &Path, locking: &str) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.execute_batch(locking)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
         PRAGMA cache_size = -512; PRAGMA secure_delete = ON; PRAGMA busy_timeout = 5000;
         SELECT count(*) FROM sqlite_schema;",
    )?;
    Ok(connection)
}

/// The first thing that is wrong with the database.
fn check(db: &Connection) -> rusqlite::Result<Option<String>> {
    let finding: String = db.query_row("PRAGMA quick_check(1)", (), |row| row.get(0))?;
    Ok((finding != "ok").then_some(finding))
}

fn damaged(path: &Path, error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => StoreError::Damaged {
            path: path.to_owned(),
            finding: error.to_string(),
        },
        _ => error.into(),
    }
}

/// Does what is asked until nobody can ask any more. Once nothing was asked for a while, the file is made whole.
fn work(queue: &mpsc::Receiver<Job>, db: &mut Connection) {
    while let Ok(job) = queue.recv() {
        job(db);
        loop {
            match queue.recv_timeout(QUIET) {
                Ok(job) => job(db),
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
                Err(mpsc::RecvTimeoutError::Timeout) => break,
            }
        }
        if let Err(error) = settle(db) {
            tracing::warn!(%error, "the log of the database stays");
        }
    }
}

fn settle(db: &Connection) -> Result<(), StoreError> {
    Ok(db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))?)
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
mod tests {
    use super::testing::{put_deployment, shop};
    use super::*;
    use std::fs;

    /// A database that was closed in good order.
    async fn closed() -> (tempfile::TempDir, PathBuf) {
        let temp = tempfile::tempdir().expect("a temporary folder");
        let path = temp.path().join("db");
        let store = Store::open(&path).expect("opens");
        put_deployment(&store, &[]).await;
        store.settle().await.expect("settled");
        (temp, path)
    }

    #[tokio::test]
    async fn at_rest_the_one_file_is_all() {
        let (temp, path) = closed().await;
        let copy = temp.path().join("copy");
        fs::copy(&path, &copy).expect("copied");
        let store = Store::open(&copy).expect("opens");
        assert!(store.project(&shop().name).await.expect("read").is_some());
        store.ping().await.expect("can be written");
    }

    #[tokio::test]
    async fn a_damaged_database_is_told_and_left_alone() {
        let (temp, path) = closed().await;
        let whole = fs::read(&path).expect("read");
        let mut holed = whole.clone();
        holed[4096..12288].fill(0xff);
        let zeroed = vec![0; whole.len()];
        for bytes in [
            &holed[..],
            &zeroed,
            &whole[..whole.len() / 2],
            b"no database, but long enough to be told from an empty one",
        ] {
            let damaged = temp.path().join("damaged");
            fs::write(&damaged, bytes).expect("written");
            let refusal = Store::open(&damaged).err().expect("refused");
            assert!(matches!(refusal, StoreError::Damaged { .. }), "{refusal}");
            assert_eq!(fs::read(&damaged).expect("there"), bytes);
        }
    }
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
