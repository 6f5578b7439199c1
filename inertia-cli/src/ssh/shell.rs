//! Commands for a shell on the other side, and a conversation with one there.

use super::error::SshError;
use super::session::Session;
use crate::failure::chain;
use crate::terminal::{RawMode, Resizes, standard_input, window_size};
use compose_core::engine::TerminalSize;
use russh::client::Msg;
use russh::{Channel, ChannelMsg, ChannelWriteHalf};
use std::io::{ErrorKind, Write};
use tokio::sync::mpsc;

/// The size of a terminal that does not tell its own.
const USUAL_SIZE: TerminalSize = TerminalSize { rows: 24, columns: 80 };

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

/// This side of a conversation.
pub(super) struct Ends<'a> {
    /// What is typed, piece by piece.
    pub(super) typed: mpsc::Receiver<Vec<u8>>,
    /// Takes what the command says.
    pub(super) out: &'a mut (dyn Write + Send),
    /// Takes what it says on standard error.
    pub(super) error: &'a mut (dyn Write + Send),
}

impl Session {
    /// Runs a command, or the login shell, with this process's own input and output. Its exit status; `None` when a signal ended it.
    pub(crate) async fn interact(&self, what: &Interactive) -> Result<Option<u32>, SshError> {
        let channel = self.open().await?;
        let lost = |error: russh::Error| self.lost(&error);
        let raw = match &what.terminal {
            None => None,
            Some(kind) => {
                let size = window_size().unwrap_or(USUAL_SIZE);
                let asked = channel.request_pty(false, kind, size.columns.into(), size.rows.into(), 0, 0, &[]);
                asked.await.map_err(lost)?;
                // Where there is none, lines are sent when they are complete.
                RawMode::enter().ok()
            }
        };
        match &what.command {
            Some(command) => channel.exec(false, command.as_str()).await.map_err(lost)?,
            None => channel.request_shell(false).await.map_err(lost)?,
        }
        let (mut out, mut error) = (std::io::stdout(), std::io::stderr());
        let ends = Ends {
            typed: standard_input(),
            out: &mut out,
            error: &mut error,
        };
        self.converse(channel, ends, raw.is_some()).await
    }

    /// Passes bytes on in both directions until the command has ended, or nobody takes any more what it says.
    pub(super) async fn converse(&self, channel: Channel<Msg>, ends: Ends<'_>, resizes: bool) -> Result<Option<u32>, SshError> {
        let (mut read, write) = channel.split();
        // Both go on while we read: a server that is full takes nothing more until it got rid of what it says.
        let feed = feed(&write, ends.typed);
        let follow = follow(&write, resizes);
        tokio::pin!(feed, follow);
        let (mut fed, mut status) = (false, None);
        loop {
            let message = tokio::select! {
                () = &mut feed, if !fed => {
                    fed = true;
                    continue;
                }
                () = &mut follow => continue,
                message = read.wait() => message,
            };
            match message {
                Some(ChannelMsg::Data { data }) => match show(ends.out, &data) {
                    Ok(()) => {}
                    // Whoever read has read enough, as `head` does.
                    Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(Some(0)),
                    Err(error) => return Err(SshError::Output { reason: chain(&error) }),
                },
                // Complaints that nobody wants are no reason to stop.
                Some(ChannelMsg::ExtendedData { data, .. }) => drop(show(ends.error, &data)),
                Some(ChannelMsg::ExitStatus { exit_status }) => status = Some(Some(exit_status)),
                Some(ChannelMsg::ExitSignal { .. }) => status = Some(None),
                Some(ChannelMsg::Close) | None => break,
                Some(_) => {}
            }
        }
        status.ok_or_else(|| SshError::CutOff {
            host: self.destination().host.clone(),
        })
    }
}

/// Sends what is typed, to its end. What cannot be sent any more is of no use: the reading side tells how it ended.
async fn feed(write: &ChannelWriteHalf<Msg>, mut typed: mpsc::Receiver<Vec<u8>>) {
    while let Some(bytes) = typed.recv().await {
        if write.data_bytes(bytes).await.is_err() {
            return;
        }
    }
    let _ = write.eof().await;
}

/// Tells the other side the terminal's size whenever it changes; never ends.
async fn follow(write: &ChannelWriteHalf<Msg>, resizes: bool) {
    if !resizes {
        return std::future::pending().await;
    }
    let Ok(mut resized) = Resizes::new() else {
        return std::future::pending().await;
    };
    loop {
        let size = resized.next().await;
        let _ = write.window_change(size.columns.into(), size.rows.into(), 0, 0).await;
    }
}

fn show(stream: &mut dyn Write, bytes: &[u8]) -> std::io::Result<()> {
    stream.write_all(bytes)?;
    stream.flush()
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
