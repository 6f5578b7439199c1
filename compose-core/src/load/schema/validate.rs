//! Checks a tree against the rule table. Every finding is reported, each at its own place.

use super::hint;
use super::rule::{Entries, Limit, List, Mapping, Others, Repeats, Rule, Scalar, Shape, Types};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::load::path::TreePath;
use crate::source::{Entry, Node, Span, Value};
use std::collections::HashMap;

/// How many keys are asked whether one of them is a slip of one that is required.
const MOST_SLIPS: usize = 50;

/// Checks a tree against a rule and reports what is wrong with it.
pub(in crate::load) fn validate(tree: &Node, rule: &Rule, found: &mut Diagnostics) {
    let mut validator = Validator { found, helps: true };
    validator.shape(tree, &rule.shape, TreePath::ROOT);
}

/// Where a key stands that is none of a mapping's attributes.
#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    /// The mapping's rule.
    pub(super) mapping: &'p Mapping,
    /// The mapping's place.
    pub(super) path: TreePath<'p>,
    /// The attribute before it, if nothing is said of that.
    pub(super) empty: Option<Empty<'p>>,
}

/// An attribute that takes keys and has none.
#[derive(Clone, Copy)]
pub(super) struct Empty<'p> {
    /// The attribute.
    pub(super) name: &'p str,
    /// Where its name stands.
    pub(super) place: Span,
    /// The keys that it takes.
    pub(super) keys: &'static Mapping,
}

impl<'p> Empty<'p> {
    fn of(name: &'p str, entry: &Entry, shape: &Shape) -> Option<Self> {
        let keys = shape.mapping().filter(|_| entry.node.is_null())?;
        let place = entry.key_span;
        Some(Self { name, place, keys })
    }
}

struct Validator<'f> {
    found: &'f mut Diagnostics,
    /// Whether findings say what to do; what is only tried out needs no help.
    helps: bool,
}

impl Validator<'_> {
    fn shape(&mut self, node: &Node, shape: &Shape, path: TreePath<'_>) {
        match shape {
            Shape::Any => {}
            Shape::OneOf(shapes) => match shapes.iter().find(|shape| accepts_type(shape, &node.value)) {
                Some(shape) => self.shape(node, shape, path),
                None => self.wrong_type(node, shape, path),
            },
            Shape::Scalar(scalar) if accepts_type(shape, &node.value) => self.limit(node, scalar, path),
            Shape::Scalar(_) => self.wrong_type(node, shape, path),
            Shape::List(list) => match node.as_sequence() {
                Some(items) => self.list(items, list, path),
                None => self.wrong_type(node, shape, path),
            },
            Shape::Mapping(mapping) => match node.as_mapping() {
                Some(_) => self.mapping(node, mapping, path),
                None => self.wrong_type(node, shape, path),
            },
        }
    }

    fn mapping(&mut self, node: &Node, mapping: &Mapping, path: TreePath<'_>) {
        let Some(keys) = node.as_mapping() else { return };
        let mut empty = None;
        for (key, entry) in keys.iter() {
            if self.found.is_full() {
                return;
            }
            let Some(attribute) = mapping.attribute(key) else {
                self.other_key(key, entry, Place { mapping, path, empty });
                continue;
            };
            let shape = &attribute.rule.shape;
            self.shape(&entry.node, shape, path.key(key));
            empty = Empty::of(key, entry, shape);
        }
        for key in mapping.required.iter().filter(|key| !keys.contains_key(key)) {
            let meant = |unknown: &str| mapping.attribute(unknown).is_none() && hint::nearest(unknown, mapping) == Some(key);
            // What is there under a name with a slip, or is something else altogether, does not lack it.
            if keys.iter().take(MOST_SLIPS).any(|(name, _)| meant(name)) || hint::is_short_form(keys, mapping, path) {
                continue;
            }
            self.found.push(
                Diagnostic::error(Code::MissingKey, format!("needs the key `{key}`"))
                    .within(subject(path))
                    .at(node.span)
                    .about(path.key(key))
                    .help("add it"),
            );
        }
    }

    fn other_key(&mut self, key: &str, entry: &Entry, place: Place<'_>) {
        let path = place.path;
        match place.mapping.others {
            Others::Any => {}
            Others::Extensions if key.starts_with("x-") => {}
            Others::Entries(entries) if entries.key.accepts(key) => self.shape(&entry.node, &entries.rule.shape, path.key(key)),
            Others::Entries(entries) => self.odd_name(key, entry.key_span, entries, path),
            Others::Refused | Others::Extensions => self.unknown_key(key, entry, place),
        }
    }

    fn odd_name(&mut self, key: &str, span: Span, entries: &Entries, path: TreePath<'_>) {
        if entries.closed {
            let noun = entries.noun;
            let (message, help) = match key {
                "" => (format!("has a {noun} without a name"), "write its name, or remove it".to_owned()),
                _ => (
                    format!("cannot have a {noun} called `{key}`"),
                    format!("use {} only", entries.key.describe()),
                ),
            };
            let invalid = Diagnostic::error(Code::InvalidName, message).within(subject(path));
            let invalid = invalid.at(span).about(path.key(key));
            self.found.push(invalid.help(help));
        }
    }

    fn unknown_key(&mut self, key: &str, entry: &Entry, place: Place<'_>) {
        let path = place.path;
        let mut unknown = Diagnostic::error(Code::UnknownKey, format!("has no key `{key}`"))
            .within(subject(path))
            .at(entry.key_span)
            .about(path.key(key));
        if self.helps {
            unknown.help = hint::unknown_key(key, entry, place);
        }
        self.found.push(unknown);
    }

    fn list(&mut self, items: &[Node], list: &List, path: TreePath<'_>) {
        for (index, item) in items.iter().enumerate() {
            if self.found.is_full() {
                return;
            }
            self.shape(item, &list.item, path.index(index));
        }
        if list.repeats == Repeats::Refused {
            self.repeats(items, path);
        }
    }

    /// Only scalars are compared: every list of mappings that refuses repeats has been freed of
    /// them by its [`super::rule::Unique`].
    fn repeats(&mut self, items: &[Node], path: TreePath<'_>) {
        let mut seen: HashMap<ScalarKey<'_>, Span> = HashMap::with_capacity(items.len());
        for item in items {
            let Some(key) = ScalarKey::of(&item.value) else { continue };
            if let Some(&first) = seen.get(&key) {
                let message = format!("holds {} twice", shown(&item.value));
                self.found.push(
                    Diagnostic::error(Code::DuplicateItem, message)
                        .within(subject(path))
                        .at(item.span)
                        .about(path)
                        .related(first, "first here")
                        .help("remove one of them"),
                );
            } else {
                seen.insert(key, item.span);
            }
        }
    }

    fn limit(&mut self, node: &Node, scalar: &Scalar, path: TreePath<'_>) {
        let problem = match (scalar.limit, &node.value) {
            (Limit::Words(words), Value::String(text)) if !words.contains(&text.as_str()) => {
                let mut invalid = Diagnostic::error(Code::UnknownWord, format!("cannot be {}", shown(&node.value)));
                invalid.help = Some(hint::word(text, words, &any_of(words.iter().map(|word| format!("`{word}`")))));
                Some(invalid)
            }
            (Limit::Pattern(pattern), Value::String(text)) if !pattern.found_in(text) => Some(
                Diagnostic::error(Code::InvalidValue, format!("cannot be {}", shown(&node.value)))
                    .help(format!("use {}", pattern.describe())),
            ),
            (Limit::Range(least, most), value) if !within(value, least, most) => {
                let invalid = Diagnostic::error(Code::OutOfRange, format!("cannot be {}", shown(&node.value)));
                Some(if most == i64::MAX {
                    invalid.help(format!("use {least} or more"))
                } else {
                    invalid.help(format!("use a number from {least} to {most}"))
                })
            }
            _ => None,
        };
        self.found
            .extend(problem.map(|problem| problem.within(subject(path)).at(node.span).about(path)));
    }

    fn wrong_type(&mut self, node: &Node, shape: &Shape, path: TreePath<'_>) {
        let message = format!("must be {}, not {}", expected(shape), node.value.kind_with_article());
        let mut wrong = Diagnostic::error(Code::WrongType, message)
            .within(subject(path))
            .at(node.span)
            .about(path);
        if self.helps {
            wrong.help = hint::wrong_type(node, shape, path);
        }
        self.found.push(wrong);
    }
}

/// What a message about a place begins with.
fn subject(path: TreePath<'_>) -> String {
    if path.is_root() {
        "a compose file ".to_owned()
    } else {
        format!("`{path}` ")
    }
}

/// Whether a shape takes a value, all that is in it included.
pub(super) fn fits(shape: &Shape, value: Value, span: Span) -> bool {
    let mut found = Diagnostics::new();
    let mut validator = Validator {
        found: &mut found,
        helps: false,
    };
    validator.shape(&Node::new(value, span), shape, TreePath::ROOT);
    !found.has_errors()
}

/// Whether a shape takes values of this value's type.
pub(super) fn accepts_type(shape: &Shape, value: &Value) -> bool {
    match shape {
        Shape::Any => true,
        Shape::OneOf(shapes) => shapes.iter().any(|shape| accepts_type(shape, value)),
        Shape::List(_) => matches!(value, Value::Sequence(_)),
        Shape::Mapping(_) => matches!(value, Value::Mapping(_)),
        Shape::Scalar(Scalar { types, .. }) => match value {
            Value::Null => types.has(Types::NULL),
            Value::Bool(_) => types.has(Types::BOOLEAN),
            Value::Int(_) | Value::UInt(_) => types.has(Types::INTEGER) || types.has(Types::NUMBER),
            Value::Float(number) => types.has(Types::NUMBER) || (types.has(Types::INTEGER) && number.fract() == 0.0),
            Value::String(_) => types.has(Types::STRING),
            Value::Timestamp(_) | Value::Sequence(_) | Value::Mapping(_) => false,
        },
    }
}

/// Whether a value is a number within bounds, or none at all.
#[expect(clippy::cast_precision_loss, reason = "the bounds are small, or the largest there is")]
fn within(value: &Value, least: i64, most: i64) -> bool {
    match value {
        Value::Int(number) => (least..=most).contains(number),
        Value::UInt(_) => most == i64::MAX,
        Value::Float(number) => (least as f64..=most as f64).contains(number),
        _ => true,
    }
}

/// A scalar as something that can be looked up; numbers are equal whatever their type.
#[derive(PartialEq, Eq, Hash)]
enum ScalarKey<'a> {
    Text(&'a str),
    Integer(i128),
    Float(u64),
    Bool(bool),
    Null,
}

impl<'a> ScalarKey<'a> {
    #[expect(clippy::cast_possible_truncation, reason = "only whole numbers that fit are cast")]
    fn of(value: &'a Value) -> Option<Self> {
        Some(match value {
            Value::String(text) | Value::Timestamp(text) => Self::Text(text),
            Value::Int(number) => Self::Integer(i128::from(*number)),
            Value::UInt(number) => Self::Integer(i128::from(*number)),
            Value::Float(number) if number.fract() == 0.0 && number.abs() < 1e30 => Self::Integer(*number as i128),
            Value::Float(number) => Self::Float(number.to_bits()),
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Null => Self::Null,
            Value::Sequence(_) | Value::Mapping(_) => return None,
        })
    }
}

/// A scalar for a message, never longer than a line's part.
fn shown(value: &Value) -> String {
    const MOST: usize = 60;
    match value {
        Value::String(text) | Value::Timestamp(text) if text.chars().count() > MOST => {
            format!("`{}…`", text.chars().take(MOST).collect::<String>())
        }
        Value::String(text) | Value::Timestamp(text) => format!("`{text}`"),
        Value::Int(number) => format!("`{number}`"),
        Value::UInt(number) => format!("`{number}`"),
        Value::Float(number) => format!("`{number}`"),
        Value::Bool(flag) => format!("`{flag}`"),
        Value::Null | Value::Sequence(_) | Value::Mapping(_) => value.kind_with_article().to_owned(),
    }
}

/// The types that a shape takes, for a message.
fn expected(shape: &Shape) -> String {
    let mut types = Vec::new();
    collect_types(shape, &mut types);
    any_of(types.into_iter().map(article))
}

fn collect_types(shape: &Shape, types: &mut Vec<&'static str>) {
    match shape {
        Shape::Any => types.push("value"),
        Shape::List(_) => types.push("list"),
        Shape::Mapping(_) => types.push("mapping"),
        Shape::OneOf(shapes) => shapes.iter().for_each(|shape| collect_types(shape, types)),
        Shape::Scalar(scalar) => types.extend(
            [
                (Types::STRING, "string"),
                (Types::NUMBER, "number"),
                (Types::INTEGER, "integer"),
                (Types::BOOLEAN, "boolean"),
                (Types::NULL, "null"),
            ]
            .into_iter()
            .filter(|(one, _)| scalar.types.has(*one))
            .map(|(_, name)| name),
        ),
    }
}

/// `a`, `a or b`, `a, b or c`.
fn any_of(words: impl Iterator<Item = String>) -> String {
    let mut words: Vec<String> = words.collect();
    match words.pop() {
        Some(last) if words.is_empty() => last,
        Some(last) => format!("{} or {last}", words.join(", ")),
        None => String::new(),
    }
}

fn article(kind: &str) -> String {
    match kind {
        "null" => "null".to_owned(),
        "integer" => "an integer".to_owned(),
        kind => format!("a {kind}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::schema::table::COMPOSE_FILE;
    use crate::load::testing::{self, parse};
    use crate::source::{SourceMap, parse_text};

    fn verdict(text: &str) -> Vec<&'static str> {
        let mut found = Diagnostics::new();
        validate(&parse(text), &COMPOSE_FILE, &mut found);
        found.iter().map(|problem| problem.code.as_str()).collect()
    }

    fn of_service(text: &str) -> Vec<&'static str> {
        verdict(&format!("services: {{web: {{{text}}}}}"))
    }

    /// Every finding with its place, the way a terminal would list them.
    fn report(text: &str) -> String {
        let mut sources = SourceMap::default();
        let documents = parse_text("compose.yaml", text, &mut sources).expect("it parses");
        let mut found = Diagnostics::new();
        validate(&documents[0], &COMPOSE_FILE, &mut found);
        testing::report(&found, &sources)
    }

    #[test]
    fn services_are_accepted_as_the_schema_says() {
        for text in [
            "image: x, command: null",
            "image: x, cpu_percent: 100",
            "image: x, cpu_percent: '101'",
            "image: x, mem_swappiness: 1.0",
            "image: x, cpus: 0.5",
            "image: x, pid: null",
            "image: x, deploy: null",
            "image: x, x-note: [anything, {at: all}]",
            "image: x, labels: {a: null, b: 1, c: 1.5, d: true, e: f}",
            "image: x, environment: [A, A=1]",
            "image: x, extra_hosts: {a: [1.1.1.1, 1.1.1.1]}",
            "image: x, gpus: [{anything: goes}]",
            "image: x, ulimits: {no_file: {odd: [1]}, nofile: 1}",
            "image: x, label_file: [a, a]",
            "image: x, storage_opt: {a: [b]}",
            "image: x, logging: {options: {a: null, b: 1}}",
            "image: x, models: {'odd name': [1]}",
            "image: x, networks: {a: null, b: {}}",
            "image: x, post_start: [{command: null}]",
        ] {
            assert_eq!(of_service(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn services_are_refused_as_the_schema_says() {
        for (text, code) in [
            ("image: 5", "wrong-type"),
            ("image: 2020-01-01", "wrong-type"),
            ("imagee: x", "unknown-key"),
            ("environment: null", "wrong-type"),
            ("environment: {A: [1]}", "wrong-type"),
            ("environment: [A, A]", "duplicate-item"),
            ("environment: {'': a}", "invalid-name"),
            ("group_add: [1, 1.0]", "duplicate-item"),
            ("cpu_percent: 101", "out-of-range"),
            ("cpu_percent: 1.5", "wrong-type"),
            ("oom_score_adj: -1001", "out-of-range"),
            ("cgroup: shared", "unknown-word"),
            ("container_name: a", "invalid-value"),
            ("depends_on: {db: {}}", "missing-key"),
            ("depends_on: {db: {condition: soon}}", "unknown-word"),
            ("depends_on: {'a b': {condition: service_started}}", "invalid-name"),
            ("networks: {'a b': null}", "invalid-name"),
            ("devices: [{target: /dev/x}]", "missing-key"),
            ("extends: {service: a, x-b: c}", "unknown-key"),
            ("blkio_config: {x-a: b}", "unknown-key"),
            ("healthcheck: {retries: true}", "wrong-type"),
            ("ports: {a: b}", "wrong-type"),
            ("ports: [{target: 1.5}]", "wrong-type"),
            ("ulimits: {nofile: {soft: 1}}", "missing-key"),
            ("use_api_socket: 'true'", "wrong-type"),
            ("volumes: [{source: a, target: /b}]", "missing-key"),
            ("volumes: [{type: bind, bind: {selinux: x}}]", "unknown-word"),
            ("pre_stop: [{user: a}]", "missing-key"),
            ("provider: {options: {a: b}}", "missing-key"),
            ("develop: {watch: [{path: ., action: reload}]}", "unknown-word"),
        ] {
            assert_eq!(of_service(text), [code], "{text}");
        }
    }

    #[test]
    fn the_top_level_is_checked_too() {
        for (text, codes) in [
            ("{}", &[][..]),
            ("x-a: 2020-01-01", &[]),
            ("networks: {'odd name': [1]}", &[]),
            ("volumes: {'odd name': null}", &["invalid-name"]),
            ("volumes: {a: null}", &[]),
            ("secrets: {a: null}", &["wrong-type"]),
            ("secrets: {a: {external: {any: thing}}}", &[]),
            ("networks: {a: {external: {any: thing}}}", &["unknown-key"]),
            ("models: {a: {}}", &["missing-key"]),
            ("service: {}", &["unknown-key"]),
            ("networks: {a: {ipam: {config: [{subnet: 1}]}}}", &["wrong-type"]),
            ("[]", &["wrong-type"]),
        ] {
            assert_eq!(verdict(text), codes, "{text}");
        }
    }

    #[test]
    fn every_finding_is_reported_with_its_place_and_a_way_out() {
        insta::assert_snapshot!(report(
            "\
servces: {}
services:
  web api: {image: x}
  web:
    image: 5
    prots: [80]
    environmnet: {A: b}
    zzz: 1
    cap_add: [SYS_TIME, NET_ADMIN, SYS_TIME]
    healthcheck:
      start-period: 5s
    depends_on:
      db: {condition: service_ready}
    volumes:
      - {source: data, target: /data}
    ports: 80
    cpu_percent: 120
    pull_policy: sometimes
"
        ));
    }
}
