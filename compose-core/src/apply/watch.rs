//! One subscription to the engine's events for a whole plan, shared by every wait in it.

use super::context::Context;
use crate::engine::{EngineError, StateChange};
use crate::labels;
use crate::names::{ContainerId, ProjectName};
use crate::plan::{Action, Plan};
use futures::stream::{BoxStream, StreamExt};
use std::time::Duration;
use tokio::sync::{Mutex, broadcast};
use tokio::time::{sleep, timeout};

/// Changes that a slow wait may lag behind; one that lags further asks the engine anew.
const BACKLOG: usize = 1024;
/// How long until a broken subscription is tried again, and how often who waits looks meanwhile.
const RETRY: Duration = Duration::from_millis(500);
/// How often who waits looks although nothing was told: a connection that broke without a word tells nothing either.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

type Changes = BoxStream<'static, Result<StateChange, EngineError>>;

/// Where changes are told.
enum Source {
    /// Nowhere: the plan waits for nothing, or the pump listens already.
    None,
    /// By the engine.
    Engine(Changes),
    /// By the engine, once it lets us subscribe.
    Broken,
}

/// Passes the engine's changes on.
pub(super) struct Watch {
    /// Taken by the pump.
    source: Mutex<Source>,
    /// `None` says that changes may have been missed.
    news: broadcast::Sender<Option<ContainerId>>,
}

impl Watch {
    /// Subscribes, before anything of the plan begins, so that no change is missed. Where the engine does not tell of changes,
    /// who waits looks by itself.
    pub(super) async fn begin(context: &Context, name: &ProjectName, plan: &Plan) -> Self {
        let waits = plan.steps().any(|(_, step)| matches!(step.action, Action::Wait { .. }));
        let source = if waits {
            let changes = context.engine.watch(&labels::of_project(name)).await;
            changes.map_or(Source::Broken, Source::Engine)
        } else {
            Source::None
        };
        let (news, _) = broadcast::channel(BACKLOG);
        Self {
            source: Mutex::new(source),
            news,
        }
    }

    /// Passes changes on until it is dropped; subscribes anew when the stream breaks.
    pub(super) async fn pump(&self, context: &Context, name: &ProjectName) {
        let mut changes = match std::mem::replace(&mut *self.source.lock().await, Source::None) {
            Source::None => return std::future::pending().await,
            Source::Engine(changes) => changes,
            Source::Broken => self.subscribe(context, name).await,
        };
        loop {
            self.pass_on(&mut changes).await;
            changes = self.subscribe(context, name).await;
        }
    }

    /// Passes changes on until the stream breaks.
    async fn pass_on(&self, changes: &mut Changes) {
        loop {
            let told = match timeout(LOOK_AGAIN, changes.next()).await {
                Ok(Some(Ok(change))) => Some(change.id),
                Ok(None | Some(Err(_))) => return,
                Err(_) => None,
            };
            // Nobody listening is fine: what a wait needs to know it asks first.
            let _ = self.news.send(told);
        }
    }

    /// Tries to subscribe until it can; meanwhile everybody looks.
    async fn subscribe(&self, context: &Context, name: &ProjectName) -> Changes {
        let selector = labels::of_project(name);
        let subscribed = async {
            loop {
                sleep(RETRY).await;
                if let Ok(changes) = context.engine.watch(&selector).await {
                    return changes;
                }
            }
        };
        tokio::pin!(subscribed);
        loop {
            let changes = timeout(RETRY, &mut subscribed).await;
            let _ = self.news.send(None);
            if let Ok(changes) = changes {
                return changes;
            }
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
