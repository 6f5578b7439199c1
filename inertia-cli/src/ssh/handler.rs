//! Whom we meet: the host's key against what is known, before anything is sent.

use super::error::{CLOSED, SshError, why_lost};
use super::host_key::{KnownHost, Standing, fingerprint};
use crate::ask::Ask;
use crate::failure::Failure;
use crate::render::note;
use russh::client::DisconnectReason;
use russh::keys::PublicKeyOrCertificate;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

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
    pub(super) end: End,
}

/// Why a connection ended, once it did.
pub(super) type End = Arc<OnceLock<String>>;

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

    async fn disconnected(&mut self, reason: DisconnectReason<HandlerError>) -> Result<(), HandlerError> {
        let why = match &reason {
            DisconnectReason::Error(HandlerError::Transport(error)) => why_lost(error),
            DisconnectReason::Error(HandlerError::Host(error)) => error.to_string(),
            DisconnectReason::ReceivedDisconnect(_) => CLOSED.to_owned(),
        };
        let _ = self.end.set(why);
        match reason {
            DisconnectReason::Error(error) => Err(error),
            DisconnectReason::ReceivedDisconnect(_) => Ok(()),
        }
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
            let shown = format!("The host {host} is not known yet. It shows the key\n  {algorithm} {fingerprint}");
            match consent(ask, &shown, &fingerprint) {
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

/// Whether a person takes the key for the host's, asked until the answer is clear; `None` where nobody can be asked.
fn consent(ask: Ask, shown: &str, fingerprint: &str) -> Result<Option<bool>, Failure> {
    if ask == Ask::Terminal {
        note(shown);
    }
    let mut question = "Connect and remember it? (yes/no/fingerprint)";
    while let Some(answer) = ask.text(question, None)? {
        match meant(&answer, fingerprint) {
            None => question = "Please answer 'yes', 'no' or the fingerprint that you expect",
            clear => return Ok(clear),
        }
    }
    Ok(None)
}

/// What an answer means: a fingerprint is a yes when it is the one that was shown.
fn meant(answer: &str, fingerprint: &str) -> Option<bool> {
    let answer = answer.trim();
    match answer.to_lowercase().as_str() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => (answer == fingerprint).then_some(true),
    }
}

#[cfg(test)]
mod tests {
    use super::meant;

    #[test]
    fn only_a_whole_word_or_the_fingerprint_lets_a_host_in() {
        let shown = "SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8";
        for (answer, means) in [
            ("yes", Some(true)),
            (" Yes\n", Some(true)),
            (shown, Some(true)),
            ("no", Some(false)),
            ("NO", Some(false)),
            ("y", None),
            ("n", None),
            ("", None),
            ("SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY", None),
            ("sha256:nthbg6kxupjwgl7e1igocspromtxdcarlvikw6e5sy8", None),
        ] {
            assert_eq!(meant(answer, shown), means, "{answer:?}");
        }
    }
}
