//! YAML as go-yaml 3 writes it: block style, no line folded.

mod order;
mod plain;
mod scalar;

use super::float;
use super::tree::{Record, Shown, Tree};
use scalar::Position;

/// The longest key, in bytes, that stands on a line with its value.
const LONGEST_SIMPLE_KEY: usize = 128;

/// The text of a tree, with a final line break. What stands in a mapping is indented by `step`.
pub(crate) fn write(tree: &Tree, step: usize) -> String {
    let mut writer = Writer { out: String::new(), step };
    writer.node(tree, 0, Start::OnThisLine);
    writer.out.push('\n');
    writer.out
}

/// Where a value begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    /// Behind `- `, `: ` of a long key, or at the top: a block begins on this line.
    OnThisLine,
    /// Behind `key:`: a block begins on the next line, anything else after a blank.
    AfterKey,
}

struct Writer {
    out: String,
    /// How far a value comes after its key, in blanks.
    step: usize,
}

impl Writer {
    /// Writes a value whose block, if it is one, is indented by `indent`.
    fn node(&mut self, tree: &Tree, indent: usize, start: Start) {
        match tree {
            Tree::List(items) if !items.is_empty() => self.list(items, indent, start),
            Tree::Map(entries) if !entries.is_empty() => self.map(entries, indent, start),
            Tree::Record(record) if shown(record).next().is_some() || !record.extensions.is_empty() => self.record(record, indent, start),
            _ => {
                if start == Start::AfterKey {
                    self.out.push(' ');
                }
                self.inline(tree, indent);
            }
        }
    }

    /// What is no block.
    fn inline(&mut self, tree: &Tree, indent: usize) {
        let text = match tree {
            Tree::Text(text) => return scalar::text(&mut self.out, text, Position::Value { indent }),
            Tree::Time(text) => text.clone(),
            Tree::Null => "null".to_owned(),
            Tree::Bool(value) => value.to_string(),
            Tree::Int(value) => value.to_string(),
            Tree::UInt(value) => value.to_string(),
            Tree::Float(value) => float::yaml(*value),
            Tree::Single(value) => float::yaml(*value),
            Tree::List(_) | Tree::NilList => "[]".to_owned(),
            Tree::Map(_) | Tree::Record(_) => "{}".to_owned(),
        };
        self.out.push_str(&text);
    }

    fn list(&mut self, items: &[Tree], indent: usize, start: Start) {
        let mut start = start;
        for item in items {
            self.begin_line(indent, &mut start);
            self.out.push_str("- ");
            self.node(item, indent + 2, Start::OnThisLine);
        }
    }

    fn map(&mut self, entries: &[(String, Tree)], indent: usize, start: Start) {
        self.entries(order::sorted(entries).into_iter(), indent, start);
    }

    fn record(&mut self, record: &Record, indent: usize, start: Start) {
        self.entries(shown(record).chain(order::sorted(&record.extensions)), indent, start);
    }

    fn entries<'a>(&mut self, entries: impl Iterator<Item = (&'a str, &'a Tree)>, indent: usize, start: Start) {
        let mut start = start;
        for (key, value) in entries {
            self.begin_line(indent, &mut start);
            if key.len() <= LONGEST_SIMPLE_KEY && !scalar::has_line_breaks(key) {
                scalar::text(&mut self.out, key, Position::Key);
                self.out.push(':');
                self.node(value, indent + self.step, Start::AfterKey);
            } else {
                self.out.push_str("? ");
                scalar::text(
                    &mut self.out,
                    key,
                    Position::Value {
                        indent: indent + self.step,
                    },
                );
                self.begin_line(indent, &mut Start::AfterKey);
                self.out.push_str(": ");
                self.node(value, indent + 2, Start::OnThisLine);
            }
        }
    }

    /// Begins a line of a block, unless its first may stand where we are.
    fn begin_line(&mut self, indent: usize, start: &mut Start) {
        if std::mem::replace(start, Start::AfterKey) == Start::AfterKey {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n(' ', indent));
        }
    }
}

fn shown(record: &Record) -> impl Iterator<Item = (&str, &Tree)> {
    record
        .fields
        .iter()
        .filter(|field| field.shown != Shown::InJson)
        .map(|field| (field.key, &field.value))
}

#[cfg(test)]
mod tests;
