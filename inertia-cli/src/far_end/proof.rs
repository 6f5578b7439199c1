//! Whether a daemon works: it answers, with the key that lies in its state folder; and what it works on.

use super::container::Whereabouts;
use super::files;
use crate::client::Client;
use crate::failure::Failure;
use crate::remotes::Remote;
use compose_core::engine::{DockerEngine, Engine, LogRequest};
use compose_core::names::ContainerId;
use deployd::wire::{ADMIN_TOKEN_FILE, PIN_FILE, ProjectInfo, ProjectStatus};
use futures::StreamExt as _;
use std::time::{Duration, Instant};

/// How long a daemon may take to say what is under way.
const ANSWER: Duration = Duration::from_secs(30);

/// What a daemon that works is known by.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Proven {
    /// SHA-256 of its certificate's public key.
    pub(super) pin: String,
    /// An administrator's token.
    pub(super) token: String,
}

/// A way of seeing that a daemon works, and on what.
pub(super) trait Proof {
    /// Waits for as long as `patience` until the daemon works.
    async fn prove(&self, id: &ContainerId, at: &Whereabouts, patience: Duration) -> Result<Proven, Failure>;

    /// The deployments under way, in words.
    async fn under_way(&self, id: &ContainerId, at: &Whereabouts) -> Result<Vec<String>, Failure>;
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

    async fn under_way(&self, id: &ContainerId, at: &Whereabouts) -> Result<Vec<String>, Failure> {
        let asked = tokio::time::timeout(ANSWER, self.deployments(id, at)).await;
        asked.unwrap_or_else(|_| Err(Failure::new("the daemon does not say what is under way")))
    }
}

impl Asking<'_> {
    async fn ask(&self, id: &ContainerId, at: &Whereabouts) -> Result<Option<Proven>, Failure> {
        let Some(proven) = self.papers(id, at).await? else {
            return Ok(None);
        };
        client(&proven, at)?.lives().await?;
        Ok(Some(proven))
    }

    /// What a daemon is known by, from its state folder.
    async fn papers(&self, id: &ContainerId, at: &Whereabouts) -> Result<Option<Proven>, Failure> {
        let pin = files::read(self.0, id, &at.state, PIN_FILE).await?;
        let token = files::read(self.0, id, &at.state, ADMIN_TOKEN_FILE).await?;
        Ok(pin.zip(token).map(|(pin, token)| Proven { pin, token }))
    }

    async fn deployments(&self, id: &ContainerId, at: &Whereabouts) -> Result<Vec<String>, Failure> {
        let Some(proven) = self.papers(id, at).await? else {
            return Ok(Vec::new());
        };
        let client = client(&proven, at)?;
        let mut under_way = Vec::new();
        for ProjectInfo { name, .. } in client.get::<Vec<ProjectInfo>>("/v1/projects").await? {
            let status: ProjectStatus = client.get(&format!("/v1/projects/{name}/status")).await?;
            under_way.extend(status.running.map(|running| format!("deployment {} of {name}", running.id)));
        }
        Ok(under_way)
    }
}

/// The way to a daemon of this server.
fn client(known_by: &Proven, at: &Whereabouts) -> Result<Client, Failure> {
    let remote = Remote {
        address: format!("https://127.0.0.1:{}", at.port),
        pin: known_by.pin.clone(),
        token: known_by.token.clone(),
        ..Remote::default()
    };
    Client::new("inertia-daemon", &remote)
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
