//! What happens, as it is told while it happens.

use super::deployments::DeploymentState;
use compose_core::engine::LogStream;
use compose_core::event::{Subject, Verb};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::serde::rfc3339;

/// One item of a deployment's event stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamEvent {
    /// Its number in the deployment, from 1; `Last-Event-ID` continues after it.
    pub seq: u64,
    /// When it happened.
    #[serde(with = "rfc3339")]
    pub at: OffsetDateTime,
    /// What happened.
    pub event: EventBody,
}

/// What happened. After a final `state` the stream ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventBody {
    /// The deployment entered a state.
    State {
        /// Which.
        state: DeploymentState,
        /// Why, where that needs a reason.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Something a person wants to know: the commit that was found, what is waited for.
    Note {
        /// One sentence.
        message: String,
    },
    /// Something that does not stop anything but that a person should know.
    Warning {
        /// One sentence.
        message: String,
    },
    /// A step of a plan changed its state.
    Step {
        /// What the step is about.
        subject: Subject,
        /// What it does to it.
        verb: Verb,
        /// How far it is.
        phase: StepPhase,
    },
    /// A pull says how far it is.
    Pull {
        /// The image.
        image: String,
        /// The layer, where it is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        layer: Option<String>,
        /// The engine's words.
        status: String,
    },
    /// A build says something.
    Build {
        /// The service whose image it is.
        service: String,
        /// What kind of line.
        kind: BuildLine,
        /// What it says.
        text: String,
    },
    /// A container wrote a line: hooks, or the last words of a failed one.
    Output {
        /// The service.
        service: String,
        /// The container's name.
        container: String,
        /// Which output.
        stream: LogStream,
        /// The line, without its end.
        line: String,
    },
}

/// How far a step is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum StepPhase {
    /// It began.
    Started,
    /// It is done.
    Done {
        /// How long it took, in milliseconds.
        took_ms: u64,
    },
    /// There was nothing to do.
    UpToDate,
    /// It failed.
    Failed {
        /// Why.
        message: String,
    },
    /// It was not tried, since something before it failed.
    Skipped,
}

/// What kind of line a build wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BuildLine {
    /// A step begins.
    Step,
    /// Output of a step.
    Line,
    /// A step came from the cache.
    Cached,
}
