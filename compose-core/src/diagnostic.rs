//! What is wrong, where, and what to do: errors and warnings as data, without any rendering.

mod code;
mod path;

pub use code::Code;
pub use path::{ModelPath, Step};

use crate::source::Span;

/// Whether a diagnostic stops the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The project loads all the same.
    Warning,
    /// The project is refused.
    Error,
}

/// One finding about a compose file or what it refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which kind of finding this is.
    pub code: Code,
    /// Whether it stops the load.
    pub severity: Severity,
    /// One lower-case sentence without a final dot.
    pub message: String,
    /// The place to blame, where a file is to blame.
    pub span: Option<Span>,
    /// The part of the model that it is about, where it is about one.
    pub path: Option<ModelPath>,
    /// Other places that explain it: "first defined here", "extended from here".
    pub related: Vec<(Span, String)>,
    /// What else explains it: where a value that was put in came from.
    pub notes: Vec<String>,
    /// What to do next.
    pub help: Option<String>,
    /// Where the message, having said where it is, comes to what is wrong.
    pub(crate) said: usize,
}

impl Diagnostic {
    /// An error without a place.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            span: None,
            path: None,
            related: Vec::new(),
            notes: Vec::new(),
            help: None,
            said: 0,
        }
    }

    /// A warning without a place.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message)
        }
    }

    /// The same finding, its message saying first where in the model it is.
    #[must_use]
    pub(crate) fn within(mut self, place: impl std::fmt::Display) -> Self {
        let place = place.to_string();
        self.said += place.len();
        self.message.insert_str(0, &place);
        self
    }

    /// What is wrong, without where in the model.
    pub(crate) fn said(&self) -> &str {
        &self.message[self.said..]
    }

    /// The same finding, blaming a place.
    #[must_use]
    pub fn at(mut self, span: impl Into<Option<Span>>) -> Self {
        self.span = span.into();
        self
    }

    /// The same finding, about a part of the model.
    #[must_use]
    pub fn about(mut self, path: impl Into<ModelPath>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// The same finding with another place that explains it.
    #[must_use]
    pub fn related(mut self, span: Span, note: impl Into<String>) -> Self {
        self.related.push((span, note.into()));
        self
    }

    /// The same finding with something else that explains it.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// The same finding with a next step.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// How many findings of a severity are kept: nobody reads more, and a file can hold a hundred thousand mistakes.
const MOST: usize = 1_000;
/// How many bytes their messages may have together: a name in them can be as long as a file.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// The findings of one load, in the order in which they were made; of each severity the first thousand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    found: Vec<Diagnostic>,
    errors: usize,
    warnings: usize,
    bytes: usize,
}

impl Diagnostics {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one. Behind the last for which there is room it is said that there are more.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let count = match diagnostic.severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        if *count > MOST {
            return;
        }
        *count += 1;
        self.bytes += diagnostic.message.len();
        if *count <= MOST && self.bytes <= MOST_BYTES {
            self.found.push(diagnostic);
        } else {
            *count = MOST + 1;
            self.found.push(and_more(&diagnostic));
        }
    }

    /// Whether any of them stops the load.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Whether there is no room for another error: whoever looks for more may stop.
    pub(crate) fn is_full(&self) -> bool {
        self.errors > MOST
    }

    /// Whether there is no room for another warning.
    pub(crate) fn is_full_of_warnings(&self) -> bool {
        self.warnings > MOST
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Changes each of them.
    pub(crate) fn each_mut(&mut self) -> std::slice::IterMut<'_, Diagnostic> {
        self.found.iter_mut()
    }

    /// Orders them by their places, those without one first.
    pub(crate) fn sort_by_place(&mut self) {
        self.found.sort_by_key(|found| found.span);
    }

    /// Each in turn.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.found.iter()
    }
}

/// Stands for a finding and all that come after it.
fn and_more(first: &Diagnostic) -> Diagnostic {
    let what = match first.severity {
        Severity::Error => "errors",
        Severity::Warning => "warnings",
    };
    Diagnostic {
        severity: first.severity,
        ..Diagnostic::error(Code::TooLarge, format!("there are more {what}, which are not told"))
    }
    .at(first.span)
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, more: I) {
        for diagnostic in more {
            self.push(diagnostic);
        }
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(one: Diagnostic) -> Self {
        let mut all = Self::new();
        all.push(one);
        all
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.found.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_thousand_of_each_severity_are_told() {
        let mut all = Diagnostics::new();
        for number in 0..5 * MOST {
            all.push(Diagnostic::warning(Code::OldBoolean, number.to_string()));
        }
        assert!(!all.has_errors() && all.is_full_of_warnings());
        all.extend((0..=MOST).map(|number| Diagnostic::error(Code::WrongType, number.to_string())));
        assert!(all.has_errors() && all.is_full());
        let told = |severity| all.iter().filter(move |found| found.severity == severity);
        for (severity, last) in [
            (Severity::Warning, "there are more warnings, which are not told"),
            (Severity::Error, "there are more errors, which are not told"),
        ] {
            assert_eq!(told(severity).count(), MOST + 1);
            assert_eq!(told(severity).next_back().map(|found| found.message.as_str()), Some(last));
        }
    }

    #[test]
    fn long_messages_are_fewer() {
        let mut all = Diagnostics::new();
        all.extend((0..100).map(|_| Diagnostic::error(Code::WrongType, "x".repeat(MOST_BYTES / 4))));
        assert_eq!(all.len(), 5);
        assert!(all.is_full());
        all.push(Diagnostic::warning(Code::OldBoolean, "short"));
        assert_eq!(
            all.iter().next_back().map(|found| found.message.as_str()),
            Some("there are more warnings, which are not told")
        );
    }
}
