//! Whether the engine went down since a daemon was last there. Most containers have no restart policy, and what has none
//! stays down when the machine or its engine comes back.
//!
//! A machine has another boot id after each of its starts, and an engine makes its network `bridge` anew at each of its
//! own, under another id: both together tell one run of the engine from the next. A daemon that ended alone, as at an
//! upgrade, finds the run that it knew, whatever ended meanwhile.

use crate::daemon::Daemon;
use crate::daemon::store::StoreError;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared, try_join_all};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use time::OffsetDateTime;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

/// How often it is written down that the daemon is there.
const BEAT: Duration = Duration::from_secs(30);
/// Where the system tells which start of the machine this is.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
/// How long the engine may take to tell which run of it this is.
const ANSWER: Duration = Duration::from_secs(10);
/// How long an engine may take to come up before the daemon goes on without.
const COMING_UP: Duration = Duration::from_secs(20);
/// How long until it is asked again.
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
    /// When it saw the engine come back that had gone down before its eyes.
    pub(crate) back: Option<OffsetDateTime>,
}

/// The engine went down and came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outage {
    /// The last moment of which it is known that everything was up.
    pub(crate) since: OffsetDateTime,
    /// A moment when it was over, where somebody saw that: what ended later did so by itself.
    pub(crate) until: Option<OffsetDateTime>,
}

/// The run of the engine that this daemon works with, from the moment when nothing is left to be done about the one before.
#[derive(Default)]
pub(crate) struct Presence(OnceLock<String>);

/// What a daemon finds when it begins.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// Which run of the engine this is; unknown while the engine does not answer.
    engine_run: Option<String>,
    /// That the run before ended while nobody was there.
    pub(crate) outage: Option<Outage>,
}

/// What is found, for everybody who waits for it.
pub(crate) type Look = Shared<BoxFuture<'static, Found>>;

/// Looks for the engine's run. It goes on while requests are answered: an engine may take long to come up.
pub(crate) fn look(daemon: Daemon) -> Look {
    let found = async move {
        find(&daemon).await.unwrap_or_else(|error| {
            tracing::error!(%error, "cannot read whether the engine was restarted");
            Found::default()
        })
    };
    found.boxed().shared()
}

async fn find(daemon: &Daemon) -> Result<Found, StoreError> {
    let store = daemon.store();
    let run = match first_answer(daemon).await {
        Ok(run) => run,
        Err(error) => {
            tracing::warn!(%error, "cannot tell whether the engine was restarted");
            // What ends from now on could not be told from what went down with the engine.
            store.forget_presence().await?;
            return Ok(Found::default());
        }
    };
    let seen = store.presence().await?.filter(|seen| seen.engine_run != run);
    let outage = seen.map(|seen| Outage {
        since: seen.at,
        until: seen.back,
    });
    let engine_run = Some(run);
    Ok(Found { engine_run, outage })
}

/// An engine that is about to come up is given a moment.
async fn first_answer(daemon: &Daemon) -> Result<String, String> {
    let begin = Instant::now();
    loop {
        match engine_run(daemon, ANSWER).await {
            Err(_) if begin.elapsed() < COMING_UP => sleep(BETWEEN).await,
            answer => return answer,
        }
    }
}

/// Begins to write down that the daemon is there: with an engine that answers as soon as all that went down was seen to,
/// since until then the next daemon has to find what this one found; else with the first that comes up.
pub(crate) async fn begin(daemon: Daemon, look: Look, seen_to: Vec<oneshot::Receiver<()>>) {
    let stopping = daemon.stopping().clone();
    let begun = async {
        let run = match look.await.engine_run {
            Some(run) => run,
            None => late_answer(&daemon).await,
        };
        // A worker that ends early answers nothing, and the daemon is ending with it.
        let seen_to = try_join_all(seen_to).await.is_ok();
        seen_to.then_some(run)
    };
    let run = tokio::select! {
        () = stopping.cancelled() => return,
        run = begun => run,
    };
    let Some(run) = run else { return };
    let run = daemon.presence().0.get_or_init(|| run);
    note(&daemon, run).await;
    go_on(&daemon, run).await;
}

/// An engine that does not come up with the daemon is waited for.
async fn late_answer(daemon: &Daemon) -> String {
    loop {
        sleep(BEAT).await;
        if let Ok(run) = engine_run(daemon, ANSWER).await {
            return run;
        }
    }
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

/// A daemon outside of containers may outlive the engine: the next one has to find when that was.
async fn go_on(daemon: &Daemon, run: &str) {
    let stopping = daemon.stopping().clone();
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            () = sleep(BEAT) => {}
        }
        match engine_run(daemon, ANSWER).await {
            Ok(now) if now == run => note(daemon, run).await,
            Ok(_) => {
                if let Err(error) = daemon.store().note_return().await {
                    tracing::warn!(%error, "cannot write down that the engine is back");
                }
            }
            Err(_) => {}
        }
    }
}

/// The daemon ends. An engine that goes down with it does not answer any more.
pub(crate) async fn end(daemon: &Daemon) {
    let Some(run) = daemon.presence().0.get() else { return };
    if engine_run(daemon, LAST_ANSWER).await.is_ok_and(|now| now != *run) {
        return;
    }
    note(daemon, run).await;
}

async fn note(daemon: &Daemon, engine_run: &str) {
    if let Err(error) = daemon.store().note_presence(engine_run.to_owned()).await {
        tracing::warn!(%error, "cannot write down that the daemon is there");
    }
}
