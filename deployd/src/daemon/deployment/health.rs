//! Is what was started well? Watching containers until that can be told.
//!
//! A container with a health check is well when its check passes and goes on passing for two intervals, where those are short.
//! One without a check must run for [`SETTLES_AFTER`]; in a release that was healthy before, for [`SETTLES_AGAIN_AFTER`]. One
//! that ended and was started again meanwhile must outlive its longest life twice. What ended with 0 and is not to run always
//! is done.

pub(crate) mod limits;
mod verdict;

use compose_core::engine::{Engine, EngineError, Selector};
use compose_core::model::Service;
use compose_core::names::{ContainerId, ServiceName};
use futures::stream::{self, StreamExt as _};
use limits::{HealthTimeout, seconds, span_of};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use time::OffsetDateTime;
use tokio::time::{sleep, timeout};
use verdict::{Lives, Proof, Restarts, Verdict};

/// How long a container without a check must stay up.
const SETTLES_AFTER: Duration = Duration::from_secs(10);
/// The same where the release was healthy before: it is back sooner.
const SETTLES_AGAIN_AFTER: Duration = Duration::from_secs(4);
/// How often to look when the engine reports nothing.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Whether a release has shown before that it can be healthy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Past {
    /// Nobody knows.
    New,
    /// It was healthy.
    Proven,
}

impl Past {
    /// How long a container without a check must run; with a shorter limit, most of that.
    fn settle(self, limit: Duration) -> Duration {
        let usual = match self {
            Self::New => SETTLES_AFTER,
            Self::Proven => SETTLES_AGAIN_AFTER,
        };
        usual.min(limit / 4 * 3)
    }
}

/// What is watched of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Watched {
    /// Its containers.
    containers: Vec<ContainerId>,
    /// How long its check has to go on passing.
    pass: Duration,
}

impl Watched {
    /// A service and its containers. Where its check is seldom made, there is nothing to learn in a short time.
    pub(crate) fn new(service: &Service, containers: Vec<ContainerId>) -> Self {
        let check = service.lifecycle.healthcheck.as_ref();
        let interval = check.and_then(|check| check.interval).map(span_of).unwrap_or_default();
        let twice = interval.saturating_mul(2);
        Self {
            containers,
            pass: if twice < SETTLES_AFTER { twice } else { Duration::ZERO },
        }
    }
}

/// A release that is watched.
pub(crate) struct Watch<'a> {
    /// The engine.
    pub(crate) engine: &'a dyn Engine,
    /// What its containers are found by.
    pub(crate) selector: Selector,
    /// Its services.
    pub(crate) services: BTreeMap<ServiceName, Watched>,
    /// The containers that ran before it came.
    pub(crate) old: BTreeSet<ContainerId>,
    /// What is known of it.
    pub(crate) past: Past,
    /// For how long at most.
    pub(crate) limit: HealthTimeout,
}

/// Who is not well, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Illness {
    /// The service.
    pub(crate) service: ServiceName,
    /// The container.
    pub(crate) container: ContainerId,
    /// Why, in one sentence.
    pub(crate) reason: String,
    /// What its health check said last.
    pub(crate) check_output: Option<String>,
}

enum Look {
    Well,
    Waiting(Illness),
    Ill(Illness),
}

impl Watch<'_> {
    /// Watches until all are well, one is not, or the time is over.
    pub(crate) async fn run(&self) -> Result<Result<(), Illness>, EngineError> {
        // An engine that does not tell of changes, or ceases to, is looked at all the same.
        let changes = self.engine.watch(&self.selector).await;
        let mut changes = changes.unwrap_or_else(|_| stream::empty().boxed());
        // A limit beyond all times is none.
        let deadline = Instant::now().checked_add(self.limit.span());
        let mut lives = BTreeMap::new();
        let mut reports = true;
        loop {
            let waiting = match self.look(&mut lives).await? {
                Look::Ill(illness) => return Ok(Err(illness)),
                Look::Well => return Ok(Ok(())),
                Look::Waiting(illness) => illness,
            };
            let left = deadline.map_or(LOOK_AGAIN, |deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Ok(Err(self.late(waiting)));
            }
            let pause = LOOK_AGAIN.min(left);
            if reports {
                reports = !matches!(timeout(pause, changes.next()).await, Ok(None | Some(Err(_))));
            } else {
                sleep(pause).await;
            }
        }
    }

    fn late(&self, waiting: Illness) -> Illness {
        let (reason, limit) = (&waiting.reason, self.limit);
        Illness {
            reason: format!(
                "{reason} after {} ({limit}; give it longer there if that is to be expected)",
                seconds(limit.span())
            ),
            ..waiting
        }
    }

    async fn look(&self, lives: &mut BTreeMap<ContainerId, Lives>) -> Result<Look, EngineError> {
        let mut waiting = None;
        for (service, watched) in &self.services {
            for id in &watched.containers {
                let (verdict, check_output) = self.judge(id, watched.pass, lives).await?;
                let illness = |reason| Illness {
                    service: service.clone(),
                    container: id.clone(),
                    reason,
                    check_output,
                };
                match verdict {
                    Verdict::Well => {}
                    Verdict::Wait(reason) => waiting = Some(illness(reason)),
                    Verdict::Ill(reason) => return Ok(Look::Ill(illness(reason))),
                }
            }
        }
        Ok(waiting.map_or(Look::Well, Look::Waiting))
    }

    /// Judges a container; with what its check said last.
    async fn judge(
        &self,
        id: &ContainerId,
        pass: Duration,
        lives: &mut BTreeMap<ContainerId, Lives>,
    ) -> Result<(Verdict, Option<String>), EngineError> {
        let Some(found) = self.engine.inspect_container(id).await? else {
            return Ok((Verdict::Ill("it was removed".to_owned()), None));
        };
        let lives = lives.entry(id.clone()).or_insert_with(|| {
            if self.old.contains(id) {
                Lives::of_old(&found.state)
            } else {
                Lives::default()
            }
        });
        let proof = Proof {
            settle: self.past.settle(self.limit.span()),
            pass,
        };
        let policy = Restarts::of(found.restart_policy.as_deref());
        let verdict = lives.judge(&found.state, policy, proof, (Instant::now(), OffsetDateTime::now_utc()));
        Ok((verdict, found.state.health_log.last().cloned()))
    }
}
