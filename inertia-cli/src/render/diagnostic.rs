//! Findings about compose files: the place, the line, what is wrong there and what to do.

use super::note;
use crate::settings::{Output, Settings, Volume};
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use compose_core::diagnostic::{Diagnostic, Diagnostics, Severity};
use compose_core::source::{SourceFile, SourceMap, Span};
use serde_json::{Value, json};
use std::ops::Range;
use std::path::Path;

/// How findings are shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    /// Files below this folder are named relative to it.
    pub(crate) cwd: &'a Path,
    /// With colours.
    pub(crate) colored: bool,
}

/// Every finding with its excerpt, a blank line between two of them; no line break at the end.
pub(crate) fn text(findings: &Diagnostics, sources: &SourceMap, view: View<'_>) -> String {
    let renderer = if view.colored { Renderer::styled() } else { Renderer::plain() };
    let each = findings.iter().map(|finding| renderer.render(&report(finding, sources, view)));
    each.collect::<Vec<_>>().join("\n\n")
}

/// Shows what does not stop a command on standard error: excerpts, or with `--json` one line that
/// holds `{"diagnostics": [...]}`.
pub(crate) fn warn(findings: &Diagnostics, sources: &SourceMap, settings: &Settings) {
    match settings.output {
        _ if findings.is_empty() || settings.volume == Volume::Quiet => {}
        Output::Json => note(&json!({ "diagnostics": data(findings, sources) }).to_string()),
        Output::Text => note(&text(findings, sources, settings.view())),
    }
}

/// Every finding as data: `code`, `severity`, `message`, `path` in the model, a place of `file`, `line`, `column`,
/// `end_line` and `end_column`, `help`, `notes` and `related` places.
pub(crate) fn data(findings: &Diagnostics, sources: &SourceMap) -> Value {
    findings.iter().map(|finding| document(finding, sources)).collect()
}

fn report<'a>(finding: &'a Diagnostic, sources: &'a SourceMap, view: View<'_>) -> Vec<Group<'a>> {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(finding.message.as_str()).id(finding.code.as_str());
    let mut group = Group::with_title(title);
    let mut places: Vec<Place<'a>> = Vec::new();
    if let Some(span) = finding.span {
        places.push(Place::new(span, None, AnnotationKind::Primary, sources));
    }
    for (span, note) in &finding.related {
        places.push(Place::new(*span, Some(note), AnnotationKind::Context, sources));
    }
    for snippet in snippets(places, view) {
        group = match snippet {
            Excerpt::Lines(snippet) => group.element(snippet),
            Excerpt::Name(origin) => group.element(origin),
        };
    }
    for note in &finding.notes {
        group = group.element(Level::NOTE.message(note.as_str()));
    }
    if let Some(help) = &finding.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    vec![group]
}

/// A stretch of a file that a finding speaks of.
struct Place<'a> {
    file: &'a SourceFile,
    span: Span,
    note: Option<&'a str>,
    kind: AnnotationKind,
}

impl<'a> Place<'a> {
    fn new(span: Span, note: Option<&'a String>, kind: AnnotationKind, sources: &'a SourceMap) -> Self {
        Self {
            file: sources.file(span.source),
            span,
            note: note.map(String::as_str),
            kind,
        }
    }
}

/// What is shown of one file.
enum Excerpt<'a> {
    Lines(Snippet<'a, annotate_snippets::Annotation<'a>>),
    /// A file without text: all that can be said is where.
    Name(Origin<'a>),
}

/// The places of each file together, files in the order in which they are spoken of.
fn snippets<'a>(places: Vec<Place<'a>>, view: View<'_>) -> Vec<Excerpt<'a>> {
    let mut by_file: Vec<Vec<Place<'a>>> = Vec::new();
    for place in places {
        match by_file.iter_mut().find(|group| group[0].span.source == place.span.source) {
            Some(group) => group.push(place),
            None => by_file.push(vec![place]),
        }
    }
    by_file.into_iter().map(|group| excerpt(&group, view)).collect()
}

fn excerpt<'a>(places: &[Place<'a>], view: View<'_>) -> Excerpt<'a> {
    let first = &places[0];
    let path = relative(&first.file.path, view.cwd);
    let text: &'a str = &first.file.text;
    if text.is_empty() {
        return Excerpt::Name(
            Origin::path(path)
                .line(first.span.line as usize)
                .char_column(first.span.column as usize),
        );
    }
    let (lines, offset, first_line) = lines_of(text, places);
    let annotations = places.iter().map(|place| {
        let part = underlined(text, place.span);
        place.kind.span(part.start - offset..part.end - offset).label(place.note)
    });
    Excerpt::Lines(Snippet::source(lines).line_start(first_line).path(path).annotations(annotations))
}

/// The lines from the first to the last place, the byte and the number of the first: what is not
/// shown need not be gone through for each of a thousand findings.
fn lines_of<'a>(text: &'a str, places: &[Place<'_>]) -> (&'a str, usize, usize) {
    let parts = || places.iter().map(|place| underlined(text, place.span));
    let first = places
        .iter()
        .min_by_key(|place| place.span.start)
        .map_or(1, |place| place.span.line);
    let start = parts().map(|part| part.start).min().unwrap_or_default();
    let end = parts().map(|part| part.end).max().unwrap_or_default();
    let start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[end..].find('\n').map_or(text.len(), |at| end + at);
    (&text[start..end], start, first as usize)
}

/// The part of a place that is underlined: what stands on its first line, at least one character.
fn underlined(text: &str, span: Span) -> Range<usize> {
    let start = floor(text, span.start as usize);
    let end = floor(text, span.end as usize).max(start);
    let lines = text[start..end].trim_end();
    let first_line = lines.find(['\n', '\r']).unwrap_or(lines.len());
    let end = start + first_line;
    if end > start {
        return start..end;
    }
    let next = text[start..].chars().next().filter(|c| !c.is_control());
    start..start + next.map_or(0, char::len_utf8)
}

/// The nearest character boundary at or before a byte.
fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at.min(text.len()))
}

fn relative(path: &Path, cwd: &Path) -> String {
    path.strip_prefix(cwd).unwrap_or(path).display().to_string()
}

fn document(finding: &Diagnostic, sources: &SourceMap) -> Value {
    let related: Vec<Value> = finding
        .related
        .iter()
        .map(|(span, note)| with_place(json!({ "message": note }), Some(*span), sources))
        .collect();
    let document = json!({
        "code": finding.code,
        "severity": finding.severity,
        "message": finding.message,
        "path": finding.path,
        "help": finding.help,
        "notes": finding.notes,
        "related": related,
    });
    with_place(document, finding.span, sources)
}

/// Adds a place; lines and columns count from 1, and the end is the character behind the last.
fn with_place(mut document: Value, span: Option<Span>, sources: &SourceMap) -> Value {
    let end = span.map(|span| sources.end(span));
    document["file"] = json!(span.map(|span| sources.file(span.source).path.display().to_string()));
    document["line"] = json!(span.map(|span| span.line));
    document["column"] = json!(span.map(|span| span.column));
    document["end_line"] = json!(end.map(|end| end.line));
    document["end_column"] = json!(end.map(|end| end.column));
    document
}

#[cfg(test)]
mod mistakes;

#[cfg(test)]
mod tests {
    use super::{View, data, text};
    use compose_core::diagnostic::{Code, Diagnostic, Diagnostics};
    use compose_core::source::{SourceId, SourceMap, Span};
    use std::path::Path;

    const COMPOSE: &str = "services:\n  web:\n    imag: nginx\n    name: żółć\n    ports:\n      - 80:80\n      - 81:81\n";

    fn at(source: SourceId, text: &str, part: &str) -> Span {
        let start = text.find(part).expect("the part stands in the text");
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Span {
            source,
            start: u32::try_from(start).expect("a short text"),
            end: u32::try_from(start + part.len()).expect("a short text"),
            line: u32::try_from(before.matches('\n').count() + 1).expect("a short text"),
            column: u32::try_from(before[line_start..].chars().count() + 1).expect("a short text"),
        }
    }

    fn plain(findings: &Diagnostics, sources: &SourceMap) -> String {
        let view = View {
            cwd: Path::new("/srv/shop"),
            colored: false,
        };
        text(findings, sources, view)
    }

    fn one(finding: Diagnostic, sources: &SourceMap) -> String {
        plain(&finding.into(), sources)
    }

    #[test]
    fn underlines_the_place_and_says_what_to_do() {
        let mut sources = SourceMap::default();
        let id = sources.add("/srv/shop/compose.yaml", COMPOSE);
        let finding = Diagnostic::error(Code::UnknownKey, "services.web knows no key `imag`")
            .at(at(id, COMPOSE, "imag"))
            .help("did you mean `image`?");
        insta::assert_snapshot!(one(finding, &sources), @r"
        error[unknown-key]: services.web knows no key `imag`
         --> compose.yaml:3:5
          |
        3 |     imag: nginx
          |     ^^^^
          |
          = help: did you mean `image`?
        ");
    }

    #[test]
    fn shows_places_in_other_files() {
        let mut sources = SourceMap::default();
        let base = "services:\n  web: {image: a}\n";
        let first = sources.add("/srv/shop/compose.yaml", COMPOSE);
        let other = sources.add("/srv/base.yaml", base);
        let finding = Diagnostic::error(Code::IncludeConflict, "two answers")
            .at(at(first, COMPOSE, "żółć"))
            .related(at(other, base, "image"), "first said here")
            .related(at(first, COMPOSE, "web"), "in this service");
        insta::assert_snapshot!(one(finding, &sources), @r"
        error[include-conflict]: two answers
         --> compose.yaml:4:11
          |
        2 |   web:
          |   --- in this service
        3 |     imag: nginx
        4 |     name: żółć
          |           ^^^^
          |
         ::: /srv/base.yaml:2:9
          |
        2 |   web: {image: a}
          |         ----- first said here
        ");
    }

    #[test]
    fn a_long_place_is_underlined_on_its_first_line() {
        let mut sources = SourceMap::default();
        let id = sources.add("/srv/shop/compose.yaml", COMPOSE);
        let finding = Diagnostic::warning(Code::PortCollision, "many ports").at(at(id, COMPOSE, "- 80:80\n      - 81:81\n"));
        let shown = one(finding, &sources);
        assert!(shown.contains("6 |       - 80:80\n  |       ^^^^^^^"), "{shown}");
        assert!(!shown.contains("81:81"), "{shown}");
    }

    #[test]
    fn findings_without_a_place_and_files_without_text_are_shown_too() {
        let mut sources = SourceMap::default();
        let id = sources.add("/srv/shop/empty.yaml", "");
        let empty = Span {
            source: id,
            start: 0,
            end: 0,
            line: 1,
            column: 1,
        };
        let mut findings = Diagnostics::new();
        findings.push(Diagnostic::error(Code::NoComposeFile, "no compose file here").help("write one"));
        findings.push(Diagnostic::error(Code::EmptyFile, "the file is empty").at(empty));
        insta::assert_snapshot!(plain(&findings, &sources), @r"
        error[no-compose-file]: no compose file here
         |
         = help: write one

        error[empty-file]: the file is empty
        --> empty.yaml:1:1
        ");
    }

    #[test]
    fn a_place_past_the_end_or_inside_a_character_breaks_nothing() {
        let mut sources = SourceMap::default();
        let id = sources.add("/srv/shop/compose.yaml", COMPOSE);
        let inside = u32::try_from(COMPOSE.find('ż').expect("it is there") + 1).expect("a short text");
        for (start, end) in [(9_999, 10_000), (inside, inside + 1), (5, 3), (0, u32::MAX)] {
            let span = Span {
                source: id,
                start,
                end,
                line: 1,
                column: 1,
            };
            assert!(one(Diagnostic::error(Code::WrongType, "y").at(span), &sources).contains("compose.yaml"));
        }
    }

    #[test]
    fn is_data_for_programs() {
        let mut sources = SourceMap::default();
        let id = sources.add("/srv/shop/compose.yaml", COMPOSE);
        let finding = Diagnostic::error(Code::UnknownKey, "what")
            .at(at(id, COMPOSE, "imag"))
            .related(at(id, COMPOSE, "web"), "in");
        let document = data(&finding.into(), &sources);
        assert_eq!(
            document,
            serde_json::json!([{
                "code": "unknown-key", "severity": "error", "message": "what", "path": null,
                "file": "/srv/shop/compose.yaml", "line": 3, "column": 5, "end_line": 3, "end_column": 9, "help": null, "notes": [],
                "related": [
                    { "message": "in", "file": "/srv/shop/compose.yaml", "line": 2, "column": 3, "end_line": 2, "end_column": 6 },
                ],
            }])
        );
    }
}
