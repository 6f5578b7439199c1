//! Commands for a shell on the other side, and a terminal there.

use super::error::SshError;
use super::session::Session;
use russh::ChannelMsg;
use std::io::Read as _;
use tokio::sync::mpsc;

/// A word as `sh` reads it back unchanged.
pub(crate) fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// What is to be run with this process's own input and output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interactive {
    /// The command; the login shell when there is none.
    pub(crate) command: Option<String>,
    /// A terminal of this kind is made for it there.
    pub(crate) terminal: Option<String>,
}

impl Session {
    /// Runs a command, or the login shell, with this process's own input and output. Its exit status; `None` when a signal ended it.
    pub(crate) async fn interact(&self, what: &Interactive) -> Result<Option<u32>, SshError> {
        let channel = self.open().await?;
        let lost = |error: russh::Error| self.lost(&error);
        let raw = match &what.terminal {
            None => None,
            Some(kind) => {
                let (columns, rows) = terminal::size();
                channel.request_pty(false, kind, columns, rows, 0, 0, &[]).await.map_err(lost)?;
                terminal::Raw::enter()
            }
        };
        match &what.command {
            Some(command) => channel.exec(false, command.as_str()).await.map_err(lost)?,
            None => channel.request_shell(false).await.map_err(lost)?,
        }
        let mut typed = standard_input();
        let mut resized = terminal::Resizes::new();
        let (mut read, write) = channel.split();
        let mut status = None;
        let mut open = true;
        loop {
            tokio::select! {
                bytes = typed.recv(), if open => {
                    open = bytes.is_some();
                    // What cannot be sent any more is of no use: the reading side tells how it ended.
                    let _ = match bytes {
                        Some(bytes) => write.data_bytes(bytes).await,
                        None => write.eof().await,
                    };
                }
                () = resized.next(), if raw.is_some() => {
                    let (columns, rows) = terminal::size();
                    let _ = write.window_change(columns, rows, 0, 0).await;
                }
                message = read.wait() => match message {
                    Some(ChannelMsg::Data { data }) => show(&mut std::io::stdout(), &data),
                    Some(ChannelMsg::ExtendedData { data, .. }) => show(&mut std::io::stderr(), &data),
                    Some(ChannelMsg::ExitStatus { exit_status }) => status = Some(Some(exit_status)),
                    Some(ChannelMsg::ExitSignal { .. }) => status = Some(None),
                    Some(ChannelMsg::Close) | None => break,
                    Some(_) => {}
                },
            }
        }
        drop(raw);
        status.ok_or_else(|| self.lost(&russh::Error::HUP))
    }
}

/// A reader that has gone away wants no more.
fn show(stream: &mut dyn std::io::Write, bytes: &[u8]) {
    let _ = stream.write_all(bytes).and_then(|()| stream.flush());
}

/// Standard input, read by a thread of its own: a blocked read must not hold up what the server says.
fn standard_input() -> mpsc::Receiver<Vec<u8>> {
    let (send, receive) = mpsc::channel(4);
    std::thread::spawn(move || {
        let mut buffer = vec![0; 32 * 1024];
        let mut input = std::io::stdin().lock();
        while let Ok(read @ 1..) = input.read(&mut buffer) {
            if send.blocking_send(buffer[..read].to_vec()).is_err() {
                break;
            }
        }
    });
    receive
}

#[cfg(unix)]
mod terminal {
    use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
    use tokio::signal::unix::{Signal, SignalKind, signal};

    /// Columns and rows of the terminal.
    pub(super) fn size() -> (u32, u32) {
        match tcgetwinsize(std::io::stdout()) {
            Ok(size) if size.ws_col > 0 => (u32::from(size.ws_col), u32::from(size.ws_row)),
            _ => (80, 24),
        }
    }

    /// While it lives, every key goes to the other side as it is.
    pub(super) struct Raw(Termios);

    impl Raw {
        /// Enters raw mode; `None` where there is no terminal.
        pub(super) fn enter() -> Option<Self> {
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
    pub(super) struct Resizes(Option<Signal>);

    impl Resizes {
        pub(super) fn new() -> Self {
            Self(signal(SignalKind::window_change()).ok())
        }

        pub(super) async fn next(&mut self) {
            match &mut self.0 {
                Some(signal) => drop(signal.recv().await),
                None => std::future::pending().await,
            }
        }
    }
}

#[cfg(not(unix))]
mod terminal {
    pub(super) fn size() -> (u32, u32) {
        (80, 24)
    }

    /// There is no raw mode here: lines are sent when they are complete.
    pub(super) struct Raw;

    impl Raw {
        pub(super) fn enter() -> Option<Self> {
            None
        }
    }

    pub(super) struct Resizes;

    impl Resizes {
        pub(super) fn new() -> Self {
            Self
        }

        pub(super) async fn next(&mut self) {
            std::future::pending().await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn words_are_read_back_unchanged() {
        for (word, quoted) in [
            ("plain-1.0/x", "plain-1.0/x"),
            ("", "''"),
            ("two words", "'two words'"),
            ("it's", r"'it'\''s'"),
            ("$HOME;`x`", "'$HOME;`x`'"),
            ("~root", "'~root'"),
        ] {
            assert_eq!(quote(word), quoted);
        }
    }
}
