//! Threads for conversations with git hosts, apart from those of all other work: a host that says nothing holds up only
//! those that ask the same one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::{io, thread};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// How many conversations there are with one host at a time.
const MOST_WITH_ONE: usize = 4;
/// How many there are at a time with all of them.
const MOST: usize = 64;

/// Whom a conversation is with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Partner {
    /// This machine.
    Here,
    /// A host, with its port.
    Host(String),
}

/// The conversations that are under way.
pub(crate) struct Conversations {
    all: Arc<Semaphore>,
    partners: Mutex<HashMap<Partner, Arc<Semaphore>>>,
}

impl Default for Conversations {
    fn default() -> Self {
        Self {
            all: Arc::new(Semaphore::new(MOST)),
            partners: Mutex::default(),
        }
    }
}

/// The right to a conversation, as long as it is held.
struct Turn {
    _with_one: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl Conversations {
    /// Runs work on a thread of its own when its turn has come; `None` when it broke down or no thread can be made.
    pub(crate) async fn run<T: Send + 'static>(&self, partner: Partner, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let turn = self.turn(partner).await?;
        let (done, outcome) = oneshot::channel();
        let runtime = Handle::current();
        let started: io::Result<_> = thread::Builder::new().name("git".to_owned()).spawn(move || {
            let _turn = turn;
            let _entered = runtime.enter();
            // Nobody waits for it where its caller has gone.
            let _ = done.send(work());
        });
        if let Err(error) = started {
            tracing::error!(%error, "cannot start a thread");
        }
        outcome.await.ok()
    }

    async fn turn(&self, partner: Partner) -> Option<Turn> {
        let with_one = Arc::clone(&self.with(partner)).acquire_owned().await.ok()?;
        Some(Turn {
            _with_one: with_one,
            _of_all: Arc::clone(&self.all).acquire_owned().await.ok()?,
        })
    }

    fn with(&self, partner: Partner) -> Arc<Semaphore> {
        let mut partners = self.partners.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody speaks with those, or waits for it.
        partners.retain(|_, turns| Arc::strong_count(turns) > 1);
        let most = if partner == Partner::Here { MOST } else { MOST_WITH_ONE };
        Arc::clone(partners.entry(partner).or_insert_with(|| Arc::new(Semaphore::new(most))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;
    use std::sync::mpsc;

    fn host(number: usize) -> Partner {
        Partner::Host(format!("git{number}.example.com:22"))
    }

    #[tokio::test]
    async fn a_silent_host_holds_up_only_itself() {
        let conversations = Arc::new(Conversations::default());
        let (over, wait) = mpsc::channel::<()>();
        let wait = Arc::new(Mutex::new(wait));
        let mut silent = Vec::new();
        for _ in 0..20 {
            let (conversations, wait) = (Arc::clone(&conversations), Arc::clone(&wait));
            silent.push(tokio::spawn(async move {
                let listen = move || wait.lock().is_ok_and(|wait| wait.recv().is_err());
                conversations.run(host(0), listen).await
            }));
        }
        tokio::task::yield_now().await;
        assert_eq!(conversations.run(host(1), || 1).await, Some(1));
        assert_eq!(conversations.run(Partner::Here, || 2).await, Some(2));
        drop(over);
        for one in silent {
            assert_eq!(one.await.expect("ended"), Some(true));
        }
    }

    #[tokio::test]
    async fn turns_are_limited_and_come_back() {
        let conversations = Conversations::default();
        let mut held = Vec::new();
        for _ in 0..MOST_WITH_ONE {
            held.push(conversations.turn(host(0)).await.expect("free"));
        }
        assert!(conversations.turn(host(0)).now_or_never().is_none());
        assert!(conversations.turn(host(1)).now_or_never().is_some());
        held.pop();
        assert!(conversations.turn(host(0)).now_or_never().is_some());
        held.clear();
        let _last = conversations.turn(host(2)).await;
        let partners = conversations.partners.lock().expect("no panic");
        assert_eq!(partners.len(), 1, "those are forgotten with whom nobody speaks");
    }

    #[tokio::test]
    async fn what_breaks_down_has_no_outcome() {
        let conversations = Conversations::default();
        assert_eq!(conversations.run(Partner::Here, || panic!("a defect")).await, None::<()>);
    }
}
