//! Whose turn it is to check out, load and plan: work that takes threads and memory by what others wrote.
//!
//! Plans that people ask for are few for each project and each person, and few in all; a deployment never waits for them.

use crate::daemon::limits::{DEPLOYMENTS_AT_ONCE, PLANS_AT_ONCE, PLANS_FOR_ONE};
use crate::daemon::problem::ApiError;
use axum::http::StatusCode;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::timeout;

/// For whom plans are counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Holder {
    Project(String),
    Person(String),
}

/// What is free.
pub(crate) struct Turns {
    holders: Mutex<HashMap<Holder, Arc<Semaphore>>>,
    plans: Semaphore,
    deployments: Semaphore,
    /// How long to wait for a turn, and for room.
    wait: Duration,
}

/// A plan that may be made, as long as it is held.
pub(crate) struct PlanTurn {
    _project: OwnedSemaphorePermit,
    _person: OwnedSemaphorePermit,
}

/// Why a plan is not made now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Busy {
    /// As many of the project or the person are being made as may be.
    OfOne,
    /// As many are being made as may be.
    InAll,
}

impl Turns {
    /// All is free; who finds it otherwise waits so long.
    pub(crate) fn new(wait: Duration) -> Self {
        Self {
            holders: Mutex::default(),
            plans: Semaphore::new(PLANS_AT_ONCE),
            deployments: Semaphore::new(DEPLOYMENTS_AT_ONCE),
            wait,
        }
    }

    /// A turn to plan a project for a person.
    pub(crate) async fn of(&self, project: &str, person: &str) -> Result<PlanTurn, Busy> {
        let project = self.holder(Holder::Project(project.to_owned()));
        let person = self.holder(Holder::Person(person.to_owned()));
        let both = async {
            PlanTurn {
                _person: acquired(person).await,
                _project: acquired(project).await,
            }
        };
        timeout(self.wait, both).await.map_err(|_| Busy::OfOne)
    }

    /// Room to do what takes threads and memory, for whoever has a turn.
    pub(crate) async fn room(&self, _turn: &PlanTurn) -> Result<SemaphorePermit<'_>, Busy> {
        match timeout(self.wait, self.plans.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(Busy::InAll),
        }
    }

    /// Room to check a deployment out and to load it; it waits as long as that takes.
    pub(crate) async fn room_to_deploy(&self) -> SemaphorePermit<'_> {
        self.deployments.acquire().await.expect("it is never closed")
    }

    fn holder(&self, holder: Holder) -> Arc<Semaphore> {
        let mut holders = self.holders.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever asks for nothing any more is forgotten.
        holders.retain(|_, free| Arc::strong_count(free) > 1);
        Arc::clone(holders.entry(holder).or_insert_with(|| Arc::new(Semaphore::new(PLANS_FOR_ONE))))
    }
}

async fn acquired(free: Arc<Semaphore>) -> OwnedSemaphorePermit {
    free.acquire_owned().await.expect("it is never closed")
}

impl From<Busy> for ApiError {
    fn from(busy: Busy) -> Self {
        let (status, detail) = match busy {
            Busy::OfOne => (
                StatusCode::TOO_MANY_REQUESTS,
                format!("{PLANS_FOR_ONE} plans of this project, or for you, are being made already"),
            ),
            Busy::InAll => (
                StatusCode::SERVICE_UNAVAILABLE,
                format!("{PLANS_AT_ONCE} plans are being made already"),
            ),
        };
        Self::new(status, "busy", detail).help("ask again in a moment")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;

    #[tokio::test]
    async fn each_project_and_each_person_has_so_many_turns() {
        let turns = Turns::new(Duration::from_millis(20));
        let first = turns.of("shop", "ann").await.expect("free");
        let _second = turns.of("shop", "bob").await.expect("free");
        assert_eq!(
            turns.of("shop", "eve").await.err(),
            Some(Busy::OfOne),
            "two of the project are made"
        );
        let _third = turns.of("blog", "ann").await.expect("free");
        assert_eq!(turns.of("wiki", "ann").await.err(), Some(Busy::OfOne), "two for ann are made");
        drop(first);
        assert!(turns.of("shop", "ann").now_or_never().is_some_and(|turn| turn.is_ok()));
    }

    #[tokio::test]
    async fn there_is_room_for_so_many_in_all_and_apart_for_deployments() {
        let turns = Turns::new(Duration::from_millis(20));
        let turn = turns.of("shop", "ann").await.expect("free");
        let mut rooms = Vec::new();
        for _ in 0..PLANS_AT_ONCE {
            rooms.push(turns.room(&turn).await.expect("room"));
        }
        assert_eq!(turns.room(&turn).await.err(), Some(Busy::InAll));
        assert!(turns.room_to_deploy().now_or_never().is_some());
    }

    #[tokio::test]
    async fn who_asks_for_nothing_any_more_is_forgotten() {
        let turns = Turns::new(Duration::from_millis(20));
        for number in 0..100 {
            turns.of(&format!("p{number}"), "ann").await.expect("free");
        }
        assert!(turns.holders.lock().expect("not poisoned").len() <= 2);
    }
}
