//! Networks, endpoints, ports and hosts.

use super::tree::{Record, Tree};
use crate::model::{Endpoint, ExtraHosts, Ipam, IpamPool, Network, Port, PortProtocol};
use crate::names::NetworkName;

/// A network.
pub(crate) fn network(network: &Network) -> Tree {
    let mut record = Record::new();
    record
        .text("name", network.name.as_ref().map(NetworkName::as_str))
        .text("driver", network.driver.as_deref())
        .map("driver_opts", &network.driver_opts)
        .record("ipam", ipam(&network.ipam))
        .flag("external", network.external)
        .flag("internal", network.internal)
        .flag("attachable", network.attachable)
        .map("labels", &network.labels)
        .maybe("enable_ipv4", network.enable_ipv4)
        .maybe("enable_ipv6", network.enable_ipv6)
        .extensions(&network.extensions)
        .tree()
}

fn ipam(ipam: &Ipam) -> Record {
    let mut record = Record::new();
    record
        .text("driver", ipam.driver.as_deref())
        .list("config", ipam.pools.iter().map(pool))
        .extensions(&ipam.extensions);
    record
}

fn pool(pool: &IpamPool) -> Tree {
    let mut record = Record::new();
    record
        .text("subnet", pool.subnet.as_deref())
        .text("gateway", pool.gateway.as_deref())
        .text("ip_range", pool.ip_range.as_deref())
        .map("aux_addresses", &pool.aux_addresses)
        .tree()
}

pub(super) fn endpoint(endpoint: &Endpoint) -> Tree {
    let mut record = Record::new();
    record
        .list("aliases", &endpoint.aliases)
        .map("driver_opts", &endpoint.driver_opts)
        .maybe("gw_priority", endpoint.gw_priority)
        .text("interface_name", endpoint.interface_name.as_deref())
        .text("ipv4_address", endpoint.ipv4_address.as_deref())
        .text("ipv6_address", endpoint.ipv6_address.as_deref())
        .list("link_local_ips", &endpoint.link_local_ips)
        .text("mac_address", endpoint.mac_address.as_deref())
        .maybe("priority", endpoint.priority)
        .extensions(&endpoint.extensions)
        .tree()
}

pub(super) fn port(port: &Port) -> Tree {
    let mut record = Record::new();
    record
        .text("name", port.name.as_deref())
        .text("mode", port.mode.as_deref())
        .text("host_ip", port.host_ip.as_deref())
        .maybe("target", (port.target != 0).then_some(port.target))
        .text("published", port.published.as_deref())
        .text("protocol", port.protocol.as_ref().map(|PortProtocol(text)| text.as_str()))
        .text("app_protocol", port.app_protocol.as_deref())
        .extensions(&port.extensions)
        .tree()
}

/// `name=address`, sorted as text; none where no name is given.
pub(super) fn hosts(hosts: &ExtraHosts) -> Option<Tree> {
    let pairs = hosts
        .iter()
        .flat_map(|(name, addresses)| addresses.iter().map(move |address| format!("{name}={address}")));
    let mut lines: Vec<String> = pairs.collect();
    lines.sort();
    (!hosts.is_empty()).then(|| Tree::List(lines.into_iter().map(Into::into).collect()))
}
