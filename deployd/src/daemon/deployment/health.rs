//! Is what was started well? A pure judgement over what the containers do, and the watching that feeds it.

use compose_core::engine::{ContainerDetails, ContainerHealth, ContainerState, ContainerStatus, Engine, EngineError, Selector};
use compose_core::names::{ContainerId, ServiceName};
use futures::StreamExt as _;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::{sleep, timeout};

/// How long a container without a check must stay up.
const SETTLES_AFTER: Duration = Duration::from_secs(2);
/// How often the engine may start a container again before it counts as failed.
const MOST_RESTARTS: i64 = 5;
/// How often to look when the engine reports nothing.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// How one container does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Well, or done.
    Well,
    /// It cannot be told yet.
    Wait(&'static str),
    /// Not well.
    Ill(String),
}

/// What is known about a container besides its present state.
#[derive(Clone, Copy, Debug)]
struct Record {
    /// How often it had been started again when the watch began.
    restarts: i64,
    /// Since when it runs without a break, as far as was seen.
    up_since: Option<Instant>,
}

/// The containers of a release while it is watched.
#[derive(Debug, Default)]
struct Watch {
    records: BTreeMap<ContainerId, (Option<String>, Record)>,
}

impl Watch {
    /// Judges a container by what it did until now.
    fn judge(&mut self, details: &ContainerDetails, now: Instant) -> Verdict {
        let state = &details.state;
        let fresh = Record {
            restarts: state.restart_count,
            up_since: None,
        };
        let (started_at, record) = self.records.entry(details.id.clone()).or_insert((None, fresh));
        if *started_at != state.started_at || state.status != ContainerStatus::Running {
            started_at.clone_from(&state.started_at);
            record.up_since = None;
        }
        if state.status == ContainerStatus::Running {
            record.up_since.get_or_insert(now);
        }
        let seen_up = record.up_since.map_or(Duration::ZERO, |since| now.duration_since(since));
        let up_for = seen_up.max(said_to_be_up(state, OffsetDateTime::now_utc()));
        judge(details, up_for, state.restart_count - record.restarts)
    }
}

/// How long a container runs by what the engine says: one that was not touched need not prove itself again.
fn said_to_be_up(state: &ContainerState, now: OffsetDateTime) -> Duration {
    let started = state.started_at.as_deref().filter(|_| state.status == ContainerStatus::Running);
    let started = started.and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
    started.and_then(|at| Duration::try_from(now - at).ok()).unwrap_or_default()
}

/// Judges a container that has run for so long, and was started again so often.
fn judge(details: &ContainerDetails, up_for: Duration, restarts: i64) -> Verdict {
    let state = &details.state;
    let exited = || Verdict::Ill(format!("it exited with code {}", state.exit_code));
    if restarts >= MOST_RESTARTS {
        return Verdict::Ill(format!("it keeps exiting, last with code {}", state.exit_code));
    }
    match &state.status {
        ContainerStatus::Running | ContainerStatus::Paused => match state.health {
            ContainerHealth::Healthy => Verdict::Well,
            ContainerHealth::Unhealthy => Verdict::Ill("its health check fails".to_owned()),
            ContainerHealth::Starting => Verdict::Wait("its health check has not passed yet"),
            ContainerHealth::None if up_for >= SETTLES_AFTER => Verdict::Well,
            ContainerHealth::None => Verdict::Wait("it has not run long enough yet"),
        },
        ContainerStatus::Exited if state.exit_code == 0 => Verdict::Well,
        ContainerStatus::Exited => exited(),
        ContainerStatus::Restarting => Verdict::Wait("it keeps being restarted"),
        ContainerStatus::Created => match &state.error {
            Some(error) if !error.is_empty() => Verdict::Ill(format!("it could not start: {error}")),
            _ => Verdict::Wait("it has not started yet"),
        },
        ContainerStatus::Dead | ContainerStatus::Removing => Verdict::Ill("it was removed".to_owned()),
        ContainerStatus::Other(_) => Verdict::Wait("it is in a state that this version does not know"),
    }
}

/// Who is not well, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Illness {
    /// The service.
    pub(crate) service: ServiceName,
    /// The container.
    pub(crate) container: ContainerId,
    /// Why, in one sentence.
    pub(crate) reason: String,
    /// What its health check said last.
    pub(crate) check_output: Option<String>,
}

/// Watches containers until all are well, one is not, or the time is over.
pub(crate) async fn watch(
    engine: &dyn Engine,
    selector: &Selector,
    containers: &BTreeMap<ServiceName, Vec<ContainerId>>,
    limit: Duration,
) -> Result<Result<(), Illness>, EngineError> {
    let mut changes = engine.watch(selector).await?;
    let deadline = Instant::now() + limit;
    let mut watch = Watch::default();
    let mut reports = true;
    loop {
        let waiting = match look(engine, &mut watch, containers).await? {
            Look::Ill(illness) => return Ok(Err(illness)),
            Look::Well => return Ok(Ok(())),
            Look::Waiting(illness) => illness,
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let reason = format!("{} after {} s", waiting.reason, limit.as_secs());
            return Ok(Err(Illness { reason, ..waiting }));
        }
        let pause = LOOK_AGAIN.min(left);
        if reports {
            // An engine whose reports have ended is looked at all the same.
            reports = !matches!(timeout(pause, changes.next()).await, Ok(None | Some(Err(_))));
        } else {
            sleep(pause).await;
        }
    }
}

enum Look {
    Well,
    Waiting(Illness),
    Ill(Illness),
}

async fn look(engine: &dyn Engine, watch: &mut Watch, containers: &BTreeMap<ServiceName, Vec<ContainerId>>) -> Result<Look, EngineError> {
    let mut waiting = None;
    for (service, ids) in containers {
        for id in ids {
            let found = engine.inspect_container(id).await?;
            let verdict = match &found {
                Some(details) => watch.judge(details, Instant::now()),
                None => Verdict::Ill("it was removed".to_owned()),
            };
            let illness = |reason: &str| Illness {
                service: service.clone(),
                container: id.clone(),
                reason: reason.to_owned(),
                check_output: found.as_ref().and_then(|details| details.state.health_log.last().cloned()),
            };
            match verdict {
                Verdict::Well => {}
                Verdict::Wait(reason) => waiting = Some(illness(reason)),
                Verdict::Ill(reason) => return Ok(Look::Ill(illness(&reason))),
            }
        }
    }
    Ok(waiting.map_or(Look::Well, Look::Waiting))
}

#[cfg(test)]
mod tests {
    use super::*;
    use compose_core::names::{ContainerName, ImageId};

    fn container(status: ContainerStatus, health: ContainerHealth, exit_code: i64) -> ContainerDetails {
        ContainerDetails {
            id: ContainerId::new("c"),
            name: ContainerName::new("web-1"),
            image: "web".to_owned(),
            image_id: ImageId::new("sha256:1"),
            state: ContainerState {
                status,
                health,
                exit_code,
                error: None,
                health_log: Vec::new(),
                restart_count: 0,
                started_at: Some("t".to_owned()),
                finished_at: None,
            },
            labels: BTreeMap::new(),
            tty: false,
            mounts: Vec::new(),
            networks: BTreeMap::new(),
            restart_policy: None,
        }
    }

    fn verdict(status: ContainerStatus, health: ContainerHealth, exit_code: i64) -> &'static str {
        match judge(&container(status, health, exit_code), Duration::ZERO, 0) {
            Verdict::Well => "well",
            Verdict::Wait(_) => "wait",
            Verdict::Ill(_) => "ill",
        }
    }

    #[test]
    fn a_check_decides_where_there_is_one() {
        use ContainerStatus::Running;
        assert_eq!(verdict(Running, ContainerHealth::Healthy, 0), "well");
        assert_eq!(verdict(Running, ContainerHealth::Starting, 0), "wait");
        assert_eq!(verdict(Running, ContainerHealth::Unhealthy, 0), "ill");
    }

    #[test]
    fn a_one_shot_is_done_when_it_exits_with_zero() {
        assert_eq!(verdict(ContainerStatus::Exited, ContainerHealth::None, 0), "well");
        assert_eq!(verdict(ContainerStatus::Exited, ContainerHealth::None, 1), "ill");
        assert_eq!(verdict(ContainerStatus::Restarting, ContainerHealth::None, 1), "wait");
        assert_eq!(verdict(ContainerStatus::Dead, ContainerHealth::None, 0), "ill");
    }

    #[test]
    fn without_a_check_it_must_stay_up() {
        let mut watch = Watch::default();
        let mut details = container(ContainerStatus::Running, ContainerHealth::None, 0);
        let begin = Instant::now();
        let later = |seconds| begin + Duration::from_secs(seconds);
        assert!(matches!(watch.judge(&details, begin), Verdict::Wait(_)));
        // It was started again in between: the time begins anew.
        details.state.started_at = Some("u".to_owned());
        assert!(matches!(watch.judge(&details, later(2)), Verdict::Wait(_)));
        assert_eq!(watch.judge(&details, later(4)), Verdict::Well);
    }

    #[test]
    fn what_was_not_touched_need_not_prove_itself() {
        let mut details = container(ContainerStatus::Running, ContainerHealth::None, 0);
        let up = |details: &ContainerDetails| {
            let now = OffsetDateTime::parse("2026-01-01T00:00:30Z", &Rfc3339).expect("a time");
            said_to_be_up(&details.state, now)
        };
        details.state.started_at = Some("2026-01-01T00:00:00.5Z".to_owned());
        assert_eq!(up(&details), Duration::from_millis(29_500));
        for other in ["2026-01-01T00:01:00Z", "0001-01-01T00:00:00Z x", ""] {
            details.state.started_at = Some(other.to_owned());
            assert_eq!(up(&details), Duration::ZERO, "{other}");
        }
        details.state.status = ContainerStatus::Exited;
        details.state.started_at = Some("2026-01-01T00:00:00Z".to_owned());
        assert_eq!(up(&details), Duration::ZERO);
    }

    #[test]
    fn restarts_before_the_watch_do_not_count_and_too_many_in_it_do() {
        let mut watch = Watch::default();
        let mut details = container(ContainerStatus::Restarting, ContainerHealth::None, 3);
        details.state.restart_count = 40;
        assert!(matches!(watch.judge(&details, Instant::now()), Verdict::Wait(_)));
        details.state.restart_count = 40 + MOST_RESTARTS;
        assert_eq!(
            watch.judge(&details, Instant::now()),
            Verdict::Ill("it keeps exiting, last with code 3".to_owned())
        );
    }
}
