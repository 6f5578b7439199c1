//! One line an event, for logs and pipes.

use super::{is_grave, output_line, words};
use crate::render::note;
use crate::settings::Volume;
use compose_core::engine::BuildOutput;
use compose_core::event::{Event, EventSink};

pub(super) struct Plain {
    volume: Volume,
}

impl Plain {
    pub(super) fn new(volume: Volume) -> Self {
        Self { volume }
    }
}

impl EventSink for Plain {
    fn emit(&self, event: Event) {
        if self.volume == Volume::Quiet && !is_grave(&event) {
            return;
        }
        if let Some(line) = line(&event, self.volume) {
            note(&line);
        }
    }
}

/// The line of an event; `None` where it says nothing that a log needs.
pub(super) fn line(event: &Event, volume: Volume) -> Option<String> {
    match event {
        Event::Action { subject, verb, phase } => Some(format!(" {}  {}", words::subject(subject), words::phase(*verb, phase))),
        Event::Pull { image, progress } if volume == Volume::Verbose || progress.current.is_none() => Some(format!(
            " {} {} {}",
            image,
            progress.layer.as_deref().unwrap_or_default(),
            progress.status
        )),
        Event::Build { service, output } => Some(match output {
            BuildOutput::Step(step) => format!("{service}: {step}"),
            BuildOutput::Cached(step) => format!("{service}: CACHED {step}"),
            BuildOutput::Line(line) => format!("{service}: {line}"),
        }),
        Event::Output { container, line, .. } => Some(output_line(container, line)),
        Event::Warning { message } => Some(format!("warning: {message}")),
        _ => None,
    }
}
