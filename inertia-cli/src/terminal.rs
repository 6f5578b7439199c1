//! The terminal of this process: raw mode, the window's size, and what is typed.

use crate::failure::{Attempt as _, Failure};
use compose_core::engine::TerminalSize;
use std::io::Read as _;
use tokio::sync::mpsc;

/// Bytes that are read at a time.
const CHUNK: usize = 32 * 1024;
/// Chunks that may wait for whoever takes them.
const WAITING: usize = 4;

/// The terminal passes every key on, unchanged and at once, until this is dropped.
#[derive(Debug)]
pub(crate) struct RawMode {
    #[cfg(unix)]
    saved: rustix::termios::Termios,
}

impl RawMode {
    /// Switches the terminal of standard input.
    #[cfg(unix)]
    pub(crate) fn enter() -> Result<Self, Failure> {
        use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
        let attempt = "cannot switch the terminal to raw mode";
        let saved = tcgetattr(std::io::stdin()).attempt(attempt)?;
        let mut raw = saved.clone();
        raw.make_raw();
        tcsetattr(std::io::stdin(), OptionalActions::Drain, &raw).attempt(attempt)?;
        Ok(Self { saved })
    }

    /// Terminals of other systems are left to themselves.
    #[cfg(not(unix))]
    pub(crate) fn enter() -> Result<Self, Failure> {
        Err(Failure::new("interactive terminals are not supported on this system").hint("add -T"))
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        #[cfg(unix)]
        {
            // A terminal that has gone away needs no settings.
            let _ = rustix::termios::tcsetattr(std::io::stdin(), rustix::termios::OptionalActions::Drain, &self.saved);
        }
    }
}

/// The size of the window; `None` where there is no terminal, or it has no size.
pub(crate) fn window_size() -> Option<TerminalSize> {
    #[cfg(unix)]
    {
        let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
        (size.ws_row > 0 && size.ws_col > 0).then_some(TerminalSize {
            rows: size.ws_row,
            columns: size.ws_col,
        })
    }
    #[cfg(not(unix))]
    None
}

/// Tells of every new size of the window.
pub(crate) struct Resizes {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
}

impl Resizes {
    /// Begins to listen.
    pub(crate) fn new() -> Result<Self, Failure> {
        Ok(Self {
            #[cfg(unix)]
            signal: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::window_change())
                .attempt("cannot listen for changes of the window")?,
        })
    }

    /// The next size.
    pub(crate) async fn next(&mut self) -> TerminalSize {
        #[cfg(unix)]
        loop {
            self.signal.recv().await;
            if let Some(size) = window_size() {
                return size;
            }
        }
        #[cfg(not(unix))]
        std::future::pending().await
    }
}

/// What comes in on standard input, until its end.
///
/// It is read on a thread that nobody waits for: a read from a terminal cannot be called off, and
/// must not hold up the end of the process.
pub(crate) fn standard_input() -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel(WAITING);
    std::thread::spawn(move || {
        let mut stdin = std::io::stdin().lock();
        let mut buffer = vec![0; CHUNK];
        loop {
            match stdin.read(&mut buffer) {
                Ok(0) => return,
                Ok(count) => {
                    if sender.blocking_send(buffer[..count].to_vec()).is_err() {
                        return;
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    });
    receiver
}
