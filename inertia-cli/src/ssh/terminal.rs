//! The terminal of this process: its size, its raw mode.

#[cfg(not(unix))]
pub(super) use plain::{Raw, Resizes, size};
#[cfg(unix)]
pub(super) use unix::{Raw, Resizes, size};

#[cfg(unix)]
mod unix {
    use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
    use tokio::signal::unix::{Signal, SignalKind, signal};

    /// Columns and rows of the terminal.
    pub(in crate::ssh) fn size() -> (u32, u32) {
        match tcgetwinsize(std::io::stdout()) {
            Ok(size) if size.ws_col > 0 => (u32::from(size.ws_col), u32::from(size.ws_row)),
            _ => (80, 24),
        }
    }

    /// While it lives, every key goes to the other side as it is.
    pub(in crate::ssh) struct Raw(Termios);

    impl Raw {
        /// Enters raw mode; `None` where there is no terminal.
        pub(in crate::ssh) fn enter() -> Option<Self> {
            let usual = tcgetattr(std::io::stdin()).ok()?;
            let mut raw = usual.clone();
            raw.make_raw();
            tcsetattr(std::io::stdin(), OptionalActions::Now, &raw).ok()?;
            Some(Self(usual))
        }
    }

    impl Drop for Raw {
        fn drop(&mut self) {
            // A terminal that is gone needs no mending.
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.0);
        }
    }

    /// The moments at which the terminal changes its size.
    pub(in crate::ssh) struct Resizes(Option<Signal>);

    impl Resizes {
        pub(in crate::ssh) fn new() -> Self {
            Self(signal(SignalKind::window_change()).ok())
        }

        pub(in crate::ssh) async fn next(&mut self) {
            match &mut self.0 {
                Some(signal) => drop(signal.recv().await),
                None => std::future::pending().await,
            }
        }
    }
}

#[cfg(not(unix))]
mod plain {
    pub(in crate::ssh) fn size() -> (u32, u32) {
        (80, 24)
    }

    /// There is no raw mode here: lines are sent when they are complete.
    pub(in crate::ssh) struct Raw;

    impl Raw {
        pub(in crate::ssh) fn enter() -> Option<Self> {
            None
        }
    }

    pub(in crate::ssh) struct Resizes;

    impl Resizes {
        pub(in crate::ssh) fn new() -> Self {
            Self
        }

        pub(in crate::ssh) async fn next(&mut self) {
            std::future::pending().await
        }
    }
}
