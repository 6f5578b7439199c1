//! Whether the engine went down since a daemon was last there, or before its eyes. Most containers have no restart policy, and what has none
//! stays down when the machine or its engine comes back.
//!
//! A machine has another boot id after each of its starts, and an engine makes its network `bridge` anew at each of its
//! own, under another id: both together tell one run of the engine from the next. A daemon that ended alone, as at an
//! upgrade, finds the run that it knew, whatever ended meanwhile.

use crate::daemon::Daemon;
use crate::daemon::store::StoreError;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use time::OffsetDateTime;
use tokio::time::{sleep, timeout};

/// How often it is written down that the daemon is there.
const BEAT: Duration = Duration::from_secs(30);
/// Where the system tells which start of the machine this is.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
/// How long the engine may take to tell which run of it this is.
const ANSWER: Duration = Duration::from_secs(10);
/// How long until one that did not tell is asked again.
const BETWEEN: Duration = Duration::from_millis(500);
/// How long it may take for that when the daemon ends.
const LAST_ANSWER: Duration = Duration::from_secs(1);

/// That a daemon was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The run of the engine that it worked with.
    pub(crate) engine_run: String,
    /// When, at the latest.
    pub(crate) at: OffsetDateTime,
}

/// The engine went down and came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outage {
    /// The last moment of which it is known that everything was up.
    pub(crate) since: OffsetDateTime,
    /// When the engine answered again: what ended later did so by itself.
    pub(crate) until: OffsetDateTime,
}

/// The run of the engine that this daemon works with, from the moment when nothing is left to be done about the one before.
#[derive(Default)]
pub(crate) struct Presence(Mutex<Option<String>>);

impl Presence {
    fn run(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn settle(&self, run: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(run.to_owned());
    }
}

/// Why it is not written down that the daemon is there.
#[derive(Debug, thiserror::Error)]
enum Missed {
    #[error("the engine does not tell which run of it this is: {0}")]
    Engine(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("not everything that went down was seen to")]
    Unsettled,
}

/// Looks after the engine as long as the daemon lives. An engine may take long to come up, and may go down and come back
/// before the eyes of a daemon that lives outside of containers.
pub(crate) async fn watch(daemon: Daemon) {
    let stopping = daemon.stopping().clone();
    tokio::select! {
        () = stopping.cancelled() => {}
        () = beats(&daemon) => {}
    }
}

async fn beats(daemon: &Daemon) {
    let mut was_missed = false;
    loop {
        match beat(daemon).await {
            Ok(()) => {
                was_missed = false;
                sleep(BEAT).await;
            }
            Err(error) => {
                if !std::mem::replace(&mut was_missed, true) {
                    tracing::warn!(%error, "asking again until it is known");
                }
                sleep(BETWEEN).await;
            }
        }
    }
}

/// Writes down that the daemon is there. Where the engine is not in the run that was known, the workers start what went down
/// before: until then the next daemon has to find what this one found.
async fn beat(daemon: &Daemon) -> Result<(), Missed> {
    let run = engine_run(daemon, ANSWER).await.map_err(Missed::Engine)?;
    if daemon.presence().run().as_ref() != Some(&run) {
        let until = OffsetDateTime::now_utc();
        let seen = daemon.store().presence().await?.filter(|seen| seen.engine_run != run);
        let outage = seen.map(|Seen { at: since, .. }| Outage { since, until });
        if !daemon.workers().revive(daemon, outage).await? {
            return Err(Missed::Unsettled);
        }
        daemon.presence().settle(&run);
    }
    Ok(daemon.store().note_presence(run).await?)
}

async fn engine_run(daemon: &Daemon, patience: Duration) -> Result<String, String> {
    let asking = daemon.engine().inspect_network("bridge");
    let bridge = timeout(patience, asking)
        .await
        .map_err(|_| "it does not answer".to_owned())?
        .map_err(|error| error.to_string())?;
    let boot = std::fs::read_to_string(BOOT_ID).unwrap_or_default();
    // An engine may be told to make none.
    let bridge = bridge.map(|bridge| bridge.id.to_string()).unwrap_or_default();
    Ok(format!("{} {bridge}", boot.trim()))
}

/// The daemon ends. Of an engine that does not answer any more it is not known since when: it may have gone long before.
pub(crate) async fn end(daemon: &Daemon) {
    let Some(run) = daemon.presence().run() else { return };
    if engine_run(daemon, LAST_ANSWER).await.as_ref() != Ok(&run) {
        return;
    }
    if let Err(error) = daemon.store().note_presence(run).await {
        tracing::warn!(%error, "cannot write down that the daemon was there");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::deployment::converge;
    use crate::daemon::deployment::state::Step;
    use crate::daemon::store::Release;
    use crate::daemon::store::testing::put_deployment;
    use crate::daemon::testing::daemon_over;
    use compose_core::commands::{UpOptions, up};
    use compose_core::engine::ContainerStatus::{self, Exited, Running};
    use compose_core::engine::fake::FakeEngine;
    use compose_core::event::NoEvents;
    use compose_core::load::Loader;
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::Arc;
    use tokio_util::sync::CancellationToken;

    /// A daemon whose project `shop` runs, with one container that has no restart policy; its engine.
    async fn running() -> (tempfile::TempDir, Daemon, Arc<FakeEngine>) {
        let engine = Arc::new(FakeEngine::new().with_image("web:1"));
        let (temp, daemon) = daemon_over(Arc::clone(&engine)).await;
        let source = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(source.path().join("compose.yaml"), "services: {web: {image: 'web:1'}}\n").expect("written");
        let loaded = Loader::new(source.path()).default_project_name("shop").load().expect("loads");
        let context = converge::context(&daemon, Arc::new(NoEvents), CancellationToken::new()).await;
        let options = UpOptions::default();
        up(&context.expect("a context"), &loaded.project, &options).await.expect("starts");
        release(&daemon).await;
        (temp, daemon, engine)
    }

    async fn release(daemon: &Daemon) {
        let store = daemon.store();
        put_deployment(store, &[Step::Begin, Step::Build, Step::Start]).await;
        let release = Release {
            uses: None,
            deployment: 1,
            commit: "a".to_owned(),
            compose_name: "shop".to_owned(),
            images: BTreeMap::new(),
            contents: BTreeSet::new(),
            environment: Vec::new(),
        };
        store.note_settings("shop", "shop", None).await.expect("kept");
        store.succeed("shop", release).await.expect("released");
    }

    fn is(engine: &FakeEngine) -> ContainerStatus {
        engine.containers()["shop-web-1"].clone()
    }

    #[tokio::test]
    async fn every_return_of_the_engine_is_seen_to() {
        let (_temp, daemon, engine) = running().await;
        beat(&daemon).await.expect("is there");
        for _ in 0..2 {
            engine.fall();
            assert_eq!(is(&engine), Exited);
            beat(&daemon).await.expect("is there");
            assert_eq!(is(&engine), Running);
        }
        engine.exit("shop-web-1", 1);
        beat(&daemon).await.expect("is there");
        assert_eq!(is(&engine), Exited, "it ended by itself");
    }

    #[tokio::test]
    async fn an_engine_that_comes_late_is_waited_for() {
        let (_temp, daemon, engine) = running().await;
        daemon.store().note_presence("before".to_owned()).await.expect("written");
        let seen = daemon.store().presence().await.expect("read");
        engine.fall();
        engine.set_away(true);
        for _ in 0..3 {
            assert!(matches!(beat(&daemon).await, Err(Missed::Engine(_))));
        }
        assert_eq!(daemon.store().presence().await.expect("read"), seen);
        engine.set_away(false);
        beat(&daemon).await.expect("is there");
        assert_eq!(is(&engine), Running);
    }

    #[tokio::test]
    async fn a_daemon_that_ends_after_its_engine_says_nothing_of_that_time() {
        let (_temp, daemon, engine) = running().await;
        beat(&daemon).await.expect("is there");
        let seen = daemon.store().presence().await.expect("read");
        engine.set_away(true);
        end(&daemon).await;
        engine.set_away(false);
        engine.fall();
        end(&daemon).await;
        assert_eq!(daemon.store().presence().await.expect("read"), seen);
    }
}
