//! A connection to a server: made through the hosts on its way, kept alive, used for commands.

use super::destination::Destination;
use super::error::{SshError, was_closed, why_lost};
use super::handler::{End, Handler, HandlerError, NewHostKeys};
use super::host_key::KnownHost;
use super::identity;
use crate::ask::Ask;
use crate::failure::chain;
use russh::client::{Config, Handle, Msg};
use russh::keys::Algorithm;
use russh::{Channel, ChannelMsg, ChannelStream, Disconnect, Preferred};
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How long one address may take to answer.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a host on the way may take to connect to the next one.
const HOP: Duration = Duration::from_secs(20);
/// How long agreeing on keys may take.
const HANDSHAKE: Duration = Duration::from_secs(20);
/// How long a server may think about one key; some look up names of ours first that nobody answers for.
const VERDICT: Duration = Duration::from_secs(40);
/// How long a question to its shell may take.
const ANSWER: Duration = Duration::from_mins(1);
/// How often a silent server is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// How many questions it may leave open.
const OPEN_KEEPALIVES: usize = 3;
/// How long it may say nothing.
pub(super) const SILENCE: Duration = Duration::from_secs(KEEPALIVE.as_secs() * (OPEN_KEEPALIVES as u64 + 1));
/// How much of a command's output is kept.
const MOST_OUTPUT: usize = 1 << 20;
/// How much is kept of what a bridge complains about.
const MOST_COMPLAINTS: usize = 4 << 10;

/// Where a command's bytes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Its standard output.
    Out,
    /// Its standard error.
    Error,
}

/// How a command ended and what it said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ended {
    /// Its exit status; `None` when a signal ended it.
    pub(crate) status: Option<u32>,
    /// Its standard output.
    pub(crate) out: String,
    /// Its standard error.
    pub(crate) error: String,
}

impl Ended {
    /// It ended with status 0.
    pub(crate) fn succeeded(&self) -> bool {
        self.status == Some(0)
    }
}

/// How a bridge ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bridged {
    /// The command's exit status; `None` when a signal ended it.
    pub(crate) status: Option<u32>,
    /// Its standard error.
    pub(crate) error: String,
}

/// A connection on which we are let in.
pub(crate) struct Session {
    handle: Handle<Handler>,
    /// The connections that this one goes through.
    way: Vec<Handle<Handler>>,
    destination: Destination,
    end: End,
}

impl Session {
    /// Connects and proves who we are.
    pub(crate) async fn connect(destination: &Destination, policy: NewHostKeys, ask: Ask) -> Result<Self, SshError> {
        Self::connect_within(destination, policy, ask, VERDICT).await
    }

    /// Connects and proves who we are; the server may think about each key for so long.
    pub(super) async fn connect_within(
        destination: &Destination,
        policy: NewHostKeys,
        ask: Ask,
        verdict: Duration,
    ) -> Result<Self, SshError> {
        let mut way: Vec<Handle<Handler>> = Vec::new();
        let mut end = End::default();
        for hop in destination.jumps.iter().chain([destination]) {
            end = End::default();
            let mut handle = match way.last() {
                None => meet(hop, dial(hop).await?, policy, &end).await?,
                Some(before) => meet(hop, jump(before, hop).await?, policy, &end).await?,
            };
            identity::prove(&mut handle, hop, ask, verdict).await?;
            way.push(handle);
        }
        let handle = way.pop().expect("the destination itself is the last hop");
        Ok(Self {
            handle,
            way,
            destination: destination.clone(),
            end,
        })
    }

    /// Where it goes.
    pub(crate) fn destination(&self) -> &Destination {
        &self.destination
    }

    /// Runs a short command and keeps what it says: a server that lives may have a shell that never comes to it.
    pub(crate) async fn run(&self, command: &str, input: &[u8]) -> Result<Ended, SshError> {
        self.run_within(command, input, ANSWER).await
    }

    /// The same; the command may take so long.
    pub(super) async fn run_within(&self, command: &str, input: &[u8], patience: Duration) -> Result<Ended, SshError> {
        let answer = tokio::time::timeout(patience, self.hear_out(command, input)).await;
        answer.unwrap_or_else(|_| {
            Err(SshError::NoAnswer {
                host: self.destination.host.clone(),
                user: self.destination.user.clone(),
                seconds: patience.as_secs(),
            })
        })
    }

    async fn hear_out(&self, command: &str, input: &[u8]) -> Result<Ended, SshError> {
        let (mut out, mut error) = (Vec::new(), Vec::new());
        let mut input = input;
        let status = self
            .stream(command, &mut input, &mut |source, bytes| {
                let kept = match source {
                    Source::Out => &mut out,
                    Source::Error => &mut error,
                };
                let room = MOST_OUTPUT.saturating_sub(kept.len());
                kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
            })
            .await?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(Ended {
            status,
            out: text(out),
            error: text(error),
        })
    }

    /// Runs a command, giving it `input` and handing on what it says as it comes. Its exit status; `None` when a signal ended it.
    pub(crate) async fn stream(
        &self,
        command: &str,
        input: &mut (dyn AsyncRead + Unpin + Send),
        take: &mut (dyn FnMut(Source, &[u8]) + Send),
    ) -> Result<Option<u32>, SshError> {
        let channel = self.open().await?;
        channel.exec(true, command).await.map_err(|error| self.lost(&error))?;
        let (mut read, write) = channel.split();
        let feed = async move {
            // A command that has read enough closes its side: that is no failure of ours.
            let _ = write.data(input).await;
            let _ = write.eof().await;
            write
        };
        tokio::pin!(feed);
        let mut fed = None;
        let mut status = None;
        loop {
            let message = tokio::select! {
                write = &mut feed, if fed.is_none() => {
                    fed = Some(write);
                    continue;
                }
                message = read.wait() => message,
            };
            match message {
                Some(ChannelMsg::Data { data }) => take(Source::Out, &data),
                Some(ChannelMsg::ExtendedData { data, .. }) => take(Source::Error, &data),
                Some(ChannelMsg::ExitStatus { exit_status }) => status = Some(Some(exit_status)),
                Some(ChannelMsg::ExitSignal { .. }) => status = Some(None),
                Some(ChannelMsg::Failure) => return Err(self.lost(&russh::Error::RequestDenied)),
                Some(ChannelMsg::Close) | None => break,
                Some(_) => {}
            }
        }
        match status {
            Some(status) => Ok(status),
            // Without a word about its end, the command was cut off with the connection.
            None => Err(self.lost(&russh::Error::HUP)),
        }
    }

    /// Runs a command whose input and output are those of a stream, until one of them has ended. The stream stays open
    /// until the command's end is known: whoever sees it break can ask why.
    pub(crate) async fn bridge<S>(&self, command: &str, stream: S) -> Result<Bridged, SshError>
    where
        S: AsyncRead + AsyncWrite + Send,
    {
        let channel = self.open().await?;
        channel.exec(true, command).await.map_err(|error| self.lost(&error))?;
        let (mut read, write) = channel.split();
        let (from, mut to) = tokio::io::split(stream);
        let feed = async {
            // An end of this direction is none of the other one, which tells how it went.
            let _ = write.data(from).await;
            let _ = write.eof().await;
        };
        let drain = async {
            let (mut status, mut complaints) = (None, Vec::new());
            while let Some(message) = read.wait().await {
                match message {
                    // Passed on; when that fails, whoever used the stream has gone.
                    ChannelMsg::Data { data } if to.write_all(&data).await.is_err() => {
                        status = Some(Some(0));
                        break;
                    }
                    ChannelMsg::ExtendedData { data, .. } => {
                        let room = MOST_COMPLAINTS.saturating_sub(complaints.len());
                        complaints.extend_from_slice(&data[..data.len().min(room)]);
                    }
                    ChannelMsg::ExitStatus { exit_status } => status = Some(Some(exit_status)),
                    ChannelMsg::ExitSignal { .. } => status = Some(None),
                    ChannelMsg::Failure => return Err(self.lost(&russh::Error::RequestDenied)),
                    ChannelMsg::Close => break,
                    _ => {}
                }
            }
            let error = String::from_utf8_lossy(&complaints).trim().to_owned();
            match status {
                Some(status) => Ok(Bridged { status, error }),
                // As of any command: without a word about its end, it was cut off with the connection.
                None => Err(self.lost(&russh::Error::HUP).after(&error)),
            }
        };
        tokio::pin!(feed, drain);
        tokio::select! {
            ended = &mut drain => ended,
            () = &mut feed => drain.await,
        }
    }

    /// Opens a channel for one command.
    pub(super) async fn open(&self) -> Result<Channel<Msg>, SshError> {
        self.handle.channel_open_session().await.map_err(|error| self.lost(&error))
    }

    /// Says goodbye; a connection that is gone already is fine.
    pub(crate) async fn close(self) {
        for handle in std::iter::once(self.handle).chain(self.way.into_iter().rev()) {
            let _ = handle.disconnect(Disconnect::ByApplication, "", "en").await;
        }
    }

    pub(super) fn lost(&self, error: &russh::Error) -> SshError {
        SshError::Lost {
            host: self.destination.host.clone(),
            reason: self.end.get().cloned().unwrap_or_else(|| why_lost(error)),
        }
    }
}

/// A TCP connection to a host, by the first of its addresses that answers.
async fn dial(hop: &Destination) -> Result<TcpStream, SshError> {
    let addresses = tokio::net::lookup_host((hop.host.as_str(), hop.port))
        .await
        .map_err(|error| SshError::Unresolved {
            host: hop.host.clone(),
            reason: error.to_string(),
        })?;
    let mut reason = "its name has no address".to_owned();
    for address in addresses {
        match tokio::time::timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Small messages are all there is at first; without it they only wait longer.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => reason = error.to_string(),
            Err(_) => reason = format!("no answer within {} seconds", CONNECT.as_secs()),
        }
    }
    Err(SshError::Unreachable {
        host: hop.host.clone(),
        port: hop.port,
        reason,
    })
}

/// A stream to a host that another one connects to.
async fn jump(before: &Handle<Handler>, hop: &Destination) -> Result<ChannelStream<Msg>, SshError> {
    let failed = |reason: String| SshError::Unreachable {
        host: hop.host.clone(),
        port: hop.port,
        reason,
    };
    let opening = before.channel_open_direct_tcpip(hop.host.clone(), u32::from(hop.port), "127.0.0.1", 0);
    match tokio::time::timeout(HOP, opening).await {
        Ok(Ok(channel)) => Ok(channel.into_stream()),
        Ok(Err(error)) => Err(failed(format!("the host on the way refused to connect to it: {}", chain(&error)))),
        Err(_) => Err(failed(format!(
            "the host on the way did not come to it within {} seconds",
            HOP.as_secs()
        ))),
    }
}

/// Agrees on keys with a host over a stream and makes sure who it is.
async fn meet<S>(hop: &Destination, stream: S, policy: NewHostKeys, end: &End) -> Result<Handle<Handler>, SshError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let known = KnownHost::find(&hop.known_hosts, &hop.key_name)?;
    let config = Arc::new(Config {
        keepalive_interval: Some(KEEPALIVE),
        keepalive_max: OPEN_KEEPALIVES,
        preferred: Preferred {
            key: Cow::Owned(known_first(&known.algorithms())),
            ..Preferred::default()
        },
        ..Config::default()
    });
    let asked = Arc::new(AtomicBool::new(false));
    let handler = Handler {
        known,
        policy,
        asked: Arc::clone(&asked),
        end: Arc::clone(end),
    };
    let failed = |reason: String| SshError::Handshake {
        host: hop.host.clone(),
        port: hop.port,
        reason,
    };
    let connecting = russh::client::connect_stream(config, stream, handler);
    tokio::pin!(connecting);
    loop {
        tokio::select! {
            biased;
            met = &mut connecting => return met.map_err(|error| match error {
                HandlerError::Host(error) => *error,
                HandlerError::Transport(error) if was_closed(&error) => SshError::HungUp {
                    host: hop.host.clone(),
                    port: hop.port,
                },
                HandlerError::Transport(error) => failed(chain(&error)),
            }),
            () = tokio::time::sleep(HANDSHAKE) => {
                if !asked.swap(false, Ordering::SeqCst) {
                    return Err(failed(format!("no agreement within {} seconds", HANDSHAKE.as_secs())));
                }
            }
        }
    }
}

/// The kinds of host keys we understand, those by which the host is known before the others.
fn known_first(known: &[Algorithm]) -> Vec<Algorithm> {
    let usual = Preferred::default().key;
    let is_rsa = |algorithm: &Algorithm| matches!(algorithm, Algorithm::Rsa { .. });
    let is_known = |algorithm: &&Algorithm| known.iter().any(|known| known == *algorithm || is_rsa(known) && is_rsa(algorithm));
    let (first, rest): (Vec<&Algorithm>, Vec<&Algorithm>) = usual.iter().partition(is_known);
    first.into_iter().chain(rest).cloned().collect()
}
