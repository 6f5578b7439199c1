//! Which part of a value an expansion speaks of.

use super::template::{TemplateError, closing_brace, name_length};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{SourceMap, Span};
use std::ops::Range;

/// The place of a variable in a value that stands at `whole`; all of it where its text is not as written.
pub(super) fn of_variable(name: &str, whole: Span, sources: &SourceMap) -> Span {
    match find_variable(name, sources.text(whole)) {
        Some(part) => sources.part(whole, part),
        None => whole,
    }
}

/// The place of what cannot be expanded.
pub(super) fn of_error(error: &TemplateError, whole: Span, sources: &SourceMap) -> Span {
    match error {
        TemplateError::Required { name, .. } => of_variable(name, whole, sources),
        TemplateError::Invalid(from) => {
            let line = from.lines().next().unwrap_or_default();
            let start = Some(sources.text(whole))
                .filter(|_| !line.is_empty())
                .and_then(|text| text.find(line));
            start.map_or(whole, |start| sources.part(whole, start..start + line.len()))
        }
        TemplateError::TooDeep | TemplateError::TooLong => whole,
    }
}

/// The variable that is not set, where that is what a finding is about.
pub fn missing_variable<'s>(found: &Diagnostic, sources: &'s SourceMap) -> Option<&'s str> {
    if found.code != Code::UnsetVariable && found.code != Code::RequiredVariable {
        return None;
    }
    let behind = sources.text(found.span?).strip_prefix('$')?;
    let named = behind.strip_prefix('{').unwrap_or(behind);
    Some(&named[..name_length(named)]).filter(|name| !name.is_empty())
}

fn find_variable(name: &str, text: &str) -> Option<Range<usize>> {
    let mut from = 0;
    loop {
        let at = from + text[from..].find('$')?;
        let behind = &text[at + 1..];
        let (mark, named) = match behind.strip_prefix('{') {
            Some(named) => (2, named),
            None => (1, behind),
        };
        if named.starts_with(name) && name_length(named) == name.len() {
            let end = at + mark + name.len();
            let closed = (mark == 2).then(|| closing_brace(&text[end..])).flatten();
            return Some(at..closed.map_or(end, |brace| end + brace + 1));
        }
        from = at + if behind.starts_with('$') { 2 } else { 1 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_found_in_its_value() {
        for (text, found) in [
            ("a:$TAG", Some("$TAG")),
            ("a:${TAG}-b", Some("${TAG}")),
            ("$$TAG $TAGS ${TAG:-${X}}!", Some("${TAG:-${X}}")),
            ("${X:-$TAG}", Some("$TAG")),
            ("${TAG", Some("${TAG")),
            ("TAG", None),
        ] {
            assert_eq!(find_variable("TAG", text).map(|part| &text[part]), found, "{text}");
        }
    }

    #[test]
    fn the_variable_of_a_finding_is_read_from_its_place() {
        let text = "a: [x-$A, 'y ${B:?why}', '${C:-${D?}}', '${']\n";
        let mut sources = SourceMap::default();
        let mut documents = crate::source::parse_text("/c.yaml", text, &mut sources).expect("valid YAML");
        let mut findings = crate::diagnostic::Diagnostics::new();
        super::super::interpolate(&mut documents[0], &|_| None, &sources, &mut findings);
        let names: Vec<_> = findings.iter().map(|found| missing_variable(found, &sources)).collect();
        assert_eq!(names, [Some("A"), Some("B"), Some("D"), None]);
    }
}
