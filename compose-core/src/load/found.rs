//! What a load finds wrong: every independent mistake, and none that only follows from another.
//!
//! No stage gives up at its first error, and a later one still looks at what an earlier one found
//! fault with, so that one load tells them all. What a later stage says about a blamed place is the
//! same mistake seen again, and is left out.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::source::{Entry, Mapping, Node, SourceId, Span};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// The errors of a load so far, and which places they blame.
#[derive(Debug, Default)]
pub(crate) struct Found {
    errors: Diagnostics,
    blamed: Stretches,
    /// Where something is missing: what stands beside it is not to blame.
    lacking: HashSet<Span>,
    /// The sections of which something may be missing.
    lacking_sections: BTreeSet<String>,
}

/// Nothing more can be found out; why stands in [`Found`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopped;

impl Found {
    /// Takes what one stage found, but for errors about places that earlier stages blame; returns its
    /// warnings.
    pub(super) fn take(&mut self, stage: Diagnostics) -> impl Iterator<Item = Diagnostic> + use<> {
        let (mut errors, warnings): (Vec<_>, Vec<_>) = stage.into_iter().partition(|found| found.severity == Severity::Error);
        errors.retain(|error| !self.follows(error));
        for error in &errors {
            match error.span {
                Some(span) if error.code == Code::MissingKey => {
                    self.lacking.insert(span);
                }
                Some(span) => self.blamed.add(span),
                None => {}
            }
        }
        self.errors.extend(errors);
        warnings.into_iter()
    }

    /// Whether an error is only another one seen again.
    fn follows(&self, error: &Diagnostic) -> bool {
        let at_fault = |span| self.blamed.touch(span) || self.lacking.contains(&span);
        // What does not go together with something wrong may well be right.
        error.span.is_some_and(at_fault)
            || (error.code == Code::CannotMerge && error.related.iter().any(|(span, _)| self.blamed.touch(*span)))
    }

    /// Takes the reason why the load cannot go on.
    pub(super) fn stop(&mut self, reason: impl Into<Diagnostics>) -> Stopped {
        drop(self.take(reason.into()));
        Stopped
    }

    /// Notes that a part of some sections is missing, so that nobody looks for what it may have defined.
    pub(super) fn lacks<'s>(&mut self, sections: impl IntoIterator<Item = &'s str>) {
        self.lacking_sections.extend(sections.into_iter().map(str::to_owned));
    }

    /// Whether a part of a section may be missing.
    pub(super) fn may_lack(&self, section: &str) -> bool {
        self.lacking_sections.contains(section)
    }

    /// Notes that an error somewhere else leaves what stands here incomplete.
    pub(super) fn damage(&mut self, place: Span) {
        self.blamed.add(place);
    }

    /// Whether something in a part of the model was found wrong, so that what it lacks may be that, or
    /// what it lacks was found out.
    pub(super) fn is_damaged(&self, part: &Entry) -> bool {
        self.lacking.contains(&part.node.span) || (!self.blamed.is_empty() && self.touches_entry(part))
    }

    fn touches_entry(&self, entry: &Entry) -> bool {
        self.blamed.touch(entry.key_span) || self.touches(&entry.node)
    }

    fn touches(&self, node: &Node) -> bool {
        let mut entries = node.as_mapping().into_iter().flat_map(Mapping::iter);
        let items = node.as_sequence().unwrap_or_default();
        self.blamed.touch(node.span) || entries.any(|(_, entry)| self.touches_entry(entry)) || items.iter().any(|item| self.touches(item))
    }

    /// Whether anything is wrong.
    pub(super) fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Every error, in the order of their places.
    pub(super) fn into_errors(mut self) -> Diagnostics {
        self.errors.sort_by_place();
        self.errors
    }
}

/// Findings, each once. What several services share by an anchor is told of the first.
pub(crate) fn once_each(findings: Diagnostics) -> Diagnostics {
    let mut told = HashSet::new();
    let mut once = Diagnostics::new();
    for finding in findings {
        let what = if finding.span.is_some() { finding.said() } else { &finding.message };
        if told.insert((finding.code, finding.span, what.to_owned())) {
            once.push(finding);
        }
    }
    once
}

/// Stretches of files, none of which overlaps another.
#[derive(Debug, Default)]
struct Stretches {
    /// The last byte of each, by its first.
    last: BTreeMap<(SourceId, u32), u32>,
}

impl Stretches {
    fn is_empty(&self) -> bool {
        self.last.is_empty()
    }

    /// Adds a place; of two nested ones the outer counts.
    fn add(&mut self, place: Span) {
        let (source, first, mut last) = Self::bounds(place);
        let begin = match self.last.range(..=(source, first)).next_back() {
            Some((&(other, begin), &end)) if other == source && end >= first => {
                last = last.max(end);
                begin
            }
            _ => first,
        };
        let inner: Vec<_> = self
            .last
            .range((source, begin)..=(source, last))
            .map(|(key, end)| (*key, *end))
            .collect();
        for (key, end) in inner {
            last = last.max(end);
            self.last.remove(&key);
        }
        self.last.insert((source, begin), last);
    }

    /// Whether a place has a byte in common with any of them.
    fn touch(&self, place: Span) -> bool {
        let (source, first, last) = Self::bounds(place);
        let before = self.last.range(..=(source, last)).next_back();
        before.is_some_and(|(&(other, _), &end)| other == source && end >= first)
    }

    /// A file, and the first and last byte there; what is empty counts as one byte.
    fn bounds(place: Span) -> (SourceId, u32, u32) {
        (place.source, place.start, place.end.saturating_sub(1).max(place.start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;

    fn place(start: u32, end: u32) -> Span {
        let source = SourceMap::default().add("/a", "");
        Span {
            source,
            start,
            end,
            line: 1,
            column: start + 1,
        }
    }

    #[test]
    fn places_that_overlap_become_one() {
        let mut stretches = Stretches::default();
        for (start, end) in [(10, 20), (30, 30), (12, 15), (40, 50), (35, 60)] {
            stretches.add(place(start, end));
        }
        assert_eq!(
            stretches.last.iter().map(|((_, first), last)| (*first, *last)).collect::<Vec<_>>(),
            [(10, 19), (30, 30), (35, 59)]
        );
        for (start, end, touches) in [
            (0, 10, false),
            (0, 11, true),
            (19, 25, true),
            (20, 30, false),
            (25, 33, true),
            (30, 30, true),
            (31, 35, false),
            (59, 70, true),
            (60, 70, false),
            (0, 90, true),
        ] {
            assert_eq!(stretches.touch(place(start, end)), touches, "{start}–{end}");
        }
    }

    #[test]
    fn what_is_blamed_already_is_not_told_again() {
        use crate::diagnostic::Code;
        let error = |start, end, message: &str| Diagnostic::error(Code::WrongType, message).at(place(start, end));
        let mut found = Found::default();
        let mut first = Diagnostics::new();
        first.extend([error(50, 55, "later"), error(10, 20, "first"), error(10, 20, "first again")]);
        first.push(Diagnostic::warning(Code::OldBoolean, "odd").at(place(0, 5)));
        assert_eq!(found.take(first).count(), 1);
        let mut second = Diagnostics::new();
        second.extend([error(12, 14, "within"), error(5, 30, "around"), error(30, 35, "beside")]);
        assert_eq!(found.take(second).count(), 0);
        let messages: Vec<_> = found.into_errors().into_iter().map(|error| error.message).collect();
        assert_eq!(messages, ["first", "first again", "beside", "later"]);
    }
}
