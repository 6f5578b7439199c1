//! Networks that services join.

use super::values::{attributes, flag, list, optional_flag, strings, text};
use crate::load::report::Report;
use crate::model::{Ipam, IpamPool, Network};
use crate::names::NetworkName;
use crate::source::Node;

/// One network.
pub(super) fn network(node: &Node, report: &mut Report) -> Network {
    let mut network = Network::default();
    network.extensions = attributes(node, report, |key, node, report| {
        match key {
            "attachable" => network.attachable = flag(node, report),
            "driver" => network.driver = text(node, report),
            "driver_opts" => network.driver_opts = strings(node, report),
            "enable_ipv4" => network.enable_ipv4 = optional_flag(node, report),
            "enable_ipv6" => network.enable_ipv6 = optional_flag(node, report),
            "external" => network.external = flag(node, report),
            "internal" => network.internal = flag(node, report),
            "ipam" => network.ipam = ipam(node, report),
            "labels" => network.labels = strings(node, report),
            "name" => network.name = text(node, report).map(NetworkName::from),
            _ => return false,
        }
        true
    });
    network
}

fn ipam(node: &Node, report: &mut Report) -> Ipam {
    let mut ipam = Ipam::default();
    ipam.extensions = attributes(node, report, |key, node, report| {
        match key {
            "config" => ipam.pools = list(node, report, pool),
            "driver" => ipam.driver = text(node, report),
            "options" => ipam.options = strings(node, report),
            _ => return false,
        }
        true
    });
    ipam
}

fn pool(node: &Node, report: &mut Report) -> IpamPool {
    let mut pool = IpamPool::default();
    pool.extensions = attributes(node, report, |key, node, report| {
        match key {
            "aux_addresses" => pool.aux_addresses = strings(node, report),
            "gateway" => pool.gateway = text(node, report),
            "ip_range" => pool.ip_range = text(node, report),
            "subnet" => pool.subnet = text(node, report),
            _ => return false,
        }
        true
    });
    pool
}
