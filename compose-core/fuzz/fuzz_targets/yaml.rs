//! Any bytes as a compose file: nodes or findings, all of whose places lie in the text.
#![no_main]

use compose_core::source::{Node, SourceMap, Span, Value, parse};
use libfuzzer_sys::fuzz_target;
use std::path::Path;

fuzz_target!(|data: &[u8]| {
    let mut sources = SourceMap::default();
    match parse(Path::new("/compose.yaml"), data, &mut sources) {
        Ok(documents) => documents.iter().for_each(|document| check_node(document, &sources)),
        Err(found) => {
            assert!(!found.is_empty(), "a refusal says why");
            for finding in &found {
                finding.span.into_iter().for_each(|span| check_place(span, &sources));
                finding.related.iter().for_each(|(span, _)| check_place(*span, &sources));
            }
        }
    }
});

fn check_node(node: &Node, sources: &SourceMap) {
    check_place(node.span, sources);
    match &node.value {
        Value::Sequence(items) => items.iter().for_each(|item| check_node(item, sources)),
        Value::Mapping(mapping) => mapping.iter().for_each(|(_, entry)| {
            check_place(entry.key_span, sources);
            check_node(&entry.node, sources);
        }),
        _ => {}
    }
}

fn check_place(span: Span, sources: &SourceMap) {
    let text = &sources.file(span.source).text;
    let (start, end) = (span.start as usize, span.end as usize);
    assert!(start <= end && text.get(start..end).is_some(), "{span:?} lies in the text");
    assert!(span.line > 0 && span.column > 0, "{span:?} counts from 1");
}
