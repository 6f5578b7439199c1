//! What is tried again because the engine was not there, or not well: putting a release back, and removing what made way.

use super::converge::{self, Cleared, ConvergeError, Started};
use super::source::Prepared;
use crate::daemon::Daemon;
use compose_core::engine::Trouble;
use compose_core::event::NoEvents;
use compose_core::names::{ImageId, ServiceName};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// The first pause before a release is put back once more, and the longest.
const PUTTING_BACK: Pauses = Pauses {
    first: Duration::from_millis(500),
    longest: Duration::from_secs(10),
};
/// How long an engine that answers, and refuses what it should not, is asked to put a release back. One that does not answer is
/// asked until it does: nobody else can bring the release back.
const UNWELL_FOR: Duration = Duration::from_mins(15);
/// The first pause before what made way is removed once more, and the longest.
const CLEARING: Pauses = Pauses {
    first: Duration::from_millis(100),
    longest: Duration::from_secs(10),
};
/// How long that is tried. The next deployment removes it as well.
const CLEARING_FOR: Duration = Duration::from_mins(1);

/// Pauses that grow by half.
#[derive(Clone)]
struct Pauses {
    first: Duration,
    longest: Duration,
}

impl Iterator for Pauses {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let pause = self.first;
        self.first = (pause * 3 / 2).min(self.longest);
        Some(pause)
    }
}

/// Tries to put a release back.
pub(super) struct Tries {
    pauses: Pauses,
    unwell_since: Option<Instant>,
}

impl Tries {
    pub(super) fn new() -> Self {
        Self {
            pauses: PUTTING_BACK,
            unwell_since: None,
        }
    }

    /// The pause before the next try; `None` where there is to be none.
    pub(super) fn next(&mut self, trouble: Trouble, now: Instant) -> Option<Duration> {
        match trouble {
            Trouble::Away => self.unwell_since = None,
            Trouble::Unwell => {
                let since = *self.unwell_since.get_or_insert(now);
                if now.duration_since(since) >= UNWELL_FOR {
                    return None;
                }
            }
        }
        self.pauses.next()
    }
}

/// What is still there although its time is over.
pub(super) struct LeftBehind {
    prepared: Prepared,
    images: BTreeMap<ServiceName, ImageId>,
}

impl LeftBehind {
    /// What a start left, where it left something.
    pub(super) fn of(prepared: Prepared, started: &Started) -> Option<Self> {
        (started.cleared == Cleared::NotYet).then(|| Self {
            prepared,
            images: started.images.clone(),
        })
    }

    /// Removes it, trying again as long as nobody waits for a turn.
    pub(super) async fn clear_away(self, daemon: &Daemon, project: &str) {
        let until = Instant::now() + CLEARING_FOR;
        for pause in CLEARING {
            match self.try_to_clear_away(daemon).await {
                Ok(()) => return,
                Err(error) if Instant::now() + pause > until => {
                    tracing::warn!(%error, project, "the next deployment removes what this one left behind");
                    return;
                }
                Err(_) => sleep(pause).await,
            }
            if somebody_waits(daemon, project).await {
                return;
            }
        }
    }

    async fn try_to_clear_away(&self, daemon: &Daemon) -> Result<(), ConvergeError> {
        let context = converge::context(daemon, Arc::new(NoEvents), CancellationToken::new()).await?;
        converge::clear_away(&context, &self.prepared.placed.project, &self.images).await
    }
}

async fn somebody_waits(daemon: &Daemon, project: &str) -> bool {
    let next = daemon.store().next_deployment(project).await;
    next.is_ok_and(|next| next.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_that_is_away_is_waited_for_and_one_that_is_unwell_not_for_ever() {
        let begin = Instant::now();
        let at = |minutes| begin + Duration::from_mins(minutes);
        for (troubles, ends) in [
            (vec![(Trouble::Away, 0), (Trouble::Away, 100), (Trouble::Away, 100_000)], false),
            (vec![(Trouble::Unwell, 0), (Trouble::Unwell, 14)], false),
            (vec![(Trouble::Unwell, 0), (Trouble::Unwell, 15)], true),
            // It begins anew with each return.
            (vec![(Trouble::Unwell, 0), (Trouble::Away, 10), (Trouble::Unwell, 20)], false),
        ] {
            let mut tries = Tries::new();
            let pauses: Vec<_> = troubles.iter().map(|(trouble, when)| tries.next(*trouble, at(*when))).collect();
            assert_eq!(pauses.last().is_some_and(Option::is_none), ends, "{troubles:?}");
        }
    }

    #[test]
    fn pauses_grow_to_a_limit() {
        let pauses: Vec<_> = PUTTING_BACK.take(12).collect();
        assert!(pauses.is_sorted());
        assert_eq!((pauses[0], pauses[11]), (PUTTING_BACK.first, PUTTING_BACK.longest));
    }
}
