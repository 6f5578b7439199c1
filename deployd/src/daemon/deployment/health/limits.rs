//! How long a release may take to become healthy: what `inertia.toml` says, else what the project's own checks need.

use crate::settings::{DEFAULT_HEALTH_TIMEOUT, ProjectSettings};
use compose_core::model::{self, Condition, HealthCheck, Project, Service};
use compose_core::names::ServiceName;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// How much longer than becoming healthy the changes of containers may take: stopping old ones and making new ones.
const CHANGING: Duration = Duration::from_mins(2);
/// What an engine takes for a check's interval and timeout where nobody says.
const USUAL_CHECK: Duration = Duration::from_secs(30);
/// What an engine takes for the time between checks while a container starts.
const USUAL_START_CHECK: Duration = Duration::from_secs(5);
/// How many failures in a row make a container unhealthy where nobody says.
const USUAL_RETRIES: u64 = 3;

/// How long an engine gives a container to stop where nobody says.
const USUAL_GRACE: Duration = Duration::from_secs(10);

/// How long a release may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Until all that was started is well.
    pub(crate) health: HealthTimeout,
    /// Until the containers are changed, and those are well that others wait for.
    pub(crate) changes: Duration,
}

/// The `health_timeout` in force, and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HealthTimeout {
    /// `inertia.toml`.
    Set(Duration),
    /// Nobody: it is what the project's health checks need, and a minute at least.
    Needed(Duration),
}

impl HealthTimeout {
    /// How long it is.
    pub(crate) fn span(self) -> Duration {
        match self {
            Self::Set(span) | Self::Needed(span) => span,
        }
    }
}

impl fmt::Display for HealthTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set(span) => write!(f, "health_timeout is {} in inertia.toml", seconds(*span)),
            Self::Needed(span) => write!(f, "health_timeout is {}, since inertia.toml does not say", seconds(*span)),
        }
    }
}

/// A span of time in words.
pub(crate) fn seconds(span: Duration) -> String {
    match span.subsec_millis() {
        0 => format!("{} s", span.as_secs()),
        _ => format!("{:.1} s", span.as_secs_f64()),
    }
}

impl Limits {
    /// The limits of a project.
    pub(crate) fn of(project: &Project, settings: &ProjectSettings) -> Self {
        let health = settings
            .health_timeout
            .map_or_else(|| HealthTimeout::Needed(needed(project)), HealthTimeout::Set);
        let waits = match health {
            HealthTimeout::Set(span) => span,
            HealthTimeout::Needed(span) => span.max(longest_wait(project)),
        };
        Self {
            health,
            changes: waits.saturating_add(CHANGING).saturating_add(longest_stops(project)),
        }
    }
}

/// How long the slowest of the project's health checks may take to say that a container is healthy.
fn needed(project: &Project) -> Duration {
    let checks = project.services.values().map(verdict_after);
    checks.max().unwrap_or_default().max(DEFAULT_HEALTH_TIMEOUT)
}

/// Until when the engine has called a service's container healthy or unhealthy; nothing without a check of the compose file.
fn verdict_after(service: &Service) -> Duration {
    let is_none = |check: &HealthCheck| {
        check
            .test
            .as_ref()
            .is_some_and(|test| test.0.first().is_some_and(|word| word == "NONE"))
    };
    let check = service.lifecycle.healthcheck.as_ref();
    let check = check.filter(|check| !check.disable && !is_none(check));
    check.map(until_verdict).unwrap_or_default()
}

fn until_verdict(check: &HealthCheck) -> Duration {
    let or = |span: Option<model::Duration>, usual| span.map(span_of).filter(|span| !span.is_zero()).unwrap_or(usual);
    let round = or(check.interval, USUAL_CHECK).saturating_add(or(check.timeout, USUAL_CHECK));
    let retries = check.retries.filter(|retries| *retries > 0).unwrap_or(USUAL_RETRIES);
    let tries = round.saturating_mul(u32::try_from(retries).unwrap_or(u32::MAX));
    let start = check.start_period.map(span_of).unwrap_or_default();
    // A check that begins as the period ends counts from the next one on.
    let last = if start.is_zero() {
        Duration::ZERO
    } else {
        or(check.start_interval, USUAL_START_CHECK)
    };
    start.saturating_add(last).saturating_add(tries)
}

/// The longest chain of services that wait for the health of one another.
fn longest_wait(project: &Project) -> Duration {
    let waits = |condition| condition == Condition::Healthy;
    longest_chain(
        project,
        &Links {
            follows: &waits,
            takes: &verdict_after,
        },
    )
}

/// How long stopping may take: what depends on another stops only once that has been replaced.
fn longest_stops(project: &Project) -> Duration {
    let follows = |_| true;
    longest_chain(
        project,
        &Links {
            follows: &follows,
            takes: &grace,
        },
    )
}

/// How long a service's containers may take to stop.
fn grace(service: &Service) -> Duration {
    service.lifecycle.stop_grace_period.map_or(USUAL_GRACE, span_of)
}

/// What chains services.
struct Links<'a> {
    /// Whether a service's turn comes only after that of what it depends on with this condition.
    follows: &'a dyn Fn(Condition) -> bool,
    /// How long a service takes.
    takes: &'a dyn Fn(&Service) -> Duration,
}

/// How long the longest chain of services takes.
fn longest_chain(project: &Project, links: &Links<'_>) -> Duration {
    let mut known = BTreeMap::new();
    let names = project.services.keys();
    names
        .map(|name| chain_to(project, name, links, &mut known))
        .max()
        .unwrap_or_default()
}

/// How long a service takes with all that comes before it. What depends on itself does not load.
fn chain_to<'a>(
    project: &'a Project,
    name: &'a ServiceName,
    links: &Links<'_>,
    known: &mut BTreeMap<&'a ServiceName, Duration>,
) -> Duration {
    if let Some(chain) = known.get(name) {
        return *chain;
    }
    let Some(service) = project.services.get(name) else {
        return Duration::ZERO;
    };
    known.insert(name, Duration::ZERO);
    let mut before = Duration::ZERO;
    for (other, dependency) in &service.lifecycle.depends_on {
        if (links.follows)(dependency.condition) {
            before = before.max(chain_to(project, other, links, known));
        }
    }
    let chain = before.saturating_add((links.takes)(service));
    known.insert(name, chain);
    chain
}

/// A span of the compose file; one that goes backwards is none.
pub(super) fn span_of(span: model::Duration) -> Duration {
    Duration::from_nanos(u64::try_from(span.0).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use compose_core::load::Loader;

    fn project(services: &str) -> Project {
        let temp = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(temp.path().join("compose.yaml"), format!("services:\n{services}")).expect("written");
        let loaded = Loader::new(temp.path()).default_project_name("shop").load();
        loaded.expect("a project").project
    }

    fn limits(services: &str, health_timeout: Option<Duration>) -> Limits {
        let settings = ProjectSettings {
            health_timeout,
            ..ProjectSettings::default()
        };
        Limits::of(&project(services), &settings)
    }

    #[test]
    fn checks_lengthen_what_nobody_said() {
        for (check, wanted) in [
            ("", 60),
            ("healthcheck: {test: x, interval: 1s, timeout: 2s, retries: 3}", 60),
            ("healthcheck: {test: x}", 180),
            ("healthcheck: {test: x, interval: 10s, timeout: 5s, retries: 10}", 150),
            (
                "healthcheck: {test: x, interval: 10s, timeout: 10s, retries: 1, start_period: 2m}",
                120 + 5 + 20,
            ),
            (
                "healthcheck: {test: x, interval: 10s, timeout: 10s, retries: 1, start_period: 2m, start_interval: 30s}",
                120 + 30 + 20,
            ),
            ("healthcheck: {disable: true}", 60),
            ("healthcheck: {test: [NONE]}", 60),
        ] {
            let limits = limits(&format!("  web:\n    image: web\n    {check}\n"), None);
            assert_eq!(limits.health, HealthTimeout::Needed(Duration::from_secs(wanted)), "{check}");
        }
    }

    #[test]
    fn what_inertia_toml_says_holds_as_it_is() {
        let service = "  web:\n    image: web\n    healthcheck: {test: x, start_period: 1h}\n";
        for span in [Duration::from_secs(3), Duration::from_hours(9), Duration::MAX] {
            let limits = limits(service, Some(span));
            assert_eq!(limits.health, HealthTimeout::Set(span));
            assert_eq!(limits.changes, span.saturating_add(CHANGING).saturating_add(USUAL_GRACE));
        }
    }

    #[test]
    fn services_that_wait_for_one_another_add_up() {
        let check = "healthcheck: {test: x, interval: 50s, timeout: 50s, retries: 1}";
        let chain = format!(
            "  a: {{image: i, {check}}}\n  b: {{image: i, {check}, depends_on: {{a: {{condition: service_healthy}}}}}}\n  \
             c: {{image: i, stop_grace_period: 7s, depends_on: {{b: {{condition: service_healthy}}}}}}\n  d: {{image: i, depends_on: [c]}}\n"
        );
        let limits = limits(&chain, None);
        assert_eq!(limits.health.span(), Duration::from_secs(100));
        assert_eq!(
            limits.changes,
            Duration::from_secs(200 + 120 + (10 + 10 + 7 + 10)),
            "each stops in its turn"
        );
    }

    #[test]
    fn no_length_is_too_long() {
        let endless =
            "healthcheck: {test: x, interval: 2000000h, timeout: 2000000h, retries: 18446744073709551615, start_period: 2000000h}";
        let limits = limits(
            &format!("  a: {{image: i, {endless}}}\n  b: {{image: i, {endless}, depends_on: {{a: {{condition: service_healthy}}}}}}\n"),
            None,
        );
        assert!(limits.changes >= limits.health.span());
    }

    #[test]
    fn who_says_how_long_is_told() {
        assert_eq!(
            HealthTimeout::Set(Duration::from_millis(1500)).to_string(),
            "health_timeout is 1.5 s in inertia.toml"
        );
        assert_eq!(
            HealthTimeout::Needed(Duration::from_mins(3)).to_string(),
            "health_timeout is 180 s, since inertia.toml does not say"
        );
    }
}
