//! Everything a person may want to see while something happens, as data. Wording and drawing
//! belong to the front-ends.

use crate::engine::{BuildOutput, LogStream, PullProgress};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A step of a plan changed its state.
    Action {
        /// What the step is about.
        subject: Subject,
        /// What it does to it.
        verb: Verb,
        /// How far it is.
        phase: Phase,
    },
    /// A pull says how far it is.
    Pull {
        /// The image.
        image: String,
        /// How far.
        progress: PullProgress,
    },
    /// A build says something.
    Build {
        /// The service whose image it is.
        service: String,
        /// What it says.
        output: BuildOutput,
    },
    /// A container wrote a line: attached output, hooks, or the last words of a failed one.
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
    /// Something that does not stop anything but that a person should know.
    Warning {
        /// One sentence.
        message: String,
    },
}

/// What a step is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "name", rename_all = "lowercase")]
pub enum Subject {
    /// A container, by its name.
    Container(String),
    /// A network, by its name in the engine.
    Network(String),
    /// A volume, by its name in the engine.
    Volume(String),
    /// An image, by reference.
    Image(String),
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// Fetch an image.
    Pull,
    /// Build an image.
    Build,
    /// Make something.
    Create,
    /// Replace a container by one of a new configuration.
    Recreate,
    /// Start a container.
    Start,
    /// Wait for a container's condition.
    Wait,
    /// Stop a container.
    Stop,
    /// Restart a container.
    Restart,
    /// Remove something.
    Remove,
    /// Give another name.
    Rename,
    /// Join a network.
    Connect,
    /// Leave a network.
    Disconnect,
    /// Run again a container whose replacement failed.
    Restore,
    /// Send a signal to a container.
    Kill,
    /// Freeze a container.
    Pause,
    /// Let a frozen container go on.
    Unpause,
    /// Copy files into or out of a container.
    Copy,
    /// Make an image of a container.
    Commit,
    /// Write a container's files to an archive.
    Export,
    /// Send an image to its registry.
    Push,
}

/// How far a step is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It began.
    Started,
    /// It is done.
    Done {
        /// How long it took.
        took: Duration,
    },
    /// There was nothing to do: what is wanted is there.
    UpToDate,
    /// It failed.
    Failed {
        /// Why, in one sentence.
        message: String,
    },
    /// It was not tried, since something before it failed.
    Skipped,
}

/// Where events go. Must not block.
pub trait EventSink: Send + Sync {
    /// Takes one.
    fn emit(&self, event: Event);
}

impl<F: Fn(Event) + Send + Sync> EventSink for F {
    fn emit(&self, event: Event) {
        self(event);
    }
}

/// A sink for callers that do not want to know.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoEvents;

impl EventSink for NoEvents {
    fn emit(&self, _event: Event) {}
}
