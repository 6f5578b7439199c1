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

pub mod hosting;
pub mod settings;
#[cfg_attr(not(unix), expect(dead_code, reason = "the daemon connects to them"))]
mod ssh_address;
pub mod trust;
pub mod wire;

#[cfg(unix)]
mod daemon;
#[cfg(unix)]
pub use daemon::{Config, Daemon, OpenError, ServeError, StateDirError, StoreError, TlsError, app, serve};
