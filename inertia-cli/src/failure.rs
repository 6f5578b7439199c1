//! Why a command failed, in the terms of whoever typed it.

use compose_core::apply::ApplyError;
use compose_core::load::LoadError;
use std::fmt::Display;

/// A command that did not do what it was asked for.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What failed.
    pub(crate) cause: Cause,
    /// What to do next; several when there are several ways.
    pub(crate) hints: Vec<String>,
    /// The process's exit code.
    pub(crate) code: u8,
}

/// What failed.
#[derive(Debug)]
pub(crate) enum Cause {
    /// The compose files, with every finding.
    Load(Box<LoadError>),
    /// Anything else, in one sentence with its causes.
    Message(String),
    /// It was said already: only the exit code is left.
    Silent,
}

impl Failure {
    /// A failure said in one sentence.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            cause: Cause::Message(message.into()),
            hints: Vec::new(),
            code: 1,
        }
    }

    /// A command line that makes no sense.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            code: 2,
            ..Self::new(message)
        }
    }

    /// The exit code alone.
    pub(crate) fn silent(code: u8) -> Self {
        Self {
            cause: Cause::Silent,
            hints: Vec::new(),
            code,
        }
    }

    /// Its sentence.
    pub(crate) fn text(&self) -> String {
        match &self.cause {
            Cause::Load(error) => error.to_string(),
            Cause::Message(message) => message.clone(),
            Cause::Silent => String::new(),
        }
    }

    /// The same failure about a remote: its hints are commands that can be copied.
    #[must_use]
    pub(crate) fn about(mut self, remote: &str) -> Self {
        for hint in &mut self.hints {
            *hint = hint.replace("NAME", remote);
        }
        self
    }

    /// The same failure of a daemon, which does not know what it is called here: its commands can be copied.
    #[must_use]
    pub(crate) fn at(mut self, remote: &str) -> Self {
        let named = |text: &str| text.replace("inertia NAME ", &format!("inertia {remote} "));
        if let Cause::Message(message) = &mut self.cause {
            *message = named(message);
        }
        self.hints = self.hints.iter().map(|hint| named(hint)).collect();
        self
    }

    /// The same failure of a step that has a name.
    #[must_use]
    pub(crate) fn in_step(mut self, step: &str) -> Self {
        if let Cause::Message(message) = &mut self.cause {
            *message = format!("{step}: {message}");
        }
        self
    }

    /// The same failure with a next step.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

/// An error's sentence followed by those of its causes.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let sentence = cause.to_string();
        if !text.ends_with(&sentence) {
            text.push_str(": ");
            text.push_str(&sentence);
        }
        source = cause.source();
    }
    text
}

/// Says what was tried when an error comes from below.
pub(crate) trait Attempt<T> {
    /// Turns the error into a failure that begins with what was tried.
    fn attempt(self, what: impl Display) -> Result<T, Failure>;
}

impl<T, E: std::error::Error + 'static> Attempt<T> for Result<T, E> {
    fn attempt(self, what: impl Display) -> Result<T, Failure> {
        self.map_err(|error| Failure::new(format!("{what}: {}", chain(&error))))
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        Self {
            cause: Cause::Load(Box::new(error)),
            hints: Vec::new(),
            code: 1,
        }
    }
}

impl From<compose_core::engine::EngineError> for Failure {
    fn from(error: compose_core::engine::EngineError) -> Self {
        let failure = error.remedy().into_iter().fold(Self::new(chain(&error)), Self::hint);
        match error {
            compose_core::engine::EngineError::Unreachable { .. } => failure.hint("an engine elsewhere is named by DOCKER_HOST"),
            _ => failure,
        }
    }
}

impl From<ApplyError> for Failure {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Engine(engine) => engine.into(),
            ApplyError::Step { ref others, .. } => {
                let others = others
                    .iter()
                    .map(|(step, cause)| format!("it failed to {step} too: {}", chain(cause)));
                let remedies = error.remedy().map(str::to_owned).into_iter().chain(others);
                remedies.fold(Self::new(chain(&error)), Self::hint)
            }
            other => Self::new(chain(&other)),
        }
    }
}
