//! How a failure is shown.

use crate::failure::{Cause, Failure};
use crate::render::{diagnostic, note};
use crate::settings::{Output, Settings};
use std::process::ExitCode;

/// Prints a failure on standard error; the exit code that goes with it.
pub(crate) fn print(failure: &Failure, settings: &Settings) -> ExitCode {
    match (&failure.cause, settings.output) {
        (Cause::Silent, _) => {}
        (_, Output::Json) => note(&document(failure).to_string()),
        (Cause::Load(error), Output::Text) => {
            note(&diagnostic::text(&error.diagnostics, &error.sources, settings.view()));
            hints(failure);
        }
        (Cause::Message(_), Output::Text) => text(failure, settings.color_stderr),
    }
    ExitCode::from(failure.code)
}

/// Prints a failure's sentence and what to do next.
pub(crate) fn text(failure: &Failure, colored: bool) {
    let (red, reset) = if colored { ("\u{1b}[1;31m", "\u{1b}[0m") } else { ("", "") };
    note(&format!("{red}error{reset}: {}", failure.text()));
    hints(failure);
}

/// A failure as data.
pub(crate) fn document(failure: &Failure) -> serde_json::Value {
    let mut document = serde_json::json!({ "error": failure.text(), "hints": failure.hints, "exit_code": failure.code });
    if let Cause::Load(error) = &failure.cause {
        document["diagnostics"] = diagnostic::data(&error.diagnostics, &error.sources);
    }
    document
}

fn hints(failure: &Failure) {
    for hint in &failure.hints {
        note(&format!("  help: {hint}"));
    }
}
