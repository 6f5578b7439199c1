//! SSH, spoken by this process itself: no program is started on this machine.
//!
//! Where to go ([`Destination`], from flags and `~/.ssh/config`) → whom we meet (`host_key`) → who we
//! are (`identity`) → what is said ([`Session`]: commands with their streams, bridges, a terminal).

mod config;
mod destination;
mod error;
mod handler;
mod host_key;
mod identity;
mod pattern;
mod session;
mod shell;
mod signing;
#[cfg(test)]
mod tests;

pub(crate) use destination::{Destination, SSH_PORT, Wanted};
pub(crate) use error::SshError;
pub(crate) use handler::NewHostKeys;
pub(crate) use session::{Bridged, Ended, Session, Source};
pub(crate) use shell::{Interactive, quote};
