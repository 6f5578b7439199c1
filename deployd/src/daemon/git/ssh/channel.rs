//! A channel as git reads and writes it: blocking, bounded in time and memory, and stopped when nobody waits any more.

use super::{Client, LONGEST_SILENCE, LOOK_AGAIN, stopped};
use russh::client::{Handle, Msg};
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::runtime::Handle as Runtime;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// How many messages of the server may wait to be read; it waits meanwhile.
const MOST_WAITING: usize = 16;
/// How much of what a server says beside is kept, in bytes.
const MOST_SAID: usize = 4096;

/// What the server said beside: its errors.
#[derive(Clone, Default)]
pub(in crate::daemon::git) struct Said(Arc<Mutex<Vec<u8>>>);

impl Said {
    /// As text.
    pub(in crate::daemon::git) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    fn add(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MOST_SAID.saturating_sub(kept.len()).min(bytes.len());
        kept.extend_from_slice(&bytes[..room]);
    }
}

/// Both directions of a channel, and what is said beside.
pub(super) struct Conversation<'a> {
    pub(super) input: Input<'a>,
    pub(super) words: Words<'a>,
    pub(super) said: Said,
}

/// What the server writes.
pub(in crate::daemon::git) struct Input<'a> {
    runtime: Runtime,
    stop: &'a AtomicBool,
    messages: mpsc::Receiver<Vec<u8>>,
    rest: Vec<u8>,
    read: usize,
    /// The connection ends with it.
    _connection: Handle<Client>,
}

/// What the server is written.
pub(in crate::daemon::git) struct Words<'a> {
    runtime: Runtime,
    stop: &'a AtomicBool,
    channel: ChannelWriteHalf<Msg>,
}

/// Makes a channel blocking.
pub(super) fn converse(runtime: Runtime, connection: Handle<Client>, channel: Channel<Msg>, stop: &AtomicBool) -> Conversation<'_> {
    let (input, output) = channel.split();
    let (sender, messages) = mpsc::channel(MOST_WAITING);
    let said = Said::default();
    runtime.spawn(listen(input, sender, said.clone()));
    Conversation {
        input: Input {
            runtime: runtime.clone(),
            stop,
            messages,
            rest: Vec::new(),
            read: 0,
            _connection: connection,
        },
        words: Words {
            runtime,
            stop,
            channel: output,
        },
        said,
    }
}

/// Takes what the server sends until the channel is closed or nobody reads.
async fn listen(mut input: ChannelReadHalf, reader: mpsc::Sender<Vec<u8>>, said: Said) {
    while let Some(message) = input.wait().await {
        let bytes = match message {
            ChannelMsg::Data { data } => data,
            ChannelMsg::ExtendedData { data, .. } => {
                said.add(&data);
                continue;
            }
            ChannelMsg::Failure => {
                said.add(b"git-upload-pack may not be run");
                return;
            }
            ChannelMsg::Close => return,
            _ => continue,
        };
        if reader.send(bytes.to_vec()).await.is_err() {
            return;
        }
    }
}

fn interrupted() -> io::Error {
    io::Error::other("interrupted")
}

fn silent() -> io::Error {
    io::Error::new(
        io::ErrorKind::TimedOut,
        format!("the server was silent for {} s", LONGEST_SILENCE.as_secs()),
    )
}

impl Input<'_> {
    /// Waits for the next piece; `false` at the end.
    fn refill(&mut self) -> io::Result<bool> {
        let began = Instant::now();
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return Err(interrupted());
            }
            match self.runtime.block_on(timeout(LOOK_AGAIN, self.messages.recv())) {
                Ok(Some(bytes)) => {
                    (self.rest, self.read) = (bytes, 0);
                    return Ok(true);
                }
                Ok(None) => return Ok(false),
                Err(_) if began.elapsed() > LONGEST_SILENCE => return Err(silent()),
                Err(_) => {}
            }
        }
    }
}

impl Read for Input<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.read == self.rest.len() {
            if !self.refill()? {
                return Ok(0);
            }
        }
        let piece = &self.rest[self.read..];
        let length = piece.len().min(buffer.len());
        buffer[..length].copy_from_slice(&piece[..length]);
        self.read += length;
        Ok(length)
    }
}

impl Write for Words<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Self { runtime, stop, channel } = self;
        runtime.block_on(async {
            tokio::select! {
                () = stopped(stop) => Err(interrupted()),
                sent = timeout(LONGEST_SILENCE, channel.data_bytes(bytes.to_vec())) => match sent {
                    Ok(sent) => sent.map(|()| bytes.len()).map_err(|error| io::Error::new(io::ErrorKind::BrokenPipe, error)),
                    Err(_) => Err(silent()),
                },
            }
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
