//! How a failure is shown.

use crate::failure::{Cause, Failure};
use crate::render::note;
use crate::settings::{Output, Settings};
use std::process::ExitCode;

/// Prints a failure on standard error; the exit code that goes with it.
pub(crate) fn print(failure: &Failure, settings: &Settings) -> ExitCode {
    match (&failure.cause, settings.output) {
        (Cause::Silent, _) => {}
        (cause, Output::Json) => {
            let document = serde_json::json!({ "error": message(cause), "hints": failure.hints, "exit_code": failure.code });
            note(&document.to_string());
        }
        (cause, Output::Text) => {
            let (red, reset) = if settings.color_stderr {
                ("\u{1b}[1;31m", "\u{1b}[0m")
            } else {
                ("", "")
            };
            note(&format!("{red}error{reset}: {}", message(cause)));
            for hint in &failure.hints {
                note(&format!("  help: {hint}"));
            }
        }
    }
    ExitCode::from(failure.code)
}

fn message(cause: &Cause) -> String {
    match cause {
        Cause::Load(error) => error.to_string(),
        Cause::Message(message) => message.clone(),
        Cause::Silent => String::new(),
    }
}
