//! What the crate does from outside. `live_…` modules speak to a Docker Engine and do nothing where none answers.

#![cfg_attr(feature = "engine", expect(clippy::unwrap_used, reason = "tests"))]

#[cfg(feature = "engine")]
mod live_build;
#[cfg(feature = "engine")]
mod live_engine;
#[cfg(feature = "engine")]
mod live_run;
mod live_up;
