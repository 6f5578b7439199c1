//! Writes down what happens during a deployment: without secrets, in order, in batches.

use crate::daemon::Daemon;
use crate::daemon::redact::Redactor;
use crate::wire::{BuildLine, EventBody, StepPhase};
use compose_core::engine::BuildOutput;
use compose_core::event::{Event, EventSink, Phase, Subject};
use std::sync::Mutex;
use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot};

/// How many lines of output one deployment may leave.
const MOST_LINES: usize = 20_000;
/// How long a line may be, in characters.
const LONGEST_LINE: usize = 4096;
/// How many events are written at a time.
const BATCH: usize = 256;

/// Takes events and writes them to the store.
pub(crate) struct Recorder {
    queue: mpsc::UnboundedSender<Item>,
    redactor: Mutex<Redactor>,
    lines: Mutex<Lines>,
}

enum Item {
    Event(OffsetDateTime, EventBody),
    /// Answered when everything before it is written.
    Flush(oneshot::Sender<()>),
}

#[derive(Default)]
struct Lines {
    count: usize,
    /// The last line about a pull, which engines repeat.
    last_pull: Option<EventBody>,
}

impl Recorder {
    /// A recorder for one deployment.
    pub(crate) fn start(daemon: &Daemon, project: &str, deployment: u64, redactor: Redactor) -> Self {
        let (queue, items) = mpsc::unbounded_channel();
        tokio::spawn(write(daemon.clone(), project.to_owned(), deployment, items));
        Self {
            queue,
            redactor: Mutex::new(redactor),
            lines: Mutex::default(),
        }
    }

    /// Hides other values as well from now on.
    pub(crate) fn hide(&self, redactor: Redactor) {
        lock(&self.redactor).add(redactor);
    }

    /// Tells something that a person wants to know.
    pub(crate) fn note(&self, message: impl Into<String>) {
        self.record(EventBody::Note { message: message.into() });
    }

    /// Tells something that a person should know.
    pub(crate) fn warn(&self, message: impl Into<String>) {
        self.record(EventBody::Warning { message: message.into() });
    }

    /// The text without secrets.
    pub(crate) fn clean(&self, text: String) -> String {
        lock(&self.redactor).clean(text)
    }

    /// Writes down one event, unless it is one line too many.
    pub(crate) fn record(&self, body: EventBody) {
        let Some(body) = lock(&self.lines).admit(body) else {
            return;
        };
        // Cut before, a value that lies across the end would leave its beginning. Whoever reads output bounds its lines.
        let body = body.map_text(|text| shorten(self.clean(text)));
        // The writer ends with the daemon only.
        let _ = self.queue.send(Item::Event(OffsetDateTime::now_utc(), body));
    }

    /// Returns when everything recorded so far is written.
    pub(crate) async fn flush(&self) {
        let (done, written) = oneshot::channel();
        if self.queue.send(Item::Flush(done)).is_ok() {
            let _ = written.await;
        }
    }
}

impl EventSink for Recorder {
    fn emit(&self, event: Event) {
        if let Some(body) = EventBody::from_core(event) {
            self.record(body);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Lines {
    fn admit(&mut self, body: EventBody) -> Option<EventBody> {
        match &body {
            EventBody::Pull { .. } => {
                if self.last_pull.as_ref() == Some(&body) {
                    return None;
                }
                self.last_pull = Some(body.clone());
            }
            EventBody::Build { .. } | EventBody::Output { .. } => {}
            EventBody::State { .. } | EventBody::Note { .. } | EventBody::Warning { .. } | EventBody::Step { .. } => return Some(body),
        }
        self.count += 1;
        match self.count.cmp(&MOST_LINES) {
            std::cmp::Ordering::Less => Some(body),
            std::cmp::Ordering::Equal => Some(EventBody::Warning {
                message: format!("further output is left out: more than {MOST_LINES} lines"),
            }),
            std::cmp::Ordering::Greater => None,
        }
    }
}

fn shorten(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(LONGEST_LINE) {
        text.truncate(end);
        text.push('…');
    }
    text
}

async fn write(daemon: Daemon, project: String, deployment: u64, mut items: mpsc::UnboundedReceiver<Item>) {
    let mut batch = Vec::with_capacity(BATCH);
    while items.recv_many(&mut batch, BATCH).await > 0 {
        let mut events = Vec::new();
        let mut waiting = Vec::new();
        for item in batch.drain(..) {
            match item {
                Item::Event(at, body) => events.push((at, body)),
                Item::Flush(done) => waiting.push(done),
            }
        }
        if !events.is_empty() {
            if let Err(error) = daemon.store().add_events(&project, deployment, events).await {
                tracing::error!(%error, project, deployment, "events are lost");
            }
            daemon.feed().wake();
        }
        for done in waiting {
            let _ = done.send(());
        }
    }
}

impl EventBody {
    /// What an event of the engine room says, as far as it is kept: progress bars are not.
    pub(crate) fn from_core(event: Event) -> Option<Self> {
        match event {
            Event::Action { subject, verb, phase } => Some(Self::Step {
                subject,
                verb,
                phase: StepPhase::from_core(phase),
            }),
            Event::Pull { progress, .. } if progress.total.is_some() => None,
            Event::Pull { image, progress } => Some(Self::Pull {
                image,
                layer: progress.layer,
                status: progress.status,
            }),
            Event::Build { service, output } => {
                let (kind, text) = match output {
                    BuildOutput::Step(text) => (BuildLine::Step, text),
                    BuildOutput::Line(text) => (BuildLine::Line, text),
                    BuildOutput::Cached(text) => (BuildLine::Cached, text),
                };
                Some(Self::Build { service, kind, text })
            }
            Event::Output {
                service,
                container,
                stream,
                line,
            } => Some(Self::Output {
                service,
                container,
                stream,
                line,
            }),
            Event::Warning { message } => Some(Self::Warning { message }),
            _ => None,
        }
    }

    /// The same event with every text changed that can hold what someone wrote.
    pub(crate) fn map_text(self, change: impl Fn(String) -> String) -> Self {
        match self {
            Self::State { state, reason } => Self::State {
                state,
                reason: reason.map(change),
            },
            Self::Note { message } => Self::Note { message: change(message) },
            Self::Warning { message } => Self::Warning { message: change(message) },
            Self::Step { subject, verb, phase } => Self::Step {
                subject: map_name(subject, &change),
                verb,
                phase: phase.map_text(change),
            },
            Self::Pull { image, layer, status } => Self::Pull {
                image: change(image),
                layer,
                status: change(status),
            },
            Self::Build { service, kind, text } => Self::Build {
                service,
                kind,
                text: change(text),
            },
            Self::Output {
                service,
                container,
                stream,
                line,
            } => Self::Output {
                service,
                container,
                stream,
                line: change(line),
            },
        }
    }
}

fn map_name(subject: Subject, change: impl Fn(String) -> String) -> Subject {
    match subject {
        Subject::Container(name) => Subject::Container(change(name)),
        Subject::Network(name) => Subject::Network(change(name)),
        Subject::Volume(name) => Subject::Volume(change(name)),
        Subject::Image(name) => Subject::Image(change(name)),
    }
}

impl StepPhase {
    fn from_core(phase: Phase) -> Self {
        match phase {
            Phase::Started => Self::Started,
            Phase::Done { took } => Self::Done {
                took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            },
            Phase::UpToDate => Self::UpToDate,
            Phase::Failed { message } => Self::Failed { message },
            Phase::Skipped => Self::Skipped,
        }
    }

    fn map_text(self, change: impl Fn(String) -> String) -> Self {
        match self {
            Self::Failed { message } => Self::Failed { message: change(message) },
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use compose_core::engine::{LogStream, PullProgress};

    fn line(text: &str) -> EventBody {
        EventBody::Output {
            service: "web".to_owned(),
            container: "web-1".to_owned(),
            stream: LogStream::Stdout,
            line: text.to_owned(),
        }
    }

    #[test]
    fn output_has_an_end_and_states_do_not() {
        let mut lines = Lines::default();
        let kept = (0..MOST_LINES + 10).filter_map(|_| lines.admit(line("x"))).collect::<Vec<_>>();
        assert_eq!(kept.len(), MOST_LINES);
        assert!(matches!(kept.last(), Some(EventBody::Warning { .. })));
        let note = EventBody::Note { message: "n".to_owned() };
        assert_eq!(lines.admit(note.clone()), Some(note));
    }

    #[test]
    fn progress_bars_and_repetitions_are_not_kept() {
        let pull = |total, status: &str| Event::Pull {
            image: "i".to_owned(),
            progress: PullProgress {
                layer: None,
                status: status.to_owned(),
                current: None,
                total,
            },
        };
        assert_eq!(EventBody::from_core(pull(Some(9), "Downloading")), None);
        let mut lines = Lines::default();
        let done = EventBody::from_core(pull(None, "Pull complete")).expect("kept");
        assert!(lines.admit(done.clone()).is_some());
        assert!(lines.admit(done).is_none());
    }

    #[test]
    fn a_value_across_the_end_of_a_line_leaves_nothing_of_itself() {
        let (queue, mut items) = mpsc::unbounded_channel();
        let recorder = Recorder {
            queue,
            redactor: Mutex::new(Redactor::new(["xyzzy-plugh"])),
            lines: Mutex::default(),
        };
        recorder.note(format!("{}xyzzy-plugh", " ".repeat(LONGEST_LINE - 5)));
        let Ok(Item::Event(_, EventBody::Note { message })) = items.try_recv() else {
            panic!("nothing was told");
        };
        assert!(!message.contains("xyzzy"), "{message}");
    }

    #[test]
    fn values_are_hidden_that_were_set_before_and_that_are_used() {
        let recorder = Recorder {
            queue: mpsc::unbounded_channel().0,
            redactor: Mutex::new(Redactor::new(["before"])),
            lines: Mutex::default(),
        };
        recorder.hide(Redactor::new(["later"]));
        assert_eq!(recorder.clean("before, later".to_owned()), "[redacted], [redacted]");
    }

    #[test]
    fn long_lines_are_cut_between_characters() {
        let cut = shorten("ä".repeat(LONGEST_LINE + 5));
        assert_eq!(cut.chars().count(), LONGEST_LINE + 1);
    }

    #[test]
    fn every_text_is_changed() {
        let hidden = |body: EventBody| serde_json::to_string(&body.map_text(|text| text.replace("secret", "-"))).expect("json");
        let failed = EventBody::Step {
            subject: Subject::Image("secret:1".to_owned()),
            verb: compose_core::event::Verb::Start,
            phase: StepPhase::Failed {
                message: "secret".to_owned(),
            },
        };
        let build = EventBody::Build {
            service: "web".to_owned(),
            kind: BuildLine::Line,
            text: "secret".to_owned(),
        };
        let state = EventBody::State {
            state: crate::wire::DeploymentState::Failed,
            reason: Some("secret".to_owned()),
        };
        for body in [
            failed,
            build,
            state,
            line("secret"),
            EventBody::Note {
                message: "secret".to_owned(),
            },
        ] {
            let text = hidden(body);
            assert!(!text.contains("secret"), "{text}");
        }
    }
}
