//! Runs a plan against an engine: bounded in parallel, cancellable, and with a way back for
//! replacements that were begun and not finished.

mod announce;
mod context;
mod create;
mod error;
mod execute;
mod patience;
mod restore;
mod run;
mod schedule;
mod wait;
mod watch;

pub use context::Context;
pub use error::{ApplyError, StepError, Undone, WaitError, WaitErrorKind};
pub use run::{Applied, apply};
pub use schedule::{Outcome, Schedule, StepState};

#[cfg(test)]
mod tests;
