//! Lines that change on a terminal: one for each thing that is worked on.

use super::{output_line, words};
use compose_core::engine::BuildOutput;
use compose_core::event::{Event, EventSink, Phase, Subject, Verb};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

pub(super) struct Terminal {
    screen: MultiProgress,
    lines: Mutex<BTreeMap<String, ProgressBar>>,
    color: bool,
}

impl Terminal {
    pub(super) fn new(color: bool) -> Self {
        Self {
            screen: MultiProgress::new(),
            lines: Mutex::default(),
            color,
        }
    }

    fn action(&self, subject: &Subject, verb: Verb, phase: &Phase) {
        let name = words::subject(subject);
        let text = format!("{name}  {}", words::phase(verb, phase));
        let bar = self.line(&name);
        match phase {
            Phase::Started => bar.set_message(text),
            Phase::Done { took } => self.finish(&bar, "✔", "32", &format!("{text}  {:.1}s", took.as_secs_f64())),
            Phase::UpToDate => self.finish(&bar, "✔", "32", &text),
            Phase::Failed { .. } => self.finish(&bar, "✘", "31", &text),
            Phase::Skipped => self.finish(&bar, "-", "33", &text),
        }
    }

    /// The line of a subject, made when it is first heard of and brought back to life when more happens to it.
    fn line(&self, name: &str) -> ProgressBar {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = lines.get(name).filter(|bar| !bar.is_finished()) {
            return bar.clone();
        }
        let bar = match lines.remove(name) {
            Some(finished) => {
                let bar = self.screen.insert_after(&finished, ProgressBar::new_spinner());
                self.screen.remove(&finished);
                bar
            }
            None => self.screen.add(ProgressBar::new_spinner()),
        };
        bar.set_style(style(" {spinner} {wide_msg}"));
        bar.enable_steady_tick(Duration::from_millis(100));
        lines.insert(name.to_owned(), bar.clone());
        bar
    }

    fn finish(&self, bar: &ProgressBar, mark: &str, color: &str, text: &str) {
        bar.set_style(style(" {wide_msg}"));
        let mark = if self.color {
            format!("\u{1b}[{color}m{mark}\u{1b}[0m")
        } else {
            mark.to_owned()
        };
        bar.finish_with_message(format!("{mark} {text}"));
    }

    fn print(&self, line: &str) {
        // A terminal that cannot be written to has nobody before it.
        let _ = self.screen.println(line);
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

impl EventSink for Terminal {
    fn emit(&self, event: Event) {
        match event {
            Event::Action { subject, verb, phase } => self.action(&subject, verb, &phase),
            Event::Pull { image, progress } => {
                let name = words::subject(&Subject::Image(image));
                let layer = progress.layer.map(|layer| format!(" {layer}")).unwrap_or_default();
                self.line(&name).set_message(format!("{name} {layer} {}", progress.status));
            }
            Event::Build { service, output } => match output {
                BuildOutput::Step(step) | BuildOutput::Cached(step) => self.print(&format!("{service}: {step}")),
                BuildOutput::Line(line) => self.print(&format!("{service}:   {line}")),
            },
            Event::Output { container, line, .. } => self.print(&output_line(&container, &line)),
            Event::Warning { message } => self.print(&format!("warning: {message}")),
            _ => {}
        }
    }
}
