//! What people and programs see: text, tables, diagnostics, progress.

pub(crate) mod container;
pub(crate) mod diagnostic;
pub(crate) mod failure;
pub(crate) mod log_lines;
pub(crate) mod moment;
pub(crate) mod progress;
pub(crate) mod rows;
pub(crate) mod size;
pub(crate) mod table;
pub(crate) mod template;

use crate::failure::{Attempt as _, Failure};
use std::io::Write as _;
use std::process::ExitCode;

/// Prints an answer on standard output, ended by a line break; a reader that has gone away is no failure.
pub(crate) fn say(text: &str) -> Result<ExitCode, Failure> {
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    say_exactly(&format!("{text}{end}"))
}

/// Prints a line each; a reader that has gone away is no failure.
pub(crate) fn say_lines(lines: impl IntoIterator<Item = impl AsRef<str>>) -> Result<ExitCode, Failure> {
    let mut text = String::new();
    for line in lines {
        text.push_str(line.as_ref());
        text.push('\n');
    }
    say_exactly(&text)
}

/// Prints an answer on standard output as it is; a reader that has gone away is no failure.
pub(crate) fn say_exactly(text: &str) -> Result<ExitCode, Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        done => done.attempt("cannot write to standard output").map(|()| ExitCode::SUCCESS),
    }
}

/// Prints a line on standard error; what cannot be said there cannot be said at all.
pub(crate) fn note(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}
