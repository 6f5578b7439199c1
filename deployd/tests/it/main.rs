//! The daemon as its users see it: the API without a socket and with one, over an engine in memory
//! and repositories in folders.

#![expect(clippy::unwrap_used, reason = "tests")]

mod access;
mod bench;
mod deployments;
mod description;
mod down;
mod engine_faults;
mod files;
mod foresight;
mod git_server;
mod https;
mod images;
mod interruptions;
mod limits;
mod parts;
mod people;
mod projects;
mod pushes;
mod reboots;
mod secrets;
mod ssh;
mod webhooks;
