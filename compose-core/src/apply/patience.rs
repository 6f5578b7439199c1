//! How long a run has been waiting for conditions. The time in which it stops containers does not count: a deadline is for what
//! starts, and a chain of dependencies stops and starts by turns.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// Measures the waiting of one run.
#[derive(Default)]
pub(super) struct Patience {
    clock: Mutex<Clock>,
    changed: Notify,
}

#[derive(Default)]
struct Clock {
    /// When the first wait began.
    since: Option<Instant>,
    /// How many containers are being stopped, and since when any is.
    stopping: usize,
    stopping_since: Option<Instant>,
    /// The time since the first wait in which any was being stopped, up to the last that was.
    stopped: Duration,
}

/// A container is being stopped until this is dropped.
pub(super) struct Stopping<'a>(&'a Patience);

impl Patience {
    /// A container is being stopped.
    pub(super) fn stopping(&self) -> Stopping<'_> {
        let mut clock = self.clock();
        clock.stopping += 1;
        clock.stopping_since.get_or_insert_with(Instant::now);
        drop(clock);
        self.changed.notify_waiters();
        Stopping(self)
    }

    /// Returns when so much time has gone by since the first wait of the run began: a chain of waits takes no longer than one.
    pub(super) async fn ends_after(&self, deadline: Duration) {
        loop {
            let changed = self.changed.notified();
            match self.due(deadline) {
                Some(due) if due <= Instant::now() => return,
                Some(due) => tokio::select! {
                    () = sleep_until(due) => {}
                    () = changed => {}
                },
                None => changed.await,
            }
        }
    }

    /// When a deadline ends, as far as is known; `None` while something is being stopped.
    fn due(&self, deadline: Duration) -> Option<Instant> {
        let mut clock = self.clock();
        let now = Instant::now();
        let since = *clock.since.get_or_insert(now);
        (clock.stopping == 0).then(|| since + clock.stopped + deadline)
    }

    fn clock(&self) -> MutexGuard<'_, Clock> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Stopping<'_> {
    fn drop(&mut self) {
        let mut clock = self.0.clock();
        clock.stopping -= 1;
        if clock.stopping == 0
            && let (Some(began), Some(waiting)) = (clock.stopping_since.take(), clock.since)
        {
            clock.stopped += began.max(waiting).elapsed();
        }
        drop(clock);
        self.0.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_deadline_counts_from_the_first_wait_without_the_time_of_stopping() {
        let patience = Patience::default();
        drop(patience.stopping());
        let began = Instant::now();
        let stop = async {
            tokio::time::sleep(2 * SECOND).await;
            let one = patience.stopping();
            let other = patience.stopping();
            tokio::time::sleep(7 * SECOND).await;
            drop(one);
            tokio::time::sleep(SECOND).await;
            drop(other);
        };
        tokio::join!(patience.ends_after(5 * SECOND), stop);
        assert_eq!(began.elapsed(), 13 * SECOND);
        patience.ends_after(5 * SECOND).await;
        assert_eq!(began.elapsed(), 13 * SECOND, "a second wait gets no time of its own");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_stopped_before_the_first_wait_does_not_lengthen_it() {
        let patience = Patience::default();
        let stopping = patience.stopping();
        tokio::time::sleep(9 * SECOND).await;
        let began = Instant::now();
        let stop = async {
            tokio::time::sleep(SECOND).await;
            drop(stopping);
        };
        tokio::join!(patience.ends_after(5 * SECOND), stop);
        assert_eq!(began.elapsed(), 6 * SECOND);
    }
}
