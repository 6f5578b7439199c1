//! Where in the files a part of the typed project stands.

use crate::diagnostic::Diagnostic;
use crate::load::found::Found;
use crate::load::path::{StepRef, TreePath};
use crate::source::{Node, Span};

/// The tree that a project was decoded from, asked for places only.
#[derive(Clone, Copy)]
pub(crate) struct Places<'t>(pub(crate) &'t Node);

impl<'t> Places<'t> {
    /// The place of the innermost part of a path that exists.
    pub(crate) fn of(self, path: TreePath<'_>) -> Option<Span> {
        let mut place = None;
        self.walk(path, |span| place = Some(span));
        place
    }

    /// The text that stands at a path.
    pub(crate) fn text(self, path: TreePath<'_>) -> Option<&'t str> {
        self.walk(path, |_| ()).and_then(Node::as_str)
    }

    /// The node at a path; `visit` gets the place of each on the way.
    fn walk(self, path: TreePath<'_>, mut visit: impl FnMut(Span)) -> Option<&'t Node> {
        let mut at = Some(self.0);
        path.each_step(&mut |step| {
            at = match step {
                StepRef::Key(key) => at.and_then(Node::as_mapping).and_then(|mapping| mapping.entry(key)).map(|entry| {
                    let node = &entry.node;
                    let scalar = node.as_mapping().is_none() && node.as_sequence().is_none() && !node.is_null();
                    visit(if scalar { node.span } else { entry.key_span });
                    node
                }),
                StepRef::Index(index) => {
                    let item = at.and_then(Node::as_sequence).and_then(|items| items.get(index));
                    item.inspect(|item| visit(item.span))
                }
            };
        });
        at
    }

    /// The finding, about a part of the model and where that stands.
    pub(crate) fn blame(self, path: TreePath<'_>, finding: Diagnostic) -> Diagnostic {
        finding.at(self.of(path)).about(path)
    }

    /// Whether something was found wrong in a resource of a section.
    pub(super) fn is_damaged(self, section: &str, name: &str, found: &Found) -> bool {
        let section = self.0.get(section).and_then(Node::as_mapping);
        let resource = section.and_then(|section| section.entry(name));
        resource.is_some_and(|resource| found.is_damaged(resource))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::testing::parse;

    #[test]
    fn the_innermost_part_that_exists() {
        let tree = parse("services:\n  web:\n    ports:\n      - a\n    image: x\n");
        let place = |path: TreePath<'_>| Places(&tree).of(path).map(|span| (span.line, span.column));
        let web = TreePath::SERVICES.key("web");
        assert_eq!(place(web.key("ports").index(0)), Some((4, 9)));
        assert_eq!(place(web.key("ports").key("target")), Some((3, 5)));
        assert_eq!(place(web.key("image")), Some((5, 12)));
        assert_eq!(place(web.key("nothing").key("image")), Some((2, 3)));
        assert_eq!(place(TreePath::ROOT.key("networks")), None);
    }
}
