//! Deployments: from a commit to running containers, one at a time per project.
//!
//! [`state`] says which states follow which, [`queue`] who waits; [`workers`] runs one task per
//! project, which starts what went down with the engine ([`revival`]), runs one [`attempt`] after the other and goes on
//! [`polling`] meanwhile. An attempt reads its [`origin`], prepares [`source`] files,
//! [`files`] places what containers mount, [`preflight`] finds out what cannot be had, [`converge`] drives the engine, [`health`]
//! judges, [`release_images`] sees to it that a release can come back. What the engine does not do because it is not there or not
//! well is tried [`again`].

mod again;
pub(crate) mod attempt;
mod changes;
mod checkout_reader;
pub(crate) mod converge;
pub(crate) mod conversations;
pub(crate) mod dirs;
pub(crate) mod files;
pub(crate) mod health;
pub(crate) mod looks;
pub(crate) mod operations;
pub(crate) mod origin;
mod patience;
mod polling;
pub(crate) mod preflight;
pub(crate) mod queue;
pub(crate) mod recorder;
pub(crate) mod release_images;
mod revival;
pub(crate) mod source;
pub(crate) mod state;
pub(crate) mod turns;
pub(crate) mod uses;
pub(crate) mod workers;
