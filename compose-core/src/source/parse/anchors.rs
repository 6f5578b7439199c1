//! What `&name` remembers and `*name` finds.

use super::Fatal;
use crate::diagnostic::{Code, Diagnostic};
use crate::load::similar;
use crate::source::node::{Directive, Node, Value};
use crate::source::span::Span;
use std::collections::HashMap;
use std::rc::Rc;

/// The anchors of one file, all its documents together.
#[derive(Default)]
pub(super) struct Anchors {
    named: HashMap<String, Anchored>,
    opened: usize,
}

/// What an anchor stands for.
enum Anchored {
    /// Its value is still being read; the number tells it from a later anchor of the same name.
    Open(usize),
    /// A value to copy.
    Value(Rc<Original>),
}

/// What an alias copies.
pub(super) struct Original {
    pub(super) node: Node,
    /// What a copy weighs.
    pub(super) weight: usize,
    /// How many levels a copy has.
    pub(super) height: usize,
}

/// An anchor whose value is still being read.
pub(super) struct Opened {
    anchor: String,
    number: usize,
}

impl Anchors {
    /// What an alias stands for.
    ///
    /// # Errors
    /// No anchor of that name stands above, or the alias stands within its value.
    pub(super) fn find(&self, anchor: &str, span: Span) -> Result<Rc<Original>, Fatal> {
        let found = match self.named.get(anchor) {
            Some(Anchored::Value(original)) => return Ok(Rc::clone(original)),
            Some(Anchored::Open(_)) => Diagnostic::error(
                Code::YamlAlias,
                format!("cycle detected: the value of anchor '{anchor}' contains itself"),
            ),
            None => {
                let unknown = Diagnostic::error(Code::YamlAlias, format!("unknown anchor '{anchor}' referenced"));
                match similar(anchor, self.named.keys().map(String::as_str)) {
                    Some(close) => unknown.help(format!("did you mean `*{close}`?")),
                    None => unknown.help("define it above with `&` and this name, in the same file"),
                }
            }
        };
        Err(Box::new(found.at(span)))
    }

    /// An anchor in front of a list or a mapping that is about to be read.
    pub(super) fn open(&mut self, anchor: String) -> Opened {
        self.opened += 1;
        self.named.insert(anchor.clone(), Anchored::Open(self.opened));
        Opened {
            anchor,
            number: self.opened,
        }
    }

    /// Remembers the value that was read, unless the name was given to another one within it.
    pub(super) fn close(&mut self, opened: Opened, node: &Node, weight: usize, height: usize) {
        if matches!(self.named.get(&opened.anchor), Some(Anchored::Open(number)) if *number == opened.number) {
            self.remember(opened.anchor, node, weight, height);
        }
    }

    /// Remembers a value.
    pub(super) fn remember(&mut self, anchor: String, node: &Node, weight: usize, height: usize) {
        let mut node = node.clone();
        drop_resets(&mut node);
        self.named
            .insert(anchor, Anchored::Value(Rc::new(Original { node, weight, height })));
    }
}

/// Takes out of a value what is tagged `!reset` inside it: such a tag counts where it is written,
/// and a copy of what is around it neither holds the key nor resets anything.
fn drop_resets(node: &mut Node) {
    let keep = |node: &mut Node| {
        drop_resets(node);
        node.directive != Some(Directive::Reset)
    };
    match &mut node.value {
        Value::Mapping(mapping) => mapping.retain(|_, entry| keep(&mut entry.node)),
        Value::Sequence(items) => items.retain_mut(keep),
        _ => {}
    }
}
