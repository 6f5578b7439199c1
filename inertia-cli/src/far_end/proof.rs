//! Whether a daemon works: it answers, with the key that lies in its state folder.

use super::container::Whereabouts;
use super::files;
use crate::client::Client;
use crate::failure::Failure;
use crate::remotes::Remote;
use compose_core::engine::{DockerEngine, Engine, LogRequest};
use compose_core::names::ContainerId;
use deployd::wire::{ADMIN_TOKEN_FILE, PIN_FILE};
use futures::StreamExt as _;
use std::time::{Duration, Instant};

/// What a daemon that works is known by.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Proven {
    /// SHA-256 of its certificate's public key.
    pub(super) pin: String,
    /// An administrator's token.
    pub(super) token: String,
}

/// A way of seeing that a daemon works.
pub(super) trait Proof {
    /// Waits for as long as `patience` until the daemon works.
    async fn prove(&self, id: &ContainerId, at: &Whereabouts, patience: Duration) -> Result<Proven, Failure>;
}

/// Asks it over HTTPS.
pub(super) struct Asking<'a>(pub(super) &'a DockerEngine);

impl Proof for Asking<'_> {
    async fn prove(&self, id: &ContainerId, at: &Whereabouts, patience: Duration) -> Result<Proven, Failure> {
        let begin = Instant::now();
        let mut reason = "it does not answer".to_owned();
        while begin.elapsed() < patience {
            match tokio::time::timeout(patience, self.ask(id, at)).await {
                Ok(Ok(Some(proven))) => return Ok(proven),
                Ok(Ok(None)) | Err(_) => {}
                Ok(Err(failure)) => reason = failure.text(),
            }
            if let Some(details) = self.0.inspect_container(id).await?
                && details.state.restart_count > 3
            {
                reason = format!("it ends again and again, last with exit code {}", details.state.exit_code);
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let said = last_words(self.0, id).await;
        Err(Failure::new(format!(
            "the daemon was started and is not well after {} s: {reason}{said}",
            begin.elapsed().as_secs()
        )))
    }
}

impl Asking<'_> {
    async fn ask(&self, id: &ContainerId, at: &Whereabouts) -> Result<Option<Proven>, Failure> {
        let (Some(pin), Some(token)) = (
            files::read(self.0, id, &at.state, PIN_FILE).await?,
            files::read(self.0, id, &at.state, ADMIN_TOKEN_FILE).await?,
        ) else {
            return Ok(None);
        };
        let remote = Remote {
            address: format!("https://127.0.0.1:{}", at.port),
            pin: pin.clone(),
            token: token.clone(),
            ..Remote::default()
        };
        Client::new("inertia-daemon", &remote)?.lives().await?;
        Ok(Some(Proven { pin, token }))
    }
}

/// What it said last.
pub(super) async fn last_words(engine: &dyn Engine, id: &ContainerId) -> String {
    let request = LogRequest {
        tail: Some(15),
        ..LogRequest::default()
    };
    let mut said = String::new();
    let mut chunks = engine.logs(id, &request);
    while let Some(Ok(chunk)) = chunks.next().await {
        said.push_str(&String::from_utf8_lossy(&chunk.bytes));
    }
    if said.is_empty() {
        return String::new();
    }
    format!("; its last words:\n{}", said.trim_end())
}
