//! Any text as a value with variables: the first line is what `A` holds, the rest is the value.
#![no_main]

use compose_core::diagnostic::Diagnostics;
use compose_core::load::interpolate::{interpolate, used_variables};
use compose_core::source::{Node, SourceMap, Span};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &str| {
    let (held, text) = data.split_once('\n').unwrap_or(("", data));
    let mut sources = SourceMap::default();
    let source = sources.add("/compose.yaml", text);
    let span = Span {
        source,
        start: 0,
        end: 0,
        line: 1,
        column: 1,
    };
    let mut node = Node::string(text, span);
    let used = used_variables([&node]);
    let mut found = Diagnostics::new();
    interpolate(&mut node, &|name| (name == "A").then(|| held.to_owned()), &sources, &mut found);
    let Some(out) = node.as_str() else { return };
    if !text.contains('$') {
        assert_eq!(out, text, "text without variables stays");
        assert!(found.is_empty() && used.is_empty());
    }
    if used.is_empty() && !found.has_errors() {
        assert!(out.len() <= text.len(), "nothing but variables makes a value longer");
    }
});
