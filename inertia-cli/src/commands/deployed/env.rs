//! `inertia NAME env`: the project's variables. Values go to the daemon and never come back.

use super::Target;
use super::origin::OriginArgs;
use crate::ask::Ask;
use crate::commands::block_on;
use crate::failure::{Attempt as _, Failure};
use crate::render::{say, table};
use crate::settings::{Output, Settings};
use clap::{Args, Subcommand};
use deployd::wire::{EnvEntry, EnvValue, LONGEST_VALUE};
use std::io::Read as _;
use std::process::ExitCode;
use time::format_description::well_known::Rfc3339;

#[derive(Debug, Args)]
pub(crate) struct EnvArgs {
    #[command(subcommand)]
    command: EnvCommand,
}

#[derive(Debug, Subcommand)]
enum EnvCommand {
    /// List the names
    Ls,
    /// Set variables; a value that is left out is read from standard input, where no process list shows it, and `KEY=` sets
    /// an empty one
    Set {
        /// KEY or KEY=VALUE
        #[arg(required = true, value_name = "KEY[=VALUE]")]
        assignments: Vec<String>,
        #[command(flatten)]
        origin: OriginArgs,
    },
    /// Remove variables
    Rm {
        /// Their names
        #[arg(required = true, value_name = "KEY")]
        keys: Vec<String>,
        #[command(flatten)]
        origin: OriginArgs,
    },
}

/// Runs an `env` command.
pub(crate) fn run(arguments: &EnvArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    match &arguments.command {
        EnvCommand::Ls => list(&Target::find(settings)?, settings),
        EnvCommand::Set { assignments, origin } => set(&Target::own(settings, origin.leave())?, assignments, settings),
        EnvCommand::Rm { keys, origin } => remove(&Target::own(settings, origin.leave())?, keys, settings),
    }
}

fn list(target: &Target, settings: &Settings) -> Result<ExitCode, Failure> {
    let entries: Vec<EnvEntry> = block_on(target.client.get(&target.path("/env")))?;
    if settings.output == Output::Json {
        return say(&serde_json::json!(entries).to_string());
    }
    let rows = entries.iter().map(|entry| {
        vec![
            entry.key.clone(),
            entry.version.to_string(),
            entry.updated_at.format(&Rfc3339).unwrap_or_default(),
        ]
    });
    say(&table::render(&["KEY", "VERSION", "UPDATED"], rows))
}

fn set(target: &Target, assignments: &[String], settings: &Settings) -> Result<ExitCode, Failure> {
    let bare: Vec<&String> = assignments.iter().filter(|assignment| !assignment.contains('=')).collect();
    if let [_, second, ..] = bare[..] {
        return Err(Failure::usage(format!(
            "only one value can come from standard input, and '{second}' has none either"
        ))
        .hint("set them one by one"));
    }
    let mut values = Vec::new();
    for assignment in assignments {
        let (key, value) = match assignment.split_once('=') {
            Some((key, value)) => (key, Some(value.to_owned())),
            None => (assignment.as_str(), None),
        };
        check_key(key)?;
        let value = value.map_or_else(|| from_input(key, settings), Ok)?;
        check_value(key, &value)?;
        values.push((key, EnvValue { value }));
    }
    let keys: Vec<&str> = values.iter().map(|(key, _)| *key).collect();
    block_on(async {
        for (done, (key, value)) in values.iter().enumerate() {
            let stored = target.client.store(&target.path(&format!("/env/{key}")), value).await;
            stored.map_err(|failure| stopped(failure, "set", &keys, done))?;
        }
        Ok(())
    })?;
    report("set", &keys, target, settings)
}

fn remove(target: &Target, keys: &[String], settings: &Settings) -> Result<ExitCode, Failure> {
    for key in keys {
        check_key(key)?;
    }
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    block_on(async {
        for (done, key) in keys.iter().enumerate() {
            let removed = target.client.delete(&target.path(&format!("/env/{key}"))).await;
            removed.map_err(|failure| stopped(failure, "removed", &keys, done))?;
        }
        Ok(())
    })?;
    report("removed", &keys, target, settings)
}

/// The failure of one of several, with what was done before it and what was not.
fn stopped(failure: Failure, verb: &str, keys: &[&str], done: usize) -> Failure {
    if keys.len() == 1 {
        return failure;
    }
    let before = match done {
        0 => format!("nothing was {verb} before it"),
        _ => format!(
            "{} {} {verb} before it",
            keys[..done].join(", "),
            if done == 1 { "was" } else { "were" }
        ),
    };
    failure
        .in_step(keys[done])
        .hint(format!("{before}; run the command again for {}", keys[done..].join(", ")))
}

fn report(done: &str, keys: &[&str], target: &Target, settings: &Settings) -> Result<ExitCode, Failure> {
    match settings.output {
        Output::Json => say(&serde_json::json!({ done: keys }).to_string()),
        Output::Text => say(&format!(
            "{} {done}; in effect with the next deployment: inertia {} up",
            keys.join(", "),
            target.remote
        )),
    }
}

/// A value from standard input: asked for without echo on a terminal, else everything up to its end, less one final line
/// break. No value is none that was meant: it comes of a command that failed, or of a file that is not the right one.
fn from_input(key: &str, settings: &Settings) -> Result<String, Failure> {
    let value = if settings.environment.stdin_is_terminal {
        typed(key, settings)?
    } else {
        piped()?
    };
    if value.is_empty() {
        return Err(
            Failure::usage(format!("there is no value for '{key}' on standard input; nothing was set"))
                .hint(format!("if it is to be empty, say so: `… env set {key}=`")),
        );
    }
    Ok(value)
}

fn typed(key: &str, settings: &Settings) -> Result<String, Failure> {
    let asked = Ask::of(settings).secret(&format!("Value of {key}"))?;
    asked.map(|value| value.to_string()).ok_or_else(|| {
        Failure::usage(format!("'{key}' has no value and may not be asked for")).hint("give it on standard input: `… env set KEY < FILE`")
    })
}

fn piped() -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin()
        .take(LONGEST_VALUE as u64 + 3)
        .read_to_string(&mut text)
        .attempt("cannot read the value from standard input")?;
    let trimmed = text.strip_suffix('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    Ok(trimmed.map(str::to_owned).unwrap_or(text))
}

/// Refuses what the daemon would, before anything is set.
fn check_value(key: &str, value: &str) -> Result<(), Failure> {
    if value.len() > LONGEST_VALUE {
        return Err(Failure::new(format!(
            "the value of '{key}' is longer than {LONGEST_VALUE} bytes; nothing was set"
        ))
        .hint("put what is larger into a file that the project mounts, as a secret or a volume"));
    }
    if value.contains('\0') {
        return Err(Failure::new(format!("the value of '{key}' holds a zero byte; nothing was set"))
            .hint("a variable holds text; encode it, for example by `base64`"));
    }
    Ok(())
}

fn check_key(key: &str) -> Result<(), Failure> {
    let fits = key.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if fits {
        return Ok(());
    }
    Err(Failure::usage(format!("'{key}' cannot name a variable"))
        .hint("letters, digits and '_' make a name, and it does not begin with a digit"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_before_a_failure_is_told() {
        let stopped = |keys: &[&str], done| stopped(Failure::new("the daemon does not answer"), "set", keys, done);
        let alone = stopped(&["A"], 0);
        assert_eq!((alone.text().as_str(), alone.hints.len()), ("the daemon does not answer", 0));
        let first = stopped(&["A", "B"], 0);
        assert_eq!(first.text(), "A: the daemon does not answer");
        assert_eq!(first.hints, ["nothing was set before it; run the command again for A, B"]);
        let last = stopped(&["A", "B", "C"], 2);
        assert_eq!(last.hints, ["A, B were set before it; run the command again for C"]);
    }

    #[test]
    fn values_are_refused_that_the_daemon_would_refuse() {
        let longest = "x".repeat(LONGEST_VALUE);
        check_value("A", &longest).expect("as long as may be");
        for value in [format!("{longest}x"), "a\0b".to_owned()] {
            let refused = check_value("A", &value).expect_err("refused");
            assert!(
                refused.text().contains("nothing was set") && !refused.hints.is_empty(),
                "{refused:?}"
            );
        }
    }
}
