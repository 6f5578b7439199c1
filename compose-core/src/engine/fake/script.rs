//! What a test lets happen to calls, and what it learns of them.

use std::time::Duration;

/// What happens to calls, and which there were.
#[derive(Default)]
pub(super) struct Script {
    faults: Vec<Fault>,
    delays: Vec<(String, Duration)>,
    calls: Vec<String>,
    open: usize,
    most_open: usize,
}

/// A call that is to fail.
struct Fault {
    call: String,
    skip: usize,
}

/// What happens to one call.
pub(super) struct Fate {
    /// How long it takes.
    pub(super) takes: Duration,
    /// It fails.
    pub(super) fails: bool,
}

impl Script {
    pub(super) fn fail(&mut self, call: &str, skip: usize) {
        let call = call.to_owned();
        self.faults.push(Fault { call, skip });
    }

    pub(super) fn delay(&mut self, call: &str, by: Duration) {
        self.delays.push((call.to_owned(), by));
    }

    pub(super) fn calls(&self) -> &[String] {
        &self.calls
    }

    pub(super) fn most_open(&self) -> usize {
        self.most_open
    }

    /// Notes that a call begins.
    pub(super) fn begin(&mut self, call: &str) -> Fate {
        self.calls.push(call.to_owned());
        self.open += 1;
        self.most_open = self.most_open.max(self.open);
        let delay = self.delays.iter().find(|(start, _)| call.starts_with(start.as_str()));
        Fate {
            takes: delay.map(|(_, by)| *by).unwrap_or_default(),
            fails: self.is_to_fail(call),
        }
    }

    /// Notes that a call has ended.
    pub(super) fn end(&mut self) {
        self.open -= 1;
    }

    fn is_to_fail(&mut self, call: &str) -> bool {
        let Some(index) = self.faults.iter().position(|fault| fault.call == call) else {
            return false;
        };
        if self.faults[index].skip > 0 {
            self.faults[index].skip -= 1;
            return false;
        }
        self.faults.remove(index);
        true
    }
}
