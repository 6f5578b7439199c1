//! Proving who we are: keys in the order in which OpenSSH's users expect them to be shown.
//!
//! The key of a flag, those of the configuration, the agent's, those that usually lie in `~/.ssh`.
//! A key that is encrypted is used through the agent where it holds it, and asked for otherwise.

use super::destination::Destination;
use super::error::{CLOSED, SshError, why_lost};
use super::handler::Handler;
use super::signing::{Signing, SigningError};
use crate::ask::Ask;
use crate::failure::chain;
#[cfg(unix)]
use crate::render::note;
use russh::client::{AuthResult, Handle};
#[cfg(unix)]
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::{AgentClient, AgentStream};
use russh::keys::{HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKey};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// How long the agent may take to list its keys, which asks no person.
const AGENT: Duration = Duration::from_secs(10);
/// How often a passphrase may be mistyped.
const MOST_PASSPHRASES: usize = 3;

pub(super) type Agent = AgentClient<Box<dyn AgentStream + Send + Unpin>>;

/// Shows keys until the host lets us in.
pub(super) async fn prove(handle: &mut Handle<Handler>, destination: &Destination, ask: Ask, verdict: Duration) -> Result<(), SshError> {
    let (agent, agent_keys) = open_agent(destination, AGENT).await;
    let mut proof = Proof {
        handle,
        destination,
        ask,
        verdict,
        agent,
        agent_keys,
        shown: Vec::new(),
        tried: Vec::new(),
        accepts: Vec::new(),
    };
    if proof.run().await? {
        return Ok(());
    }
    Err(SshError::Refused {
        host: destination.host.clone(),
        user: destination.user.clone(),
        tried: proof.tried,
        accepts: proof.accepts,
    })
}

struct Proof<'a> {
    handle: &'a mut Handle<Handler>,
    destination: &'a Destination,
    ask: Ask,
    /// How long the host may think about one key.
    verdict: Duration,
    agent: Option<Agent>,
    agent_keys: Vec<PublicKey>,
    /// Keys that were refused once are not shown again.
    shown: Vec<PublicKey>,
    tried: Vec<String>,
    accepts: Vec<String>,
}

impl Proof<'_> {
    async fn run(&mut self) -> Result<bool, SshError> {
        if let Some(path) = self.destination.identity.clone()
            && self.file(&path, true).await?
        {
            return Ok(true);
        }
        for path in self.destination.identity_files.clone() {
            if self.file(&path, false).await? {
                return Ok(true);
            }
        }
        let agents_own = if self.destination.files_alone {
            Vec::new()
        } else {
            self.agent_keys.clone()
        };
        for key in agents_own {
            if self.through_agent(&key, &format!("the agent's key {}", label(&key))).await? {
                return Ok(true);
            }
        }
        for path in self.destination.usual_files.clone() {
            if path.is_file() && self.file(&path, false).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Shows the key of a file; what cannot be read is an error only where it was asked for by a flag.
    async fn file(&mut self, path: &Path, insisted: bool) -> Result<bool, SshError> {
        let refuse = |reason: String| SshError::Identity {
            path: path.to_owned(),
            reason,
        };
        let public = public_half(path);
        if let Some(key) = public.filter(|key| self.holds(key)) {
            return self.through_agent(&key, &path.display().to_string()).await;
        }
        let key = match self.load(path) {
            Ok(Some(key)) => key,
            Ok(None) => {
                self.tried.push(format!(
                    "{} (skipped: it is encrypted and nobody can be asked for its passphrase)",
                    path.display()
                ));
                return Ok(false);
            }
            Err(reason) if insisted => return Err(refuse(reason)),
            Err(reason) => {
                self.tried.push(format!("{} (skipped: {reason})", path.display()));
                return Ok(false);
            }
        };
        let public = key.public_key().clone();
        if self.was_shown(&public) {
            return Ok(false);
        }
        let hash = self.rsa_hash(&public).await?;
        let shown = PrivateKeyWithHashAlg::new(Arc::new(key), hash);
        let asked = self.handle.authenticate_publickey(self.destination.user.clone(), shown);
        match tokio::time::timeout(self.verdict, asked).await {
            Ok(Ok(answer)) => self.note(answer, &path.display().to_string()),
            Ok(Err(error)) => Err(self.lost(why_lost(&error))),
            Err(_) => Err(self.silent()),
        }
    }

    async fn through_agent(&mut self, key: &PublicKey, name: &str) -> Result<bool, SshError> {
        if self.was_shown(key) {
            return Ok(false);
        }
        let hash = self.rsa_hash(key).await?;
        let Some(agent) = &mut self.agent else { return Ok(false) };
        let user = self.destination.user.clone();
        let mut signer = Signing::new(agent);
        let steps = signer.steps();
        let asked = self.handle.authenticate_publickey_with(user, key.clone(), hash, &mut signer);
        let answer = steps.within(self.verdict, asked).await;
        match answer {
            Some(Ok(answer)) => self.note(answer, name),
            Some(Err(SigningError::Agent(error))) => {
                self.tried.push(format!("{name} (skipped: {})", chain(&error)));
                Ok(false)
            }
            Some(Err(SigningError::Lost)) => Err(self.lost(CLOSED.to_owned())),
            None => Err(self.silent()),
        }
    }

    fn holds(&self, key: &PublicKey) -> bool {
        self.agent_keys.iter().any(|held| held.key_data() == key.key_data())
    }

    fn was_shown(&mut self, key: &PublicKey) -> bool {
        let seen = self.shown.iter().any(|shown| shown.key_data() == key.key_data());
        if !seen {
            self.shown.push(key.clone());
        }
        seen
    }

    /// Whether an answer lets us in.
    fn note(&mut self, answer: AuthResult, name: &str) -> Result<bool, SshError> {
        match answer {
            AuthResult::Success => Ok(true),
            // A server that refuses names what it would accept; this is what is left of one that hung up.
            AuthResult::Failure {
                remaining_methods,
                partial_success: false,
            } if remaining_methods.is_empty() => {
                self.tried.push(name.to_owned());
                Err(self.lost(CLOSED.to_owned()))
            }
            AuthResult::Failure {
                remaining_methods,
                partial_success,
            } => {
                self.accepts = remaining_methods.iter().map(String::from).collect();
                let note = if partial_success {
                    " (accepted, but the server wants a second proof)"
                } else {
                    ""
                };
                self.tried.push(format!("{name}{note}"));
                Ok(false)
            }
        }
    }

    /// The hash for an RSA key: SHA-1 is never offered unless the server knows nothing else.
    async fn rsa_hash(&self, key: &PublicKey) -> Result<Option<HashAlg>, SshError> {
        if !key.algorithm().is_rsa() {
            return Ok(None);
        }
        let supported = self
            .handle
            .best_supported_rsa_hash()
            .await
            .map_err(|error| self.lost(why_lost(&error)))?;
        Ok(supported.unwrap_or(Some(HashAlg::Sha256)))
    }

    fn lost(&self, reason: String) -> SshError {
        // Servers hang up on those who show too many keys.
        SshError::Lost {
            host: self.destination.host.clone(),
            reason: match self.tried.len() {
                0..=3 => reason,
                many => format!("{reason} after {many} keys were tried; name the right one: `inertia remote set NAME key KEY`"),
            },
        }
    }

    fn silent(&self) -> SshError {
        SshError::Lost {
            host: self.destination.host.clone(),
            reason: format!("it does not say within {} seconds whether it lets us in", self.verdict.as_secs()),
        }
    }

    /// A private key; `None` when it is encrypted and nobody can be asked.
    fn load(&self, path: &Path) -> Result<Option<PrivateKey>, String> {
        let text = std::fs::read_to_string(path)
            .map(Zeroizing::new)
            .map_err(|error| error.to_string())?;
        match russh::keys::decode_secret_key(&text, None) {
            Ok(key) if !key.is_encrypted() => return Ok(Some(key)),
            Ok(_) | Err(russh::keys::Error::KeyIsEncrypted) => {}
            Err(error) if !is_encrypted(&text) => return Err(chain(&error)),
            Err(_) => {}
        }
        for _ in 0..MOST_PASSPHRASES {
            let asked = self.ask.secret(&format!("Passphrase of {}", path.display()));
            let Some(passphrase) = asked.map_err(|failure| failure.text())? else {
                return Ok(None);
            };
            if let Ok(key) = russh::keys::decode_secret_key(&text, Some(&passphrase)) {
                return Ok(Some(key));
            }
        }
        Err("the passphrase does not fit".to_owned())
    }
}

fn label(key: &PublicKey) -> String {
    match key.comment().to_string() {
        comment if comment.is_empty() => super::host_key::fingerprint(key),
        comment => comment,
    }
}

fn is_encrypted(text: &str) -> bool {
    text.contains("ENCRYPTED") || PrivateKey::from_openssh(text).is_ok_and(|key| key.is_encrypted())
}

/// The public half of a key file: beside it, or in it where its format shows it to everybody.
fn public_half(path: &Path) -> Option<PublicKey> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".pub");
    let public = |path: &Path| {
        let text = std::fs::read_to_string(path).ok()?;
        PublicKey::from_openssh(text.trim()).ok()
    };
    public(path).or_else(|| public(&PathBuf::from(beside))).or_else(|| {
        let text = Zeroizing::new(std::fs::read_to_string(path).ok()?);
        PrivateKey::from_openssh(text.as_str()).ok().map(|key| key.public_key().clone())
    })
}

/// The agent and its keys; one that does not answer is as good as none, and one that keeps us waiting is told. Only those
/// are spoken to that listen on a socket of Unix: on Windows keys come from files alone.
pub(super) async fn open_agent(destination: &Destination, patience: Duration) -> (Option<Agent>, Vec<PublicKey>) {
    #[cfg(unix)]
    if let Some(socket) = &destination.agent {
        match tokio::time::timeout(patience, agent_at(socket)).await {
            Ok(Some((agent, keys))) => return (Some(agent), keys),
            Ok(None) => {}
            Err(_) => note(&format!(
                "warning: the agent at {} does not answer within {} seconds: its keys are not tried",
                socket.display(),
                patience.as_secs()
            )),
        }
    }
    let _ = (destination, patience);
    (None, Vec::new())
}

#[cfg(unix)]
async fn agent_at(socket: &Path) -> Option<(Agent, Vec<PublicKey>)> {
    let mut agent = AgentClient::connect_uds(socket).await.ok()?.dynamic();
    let identities = agent.request_identities().await.ok()?;
    let keys = identities.into_iter().filter_map(|identity| match identity {
        AgentIdentity::PublicKey { mut key, comment } => {
            key.set_comment(comment);
            Some(key)
        }
        AgentIdentity::Certificate { .. } => None,
    });
    Some((agent, keys.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_half_is_found_beside_or_inside_a_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let key = PrivateKey::random(&mut russh::keys::key::safe_rng(), russh::keys::Algorithm::Ed25519).expect("made");
        let path = folder.path().join("id");
        let write = |path: &Path, key: &PrivateKey| {
            let text = key.to_openssh(russh::keys::ssh_key::LineEnding::LF).expect("text");
            std::fs::write(path, text.as_bytes()).expect("written");
        };
        write(&path, &key);
        assert_eq!(public_half(&path).expect("inside").key_data(), key.public_key().key_data());
        let encrypted = key.encrypt(&mut russh::keys::key::safe_rng(), "secret").expect("encrypted");
        write(&path, &encrypted);
        assert_eq!(public_half(&path).expect("inside").key_data(), key.public_key().key_data());
        let text = std::fs::read_to_string(&path).expect("there");
        assert!(is_encrypted(&text));
        assert!(russh::keys::decode_secret_key(&text, Some("secret")).is_ok());
        let public = folder.path().join("id.pub");
        std::fs::write(&public, key.public_key().to_openssh().expect("text")).expect("written");
        assert_eq!(public_half(&public).expect("itself").key_data(), key.public_key().key_data());
        assert!(public_half(&folder.path().join("none")).is_none());
    }
}
