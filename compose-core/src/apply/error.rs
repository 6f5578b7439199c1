//! Why a plan did not come to its end.

use crate::build::BuildError;
use crate::engine::request::RequestError;
use crate::engine::{EngineError, Trouble};
use crate::names::{ContainerName, ServiceName};
use crate::plan::PlanError;
use std::time::Duration;

/// Why a plan did not come to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// The engine could not be asked what is there.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// No plan could be made.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A step failed; what came after it was not tried, everything else was done.
    #[error("{}", step_sentence(step, cause))]
    Step {
        /// What the step was to do.
        step: String,
        /// Why it failed.
        #[source]
        cause: StepError,
        /// Other steps that failed: what they were to do, and why.
        others: Vec<(String, StepError)>,
        /// What was not done.
        undone: Undone,
    },
    /// The caller ended it; what had begun was finished.
    #[error("cancelled")]
    Cancelled,
}

/// What was not done of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undone {
    /// Containers are still there whose time is over: nothing that is wanted is missing.
    Clearing,
    /// What is wanted.
    Work,
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// The engine refused or failed.
    #[error("{}", .0.sentence())]
    Engine(EngineError),
    /// The service asks for what this engine cannot do.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The build section asks for what cannot be done.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// What was waited for did not come.
    #[error(transparent)]
    Wait(#[from] WaitError),
    /// A hook ended with another code than 0.
    #[error("{point} hook of {container} exited with code {code}")]
    Hook {
        /// Which hook.
        point: &'static str,
        /// The container in which it ran.
        container: ContainerName,
        /// Its exit code.
        code: i64,
    },
    /// The plan names something that the project given with it does not have.
    #[error("the project has no {what}, which the plan needs")]
    NotInProject {
        /// What: `service web`.
        what: String,
    },
    /// The caller ended it.
    #[error("cancelled")]
    Cancelled,
}

impl StepError {
    fn trouble(&self) -> Option<Trouble> {
        match self {
            Self::Engine(error) => error.trouble(),
            Self::Wait(WaitError {
                kind: WaitErrorKind::Engine(_),
                ..
            }) => Some(Trouble::Unwell),
            _ => None,
        }
    }
}

impl From<EngineError> for StepError {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

/// What was waited for says by itself what is wrong; everything else is about what was to be done.
fn step_sentence(step: &str, cause: &StepError) -> String {
    match cause {
        StepError::Wait(_) | StepError::Hook { .. } | StepError::Cancelled => cause.to_string(),
        _ => format!("cannot {step}: {cause}"),
    }
}

impl ApplyError {
    /// What is wrong with the engine, where that is why: the same may go well later.
    pub fn trouble(&self) -> Option<Trouble> {
        match self {
            Self::Engine(error) => error.trouble(),
            Self::Step { cause, others, .. } => {
                let causes = std::iter::once(cause).chain(others.iter().map(|(_, error)| error));
                causes.filter_map(StepError::trouble).max()
            }
            Self::Plan(_) | Self::Cancelled => None,
        }
    }

    /// Whether everything that is wanted was done, and only what should be gone is still there.
    pub fn is_of_clearing(&self) -> bool {
        matches!(
            self,
            Self::Step {
                undone: Undone::Clearing,
                ..
            }
        )
    }

    /// What a person can do about it, where that is known.
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Engine(error)
            | Self::Step {
                cause: StepError::Engine(error),
                ..
            } => error.remedy(),
            _ => None,
        }
    }
}

/// Why waiting for a service was in vain.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct WaitError {
    /// The service.
    pub service: ServiceName,
    /// The container that is to blame; `None` when time ran out.
    pub container: Option<ContainerName>,
    /// What happened.
    pub kind: WaitErrorKind,
    /// Its last lines of output.
    pub log: Vec<String>,
    /// The output of its last health checks.
    pub health_log: Vec<String>,
}

/// What happened to what was waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitErrorKind {
    /// Its health check fails.
    Unhealthy,
    /// It ended before it was healthy, or with another code than 0.
    Exited {
        /// The code.
        code: i64,
    },
    /// Its end with code 0 was awaited, and it ended with another.
    Unsuccessful {
        /// The code.
        code: i64,
    },
    /// It has no health check, so it will never be healthy.
    NoHealthCheck,
    /// It was removed.
    Gone,
    /// It took longer than the caller would wait.
    TimedOut {
        /// How long that was.
        after: Duration,
    },
    /// The engine could not be asked.
    Engine(String),
}

impl WaitError {
    fn sentence(&self) -> String {
        let container = self
            .container
            .as_ref()
            .map_or_else(|| self.service.to_string(), ToString::to_string);
        match &self.kind {
            WaitErrorKind::Unhealthy => format!("dependency failed to start: container {container} is unhealthy"),
            WaitErrorKind::Exited { code } => format!("dependency failed to start: container {container} exited ({code})"),
            WaitErrorKind::Unsuccessful { code } => {
                format!(
                    "service \"{}\" didn't complete successfully: exit {code} (container {container})",
                    self.service
                )
            }
            WaitErrorKind::NoHealthCheck => {
                format!("dependency failed to start: container {container} has no healthcheck configured")
            }
            WaitErrorKind::Gone => format!("dependency failed to start: container {container} was removed"),
            WaitErrorKind::TimedOut { after } => format!("timeout waiting for {}: not ready after {after:?}", self.service),
            WaitErrorKind::Engine(message) => format!("cannot tell how {container} is: {message}"),
        }
    }
}
