//! Asking again, where the engine was not there, its answer was lost on the way, or none came.
//!
//! What only reads may be asked as often as one likes. What changes something may have been done although no answer came: the
//! engine is looked at before it is asked again, and a request that it may still be busy with is left open meanwhile.

use super::super::EngineError;
use futures::stream::{FuturesUnordered, StreamExt as _};
use std::time::Duration;
use tokio::time::sleep;

/// The pauses before the second request and those after it: what fails for a reason of its own is not held up by them.
const PAUSES: [Duration; 3] = [Duration::from_millis(100), Duration::from_millis(300), Duration::from_millis(900)];
/// How long an answer may take before it is asked for over another connection.
const SILENCE: Duration = Duration::from_secs(30);

/// How long until the engine is looked at again where nothing is asked of it meanwhile.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// What a look says of something that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen<T> {
    /// It is done.
    Done(T),
    /// The engine is at it, and is not to be asked again.
    Underway,
    /// Nothing is seen of it.
    Nothing,
}

/// What a request does to the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Reads,
    Changes,
}

/// How a request is asked for again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    effect: Effect,
    /// How long one answer may take.
    each: Duration,
    /// How long all of it may take.
    whole: Duration,
}

impl Patience {
    /// For what changes nothing.
    pub(super) fn reading(whole: Duration) -> Self {
        Self {
            effect: Effect::Reads,
            each: SILENCE,
            whole,
        }
    }

    /// For what changes something.
    pub(super) fn changing(whole: Duration) -> Self {
        Self {
            effect: Effect::Changes,
            each: SILENCE,
            whole,
        }
    }

    /// For what takes so long by itself.
    pub(super) fn after(self, own: Duration) -> Self {
        Self {
            each: self.each.saturating_add(own),
            whole: self.whole.saturating_add(own),
            ..self
        }
    }

    /// The same, and so long in all.
    pub(super) fn in_all(self, whole: Duration) -> Self {
        Self { whole, ..self }
    }

    /// Whether nobody knows after such an answer if it was done. An engine that refuses a change has its reasons; one that met
    /// its own unanswered request says that there is a conflict.
    fn is_open(self, error: &EngineError, asked_before: bool) -> bool {
        match (self.effect, error) {
            (_, EngineError::Unreachable { .. } | EngineError::Transport { .. }) => true,
            (Effect::Reads, EngineError::Refused { status, .. }) => *status >= 500,
            (Effect::Changes, EngineError::Refused { status, .. }) => match status {
                502..=504 => true,
                409 => asked_before,
                _ => false,
            },
            _ => false,
        }
    }
}

/// Asks, and asks again while it is open whether it was done; `look` says what came of it.
pub(super) async fn ask<T, A, L>(attempt: &str, patience: Patience, ask: impl Fn() -> A, look: impl Fn() -> L) -> Result<T, EngineError>
where
    A: Future<Output = Result<T, EngineError>>,
    L: Future<Output = Seen<T>>,
{
    let mut open: FuturesUnordered<A> = [ask()].into_iter().collect();
    let mut pauses = PAUSES.into_iter();
    let mut asked_before = false;
    let over = sleep(patience.whole);
    tokio::pin!(over);
    loop {
        let quiet_for = if open.is_empty() { BETWEEN_LOOKS } else { patience.each };
        let failed = tokio::select! {
            biased;
            Some(answer) = open.next() => match answer {
                Err(error) if patience.is_open(&error, asked_before) => Some(error),
                answer => return answer,
            },
            () = &mut over => return Err(EngineError::silent(attempt, patience.whole)),
            () = sleep(quiet_for) => None,
        };
        asked_before = true;
        match look().await {
            Seen::Done(done) => return Ok(done),
            Seen::Underway => continue,
            Seen::Nothing => {}
        }
        if let Some(error) = failed {
            match pauses.next() {
                Some(pause) => sleep(pause).await,
                None if open.is_empty() => return Err(error),
                // Another request is still open.
                None => continue,
            }
        }
        open.push(ask());
    }
}

impl EngineError {
    pub(super) fn silent(attempt: &str, within: Duration) -> Self {
        Self::Transport {
            attempt: attempt.to_owned(),
            message: format!("the engine did not answer within {} seconds", within.as_secs()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::future::pending;

    const WHOLE: Duration = Duration::from_mins(5);

    #[derive(Clone, Copy, Debug)]
    enum Answer {
        Yes,
        Lost,
        Status(u16),
        Never,
    }

    async fn give(answer: Answer) -> Result<&'static str, EngineError> {
        let attempt = "try".to_owned();
        match answer {
            Answer::Yes => Ok("asked"),
            Answer::Lost => Err(EngineError::Transport {
                attempt,
                message: "lost".to_owned(),
            }),
            Answer::Status(status) => Err(EngineError::Refused {
                attempt,
                status,
                message: "no".to_owned(),
            }),
            Answer::Never => pending().await,
        }
    }

    /// What comes of these answers, the last of which is given for ever, and how often was asked. It is seen to be done at a look.
    async fn outcome(patience: Patience, answers: &[Answer], done_at: Option<usize>) -> (Result<&'static str, Option<u16>>, usize) {
        let (asked, looked) = (Cell::new(0), Cell::new(0));
        let answer = || {
            let index = asked.replace(asked.get() + 1);
            give(answers[index.min(answers.len() - 1)])
        };
        let look = || {
            looked.set(looked.get() + 1);
            let done = done_at.is_some_and(|at| looked.get() >= at);
            async move { if done { Seen::Done("seen") } else { Seen::Nothing } }
        };
        let result = ask("try", patience, answer, look).await;
        (result.map_err(|error| error.status()), asked.get())
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_asked_again_is_what_may_have_got_lost() {
        use Answer::{Lost, Never, Status, Yes};
        let (reading, changing) = (Patience::reading(WHOLE), Patience::changing(WHOLE));
        for (patience, answers, done_at, result, times) in [
            (reading, &[Yes][..], None, Ok("asked"), 1),
            (reading, &[Lost, Status(500), Yes], None, Ok("asked"), 3),
            (reading, &[Status(404), Yes], None, Err(Some(404)), 1),
            (reading, &[Status(500)], None, Err(Some(500)), 4),
            (reading, &[Never, Yes], None, Ok("asked"), 2),
            (changing, &[Lost], Some(1), Ok("seen"), 1),
            (changing, &[Lost, Yes], None, Ok("asked"), 2),
            (changing, &[Lost], None, Err(None), 4),
            // A reason of its own.
            (changing, &[Status(500), Yes], None, Err(Some(500)), 1),
            (changing, &[Status(409), Yes], None, Err(Some(409)), 1),
            (changing, &[Status(503), Yes], None, Ok("asked"), 2),
            // It meets what was done without an answer.
            (changing, &[Lost, Status(409)], Some(2), Ok("seen"), 2),
            (changing, &[Never, Status(409)], Some(3), Ok("seen"), 3),
            (changing, &[Never, Never, Yes], None, Ok("asked"), 3),
            (changing, &[Never], None, Err(None), 10),
        ] {
            let found = outcome(patience, answers, done_at).await;
            assert_eq!(found, (result, times), "{patience:?} {answers:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_long_by_itself_is_asked_once() {
        let slow = || async {
            sleep(Duration::from_mins(7)).await;
            Ok(())
        };
        let asked = Cell::new(0);
        let ask_slowly = || {
            asked.set(asked.get() + 1);
            slow()
        };
        let patience = Patience::changing(WHOLE).after(Duration::from_mins(8));
        ask("stop", patience, ask_slowly, || async { Seen::Nothing }).await.expect("done");
        assert_eq!(asked.get(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_engine_is_at_is_not_asked_for_again() {
        let (asked, looked) = (Cell::new(0), Cell::new(0));
        let lost = || {
            asked.set(asked.get() + 1);
            give(Answer::Lost)
        };
        let look = || {
            looked.set(looked.get() + 1);
            let seen = if looked.get() < 20 { Seen::Underway } else { Seen::Done("seen") };
            async move { seen }
        };
        ask("stop", Patience::changing(WHOLE), lost, look).await.expect("done");
        assert_eq!(asked.get(), 1);
    }
}
