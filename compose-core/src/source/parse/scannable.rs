//! What the scanner takes otherwise than Compose does, found before it reads a text.
//!
//! A tag directly before a comma makes it panic; a `:` at the end of a plain text in a flow collection
//! (`{A:}`, `[a:, b]`) it refuses, where Compose reads it as a character of the text.

use super::events::{index, input};
use libyaml_safer::{Encoding, Scanner, TokenData};
use std::borrow::Cow;
use std::io::{BufReader, Read as _};
use std::panic::catch_unwind;

/// How many bytes may be scanned again to look at single places of a text.
const CLOSE_LOOKS: usize = 64 << 20;
/// What stands for a `:` that the scanner would refuse: a character that is one wherever a plain text has got to.
const STAND_IN: &str = "_";

/// The text for the scanner, and the colons that are not in it.
///
/// # Errors
/// Where a tag stands directly before a comma.
pub(super) fn scannable(text: &str) -> Result<(Cow<'_, str>, Colons), usize> {
    let mut scannable = Cow::Borrowed(text);
    let mut colons = Colons::default();
    let mut looks = CLOSE_LOOKS;
    loop {
        // A scanner that breaks down here does so again when it is read, where it costs an error.
        if let Ok(Some(comma)) = catch_unwind(|| tag_before_comma(&scannable)) {
            return Err(comma);
        }
        let (Some(left), Ok(Some(colon))) = (looks.checked_sub(text.len()), catch_unwind(|| refused_colon(&scannable))) else {
            return Ok((scannable, colons));
        };
        looks = left;
        scannable.to_mut().replace_range(colon..=colon, STAND_IN);
        colons.0.push(colon);
    }
}

/// Where [`STAND_IN`] stands for a `:`, in order.
#[derive(Debug, Default)]
pub(super) struct Colons(Vec<usize>);

impl Colons {
    /// Puts the colons back into the value of a plain text, at the end of what is written at an offset.
    ///
    /// Such a value holds the characters that are written, but for blanks and line breaks.
    pub(super) fn put_back(&self, value: &mut String, written: &str, offset: usize) {
        let first = self.0.partition_point(|at| *at < offset);
        if self.0.get(first).is_none_or(|at| *at >= offset + written.len()) {
            return;
        }
        let stands_in = written.bytes().enumerate().rev().filter_map(|(at, byte)| match byte {
            b':' => self.0.binary_search(&(offset + at)).is_ok().then_some(true),
            _ => (byte == STAND_IN.as_bytes()[0]).then_some(false),
        });
        let mut bytes = std::mem::take(value).into_bytes();
        let alike = bytes.iter_mut().rev().filter(|byte| **byte == STAND_IN.as_bytes()[0]);
        for (byte, _) in alike.zip(stands_in).filter(|(_, stands_in)| *stands_in) {
            *byte = b':';
        }
        *value = String::from_utf8(bytes).expect("one ASCII character in the place of another");
    }
}

/// Where a plain text in a flow collection has a `:` before one of the characters that end it.
fn refused_colon(text: &str) -> Option<usize> {
    let suspect = |pair: &[u8]| pair[0] == b':' && matches!(pair[1], b',' | b'?' | b'[' | b']' | b'{' | b'}');
    if !text.as_bytes().windows(2).any(suspect) {
        return None;
    }
    let mut scanner = Scanner::new();
    scanner.set_encoding(Encoding::Utf8);
    scanner.set_input(input(Cow::Borrowed(text)));
    loop {
        match Scanner::scan(&mut scanner) {
            Ok(token) if token.data == TokenData::StreamEnd => return None,
            Ok(_) => {}
            Err(error) if error.problem() == "found unexpected ':'" => return error.problem_mark().map(index),
            Err(_) => return None,
        }
    }
}

/// Where a tag stands directly before a comma, the one mistake that has no error in the scanner.
///
/// Only a text in which some word with a `!` touches a comma is looked at closely: it is scanned once
/// with a blank before each such comma. Blanks change neither where tokens begin nor what kind they
/// are up to the first such tag, and that one then ends where a blank was put. Where the scanner finds
/// an error on the way, it may be that of a blank, behind a colon or in `!<…,…>`, and a tag may hide
/// before it, since the scanner reads ahead: then each comma is looked at alone.
fn tag_before_comma(text: &str) -> Option<usize> {
    let suspects = commas_behind_tags(text);
    if suspects.is_empty() {
        return None;
    }
    let mut spaced = String::with_capacity(text.len() + suspects.len());
    let mut from = 0;
    for at in &suspects {
        spaced.push_str(&text[from..*at]);
        spaced.push(' ');
        from = *at;
    }
    spaced.push_str(&text[from..]);
    let mut scanner = Scanner::new();
    scanner.set_encoding(Encoding::Utf8);
    scanner.set_input(input(Cow::Owned(spaced)));
    // How many blanks stand before the end of a tag, which only grows.
    let mut blanks = 0;
    while let Ok(token) = Scanner::scan(&mut scanner) {
        match token.data {
            TokenData::StreamEnd => return None,
            TokenData::Tag { .. } => {
                let end = index(token.end_mark);
                while suspects.get(blanks).is_some_and(|at| at + blanks < end) {
                    blanks += 1;
                }
                if suspects.get(blanks).is_some_and(|at| at + blanks == end) {
                    return Some(suspects[blanks]);
                }
            }
            _ => {}
        }
    }
    // Past the limit what is left for the scanner to panic about costs an error without a place.
    let affordable = suspects.len().saturating_mul(text.len()) <= CLOSE_LOOKS;
    suspects.into_iter().find(|at| affordable && ends_with_tag(&text[..*at]))
}

/// Whether a text ends with a tag. A character that no tag holds is put behind it, for which a tag, and
/// nothing else, is refused with these words. The last line has to end, as with [`input`].
fn ends_with_tag(text: &str) -> bool {
    let mut scanner = Scanner::new();
    scanner.set_encoding(Encoding::Utf8);
    scanner.set_input(BufReader::new(text.as_bytes().chain(b"`\n".as_slice())));
    loop {
        match Scanner::scan(&mut scanner) {
            Ok(token) if token.data == TokenData::StreamEnd => return false,
            Ok(_) => {}
            Err(error) => {
                return error.context() == Some("while scanning a tag")
                    && error.problem() == "did not find expected whitespace or line break"
                    && error.problem_mark().is_some_and(|mark| index(mark) == text.len());
            }
        }
    }
}

/// The commas behind a `!` of the same word.
fn commas_behind_tags(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let (mut bang, mut directive) = (false, false);
    let mut directives = true;
    let mut previous = b'\n';
    for (at, byte) in text.bytes().enumerate() {
        if matches!(previous, b'\n' | b'\r') {
            let line = &text.as_bytes()[at..];
            directive = directives && byte == b'%';
            directives = directive || leaves_directives(line, directives);
        }
        match byte {
            b'\n' | b'\r' | b' ' | b'\t' => bang = false,
            b'!' => bang = true,
            b',' if bang && !directive => found.push(at),
            _ => {}
        }
        previous = byte;
    }
    found
}

/// Whether directives may stand behind a line that is none: before a document's first line they may,
/// and behind its end.
fn leaves_directives(line: &[u8], before: bool) -> bool {
    let first = line.iter().find(|byte| !matches!(byte, b' ' | b'\t'));
    let says_nothing = matches!(first, None | Some(b'\n' | b'\r' | b'#'));
    line.starts_with(b"...") || (before && says_nothing)
}
