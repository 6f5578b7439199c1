//! The judgement over one container: a pure function of what it does and of what it did since it is watched.

use super::limits::seconds;
use compose_core::engine::{ContainerHealth, ContainerState, ContainerStatus};
use std::time::{Duration, Instant};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// How often the engine may start a container again before it counts as failed.
const MOST_RESTARTS: i64 = 5;

/// How one container does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Well, or done.
    Well,
    /// It cannot be told yet.
    Wait(String),
    /// Not well.
    Ill(String),
}

/// What a container has to show before it is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Proof {
    /// How long one that nothing else is known of must run without a break.
    pub(super) settle: Duration,
    /// How long a check must go on passing after it first did.
    pub(super) pass: Duration,
}

/// What a container did since it is watched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lives {
    /// How often it had been started again before anybody watched.
    restarts_before: i64,
    /// When its present life began, as the engine says.
    started_at: Option<String>,
    /// Since when it runs without a break.
    up_since: Option<Instant>,
    /// Since when its check passes.
    healthy_since: Option<Instant>,
    /// The longest of its lives that have ended.
    longest: Duration,
}

/// What [`Lives`] come to at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Record {
    restarts: i64,
    up_for: Duration,
    healthy_for: Duration,
    longest: Duration,
}

impl Lives {
    /// Of a container that ran before the release came: what it did before says nothing about the release.
    pub(super) fn of_old(state: &ContainerState) -> Self {
        Self {
            restarts_before: state.restart_count,
            ..Self::default()
        }
    }

    /// Judges a container by what it did until now.
    pub(super) fn judge(
        &mut self,
        state: &ContainerState,
        policy: Restarts,
        proof: Proof,
        (now, clock): (Instant, OffsetDateTime),
    ) -> Verdict {
        let is_up = matches!(state.status, ContainerStatus::Running | ContainerStatus::Paused);
        if !is_up || self.started_at != state.started_at {
            self.end(state, now);
        }
        self.started_at.clone_from(&state.started_at);
        if is_up {
            // The clock is asked once a life: it may be set meanwhile.
            self.up_since
                .get_or_insert_with(|| now.checked_sub(said_to_be_up(state, clock)).unwrap_or(now));
        }
        match state.health {
            ContainerHealth::Healthy if is_up => _ = self.healthy_since.get_or_insert(now),
            _ => self.healthy_since = None,
        }
        judge(state, policy, proof, self.record(state, now))
    }

    /// Its life is over, where it had one.
    fn end(&mut self, state: &ContainerState, now: Instant) {
        let Some(since) = self.up_since.take() else { return };
        let told = lasted(self.started_at.as_deref(), state.finished_at.as_deref());
        self.longest = self.longest.max(told.unwrap_or(now.saturating_duration_since(since)));
        self.healthy_since = None;
    }

    fn record(&self, state: &ContainerState, now: Instant) -> Record {
        let since = |begin: Option<Instant>| begin.map(|begin| now.saturating_duration_since(begin)).unwrap_or_default();
        Record {
            restarts: state.restart_count.saturating_sub(self.restarts_before).max(0),
            up_for: since(self.up_since),
            healthy_for: since(self.healthy_since),
            longest: self.longest,
        }
    }
}

/// When the engine starts a container again that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Restarts {
    /// Whatever it ended with.
    Always,
    /// Not where it ended with 0: then it is done.
    NotWhenDone,
}

impl Restarts {
    /// By the engine's word for it.
    pub(super) fn of(policy: Option<&str>) -> Self {
        match policy {
            Some("always" | "unless-stopped") => Self::Always,
            _ => Self::NotWhenDone,
        }
    }
}

fn judge(state: &ContainerState, policy: Restarts, proof: Proof, record: Record) -> Verdict {
    let wait = |text: &str| Verdict::Wait(text.to_owned());
    if record.restarts >= MOST_RESTARTS {
        return Verdict::Ill(format!("it keeps exiting, last with code {}", state.exit_code));
    }
    match &state.status {
        ContainerStatus::Running | ContainerStatus::Paused => judge_running(state.health, proof, record),
        ContainerStatus::Exited if state.exit_code != 0 => Verdict::Ill(format!("it exited with code {}", state.exit_code)),
        ContainerStatus::Exited if policy == Restarts::Always => wait("it has ended, with code 0, and is to run always"),
        ContainerStatus::Exited => Verdict::Well,
        ContainerStatus::Restarting => wait("it keeps being restarted"),
        ContainerStatus::Created => match &state.error {
            Some(error) if !error.is_empty() => Verdict::Ill(format!("it could not start: {error}")),
            _ => wait("it has not started yet"),
        },
        ContainerStatus::Dead | ContainerStatus::Removing => Verdict::Ill("it was removed".to_owned()),
        ContainerStatus::Other(_) => wait("it is in a state that this version does not know"),
    }
}

/// One that ended before must outlive what it did before twice, check or none.
fn judge_running(health: ContainerHealth, proof: Proof, record: Record) -> Verdict {
    let has_ended = record.restarts > 0 || !record.longest.is_zero();
    let needed = proof.settle.max(record.longest.saturating_mul(2));
    let has_settled = record.up_for >= needed;
    match health {
        ContainerHealth::Unhealthy => Verdict::Ill("its health check fails".to_owned()),
        ContainerHealth::Starting => Verdict::Wait("its health check has not passed yet".to_owned()),
        ContainerHealth::None | ContainerHealth::Healthy if has_settled => Verdict::Well,
        ContainerHealth::None | ContainerHealth::Healthy if has_ended => Verdict::Wait(format!(
            "it ended and was started again, and has not run for {} since",
            seconds(needed)
        )),
        ContainerHealth::Healthy if record.healthy_for >= proof.pass => Verdict::Well,
        ContainerHealth::Healthy => Verdict::Wait("its health check has only just passed".to_owned()),
        ContainerHealth::None => Verdict::Wait(format!("it has not run for {} yet", seconds(needed))),
    }
}

/// How long a container runs by what the engine says: one that was not touched need not prove itself again.
fn said_to_be_up(state: &ContainerState, clock: OffsetDateTime) -> Duration {
    let started = state.started_at.as_deref().and_then(moment);
    started.and_then(|at| Duration::try_from(clock - at).ok()).unwrap_or_default()
}

/// How long a life was, by what the engine says of its beginning and its end.
fn lasted(started_at: Option<&str>, finished_at: Option<&str>) -> Option<Duration> {
    let (from, to) = (moment(started_at?)?, moment(finished_at?)?);
    Duration::try_from(to - from).ok()
}

fn moment(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ContainerStatus::{Created, Dead, Exited, Restarting, Running};

    const PROOF: Proof = Proof {
        settle: Duration::from_secs(10),
        pass: Duration::from_secs(2),
    };

    fn state(status: ContainerStatus, health: ContainerHealth, exit_code: i64) -> ContainerState {
        ContainerState {
            status,
            health,
            exit_code,
            error: None,
            health_log: Vec::new(),
            restart_count: 0,
            started_at: None,
            finished_at: None,
        }
    }

    fn word(verdict: &Verdict) -> &'static str {
        match verdict {
            Verdict::Well => "well",
            Verdict::Wait(_) => "wait",
            Verdict::Ill(_) => "ill",
        }
    }

    fn seconds(number: u64) -> Duration {
        Duration::from_secs(number)
    }

    #[test]
    fn a_check_decides_where_there_is_one() {
        for (health, healthy_for, up_for, wanted) in [
            (ContainerHealth::Healthy, 0, 1, "wait"),
            (ContainerHealth::Healthy, 2, 3, "well"),
            (ContainerHealth::Healthy, 0, 10, "well"),
            (ContainerHealth::Starting, 0, 60, "wait"),
            (ContainerHealth::Unhealthy, 0, 60, "ill"),
        ] {
            let record = Record {
                healthy_for: seconds(healthy_for),
                up_for: seconds(up_for),
                ..Record::default()
            };
            let verdict = judge(&state(Running, health, 0), Restarts::NotWhenDone, PROOF, record);
            assert_eq!(word(&verdict), wanted, "{health:?} {healthy_for} {up_for}");
        }
    }

    #[test]
    fn what_has_ended_is_done_or_ill_by_its_code_and_its_restart_policy() {
        for (status, code, policy, wanted) in [
            (Exited, 0, None, "well"),
            (Exited, 0, Some("on-failure"), "well"),
            (Exited, 0, Some("always"), "wait"),
            (Exited, 0, Some("unless-stopped"), "wait"),
            (Exited, 1, None, "ill"),
            (Exited, 1, Some("on-failure"), "ill"),
            (Restarting, 0, Some("always"), "wait"),
            (Restarting, 1, Some("on-failure"), "wait"),
            (Created, 0, None, "wait"),
            (Dead, 0, None, "ill"),
        ] {
            let state = state(status.clone(), ContainerHealth::None, code);
            let verdict = judge(&state, Restarts::of(policy), PROOF, Record::default());
            assert_eq!(word(&verdict), wanted, "{status:?} {code} {policy:?}");
        }
    }

    #[test]
    fn one_that_ended_must_outlive_its_longest_life_twice() {
        for (health, longest, restarts, up_for, wanted) in [
            (ContainerHealth::None, 0, 0, 9, "wait"),
            (ContainerHealth::None, 0, 0, 10, "well"),
            (ContainerHealth::None, 0, 1, 9, "wait"),
            (ContainerHealth::None, 3, 1, 10, "well"),
            (ContainerHealth::None, 8, 1, 15, "wait"),
            (ContainerHealth::None, 8, 1, 16, "well"),
            (ContainerHealth::None, 8, 5, 16, "ill"),
            (ContainerHealth::Healthy, 8, 1, 15, "wait"),
            (ContainerHealth::Healthy, 8, 1, 16, "well"),
        ] {
            let record = Record {
                restarts,
                longest: seconds(longest),
                up_for: seconds(up_for),
                healthy_for: seconds(up_for),
            };
            let verdict = judge(&state(Running, health, 1), Restarts::Always, PROOF, record);
            assert_eq!(word(&verdict), wanted, "{health:?} {longest} {restarts} {up_for}");
        }
    }

    /// What a container without a check does from second to second: since when it runs then, and how often it was restarted.
    fn course(lives: &[u64]) -> impl Fn(u64) -> (u64, i64) {
        let lives = lives.to_vec();
        move |at| {
            let (mut begin, mut restarts) = (0, 0);
            for life in lives.iter().cycle() {
                if begin + life > at {
                    break;
                }
                begin += life;
                restarts += 1;
            }
            (begin, restarts)
        }
    }

    /// When and how it is judged, looked at each second.
    fn judged(lives: &[u64]) -> (u64, &'static str) {
        let (begin, clock, course) = (Instant::now(), OffsetDateTime::UNIX_EPOCH, course(lives));
        let mut watched = Lives::default();
        for second in 0..120 {
            let (since, restarts) = course(second);
            let at = |second: u64| (clock + seconds(second)).format(&Rfc3339).ok();
            let state = ContainerState {
                restart_count: restarts,
                started_at: at(since),
                finished_at: at(since),
                ..state(Running, ContainerHealth::None, 0)
            };
            let now = (begin + seconds(second), clock + seconds(second));
            let verdict = word(&watched.judge(&state, Restarts::Always, PROOF, now));
            if verdict != "wait" {
                return (second, verdict);
            }
        }
        (120, "wait")
    }

    #[test]
    fn whatever_dies_again_and_again_is_found_out() {
        assert_eq!(judged(&[1000]), (10, "well"));
        for lives in [&[1][..], &[3], &[4], &[8], &[3, 8], &[9, 1], &[2, 9, 5]] {
            assert_eq!(judged(lives).1, "ill", "{lives:?}");
        }
        // One that waits for another by ending comes up in the end.
        assert_eq!(judged(&[2, 2, 1000]), (14, "well"));
        assert_eq!(judged(&[7, 1000]), (21, "well"));
    }

    #[test]
    fn restarts_before_the_release_do_not_count() {
        let mut old = state(Running, ContainerHealth::None, 3);
        old.restart_count = 40;
        let now = (Instant::now(), OffsetDateTime::UNIX_EPOCH);
        let mut lives = Lives::of_old(&old);
        assert_eq!(word(&lives.judge(&old, Restarts::Always, PROOF, now)), "wait");
        old.restart_count += MOST_RESTARTS;
        let verdict = lives.judge(&old, Restarts::Always, PROOF, now);
        assert_eq!(verdict, Verdict::Ill("it keeps exiting, last with code 3".to_owned()));
    }

    #[test]
    fn what_was_not_touched_need_not_prove_itself() {
        let clock = moment("2026-01-01T00:00:30Z").expect("a time");
        let up = |started_at: &str| {
            let mut state = state(Running, ContainerHealth::None, 0);
            state.started_at = Some(started_at.to_owned());
            said_to_be_up(&state, clock)
        };
        assert_eq!(up("2026-01-01T00:00:00.5Z"), Duration::from_millis(29_500));
        for other in ["2026-01-01T00:01:00Z", "0001-01-01T00:00:00Z x", ""] {
            assert_eq!(up(other), Duration::ZERO, "{other}");
        }
    }

    #[test]
    fn a_clock_that_is_set_proves_nothing() {
        let clock = moment("2026-01-01T00:00:00Z").expect("a time");
        let mut state = state(Running, ContainerHealth::None, 0);
        state.started_at = Some("2026-01-01T00:00:00Z".to_owned());
        let (mut lives, begin) = (Lives::default(), Instant::now());
        for (second, passed) in [(0, Duration::ZERO), (1, Duration::from_hours(9))] {
            let verdict = lives.judge(&state, Restarts::Always, PROOF, (begin + seconds(second), clock + passed));
            assert_eq!(word(&verdict), "wait", "{passed:?}");
        }
    }
}
