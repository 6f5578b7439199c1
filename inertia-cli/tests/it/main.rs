//! The command line from outside, in an environment of its own.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(missing_docs, reason = "tests are named for what they show")]

mod config;
mod daemon;
mod git_host;
#[path = "../../../deployd/tests/it/git_server.rs"]
mod git_server;
mod hostile;
mod people;
mod place;
mod register;
mod remotes;
mod servers;
mod start;
mod usage;

/// The version is told without an engine, a project or a home.
#[test]
fn version_needs_nothing() {
    let place = place::Place::new();
    let told = place.inertia(&["compose", "version", "--short"]);
    assert_eq!((told.code, told.out.trim()), (0, env!("CARGO_PKG_VERSION")));
}
