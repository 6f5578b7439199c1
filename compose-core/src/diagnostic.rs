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

/// The findings of one load, in the order in which they were made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Whether any of them stops the load.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|found| found.severity == Severity::Error)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Changes each of them.
    pub(crate) fn each_mut(&mut self) -> std::slice::IterMut<'_, Diagnostic> {
        self.0.iter_mut()
    }

    /// Orders them by their places, those without one first.
    pub(crate) fn sort_by_place(&mut self) {
        self.0.sort_by_key(|found| found.span);
    }

    /// Each in turn.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, more: I) {
        self.0.extend(more);
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(one: Diagnostic) -> Self {
        Self(vec![one])
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
