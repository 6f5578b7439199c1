//! The signals by which people and systems end a command.

use crate::failure::Failure;

/// Interrupt and termination, as they come.
pub(crate) struct StopSignals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl StopSignals {
    /// From now on these signals do not end the process by themselves.
    pub(crate) fn new() -> Result<Self, Failure> {
        #[cfg(unix)]
        {
            use crate::failure::Attempt as _;
            use tokio::signal::unix::{SignalKind, signal};
            let saying = "cannot listen for signals";
            Ok(Self {
                interrupt: signal(SignalKind::interrupt()).attempt(saying)?,
                terminate: signal(SignalKind::terminate()).attempt(saying)?,
            })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// The next one.
    pub(crate) async fn next(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    }
}
