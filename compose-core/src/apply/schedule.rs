//! Which step may begin when: a state machine without any I/O.
//!
//! A step begins once and only after everything before it is done. A failure skips exactly what
//! comes after it. Once cancelled, nothing begins any more; what runs is waited for.

use crate::plan::{Plan, StepId};
use std::collections::BTreeSet;

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// Something before it is not done.
    Waiting,
    /// It may begin.
    Ready,
    /// It has begun.
    Running,
    /// It is done.
    Done,
    /// It failed.
    Failed,
    /// It will not begin.
    Skipped,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Well.
    Done,
    /// Not.
    Failed,
}

/// The states of all steps of one plan.
#[derive(Clone, Debug)]
pub struct Schedule {
    ids: Vec<StepId>,
    states: Vec<StepState>,
    /// How many steps before each are not done.
    open: Vec<usize>,
    after: Vec<Vec<StepId>>,
    ready: BTreeSet<StepId>,
    running: usize,
    cancelled: bool,
}

impl Schedule {
    /// Nothing has begun.
    pub fn new(plan: &Plan) -> Self {
        let ids: Vec<StepId> = plan.steps().map(|(id, _)| id).collect();
        let open: Vec<usize> = ids.iter().map(|id| plan.before(*id).len()).collect();
        let ready: BTreeSet<StepId> = ids.iter().copied().filter(|id| open[id.index()] == 0).collect();
        let mut states = vec![StepState::Waiting; ids.len()];
        for id in &ready {
            states[id.index()] = StepState::Ready;
        }
        let after = ids.iter().map(|id| plan.after(*id)).collect();
        Self {
            ids,
            states,
            open,
            after,
            ready,
            running: 0,
            cancelled: false,
        }
    }

    /// Begins the first step that may begin and that the caller has room for.
    pub fn begin(&mut self, has_room: impl Fn(StepId) -> bool) -> Option<StepId> {
        let id = self.ready.iter().copied().find(|id| has_room(*id))?;
        self.ready.remove(&id);
        self.states[id.index()] = StepState::Running;
        self.running += 1;
        Some(id)
    }

    /// A step that had begun has ended; the steps that are skipped for it.
    pub fn end(&mut self, id: StepId, outcome: Outcome) -> Vec<StepId> {
        debug_assert_eq!(self.states[id.index()], StepState::Running, "only what has begun can end");
        self.running -= 1;
        match outcome {
            Outcome::Done => {
                self.states[id.index()] = StepState::Done;
                self.release(id);
                Vec::new()
            }
            Outcome::Failed => {
                self.states[id.index()] = StepState::Failed;
                self.skip_after(id)
            }
        }
    }

    /// Nothing begins any more; the steps that are skipped for it.
    pub fn cancel(&mut self) -> Vec<StepId> {
        self.cancelled = true;
        self.ready.clear();
        let mut skipped = Vec::new();
        for id in self.ids.clone() {
            if matches!(self.states[id.index()], StepState::Waiting | StepState::Ready) {
                self.states[id.index()] = StepState::Skipped;
                skipped.push(id);
            }
        }
        skipped
    }

    /// Where a step stands.
    pub fn state(&self, id: StepId) -> StepState {
        self.states[id.index()]
    }

    /// Whether nothing runs and nothing can begin.
    pub fn is_over(&self) -> bool {
        self.running == 0 && self.ready.is_empty()
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled
    }

    fn release(&mut self, id: StepId) {
        for next in self.after[id.index()].clone() {
            self.open[next.index()] -= 1;
            if self.open[next.index()] == 0 && self.states[next.index()] == StepState::Waiting {
                self.states[next.index()] = StepState::Ready;
                self.ready.insert(next);
            }
        }
    }

    fn skip_after(&mut self, id: StepId) -> Vec<StepId> {
        let mut skipped = Vec::new();
        let mut open = self.after[id.index()].clone();
        while let Some(next) = open.pop() {
            if self.states[next.index()] == StepState::Waiting {
                self.states[next.index()] = StepState::Skipped;
                skipped.push(next);
                open.extend(&self.after[next.index()]);
            }
        }
        skipped.sort_unstable();
        skipped
    }
}
