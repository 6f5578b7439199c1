//! How long what fails for a passing reason is tried again.

use std::time::Duration;
use time::OffsetDateTime;

/// How long a git host that does not answer is asked again, from the deployment's begin.
const LONGEST_TRY: Duration = Duration::from_mins(10);
/// The first pause; each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// The pauses between attempts.
#[derive(Debug)]
pub(super) struct Patience {
    until: OffsetDateTime,
    pause: Duration,
}

impl Patience {
    /// What is left of the patience with something that began at a time, however often the daemon was interrupted since.
    pub(super) fn since(began: OffsetDateTime) -> Self {
        Self {
            until: began + LONGEST_TRY,
            pause: FIRST_PAUSE,
        }
    }

    /// How long to wait before the next attempt; `None` where there is none.
    pub(super) fn pause(&mut self, now: OffsetDateTime) -> Option<Duration> {
        let pause = self.pause;
        self.pause = (pause * 2).min(LONGEST_PAUSE);
        (now + pause <= self.until).then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_minute_and_end_after_ten() {
        let began = OffsetDateTime::UNIX_EPOCH;
        let (mut patience, mut now, mut pauses) = (Patience::since(began), began, Vec::new());
        while let Some(pause) = patience.pause(now) {
            now += pause;
            pauses.push(pause.as_secs());
        }
        assert_eq!(pauses[..6], [5, 10, 20, 40, 60, 60]);
        assert!(
            now <= began + LONGEST_TRY && now + LONGEST_PAUSE > began + LONGEST_TRY,
            "{pauses:?}"
        );
    }

    #[test]
    fn what_began_long_ago_is_tried_once_only() {
        let mut patience = Patience::since(OffsetDateTime::UNIX_EPOCH);
        assert_eq!(patience.pause(OffsetDateTime::UNIX_EPOCH + LONGEST_TRY), None);
    }
}
