//! How one text is written: plain, in one of two kinds of quotes, or as a block of lines.

use super::plain;
use std::fmt::Write as _;

/// What the text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    /// A key on the line of its value.
    Key,
    /// Anything else; the lines of a block are indented so far.
    Value {
        /// In blanks.
        indent: usize,
    },
}

/// Writes text so that a YAML parser reads the same text, in go-yaml 3's style.
pub(super) fn text(out: &mut String, text: &str, position: Position) {
    let shape = Shape::of(text);
    match position {
        Position::Value { indent } if text.contains('\n') && shape.block_allowed => literal(out, text, indent),
        _ if text.contains('\n') || !plain::is_text(text) => double_quoted(out, text),
        _ if shape.plain_allowed => out.push_str(text),
        Position::Value { indent } if shape.single_quotes_allowed => single_quoted(out, text, indent),
        Position::Key if shape.single_quotes_allowed => single_quoted(out, text, 0),
        _ => double_quoted(out, text),
    }
}

/// Whether the text has more than one line, by any of the line breaks of YAML 1.1.
pub(super) fn has_line_breaks(text: &str) -> bool {
    text.chars().any(is_break)
}

fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// What go-yaml leaves unescaped; characters beyond 16 bits are not among them.
fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}') && c != '\u{feff}'
}

/// Which styles can hold a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape {
    plain_allowed: bool,
    single_quotes_allowed: bool,
    block_allowed: bool,
}

impl Shape {
    fn of(text: &str) -> Self {
        let special = text.chars().any(|c| c != '\t' && !is_printable(c));
        let blank_then_break = follows(text, |c| c == ' ', is_break);
        let break_then_blank = follows(text, is_break, |c| c == ' ');
        let no_escapes = !(special || blank_then_break || break_then_blank || text.contains('\t'));
        let edges = [text.chars().next(), text.chars().next_back()];
        let blank_edge = edges.into_iter().flatten().any(|c| c == ' ' || is_break(c));
        Self {
            plain_allowed: no_escapes && !blank_edge && !has_line_breaks(text) && !has_indicators(text),
            single_quotes_allowed: no_escapes,
            // An exotic line break at the end of a block is lost; the reference glues the next key to it.
            block_allowed: !(text.is_empty() || text.ends_with([' ', '\u{2028}', '\u{2029}']) || special || blank_then_break),
        }
    }
}

/// Whether a character of one kind is directly followed by one of another.
fn follows(text: &str, first: impl Fn(char) -> bool, second: impl Fn(char) -> bool) -> bool {
    text.chars().zip(text.chars().skip(1)).any(|(a, b)| first(a) && second(b))
}

/// Whether YAML would see more than text: a comment, a key, a list item, a document's end, …
fn has_indicators(text: &str) -> bool {
    let before_blank = |rest: &str| rest.chars().next().is_none_or(is_blank);
    let opening = match text.chars().next() {
        Some('#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`') => true,
        Some('?' | ':' | '-') => before_blank(&text[1..]),
        _ => false,
    };
    let inner = text
        .char_indices()
        .zip(text.char_indices().skip(1))
        .any(|((_, before), (at, c))| match c {
            ':' => before_blank(&text[at + 1..]),
            '#' => is_blank(before) || is_break(before),
            _ => false,
        });
    opening || inner || text.starts_with("---") || text.starts_with("...")
}

fn single_quoted(out: &mut String, text: &str, indent: usize) {
    out.push('\'');
    push_indented(out, &text.replace('\'', "''"), indent);
    out.push('\'');
}

/// A line that the two exotic line breaks of Unicode may divide further.
fn push_indented(out: &mut String, line: &str, indent: usize) {
    let mut at_start = false;
    for c in line.chars() {
        let breaks = is_break(c);
        if at_start && !breaks {
            out.extend(std::iter::repeat_n(' ', indent));
        }
        out.push(c);
        at_start = breaks;
    }
}

fn literal(out: &mut String, text: &str, indent: usize) {
    out.push('|');
    // The reference forgets the tab, and then cannot read what it wrote.
    if text.starts_with(is_blank) || text.starts_with(is_break) {
        out.push('2');
    }
    let mut backwards = text.chars().rev();
    match (backwards.next().is_some_and(is_break), backwards.next().is_none_or(is_break)) {
        (false, _) => out.push('-'),
        (true, true) => out.push('+'),
        (true, false) => {}
    }
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        out.push('\n');
        if !line.is_empty() {
            if !line.starts_with(is_break) {
                out.extend(std::iter::repeat_n(' ', indent));
            }
            push_indented(out, line, indent);
        }
    }
}

fn double_quoted(out: &mut String, text: &str) {
    // The reference looks for a byte order mark at the text's start wherever it stands.
    let escape_all = text.starts_with('\u{feff}');
    out.push('"');
    for c in text.chars() {
        if escape_all || !is_printable(c) || is_break(c) || matches!(c, '"' | '\\') {
            escape(out, c);
        } else {
            out.push(c);
        }
    }
    out.push('"');
}

fn escape(out: &mut String, c: char) {
    let short = match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' | '\\' => c,
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => return escape_code(out, u32::from(c)),
    };
    out.extend(['\\', short]);
}

fn escape_code(out: &mut String, code: u32) {
    match code {
        0..=0xff => write!(out, "\\x{code:02X}"),
        0x100..=0xffff => write!(out, "\\u{code:04X}"),
        _ => write!(out, "\\U{code:08X}"),
    }
    .expect("writing to a string cannot fail");
}

#[cfg(test)]
mod tests;
