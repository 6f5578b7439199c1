//! Collects findings of a stage and puts in front of each where in the model it was made.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Span;
use std::fmt::{Display, Write as _};

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
    pub(crate) fn within<T>(&mut self, step: impl Display, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.found.len();
        let done = work(self);
        for finding in &mut self.found[before..] {
            finding.steps.push(step.to_string());
        }
        done
    }

    /// The findings, each saying where it was made: `services.web.ports[0]: …`.
    pub(crate) fn finish(self) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        diagnostics.extend(self.found.into_iter().map(Finding::finish));
        diagnostics
    }

    /// The value when nothing stops the load.
    pub(crate) fn into_result<T>(self, value: T, warnings: &mut Diagnostics) -> Result<T, Diagnostics> {
        let found = self.finish();
        if found.has_errors() {
            return Err(found);
        }
        warnings.extend(found);
        Ok(value)
    }
}

impl Finding {
    fn finish(self) -> Diagnostic {
        if self.steps.is_empty() {
            return self.diagnostic;
        }
        let mut message = String::new();
        for step in self.steps.iter().rev() {
            let index = step.bytes().all(|byte| byte.is_ascii_digit());
            let _ = match (message.is_empty(), index) {
                (false, true) => write!(message, "[{step}]"),
                (false, false) => write!(message, ".{step}"),
                (true, _) => write!(message, "{step}"),
            };
        }
        message.push_str(": ");
        message.push_str(&self.diagnostic.message);
        Diagnostic {
            message,
            ..self.diagnostic
        }
    }
}
