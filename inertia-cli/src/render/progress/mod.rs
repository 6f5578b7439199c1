//! Progress on standard error: live on a terminal, plain lines elsewhere, JSON or nothing on demand.

mod json;
mod plain;
mod terminal;
mod words;

use crate::settings::{Output, Settings, Volume};
use compose_core::event::{Event, EventSink, Phase, Subject, Verb};
use std::sync::Arc;

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Lines that change, with spinners.
    Terminal,
    /// One line an event.
    Plain,
    /// One JSON object an event.
    Json,
    /// Warnings and failures alone.
    Quiet,
}

impl Style {
    /// The style that fits the settings.
    pub(crate) fn of(settings: &Settings) -> Self {
        let watched = settings.output == Output::Text && settings.environment.stderr_is_terminal;
        match settings.volume {
            Volume::Quiet => Self::Quiet,
            Volume::Normal | Volume::Verbose if watched => Self::Terminal,
            Volume::Normal | Volume::Verbose => Self::Plain,
        }
    }

    /// The style of `--progress`, or of `COMPOSE_PROGRESS`; `auto` and unknown words leave it to the settings.
    pub(crate) fn named(word: Option<&str>, settings: &Settings) -> Self {
        match word {
            Some("tty") => Self::Terminal,
            Some("plain") => Self::Plain,
            Some("json") => Self::Json,
            Some("quiet") => Self::Quiet,
            _ => Self::of(settings),
        }
    }
}

/// A sink that shows events in a style.
pub(crate) fn sink(style: Style, settings: &Settings) -> Arc<dyn EventSink> {
    match style {
        Style::Terminal => Arc::new(terminal::Terminal::new(settings.color_stderr)),
        Style::Plain => Arc::new(plain::Plain::new(settings.volume)),
        Style::Json => Arc::new(json::Json),
        Style::Quiet => Arc::new(plain::Plain::new(Volume::Quiet)),
    }
}

/// The line of a step.
pub(crate) fn step_line(subject: &Subject, verb: Verb, phase: &Phase) -> String {
    format!("{}  {}", words::subject(subject), words::phase(verb, phase))
}

/// A container's line, as attached output shows it.
fn output_line(container: &str, line: &str) -> String {
    format!("{container}  | {line}")
}

/// Whether an event is told even to those who asked for quiet.
fn is_grave(event: &Event) -> bool {
    matches!(
        event,
        Event::Warning { .. }
            | Event::Action {
                phase: Phase::Failed { .. },
                ..
            }
    )
}
