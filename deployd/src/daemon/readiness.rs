//! What keeps the daemon from its work: a database that cannot be written, a disk that is full, an engine that is away.

use crate::daemon::Daemon;
use compose_core::engine::EngineError;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// How much room the disk has to have.
const LEAST_ROOM: u64 = 1024 * 1024;
/// How long the engine may take to say that it is there.
const ENGINE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an answer is good: anybody may ask, and each costs a write.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// What was found last.
#[derive(Debug, Default)]
pub(crate) struct Readiness(Mutex<Option<(Instant, Vec<String>)>>);

impl Readiness {
    /// What is in the way; nothing when the daemon can do everything.
    pub(crate) async fn obstacles(&self, daemon: &Daemon) -> Vec<String> {
        let mut last = self.0.lock().await;
        if let Some((at, found)) = &*last
            && at.elapsed() < GOOD_FOR
        {
            return found.clone();
        }
        let found = look(daemon).await;
        *last = Some((Instant::now(), found.clone()));
        found
    }
}

async fn look(daemon: &Daemon) -> Vec<String> {
    let engine = timeout(ENGINE_TIMEOUT, daemon.engine().info());
    let (database, engine) = tokio::join!(daemon.store().ping(), engine);
    let database = database.err().map(|error| format!("the database cannot be written: {error}"));
    let room = match daemon.dir().free() {
        Ok(free) => lacks_room(free),
        Err(error) => Some(error.to_string()),
    };
    let engine = match engine {
        Ok(info) => info.err().as_ref().map(EngineError::to_string),
        Err(_) => Some("the container engine does not answer".to_owned()),
    };
    [database, room, engine].into_iter().flatten().collect()
}

fn lacks_room(free: u64) -> Option<String> {
    let kibibytes = free / 1024;
    (free < LEAST_ROOM).then(|| format!("the disk that holds the state folder is full: {kibibytes} KiB are free"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::testing::daemon;

    #[tokio::test]
    async fn nothing_is_in_the_way_of_a_daemon_that_is_well() {
        let (_temp, daemon) = daemon().await;
        assert_eq!(look(&daemon).await, Vec::<String>::new());
        assert_eq!(daemon.readiness().obstacles(&daemon).await, Vec::<String>::new());
    }

    #[test]
    fn a_disk_is_full_before_the_last_byte() {
        assert_eq!(lacks_room(LEAST_ROOM), None);
        let told = lacks_room(LEAST_ROOM - 1).expect("told");
        assert!(told.ends_with("1023 KiB are free"), "{told}");
    }
}
