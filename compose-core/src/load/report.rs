//! Collects findings of a stage and puts in front of each where in the model it was made.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Span;
use std::collections::HashSet;
use std::fmt::Write as _;

/// A step down in a model.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step<'a> {
    /// To the value of a key.
    Key(&'a str),
    /// To an element of a list.
    Index(usize),
}

impl<'a> From<&'a str> for Step<'a> {
    fn from(key: &'a str) -> Self {
        Self::Key(key)
    }
}

impl From<usize> for Step<'_> {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// The findings of a stage; see [`Report::within`].
#[derive(Debug, Default)]
pub(crate) struct Report {
    found: Vec<Finding>,
}

/// A finding and the way to it, innermost step first.
#[derive(Debug)]
struct Finding {
    diagnostic: Diagnostic,
    steps: Vec<String>,
}

impl Report {
    /// Notes an error at a place.
    pub(crate) fn error(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.push(Diagnostic::error(code, message).at(span));
    }

    /// Notes a finding.
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        self.found.push(Finding {
            diagnostic,
            steps: Vec::new(),
        });
    }

    /// Runs a part of the work; what it finds is said to be below `step`. Costs nothing while
    /// nothing is found.
    pub(crate) fn within<'a, T>(&mut self, step: impl Into<Step<'a>>, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.found.len();
        let done = work(self);
        if before < self.found.len() {
            let step = match step.into() {
                Step::Key(key) => format!(".{key}"),
                Step::Index(index) => format!("[{index}]"),
            };
            for finding in &mut self.found[before..] {
                finding.steps.push(step.clone());
            }
        }
        done
    }

    /// The findings, each saying where it was made: `services.web.ports[0]: …`. What several
    /// services share by an anchor is told of the first.
    pub(crate) fn finish(self) -> Diagnostics {
        let mut told = HashSet::new();
        let mut diagnostics = Diagnostics::new();
        for finding in self.found {
            let Diagnostic { code, span, message, .. } = &finding.diagnostic;
            if span.is_none() || told.insert((*code, *span, message.clone())) {
                diagnostics.push(finding.finish());
            }
        }
        diagnostics
    }
}

impl Finding {
    fn finish(self) -> Diagnostic {
        if self.steps.is_empty() {
            return self.diagnostic;
        }
        let way: String = self.steps.into_iter().rev().collect();
        let mut message = way.trim_start_matches('.').to_owned();
        let _ = write!(message, ": {}", self.diagnostic.message);
        Diagnostic {
            message,
            ..self.diagnostic
        }
    }
}
