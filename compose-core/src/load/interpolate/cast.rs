//! Which attributes are turned from text into numbers and booleans once variables are put in.
//!
//! `scale: ${N}` is text in the file; the schema behind wants a number. Attributes that are not
//! listed here keep their text and rely on their own checks, as in the reference.

use crate::diagnostic::Code;
use crate::load::scalar::truth_of;
use crate::source::Value;
use std::fmt;

/// What an attribute's text is turned into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cast {
    /// A decimal integer with an optional sign.
    Integer,
    /// A decimal number.
    Float,
    /// A number of single precision.
    Float32,
    /// `true`, `yes`, `on`, `y` or their opposites, in any case.
    Boolean,
}

/// The casts at and below a place in the file.
#[derive(Debug)]
pub(super) struct Rule {
    /// Of text that stands here.
    pub(super) text: Option<Cast>,
    keys: &'static [(&'static str, Rule)],
    /// Of any other key.
    any_key: Option<&'static Rule>,
    /// Of the items of a list.
    pub(super) items: Option<&'static Rule>,
}

impl Rule {
    /// What holds below a key.
    pub(super) fn key(&self, key: &str) -> Option<&'static Rule> {
        let named = self.keys.iter().find(|(name, _)| *name == key).map(|(_, rule)| rule);
        named.or(self.any_key)
    }
}

const NOTHING: Rule = Rule {
    text: None,
    keys: &[],
    any_key: None,
    items: None,
};

const fn text(cast: Cast) -> Rule {
    Rule {
        text: Some(cast),
        ..NOTHING
    }
}

const fn keys(keys: &'static [(&'static str, Rule)]) -> Rule {
    Rule { keys, ..NOTHING }
}

const fn each_key(rule: &'static Rule) -> Rule {
    Rule {
        any_key: Some(rule),
        ..NOTHING
    }
}

const fn each_item(rule: &'static Rule) -> Rule {
    Rule {
        items: Some(rule),
        ..NOTHING
    }
}

/// The casts of a whole file.
pub(super) static FILE: Rule = keys(&[
    ("services", each_key(&SERVICE)),
    ("networks", each_key(&NETWORK)),
    ("volumes", each_key(&EXTERNAL)),
    ("secrets", each_key(&EXTERNAL)),
    ("configs", each_key(&EXTERNAL)),
]);

static SERVICE: Rule = keys(&[
    ("cpu_count", text(Cast::Integer)),
    ("cpu_percent", text(Cast::Float)),
    ("cpu_period", text(Cast::Integer)),
    ("cpu_quota", text(Cast::Integer)),
    ("cpu_rt_period", text(Cast::Integer)),
    ("cpu_rt_runtime", text(Cast::Integer)),
    ("cpu_shares", text(Cast::Integer)),
    ("cpus", text(Cast::Float32)),
    ("deploy", DEPLOY),
    ("healthcheck", HEALTHCHECK),
    ("init", text(Cast::Boolean)),
    ("oom_kill_disable", text(Cast::Boolean)),
    ("oom_score_adj", text(Cast::Integer)),
    ("pids_limit", text(Cast::Integer)),
    ("ports", each_item(&PORT)),
    ("privileged", text(Cast::Boolean)),
    ("read_only", text(Cast::Boolean)),
    ("scale", text(Cast::Integer)),
    ("stdin_open", text(Cast::Boolean)),
    ("tty", text(Cast::Boolean)),
    ("ulimits", each_key(&ULIMIT)),
    ("volumes", each_item(&MOUNT)),
]);

const DEPLOY: Rule = keys(&[
    ("replicas", text(Cast::Integer)),
    ("update_config", ROLLOUT),
    ("rollback_config", ROLLOUT),
    ("restart_policy", keys(&[("max_attempts", text(Cast::Integer))])),
    ("placement", keys(&[("max_replicas_per_node", text(Cast::Integer))])),
]);

const ROLLOUT: Rule = keys(&[("parallelism", text(Cast::Integer)), ("max_failure_ratio", text(Cast::Float))]);

const HEALTHCHECK: Rule = keys(&[("retries", text(Cast::Integer)), ("disable", text(Cast::Boolean))]);

static PORT: Rule = keys(&[("target", text(Cast::Integer))]);

static ULIMIT: Rule = Rule {
    text: Some(Cast::Integer),
    keys: &[("hard", text(Cast::Integer)), ("soft", text(Cast::Integer))],
    ..NOTHING
};

static MOUNT: Rule = keys(&[
    ("read_only", text(Cast::Boolean)),
    ("volume", keys(&[("nocopy", text(Cast::Boolean))])),
]);

static NETWORK: Rule = keys(&[
    ("external", text(Cast::Boolean)),
    ("internal", text(Cast::Boolean)),
    ("attachable", text(Cast::Boolean)),
    ("enable_ipv4", text(Cast::Boolean)),
    ("enable_ipv6", text(Cast::Boolean)),
]);

static EXTERNAL: Rule = keys(&[("external", text(Cast::Boolean))]);

impl Cast {
    /// The value that a text spells, if it does.
    pub(super) fn apply(self, text: &str) -> Option<Value> {
        match self {
            Self::Integer => text.parse().ok().map(Value::Int),
            Self::Float => parse_float(text).map(Value::Float),
            Self::Float32 => parse_float(text).map(|number| Value::Float(to_single(number))),
            Self::Boolean => truth_of(text).map(Value::Bool),
        }
    }

    /// What a text is called that spells no such value.
    pub(super) fn failure(self) -> Code {
        match self {
            Self::Integer | Self::Float | Self::Float32 => Code::NotANumber,
            Self::Boolean => Code::NotABoolean,
        }
    }
}

impl fmt::Display for Cast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Integer => "a whole number",
            Self::Float | Self::Float32 => "a number",
            Self::Boolean => "true or false",
        })
    }
}

/// A number with `_` between its digits if it likes; finite, since no attribute has a use for others.
fn parse_float(text: &str) -> Option<f64> {
    let digit = |at: Option<usize>| at.and_then(|at| text.as_bytes().get(at)).is_some_and(u8::is_ascii_digit);
    let well_placed = text
        .match_indices('_')
        .all(|(at, _)| digit(at.checked_sub(1)) && digit(Some(at + 1)));
    if !well_placed {
        return None;
    }
    text.replace('_', "").parse().ok().filter(|number: &f64| number.is_finite())
}

/// The shortest double that is the same number once it is held in single precision.
fn to_single(number: f64) -> f64 {
    #[expect(clippy::cast_possible_truncation, reason = "single precision is what is asked for")]
    let single = number as f32;
    single.to_string().parse().unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(path: &[&str]) -> Option<&'static Rule> {
        path.iter().try_fold(&FILE, |rule, part| match *part {
            "[]" => rule.items,
            key => rule.key(key),
        })
    }

    #[test]
    fn casts_text() {
        for (cast, text, expected) in [
            (Cast::Integer, "5", Some(Value::Int(5))),
            (Cast::Integer, "+5", Some(Value::Int(5))),
            (Cast::Integer, "-5", Some(Value::Int(-5))),
            (Cast::Integer, " 5", None),
            (Cast::Integer, "0x10", None),
            (Cast::Integer, "1_0", None),
            (Cast::Integer, "5.0", None),
            (Cast::Integer, "", None),
            (Cast::Float, "1.5", Some(Value::Float(1.5))),
            (Cast::Float, ".5", Some(Value::Float(0.5))),
            (Cast::Float, "1_0", Some(Value::Float(10.0))),
            (Cast::Float, "_1", None),
            (Cast::Float, "1,5", None),
            (Cast::Float, "inf", None),
            (Cast::Float32, "0.333333333333", Some(Value::Float(0.333_333_34))),
            (Cast::Float32, "0.1", Some(Value::Float(0.1))),
            (Cast::Boolean, "yEs", Some(Value::Bool(true))),
            (Cast::Boolean, "OFF", Some(Value::Bool(false))),
            (Cast::Boolean, "1", None),
            (Cast::Boolean, "t", None),
            (Cast::Boolean, "", None),
        ] {
            assert_eq!(cast.apply(text), expected, "{cast:?} {text:?}");
        }
    }

    #[test]
    fn finds_the_rule_of_a_path() {
        for (path, expected) in [
            (&["services", "a", "scale"][..], Some(Cast::Integer)),
            (&["services", "scale", "image"], None),
            (&["services", "a", "ports", "[]", "target"], Some(Cast::Integer)),
            (&["services", "a", "ports", "[]", "published"], None),
            (&["services", "a", "ulimits", "nofile"], Some(Cast::Integer)),
            (&["services", "a", "ulimits", "nofile", "soft"], Some(Cast::Integer)),
            (&["services", "a", "build", "no_cache"], None),
            (
                &["services", "a", "deploy", "rollback_config", "max_failure_ratio"],
                Some(Cast::Float),
            ),
            (&["networks", "n", "enable_ipv4"], Some(Cast::Boolean)),
            (&["configs", "c", "external"], Some(Cast::Boolean)),
            // Text is octal there, a number is not.
            (&["services", "a", "configs", "[]", "mode"], None),
            (&["x-any", "external"], None),
        ] {
            assert_eq!(rule(path).and_then(|rule| rule.text), expected, "{path:?}");
        }
    }
}
