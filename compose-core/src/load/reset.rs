//! `!reset` and `!override`: takes the places so tagged out of a document, and later what earlier
//! files said there.

use crate::source::{Directive, Mapping, Node, Value};

/// Where a document wants what came before it forgotten.
#[derive(Debug, Default)]
pub(super) struct Resets {
    paths: Vec<Vec<String>>,
}

impl Resets {
    /// Notes the tagged places of a document and takes the values under `!reset` out of it.
    ///
    /// What stands below `!override` is taken as it is, tags included.
    pub(super) fn take(document: &mut Node) -> Self {
        let mut resets = Self::default();
        if let Value::Mapping(mapping) = &mut document.value {
            resets.take_keys(mapping, &mut Vec::new());
        }
        resets
    }

    fn take_keys(&mut self, mapping: &mut Mapping, path: &mut Vec<String>) {
        mapping.retain(|key, entry| {
            path.push(key.to_owned());
            let kept = self.take_value(&mut entry.node, path);
            path.pop();
            kept
        });
    }

    /// Whether the value stays in the document.
    fn take_value(&mut self, node: &mut Node, path: &mut Vec<String>) -> bool {
        match (node.directive, &mut node.value) {
            (Some(directive), _) => {
                self.paths.push(path.clone());
                directive == Directive::Override
            }
            (None, Value::Mapping(mapping)) => {
                self.take_keys(mapping, path);
                true
            }
            (None, Value::Sequence(items)) => {
                take_items(items);
                true
            }
            (None, _) => true,
        }
    }

    /// Removes from a tree what stands at the noted places.
    pub(super) fn apply(&self, tree: &mut Node) {
        for path in &self.paths {
            remove(tree, path);
        }
    }

    /// As [`Self::apply`], for a tree that stands at a place itself.
    pub(super) fn apply_below(&self, place: &[&str], tree: &mut Node) {
        for path in &self.paths {
            if path.len() > place.len() && path.iter().zip(place).all(|(step, wanted)| step == wanted) {
                remove(tree, &path[place.len()..]);
            }
        }
    }
}

/// Takes what is tagged `!reset` out of a list. Elements have no counterpart in earlier files, so
/// no place is noted: neither for them nor for what is inside.
fn take_items(items: &mut Vec<Node>) {
    items.retain_mut(|item| match (item.directive, &mut item.value) {
        (Some(directive), _) => directive == Directive::Override,
        (None, Value::Sequence(items)) => {
            take_items(items);
            true
        }
        (None, Value::Mapping(mapping)) => {
            Resets::default().take_keys(mapping, &mut Vec::new());
            true
        }
        (None, _) => true,
    });
}

fn remove(tree: &mut Node, path: &[String]) {
    let Some((last, above)) = path.split_last() else { return };
    let mut node = tree;
    for key in above {
        match node.as_mapping_mut().and_then(|mapping| mapping.get_mut(key)) {
            Some(next) => node = next,
            None => return,
        }
    }
    if let Some(mapping) = node.as_mapping_mut() {
        mapping.remove(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{SourceMap, parse_text};

    fn document(text: &str) -> Node {
        parse_text("compose.yaml", text, &mut SourceMap::default())
            .expect("it parses")
            .pop()
            .expect("it holds a document")
    }

    fn keys(node: &Node, path: &str) -> Vec<String> {
        let node = path.split('.').fold(node, |node, key| node.get(key).expect("the key is there"));
        node.as_mapping()
            .expect("a mapping")
            .iter()
            .map(|(key, _)| key.to_owned())
            .collect()
    }

    #[test]
    fn what_is_tagged_leaves_the_document_and_what_was_before() {
        let mut over = document("services: {web: {ports: !reset [], command: !override [a], image: x}}");
        let resets = Resets::take(&mut over);
        assert_eq!(keys(&over, "services.web"), ["command", "image"]);

        let mut base = document("services: {web: {ports: ['80'], command: b, image: y, tty: true}}");
        resets.apply(&mut base);
        assert_eq!(keys(&base, "services.web"), ["image", "tty"]);
    }

    #[test]
    fn lists_are_no_way_through() {
        let mut over = document("services: {web: {volumes: [{type: bind, source: !reset a, target: /x}, !reset b]}}");
        let resets = Resets::take(&mut over);
        let volumes = over.get("services").and_then(|node| node.get("web")?.get("volumes")?.as_sequence());
        assert_eq!(volumes.map(<[Node]>::len), Some(1));

        let mut base = document("services: {web: {volumes: {source: a}}}");
        resets.apply(&mut base);
        assert_eq!(keys(&base, "services.web.volumes"), ["source"]);
    }

    #[test]
    fn a_copy_resets_only_what_it_is_tagged_with_itself() {
        let text = "{x-a: &a {ports: !reset [], user: !override u}, x-b: &b !reset [], services: {web: {<<: *a, tty: *b}, db: *a}}";
        let mut over = document(text);
        let resets = Resets::take(&mut over);
        assert_eq!(keys(&over, "services.web"), ["user"]);

        let mut base = document("services: {web: {ports: ['80'], user: r, tty: true}, db: {ports: ['80'], user: r}}");
        resets.apply(&mut base);
        assert_eq!(keys(&base, "services.web"), ["ports"]);
        assert_eq!(keys(&base, "services.db"), ["ports"]);
    }

    #[test]
    fn a_part_of_a_tree_is_reset_by_its_place() {
        let mut over = document("services: {web: {ports: !reset []}, db: {image: !reset null}}");
        let resets = Resets::take(&mut over);
        let mut service = document("{ports: ['80'], image: y}");
        resets.apply_below(&["services", "web"], &mut service);
        assert_eq!(
            keys(
                &Node {
                    directive: None,
                    ..document_with("x", service)
                },
                "x"
            ),
            ["image"]
        );
    }

    fn document_with(key: &str, node: Node) -> Node {
        let span = node.span;
        let mut mapping = Mapping::new();
        mapping.insert(key, span, node);
        Node::new(Value::Mapping(mapping), span)
    }
}
