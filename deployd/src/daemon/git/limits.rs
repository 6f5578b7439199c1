//! How much of a repository is taken: bytes as they arrive, objects, and what they unpack to.

use super::{GitError, Stop};
use gix::odb::pack;
use gix::progress::{Id, MessageLevel, Step, StepShared, Unit};
use gix::{Count, NestedProgress, Progress};
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

/// The largest object that is unpacked in memory.
pub(super) const LARGEST_OBJECT: u64 = super::LARGEST_FILE;

/// What of a fetch has a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// Bytes that arrive.
    Received,
    /// Objects.
    Objects,
    /// Bytes to which what arrived unpacks.
    Unpacked,
}

impl Limit {
    /// Which one a progress of git's counts.
    fn of(id: Id) -> Option<Self> {
        use pack::bundle::write::ProgressId as Write;
        use pack::index::write::ProgressId as Index;
        if id == Id::from(Write::ReadPackBytes) {
            Some(Self::Received)
        } else if id == Id::from(Index::IndexObjects) {
            Some(Self::Objects)
        } else if id == Id::from(Index::DecompressedBytes) {
            Some(Self::Unpacked)
        } else {
            None
        }
    }

    fn most(self) -> usize {
        match self {
            Self::Received => 4 << 30,
            Self::Objects => 2_000_000,
            Self::Unpacked => 64 << 30,
        }
    }

    /// What is said of a repository that is over it.
    fn refusal(self) -> GitError {
        let what = match self {
            Self::Received => "more than 4 GiB arrive",
            Self::Objects => "it has more than 2,000,000 objects",
            Self::Unpacked => "what arrives unpacks to more than 64 GiB",
        };
        GitError::TooLarge { what: what.to_owned() }
    }
}

/// Counts what a fetch takes, and stops it at the first limit that it meets.
pub(super) struct Meter {
    limit: Option<Limit>,
    count: StepShared,
    met: Arc<OnceLock<Limit>>,
    stop: Stop,
}

impl Meter {
    /// A meter of a fetch that is stopped by `stop`.
    pub(super) fn new(stop: &Stop) -> Self {
        Self {
            limit: None,
            count: StepShared::default(),
            met: Arc::default(),
            stop: Arc::clone(stop),
        }
    }

    /// What the limit says that was met.
    pub(super) fn refusal(&self) -> Option<GitError> {
        self.met.get().map(|limit| limit.refusal())
    }

    /// One that counts for this one.
    pub(super) fn child(&self, limit: Option<Limit>) -> Self {
        Self {
            limit,
            count: StepShared::default(),
            met: Arc::clone(&self.met),
            stop: Arc::clone(&self.stop),
        }
    }

    fn check(&self, count: Step) {
        if let Some(limit) = self.limit.filter(|limit| count > limit.most()) {
            let _ = self.met.set(limit);
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}

impl Count for Meter {
    fn set(&self, step: Step) {
        self.count.store(step, Ordering::Relaxed);
        self.check(step);
    }

    fn step(&self) -> Step {
        self.count.load(Ordering::Relaxed)
    }

    fn inc_by(&self, step: Step) {
        let before = self.count.fetch_add(step, Ordering::Relaxed);
        self.check(before.saturating_add(step));
    }

    fn counter(&self) -> StepShared {
        Arc::clone(&self.count)
    }
}

impl Progress for Meter {
    /// How many there will be is known before any is taken.
    fn init(&mut self, max: Option<Step>, _: Option<Unit>) {
        self.check(max.unwrap_or_default());
    }

    fn set_name(&mut self, _: String) {}

    fn name(&self) -> Option<String> {
        None
    }

    fn id(&self) -> Id {
        gix::progress::UNKNOWN
    }

    fn message(&self, _: MessageLevel, _: String) {}
}

impl NestedProgress for Meter {
    type SubProgress = Self;

    fn add_child(&mut self, _: impl Into<String>) -> Self {
        self.child(None)
    }

    fn add_child_with_id(&mut self, _: impl Into<String>, id: Id) -> Self {
        self.child(Limit::of(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_limit_that_is_met_stops_a_fetch_and_is_named() {
        let stop = Stop::default();
        let meter = Meter::new(&stop);
        let (received, objects, other) = (
            meter.child(Some(Limit::Received)),
            meter.child(Some(Limit::Objects)),
            meter.child(None),
        );
        received.inc_by(4 << 30);
        objects.inc_by(2_000_000);
        other.inc_by(usize::MAX);
        assert!(!stop.load(Ordering::Relaxed) && meter.refusal().is_none());
        received.inc();
        objects.inc();
        assert!(stop.load(Ordering::Relaxed));
        let refusal = meter.refusal().expect("one was met").to_string();
        assert!(refusal.contains("more than 4 GiB arrive"), "{refusal}");
    }

    #[test]
    fn what_is_announced_counts_before_it_arrives() {
        let stop = Stop::default();
        let mut objects = Meter::new(&stop).child(Some(Limit::Objects));
        objects.init(Some(usize::MAX), None);
        assert!(stop.load(Ordering::Relaxed));
    }
}
