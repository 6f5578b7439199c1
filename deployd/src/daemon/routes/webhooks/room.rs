//! Room for the bodies of deliveries. Whoever sends one is not known before the whole was read; so room is taken as bytes
//! arrive, and where there is none left, the delivery that has got no further for longest is turned away, among those of the
//! network that holds the most.

use crate::daemon::peer::Network;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The pieces in which room is counted.
const PIECE: usize = 64 * 1024;
/// How many of them there are: 32 MiB.
const PIECES: usize = 512;

/// The room that all deliveries share.
#[derive(Debug)]
pub(crate) struct DeliveryRoom(Mutex<Ledger>);

impl Default for DeliveryRoom {
    fn default() -> Self {
        Self(Mutex::new(Ledger {
            pieces: PIECES,
            deliveries: HashMap::new(),
            next: 0,
        }))
    }
}

impl DeliveryRoom {
    /// Lets a delivery in, which holds nothing yet.
    pub(super) fn enter(&self, network: Option<Network>) -> Share<'_> {
        let turned_away = CancellationToken::new();
        let number = self.ledger().enter(network, turned_away.clone(), Instant::now());
        Share {
            room: self,
            number,
            bytes: 0,
            turned_away,
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one delivery holds of the room, until it is dropped.
#[derive(Debug)]
pub(super) struct Share<'a> {
    room: &'a DeliveryRoom,
    number: u64,
    bytes: usize,
    turned_away: CancellationToken,
}

impl Share<'_> {
    /// So many more bytes have come; whether the delivery got on by that.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        self.bytes += bytes;
        self.room.ledger().hold(self.number, self.bytes.div_ceil(PIECE), Instant::now())
    }

    /// Cancelled when the room is needed for others.
    pub(super) fn turned_away(&self) -> &CancellationToken {
        &self.turned_away
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.room.ledger().deliveries.remove(&self.number);
    }
}

#[derive(Debug)]
struct Ledger {
    pieces: usize,
    deliveries: HashMap<u64, Delivery>,
    next: u64,
}

#[derive(Debug)]
struct Delivery {
    network: Option<Network>,
    pieces: usize,
    /// When it got on last.
    active: Instant,
    turned_away: CancellationToken,
}

impl Ledger {
    fn enter(&mut self, network: Option<Network>, turned_away: CancellationToken, now: Instant) -> u64 {
        let number = self.next;
        self.next += 1;
        let delivery = Delivery {
            network,
            pieces: 0,
            active: now,
            turned_away,
        };
        self.deliveries.insert(number, delivery);
        number
    }

    /// A delivery holds so many pieces now, for which others may have to go; whether that is more than before.
    fn hold(&mut self, number: u64, pieces: usize, now: Instant) -> bool {
        let Some(delivery) = self.deliveries.get_mut(&number).filter(|delivery| delivery.pieces < pieces) else {
            return false;
        };
        delivery.pieces = pieces;
        delivery.active = now;
        while self.held() > self.pieces {
            let Some(slowest) = self.slowest_but(number) else { break };
            if let Some(delivery) = self.deliveries.remove(&slowest) {
                delivery.turned_away.cancel();
            }
        }
        true
    }

    fn held(&self) -> usize {
        self.deliveries.values().map(|delivery| delivery.pieces).sum()
    }

    fn slowest_but(&self, number: u64) -> Option<u64> {
        let mut sizes: HashMap<Option<Network>, usize> = HashMap::new();
        for delivery in self.deliveries.values() {
            *sizes.entry(delivery.network).or_default() += delivery.pieces;
        }
        let others = self
            .deliveries
            .iter()
            .filter(|(other, delivery)| **other != number && delivery.pieces > 0);
        others
            .max_by_key(|(number, delivery)| (sizes[&delivery.network], Reverse((delivery.active, **number))))
            .map(|(number, _)| *number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// A room of eight pieces, and a clock that goes on with every look at it.
    struct Case {
        ledger: Ledger,
        now: Instant,
    }

    impl Case {
        fn new() -> Self {
            let ledger = Ledger {
                pieces: 8,
                deliveries: HashMap::new(),
                next: 0,
            };
            Self {
                ledger,
                now: Instant::now(),
            }
        }

        fn tick(&mut self) -> Instant {
            self.now += Duration::from_secs(1);
            self.now
        }

        /// A delivery of which so much has come.
        fn begin(&mut self, address: &str, pieces: usize) -> (u64, CancellationToken) {
            let turned_away = CancellationToken::new();
            let network = Some(Network::of(address.parse().expect("an address")));
            let now = self.tick();
            let number = self.ledger.enter(network, turned_away.clone(), now);
            self.ledger.hold(number, pieces, now);
            (number, turned_away)
        }

        fn hold(&mut self, number: u64, pieces: usize) -> bool {
            let now = self.tick();
            self.ledger.hold(number, pieces, now)
        }
    }

    fn gone<const N: usize>(deliveries: [&(u64, CancellationToken); N]) -> [bool; N] {
        deliveries.map(|(_, turned_away)| turned_away.is_cancelled())
    }

    #[test]
    fn the_delivery_that_gets_no_further_makes_room() {
        let mut case = Case::new();
        let [silent, goes_on] = [case.begin("192.0.2.1", 4), case.begin("192.0.2.1", 3)];
        assert!(case.hold(goes_on.0, 4));
        let newcomer = case.begin("192.0.2.1", 1);
        assert_eq!(gone([&silent, &goes_on, &newcomer]), [true, false, false]);
    }

    #[test]
    fn bytes_that_fill_no_piece_are_no_progress() {
        let mut case = Case::new();
        let [drips, other] = [case.begin("192.0.2.1", 4), case.begin("192.0.2.1", 4)];
        assert!(!case.hold(drips.0, 4));
        case.begin("192.0.2.1", 1);
        assert_eq!(gone([&drips, &other]), [true, false]);
    }

    #[test]
    fn the_network_that_holds_the_most_makes_room_first() {
        let mut case = Case::new();
        let alone = case.begin("192.0.2.9", 2);
        let crowd = [case.begin("192.0.2.1", 3), case.begin("192.0.2.1", 3)];
        case.begin("192.0.2.5", 1);
        assert_eq!(gone([&alone, &crowd[0], &crowd[1]]), [false, true, false]);
    }

    #[test]
    fn who_holds_nothing_is_not_turned_away() {
        let mut case = Case::new();
        let waits = case.begin("192.0.2.1", 0);
        let [first, _second] = [case.begin("192.0.2.1", 8), case.begin("192.0.2.1", 8)];
        assert_eq!(gone([&waits, &first]), [false, true]);
    }
}
