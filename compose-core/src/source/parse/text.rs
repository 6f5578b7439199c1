//! Bytes to text: UTF-8 or UTF-16 by its byte order mark, without characters that YAML forbids.

use super::limit;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::reader::MAX_FILE_SIZE;
use crate::source::span::{SourceMap, Span};
use std::path::Path;

/// Why bytes are not a text, with as much of the text as could be read.
#[derive(Debug)]
pub(super) struct Refused {
    message: String,
    /// The text up to the trouble and a little further, for showing the line.
    readable: String,
    /// Where in `readable` the trouble is; `None` when the whole file is to blame.
    at: Option<usize>,
}

impl Refused {
    /// The finding, at its place in a source that is added for it.
    pub(super) fn into_diagnostic(self, path: &Path, sources: &mut SourceMap) -> Diagnostic {
        let span = self.at.map(|at| (at, line_and_column(&self.readable[..at])));
        let end = self.at.map(|at| at + self.readable[at..].chars().next().map_or(0, char::len_utf8));
        let source = sources.add(path, self.readable);
        let Some((start, (line, column))) = span else {
            return limit(self.message);
        };
        Diagnostic::error(Code::YamlEncoding, self.message)
            .at(Span {
                source,
                start: narrow(start),
                end: narrow(end.unwrap_or(start)),
                line,
                column,
            })
            .help("save the file as UTF-8 text; a control character is written as an escape in double quotes, such as \"\\u0007\"")
    }
}

/// The text of a file, without its byte order mark.
pub(super) fn decode(bytes: &[u8]) -> Result<String, Refused> {
    if bytes.len() as u64 > MAX_FILE_SIZE {
        return Err(Refused {
            message: format!("the file is larger than {} MiB", MAX_FILE_SIZE / (1024 * 1024)),
            readable: String::new(),
            at: None,
        });
    }
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes)?,
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes)?,
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest)?,
        _ => utf8(bytes)?,
    };
    if let Some(at) = text.find("\n\u{feff}") {
        return Err(Refused {
            message: "a byte order mark stands within the file".to_owned(),
            at: Some(at + 1),
            readable: text,
        });
    }
    match text.char_indices().find(|(_, character)| !is_allowed(*character)) {
        None => Ok(text),
        Some((at, character)) => Err(Refused {
            message: format!("control characters are not allowed: found U+{:04X}", u32::from(character)),
            readable: text,
            at: Some(at),
        }),
    }
}

fn utf8(bytes: &[u8]) -> Result<String, Refused> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|error| Refused {
        message: format!(
            "the file is not valid UTF-8: byte {} cannot stand here",
            Byte(bytes, error.valid_up_to())
        ),
        readable: String::from_utf8_lossy(bytes).into_owned(),
        at: Some(error.valid_up_to()),
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, Refused> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len());
    for decoded in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        match decoded {
            Ok(character) => text.push(character),
            Err(error) => {
                let message = format!(
                    "the file is not valid UTF-16: unit {:#06x} stands alone",
                    error.unpaired_surrogate()
                );
                return Err(cut(text, message));
            }
        }
    }
    if rest.is_empty() {
        Ok(text)
    } else {
        Err(cut(text, "the file is not valid UTF-16: half a unit stands at its end".to_owned()))
    }
}

fn cut(text: String, message: String) -> Refused {
    Refused {
        at: Some(text.len()),
        readable: text,
        message,
    }
}

/// The characters that may stand in YAML.
fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{85}')
        || (character >= ' ' && !matches!(character, '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}'))
}

/// Line and column, both from 1, of what follows this text.
fn line_and_column(before: &str) -> (u32, u32) {
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    (narrow(line), narrow(before[line_start..].chars().count() + 1))
}

/// Offsets stay below [`MAX_FILE_SIZE`], but a reader could ignore it.
pub(super) fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

struct Byte<'a>(&'a [u8], usize);

impl std::fmt::Display for Byte<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#04x}", self.0.get(self.1).copied().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(bytes: &[u8]) -> (String, Option<(u32, u32, u32)>) {
        let mut sources = SourceMap::default();
        let refused = decode(bytes)
            .expect_err("refused")
            .into_diagnostic(Path::new("/c.yaml"), &mut sources);
        (refused.message, refused.span.map(|span| (span.start, span.line, span.column)))
    }

    #[test]
    fn reads_the_encodings_that_a_mark_announces() {
        let text = "a: é😀\n";
        let units: Vec<u16> = text.encode_utf16().collect();
        let little: Vec<u8> = [0xfeff].iter().chain(&units).flat_map(|unit| unit.to_le_bytes()).collect();
        let big: Vec<u8> = [0xfeff].iter().chain(&units).flat_map(|unit| unit.to_be_bytes()).collect();
        assert_eq!(decode(&little).expect("little endian"), text);
        assert_eq!(decode(&big).expect("big endian"), text);
        assert_eq!(decode("\u{feff}a: é😀\n".as_bytes()).expect("marked UTF-8"), text);
        assert_eq!(decode(text.as_bytes()).expect("UTF-8"), text);
    }

    #[test]
    fn says_where_the_trouble_is() {
        assert_eq!(
            refusal(b"a: 1\nb: \xc3\x28\n"),
            ("the file is not valid UTF-8: byte 0xc3 cannot stand here".into(), Some((8, 2, 4)))
        );
        assert_eq!(
            refusal("é: \u{7}\n".as_bytes()),
            ("control characters are not allowed: found U+0007".into(), Some((4, 1, 4)))
        );
        assert_eq!(
            refusal("\u{feff}a: 1\n---\n\u{feff}b: 2\n".as_bytes()),
            ("a byte order mark stands within the file".into(), Some((9, 3, 1)))
        );
        assert_eq!(
            refusal(&[0xff, 0xfe, 0x61, 0x00, 0x00, 0xd8]),
            ("the file is not valid UTF-16: unit 0xd800 stands alone".into(), Some((1, 1, 2)))
        );
        assert_eq!(
            refusal(&[0xfe, 0xff, 0x00]),
            (
                "the file is not valid UTF-16: half a unit stands at its end".into(),
                Some((0, 1, 1))
            )
        );
    }

    #[test]
    fn refuses_a_file_above_the_limit() {
        let huge = vec![b'#'; usize::try_from(MAX_FILE_SIZE).expect("a small constant") + 1];
        assert_eq!(refusal(&huge), ("the file is larger than 16 MiB".into(), None));
    }
}
