//! The Inertia daemon as a library.

pub mod settings;
pub mod wire;
