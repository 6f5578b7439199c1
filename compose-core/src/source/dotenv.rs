//! The dialect of `.env`, `env_file` and `label_file`: not a shell's, and not any dotenv library's.
//!
//! `K=V`, `K: V`, `export K=V`; a bare `K` takes the outer value. `'…'` is literal, `"…"` knows
//! escapes, both may span lines; everything but `'…'` is interpolated. A comment begins with ` #`.

use super::span::{SourceId, SourceMap, Span};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::load::interpolate::{MAX_TOTAL, Template, too_much, unset_variable};
use crate::model::StringMap;
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

/// Where a file of variables sets one, the last time it does.
pub(crate) fn definition(sources: &SourceMap, source: SourceId, name: &str) -> Option<Span> {
    let text = &*sources.file(source).text;
    let mut statements = Statements::new(text, source, false);
    let mut last = None;
    while statements.find_statement() {
        let start = statements.at;
        match statements.key() {
            Ok((_, AfterKey::LineEnd)) => {}
            Ok((key, AfterKey::Value)) if statements.value().is_ok() => {
                if key == name {
                    last = Some((start, statements.at));
                }
            }
            Ok(_) | Err(_) => break,
        }
    }
    let (start, end) = last?;
    Some(Statements::new(text, source, false).span(start, end))
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `SHELL` is set to `outer`, `EMPTY` to nothing.
    fn outer(name: &str) -> Option<String> {
        match name {
            "SHELL" => Some("outer".into()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    fn read(bytes: &[u8], format: EnvFormat) -> (String, Vec<String>) {
        let (mut known, mut findings) = (StringMap::new(), Diagnostics::new());
        let path = Path::new("/p/.env");
        EnvFile { path, bytes, format }.read_into(&mut known, &outer, &mut SourceMap::default(), &mut findings);
        let shown: Vec<_> = known.iter().map(|(key, value)| format!("{key}={value:?}")).collect();
        let found = findings.iter().map(|found| {
            let span = found.span.expect("every finding has a place");
            format!("{}:{} {}", span.line, span.column, found.message)
        });
        (shown.join(" "), found.collect())
    }

    #[test]
    fn reads_the_dialect() {
        for (text, expected) in [
            ("", ""),
            ("# a\n   # b\n\n", ""),
            ("A=1\nB = x y  \nC=x=y\n", r#"A="1" B="x y" C="x=y""#),
            ("A=1", r#"A="1""#),
            ("\u{feff}A=1\r\nB=\"2\"\r\nC='3' # x\r\n", r#"A="1" B="2" C="3""#),
            ("A: 1\nB : \"2\"\nC=k: v\n", r#"A="1" B="2" C="k: v""#),
            ("export A=1\n\texport  B=2\nexporter=3\n", r#"A="1" B="2" exporter="3""#),
            ("A=\nB=\"\"\nC=''\n", r#"A="" B="" C="""#),
            ("A=1 # c\nB=1# n\nC=#h\nD=1\t# t\n", r##"A="1" B="1# n" C="#h" D="1\t# t""##),
            ("A=\"x # y\" # c\nB='x # y'# c\n", r#"A="x # y" B="x # y""#),
            ("A=1\nA=2\n", r#"A="2""#),
            ("SHELL\nNONE\nexport SHELL\nSHELL\n", r#"SHELL="outer""#),
            ("SHELL=mine\nA=$SHELL\n", r#"A="outer" SHELL="mine""#),
            (
                "A=base\nB=$A/x ${A}y\nC=\"<$A>\"\nD='$A'\n",
                r#"A="base" B="base/x basey" C="<base>" D="$A""#,
            ),
            ("A=${NO:-d} ${SHELL:+alt}\n", r#"A="d alt""#),
            (
                "A=a$$b\nB='a$$b'\nC=\"a$$b\\$c\"\nD=a $ 5\n",
                r#"A="a$b" B="a$$b" C="a$b$c" D="a $ 5""#,
            ),
            ("A=\"one\ntwo\n three\"\nB='x\ny'\n", r#"A="one\ntwo\n three" B="x\ny""#),
            (
                r#"A="q \" b \\ n \n t \t z \z \' u \u0041""#,
                r#"A="q \" b \\ n \n t \t z \\z \\' u \\u0041""#,
            ),
            (r#"A="\a\b\f\r\v|\0101\0351\08\01""#, r#"A="\u{7}\u{8}\u{c}\r\u{b}|Aé\\08\\01""#),
            (r"A='it\'s \n'", r#"A="it's \\n""#),
            (
                "A=a\\nb\nB=C:\\U\nC=one\\\nD=it's\nE=x\"y z\"\n",
                r#"A="a\\nb" B="C:\\U" C="one\\" D="it's" E="x\"y z\"""#,
            ),
            ("1A=1\na.b=2\na-b=3\na[0]=4\nŻ=5\n", r#"1A="1" a-b="3" a.b="2" a[0]="4" Ż="5""#),
            ("=x\nA=1\n", r#"="x" A="1""#),
            ("A=\"x\"B=2\n", r#"A="x" B="2""#),
            ("A=\u{b}1\u{c}\nB=1\0\n", r#"A="1" B="1\0""#),
            ("A={\"a\": [1]}\n", r#"A="{\"a\": [1]}""#),
        ] {
            assert_eq!(
                read(text.as_bytes(), EnvFormat::Compose),
                (expected.to_owned(), Vec::new()),
                "{text:?}"
            );
        }
    }

    #[test]
    fn errors_have_a_place_and_end_the_file() {
        for (text, known, expected) in [
            ("A=1\nB C=2\nD=3\n", r#"A="1""#, "2:1 key cannot contain a space"),
            ("\n A+B=1\n", "", "2:3 unexpected character \"+\" in variable name \"A+B=1\""),
            (
                "A=1\n{\"A\": 1}\n",
                r#"A="1""#,
                "2:1 unexpected character \"{\" in variable name \"{\\\"A\\\": 1}\"",
            ),
            ("A=\"x\nB=2\n", "", "1:3 unterminated quoted value \"x"),
            ("A='x\\'", "", "1:3 unterminated quoted value 'x\\'"),
            ("A=\"x\"y z\n", r#"A="x""#, "1:6 key cannot contain a space"),
            ("A=${1x}\n", "", "1:3 invalid interpolation format \"${1x}\""),
            (
                "A=1\nB=\"${N:?why}\"\n",
                r#"A="1""#,
                "2:3 required variable N is missing a value: why",
            ),
        ] {
            let (got, found) = read(text.as_bytes(), EnvFormat::Compose);
            assert_eq!((got.as_str(), found), (known, vec![expected.to_owned()]), "{text:?}");
        }
    }

    #[test]
    fn unset_variables_are_warned_of() {
        let (known, found) = read(b"A=1\nB=\"x\ny$NO\"\nC=$NOPE\n", EnvFormat::Compose);
        assert_eq!(known, r#"A="1" B="x\ny" C="""#);
        assert_eq!(
            found,
            [
                "2:3 The \"NO\" variable is not set. Defaulting to a blank string.",
                "4:3 The \"NOPE\" variable is not set. Defaulting to a blank string.",
            ]
        );
    }

    #[test]
    fn a_last_line_without_an_end_is_the_value_of_a_variable_without_a_name() {
        let warning = "the last line is read as the value of a variable without a name";
        for (text, place, expected) in [
            ("A=1\nHOME", "2:1", r#"="HOME" A="1""#),
            ("x y  ", "1:1", r#"="x y""#),
            ("\n  export B", "2:3", r#"="B""#),
        ] {
            let told = vec![format!("{place} {warning}")];
            assert_eq!(read(text.as_bytes(), EnvFormat::Compose), (expected.to_owned(), told), "{text}");
        }
        assert_eq!(
            read(b"A=1\nexport ", EnvFormat::Compose).1,
            ["2:1 a name is missing after `export`"]
        );
    }

    #[test]
    fn bytes_that_are_no_text_matter_only_in_values() {
        assert_eq!(read(b"# caf\xe9\nA=1\n", EnvFormat::Compose), (r#"A="1""#.to_owned(), Vec::new()));
        assert_eq!(
            read(b"A=1\nB=caf\xe9\n", EnvFormat::Compose).1,
            ["2:1 the value is not valid UTF-8"]
        );
        assert_eq!(read(b"A=1\nB=caf\xe9\n", EnvFormat::Raw).1, ["2:1 the value is not valid UTF-8"]);
    }

    #[test]
    fn variables_of_variables_do_not_multiply_for_ever() {
        let doubling = (0..40).fold(String::new(), |text, level| text + &format!("A{}=$A{level}$A{level}\n", level + 1));
        let (_, found) = read(format!("A0=xxxxxxxx\n{doubling}").as_bytes(), EnvFormat::Compose);
        assert_eq!(found, ["21:5 variables expand to more than 4 MiB"]);
        let many = format!("A={}\n{}", "x".repeat(1024 * 1024), "B=$A\n".repeat(100));
        assert_eq!(
            read(many.as_bytes(), EnvFormat::Compose).1,
            ["66:3 the values of this file expand to more than 64 MiB"]
        );
    }

    #[test]
    fn raw_files_are_taken_literally() {
        let text = b"\xef\xbb\xbfA=\"q\"\nB=$A # c \r\n# c\n\n  C=1\nSHELL\nNONE\nD=\n";
        assert_eq!(
            read(text, EnvFormat::Raw),
            (r#"A="\"q\"" B="$A # c " C="1" D="" SHELL="outer""#.to_owned(), Vec::new())
        );
        assert_eq!(read(b"A=1\n=2\n", EnvFormat::Raw).1, ["2:1 no variable name before `=`"]);
        assert_eq!(read(b"A B=1\n", EnvFormat::Raw).1, ["1:1 variable 'A B' contains whitespaces"]);
    }

    #[test]
    fn a_file_sees_those_before_it() {
        let (mut known, mut findings, mut sources) = (StringMap::new(), Diagnostics::new(), SourceMap::default());
        for bytes in [&b"A=1\nB=1\n"[..], b"B=2\nC=$A$B\n"] {
            let file = EnvFile {
                path: Path::new("/x.env"),
                bytes,
                format: EnvFormat::Compose,
            };
            file.read_into(&mut known, &outer, &mut sources, &mut findings);
        }
        assert_eq!(known.get("C").map(String::as_str), Some("12"));
        assert!(findings.is_empty());
    }

    proptest! {
        #[test]
        fn any_bytes_get_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            read(&bytes, EnvFormat::Compose);
            read(&bytes, EnvFormat::Raw);
        }

        #[test]
        fn any_text_like_an_env_file_gets_an_answer(text in "([A-C]|=|\"|'|\\\\|\\$|\\{|\\}|:-| |#|\n|é|0){0,40}") {
            read(text.as_bytes(), EnvFormat::Compose);
        }

        #[test]
        fn a_quoted_value_comes_back(value in "[^\0]{0,40}") {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
            let (known, found) = read(format!("A=\"{escaped}\"\n").as_bytes(), EnvFormat::Compose);
            prop_assert_eq!((known, found), (format!("A={value:?}"), Vec::new()));
        }
    }
}
