//! Who is at the other end of a connection, as far as the network tells.

use axum::extract::ConnectInfo;
use axum::http::Extensions;
use std::net::{IpAddr, SocketAddr};

/// The address at the other end of a connection; whatever headers claim does not count. Unknown where there is no socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Peer(Option<IpAddr>);

impl Peer {
    /// Of a request.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        Self(
            extensions
                .get::<ConnectInfo<SocketAddr>>()
                .map(|ConnectInfo(address)| address.ip().to_canonical()),
        )
    }

    /// The network that it shares out with others.
    pub(crate) fn network(self) -> Option<Network> {
        self.0.map(Network::of)
    }

    /// The address as text.
    pub(crate) fn text(self) -> Option<String> {
        self.0.map(|address| address.to_string())
    }
}

impl From<IpAddr> for Peer {
    fn from(address: IpAddr) -> Self {
        Self(Some(address.to_canonical()))
    }
}

impl std::fmt::Display for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(address) => address.fmt(f),
            None => f.write_str("an unknown address"),
        }
    }
}

/// What one customer of a provider has at least: an address of IPv4, or 64 bits of IPv6, in which whoever has one address has
/// all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Network(IpAddr);

impl Network {
    /// The one that an address is in.
    pub(crate) fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
            address @ IpAddr::V4(_) => address,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_ipv4_is_a_network_and_64_bits_of_ipv6_are_one() {
        let same = |one: &str, other: &str| {
            let network = |text: &str| Network::of(text.parse().expect("an address"));
            network(one) == network(other)
        };
        assert!(same("192.0.2.1", "::ffff:192.0.2.1"));
        assert!(same("2001:db8:0:1::1", "2001:db8:0:1:ffff::2"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
        assert!(!same("2001:db8:0:1::1", "2001:db8:0:2::1"));
    }
}
