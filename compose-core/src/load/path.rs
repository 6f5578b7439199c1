//! Where in a tree the loader is, without an allocation until something is found there.

use crate::diagnostic::{self, ModelPath};
use std::fmt;

/// A place in a tree, built on the stack while walking down: `services.web.ports[0]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TreePath<'a> {
    /// What this lies in; nothing for the file itself.
    parent: Option<&'a TreePath<'a>>,
    step: Step<'a>,
}

/// A step down in a tree; the file itself has a name that is not looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step<'a> {
    /// To the value of a key.
    Key(&'a str),
    /// To an element of a list.
    Index(usize),
}

impl<'a> From<&'a str> for Step<'a> {
    fn from(key: &'a str) -> Self {
        Self::Key(key)
    }
}

impl From<usize> for Step<'_> {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

impl From<Step<'_>> for diagnostic::Step {
    fn from(step: Step<'_>) -> Self {
        match step {
            Step::Key(key) => Self::Key(key.to_owned()),
            Step::Index(index) => Self::Index(index),
        }
    }
}

impl<'a> TreePath<'a> {
    /// The file itself.
    pub(crate) const ROOT: TreePath<'static> = TreePath {
        parent: None,
        step: Step::Key(""),
    };
    /// The section of services.
    pub(crate) const SERVICES: TreePath<'static> = TreePath {
        parent: Some(&TreePath::ROOT),
        step: Step::Key("services"),
    };

    /// The value of a key of the mapping here.
    pub(crate) fn key(&'a self, key: &'a str) -> Self {
        self.step(key)
    }

    /// An element of the list here.
    pub(crate) fn index(&'a self, index: usize) -> Self {
        self.step(index)
    }

    fn step(&'a self, step: impl Into<Step<'a>>) -> Self {
        Self {
            parent: Some(self),
            step: step.into(),
        }
    }

    /// Whether this is the file itself.
    pub(crate) fn is_root(&self) -> bool {
        self.parent.is_none()
    }

    /// Calls `visit` with each step, the outermost first.
    pub(crate) fn each_step(&self, visit: &mut impl FnMut(Step<'a>)) {
        if let Some(parent) = self.parent {
            parent.each_step(visit);
            visit(self.step);
        }
    }
}

impl From<TreePath<'_>> for ModelPath {
    fn from(path: TreePath<'_>) -> Self {
        let mut steps = Vec::new();
        path.each_step(&mut |step| steps.push(step.into()));
        steps.into_iter().collect()
    }
}

impl fmt::Display for TreePath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ModelPath::from(*self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_like_an_expression() {
        let web = TreePath::SERVICES.key("web");
        let ports = web.key("ports");
        assert_eq!(ports.index(0).key("target").to_string(), "services.web.ports[0].target");
        assert_eq!(TreePath::ROOT.to_string(), "");
        assert_eq!(ModelPath::from(ports).service(), Some("web"));
        assert_eq!(ModelPath::from(TreePath::SERVICES).service(), None);
    }
}
