//! Collects findings of a stage and puts in front of each where in the model it was made.

use super::found::once_each;
use super::path::StepRef;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, ModelPath, Severity, Step};
use crate::source::Span;

/// How many findings are kept, of either severity.
const MOST: usize = 2_000;
/// How many bytes their messages may have together.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// The findings of a stage; see [`Report::within`].
#[derive(Debug, Default)]
pub(crate) struct Report {
    found: Vec<Finding>,
    has_error: bool,
    bytes: usize,
}

/// A finding and the way to it, innermost step first.
#[derive(Debug)]
struct Finding {
    diagnostic: Diagnostic,
    steps: Vec<Step>,
}

impl Report {
    /// Notes an error at a place.
    pub(crate) fn error(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.push(Diagnostic::error(code, message).at(span));
    }

    /// Notes a finding.
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        if self.found.len() >= MOST || self.bytes > MOST_BYTES {
            // Enough is said, but that something is wrong must not be lost.
            let is_new = diagnostic.severity == Severity::Error && !self.has_error;
            if !is_new {
                return;
            }
        }
        self.bytes += diagnostic.message.len();
        self.has_error |= diagnostic.severity == Severity::Error;
        self.found.push(Finding {
            diagnostic,
            steps: Vec::new(),
        });
    }

    /// Runs a part of the work; what it finds is said to be below `step`. Costs nothing while
    /// nothing is found.
    pub(crate) fn within<'a, T>(&mut self, step: impl Into<StepRef<'a>>, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.found.len();
        let done = work(self);
        if before < self.found.len() {
            let step = Step::from(step.into());
            for finding in &mut self.found[before..] {
                finding.steps.push(step.clone());
            }
        }
        done
    }

    /// The findings, each saying where it was made: `services.web.ports[0]: …`.
    pub(crate) fn finish(self) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        diagnostics.extend(self.found.into_iter().map(Finding::finish));
        once_each(diagnostics)
    }
}

impl Finding {
    fn finish(self) -> Diagnostic {
        if self.steps.is_empty() {
            return self.diagnostic;
        }
        let path: ModelPath = self.steps.into_iter().rev().collect();
        self.diagnostic.within(format_args!("{path}: ")).about(path)
    }
}
