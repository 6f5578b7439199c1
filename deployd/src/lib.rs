//! The Inertia daemon as a library: webhooks, git, deployments, history, over one Compose engine.
//!
//! ```text
//! push ──► webhook ─┐
//! `inertia up` ─────┼─► queue ──► worker of the project ──► fetch ► build ► start ► watch ──► release
//! poll ─────────────┘   (store)   (one at a time each)        └────── events ──► store ──► streams
//! ```
//!
//! [`serve`] runs it all; [`app`] is the API without a socket. What goes over the wire is in
//! [`wire`], what a project says about itself in [`settings`].

mod auth;
mod daemon;
mod deployment;
mod environment;
mod feed;
mod git;
pub mod hosting;
mod own_paths;
mod problem;
mod redact;
mod routes;
mod serve;
pub mod settings;
mod state_dir;
mod store;
mod tls;
pub mod trust;
mod vault;
mod webhook;
pub mod wire;

pub use daemon::{Config, Daemon, OpenError};
pub use routes::app;
pub use serve::{ServeError, serve};
pub use state_dir::StateDirError;
pub use store::StoreError;
pub use tls::TlsError;
