//! What the scanner takes otherwise than Compose does, found before it reads a text.
//!
//! A tag directly before a comma makes it panic; a `:` at the end of a plain text in a flow collection
//! (`{A:}`, `[a:, b]`) it refuses, where Compose reads it as a character of the text.

use super::events::index;
use libyaml_safer::{Encoding, Scanner, TokenData};
use std::borrow::Cow;
use std::io::{BufReader, Read as _};

/// How many bytes may be scanned to look at single places of a text.
const CLOSE_LOOKS: usize = 64 << 20;
/// What stands for a `:` that the scanner would refuse: a character that is one wherever a plain text has got to.
const STAND_IN: &str = "_";

/// The text for the scanner, and the colons that are not in it.
///
/// Text in which neither can be is not looked at twice. Past [`CLOSE_LOOKS`] a tag before a comma costs an
/// error without a place, and such a colon stays refused.
///
/// # Errors
/// Where a tag stands directly before a comma.
pub(super) fn scannable(text: &str) -> Result<(Cow<'_, str>, Colons), usize> {
    let mut looks = Looks {
        text: Cow::Borrowed(text),
        colons: Colons::default(),
        left: CLOSE_LOOKS,
    };
    for comma in commas_behind_tags(text) {
        if looks.up_to(comma) == Some(Trouble::Tag) {
            return Err(comma);
        }
    }
    if text
        .as_bytes()
        .windows(2)
        .any(|pair| pair[0] == b':' && b",?[]{}".contains(&pair[1]))
    {
        looks.up_to(text.len());
    }
    Ok((looks.text, looks.colons))
}

/// A text while it is made scannable.
struct Looks<'a> {
    text: Cow<'a, str>,
    colons: Colons,
    /// How many bytes may still be scanned.
    left: usize,
}

/// What the scanner cannot get past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// A tag that ends where the text does.
    Tag,
    /// The `:` at this offset.
    Colon(usize),
}

impl Looks<'_> {
    /// Looks at the beginning of the text, which holds no tag before a comma, with characters that stand in for
    /// the colons there.
    fn up_to(&mut self, end: usize) -> Option<Trouble> {
        loop {
            self.left = self.left.checked_sub(end)?;
            match trouble(&self.text[..end])? {
                Trouble::Tag => return Some(Trouble::Tag),
                Trouble::Colon(at) => {
                    self.text.to_mut().replace_range(at..=at, STAND_IN);
                    self.colons.0.push(at);
                }
            }
        }
    }
}

/// What the scanner meets in a text, behind which a character is put that no tag holds: for it a tag that
/// ends there, and nothing else, is refused with these words.
fn trouble(text: &str) -> Option<Trouble> {
    let mut scanner = Scanner::new();
    scanner.set_encoding(Encoding::Utf8);
    scanner.set_input(BufReader::new(text.as_bytes().chain(b"`\n".as_slice())));
    loop {
        let error = match Scanner::scan(&mut scanner) {
            Ok(token) if token.data == TokenData::StreamEnd => return None,
            Ok(_) => continue,
            Err(error) => error,
        };
        let at = error.problem_mark().map(index)?;
        return match (error.context(), error.problem()) {
            (_, "found unexpected ':'") => Some(Trouble::Colon(at)),
            (Some("while scanning a tag"), "did not find expected whitespace or line break") if at == text.len() => Some(Trouble::Tag),
            _ => None,
        };
    }
}

/// The commas of the words in which a tag may begin, which it does not behind a letter or a digit.
fn commas_behind_tags(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut tag = false;
    let mut previous = b'\n';
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\n' | b'\r' | b' ' | b'\t' => tag = false,
            b'!' => tag |= !previous.is_ascii_alphanumeric(),
            b',' if tag => found.push(at),
            _ => {}
        }
        previous = byte;
    }
    found
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
