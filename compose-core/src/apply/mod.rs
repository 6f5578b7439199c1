//! Runs a plan against an engine.

/// Why a plan did not come to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// The engine did not do what a step asked for.
    #[error(transparent)]
    Engine(#[from] crate::engine::EngineError),
}
