//! Trees from text and back, for the tests of the loader's stages.

use crate::diagnostic::{Diagnostics, Severity};
use crate::source::{Node, SourceMap, Value, parse_text};

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
        Value::Timestamp(text) => text.clone(),
        Value::String(text) if text.is_empty() || text.contains([':', '{', '$', '\\']) => format!("'{text}'"),
        Value::String(text) => text.clone(),
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
