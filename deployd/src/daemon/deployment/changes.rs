//! Whether a deployment has changed anything that runs: only then there is something to put back.

use super::recorder::Recorder;
use compose_core::event::{Event, EventSink, Phase, Verb};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Hands events on, and notes whether one of them tells of a change.
pub(crate) struct Changes {
    recorder: Arc<Recorder>,
    is_any: AtomicBool,
}

impl Changes {
    /// For a deployment that is told by `recorder`. One that was interrupted may have changed something before.
    pub(crate) fn new(recorder: &Arc<Recorder>, may_be_before: bool) -> Self {
        Self {
            recorder: Arc::clone(recorder),
            is_any: AtomicBool::new(may_be_before),
        }
    }

    /// Whether there was any.
    pub(crate) fn is_any(&self) -> bool {
        self.is_any.load(Ordering::Relaxed)
    }
}

impl EventSink for Changes {
    fn emit(&self, event: Event) {
        if is_change(&event) {
            self.is_any.store(true, Ordering::Relaxed);
        }
        self.recorder.emit(event);
    }
}

/// A step that is done, other than waiting.
fn is_change(event: &Event) -> bool {
    matches!(event, Event::Action { verb, phase: Phase::Done { .. }, .. } if *verb != Verb::Wait)
}
