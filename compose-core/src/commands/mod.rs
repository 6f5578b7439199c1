//! What people ask for, each a page: observe → plan → apply.

mod build;
mod down;
mod lifecycle;
mod logs;
mod overrides;
mod plan;
mod ps;
mod pull;
mod rm;
mod run;
mod up;

pub use crate::apply::Context;
pub use crate::plan::{BuildChoice, ImageChoice, ImageRemoval, Recreate, RemovalPolicy};
pub use build::{BuildOptions, build};
pub use down::{DownOptions, down, down_plan};
pub use lifecycle::{Lifecycle, LifecycleOptions, lifecycle, lifecycle_plan};
pub use logs::{LogLine, LogOptions, logs};
pub use overrides::{InvalidOverride, Overrides, Publish};
pub use plan::{Plans, plan, plans};
pub use ps::{ContainerRow, ps};
pub use pull::{PullOptions, pull};
pub use rm::rm_plan;
pub use run::{RunOptions, make_one_off};
pub use up::{UpOptions, UpOutcome, up};

use std::time::{SystemTime, UNIX_EPOCH};

/// The present, in seconds since 1970: the one look at the clock, for policies such as `daily`.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
