//! Where in a tree the loader is, without an allocation until something is found there.

use crate::diagnostic::{ModelPath, Step};
use std::fmt;

/// A place in a tree, built on the stack while walking down: `services.web.ports[0]`.
///
/// A step down from another place; none is the file itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TreePath<'a>(Option<(&'a TreePath<'a>, StepRef<'a>)>);

/// A step down in a tree.
#[derive(Clone, Copy, Debug)]
pub(crate) enum StepRef<'a> {
    /// To the value of a key.
    Key(&'a str),
    /// To an element of a list.
    Index(usize),
}

impl<'a> From<&'a str> for StepRef<'a> {
    fn from(key: &'a str) -> Self {
        Self::Key(key)
    }
}

impl From<usize> for StepRef<'_> {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

impl From<StepRef<'_>> for Step {
    fn from(step: StepRef<'_>) -> Self {
        match step {
            StepRef::Key(key) => Self::Key(key.to_owned()),
            StepRef::Index(index) => Self::Index(index),
        }
    }
}

impl<'a> TreePath<'a> {
    /// The file itself.
    pub(crate) const ROOT: TreePath<'static> = TreePath(None);
    /// The section of services.
    pub(crate) const SERVICES: TreePath<'static> = TreePath(Some((&TreePath::ROOT, StepRef::Key("services"))));

    /// The value of a key of the mapping here.
    pub(crate) fn key(&'a self, key: &'a str) -> Self {
        Self(Some((self, StepRef::Key(key))))
    }

    /// An element of the list here.
    pub(crate) fn index(&'a self, index: usize) -> Self {
        Self(Some((self, StepRef::Index(index))))
    }

    /// What this lies in; the file lies in itself.
    pub(crate) fn parent(self) -> Self {
        self.0.map_or(self, |(parent, _)| *parent)
    }

    /// Whether this is the file itself.
    pub(crate) fn is_root(self) -> bool {
        self.0.is_none()
    }

    /// Calls `visit` with each step, the outermost first.
    pub(crate) fn each_step(self, visit: &mut impl FnMut(StepRef<'a>)) {
        if let Some((parent, step)) = self.0 {
            parent.each_step(visit);
            visit(step);
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
