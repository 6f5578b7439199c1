//! What to do about a key or a value that the rule table refuses.

use super::rule::{Mapping, Shape};
use super::validate::accepts_type;
use crate::load::path::TreePath;
use crate::load::similar;
use crate::source::{self, Node, Value};

/// Attributes that people look for under another name, or at another place.
const ELSEWHERE: [(&str, &str); 16] = [
    ("cmd", "`command`"),
    ("cpu", "`cpus`"),
    ("cpu_limit", "`cpus`"),
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
pub(super) fn unknown_key(key: &str, value: &Node, mapping: &Mapping, path: TreePath<'_>) -> Option<String> {
    let way = path.to_string();
    let mut steps = way.split('.');
    let is_service = matches!((steps.next(), steps.nth(1)), (Some("services"), None));
    if let Some((_, right)) = ELSEWHERE.iter().find(|(wrong, _)| is_service && *wrong == key) {
        return Some(format!("a service has {right} for it"));
    }
    if let Some(name) = nearest(key, mapping) {
        return Some(format!("did you mean `{name}`?"));
    }
    if path.is_root() {
        let service = value.get("image").or_else(|| value.get("build"));
        return service.map(|_| format!("a service stands under `services`: write `services:` above and indent `{key}`"));
    }
    let in_secret = way.starts_with("secrets.") && way.matches('.').count() == 1;
    (in_secret && key == "content").then(|| {
        "a secret comes from a `file` or an `environment` variable; text that may be read stands in a config's `content`".to_owned()
    })
}

/// For a value of a type that its attribute does not take.
pub(super) fn wrong_type(value: &Value, shape: &Shape, path: TreePath<'_>) -> Option<String> {
    let takes = |kind: &Value| accepts_type(shape, kind);
    let list = takes(&Value::Sequence(Vec::new()));
    let mapping = takes(&Value::Mapping(source::Mapping::new()));
    let text = takes(&Value::String(String::new()));
    let help = match value {
        Value::Null if list || mapping => "write what belongs here, or remove the key".to_owned(),
        Value::Int(number) if text && is_duration(path) => format!("give it a unit, such as {number}s"),
        Value::Int(number) if text => in_quotes(number),
        Value::Bool(flag) if text => in_quotes(flag),
        Value::Timestamp(_) if text => "write it in quotes".to_owned(),
        Value::String(text) if list && text.starts_with('-') => "put a blank behind the `-` of each item".to_owned(),
        Value::String(text) if list && text.len() < 40 => format!("write it as a list: [\"{text}\"]"),
        Value::Int(number) if list => format!("write it as a list: [{number}]"),
        Value::String(text) if mapping && text.contains(':') => "put a blank behind the `:`".to_owned(),
        Value::Sequence(_) if mapping && !list => "write its keys without `-` in front".to_owned(),
        _ => return None,
    };
    Some(help)
}

fn in_quotes(value: impl std::fmt::Display) -> String {
    format!("write it in quotes: \"{value}\"")
}

fn is_duration(path: TreePath<'_>) -> bool {
    let way = path.to_string();
    way.rsplit('.').next().is_some_and(|last| DURATIONS.contains(&last))
}

/// For a word that is none of those allowed.
pub(super) fn word(text: &str, words: &[&'static str], all: &str) -> String {
    match similar(text, words.iter().copied()) {
        Some(close) => format!("did you mean `{close}`? Use {all}"),
        None => format!("use {all}"),
    }
}

/// The attribute whose name is nearest to a key that is unknown.
fn nearest(key: &str, mapping: &Mapping) -> Option<&'static str> {
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
        .filter(|(distance, name)| *distance <= name.len().div_ceil(4).max(1))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::ELSEWHERE;
    use crate::load::Loader;
    use crate::source::MemoryReader;

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
}
