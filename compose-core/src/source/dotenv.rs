//! The dialect of `.env`, `env_file` and `label_file`: not a shell's, and not any dotenv library's.
//!
//! `K=V`, `K: V`, `export K=V`; a bare `K` takes the outer value. `'…'` is literal, `"…"` knows
//! escapes, both may span lines; everything but `'…'` is interpolated. A comment begins with ` #`.

use super::span::{SourceId, SourceMap, Span};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::load::interpolate::{MAX_TOTAL, Template, too_much, unset_variable};
use crate::model::StringMap;
use std::collections::HashMap;
use std::path::Path;

/// How a file of variables is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EnvFormat {
    /// With quotes, escapes, comments and interpolation.
    #[default]
    Compose,
    /// `K=V` by line, all of it literal: `format: raw` of a service's `env_file`.
    Raw,
}

/// A file of variables.
#[derive(Clone, Copy, Debug)]
pub struct EnvFile<'f> {
    /// Its path, for messages.
    pub path: &'f Path,
    /// What is in it.
    pub bytes: &'f [u8],
    /// How to read it.
    pub format: EnvFormat,
}

impl EnvFile<'_> {
    /// Reads the assignments into what is known already.
    ///
    /// Expansions and bare keys ask `lookup` first and then `known`, which grows on the way: a file
    /// sees what stands above. A bare key that neither knows is left out. The first statement that
    /// cannot be read ends it with an error among the findings.
    pub fn read_into(
        &self,
        known: &mut StringMap,
        lookup: &dyn Fn(&str) -> Option<String>,
        sources: &mut SourceMap,
        findings: &mut Diagnostics,
    ) {
        let bytes = self.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(self.bytes);
        let text = String::from_utf8_lossy(bytes);
        let damaged = matches!(text, std::borrow::Cow::Owned(_));
        let source = sources.add(self.path, text);
        let text = sources.file(source).text.clone();
        let mut statements = Statements::new(&text, source, damaged);
        let result = match self.format {
            EnvFormat::Compose => statements.read(known, lookup, findings),
            EnvFormat::Raw => statements.read_raw(known, lookup),
        };
        if let Err(found) = result {
            findings.push(*found);
        }
    }
}

/// Where a file of variables sets each of them, the last time it does.
pub(crate) fn definitions(sources: &SourceMap, source: SourceId) -> HashMap<String, Span> {
    let text = &*sources.file(source).text;
    let mut statements = Statements::new(text, source, false);
    let mut places = HashMap::new();
    while statements.find_statement() {
        let start = statements.at;
        match statements.key() {
            Ok((_, AfterKey::LineEnd)) => {}
            Ok((key, AfterKey::Value)) if statements.value().is_ok() => {
                let place = statements.span(start, statements.at);
                places.insert(key.to_owned(), place);
            }
            Ok(_) | Err(_) => break,
        }
    }
    places
}

type Fatal = Box<Diagnostic>;

/// Where the last statement began, to count lines from there only.
struct Place {
    source: SourceId,
    offset: usize,
    line: u32,
    column: u32,
}

struct Statements<'t> {
    text: &'t str,
    /// The byte that is read next.
    at: usize,
    place: Place,
    /// Some bytes were not UTF-8 and stand as U+FFFD.
    damaged: bool,
    /// Bytes that expansions came to so far.
    total: usize,
}

/// What comes after a key.
enum AfterKey {
    /// A `=` or a `:`, and then the value.
    Value,
    /// The next line.
    LineEnd,
    /// Nothing at all.
    FileEnd,
}

impl<'t> Statements<'t> {
    fn new(text: &'t str, source: SourceId, damaged: bool) -> Self {
        let place = Place {
            source,
            offset: 0,
            line: 1,
            column: 1,
        };
        Self {
            text,
            at: 0,
            place,
            damaged,
            total: 0,
        }
    }

    fn read(&mut self, known: &mut StringMap, lookup: &dyn Fn(&str) -> Option<String>, findings: &mut Diagnostics) -> Result<(), Fatal> {
        while self.find_statement() {
            let start = self.at;
            let (key, after) = self.key()?;
            if key.contains(is_blank) {
                return Err(Box::new(self.refuse(
                    start,
                    self.at,
                    "key cannot contain a space",
                    Some("a line is `NAME=value` or a `#` comment"),
                )));
            }
            match after {
                AfterKey::Value => {}
                AfterKey::LineEnd => {
                    if let Some(value) = lookup(key) {
                        known.insert(key.to_owned(), value);
                    }
                    continue;
                }
                AfterKey::FileEnd => {
                    let message = "the last line is read as the value of a variable without a name";
                    let unnamed = Diagnostic::warning(Code::EnvFileSyntax, message).at(self.span(start, self.text.trim_end().len()));
                    findings.push(unnamed.help("write NAME=value, or end the line to take the variable of that name over"));
                }
            }
            let value_start = self.at;
            let (raw, literal) = self.value()?;
            self.check_damage(key, &raw, start)?;
            let value = if literal {
                raw
            } else {
                self.expand(&raw, value_start, known, lookup, findings)?
            };
            known.insert(key.to_owned(), value);
        }
        Ok(())
    }

    /// Skips blanks, empty lines and comments.
    fn find_statement(&mut self) -> bool {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start().len();
            if !self.rest().starts_with('#') {
                return !self.rest().is_empty();
            }
            self.at += self.rest().find('\n').unwrap_or(self.rest().len());
        }
    }

    /// Reads a key up to the `=`, the `:` or the end of the line after it.
    ///
    /// Where the file ends before that there is no key, and what stands there is a value to Compose.
    fn key(&mut self) -> Result<(&'t str, AfterKey), Fatal> {
        let start = self.at;
        let exported = self
            .rest()
            .strip_prefix("export")
            .filter(|rest| rest.starts_with(char::is_whitespace));
        if let Some(rest) = exported {
            self.at = self.text.len() - rest.trim_start_matches(is_blank).len();
        }
        let rest = self.rest();
        for (offset, character) in rest.char_indices() {
            match character {
                '=' | ':' => {
                    self.at = self.text.len() - rest[offset + 1..].trim_start_matches(is_blank).len();
                    return Ok((rest[..offset].trim_end(), AfterKey::Value));
                }
                '\n' => {
                    self.at += offset + 1;
                    return Ok((rest[..offset].trim_end(), AfterKey::LineEnd));
                }
                '_' | '.' | '-' | '[' | ']' => {}
                _ if is_blank(character) || character.is_alphanumeric() => {}
                _ => {
                    let line = rest.lines().next().unwrap_or_default();
                    let message = format!("unexpected character {:?} in variable name {line:?}", character.to_string());
                    let at = self.at + offset;
                    let help = Some("a line is `NAME=value` or a `#` comment");
                    return Err(Box::new(self.refuse(at, at + character.len_utf8(), message, help)));
                }
            }
        }
        if rest.is_empty() {
            let message = "a name is missing after `export`";
            return Err(Box::new(self.refuse(
                start,
                self.text.len(),
                message,
                Some("a line is `NAME=value` or a `#` comment"),
            )));
        }
        Ok(("", AfterKey::FileEnd))
    }

    /// The text of a value, its escapes resolved, and whether it is literal.
    fn value(&mut self) -> Result<(String, bool), Fatal> {
        if let Some(quote @ (b'"' | b'\'')) = self.rest().as_bytes().first() {
            return self.quoted(*quote);
        }
        let rest = self.rest();
        let line = rest.find('\n').map_or(rest, |end| &rest[..end]);
        self.at += line.len();
        let value = line.split_once(" #").map_or(line, |(value, _)| value);
        Ok((value.trim_end().to_owned(), false))
    }

    fn quoted(&mut self, quote: u8) -> Result<(String, bool), Fatal> {
        let start = self.at;
        let body = &self.rest()[1..];
        let (mut value, mut from, mut escaped) = (String::new(), 0, false);
        for (offset, byte) in body.bytes().enumerate() {
            if byte == quote && escaped {
                // Only the backslash before the quote goes.
                value.push_str(&body[from..offset - 1]);
                from = offset;
            } else if byte == quote {
                value.push_str(&body[from..offset]);
                self.at = start + 1 + offset + 1;
                let literal = quote == b'\'';
                return Ok((if literal { value } else { unescape(&value) }, literal));
            }
            escaped = byte == b'\\' && !escaped;
        }
        let line = self.rest().lines().next().unwrap_or_default();
        let (end, message) = (start + line.len(), format!("unterminated quoted value {line}"));
        Err(Box::new(self.refuse(start, end, message, Some("close the quote"))))
    }

    fn expand(
        &mut self,
        raw: &str,
        start: usize,
        known: &StringMap,
        lookup: &dyn Fn(&str) -> Option<String>,
        findings: &mut Diagnostics,
    ) -> Result<String, Fatal> {
        if !raw.contains('$') {
            return Ok(raw.to_owned());
        }
        let lookup = |name: &str| lookup(name).or_else(|| known.get(name).cloned());
        let mut unset = Vec::new();
        let expanded = Template::parse(raw).and_then(|template| template.expand(&lookup, &mut |name| unset.push(name.to_owned())));
        let span = self.span(start, self.at);
        findings.extend(unset.iter().map(|name| unset_variable(name, span)));
        let expanded = expanded.map_err(|error| Box::new(error.explain().at(span)))?;
        self.total += expanded.len();
        if self.total > MAX_TOTAL {
            return Err(Box::new(too_much(span)));
        }
        Ok(expanded)
    }

    fn read_raw(&mut self, known: &mut StringMap, lookup: &dyn Fn(&str) -> Option<String>) -> Result<(), Fatal> {
        while self.at < self.text.len() {
            let rest = self.rest();
            let line = rest.find('\n').map_or(rest, |end| &rest[..end]);
            let (start, end) = (self.at, self.at + line.len());
            self.at = self.text.len().min(end + 1);
            let statement = line.strip_suffix('\r').unwrap_or(line).trim_start();
            if statement.is_empty() || statement.starts_with('#') {
                continue;
            }
            let (key, value) = match statement.split_once('=') {
                Some((key, value)) => (key, Some(value)),
                None => (statement, None),
            };
            if key.is_empty() {
                return Err(Box::new(self.refuse(start, end, "no variable name before `=`", None)));
            }
            if key.contains([' ', '\t']) {
                return Err(Box::new(self.refuse(
                    start,
                    end,
                    format!("variable '{key}' contains whitespaces"),
                    None,
                )));
            }
            self.check_damage(key, value.unwrap_or_default(), start)?;
            if let Some(value) = value.map(str::to_owned).or_else(|| lookup(key)) {
                known.insert(key.to_owned(), value);
            }
        }
        Ok(())
    }

    /// Refuses an assignment whose bytes are no text: passing it on would change it silently.
    fn check_damage(&mut self, key: &str, value: &str, start: usize) -> Result<(), Fatal> {
        let harmed = |text: &str| text.contains(char::REPLACEMENT_CHARACTER);
        if self.damaged && (harmed(key) || harmed(value)) {
            return Err(Box::new(self.refuse(
                start,
                self.at,
                "the value is not valid UTF-8",
                Some("save the file as UTF-8"),
            )));
        }
        Ok(())
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn refuse(&mut self, start: usize, end: usize, message: impl Into<String>, help: Option<&str>) -> Diagnostic {
        let mut found = Diagnostic::error(Code::EnvFileSyntax, message).at(self.span(start, end));
        found.help = help.map(str::to_owned);
        found
    }

    /// The span of a stretch that begins no earlier than the last one asked for.
    fn span(&mut self, start: usize, end: usize) -> Span {
        for character in self.text[self.place.offset..start].chars() {
            if character == '\n' {
                self.place.line += 1;
                self.place.column = 1;
            } else {
                self.place.column += 1;
            }
        }
        self.place.offset = start;
        let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Span {
            source: self.place.source,
            start: narrow(start),
            end: narrow(end),
            line: self.place.line,
            column: self.place.column,
        }
    }
}

/// White space that ends no line.
fn is_blank(character: char) -> bool {
    matches!(character, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}')
}

/// Resolves the escapes of a double-quoted value; `\$` becomes `$$`, which the expansion resolves.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escape = &rest[at + 1..];
        let (resolved, length) = match escape.as_bytes().first() {
            Some(b'a') => ("\u{7}", 1),
            Some(b'b') => ("\u{8}", 1),
            Some(b'f') => ("\u{c}", 1),
            Some(b'n') => ("\n", 1),
            Some(b'r') => ("\r", 1),
            Some(b't') => ("\t", 1),
            Some(b'v') => ("\u{b}", 1),
            Some(b'"') => ("\"", 1),
            Some(b'\\') => ("\\", 1),
            Some(b'$') => ("$$", 1),
            Some(b'0') => match octal(&escape[1..]) {
                Some(character) => {
                    out.push(character);
                    ("", 4)
                }
                None => ("\\", 0),
            },
            _ => ("\\", 0),
        };
        out.push_str(resolved);
        rest = &escape[length..];
    }
    out.push_str(rest);
    out
}

/// The character of three octal digits.
fn octal(text: &str) -> Option<char> {
    let digits = text.get(..3)?;
    if !digits.bytes().all(|byte| matches!(byte, b'0'..=b'7')) {
        return None;
    }
    u8::from_str_radix(digits, 8).ok().map(char::from)
}

#[cfg(test)]
mod tests;
