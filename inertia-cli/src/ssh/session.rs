//! A connection to a server: made through the hosts on its way, kept alive, used for commands.

use super::destination::Destination;
use super::error::SshError;
use super::handler::{Handler, HandlerError, NewHostKeys};
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
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// How long one address may take to answer.
const CONNECT: Duration = Duration::from_secs(10);
/// How long agreeing on keys may take.
const HANDSHAKE: Duration = Duration::from_secs(20);
/// How often a silent server is asked whether it is still there; three silences end the connection.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// How much of a command's output is kept.
const MOST_OUTPUT: usize = 1 << 20;

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

/// A connection on which we are let in.
pub(crate) struct Session {
    handle: Handle<Handler>,
    /// The connections that this one goes through.
    way: Vec<Handle<Handler>>,
    destination: Destination,
}

impl Session {
    /// Connects and proves who we are.
    pub(crate) async fn connect(destination: &Destination, policy: NewHostKeys, ask: Ask) -> Result<Self, SshError> {
        let mut way: Vec<Handle<Handler>> = Vec::new();
        for hop in destination.jumps.iter().chain([destination]) {
            let mut handle = match way.last() {
                None => meet(hop, dial(hop).await?, policy).await?,
                Some(before) => {
                    let channel = before
                        .channel_open_direct_tcpip(hop.host.clone(), u32::from(hop.port), "127.0.0.1", 0)
                        .await;
                    let channel = channel.map_err(|error| SshError::Unreachable {
                        host: hop.host.clone(),
                        port: hop.port,
                        reason: format!("the host on the way refused to connect to it: {}", chain(&error)),
                    })?;
                    meet(hop, channel.into_stream(), policy).await?
                }
            };
            identity::prove(&mut handle, hop, ask).await?;
            way.push(handle);
        }
        let handle = way.pop().expect("the destination itself is the last hop");
        Ok(Self {
            handle,
            way,
            destination: destination.clone(),
        })
    }

    /// Where it goes.
    pub(crate) fn destination(&self) -> &Destination {
        &self.destination
    }

    /// Runs a command and keeps what it says.
    pub(crate) async fn run(&self, command: &str, input: &[u8]) -> Result<Ended, SshError> {
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

    /// Runs a command whose input and output become one stream.
    pub(crate) async fn bridge(&self, command: &str) -> Result<ChannelStream<Msg>, SshError> {
        let channel = self.open().await?;
        channel.exec(false, command).await.map_err(|error| self.lost(&error))?;
        Ok(channel.into_stream())
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
            reason: match error {
                russh::Error::SendError | russh::Error::HUP | russh::Error::Disconnect => "it was closed from the other side".to_owned(),
                other => chain(other),
            },
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

/// Agrees on keys with a host over a stream and makes sure who it is.
async fn meet<S>(hop: &Destination, stream: S, policy: NewHostKeys) -> Result<Handle<Handler>, SshError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let known = KnownHost::find(&hop.known_hosts, &hop.key_name, hop.port)?;
    let config = Arc::new(Config {
        keepalive_interval: Some(KEEPALIVE),
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
