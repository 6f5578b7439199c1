//! One JSON object an event, on standard error.

use super::words;
use crate::render::note;
use compose_core::engine::BuildOutput;
use compose_core::event::{Event, EventSink, Phase};
use serde_json::{Value, json};

pub(super) struct Json;

impl EventSink for Json {
    fn emit(&self, event: Event) {
        if let Some(document) = document(&event) {
            note(&document.to_string());
        }
    }
}

fn document(event: &Event) -> Option<Value> {
    Some(match event {
        Event::Action {
            subject,
            verb,
            phase: Phase::Failed { message },
        } => {
            json!({ "error": true, "id": words::subject(subject), "status": "Error", "verb": verb, "text": message })
        }
        Event::Action { subject, verb, phase } => {
            json!({ "id": words::subject(subject), "status": words::phase(*verb, phase), "verb": verb })
        }
        Event::Pull { image, progress } => json!({
            "id": progress.layer, "parent_id": format!("Image {image}"), "status": progress.status, "current": progress.current, "total": progress.total
        }),
        Event::Build { service, output } => {
            let (kind, text) = match output {
                BuildOutput::Step(text) => ("step", text),
                BuildOutput::Cached(text) => ("cached", text),
                BuildOutput::Line(text) => ("line", text),
            };
            json!({ "id": service, "status": "Building", "build": kind, "text": text })
        }
        Event::Output {
            service,
            container,
            stream,
            line,
        } => json!({ "id": container, "service": service, "stream": stream, "text": line }),
        Event::Warning { message } => json!({ "level": "warning", "text": message }),
        _ => return None,
    })
}
