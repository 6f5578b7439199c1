//! Where in a tree something stands, for messages: `services.web.ports[0]`.

use std::fmt;

/// A place in a tree, built on the stack while walking down.
#[derive(Clone, Copy)]
pub(super) struct TreePath<'a> {
    parent: Option<&'a TreePath<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Key(&'a str),
    Index(usize),
}

impl<'a> TreePath<'a> {
    /// The file itself.
    pub(super) const ROOT: TreePath<'static> = TreePath {
        parent: None,
        step: Step::Root,
    };

    /// The value of a key of the mapping here.
    pub(super) fn key(&'a self, key: &'a str) -> Self {
        Self {
            parent: Some(self),
            step: Step::Key(key),
        }
    }

    /// An element of the list here.
    pub(super) fn index(&'a self, index: usize) -> Self {
        Self {
            parent: Some(self),
            step: Step::Index(index),
        }
    }

    /// Whether this is the file itself.
    pub(super) fn is_root(&self) -> bool {
        matches!(self.step, Step::Root)
    }
}

impl fmt::Display for TreePath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.parent.is_some_and(|parent| !parent.is_root());
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Key(key) if inner => write!(f, ".{key}"),
            Step::Key(key) => f.write_str(key),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_like_an_expression() {
        let services = TreePath::ROOT.key("services");
        let web = services.key("web");
        let ports = web.key("ports");
        assert_eq!(ports.index(0).key("target").to_string(), "services.web.ports[0].target");
        assert_eq!(TreePath::ROOT.to_string(), "");
    }
}
