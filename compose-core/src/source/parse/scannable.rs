//! What the scanner reads otherwise than Compose does, changed before it reads a text.
//!
//! Compose takes a `:` at the end of a plain text in a flow collection (`{A:}`, `[a:, b]`) for a character of the
//! text, and `,`, `[` and `]` for characters of a tag that they touch (`[!x, b]`). The scanner refuses both, and
//! panics at a tag before a comma. Characters of which it takes no notice stand in for these.

use super::compose::MAX_DEPTH;
use super::events::index;
use libyaml_safer::{Encoding, Scanner, TokenData};
use std::borrow::Cow;
use std::io::{BufReader, Read as _};

/// How many bytes may be scanned to look at single places of a text.
const CLOSE_LOOKS: usize = 16 << 20;
/// What stands for a `:` in a plain text.
const FOR_COLON: &str = "_";
/// What stands for a character of a tag that the scanner takes for none; no tag that is known has it.
const IN_TAG: &str = ";";

/// The text for the scanner, and what stands in for others in it.
///
/// Text in which neither can be is not looked at. Past [`CLOSE_LOOKS`] the rest stays as it is, and is refused.
pub(super) fn scannable(text: &str) -> (Cow<'_, str>, StandIns) {
    let mut looks = Looks {
        text: Cow::Borrowed(text),
        stand_ins: StandIns::default(),
        left: CLOSE_LOOKS,
    };
    let suspects = suspects(text);
    for (at, _) in suspects.iter().filter(|(_, byte)| *byte == b',') {
        looks.up_to(*at);
    }
    let refused = |pair: &[u8]| pair[0] == b':' && b",?[]{}".contains(&pair[1]);
    if !suspects.is_empty() || text.as_bytes().windows(2).any(refused) {
        looks.up_to(text.len());
    }
    (looks.text, looks.stand_ins)
}

/// Where characters stand in for others, each list in order.
#[derive(Debug, Default)]
pub(super) struct StandIns {
    colons: Vec<usize>,
    in_tags: Vec<usize>,
}

impl StandIns {
    /// Puts the colons back into the value of a plain text, at the end of what is written at an offset.
    ///
    /// Such a value holds the characters that are written, but for blanks and line breaks.
    pub(super) fn put_colons_back(&self, value: &mut String, written: &str, offset: usize) {
        let first = self.colons.partition_point(|at| *at < offset);
        if self.colons.get(first).is_none_or(|at| *at >= offset + written.len()) {
            return;
        }
        let alike = FOR_COLON.as_bytes()[0];
        let stands_in = written.bytes().enumerate().rev().filter_map(|(at, byte)| match byte {
            b':' => self.colons.binary_search(&(offset + at)).is_ok().then_some(true),
            _ => (byte == alike).then_some(false),
        });
        let mut bytes = std::mem::take(value).into_bytes();
        let places = bytes.iter_mut().rev().filter(|byte| **byte == alike);
        for (byte, _) in places.zip(stands_in).filter(|(_, stands_in)| *stands_in) {
            *byte = b':';
        }
        *value = String::from_utf8(bytes).expect("one ASCII character in the place of another");
    }

    /// The last place before an offset where a tag goes on over a `,`, `[` or `]`.
    pub(super) fn tag_before(&self, offset: usize) -> Option<usize> {
        let before = self.in_tags.partition_point(|at| *at < offset);
        before.checked_sub(1).map(|last| self.in_tags[last])
    }
}

/// A text while it is made scannable.
struct Looks<'a> {
    text: Cow<'a, str>,
    stand_ins: StandIns,
    /// How many bytes may still be scanned.
    left: usize,
}

/// What the scanner cannot get past.
#[derive(Clone, Copy)]
struct Trouble {
    at: usize,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    /// A `:`.
    Colon,
    /// A character behind a tag.
    BehindTag,
}

impl Looks<'_> {
    /// Gets the scanner up to an offset, and over what stands there if a tag goes on there.
    ///
    /// Every comma before it was come up to, so that none is directly behind a tag.
    fn up_to(&mut self, end: usize) {
        loop {
            if self.left == 0 {
                return;
            }
            let met = trouble(&self.text[..end]);
            self.left = self.left.saturating_sub(met.map_or(end, |trouble| trouble.at));
            let Some(Trouble { at, kind }) = met else { return };
            match kind {
                Kind::Colon => {
                    self.text.to_mut().replace_range(at..=at, FOR_COLON);
                    self.stand_ins.colons.push(at);
                }
                Kind::BehindTag if matches!(self.text.as_bytes().get(at), Some(b',' | b'[' | b']')) => {
                    self.text.to_mut().replace_range(at..=at, IN_TAG);
                    self.stand_ins.in_tags.push(at);
                    if at == end {
                        return;
                    }
                }
                Kind::BehindTag => return,
            }
        }
    }
}

/// What the scanner meets in a text, behind which a character is put that no tag holds.
fn trouble(text: &str) -> Option<Trouble> {
    let mut scanner = Scanner::new();
    scanner.set_encoding(Encoding::Utf8);
    scanner.set_input(BufReader::new(text.as_bytes().chain(b"`\n".as_slice())));
    let mut depth = 0_usize;
    loop {
        let error = match Scanner::scan(&mut scanner) {
            Ok(token) => {
                depth = depth_after(&token.data, depth);
                // What stands deeper is refused: nobody has to read it, and each level makes the scanner slower.
                if token.data == TokenData::StreamEnd || depth > MAX_DEPTH {
                    return None;
                }
                continue;
            }
            Err(error) => error,
        };
        let at = error.problem_mark().map(index)?;
        let kind = match (error.context(), error.problem()) {
            (_, "found unexpected ':'") => Kind::Colon,
            (Some("while scanning a tag"), "did not find expected whitespace or line break") => Kind::BehindTag,
            _ => return None,
        };
        return Some(Trouble { at, kind });
    }
}

/// How deep lists and mappings stand in one another behind a token.
fn depth_after(token: &TokenData, depth: usize) -> usize {
    match token {
        TokenData::FlowSequenceStart | TokenData::FlowMappingStart | TokenData::BlockSequenceStart | TokenData::BlockMappingStart => {
            depth + 1
        }
        TokenData::FlowSequenceEnd | TokenData::FlowMappingEnd | TokenData::BlockEnd => depth.saturating_sub(1),
        _ => depth,
    }
}

/// The `,`, `[` and `]` of words in which a tag may begin, which it does not behind a letter or a digit.
fn suspects(text: &str) -> Vec<(usize, u8)> {
    let mut found = Vec::new();
    let mut tag = false;
    let mut previous = b'\n';
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\n' | b'\r' | b' ' | b'\t' => tag = false,
            b'!' => tag |= !previous.is_ascii_alphanumeric(),
            b',' | b'[' | b']' if tag => found.push((at, byte)),
            _ => {}
        }
        previous = byte;
    }
    found
}
