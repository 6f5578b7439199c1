//! Tells those who wait that there is something new in the store.

use tokio::sync::watch;

/// Counts what was written. Readers read the store; this only wakes them.
pub(crate) struct Feed(watch::Sender<u64>);

impl Default for Feed {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Feed {
    /// Wakes everyone who waits.
    pub(crate) fn wake(&self) {
        self.0.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// A receiver that sees every wake from now on.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}
