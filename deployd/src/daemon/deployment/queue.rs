//! Which deployments wait: the rules of a project's queue, as one pure function.

use crate::wire::Trigger;

/// How many deployments asked for by people may wait.
pub(crate) const LONGEST_QUEUE: usize = 10;

/// A deployment that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    id: u64,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A commit appeared: only the latest matters.
    Push,
    /// Someone asked for it and waits for its outcome.
    Asked,
    /// Someone wants an earlier release, and not what was asked for before.
    Rollback,
}

impl Kind {
    fn of(trigger: &Trigger) -> Self {
        match trigger {
            Trigger::Webhook { .. } | Trigger::Poll => Self::Push,
            Trigger::Manual { .. } => Self::Asked,
            Trigger::Rollback { .. } => Self::Rollback,
        }
    }
}

impl Waiting {
    /// A deployment that waits, by its number and what asked for it.
    pub(crate) fn new(id: u64, trigger: &Trigger) -> Self {
        Self {
            id,
            kind: Kind::of(trigger),
        }
    }
}

/// Which waiting deployments a new one takes the place of; `None` when it has to be refused.
pub(crate) fn admit(waiting: &[Waiting], trigger: &Trigger) -> Option<Vec<u64>> {
    let of_kind = |kind| waiting.iter().filter(move |one| one.kind == kind);
    let asked_for = of_kind(Kind::Asked).count() + of_kind(Kind::Rollback).count();
    match Kind::of(trigger) {
        Kind::Push => Some(of_kind(Kind::Push).map(|one| one.id).collect()),
        Kind::Asked if asked_for >= LONGEST_QUEUE => None,
        Kind::Asked => Some(Vec::new()),
        Kind::Rollback if of_kind(Kind::Rollback).count() >= LONGEST_QUEUE => None,
        Kind::Rollback => {
            let others = waiting.iter().filter(|one| one.kind != Kind::Rollback);
            Some(others.map(|one| one.id).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> Trigger {
        Trigger::Manual { by: "ann".to_owned() }
    }

    #[test]
    fn at_most_one_push_waits() {
        let waiting = [
            Waiting::new(1, &Trigger::Poll),
            Waiting::new(2, &asked()),
            Waiting::new(3, &Trigger::Poll),
        ];
        assert_eq!(admit(&waiting, &Trigger::Poll), Some(vec![1, 3]));
    }

    #[test]
    fn a_rollback_takes_the_place_of_all_that_is_not_one() {
        let back = Trigger::Rollback {
            by: "ann".to_owned(),
            to: 1,
        };
        let mut waiting = vec![Waiting::new(1, &Trigger::Poll), Waiting::new(2, &asked()), Waiting::new(3, &back)];
        assert_eq!(admit(&waiting, &back), Some(vec![1, 2]));
        waiting.extend((4..13).map(|id| Waiting::new(id, &back)));
        assert_eq!(admit(&waiting, &back), None);
    }

    #[test]
    fn what_people_ask_for_waits_up_to_a_limit_that_pushes_do_not_count_towards() {
        let mut waiting: Vec<Waiting> = (0..9).map(|id| Waiting::new(id, &asked())).collect();
        waiting.push(Waiting::new(9, &Trigger::Poll));
        assert_eq!(admit(&waiting, &asked()), Some(vec![]));
        waiting.push(Waiting::new(10, &asked()));
        assert_eq!(admit(&waiting, &asked()), None);
        assert_eq!(admit(&waiting, &Trigger::Poll), Some(vec![9]));
    }
}
