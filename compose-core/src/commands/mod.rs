//! What people ask for, each a page: observe → plan → apply.

mod build;
mod down;
mod lifecycle;
mod logs;
mod plan;
mod ps;
mod pull;
mod up;

pub use crate::apply::Context;
pub use crate::plan::{BuildChoice, ImageChoice, ImageRemoval, Recreate};
pub use build::{BuildOptions, build};
pub use down::{DownOptions, down};
pub use lifecycle::{LifecycleOptions, restart, start, stop};
pub use logs::{LogLine, LogOptions, logs};
pub use plan::{Plans, plan};
pub use ps::{ContainerRow, ps};
pub use pull::{PullOptions, pull};
pub use up::{UpOptions, UpOutcome, up};

use std::time::{SystemTime, UNIX_EPOCH};

/// The present, in seconds since 1970: the one look at the clock, for policies such as `daily`.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
