//! Refuses what the reference takes for an alias within itself.
//!
//! The reference compares the places of two aliases of the same anchor as text, keys joined by dots:
//! with `test: *a` and `test.other: *a` side by side the second seems to stand inside the first, and
//! the file is refused. A project that loads here must load there, so it is refused here too.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{Node, SourceMap, Span};
use std::collections::HashMap;

/// How many dots of a name are looked at.
const MOST_DOTS: usize = 100;

/// Reports services that are aliases of one anchor while the name of one continues that of another.
pub(super) fn check_aliases(document: &Node, sources: &SourceMap) -> Diagnostics {
    let mut found = Diagnostics::new();
    let Some(services) = document.get("services").and_then(Node::as_mapping) else {
        return found;
    };
    // By anchor and name.
    let mut aliases: HashMap<(&str, &str), Span> = HashMap::new();
    for (name, entry) in services.iter() {
        if let Some(alias) = alias(entry.node.span, sources) {
            aliases.insert((alias, name), entry.key_span);
        }
    }
    for (name, entry) in services.iter().filter(|(name, _)| name.contains('.')) {
        let Some(alias) = alias(entry.node.span, sources) else { continue };
        let continued = beginnings(name).filter_map(|other| Some((*aliases.get(&(alias, other))?, other)));
        if let Some((place, other)) = continued.min() {
            let message = format!("service `{name}` reads as a part of `{other}`, an alias of the same anchor");
            let ambiguous = Diagnostic::error(Code::AmbiguousAlias, message).at(entry.key_span);
            found.push(
                ambiguous
                    .related(place, "the other alias")
                    .help("rename one of them, or use `<<: *…`"),
            );
        }
    }
    found
}

/// The names that a name continues by a dot and more; no more of them than anybody writes dots.
fn beginnings(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('.').take(MOST_DOTS).map(|(dot, _)| &name[..dot])
}

/// The `*anchor` that stands at a place, if one does.
fn alias(span: Span, sources: &SourceMap) -> Option<&str> {
    let text = sources.file(span.source).text.get(span.start as usize..span.end as usize)?;
    text.starts_with('*').then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::testing::error_messages;
    use crate::source::parse_text;

    fn refused(text: &str) -> Vec<String> {
        let mut sources = SourceMap::default();
        let documents = parse_text("compose.yaml", text, &mut sources).expect("it parses");
        error_messages(&check_aliases(&documents[0], &sources))
    }

    #[test]
    fn aliases_whose_names_continue_each_other_are_refused() {
        let text = "{services: {test.unit: &a {image: x}, test: *a, test.other: *a}}";
        assert_eq!(
            refused(text),
            ["service `test.other` reads as a part of `test`, an alias of the same anchor"]
        );
    }

    #[test]
    fn others_pass() {
        for text in [
            "{services: {test: &a {image: x}, test.other: *a}}",
            "{services: {a: &a {image: x}, test: *a, test2.other: *a}}",
            "{services: {a: &a {image: x}, test: *a, test.other: {<<: *a}}}",
            "{services: {a: {image: x}, a.b: {image: x}}}",
        ] {
            assert_eq!(refused(text), [""; 0], "{text}");
        }
    }
}
