//! Git over SSH, with no ssh program: a channel of a connection of our own, on which the server runs `git-upload-pack`.

mod channel;
mod host_keys;

pub(crate) use host_keys::{KnownHosts, Pin, fingerprint, is_fingerprint};

use super::trouble::{Trouble, Unreadable};
use super::url::RepositoryUrl;
use crate::hosting::Hosted;
use crate::ssh_address::SshAddress;
use channel::{Conversation, Input, Said, Words};
use host_keys::Verdict;
use russh::client::{self, Handle};
use russh::keys::{PrivateKey, PrivateKeyWithHashAlg, PublicKey, PublicKeyOrCertificate};
use russh::{Preferred, SshId};
use std::borrow::Cow;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::Handle as Runtime;
use tokio::time::{sleep, timeout};

/// How long connecting and logging in may take.
const LONGEST_LOGIN: Duration = Duration::from_secs(20);
/// How long a server may be silent before the connection is given up.
const LONGEST_SILENCE: Duration = Duration::from_secs(30);
/// How often to look whether the work was called off.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// With what a project reads its repository over SSH.
#[derive(Debug)]
pub(crate) struct SshAccess {
    /// The deploy key.
    key: Arc<PrivateKey>,
    /// What is known about hosts.
    known: KnownHosts,
    /// The key of a host that was new.
    learned: Arc<OnceLock<PublicKey>>,
    /// The key that the host showed.
    shown: Arc<OnceLock<PublicKey>>,
}

impl SshAccess {
    /// Access with a deploy key.
    pub(crate) fn new(key: PrivateKey, known: KnownHosts) -> Self {
        Self {
            key: Arc::new(key),
            known,
            learned: Arc::default(),
            shown: Arc::default(),
        }
    }

    /// The same key for another repository. What is remembered of the project's host says nothing about others.
    pub(super) fn to_other(&self, of_same_host: bool) -> Self {
        let pin = self.known.pin.clone().filter(|_| of_same_host);
        Self {
            key: Arc::clone(&self.key),
            known: KnownHosts { pin, ..self.known.clone() },
            learned: Arc::default(),
            shown: Arc::default(),
        }
    }

    /// What the project is to remember of its host from now on.
    pub(crate) fn learned(&self) -> Option<Pin> {
        self.learned.get().cloned().map(Pin::Key)
    }

    /// The fingerprint of the key that the host showed.
    pub(crate) fn shown(&self) -> Option<String> {
        self.shown.get().map(fingerprint)
    }

    /// Where and how to let the deploy key in.
    fn key_help(&self, url: &RepositoryUrl) -> String {
        let place = Hosted::parse(url.as_str()).map_or_else(|| "the git host".to_owned(), |hosted| hosted.key_place());
        let key = self.key.public_key().to_openssh().unwrap_or_default();
        format!("add this deploy key, which only needs to read, at {place}: {key}")
    }
}

/// An open conversation with `git-upload-pack`.
pub(super) struct Session<'a> {
    /// What the server writes, and what it is written.
    pub(super) input: Input<'a>,
    /// The other direction.
    pub(super) words: Words<'a>,
    /// What the server said beside.
    pub(super) said: Said,
}

/// Connects to a repository's server, blocking, and begins to read from the repository.
pub(super) fn open<'a>(
    url: &RepositoryUrl,
    address: &SshAddress,
    access: &SshAccess,
    stop: &'a AtomicBool,
) -> Result<Session<'a>, Unreadable> {
    let unreachable = |why: &str| {
        Unreadable::new(url, Trouble::Unreachable, format!("{} cannot be reached: {why}", address.place()))
            .help("check the address, and that the server may connect to it")
    };
    let runtime = Runtime::try_current().map_err(|error| Unreadable::new(url, Trouble::Other, error.to_string()))?;
    // Names are looked up on this thread: the runtime's are for other work, and a silent name server is a silent host too.
    let place = (address.host.as_str(), address.port).to_socket_addrs();
    let places: Vec<_> = place.map_err(|error| unreachable(&error.to_string()))?.collect();
    let opened = runtime.block_on(async {
        tokio::select! {
            () = stopped(stop) => Err(Refusal::Stopped),
            opened = timeout(LONGEST_LOGIN, log_in(address, &places, access)) => opened.unwrap_or(Err(Refusal::Slow)),
        }
    });
    let (handle, channel) = opened.map_err(|refusal| match refusal {
        Refusal::Stopped => Unreadable::interrupted(url),
        Refusal::Slow => unreachable(&format!("no answer within {} s", LONGEST_LOGIN.as_secs())),
        Refusal::Unreachable(error) => unreachable(&error.to_string()),
        Refusal::Protocol(error) => unreachable(&error.to_string()),
        Refusal::HostKey { shown, known } => changed(url, address, &shown, &known),
        Refusal::Distrust(why) => Unreadable::new(url, Trouble::Other, format!("{} is not trusted: {why}", address.place()))
            .help("mend the known hosts on the server, or the host's key"),
        Refusal::Key => Unreadable::new(
            url,
            Trouble::KeyRefused,
            format!("{} does not accept the deploy key of this project", address.host),
        )
        .help(access.key_help(url)),
    })?;
    let Conversation { input, words, said } = channel::converse(runtime, handle, channel, stop);
    Ok(Session { input, words, said })
}

fn changed(url: &RepositoryUrl, address: &SshAddress, shown: &str, known: &[String]) -> Unreadable {
    let reason = format!("{} shows the key {shown}, and is known by {}", address.place(), known.join(" or "));
    Unreadable::new(url, Trouble::HostKeyChanged, reason).help(format!(
        "someone may be listening in between; if the host's key was changed on purpose, register the project again and accept \
         the new one: `inertia NAME init --accept-host-key {shown}`"
    ))
}

/// What the server's own words mean after it ended the conversation.
pub(super) fn explain(url: &RepositoryUrl, address: &SshAddress, access: &SshAccess, said: &Said) -> Option<Unreadable> {
    let text = said.text();
    let line = text
        .lines()
        .map(str::trim)
        .filter(|line| line.chars().any(char::is_alphanumeric))
        .collect::<Vec<_>>()
        .join(" ");
    // It becomes part of what is shown in terminals.
    let line: String = line.chars().filter(|c| !c.is_control()).collect();
    if line.is_empty() {
        return None;
    }
    let lower = line.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let reason = format!("{} says: {line}", address.host);
    let unreadable = if has(&[
        "not found",
        "could not be found",
        "does not appear to be a git repository",
        "does not exist",
        "no such file",
    ]) {
        let help = format!(
            "check the address {}; if it is right, the deploy key may not read it: {}",
            url.as_str(),
            access.key_help(url)
        );
        Unreadable::new(url, Trouble::NotFound, reason).help(help)
    } else if has(&[
        "unavailable",
        "internal error",
        "try again",
        "maintenance",
        "overloaded",
        "too many",
    ]) {
        Unreadable::new(url, Trouble::Unreachable, reason)
    } else if has(&["denied", "unauthorized", "not authorized", "permission"]) {
        Unreadable::new(url, Trouble::KeyRefused, reason).help(access.key_help(url))
    } else {
        Unreadable::new(url, Trouble::Other, reason)
    };
    Some(unreadable)
}

/// Why there is no conversation.
enum Refusal {
    Stopped,
    Slow,
    Unreachable(io::Error),
    Protocol(russh::Error),
    HostKey { shown: String, known: Vec<String> },
    Distrust(String),
    Key,
}

impl From<russh::Error> for Refusal {
    fn from(error: russh::Error) -> Self {
        Self::Protocol(error)
    }
}

impl std::fmt::Debug for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Refusal")
    }
}

async fn stopped(stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        sleep(LOOK_AGAIN).await;
    }
}

type Channel = russh::Channel<client::Msg>;

async fn log_in(address: &SshAddress, places: &[SocketAddr], access: &SshAccess) -> Result<(Handle<Client>, Channel), Refusal> {
    let stream = TcpStream::connect(places).await.map_err(Refusal::Unreachable)?;
    let client = Client {
        address: address.clone(),
        known: access.known.clone(),
        learned: Arc::clone(&access.learned),
        shown: Arc::clone(&access.shown),
    };
    let mut handle = client::connect_stream(Arc::new(config(address, access)), stream, client).await?;
    let key = PrivateKeyWithHashAlg::new(Arc::clone(&access.key), None);
    if !handle.authenticate_publickey(&address.user, key).await?.success() {
        // A server that hung up has not judged the key.
        return Err(if handle.is_closed() {
            russh::Error::Disconnect.into()
        } else {
            Refusal::Key
        });
    }
    let channel = handle.channel_open_session().await?;
    // A server that does not take the variable speaks an older version of the protocol.
    channel.set_env(false, "GIT_PROTOCOL", "version=2").await?;
    channel.exec(true, address.command()).await?;
    Ok((handle, channel))
}

fn config(address: &SshAddress, access: &SshAccess) -> client::Config {
    let usual = Preferred::DEFAULT;
    client::Config {
        client_id: SshId::Standard(Cow::Borrowed(concat!("SSH-2.0-inertia_", env!("CARGO_PKG_VERSION")))),
        inactivity_timeout: Some(LONGEST_SILENCE),
        keepalive_interval: Some(LONGEST_SILENCE / 4),
        nodelay: true,
        preferred: Preferred {
            key: Cow::Owned(access.known.preferred(address, &usual.key)),
            ..usual
        },
        ..client::Config::default()
    }
}

/// Our side of the connection: it decides about the host's key.
struct Client {
    address: SshAddress,
    known: KnownHosts,
    learned: Arc<OnceLock<PublicKey>>,
    shown: Arc<OnceLock<PublicKey>>,
}

impl client::Handler for Client {
    type Error = Refusal;

    async fn check_server_key(&mut self, server_public_key: &PublicKeyOrCertificate) -> Result<bool, Refusal> {
        let shown = server_public_key.public_key();
        let _ = self.shown.set(shown.clone());
        match self.known.judge(&self.address, &shown) {
            Verdict::Known => Ok(true),
            Verdict::New => {
                let _ = self.learned.set(shown);
                Ok(true)
            }
            Verdict::Refused(why) => Err(Refusal::Distrust(why)),
            Verdict::Changed(known) => Err(Refusal::HostKey {
                shown: fingerprint(&shown),
                known,
            }),
        }
    }
}
