//! Quantities: durations in nanoseconds and sizes in bytes, parsed and printed as the reference does.

mod duration;
mod size;

pub use duration::{Duration, InvalidDuration};
pub use size::{ByteSize, InvalidSize};
