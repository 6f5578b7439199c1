//! `inertia NAME env`: the project's variables. Values go to the daemon and never come back.

use super::Target;
use crate::ask::Ask;
use crate::commands::block_on;
use crate::failure::{Attempt as _, Failure};
use crate::render::{say, table};
use crate::settings::{Output, Settings};
use clap::{Args, Subcommand};
use deployd::wire::{EnvEntry, EnvValue};
use std::io::Read as _;
use std::process::ExitCode;
use time::format_description::well_known::Rfc3339;

/// The longest value that is taken from standard input, in bytes.
const MAX_VALUE: u64 = 1024 * 1024;

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
    },
    /// Remove variables
    Rm {
        /// Their names
        #[arg(required = true, value_name = "KEY")]
        keys: Vec<String>,
    },
}

/// Runs an `env` command.
pub(crate) fn run(arguments: &EnvArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let target = Target::find(settings)?;
    match &arguments.command {
        EnvCommand::Ls => list(&target, settings),
        EnvCommand::Set { assignments } => set(&target, assignments, settings),
        EnvCommand::Rm { keys } => remove(&target, keys, settings),
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
        values.push((key, EnvValue { value }));
    }
    block_on(async {
        for (key, value) in &values {
            target.client.store(&target.path(&format!("/env/{key}")), value).await?;
        }
        Ok(())
    })?;
    let keys: Vec<&str> = values.iter().map(|(key, _)| *key).collect();
    report("set", &keys, target, settings)
}

fn remove(target: &Target, keys: &[String], settings: &Settings) -> Result<ExitCode, Failure> {
    for key in keys {
        check_key(key)?;
    }
    block_on(async {
        for key in keys {
            target.client.delete(&target.path(&format!("/env/{key}"))).await?;
        }
        Ok(())
    })?;
    report("removed", &keys.iter().map(String::as_str).collect::<Vec<_>>(), target, settings)
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
        piped(key)?
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

fn piped(key: &str) -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin()
        .take(MAX_VALUE + 1)
        .read_to_string(&mut text)
        .attempt("cannot read the value from standard input")?;
    if text.len() as u64 > MAX_VALUE {
        return Err(Failure::new(format!("the value of '{key}' is larger than {MAX_VALUE} bytes")));
    }
    let trimmed = text.strip_suffix('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    Ok(trimmed.map(str::to_owned).unwrap_or(text))
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
