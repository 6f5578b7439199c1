//! Who holds the places for connections, and whose place a newcomer takes when there are no more.
//!
//! Whoever wants to show who they are needs a place first. So a newcomer is never turned away: it takes the place of the
//! stranger that was silent for longest, among those of the network that holds the most. Callers who showed who they are
//! are no strangers, and strangers cannot take all places.

use crate::daemon::peer::Network;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How many places there are, and for whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// In all.
    pub(super) all: usize,
    /// That strangers may hold.
    pub(super) strangers: usize,
    /// That callers may hold who showed who they are; fewer than all, so that strangers are let in too.
    pub(super) known: usize,
}

/// The number of a place.
pub(super) type Number = u64;

/// The places that are held.
#[derive(Debug)]
pub(super) struct Places {
    limits: Limits,
    held: HashMap<Number, Seat>,
    next: Number,
}

/// One of them.
#[derive(Debug)]
struct Seat {
    network: Network,
    /// The one who showed who they are.
    holder: Option<Arc<str>>,
    /// How many requests are open.
    open: usize,
    /// When something sensible happened last.
    active: Instant,
    /// Cancelled when the place is another's.
    end: CancellationToken,
}

impl Places {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            held: HashMap::new(),
            next: 0,
        }
    }

    /// A place for a newcomer, and what tells it that the place is another's.
    pub(super) fn take(&mut self, network: Network, now: Instant) -> (Number, CancellationToken) {
        while self.held.len() >= self.limits.all || self.strangers() >= self.limits.strangers {
            let Some(silent) = self.most_silent_stranger() else { break };
            if let Some(seat) = self.held.remove(&silent) {
                seat.end.cancel();
            }
        }
        let number = self.next;
        self.next += 1;
        let end = CancellationToken::new();
        let seat = Seat {
            network,
            holder: None,
            open: 0,
            active: now,
            end: end.clone(),
        };
        self.held.insert(number, seat);
        (number, end)
    }

    /// Gives a place back.
    pub(super) fn leave(&mut self, number: Number) {
        self.held.remove(&number);
    }

    /// Something sensible happened.
    pub(super) fn stir(&mut self, number: Number, now: Instant) {
        if let Some(seat) = self.held.get_mut(&number) {
            seat.active = now;
        }
    }

    /// A request began.
    pub(super) fn open(&mut self, number: Number, now: Instant) {
        if let Some(seat) = self.held.get_mut(&number) {
            seat.open += 1;
            seat.active = now;
        }
    }

    /// A request was answered.
    pub(super) fn close(&mut self, number: Number, now: Instant) {
        if let Some(seat) = self.held.get_mut(&number) {
            seat.open = seat.open.saturating_sub(1);
            seat.active = now;
        }
    }

    /// Since when no request is open; `None` while there is one.
    pub(super) fn idle_since(&self, number: Number) -> Option<Instant> {
        self.held.get(&number).filter(|seat| seat.open == 0).map(|seat| seat.active)
    }

    /// The caller showed who they are. Where too many have, the one who holds the most becomes a stranger with the place that
    /// was silent for longest.
    pub(super) fn know(&mut self, number: Number, holder: &str) {
        let Some(seat) = self.held.get_mut(&number).filter(|seat| seat.holder.as_deref() != Some(holder)) else {
            return;
        };
        seat.holder = Some(holder.into());
        if self.held.len() - self.strangers() > self.limits.known
            && let Some(silent) = self.most_silent(|seat| seat.holder.clone())
            && let Some(seat) = self.held.get_mut(&silent)
        {
            seat.holder = None;
        }
    }

    fn strangers(&self) -> usize {
        self.held.values().filter(|seat| seat.holder.is_none()).count()
    }

    fn most_silent_stranger(&self) -> Option<Number> {
        self.most_silent(|seat| seat.holder.is_none().then_some(seat.network))
    }

    /// The place that was silent for longest, among those of the group that holds the most.
    fn most_silent<G: Eq + std::hash::Hash>(&self, group: impl Fn(&Seat) -> Option<G>) -> Option<Number> {
        let mut sizes: HashMap<G, usize> = HashMap::new();
        for group in self.held.values().filter_map(&group) {
            *sizes.entry(group).or_default() += 1;
        }
        let candidates = self
            .held
            .iter()
            .filter_map(|(number, seat)| Some((number, seat, sizes.get(&group(seat)?)?)));
        candidates
            .max_by_key(|(number, seat, size)| (**size, std::cmp::Reverse((seat.active, **number))))
            .map(|(number, ..)| *number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const LIMITS: Limits = Limits {
        all: 6,
        strangers: 4,
        known: 4,
    };

    /// Places, and a clock that goes on with every look at it.
    struct Case {
        places: Places,
        now: Instant,
    }

    impl Case {
        fn new() -> Self {
            Self {
                places: Places::new(LIMITS),
                now: Instant::now(),
            }
        }

        fn tick(&mut self) -> Instant {
            self.now += Duration::from_secs(1);
            self.now
        }

        fn take(&mut self, address: &str) -> (Number, CancellationToken) {
            let now = self.tick();
            self.places.take(Network::of(address.parse().expect("an address")), now)
        }

        fn known(&mut self, holder: &str) -> (Number, CancellationToken) {
            let taken = self.take("192.0.2.200");
            self.places.know(taken.0, holder);
            taken
        }
    }

    fn ended<const N: usize>(taken: &[(Number, CancellationToken); N]) -> [bool; N] {
        std::array::from_fn(|at| taken[at].1.is_cancelled())
    }

    #[test]
    fn a_newcomer_takes_the_place_that_was_silent_for_longest() {
        let mut case = Case::new();
        let held = std::array::from_fn(|_| case.take("192.0.2.1"));
        let [first, second, ..]: &[(Number, CancellationToken); 4] = &held;
        let now = case.tick();
        case.places.open(first.0, now);
        let (newcomer, end) = case.take("192.0.2.1");
        assert_eq!(ended(&held), [false, true, false, false]);
        assert!(!end.is_cancelled());
        assert_eq!(case.places.idle_since(newcomer), Some(case.now));
        assert_eq!(case.places.idle_since(second.0), None, "its place is another's");
    }

    #[test]
    fn a_request_that_stays_open_holds_no_place_for_ever() {
        let mut case = Case::new();
        let held: [_; 4] = std::array::from_fn(|_| case.take("192.0.2.1"));
        for (number, _) in &held {
            let now = case.tick();
            case.places.open(*number, now);
        }
        case.take("192.0.2.1");
        assert_eq!(ended(&held), [true, false, false, false]);
    }

    #[test]
    fn who_comes_alone_keeps_their_place_before_a_crowd() {
        let mut case = Case::new();
        let alone = [case.take("192.0.2.9")];
        let crowd: [_; 3] = std::array::from_fn(|_| case.take("192.0.2.1"));
        case.take("192.0.2.1");
        case.take("192.0.2.1");
        assert_eq!((ended(&alone), ended(&crowd)), ([false], [true, true, false]));
    }

    #[test]
    fn strangers_do_not_take_the_places_of_the_known_nor_those_all_of_them() {
        let mut case = Case::new();
        let known: [_; 4] = std::array::from_fn(|at| case.known(if at == 0 { "ann" } else { "bob" }));
        for _ in 0..20 {
            case.take("192.0.2.1");
        }
        assert_eq!(ended(&known), [false; 4]);
        // One more who is known: Bob holds the most, and the place that was silent for longest is any stranger's again.
        let more = [case.known("cy")];
        case.take("192.0.2.200");
        case.take("192.0.2.200");
        assert_eq!((ended(&known), ended(&more)), ([false, true, false, false], [false]));
    }

    #[test]
    fn a_place_given_back_is_free() {
        let mut case = Case::new();
        for _ in 0..20 {
            let (number, end) = case.take("192.0.2.1");
            case.places.leave(number);
            assert!(!end.is_cancelled());
        }
        assert!(case.places.held.is_empty());
    }
}
