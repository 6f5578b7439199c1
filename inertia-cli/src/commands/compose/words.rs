//! What `exec` and `run` have in common on the command line.

use clap::{ArgAction, Args};
use compose_core::model::StringMap;
use std::collections::BTreeMap;

/// A service and what is run in it: everything after the service belongs to the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Words<'a> {
    pub(super) service: &'a str,
    pub(super) command: &'a [String],
}

impl<'a> Words<'a> {
    /// Parts them; clap has seen to it that there is a first word.
    pub(super) fn of(words: &'a [String]) -> Self {
        match words.split_first() {
            Some((service, command)) => Self { service, command },
            None => Self { service: "", command: &[] },
        }
    }
}

/// How input and output are connected.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct StreamArgs {
    /// Keep standard input connected
    #[arg(short, long, default_value_t = true, num_args = 0..=1, default_missing_value = "true", require_equals = true, action = ArgAction::Set, hide = true)]
    pub(super) interactive: bool,
    /// Without a terminal; the default where standard input or output is none
    #[arg(short = 'T', long = "no-tty", visible_alias = "no-TTY", conflicts_with = "tty")]
    no_tty: bool,
    /// With a terminal
    #[arg(short, long, hide = true)]
    tty: bool,
}

impl StreamArgs {
    /// `Some(false)` for `-T`. Scripts write `exec -it` where there is no terminal, and mean one if there is.
    pub(super) fn refusal(self) -> Option<bool> {
        self.no_tty.then_some(false)
    }

    /// What the flags say about a terminal.
    pub(super) fn terminal(self) -> Option<bool> {
        match (self.no_tty, self.tty) {
            (true, _) => Some(false),
            (false, true) => Some(true),
            (false, false) => None,
        }
    }
}

/// `KEY=VALUE`, and `KEY` for those that have a value here; others are left out.
pub(super) fn assignments(given: &[String], known: &StringMap) -> BTreeMap<String, String> {
    given
        .iter()
        .filter_map(|text| match text.split_once('=') {
            Some((key, value)) => Some((key.to_owned(), value.to_owned())),
            None => Some((text.clone(), known.get(text)?.clone())),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_without_a_value_take_the_callers_or_vanish() {
        let known = StringMap::from([("HERE".to_owned(), "1".to_owned())]);
        let given = ["A=b=c", "HERE", "NOWHERE", "E="].map(str::to_owned);
        let text: Vec<String> = assignments(&given, &known)
            .into_iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        assert_eq!(text, ["A=b=c", "E=", "HERE=1"]);
    }

    #[test]
    fn the_first_word_is_the_service() {
        let words = ["web", "sh", "-c", "x"].map(str::to_owned);
        assert_eq!(Words::of(&words).service, "web");
        assert_eq!(Words::of(&words).command, &words[1..]);
    }
}
