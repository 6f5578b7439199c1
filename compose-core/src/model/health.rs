//! Health checks.

use super::extension::Extensions;
use super::units::Duration;

/// How the engine finds out whether a container is healthy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HealthCheck {
    /// The command; `None` for the image's own.
    pub test: Option<HealthTest>,
    /// Time between checks.
    pub interval: Option<Duration>,
    /// Time after which a check has failed.
    pub timeout: Option<Duration>,
    /// Failures in a row that make it unhealthy.
    pub retries: Option<u64>,
    /// Time at the start in which failures do not count.
    pub start_period: Option<Duration>,
    /// Time between checks while starting.
    pub start_interval: Option<Duration>,
    /// The image's check is switched off.
    pub disable: bool,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// A check's command as the engine takes it: `["CMD", …]`, `["CMD-SHELL", …]` or `["NONE"]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealthTest(pub Vec<String>);
