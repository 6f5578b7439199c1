//! Signatures by the agent, which may ask the person first: for a confirmation, for a touch of a key.

use super::identity::Agent;
use russh::keys::HashAlg;
use russh::keys::agent::AgentIdentity;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Why there is no signature.
#[derive(Debug)]
pub(super) enum SigningError {
    /// The connection that it was for is gone.
    Lost,
    /// The agent gave none.
    Agent(russh::keys::Error),
}

impl From<russh::SendError> for SigningError {
    fn from(_: russh::SendError) -> Self {
        Self::Lost
    }
}

/// An agent, and how far it is.
pub(super) struct Signing<'a> {
    agent: &'a mut Agent,
    steps: Steps,
}

impl<'a> Signing<'a> {
    pub(super) fn new(agent: &'a mut Agent) -> Self {
        Self {
            agent,
            steps: Steps::default(),
        }
    }

    pub(super) fn steps(&self) -> Steps {
        self.steps.clone()
    }
}

impl russh::Signer for Signing<'_> {
    type Error = SigningError;

    async fn auth_sign(&mut self, key: &AgentIdentity, hash: Option<HashAlg>, what: Vec<u8>) -> Result<Vec<u8>, SigningError> {
        self.steps.next();
        let signed = self.agent.sign_request(key, hash, what).await;
        self.steps.next();
        signed.map_err(SigningError::Agent)
    }
}

/// Counts beginnings and ends of signatures: while it is odd, the agent is at work.
#[derive(Clone, Default)]
pub(super) struct Steps(Arc<AtomicUsize>);

impl Steps {
    fn next(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// Waits for an answer, but no longer than this for the server: the agent's time does not count.
    pub(super) async fn within<T>(&self, patience: Duration, work: impl Future<Output = T>) -> Option<T> {
        tokio::pin!(work);
        let mut seen = 0;
        loop {
            if let Ok(done) = tokio::time::timeout(patience, &mut work).await {
                return Some(done);
            }
            let now = self.0.load(Ordering::SeqCst);
            if now.is_multiple_of(2) && now == seen {
                return None;
            }
            seen = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Steps;
    use std::time::Duration;

    const SHORT: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn a_server_is_not_waited_for_for_ever_and_an_agent_is() {
        let steps = Steps::default();
        assert_eq!(steps.within(SHORT, std::future::pending::<()>()).await, None);
        let slow_agent = async {
            steps.next();
            tokio::time::sleep(SHORT * 4).await;
            steps.next();
            7
        };
        assert_eq!(steps.within(SHORT, slow_agent).await, Some(7));
        assert_eq!(
            steps.within(SHORT, std::future::pending::<()>()).await,
            None,
            "after the agent's work time counts again"
        );
    }
}
