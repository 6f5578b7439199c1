//! Trees from text and back, for the tests of the loader's stages.

use super::{Loader, Stages};
use crate::diagnostic::{Diagnostics, Severity};
use crate::source::{MemoryReader, Node, SourceMap, Value, parse_text};
use std::fmt::Write as _;

/// The tree of a text.
pub(crate) fn parse(text: &str) -> Node {
    let mut documents = parse_text("compose.yaml", text, &mut SourceMap::default()).expect("the test's YAML parses");
    documents.pop().expect("the test's YAML has a document")
}

/// A tree in YAML's flow style, quoted where it must be.
pub(crate) fn flow(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Int(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::String(text) if text.is_empty() || text.contains([':', '{', '$', '\\']) => format!("'{text}'"),
        Value::Timestamp(text) | Value::String(text) => text.clone(),
        Value::Sequence(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Mapping(mapping) => {
            let entries: Vec<_> = mapping.iter().map(|(key, entry)| format!("{key}: {}", flow(&entry.node))).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// The messages of the findings that stop a load.
pub(crate) fn error_messages(diagnostics: &Diagnostics) -> Vec<String> {
    let errors = diagnostics.iter().filter(|found| found.severity == Severity::Error);
    errors.map(|found| found.message.clone()).collect()
}

/// Loads `/p/compose.yaml` from memory, and says what stands in the tree, or what is wrong with it:
/// findings with their places, related places and help.
pub(crate) fn load(files: &[(&str, &str)], stages: Stages) -> Result<Node, String> {
    let reader = files
        .iter()
        .fold(MemoryReader::new(), |reader, (path, text)| reader.with(path, *text));
    let more = files.iter().filter(|(path, _)| path.starts_with("/p/over"));
    let loader = more.fold(Loader::new("/p").file("compose.yaml"), |loader, (path, _)| loader.file(path));
    match loader.reader(reader).stages(stages).load_tree() {
        Ok(found) => Ok(found.tree),
        Err(refused) => Err(report(&refused.diagnostics, &refused.sources)),
    }
}

/// What a load found, the way a terminal would list it.
pub(crate) fn report(diagnostics: &Diagnostics, sources: &SourceMap) -> String {
    let mut report = String::new();
    for found in diagnostics {
        let place = found.span.map(|span| sources.place(span) + " ").unwrap_or_default();
        let _ = writeln!(report, "{place}{}: {}", found.code, found.message);
        for (span, note) in &found.related {
            let _ = writeln!(report, "  {} {note}", sources.place(*span));
        }
        for note in &found.notes {
            let _ = writeln!(report, "  note: {note}");
        }
        if let Some(help) = &found.help {
            let _ = writeln!(report, "  help: {help}");
        }
    }
    report
}

/// What stands at a place of a tree, keys separated by dots.
pub(crate) fn at(tree: &Node, place: &str) -> String {
    place
        .split('.')
        .try_fold(tree, Node::get)
        .map_or_else(|| "nothing".to_owned(), flow)
}
