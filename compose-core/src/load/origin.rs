//! How what a finding blames came into the model: through `extends`, `include` or a variable.
//!
//! Nodes keep the place where they were written. What is noted here on the way leads from there back
//! to the file that was asked for, and is looked at only when something is wrong.

use super::interpolate::used_variables;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, ModelPath};
use crate::model::StringMap;
use crate::source::{Node, SourceId, SourceMap, Span, definitions};
use std::collections::HashMap;

/// How many `include`s are told of one finding.
const MAX_INCLUDES: usize = 5;
/// A value longer than this is not searched for variables.
const MAX_VALUE: usize = 4096;
/// How many variables of a value are told.
const MAX_VARIABLES: usize = 3;

/// What was noted on the way.
#[derive(Debug, Default)]
pub(super) struct Origins {
    extended: Vec<Extended>,
    /// The `include` that brought a file in.
    included: HashMap<SourceId, Span>,
    variable_files: Vec<SourceId>,
}

/// A service that is extended.
#[derive(Debug)]
struct Extended {
    /// Where it stands.
    stretch: Span,
    /// The service that became of it.
    service: String,
    /// The `extends` on the way to it, the nearest first.
    steps: Vec<Span>,
}

impl Origins {
    /// Notes that what stands at a place becomes a part of `service`.
    pub(super) fn extended(&mut self, stretch: Span, service: &str, steps: Vec<Span>) {
        self.extended.push(Extended {
            stretch,
            service: service.to_owned(),
            steps,
        });
    }

    /// Notes what an `include` brought in; the first one counts.
    pub(super) fn included(&mut self, files: impl Iterator<Item = SourceId>, by: Span) {
        for file in files {
            self.included.entry(file).or_insert(by);
        }
    }

    /// Notes that files set variables.
    pub(super) fn variable_files(&mut self, files: impl Iterator<Item = SourceId>) {
        let mut read: Vec<_> = files.collect();
        // The last one wins, and so is the first to be asked.
        read.reverse();
        self.variable_files.extend(read);
    }

    /// Adds to each finding where what it blames came from; `callers` are the caller's variables, none where
    /// variables are not put in.
    pub(super) fn explain(&self, findings: &mut Diagnostics, sources: &SourceMap, callers: Option<&StringMap>) {
        let mut definitions = None;
        for finding in findings.each_mut() {
            let Some(span) = finding.span else { continue };
            if let Some(callers) = callers {
                self.variables(finding, span, sources, callers, &mut definitions);
            }
            self.extends(finding, span);
            self.includes(finding, span);
        }
    }

    fn extends(&self, finding: &mut Diagnostic, span: Span) {
        let Some(service) = finding.path.as_ref().and_then(ModelPath::service) else {
            return;
        };
        let about = |extended: &&Extended| extended.stretch.holds(span) && extended.service == service;
        let Some(extended) = self.extended.iter().find(about) else { return };
        for place in &extended.steps {
            relate(finding, *place, "extended here");
        }
    }

    fn includes(&self, finding: &mut Diagnostic, span: Span) {
        let mut source = span.source;
        for _ in 0..MAX_INCLUDES {
            let Some(by) = self.included.get(&source) else { return };
            relate(finding, *by, "included here");
            source = by.source;
        }
    }

    /// Values are not shown, only where they are set: they may be secret.
    ///
    /// `definitions` are those of all files, once somebody asked for one.
    fn variables(
        &self,
        finding: &mut Diagnostic,
        span: Span,
        sources: &SourceMap,
        callers: &StringMap,
        definitions: &mut Option<HashMap<String, Span>>,
    ) {
        let text = sources.text(span);
        if text.len() > MAX_VALUE || !text.contains('$') || is_about_variables(finding) {
            return;
        }
        for used in used_variables([&Node::string(text, span)]).iter().take(MAX_VARIABLES) {
            let name = &used.name;
            if callers.contains_key(name) {
                finding.notes.push(format!("`{name}` is set in the environment"));
            } else if let Some(place) = definitions.get_or_insert_with(|| self.definitions(sources)).get(name) {
                finding.notes.push(format!("`{name}` is set in {}", sources.place(*place)));
            } else if !name.is_empty() && !used.says_something() {
                finding.notes.push(format!("`{name}` is not set, so nothing stands there"));
                finding.help = Some(format!("set `{name}`, or give it a value here: `${{{name}:-VALUE}}`"));
            }
        }
    }

    /// Where each variable of the files is set.
    fn definitions(&self, sources: &SourceMap) -> HashMap<String, Span> {
        let mut all = HashMap::new();
        for file in self.variable_files.iter().rev() {
            all.extend(definitions(sources, *file));
        }
        all
    }
}

/// Whether a finding speaks of variables itself.
fn is_about_variables(finding: &Diagnostic) -> bool {
    matches!(
        finding.code,
        Code::UnsetVariable | Code::RequiredVariable | Code::InvalidInterpolation | Code::EnvFileSyntax
    )
}

fn relate(finding: &mut Diagnostic, place: Span, note: &str) {
    let told = |(known, _): &(Span, String)| known.holds(place);
    if finding.span != Some(place) && !finding.related.iter().any(told) {
        finding.related.push((place, note.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::super::stage::Stages;
    use super::super::testing::load;

    fn refused(files: &[(&str, &str)]) -> String {
        load(files, Stages::ALL).expect_err("something is wrong with it")
    }

    #[test]
    fn the_way_of_an_extended_value_is_told() {
        let main = "services:\n  web:\n    extends: {file: sub/base.yaml, service: mid}\n";
        let base = "services:\n  mid:\n    extends: base\n  base:\n    image: x\n    hostnam: h\n";
        insta::assert_snapshot!(refused(&[("/p/compose.yaml", main), ("/p/sub/base.yaml", base)]), @r"
        /p/sub/base.yaml:6:5 unknown-key: `services.web` has no key `hostnam`
          /p/sub/base.yaml:3:14 extended here
          /p/compose.yaml:3:45 extended here
          help: did you mean `hostname`?
        ");
    }

    #[test]
    fn the_includes_on_the_way_are_told() {
        let files = [
            ("/p/compose.yaml", "include: [sub/one.yaml]\n"),
            ("/p/sub/one.yaml", "include: [two.yaml]\n"),
            ("/p/sub/two.yaml", "services: {a: {image: 5}}\n"),
        ];
        insta::assert_snapshot!(refused(&files), @r#"
        /p/sub/two.yaml:1:23 wrong-type: `services.a.image` must be a string, not an integer
          /p/sub/one.yaml:1:11 included here
          /p/compose.yaml:1:11 included here
          help: write it in quotes: "5"
        "#);
    }

    #[test]
    fn where_a_variable_is_set_is_told() {
        let files = [
            ("/p/.env", "A=1\nPORT=web\n"),
            ("/p/compose.yaml", "services: {a: {image: x, ports: ['${PORT}:80']}}\n"),
        ];
        insta::assert_snapshot!(refused(&files), @r"
        /p/compose.yaml:1:34 malformed-short-form: services.a.ports[0]: invalid host port `web`
          note: `PORT` is set in /p/.env:2:1
          help: write [[IP:]HOST_PORT:]CONTAINER_PORT[/PROTOCOL], an IPv6 address in brackets, or use the long form
        ");
    }
}
