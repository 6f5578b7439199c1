//! Where in the files a part of the typed project stands.

use crate::load::found::Found;
use crate::source::{Node, Span};

/// The tree that a project was decoded from, asked for places only.
#[derive(Clone, Copy)]
pub(crate) struct Places<'a>(pub(crate) &'a Node);

impl Places<'_> {
    /// The place of the innermost part of a way that exists: keys, and indices of lists as text.
    pub(crate) fn of(self, way: &[&str]) -> Option<Span> {
        let mut node = self.0;
        let mut place = None;
        for step in way {
            if let Some(entry) = node.as_mapping().and_then(|mapping| mapping.entry(step)) {
                node = &entry.node;
                let scalar = node.as_mapping().is_none() && node.as_sequence().is_none() && !node.is_null();
                place = Some(if scalar { node.span } else { entry.key_span });
            } else if let Some(item) = step.parse().ok().and_then(|index: usize| node.as_sequence()?.get(index)) {
                node = item;
                place = Some(item.span);
            } else {
                break;
            }
        }
        place
    }

    /// Whether something was found wrong in a resource of a section.
    pub(super) fn is_damaged(self, section: &str, name: &str, found: &Found) -> bool {
        let section = self.0.get(section).and_then(Node::as_mapping);
        let resource = section.and_then(|section| section.entry(name));
        resource.is_some_and(|resource| found.is_damaged(resource))
    }

    /// The place of a part of a service.
    pub(crate) fn of_service(self, service: &str, way: &[&str]) -> Option<Span> {
        let mut full = vec!["services", service];
        full.extend(way);
        self.of(&full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::testing::parse;

    #[test]
    fn the_innermost_part_that_exists() {
        let tree = parse("services:\n  web:\n    ports:\n      - a\n    image: x\n");
        let place = |way: &[&str]| Places(&tree).of(way).map(|span| (span.line, span.column));
        assert_eq!(place(&["services", "web", "ports", "0"]), Some((4, 9)));
        assert_eq!(place(&["services", "web", "image"]), Some((5, 12)));
        assert_eq!(place(&["services", "web", "nothing"]), Some((2, 3)));
        assert_eq!(place(&["networks"]), None);
    }
}
