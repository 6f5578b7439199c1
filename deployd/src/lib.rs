//! The Inertia daemon as a library: webhooks, git, deployments, history, over one Compose engine.
//!
//! ```text
//! push ──► webhook ─┐
//! `inertia up` ─────┼─► queue ──► worker of the project ──► fetch ► build ► start ► watch ──► release
//! poll ─────────────┘   (store)   (one at a time each)        └────── events ──► store ──► streams
//! ```
//!
//! [`serve`] runs it all; [`app`] is the API without a socket. What goes over the wire is in
//! [`wire`], what a project says about itself in [`settings`]: these are for clients everywhere, the
//! daemon itself runs on Unix.

#[cfg(unix)]
mod auth;
#[cfg(unix)]
mod daemon;
#[cfg(unix)]
mod deployment;
#[cfg(unix)]
mod environment;
#[cfg(unix)]
mod feed;
#[cfg(unix)]
mod git;
/// The addresses of repositories, for clients that run elsewhere.
#[cfg(not(unix))]
#[expect(dead_code, reason = "the daemon connects to them")]
mod git {
    #[path = "ssh/address.rs"]
    mod address;
    pub(crate) use address::SshAddress;
}
pub mod hosting;
#[cfg(unix)]
mod own_paths;
#[cfg(unix)]
mod problem;
#[cfg(unix)]
mod redact;
#[cfg(unix)]
mod routes;
#[cfg(unix)]
mod serve;
pub mod settings;
#[cfg(unix)]
mod state_dir;
#[cfg(unix)]
mod store;
#[cfg(unix)]
mod tls;
pub mod trust;
#[cfg(unix)]
mod vault;
#[cfg(unix)]
mod webhook;
pub mod wire;

#[cfg(unix)]
pub use daemon::{Config, Daemon, OpenError};
#[cfg(unix)]
pub use routes::app;
#[cfg(unix)]
pub use serve::{ServeError, serve};
#[cfg(unix)]
pub use state_dir::StateDirError;
#[cfg(unix)]
pub use store::StoreError;
#[cfg(unix)]
pub use tls::TlsError;
