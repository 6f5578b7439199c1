//! `inertia completions` and `inertia man`: made from the command line's own description.

use crate::args;
use crate::failure::{Attempt as _, Failure};
use crate::render::{note, say};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Where the pages go; made when missing
    directory: PathBuf,
}

/// Prints a shell's completion script.
pub(crate) fn completions(arguments: &CompletionsArgs) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut without_help(args::command()), "inertia", &mut script);
    say(&String::from_utf8_lossy(&script))
}

/// Writes one manual page a command.
pub(crate) fn man(arguments: &ManArgs) -> Result<ExitCode, Failure> {
    let directory = &arguments.directory;
    let saying = || format!("cannot write manual pages to {}", directory.display());
    std::fs::create_dir_all(directory).attempt(saying())?;
    clap_mangen::generate_to(without_help(args::command()), directory).attempt(saying())?;
    note(&format!("Wrote the manual pages to {}.", directory.display()));
    Ok(ExitCode::SUCCESS)
}

/// Without the commands that show another's help: each would stand there twice.
fn without_help(command: clap::Command) -> clap::Command {
    command.disable_help_subcommand(true).mut_subcommands(without_help)
}
