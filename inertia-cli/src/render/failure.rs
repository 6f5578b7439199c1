//! How a failure is shown.

use crate::failure::{Cause, Failure};
use crate::render::{diagnostic, note};
use crate::settings::{Output, Settings};
use std::process::ExitCode;

/// Prints a failure on standard error; the exit code that goes with it.
pub(crate) fn print(failure: &Failure, settings: &Settings) -> ExitCode {
    match (&failure.cause, settings.output) {
        (Cause::Silent, _) => {}
        (cause, Output::Json) => {
            let mut document = serde_json::json!({ "error": failure.text(), "hints": failure.hints, "exit_code": failure.code });
            if let Cause::Load(error) = cause {
                document["diagnostics"] = diagnostic::data(&error.diagnostics, &error.sources);
            }
            note(&document.to_string());
        }
        (Cause::Load(error), Output::Text) => {
            note(&diagnostic::text(&error.diagnostics, &error.sources, settings.view()));
            hints(failure);
        }
        (Cause::Message(message), Output::Text) => {
            let (red, reset) = if settings.color_stderr {
                ("\u{1b}[1;31m", "\u{1b}[0m")
            } else {
                ("", "")
            };
            note(&format!("{red}error{reset}: {message}"));
            hints(failure);
        }
    }
    ExitCode::from(failure.code)
}

fn hints(failure: &Failure) {
    for hint in &failure.hints {
        note(&format!("  help: {hint}"));
    }
}
