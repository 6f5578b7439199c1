//! Places in files, and the files they are in.

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

    /// `path:line:column` of a place.
    pub fn place(&self, span: Span) -> String {
        format!("{}:{}:{}", self.file(span.source).path.display(), span.line, span.column)
    }
}
