//! Quantities: durations in nanoseconds and sizes in bytes, parsed and printed as the reference does.

/// A span of time in nanoseconds; may be negative, as Go's may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(pub i64);

impl Duration {
    /// The duration as the standard library's, zero when negative.
    pub fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_nanos(u64::try_from(self.0).unwrap_or(0))
    }
}

/// An amount of memory or storage in bytes; -1 where an attribute knows "unlimited".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(pub i64);
