//! Looks at repositories that somebody asks for: one per project at a time, however many ask.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OwnedMutexGuard;
use tokio::time::timeout;

/// How long to wait for a look that somebody else asked for.
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// Whose turn it is, by project.
#[derive(Default)]
pub(crate) struct Looks(Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>);

impl Looks {
    /// The turn to look, as long as it is held; `None` when the one before takes too long.
    pub(crate) async fn turn(&self, project: &str) -> Option<OwnedMutexGuard<()>> {
        let turns = Arc::clone(
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(project.to_owned())
                .or_default(),
        );
        timeout(LONGEST_WAIT, turns.lock_owned()).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;

    #[tokio::test]
    async fn each_project_has_one_turn() {
        let looks = Looks::default();
        let shop = looks.turn("shop").await.expect("free");
        assert!(looks.turn("other").await.is_some());
        assert!(looks.turn("shop").now_or_never().is_none());
        drop(shop);
        assert!(looks.turn("shop").await.is_some());
    }
}
