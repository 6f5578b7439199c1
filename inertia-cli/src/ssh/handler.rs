//! Whom we meet: the host's key against what is known, before anything is sent.

use super::error::SshError;
use super::host_key::{KnownHost, Standing, fingerprint};
use crate::ask::Ask;
use russh::keys::PublicKeyOrCertificate;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What becomes of hosts that nothing is known about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NewHostKeys {
    /// Their keys are written down.
    Accept,
    /// The person is asked; where nobody can be, they are refused.
    Ask(Ask),
}

/// The client's side of a connection.
pub(super) struct Handler {
    pub(super) known: KnownHost,
    pub(super) policy: NewHostKeys,
    /// Set while and after a question was asked, so that thinking it over is no timeout.
    pub(super) asked: Arc<AtomicBool>,
}

/// Why a connection ended.
#[derive(Debug)]
pub(super) enum HandlerError {
    /// We do not want to talk to this host.
    Host(Box<SshError>),
    /// Anything else.
    Transport(russh::Error),
}

impl From<russh::Error> for HandlerError {
    fn from(error: russh::Error) -> Self {
        Self::Transport(error)
    }
}

impl russh::client::Handler for Handler {
    type Error = HandlerError;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, HandlerError> {
        self.check(shown)
            .map(|()| true)
            .map_err(|error| HandlerError::Host(Box::new(error)))
    }
}

impl Handler {
    fn check(&self, shown: &PublicKeyOrCertificate) -> Result<(), SshError> {
        let key = shown.public_key();
        let host = self.known.name().to_owned();
        let fingerprint = fingerprint(&key);
        match self.known.standing(&key) {
            Standing::Known => return Ok(()),
            Standing::Changed(place) => return Err(SshError::HostKeyChanged { host, place, fingerprint }),
            Standing::Revoked(place) => return Err(SshError::HostKeyRevoked { host, place, fingerprint }),
            Standing::Unknown => {}
        }
        let algorithm = key.algorithm().to_string();
        if let NewHostKeys::Ask(ask) = self.policy {
            self.asked.store(true, Ordering::SeqCst);
            let question =
                format!("The host {host} is not known yet. It shows the key\n  {algorithm} {fingerprint}\nConnect and remember it?");
            match ask.confirm(&question) {
                Ok(Some(true)) => {}
                Ok(Some(false)) | Err(_) => return Err(SshError::HostKeyDeclined { host }),
                Ok(None) => {
                    return Err(SshError::HostKeyUnknown {
                        host,
                        algorithm,
                        fingerprint,
                    });
                }
            }
        }
        self.known.learn(&key)
    }
}
