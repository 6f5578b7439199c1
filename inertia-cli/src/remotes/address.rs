//! Where others reach a remote, and who they can be.

use super::Remote;
use std::net::{IpAddr, Ipv4Addr};

/// Where others reach a remote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemoteAddress {
    address: String,
    tunnel: bool,
}

/// Who reaches an address, as far as can be told from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// This machine alone.
    Here,
    /// Nobody: the port is closed from outside.
    Nobody,
    /// Machines nearby.
    Nearby,
    /// Whoever wants to, it seems.
    Anywhere,
}

impl RemoteAddress {
    /// That of a remote.
    pub(crate) fn of(remote: &Remote) -> Self {
        Self {
            address: remote.address.trim_end_matches('/').to_owned(),
            tunnel: remote.tunnel,
        }
    }

    /// `https://HOST:PORT`.
    pub(crate) fn as_str(&self) -> &str {
        &self.address
    }

    /// Its host alone, an IPv6 address without brackets.
    pub(crate) fn host(&self) -> &str {
        let host = self.address.strip_prefix("https://").unwrap_or(&self.address);
        host.rsplit_once(':')
            .map_or(host, |(host, _)| host)
            .trim_start_matches('[')
            .trim_end_matches(']')
    }

    /// Who reaches the daemon there.
    pub(crate) fn reach(&self) -> Reach {
        let host = self.host();
        let ip = host.parse::<IpAddr>();
        match ip {
            _ if host == "localhost" || ip.as_ref().is_ok_and(IpAddr::is_loopback) => Reach::Here,
            _ if self.tunnel => Reach::Nobody,
            Ok(IpAddr::V4(ip)) if ip.is_private() || ip.is_link_local() || is_shared(ip) => Reach::Nearby,
            Ok(IpAddr::V6(ip)) if ip.is_unique_local() || ip.is_unicast_link_local() => Reach::Nearby,
            Err(_) if matches!(host.rsplit_once('.'), None | Some((_, "local"))) => Reach::Nearby,
            _ => Reach::Anywhere,
        }
    }

    /// Why nobody else reaches the daemon there.
    pub(crate) fn out_of_reach(&self) -> Option<String> {
        match self.reach() {
            Reach::Here => Some(format!("{} is this machine alone", self.address)),
            Reach::Nobody => Some(format!("the port of {} is closed from outside", self.address)),
            Reach::Nearby | Reach::Anywhere => None,
        }
    }
}

/// The addresses that providers of access share among their customers.
fn is_shared(ip: Ipv4Addr) -> bool {
    let [first, second, ..] = ip.octets();
    first == 100 && (64..128).contains(&second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_reaches_an_address() {
        for (host, tunnel, reach) in [
            ("127.0.0.1", false, Reach::Here),
            ("127.0.0.1", true, Reach::Here),
            ("[::1]", false, Reach::Here),
            ("localhost", false, Reach::Here),
            ("10.1.2.3", false, Reach::Nearby),
            ("192.168.0.1", false, Reach::Nearby),
            ("169.254.0.1", false, Reach::Nearby),
            ("100.100.0.1", false, Reach::Nearby),
            ("[fd00::1]", false, Reach::Nearby),
            ("nas", false, Reach::Nearby),
            ("nas.local", false, Reach::Nearby),
            ("203.0.113.9", false, Reach::Anywhere),
            ("[2001:db8::1]", false, Reach::Anywhere),
            ("web.example.com", false, Reach::Anywhere),
            ("web.example.com", true, Reach::Nobody),
            ("10.1.2.3", true, Reach::Nobody),
        ] {
            let remote = Remote {
                address: format!("https://{host}:8081/"),
                tunnel,
                ..Remote::default()
            };
            let address = RemoteAddress::of(&remote);
            assert_eq!(address.reach(), reach, "{host}");
            let alone = matches!(reach, Reach::Here | Reach::Nobody);
            assert_eq!(address.out_of_reach().is_some(), alone, "{host}");
        }
    }
}
