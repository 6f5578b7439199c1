//! Networks, and how a service takes part in one.

use super::StringMap;
use super::extension::Extensions;
use crate::names::NetworkName;

/// A network that services join.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Network {
    /// Its name in the engine.
    pub name: Option<NetworkName>,
    /// The network driver; `None` for the engine's default.
    pub driver: Option<String>,
    /// The driver's options.
    pub driver_opts: StringMap,
    /// Address management.
    pub ipam: Ipam,
    /// It exists already and is neither created nor removed.
    pub external: bool,
    /// No way out of it.
    pub internal: bool,
    /// Containers outside the project may join.
    pub attachable: bool,
    /// Labels for the engine.
    pub labels: StringMap,
    /// IPv4 addresses; `None` for the engine's default.
    pub enable_ipv4: Option<bool>,
    /// IPv6 addresses; `None` for the engine's default.
    pub enable_ipv6: Option<bool>,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// How a network hands out addresses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ipam {
    /// The IPAM driver.
    pub driver: Option<String>,
    /// Address pools.
    pub pools: Vec<IpamPool>,
    /// The IPAM driver's options; the reference reads and forgets them, and prints none.
    pub options: StringMap,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// A pool of addresses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IpamPool {
    /// The subnet in CIDR notation.
    pub subnet: Option<String>,
    /// The gateway.
    pub gateway: Option<String>,
    /// The part of the subnet from which addresses are given.
    pub ip_range: Option<String>,
    /// Addresses taken by other hosts.
    pub aux_addresses: StringMap,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// A service's part in a network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Endpoint {
    /// Further names of the service there.
    pub aliases: Vec<String>,
    /// Options for the driver.
    pub driver_opts: StringMap,
    /// Which network gives the default route; higher wins.
    pub gw_priority: Option<i64>,
    /// The interface's name in the container.
    pub interface_name: Option<String>,
    /// A fixed IPv4 address.
    pub ipv4_address: Option<String>,
    /// A fixed IPv6 address.
    pub ipv6_address: Option<String>,
    /// Link-local addresses.
    pub link_local_ips: Vec<String>,
    /// A fixed MAC address.
    pub mac_address: Option<String>,
    /// Which network is joined first; higher first.
    pub priority: Option<i64>,
    /// `x-…` keys.
    pub extensions: Extensions,
}
