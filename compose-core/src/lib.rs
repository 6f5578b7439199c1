//! A native Compose engine.

pub mod build;
pub mod diagnostic;
pub mod hash;
pub mod labels;
pub mod load;
pub mod model;
pub mod names;
pub mod observe;
pub mod plan;
pub mod print;
#[cfg(test)]
mod sample;
pub mod source;

#[cfg(feature = "engine")]
pub mod apply;
#[cfg(feature = "engine")]
pub mod commands;
#[cfg(feature = "engine")]
pub mod engine;
#[cfg(feature = "engine")]
pub mod event;
#[cfg(feature = "docker-compose-types")]
pub mod interop;
