//! What to do about a key or a value that the rule table refuses.

use super::rule::{Mapping, Others, Shape};
use super::validate::{self, Empty, Place, accepts_type};
use crate::diagnostic::{ModelPath, Step};
use crate::load::path::TreePath;
use crate::load::short::{hosts, port, volume};
use crate::load::{scalar, similar};
use crate::source::{self, Entry, Node, Value};

/// Attributes that people look for under another name, or at another place.
const ELSEWHERE: [(&str, &str); 21] = [
    ("args", "`build.args`"),
    ("cmd", "`command`"),
    ("context", "`build.context`"),
    ("cpu", "`cpus`"),
    ("cpu_limit", "`cpus`"),
    ("dockerfile", "`build.dockerfile`"),
    ("detach", "nothing: services always run in the background, or follow `up`"),
    ("env", "`environment`"),
    ("host", "`hostname`"),
    ("limits", "`deploy.resources.limits`"),
    ("memory", "`mem_limit`"),
    ("memory_limit", "`mem_limit`"),
    ("mount", "`volumes`"),
    ("name", "`container_name`"),
    ("publish", "`ports`"),
    ("replicas", "`deploy.replicas`, or `scale`"),
    ("reservations", "`deploy.resources.reservations`"),
    ("resources", "`deploy.resources`"),
    ("restart_policy", "`restart`, or `deploy.restart_policy`"),
    ("watch", "`develop.watch`"),
    ("workdir", "`working_dir`"),
];

/// Attributes that are durations: a bare number has no unit.
const DURATIONS: [&str; 9] = [
    "delay",
    "interval",
    "monitor",
    "period",
    "start_interval",
    "start_period",
    "stop_grace_period",
    "timeout",
    "window",
];

/// For a key that a mapping does not have.
pub(super) fn unknown_key(key: &str, entry: &Entry, place: Place<'_>) -> Option<String> {
    let Place { mapping, path, empty } = place;
    let nearest = nearest(key, mapping);
    let shifted = |empty: &Empty<'_>| {
        let (above, below) = (empty.place, entry.key_span);
        (above.source, above.column) == (below.source, below.column)
            && above.line < below.line
            && match empty.keys.others {
                _ if empty.keys.attribute(key).is_some() => true,
                Others::Any => nearest.is_none(),
                Others::Entries(entries) => nearest.is_none() && entries.key.accepts(key),
                Others::Refused | Others::Extensions => false,
            }
    };
    if let Some(hidden) = key.chars().find(|c| !c.is_ascii() && (c.is_whitespace() || !shows(*c))) {
        return Some(format!("it holds U+{:04X}, which cannot be seen: remove it", u32::from(hidden)));
    }
    if let Some(empty) = empty.filter(shifted) {
        return Some(format!("it belongs below `{}`: indent it further", empty.name));
    }
    let way = ModelPath::from(path);
    if is_service(&way) && key == "services" {
        return Some("`services` stands at the top of the file: take its indentation away".to_owned());
    }
    if let (None, Some(list), Some(value)) = (nearest, short_form_list(&way), scalar::text_of(&entry.node.value)) {
        return Some(format!(
            "an element of `{list}` has no space after its `:`; write \"{key}:{value}\""
        ));
    }
    if let Some((_, right)) = ELSEWHERE.iter().find(|(wrong, _)| is_service(&way) && *wrong == key) {
        return Some(format!("a service has {right} for it"));
    }
    if let Some(rest) = key.get(2..).filter(|_| ["X-", "x_", "X_"].contains(&&key[..2])) {
        return Some(format!("an extension begins with `x-`: write `x-{rest}`"));
    }
    if let Some(name) = nearest {
        return Some(format!("did you mean `{name}`?"));
    }
    if let Some(section @ ("configs" | "networks" | "secrets" | "volumes")) = way.service().filter(|_| is_service(&way)) {
        return Some(format!("`{section}` stands at the top of the file: take its indentation away"));
    }
    if path.is_root() {
        let service = entry.node.get("image").or_else(|| entry.node.get("build"));
        return Some(match service {
            Some(_) => format!("a service stands under `services`: write `services:` above and indent `{key}`"),
            None => format!("a key of your own begins with `x-`: write `x-{key}`"),
        });
    }
    let in_secret = matches!(way.steps(), [Step::Key(section), _] if section == "secrets");
    (in_secret && key == "content").then(|| {
        "a secret comes from a `file` or an `environment` variable; text that may be read stands in a config's `content`".to_owned()
    })
}

/// Whether a mapping is an element like `80: 80`, whose `:` has a space after it.
pub(super) fn is_short_form(keys: &source::Mapping, mapping: &Mapping, path: TreePath<'_>) -> bool {
    let mut names = keys.iter().map(|(name, _)| name);
    keys.len() == 1 && names.all(|name| mapping.attribute(name).is_none()) && short_form_list(&path.into()).is_some()
}

/// For a value of a type that its attribute does not take. What is proposed would be taken.
pub(super) fn wrong_type(node: &Node, shape: &Shape, path: TreePath<'_>) -> Option<String> {
    let way = ModelPath::from(path);
    let (attribute, list_of) = match way.steps() {
        [.., Step::Key(list), Step::Index(_)] => ("", list.as_str()),
        [.., Step::Key(key)] => (key.as_str(), ""),
        _ => ("", ""),
    };
    let list = accepts_type(shape, &Value::Sequence(Vec::new()));
    let mapping = accepts_type(shape, &Value::Mapping(source::Mapping::new()));
    let fits = |value: Value| validate::fits(shape, value, node.span);
    let listed = |value: &Value| fits(Value::Sequence(vec![Node::new(value.clone(), node.span)]));
    let help = match &node.value {
        _ if is_service(&way) && is_attribute(attribute, shape) => {
            format!("`{attribute}` is an attribute: indent it below the name of its service")
        }
        _ if attribute == "version" && way.steps().len() == 1 => "remove it: `version` is obsolete and does nothing".to_owned(),
        Value::Null if list || mapping => "write what belongs here, indented below the key, or remove it".to_owned(),
        Value::String(text) if text.is_empty() && (list || mapping) => "write what belongs here, or remove the key".to_owned(),
        Value::Bool(false) if attribute == "healthcheck" => "write `disable: true` below it, indented".to_owned(),
        Value::Int(number) if attribute == "memory" => format!("give it a unit, such as {number}m"),
        Value::Bool(false) if attribute == "restart" => "write it in quotes, and as \"no\"".to_owned(),
        Value::Int(_) if fits(Value::Bool(true)) => "write `true` or `false`".to_owned(),
        Value::Int(number) if DURATIONS.contains(&attribute) && fits(Value::String(format!("{number}s"))) => {
            format!("give it a unit, such as {number}s")
        }
        // Where a number may stand too, text is read as one.
        Value::Bool(_) if fits(Value::Int(0)) => return None,
        Value::Float(_) if accepts_type(shape, &Value::Int(0)) => "write a whole number".to_owned(),
        Value::Int(_) | Value::UInt(_) | Value::Float(_) | Value::Bool(_) | Value::Timestamp(_)
            if !has_syntax(attribute)
                && !has_syntax(list_of)
                && (fits(Value::Int(0)) || !fits(Value::Bool(true)))
                && scalar::text_of(&node.value).is_some_and(|text| fits(Value::String(text))) =>
        {
            in_quotes(node)
        }
        Value::String(text) if list && text.starts_with('-') => "put a space after the `-` of each item".to_owned(),
        Value::String(text) if mapping && colon_without_space(text) => "put a space after the `:`".to_owned(),
        // What came to one line was written on several.
        Value::String(text) if list && is_longer(node, text) => "put `- ` before each line".to_owned(),
        Value::String(text) if text.len() < 40 && listed(&node.value) && is_readable(attribute, text) => {
            format!("write it as a list: [\"{text}\"]")
        }
        Value::Int(number) if listed(&node.value) && is_readable(attribute, &number.to_string()) => {
            format!("write it as a list: [{number}]")
        }
        Value::String(_) | Value::Int(_) if !mapping && shape.item().is_some_and(|item| accepts_type(item, &node.value)) => {
            "write a list: each element after a `-`, on a line of its own".to_owned()
        }
        Value::String(text) if mapping => return main_key(&way).map(|key| format!("write `{key}: {text}` below it, indented")),
        Value::Sequence(items) if mapping && !list && !items.is_empty() && items.iter().all(|item| item.as_mapping().is_some()) => {
            "write its keys without `-` in front".to_owned()
        }
        Value::Sequence(items) if mapping && !list && items.len() > 1 && items.iter().all(|item| item.as_str().is_some()) => {
            "write each as a key: without the `-`, and with a `:` after it".to_owned()
        }
        Value::Mapping(keys) if list && !mapping && keys.len() > 1 => "put a `-` before the first key of each element".to_owned(),
        Value::Sequence(items) => match items.as_slice() {
            [one] if fits(one.value.clone()) => "write it alone, not as a list".to_owned(),
            _ => return None,
        },
        Value::Mapping(pair) if pair.len() == 1 && attribute.is_empty() => return in_list(pair, list_of, &fits),
        _ => return None,
    };
    Some(help)
}

/// Whether a character leaves a mark on a screen.
fn shows(c: char) -> bool {
    !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// Whether more is written than the text and its quotes.
fn is_longer(node: &Node, text: &str) -> bool {
    (node.span.end - node.span.start) as usize > text.len() + 2
}

/// The list whose element this is, where elements have a form with colons.
fn short_form_list(way: &ModelPath) -> Option<&str> {
    match way.steps() {
        [.., Step::Key(list), Step::Index(_)] if matches!(list.as_str(), "devices" | "ports" | "volumes") => Some(list),
        _ => None,
    }
}

fn is_service(way: &ModelPath) -> bool {
    way.service().is_some() && way.below_entry().is_empty()
}

/// Whether a mapping has an attribute of this name.
fn is_attribute(name: &str, shape: &Shape) -> bool {
    shape.mapping().is_some_and(|mapping| mapping.attribute(name).is_some())
}

/// Whether the text of an attribute is read further, so that a number in quotes may be refused all the same.
fn has_syntax(attribute: &str) -> bool {
    ["devices", "extra_hosts", "gpus", "ports", "restart", "volumes"].contains(&attribute) || DURATIONS.contains(&attribute)
}

/// Whether a text can be an element of a list, as far as its syntax goes.
fn is_readable(list: &str, text: &str) -> bool {
    match list {
        "extra_hosts" => hosts::parse(text).is_ok(),
        "ports" => port::parse(text).is_ok(),
        "volumes" => volume::parse(text).is_ok(),
        _ => true,
    }
}

/// `A:1`, or several of that: a mapping that lacks a blank. With a `=` it is a line of a list.
fn colon_without_space(text: &str) -> bool {
    text.find(':').is_some_and(|colon| !text[..colon].contains('='))
}

/// What a text stands for that was written where a mapping belongs.
fn main_key(way: &ModelPath) -> Option<&'static str> {
    way.service()?;
    match way.below_entry() {
        [] => Some("image"),
        [Step::Key(attribute)] if attribute == "healthcheck" => Some("test"),
        [Step::Key(attribute)] if attribute == "logging" => Some("driver"),
        _ => None,
    }
}

/// A list's element that is a mapping because of its `: `.
fn in_list(pair: &source::Mapping, list: &str, fits: &dyn Fn(Value) -> bool) -> Option<String> {
    const PAIRS: [&str; 6] = ["annotations", "args", "environment", "extra_hosts", "labels", "sysctls"];
    let (key, entry) = pair.iter().next()?;
    let value = scalar::text_of(&entry.node.value).filter(|value| !value.contains('\n'))?;
    if PAIRS.contains(&list) {
        return Some(format!("write `{key}={value}`, or remove the `-` of every item"));
    }
    let text = format!("{key}: {value}");
    fits(Value::String(text.clone())).then(|| format!("write it in quotes: \"{text}\""))
}

/// A scalar in quotes, as it was written; how, a number does not tell where it is not decimal.
fn in_quotes(node: &Node) -> String {
    let written = (node.span.end - node.span.start) as usize;
    match scalar::text_of(&node.value).filter(|text| text.len() == written) {
        Some(text) => format!("write it in quotes: \"{text}\""),
        None => "write it in quotes".to_owned(),
    }
}

/// For a word that is none of those allowed.
pub(super) fn word(text: &str, words: &[&'static str], all: &str) -> String {
    match similar(text, words.iter().copied()) {
        Some(close) => format!("did you mean `{close}`? Use {all}"),
        None => format!("use {all}"),
    }
}

/// The attribute whose name is nearest to a key that is unknown.
pub(super) fn nearest(key: &str, mapping: &Mapping) -> Option<&'static str> {
    const LONGEST: usize = 40;
    if key.len() > LONGEST {
        return None;
    }
    let key = key.to_lowercase().replace('-', "_");
    mapping
        .attributes
        .iter()
        .map(|attribute| (strsim::damerau_levenshtein(&key, attribute.name), attribute.name))
        .min()
        .filter(|(distance, name)| {
            let alike = key.bytes().zip(name.bytes()).take_while(|(one, other)| one == other).count();
            *distance <= name.len().div_ceil(4).max(1) || (*distance <= 3 && alike >= 4)
        })
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::ELSEWHERE;
    use crate::diagnostic::{Code, Diagnostics, Severity};
    use crate::load::Loader;
    use crate::load::schema::table::{COMPOSE_FILE, SERVICE_RULE};
    use crate::load::schema::validate;
    use crate::load::testing::parse;
    use crate::source::MemoryReader;
    use std::ops::Range;

    #[test]
    fn what_is_called_otherwise_is_told_before_what_looks_alike() {
        for (wrong, right) in ELSEWHERE {
            let text = format!("services: {{web: {{image: x, {wrong}: y}}}}");
            let reader = MemoryReader::new().with("/p/compose.yaml", text);
            let refused = Loader::new("/p").reader(reader).load().expect_err(wrong);
            let helps: Vec<_> = refused.diagnostics.iter().filter_map(|found| found.help.as_deref()).collect();
            assert_eq!(helps, [format!("a service has {right} for it")], "{wrong}");
        }
    }

    fn help(attribute: &str) -> Option<String> {
        let mut found = Diagnostics::new();
        validate(&parse(&format!("services:\n  web:\n    {attribute}")), &COMPOSE_FILE, &mut found);
        found.iter().next().expect("it is refused").help.clone()
    }

    #[test]
    fn what_is_proposed_is_no_next_mistake() {
        for (attribute, expected) in [
            ("environment:\n      A:1\n      B:2", Some("put a space after the `:`")),
            ("environment: A=1", Some("write it as a list: [\"A=1\"]")),
            ("environment: [A: 1]", Some("write `A=1`, or remove the `-` of every item")),
            ("labels: !override", Some("write what belongs here, or remove the key")),
            ("image: 5", Some("write it in quotes: \"5\"")),
            ("user: 0x10", Some("write it in quotes")),
            ("restart: false", Some("write it in quotes, and as \"no\"")),
            ("privileged: 1", Some("write `true` or `false`")),
            ("environment: {A: 2024-01-01}", Some("write it in quotes")),
            ("privileged: 5", Some("write `true` or `false`")),
            ("mem_limit: true", None),
            ("stop_grace_period: 1.5", None),
            ("restart: 5", None),
            ("gpus: 1", None),
            ("ports: [true]", None),
            ("ports: [[80]]", Some("write it alone, not as a list")),
            ("build: [.]", Some("write it alone, not as a list")),
            ("build: [context: .]", Some("write its keys without `-` in front")),
            ("ports: 80", Some("write it as a list: [80]")),
            ("healthcheck: curl x", Some("write `test: curl x` below it, indented")),
            ("cap_add: [A: b]", Some("write it in quotes: \"A: b\"")),
            ("X-c: 1", Some("an extension begins with `x-`: write `x-c`")),
        ] {
            assert_eq!(help(attribute).as_deref(), expected, "{attribute}");
        }
    }

    /// What is wrong with a text: path, if it has one, place and help.
    fn wrong(text: &str) -> Vec<(String, Range<usize>, String)> {
        let reader = MemoryReader::new().with("/p/compose.yaml", text);
        let Err(refused) = Loader::new("/p").reader(reader).load() else {
            return Vec::new();
        };
        // What a name refers to is not the proposal's business.
        let errors = refused
            .diagnostics
            .iter()
            .filter(|found| found.severity == Severity::Error && ![Code::UndefinedReference, Code::FileNotFound].contains(&found.code));
        errors
            .map(|found| {
                let path = found.path.as_ref().map(ToString::to_string).unwrap_or_default();
                let place = found.span.map(|span| span.start as usize..span.end as usize).unwrap_or_default();
                (path, place, found.help.clone().unwrap_or_default())
            })
            .collect()
    }

    #[test]
    fn what_is_proposed_is_taken_for_every_attribute() {
        let (mut tried, mut refused) = (0, Vec::new());
        for attribute in SERVICE_RULE.shape.mapping().expect("a service is a mapping").attributes {
            for value in [
                "5", "1.5", "-1", "true", "no", "text", "''", "[a]", "[5]", "[1.5]", "[{a: 1}]", "{a: b}", "{a: 5}", "null",
            ] {
                let text = format!("services: {{db: {{image: x}}, web: {{{}: {value}}}}}\n", attribute.name);
                for (path, place, help) in wrong(&text) {
                    let Some(proposal) = ["write it in quotes: ", "write it as a list: ", "give it a unit, such as "]
                        .into_iter()
                        .find_map(|start| help.strip_prefix(start))
                    else {
                        continue;
                    };
                    tried += 1;
                    let mut mended = text.clone();
                    mended.replace_range(place, proposal);
                    let left = wrong(&mended)
                        .into_iter()
                        .find(|(still, ..)| still.starts_with(&path) || still.is_empty());
                    refused.extend(left.map(|left| format!("{mended}  {}", left.2)));
                }
            }
        }
        assert_eq!(refused, Vec::<String>::new(), "of {tried} proposals");
        assert!(tried > 100, "{tried} proposals");
    }
}
