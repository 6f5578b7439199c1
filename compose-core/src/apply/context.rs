//! What carrying out a plan needs besides the plan.

use crate::engine::Engine;
use crate::engine::request::PathMap;
use crate::event::EventSink;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What every command needs besides a project.
#[derive(Clone)]
pub struct Context {
    /// The engine to drive.
    pub engine: Arc<dyn Engine>,
    /// How the engine's host calls our paths.
    pub paths: PathMap,
    /// Where progress goes.
    pub events: Arc<dyn EventSink>,
    /// Ends the command: what has begun is finished, nothing new begins.
    pub cancel: CancellationToken,
    /// Most requests to the engine at a time.
    pub parallel: usize,
}
