//! From the words to the arguments: a remote's name may stand before its command, and flags behind it.

use super::{Arguments, Stop};
use crate::environment::Environment;
use clap::error::{ContextKind, ContextValue};
use clap::parser::ArgMatches;
use clap::{CommandFactory as _, FromArgMatches as _};
use compose_core::load::similar;
use std::ffi::OsString;

/// The command whose own words are Docker Compose's.
const COMPOSE: &str = "compose";

/// The commands that no remote's name may stand before.
const WITHOUT_REMOTE: [&str; 6] = [COMPOSE, "completions", "daemon", "join", "man", "remote"];

/// Reads the command line.
pub(crate) fn parse(environment: &Environment) -> Result<Arguments, Stop> {
    let command = command();
    let routed = route(&environment.arguments, &command);
    let has = |wanted: &str| routed.iter().skip(1).any(|word| word == wanted);
    let (compose, json) = (has(COMPOSE), has("--json"));
    let read = command.try_get_matches_from(routed).and_then(|matches| arguments(&matches));
    read.map_err(|mut error| {
        suggest(&mut error, &environment.arguments);
        lead_to_remote(&mut error, &environment.arguments);
        Stop::new(error, compose, json)
    })
}

/// Adds the command that a slip behind `help` was meant for.
fn suggest(error: &mut clap::Error, words: &[OsString]) {
    let Some(ContextValue::String(slip)) = error.get(ContextKind::InvalidSubcommand).cloned() else {
        return;
    };
    if error.get(ContextKind::SuggestedSubcommand).is_some() {
        return;
    }
    let all = command();
    let before = words.iter().skip(1).take_while(|word| **word != *slip);
    let group = before.fold(&all, |group, word| group.find_subcommand(word).unwrap_or(group));
    let names = group
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .map(clap::Command::get_name);
    if let Some(meant) = similar(&slip, names) {
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(vec![meant.to_owned()]));
    }
}

/// Says where a remote's name stands, to those who gave it alone or behind the command.
fn lead_to_remote(error: &mut clap::Error, words: &[OsString]) {
    let Some(first) = first_word(words) else { return };
    let word = |at: usize| words.get(at).and_then(|word| word.to_str());
    let is =
        |error: &clap::Error, kind, wanted| matches!(error.get(kind), Some(ContextValue::String(found)) if Some(found.as_str()) == wanted);
    let tip = match (word(first), word(first + 1)) {
        (Some(name), None) if is(error, ContextKind::InvalidSubcommand, Some(name)) => {
            format!("'{name}' is a remote? Its command follows: `inertia {name} status`")
        }
        (Some(command), Some(name))
            if !WITHOUT_REMOTE.contains(&command) && !name.starts_with('-') && is(error, ContextKind::InvalidArg, Some(name)) =>
        {
            format!("'{name}' is a remote? It stands before the command: `inertia {name} {command}`")
        }
        _ => return,
    };
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
}

/// The whole command line. `-q` and `-v` are understood behind commands too, but not behind `compose`, where these
/// letters are Docker Compose's.
pub(crate) fn command() -> clap::Command {
    let command = Arguments::command();
    let flags: Vec<clap::Arg> = command
        .get_arguments()
        .filter(|flag| matches!(flag.get_id().as_str(), "quiet" | "verbose"))
        .map(|flag| flag.clone().global(true))
        .collect();
    command.mut_subcommands(|command| {
        if command.get_name() == COMPOSE {
            // Groups of flags that several commands share do not show: all stand by the alphabet, as in Docker Compose.
            command.mut_subcommands(|command| command.mut_args(|flag| flag.display_order(0)))
        } else {
            command.args(flags.clone())
        }
    })
}

/// Whether a word is a command's name.
pub(crate) fn is_command(word: &str) -> bool {
    word == "help" || Arguments::command().find_subcommand(word).is_some()
}

fn arguments(matches: &ArgMatches) -> Result<Arguments, clap::Error> {
    let mut arguments = Arguments::from_arg_matches(matches)?;
    if let Some((_, behind)) = matches.subcommand().filter(|(name, _)| *name != COMPOSE) {
        arguments.global.quiet |= behind.get_flag("quiet");
        arguments.global.verbose |= behind.get_flag("verbose");
    }
    Ok(arguments)
}

/// `inertia NAME COMMAND …` becomes `inertia -r NAME COMMAND …`: a first word that is no command names a remote,
/// unless it looks like a slip in the name of one and nothing that follows is a command.
fn route(arguments: &[OsString], command: &clap::Command) -> Vec<OsString> {
    let mut routed = arguments.to_vec();
    let Some(first) = first_word(arguments) else { return routed };
    let names = || command.get_subcommands().map(clap::Command::get_name).chain(["help"]);
    let is_command = |word: &OsString| names().any(|name| word == name);
    let is_slip = |word: &OsString| word.to_str().is_some_and(|word| similar(word, names()).is_some());
    let next = arguments.get(first + 1);
    let leads_on = |next: &OsString| is_command(next) || !is_slip(&arguments[first]);
    if !is_command(&arguments[first]) && next.is_some_and(leads_on) {
        routed.insert(first, OsString::from("--remote"));
    }
    routed
}

/// Where the first word stands that is neither a flag nor a flag's value.
fn first_word(arguments: &[OsString]) -> Option<usize> {
    let mut at = 1;
    while let Some(word) = arguments.get(at) {
        match word.to_str() {
            Some("-r" | "--remote" | "--color") => at += 2,
            Some(flag) if flag.starts_with('-') => at += 1,
            _ => return Some(at),
        }
    }
    None
}
