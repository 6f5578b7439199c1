//! Why a server could not be reached or talked to over SSH, and what to do about it.

use super::session::SILENCE;
use crate::failure::{Failure, chain};
use std::path::PathBuf;

/// What went wrong on the way to a server, or while talking to it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SshError {
    /// The person's configuration makes no sense.
    #[error("{place}: {message}")]
    Config {
        /// File and line.
        place: String,
        /// What is wrong there.
        message: String,
    },
    /// The configuration wants a program to make the connection.
    #[error("~/.ssh/config reaches {host} by the program `{command}` (ProxyCommand), and inertia starts no programs")]
    ProxyCommand {
        /// The host.
        host: String,
        /// The program.
        command: String,
    },
    /// The name means no address.
    #[error("cannot find the address of {host}: {reason}")]
    Unresolved {
        /// The name.
        host: String,
        /// What the system said.
        reason: String,
    },
    /// Nothing answers there.
    #[error("cannot reach {host}:{port}: {reason}")]
    Unreachable {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// What the system said.
        reason: String,
    },
    /// Something answers, but no agreement was come to.
    #[error("what answers at {host}:{port} cannot be talked to over SSH: {reason}")]
    Handshake {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// What went wrong.
        reason: String,
    },
    /// The host hung up before keys were agreed on.
    #[error("the connection to {host}:{port} was lost before keys were agreed on: {CLOSED}")]
    HungUp {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// The host shows another key than the one that is known.
    #[error("the host key of {host} is not the one that {place} knows: it shows {fingerprint} now")]
    HostKeyChanged {
        /// The name under which it is known.
        host: String,
        /// File and line.
        place: String,
        /// The key that was shown.
        fingerprint: String,
    },
    /// The host shows a key that was revoked.
    #[error("the host key of {host} was revoked by {place}: {fingerprint}")]
    HostKeyRevoked {
        /// The host.
        host: String,
        /// File and line.
        place: String,
        /// The key.
        fingerprint: String,
    },
    /// The host's key is not known and nobody can be asked.
    #[error("the host key of {host} is not known: {algorithm} {fingerprint}")]
    HostKeyUnknown {
        /// The host.
        host: String,
        /// The kind of key.
        algorithm: String,
        /// Its fingerprint.
        fingerprint: String,
    },
    /// The person did not accept the host's key.
    #[error("the host key of {host} was not accepted; nothing was sent")]
    HostKeyDeclined {
        /// The host.
        host: String,
    },
    /// A file of host keys cannot be used.
    #[error("cannot use {}: {reason}", path.display())]
    KnownHosts {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A key that was asked for cannot be used.
    #[error("cannot use the key {}: {reason}", path.display())]
    Identity {
        /// Its file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The host accepted none of the keys.
    #[error("{host} does not let '{user}' in: {}", tried_text(tried))]
    Refused {
        /// The host.
        host: String,
        /// The user.
        user: String,
        /// What was shown, or why not.
        tried: Vec<String>,
        /// What the host would accept.
        accepts: Vec<String>,
    },
    /// The connection ended.
    #[error("the connection to {host} was lost: {reason}")]
    Lost {
        /// The host.
        host: String,
        /// What ended it.
        reason: String,
    },
    /// The server is there, and a command that takes no time does not come to its end.
    #[error("the login shell of '{user}' on {host} gave no answer within {seconds} seconds")]
    NoAnswer {
        /// The host.
        host: String,
        /// The user.
        user: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The connection ended before the command of a person did.
    #[error("the connection to {host} was lost before the command there ended")]
    CutOff {
        /// The host.
        host: String,
    },
    /// What a command says cannot be passed on.
    #[error("cannot write what the command says: {reason}")]
    Output {
        /// What the system said.
        reason: String,
    },
}

impl SshError {
    /// The same connection that was lost, after something was said on it.
    pub(super) fn after(self, said: &str) -> Self {
        match self {
            Self::Lost { host, reason } if !said.is_empty() => Self::Lost {
                host,
                reason: format!("{reason}, after it said:\n{said}"),
            },
            other => other,
        }
    }
}

/// Why a connection ended that nobody gave a reason for.
pub(super) const CLOSED: &str = "it was closed from the other side";

/// What ended a connection.
pub(super) fn why_lost(error: &russh::Error) -> String {
    match error {
        error if was_closed(error) => CLOSED.to_owned(),
        russh::Error::KeepaliveTimeout => format!("it said nothing for {} seconds", SILENCE.as_secs()),
        other => chain(other),
    }
}

/// Whether a connection ended without a reason.
pub(super) fn was_closed(error: &russh::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    match error {
        russh::Error::SendError | russh::Error::HUP | russh::Error::Disconnect => true,
        russh::Error::IO(error) => matches!(error.kind(), BrokenPipe | ConnectionReset | UnexpectedEof),
        _ => false,
    }
}

fn tried_text(tried: &[String]) -> String {
    if tried.is_empty() {
        return "there was no key to show".to_owned();
    }
    format!("tried {}", tried.join(", "))
}

impl From<SshError> for Failure {
    fn from(error: SshError) -> Self {
        let failure = Self::new(chain(&error));
        match error {
            SshError::Config { .. } => failure.hint("mend that line; `ssh -G HOST` shows what OpenSSH makes of the file"),
            SshError::ProxyCommand { .. } => failure
                .hint("reach it by `ProxyJump HOST` instead, which inertia understands")
                .hint("or name the server's own address: `inertia remote set NAME host ADDRESS`"),
            SshError::Unresolved { .. } => failure.hint("check the spelling, or give its address: `inertia remote set NAME host ADDRESS`"),
            SshError::Unreachable { .. } => failure
                .hint("is the server running, and does its firewall (or the provider's) let SSH through?")
                .hint("SSH on another port is named by `inertia remote set NAME ssh-port PORT`"),
            SshError::Handshake { .. } => {
                failure.hint("is it really an SSH server that listens there? another port: `inertia remote set NAME ssh-port PORT`")
            }
            SshError::HungUp { .. } => failure
                .hint("run the command again: a server that starts just now, or has too many guests, hangs up")
                .hint("if it does so again: is it really an SSH server that listens there? another port: `inertia remote set NAME ssh-port PORT`"),
            SshError::HostKeyUnknown { .. }
            | SshError::HostKeyDeclined { .. }
            | SshError::HostKeyChanged { .. }
            | SshError::HostKeyRevoked { .. }
            | SshError::KnownHosts { .. } => about_host_key(failure, error),
            SshError::Identity { .. } => failure
                .hint("name another key: `inertia remote set NAME key KEY`, or '' for those of ~/.ssh and the agent")
                .hint("`ssh-keygen -y -f KEY` shows whether the file is a private key and which passphrase fits"),
            SshError::Refused { user, accepts, .. } => refused(failure, &user, &accepts),
            SshError::Lost { .. } => failure.hint("run the command again: what was done is found and not done twice"),
            SshError::NoAnswer { .. } => failure
                .hint("a file that the shell reads as it starts may wait for something (~/.bashrc, ~/.zshenv, config.fish): `ssh USER@HOST true` shows whether it ends")
                .hint("the server may be out of memory or its disk may hang: `uptime` on its console tells how loaded it is"),
            SshError::CutOff { .. } => failure.hint("whether it went on there is not known: look before you run it again"),
            SshError::Output { .. } => failure.hint("is there room where the output goes? the command there may have been ended by it"),
        }
    }
}

/// What to do about a host's key.
fn about_host_key(failure: Failure, error: SshError) -> Failure {
    match error {
        SshError::HostKeyUnknown { .. } => failure
            .hint("compare the fingerprint with the one your provider shows, then accept it: `inertia remote set NAME accept-new-host-key true`")
            .hint("on a terminal inertia asks"),
        SshError::HostKeyChanged { host, .. } => failure.hint("someone may be listening in between; nothing was sent").hint(format!(
            "if you know why it changed (the server was set up anew), forget the old key: ssh-keygen -R '{host}'"
        )),
        SshError::HostKeyRevoked { .. } => failure
            .hint("someone may be listening in between; nothing was sent")
            .hint("the server needs a new host key (`ssh-keygen -A` there, after the old one was removed), or that line is wrong"),
        SshError::HostKeyDeclined { .. } => {
            failure.hint("ask whoever runs the server for the fingerprint, or your provider's console, and run the command again")
        }
        SshError::KnownHosts { path, .. } => failure.hint(format!(
            "it must be a text file that you may read and write: `ls -l '{}'`",
            path.display()
        )),
        _ => failure,
    }
}

/// What to do when no key was accepted.
fn refused(failure: Failure, user: &str, accepts: &[String]) -> Failure {
    let failure = failure
        .hint(format!(
            "put your public key into ~{user}/.ssh/authorized_keys there, or name the right key: `inertia remote set NAME key KEY`"
        ))
        .hint(format!(
            "is '{user}' the right user? servers do not say when a user does not exist; another one: `inertia remote set NAME user USER`"
        ));
    let accepts = |wanted: &str| accepts.iter().any(|method| method == wanted);
    if accepts("password") && !accepts("publickey") {
        return failure.hint("it accepts passwords alone: switch `PubkeyAuthentication` on in its sshd_config");
    }
    failure
}
