//! Over all values of a document.

use super::place;
use super::template::{MAX_TOTAL, Shortened, Template, UsedVariable, too_much, unset_variable, variables};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::load::path::TreePath;
use crate::load::schema::rule::{Cast, Rule, Shape};
use crate::load::schema::table::COMPOSE_FILE;
use crate::source::{Node, SourceMap, Span, Value};
use indexmap::IndexMap;
use indexmap::map::Entry;
use std::collections::BTreeSet;

/// Puts the values of variables into every text of a document, and casts the attributes that are
/// numbers or booleans. Findings are errors with their places, and one warning for each variable
/// that is not set. `sources` holds the document's file, for these places. Returns how many bytes the texts with variables
/// came to.
pub fn interpolate(node: &mut Node, variables: &dyn Fn(&str) -> Option<String>, sources: &SourceMap, findings: &mut Diagnostics) -> usize {
    let mut walk = Walk {
        variables,
        sources,
        findings,
        warned: BTreeSet::new(),
        total: 0,
    };
    walk.node(node, TreePath::ROOT, &COMPOSE_FILE.shape, None);
    walk.total
}

/// The variables of documents, each once, in the order in which they are met.
///
/// Of several uses in one text the first that says something counts, and of several items of a list the last that has the
/// variable, as with Docker Compose. Of the keys of a mapping, where it has no order, a variable is required as soon as one
/// requires it, and of defaults and alternatives the first counts. One without a name stands for what begins as a variable and
/// is none: [`interpolate`] tells of it.
pub fn used_variables<'n>(documents: impl IntoIterator<Item = &'n Node>) -> Vec<UsedVariable> {
    let mut used = Used::new();
    for document in documents {
        add(&mut used, gather(document), combine);
    }
    used.into_values().collect()
}

type Used = IndexMap<String, UsedVariable>;

fn gather(node: &Node) -> Used {
    let mut used = Used::new();
    match &node.value {
        Value::String(text) if text.contains('$') => {
            let mut found = Vec::new();
            variables(text, &mut found);
            let found = found.into_iter().map(|variable| (variable.name.clone(), variable));
            add(&mut used, found, |known, next| {
                if !known.says_something() {
                    *known = next;
                }
            });
        }
        Value::Sequence(items) => {
            for item in items {
                add(&mut used, gather(item), |known, next| *known = next);
            }
        }
        Value::Mapping(mapping) => {
            for (_, entry) in mapping.iter() {
                add(&mut used, gather(&entry.node), combine);
            }
        }
        _ => {}
    }
    used
}

/// Adds uses to others; where both know a variable, `both` decides.
fn add(used: &mut Used, more: impl IntoIterator<Item = (String, UsedVariable)>, both: impl Fn(&mut UsedVariable, UsedVariable)) {
    for (name, next) in more {
        match used.entry(name) {
            Entry::Vacant(entry) => {
                entry.insert(next);
            }
            Entry::Occupied(mut entry) => both(entry.get_mut(), next),
        }
    }
}

fn combine(known: &mut UsedVariable, next: UsedVariable) {
    known.required |= next.required;
    if known.default.is_empty() {
        known.default = next.default;
    }
    if known.alternative.is_empty() {
        known.alternative = next.alternative;
    }
}

struct Walk<'w> {
    variables: &'w dyn Fn(&str) -> Option<String>,
    sources: &'w SourceMap,
    findings: &'w mut Diagnostics,
    warned: BTreeSet<String>,
    /// Bytes that came out so far.
    total: usize,
}

impl Walk<'_> {
    fn node(&mut self, node: &mut Node, path: TreePath<'_>, shape: &Shape, cast: Option<Cast>) {
        let span = node.span;
        match &mut node.value {
            Value::String(text) => {
                if text.contains('$') {
                    match self.expand(text, path, span) {
                        Some(expanded) => *text = expanded,
                        None => return,
                    }
                }
                if let Some(cast) = cast {
                    self.cast(cast, node, path);
                }
            }
            Value::Sequence(items) => {
                let shape = shape.item().unwrap_or(&Shape::Any);
                for (index, item) in items.iter_mut().enumerate() {
                    self.node(item, path.index(index), shape, None);
                }
            }
            Value::Mapping(mapping) => {
                let keys = shape.mapping();
                for (key, entry) in mapping.iter_mut() {
                    let rule = keys.and_then(|keys| keys.rule(key)).unwrap_or(&Rule::FREE);
                    self.node(&mut entry.node, path.key(key), &rule.shape, rule.cast);
                }
            }
            _ => {}
        }
    }

    fn expand(&mut self, text: &str, path: TreePath<'_>, span: Span) -> Option<String> {
        if self.total > MAX_TOTAL {
            return None;
        }
        let mut unset = Vec::new();
        let expanded = Template::parse(text).and_then(|template| template.expand(self.variables, &mut |name| unset.push(name.to_owned())));
        for name in unset {
            self.warn_unset(name, span);
        }
        match expanded {
            Ok(expanded) => {
                self.total += expanded.len();
                if self.total > MAX_TOTAL {
                    self.findings.push(too_much(span));
                }
                Some(expanded)
            }
            Err(_) if self.findings.is_full() => None,
            Err(error) => {
                let place = place::of_error(&error, span, self.sources);
                let found = error.explain().within(format_args!("{path}: "));
                self.findings.push(found.at(place).about(path));
                None
            }
        }
    }

    fn warn_unset(&mut self, name: String, span: Span) {
        if self.findings.is_full_of_warnings() || self.warned.contains(&name) {
            return;
        }
        self.findings
            .push(unset_variable(&name, place::of_variable(&name, span, self.sources)));
        self.warned.insert(name);
    }

    fn cast(&mut self, cast: Cast, node: &mut Node, path: TreePath<'_>) {
        let Value::String(text) = &node.value else { return };
        let Some(value) = cast.apply(text) else {
            let error = Diagnostic::error(cast.failure(), format!("must be {cast}, not {}", Shortened(text)));
            let error = error.within(format_args!("{path} "));
            self.findings.push(error.at(node.span).about(path).help(format!("write {cast}")));
            return;
        };
        if let Value::Bool(truth) = value
            && !text.eq_ignore_ascii_case(if truth { "true" } else { "false" })
        {
            let message = format!("{text:?} for a boolean is not supported by YAML 1.2");
            let warning = Diagnostic::warning(Code::OldBoolean, message).within(format_args!("{path}: "));
            let warning = warning.at(node.span);
            self.findings.push(warning.about(path).help(format!("write `{truth}`")));
        }
        node.value = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::parse_text;
    use proptest::prelude::*;

    fn document(text: &str) -> Node {
        located(text).0
    }

    fn located(text: &str) -> (Node, SourceMap) {
        let mut sources = SourceMap::default();
        let mut documents = parse_text("/c.yaml", text, &mut sources).expect("valid YAML");
        (documents.remove(0), sources)
    }

    /// `N` is 3, `ON` is `yes`, `BAD` is `five`.
    fn variables(name: &str) -> Option<String> {
        match name {
            "N" => Some("3".into()),
            "ON" => Some("yes".into()),
            "BAD" => Some("five".into()),
            _ => None,
        }
    }

    fn interpolated(text: &str) -> (Node, Vec<String>) {
        let (mut node, sources) = located(text);
        let mut findings = Diagnostics::new();
        interpolate(&mut node, &variables, &sources, &mut findings);
        let shown = findings
            .iter()
            .map(|found| {
                let span = found.span.expect("every finding has a place");
                format!("{}:{} {:?} {}", span.line, span.column, found.severity, found.message)
            })
            .collect();
        (node, shown)
    }

    #[test]
    fn a_boolean_of_yaml_1_1_is_taken_with_a_warning() {
        for (text, warnings) in [("tty: 'on'", 1), ("tty: 'No'", 1), ("tty: 'TRUE'", 0), ("tty: false", 0)] {
            let mut sources = SourceMap::default();
            let text = format!("services: {{a: {{{text}}}}}");
            let mut document = parse_text("compose.yaml", &text, &mut sources).expect("it parses").remove(0);
            let mut found = Diagnostics::new();
            interpolate(&mut document, &|_| None, &sources, &mut found);
            assert_eq!((found.len(), found.has_errors()), (warnings, false), "{text}");
        }
    }

    #[test]
    fn values_are_interpolated_and_cast_keys_are_not() {
        let (node, findings) = interpolated(
            "services:\n  $N:\n    scale: ${N}\n    tty: $ON\n    image: a:$N\n    cpus: \"0.5\"\n    ports: [{target: $N, published: $N}]\nx-a: [$N, {b: $N}]\n",
        );
        assert_eq!(
            findings,
            ["4:10 Warning services.$N.tty: \"yes\" for a boolean is not supported by YAML 1.2"]
        );
        let service = node.get("services").and_then(|services| services.get("$N")).expect("the key stays");
        assert_eq!(service.get("scale").map(|node| &node.value), Some(&Value::Int(3)));
        assert_eq!(service.get("tty").map(|node| &node.value), Some(&Value::Bool(true)));
        assert_eq!(service.get("image").and_then(Node::as_str), Some("a:3"));
        assert_eq!(service.get("cpus").map(|node| &node.value), Some(&Value::Float(0.5)));
        let port = &service.get("ports").and_then(Node::as_sequence).expect("a list")[0];
        assert_eq!(port.get("target").map(|node| &node.value), Some(&Value::Int(3)));
        assert_eq!(port.get("published").and_then(Node::as_str), Some("3"));
        let extension = node.get("x-a").and_then(Node::as_sequence).expect("a list");
        assert_eq!(extension[0].as_str(), Some("3"));
        assert_eq!(extension[1].get("b").and_then(Node::as_str), Some("3"));
    }

    #[test]
    fn every_finding_is_told_with_its_place() {
        let (_, findings) = interpolated(
            "services:\n  a:\n    image: $U$U\n    user: $U\n    scale: $BAD\n    tty: ${U}\n    hostname: ${H:?set H}\n    dns: [1, '${']\n",
        );
        assert_eq!(
            findings,
            [
                "3:12 Warning The \"U\" variable is not set. Defaulting to a blank string.",
                "5:12 Error services.a.scale must be a whole number, not \"five\"",
                "6:10 Error services.a.tty must be true or false, not \"\"",
                "7:15 Error services.a.hostname: required variable H is missing a value: set H",
                "8:15 Error services.a.dns[1]: invalid interpolation format \"${\"",
            ]
        );
    }

    #[test]
    fn what_variables_come_to_is_limited() {
        let (mut node, sources) = located(&format!("[{}]", vec!["$BIG"; 100].join(", ")));
        let (big, mut findings) = ("x".repeat(1024 * 1024), Diagnostics::new());
        interpolate(&mut node, &|_| Some(big.clone()), &sources, &mut findings);
        let messages: Vec<_> = findings.iter().map(|found| found.message.as_str()).collect();
        assert_eq!(messages, ["the values of this file expand to more than 64 MiB"]);
    }

    #[test]
    fn used_variables_are_combined() {
        for (text, required, default, alternative) in [
            // In a text the first that says something.
            ("a: '${R:-y} ${R:?n}'", false, "y", ""),
            ("a: '${R:?n} ${R:-y}'", true, "", ""),
            ("a: '$R ${R:-y}'", false, "y", ""),
            // In a list the last.
            ("a: ['${R?need}', '${R}']", false, "", ""),
            ("a: ['${R:-d}', '${R:-e}']", false, "e", ""),
            ("a: ['${R:-e}', '${R:+alt}']", false, "", "alt"),
            ("a: [['${R:-d}'], x]", false, "d", ""),
            // In a mapping everything that is said.
            (
                "a: $R\nb: '${R:?needed}'\nc: '${R:-d}'\nd: '${R:-e}'\ne: '${R:+alt}'",
                true,
                "d",
                "alt",
            ),
            // Keys say nothing.
            ("$K: '${R:-d}'\nd: '${R:-e}'", false, "d", ""),
        ] {
            let expected = UsedVariable {
                name: "R".to_owned(),
                required,
                default: default.to_owned(),
                alternative: alternative.to_owned(),
            };
            assert_eq!(used_variables([&document(text)]), [expected], "{text}");
        }
        let documents = [document("a: $B\nb: $A\n"), document("c: '${C:-x}'\n")];
        let names: Vec<_> = used_variables(&documents).into_iter().map(|used| used.name).collect();
        assert_eq!(names, ["B", "A", "C"]);
        // What is no template holds variables all the same, and one without a name.
        let used = used_variables([&document("a: 'x${T:-1} ${1X} ${U-${V}'")]);
        let told: Vec<_> = used.iter().map(|used| (used.name.as_str(), used.default.as_str())).collect();
        assert_eq!(told, [("T", "1"), ("", ""), ("U", "${V")]);
    }

    proptest! {
        #[test]
        fn a_document_without_dollars_and_casts_is_left_alone(text in "[a-z: \\-\n\\[\\]{},0-9]{0,80}") {
            let mut sources = SourceMap::default();
            let Ok(documents) = parse_text("/c.yaml", &text, &mut sources) else { return Ok(()) };
            for document in documents {
                let mut node = Node::new(Value::Sequence(vec![document.clone()]), document.span);
                let mut findings = Diagnostics::new();
                interpolate(&mut node, &variables, &sources, &mut findings);
                prop_assert_eq!(node.as_sequence().map(<[Node]>::to_vec), Some(vec![document]));
                prop_assert!(findings.is_empty());
            }
        }
    }
}
