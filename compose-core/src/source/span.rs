//! Places in files, and the files they are in.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Which file of a [`SourceMap`] a place is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(u32);

/// A stretch of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub source: SourceId,
    /// First byte, from 0.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
    /// Line of the first byte, from 1.
    pub line: u32,
    /// Column of the first byte in characters, from 1.
    pub column: u32,
}

/// A file that took part in a load.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// The path by which it was reached; absolute.
    pub path: PathBuf,
    /// Its text.
    pub text: Arc<str>,
}

/// Every file that took part in a load, so that a [`Span`] can be shown with its line.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl Span {
    /// Whether another place lies within this one.
    pub(crate) fn holds(self, other: Self) -> bool {
        self.source == other.source && self.start <= other.start && other.end <= self.end
    }
}

impl SourceMap {
    /// Adds a file.
    ///
    /// # Panics
    /// When 4 billion files were added before.
    pub fn add(&mut self, path: impl AsRef<Path>, text: impl Into<Arc<str>>) -> SourceId {
        let id = u32::try_from(self.files.len()).expect("a load reads fewer files than a u32 counts");
        self.files.push(SourceFile {
            path: path.as_ref().to_owned(),
            text: text.into(),
        });
        SourceId(id)
    }

    /// The file of an id that [`SourceMap::add`] of this map returned.
    pub fn file(&self, id: SourceId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// How many files there are.
    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    /// The files that were added since there were `before` of them.
    pub(crate) fn since(&self, before: usize) -> impl Iterator<Item = SourceId> + use<> {
        (before..self.files.len()).map(|index| SourceId(u32::try_from(index).expect("`add` counted them in a u32")))
    }

    /// What stands at a place.
    pub(crate) fn text(&self, span: Span) -> &str {
        let text = &self.file(span.source).text;
        text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// A part of a place, by the bytes of [`SourceMap::text`].
    pub(crate) fn part(&self, whole: Span, part: Range<usize>) -> Span {
        let before = self.text(whole).get(..part.start).unwrap_or_default();
        let narrow = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let (line, column) = match before.rsplit_once('\n') {
            Some((lines, last)) => (
                whole.line + 1 + narrow(lines.matches('\n').count()),
                1 + narrow(last.chars().count()),
            ),
            None => (whole.line, whole.column + narrow(before.chars().count())),
        };
        Span {
            start: whole.start + narrow(part.start),
            end: whole.start + narrow(part.end),
            line,
            column,
            ..whole
        }
    }

    /// The empty place behind a place.
    pub fn end(&self, span: Span) -> Span {
        let length = self.text(span).len();
        self.part(span, length..length)
    }

    /// `path:line:column` of a place.
    pub fn place(&self, span: Span) -> String {
        format!("{}:{}:{}", self.file(span.source).path.display(), span.line, span.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_place_has_a_line_and_a_column() {
        let mut sources = SourceMap::default();
        let source = sources.add("/a", "key: żó $A\n  ż $B\n");
        let whole = Span {
            source,
            start: 5,
            end: 20,
            line: 1,
            column: 6,
        };
        for (part, place) in [("$A", "/a:1:9"), ("$B", "/a:2:5"), ("żó", "/a:1:6")] {
            let at = sources.text(whole).find(part).expect("it is there");
            let span = sources.part(whole, at..at + part.len());
            assert_eq!((sources.text(span), sources.place(span).as_str()), (part, place));
            assert!(whole.holds(span) && !span.holds(whole));
        }
    }
}
