//! The steps of setting a server up, each with its time: live on a terminal, lines elsewhere.

use crate::failure::Failure;
use crate::far_end::wire::Word;
use crate::render::note;
use crate::settings::{Output, Settings, Volume};
use indicatif::{ProgressBar, ProgressStyle};
use std::time::{Duration, Instant};

/// What was done, and what is being done.
pub(crate) struct Steps {
    shown: bool,
    live: bool,
    color: bool,
    current: Option<Current>,
    done: Vec<(String, Duration)>,
}

struct Current {
    name: String,
    begin: Instant,
    bar: Option<ProgressBar>,
}

impl Steps {
    /// Shows steps as the settings ask for it.
    pub(crate) fn new(settings: &Settings) -> Self {
        let shown = settings.volume > Volume::Quiet;
        Self {
            shown,
            live: shown && settings.output == Output::Text && settings.environment.stderr_is_terminal,
            color: settings.color_stderr,
            current: None,
            done: Vec::new(),
        }
    }

    /// A step begins; the one before is done.
    pub(crate) fn begin(&mut self, name: impl Into<String>) {
        self.start(name.into(), self.live);
    }

    /// A step begins that may ask questions: nothing moves while it does.
    pub(crate) fn begin_asking(&mut self, name: impl Into<String>) {
        self.start(name.into(), false);
    }

    fn start(&mut self, name: String, live: bool) {
        self.finish("");
        let bar = live.then(|| {
            let bar = ProgressBar::new_spinner();
            bar.set_style(ProgressStyle::with_template(" {spinner} {wide_msg}").unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.set_message(name.clone());
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        self.current = Some(Current {
            name,
            begin: Instant::now(),
            bar,
        });
    }

    /// Shows what the program on the server says on the way.
    pub(super) fn hear(&mut self, word: Word) {
        match word {
            Word::Step { name } => self.begin(name),
            Word::Warning { message } => self.warn(&message),
            _ => {}
        }
    }

    /// Shows a warning, however quiet it is to be.
    fn warn(&self, message: &str) {
        let show = || note(&format!("warning: {message}"));
        match &self.current {
            Some(Current { bar: Some(bar), .. }) => bar.suspend(show),
            _ => show(),
        }
    }

    /// Tells how far the current step is.
    pub(crate) fn progress(&self, text: &str) {
        if let Some(Current { name, bar: Some(bar), .. }) = &self.current {
            bar.set_message(format!("{name}  {text}"));
        }
    }

    /// The current step is done; `detail` tells what came of it.
    pub(crate) fn finish(&mut self, detail: &str) {
        let Some(current) = self.current.take() else { return };
        let took = current.begin.elapsed();
        if let Some(bar) = &current.bar {
            bar.finish_and_clear();
        }
        if self.shown {
            let detail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
            let (green, reset) = if self.color { ("\u{1b}[32m", "\u{1b}[0m") } else { ("", "") };
            note(&format!(" {green}✔{reset} {}{detail}  {:.1}s", current.name, took.as_secs_f64()));
        }
        self.done.push((current.name, took));
    }

    /// The current step failed: the failure says which it was.
    pub(crate) fn failed(&mut self, failure: Failure) -> Failure {
        let Some(current) = self.current.take() else { return failure };
        if let Some(bar) = &current.bar {
            bar.finish_and_clear();
        }
        failure.in_step(&current.name)
    }

    /// What was done, with the milliseconds it took.
    pub(crate) fn document(&self) -> serde_json::Value {
        self.done
            .iter()
            .map(|(name, took)| serde_json::json!({ "step": name, "took_ms": u64::try_from(took.as_millis()).unwrap_or(u64::MAX) }))
            .collect()
    }
}
