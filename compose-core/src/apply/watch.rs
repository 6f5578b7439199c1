//! One subscription to the engine's events for a whole plan, shared by every wait in it.

use super::context::Context;
use crate::engine::{EngineError, StateChange};
use crate::labels;
use crate::names::{ContainerId, ProjectName};
use crate::plan::{Action, Plan};
use futures::stream::{BoxStream, StreamExt};
use std::time::Duration;
use tokio::sync::{Mutex, broadcast};

/// Changes that a slow wait may lag behind; one that lags further asks the engine anew.
const BACKLOG: usize = 1024;
/// How long until a broken subscription is tried again.
const RETRY: Duration = Duration::from_millis(500);

type Changes = BoxStream<'static, Result<StateChange, EngineError>>;

/// Passes the engine's changes on.
pub(super) struct Watch {
    /// Taken by the pump; `None` in plans that wait for nothing.
    changes: Mutex<Option<Changes>>,
    /// `None` says that changes may have been missed.
    news: broadcast::Sender<Option<ContainerId>>,
}

impl Watch {
    /// Subscribes, before anything of the plan begins, so that no change is missed.
    pub(super) async fn begin(context: &Context, name: &ProjectName, plan: &Plan) -> Result<Self, EngineError> {
        let waits = plan.steps().any(|(_, step)| matches!(step.action, Action::Wait { .. }));
        let changes = if waits {
            Some(context.engine.watch(&labels::of_project(name)).await?)
        } else {
            None
        };
        let (news, _) = broadcast::channel(BACKLOG);
        Ok(Self {
            changes: Mutex::new(changes),
            news,
        })
    }

    /// Passes changes on until it is dropped; subscribes anew when the stream breaks.
    pub(super) async fn pump(&self, context: &Context, name: &ProjectName) {
        let Some(mut changes) = self.changes.lock().await.take() else {
            return std::future::pending().await;
        };
        loop {
            while let Some(Ok(change)) = changes.next().await {
                // Nobody listening is fine: what a wait needs to know it asks first.
                let _ = self.news.send(Some(change.id));
            }
            loop {
                tokio::time::sleep(RETRY).await;
                if let Ok(again) = context.engine.watch(&labels::of_project(name)).await {
                    changes = again;
                    break;
                }
            }
            let _ = self.news.send(None);
        }
    }

    /// Begins to listen; what changes from now on is not missed.
    pub(super) fn listen(&self) -> News {
        News(self.news.subscribe())
    }
}

/// What a wait hears.
pub(super) struct News(broadcast::Receiver<Option<ContainerId>>);

impl News {
    /// Returns when one of the containers may have changed.
    pub(super) async fn about(&mut self, containers: &[ContainerId]) {
        loop {
            match self.0.recv().await {
                Ok(Some(id)) if !containers.contains(&id) => {}
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return,
                Err(broadcast::error::RecvError::Closed) => return std::future::pending().await,
            }
        }
    }
}
