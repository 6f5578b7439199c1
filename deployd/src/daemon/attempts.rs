//! Wrong tokens and join codes, counted by the network that they come from.
//!
//! What is right is looked at first and always taken: counting keeps out nobody who knows something, and makes guessing slow
//! and visible.

use crate::daemon::peer::{Network, Peer};
use crate::daemon::problem::ApiError;
use axum::http::StatusCode;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How many wrong ones are answered at once.
const FREE: u32 = 30;
/// For how long a further one is answered by a refusal to look; doubled by each after that.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// How long it becomes at most.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// After how long without a wrong one all is forgotten.
const FORGOTTEN: Duration = Duration::from_mins(10);
/// How many networks are remembered.
const MOST_NETWORKS: usize = 4096;

/// What somebody tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// A token.
    Token,
    /// A join code.
    JoinCode,
}

impl std::fmt::Display for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Token => "a token",
            Self::JoinCode => "a join code",
        })
    }
}

/// The wrong ones of late.
#[derive(Debug, Default)]
pub(crate) struct Attempts(Mutex<HashMap<Network, Wrong>>);

#[derive(Clone, Copy, Debug)]
struct Wrong {
    count: u32,
    last: Instant,
    until: Instant,
}

impl Attempts {
    /// Notes a wrong one, and what to answer: `refusal`, unless there were too many.
    pub(crate) fn refuse(&self, what: Attempt, peer: Peer, refusal: ApiError) -> ApiError {
        match self.note(what, peer) {
            Noted::Counted | Noted::Paused(_) => refusal,
            Noted::Within(rest) => too_many(what, peer, rest),
        }
    }

    fn note(&self, what: Attempt, peer: Peer) -> Noted {
        let Some(network) = peer.network() else {
            return Noted::Counted;
        };
        let mut networks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = note(&mut networks, network, Instant::now());
        match noted {
            Noted::Counted => tracing::warn!(%peer, "{what} that does not hold"),
            Noted::Paused(pause) => tracing::warn!(%peer, ?pause, "{what} that does not hold, after many; further ones are not told"),
            Noted::Within(_) => {}
        }
        noted
    }
}

fn too_many(what: Attempt, peer: Peer, rest: Duration) -> ApiError {
    let detail = format!("{what} that does not hold, like many before it from {peer}");
    ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too-many-attempts", detail)
        .help("compare what you send with what you were given; what holds is taken at any time")
        .retry_after(rest)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Noted {
    /// It is one of few.
    Counted,
    /// It is one of many: a pause begins.
    Paused(Duration),
    /// It came within a pause, which lasts so much longer.
    Within(Duration),
}

fn note(networks: &mut HashMap<Network, Wrong>, network: Network, now: Instant) -> Noted {
    if networks.len() >= MOST_NETWORKS && !networks.contains_key(&network) {
        forget(networks, now);
    }
    let known = networks.get(&network).copied().filter(|wrong| now < wrong.last + FORGOTTEN);
    let mut wrong = known.unwrap_or(Wrong {
        count: 0,
        last: now,
        until: now,
    });
    if now < wrong.until {
        return Noted::Within(wrong.until - now);
    }
    wrong.count = wrong.count.saturating_add(1);
    wrong.last = now;
    let pause = wrong.count.checked_sub(FREE + 1).map(|times| {
        let factor = 1_u32.checked_shl(times).filter(|factor| *factor < 64).unwrap_or(64);
        (FIRST_PAUSE * factor).min(LONGEST_PAUSE)
    });
    wrong.until = now + pause.unwrap_or_default();
    networks.insert(network, wrong);
    pause.map_or(Noted::Counted, Noted::Paused)
}

/// Makes room: what is old goes, else the one that was quiet for longest.
fn forget(networks: &mut HashMap<Network, Wrong>, now: Instant) {
    networks.retain(|_, wrong| now < wrong.last + FORGOTTEN);
    if networks.len() >= MOST_NETWORKS
        && let Some(oldest) = networks.iter().min_by_key(|(_, wrong)| wrong.last).map(|(network, _)| *network)
    {
        networks.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn network(number: u32) -> Network {
        Network::of(Ipv4Addr::from_bits(number).into())
    }

    #[test]
    fn the_pause_doubles_and_ends() {
        let (mut networks, mut now) = (HashMap::new(), Instant::now());
        for _ in 0..FREE {
            assert_eq!(note(&mut networks, network(1), now), Noted::Counted);
        }
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            let pause = Duration::from_secs(seconds);
            assert_eq!(note(&mut networks, network(1), now), Noted::Paused(pause));
            assert_eq!(note(&mut networks, network(1), now + pause / 2), Noted::Within(pause / 2));
            now += pause;
        }
        assert_eq!(
            note(&mut networks, network(2), now),
            Noted::Counted,
            "another network is another one"
        );
        assert_eq!(note(&mut networks, network(1), now + FORGOTTEN), Noted::Counted);
    }

    #[test]
    fn only_so_many_networks_are_remembered() {
        let (mut networks, now) = (HashMap::new(), Instant::now());
        for number in 0..5_000 {
            note(&mut networks, network(number), now + Duration::from_millis(number.into()));
        }
        assert_eq!(networks.len(), MOST_NETWORKS);
        assert!(networks.contains_key(&network(4_999)));
    }

    #[test]
    fn where_there_is_no_socket_nothing_is_counted() {
        let attempts = Attempts::default();
        for _ in 0..100 {
            assert_eq!(attempts.note(Attempt::Token, Peer::default()), Noted::Counted);
        }
    }
}
