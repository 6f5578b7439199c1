//! From the bytes of a compose file to one located [`Node`] for each YAML document in it.
//!
//! [`parse`] is the entry. Behind it, `text` decodes the bytes, `scannable` makes of them what the YAML scanner
//! reads as Compose does, `events` guards that scanner, `compose` builds nodes (merge keys, tags, duplicates; `anchors`
//! for its aliases) and `scalar` decides what an unquoted word is. Time and memory are bounded for any input,
//! however hostile.

mod anchors;
mod compose;
mod events;
mod scalar;
mod scannable;
mod text;
mod timestamp;

use super::node::{Node, Value};
use super::span::SourceMap;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::load::{Allowance, Limits};
use std::path::Path;

/// Parses a file, which is added to the map of sources under this path.
///
/// One node for each document, in order. A file that is empty or holds only comments has none; an
/// empty document between two `---` is a null node. The value under `!reset` is read and dropped:
/// such a node is null.
///
/// # Errors
/// The first syntax error, or every duplicate key, key that is not text, unknown alias and the like
/// that was found up to it.
pub fn parse(path: &Path, bytes: &[u8], sources: &mut SourceMap) -> Result<Vec<Node>, Diagnostics> {
    parse_within(&Allowance::new(Limits::default(), None), path, bytes, sources)
}

/// Parses a file as [`parse`] does, as one of several of a load.
pub(crate) fn parse_within(
    allowance: &Allowance<'_>,
    path: &Path,
    bytes: &[u8],
    sources: &mut SourceMap,
) -> Result<Vec<Node>, Diagnostics> {
    let decoded = match text::decode(bytes) {
        Ok(decoded) => decoded,
        Err(refused) => return Err(refused.into_diagnostic(path, sources).into()),
    };
    let source = sources.add(path, decoded);
    let text = sources.file(source).text.clone();
    compose::compose(&text, source, allowance)
}

/// Parses text as [`parse`] does, for callers that hold no file: tests, a request to the daemon.
///
/// # Errors
/// As [`parse`].
pub fn parse_text(name: &str, text: &str, sources: &mut SourceMap) -> Result<Vec<Node>, Diagnostics> {
    parse(Path::new(name), text.as_bytes(), sources)
}

/// Whether a scalar without quotes is read as text, and not as null, a boolean, a number or a time.
pub(crate) fn is_plain_text(text: &str) -> bool {
    let resolved = scalar::resolve(text.to_owned(), scalar::ScalarTag::None, true);
    resolved.is_ok_and(|value| matches!(value, Value::String(_)))
}

/// What cannot be read past; everything else is collected.
type Fatal = Box<Diagnostic>;

/// A finding about a limit, which no honest file meets.
fn limit(message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(Code::TooLarge, message)
}

#[cfg(test)]
mod tests;
