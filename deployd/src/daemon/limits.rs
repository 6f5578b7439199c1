//! How much the daemon does for anybody, in one place. What goes over the wire has its own in [`crate::wire`], and
//! `inertia.toml` in [`crate::settings`].

use compose_core::load::Limits;
use std::time::Duration;

/// What the files of a project may come to: several times what the largest applications of one machine hold, and what a
/// small machine loads within a second or two. A network of the engine takes about a thousand containers.
pub(crate) const PROJECT: Limits = Limits {
    values: 1_000_000,
    services: 2_000,
    containers: 1_000,
    image_name: 512,
};

/// How long a project may take to be checked out, loaded and planned.
pub(crate) const LONGEST_PREPARATION: Duration = Duration::from_mins(1);
/// How many plans of one project, and how many of one person, are made at a time.
pub(crate) const PLANS_FOR_ONE: usize = 2;
/// How many plans that somebody asks for are made at a time: a part of the threads, so that others find some.
pub(crate) const PLANS_AT_ONCE: usize = 4;
/// How many deployments are checked out and loaded at a time.
pub(crate) const DEPLOYMENTS_AT_ONCE: usize = 4;
/// How long to wait for room to plan.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// How long the name of a branch, a tag or a commit may be, in bytes: what a file system takes.
pub(crate) const LONGEST_REFERENCE: usize = 255;
/// How many variables a project may have.
pub(crate) const MOST_VARIABLES: usize = 1_000;
/// How many bytes their values may have together, sealed.
pub(crate) const ALL_VALUES: usize = 4 * 1024 * 1024;
/// How often the daemon may end in disorder under a deployment before that is given up.
pub(crate) const MOST_DEATHS: u32 = 2;
