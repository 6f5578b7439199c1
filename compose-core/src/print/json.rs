//! JSON as Go's encoder writes it.

use super::float;
use super::tree::{Shown, Tree};
use std::fmt::Write as _;

/// JSON has no infinity and no "not a number".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path} is {value}, a number that JSON cannot hold; print YAML instead")]
pub struct NotJson {
    /// Where it stands: `x-limits.factor`.
    pub path: String,
    /// What it is.
    pub value: String,
}

/// Whether lines and indentation are for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// One line without blanks.
    Compact,
    /// A line for each value, indented by two blanks, without a final line break.
    Indented,
}

/// The text of a tree.
pub(crate) fn write(tree: &Tree, layout: Layout) -> Result<String, NotJson> {
    let mut writer = Writer {
        out: String::new(),
        path: Vec::new(),
        layout,
    };
    writer.value(tree)?;
    Ok(writer.out)
}

struct Writer<'a> {
    out: String,
    /// The keys and positions of the value at hand; its length is the depth.
    path: Vec<Step<'a>>,
    layout: Layout,
}

enum Step<'a> {
    Key(&'a str),
    Position(usize),
}

impl<'a> Writer<'a> {
    fn value(&mut self, tree: &'a Tree) -> Result<(), NotJson> {
        match tree {
            Tree::Null | Tree::NilList => self.out.push_str("null"),
            Tree::Bool(value) => self.raw(value),
            Tree::Int(value) => self.raw(value),
            Tree::UInt(value) => self.raw(value),
            Tree::Float(value) => self.float(*value)?,
            Tree::Single(value) => self.float(*value)?,
            Tree::Time(text) | Tree::Text(text) => quote(&mut self.out, text),
            Tree::List(items) => self.list(items)?,
            Tree::Map(entries) => self.map(entries)?,
            Tree::Record(record) => {
                let shown = record.fields.iter().filter(|field| field.shown != Shown::InYaml);
                self.entries(shown.map(|field| (field.key, &field.value)))?;
            }
        }
        Ok(())
    }

    fn raw(&mut self, value: impl std::fmt::Display) {
        write!(self.out, "{value}").expect("writing to a string cannot fail");
    }

    fn float(&mut self, value: impl float::Shortest + std::fmt::Display) -> Result<(), NotJson> {
        let text = float::json(value).ok_or_else(|| NotJson {
            path: self.place(),
            value: value.to_string(),
        })?;
        self.out.push_str(&text);
        Ok(())
    }

    fn map(&mut self, entries: &'a [(String, Tree)]) -> Result<(), NotJson> {
        let mut sorted: Vec<_> = entries.iter().map(|(key, value)| (key.as_str(), value)).collect();
        sorted.sort_by_key(|(key, _)| *key);
        self.entries(sorted.into_iter())
    }

    fn list(&mut self, items: &'a [Tree]) -> Result<(), NotJson> {
        let items = items.iter().enumerate();
        self.block(['[', ']'], items.map(|(position, item)| (Step::Position(position), item)))
    }

    fn entries(&mut self, entries: impl Iterator<Item = (&'a str, &'a Tree)>) -> Result<(), NotJson> {
        self.block(['{', '}'], entries.map(|(key, value)| (Step::Key(key), value)))
    }

    fn block(&mut self, [open, close]: [char; 2], items: impl Iterator<Item = (Step<'a>, &'a Tree)>) -> Result<(), NotJson> {
        self.out.push(open);
        let mut empty = true;
        for (step, value) in items {
            if !std::mem::take(&mut empty) {
                self.out.push(',');
            }
            self.path.push(step);
            self.line_break();
            if let Some(Step::Key(key)) = self.path.last() {
                quote(&mut self.out, key);
                self.out.push_str(if self.layout == Layout::Compact { ":" } else { ": " });
            }
            self.value(value)?;
            self.path.pop();
        }
        if !empty {
            self.line_break();
        }
        self.out.push(close);
        Ok(())
    }

    fn line_break(&mut self) {
        if self.layout == Layout::Indented {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n("  ", self.path.len()));
        }
    }

    fn place(&self) -> String {
        let mut place = String::new();
        for step in &self.path {
            match step {
                Step::Key(key) if place.is_empty() => place.push_str(key),
                Step::Key(key) => place.extend([".", key]),
                Step::Position(position) => write!(place, "[{position}]").expect("writing to a string cannot fail"),
            }
        }
        place
    }
}

/// Go escapes what could end a script element or a line of JavaScript, besides what JSON demands.
fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                write!(out, "\\u{:04x}", u32::from(c)).expect("writing to a string cannot fail");
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::super::tree::{Record, Shown, Tree};
    use super::{Layout, write};

    fn compact(tree: &Tree) -> String {
        write(tree, Layout::Compact).expect("the tree has no infinity")
    }

    #[test]
    fn escapes_as_go_does() {
        let text = Tree::from("\u{8}\u{c}\u{1}\u{1f}\u{7f}<>&\u{2028}\u{2029}\u{85}\"\\é😀");
        assert_eq!(
            compact(&text),
            "\"\\b\\f\\u0001\\u001f\u{7f}\\u003c\\u003e\\u0026\\u2028\\u2029\u{85}\\\"\\\\é😀\""
        );
    }

    #[test]
    fn sorts_what_people_chose_and_nothing_else() {
        let mut record = Record::new();
        record.map("z", [("a10", 1_i64), ("a9", 2)]).field("a", Tree::Null);
        record.only(Shown::InYaml, "hidden", true);
        record.extensions.push(("x-hidden".to_owned(), Tree::Null));
        assert_eq!(compact(&record.tree()), r#"{"z":{"a10":1,"a9":2},"a":null}"#);
    }

    #[test]
    fn indents_by_two_and_leaves_empty_things_closed() {
        let tree = Tree::map([
            ("a", Tree::List(vec![Tree::Int(1), Tree::List(Vec::new())])),
            ("b", Tree::Map(Vec::new())),
            ("c", Tree::NilList),
        ]);
        let text = write(&tree, Layout::Indented).expect("the tree has no infinity");
        assert_eq!(text, "{\n  \"a\": [\n    1,\n    []\n  ],\n  \"b\": {},\n  \"c\": null\n}");
    }

    #[test]
    fn names_the_number_it_cannot_hold() {
        let tree = Tree::map([(
            "x-a",
            Tree::List(vec![Tree::Map(vec![("b".to_owned(), Tree::Float(f64::INFINITY))])]),
        )]);
        let error = write(&tree, Layout::Compact).expect_err("infinity is no JSON");
        assert_eq!(
            error.to_string(),
            "x-a[0].b is inf, a number that JSON cannot hold; print YAML instead"
        );
    }
}
