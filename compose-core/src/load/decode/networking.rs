//! How a service is reached and reaches others.

use super::service::{namespace, present};
use super::values::{attributes, list, map, nonzero, scalars, strings, text, text_or_list, texts, wrong_kind};
use crate::diagnostic::{Code, Diagnostic};
use crate::load::report::Report;
use crate::load::scalar::text_of;
use crate::load::short::{Malformed, hosts};
use crate::model::{Endpoint, ExtraHosts, Networking};
use crate::source::{Mapping, Node, Value};

/// Sets an attribute of the network side; `false` when it is none.
pub(super) fn set(networking: &mut Networking, key: &str, node: &Node, report: &mut Report) -> bool {
    match key {
        "dns" => networking.dns = text_or_list(node, report),
        "dns_opt" => networking.dns_opt = texts(node, report),
        "dns_search" => networking.dns_search = text_or_list(node, report),
        "domainname" => networking.domainname = text(node, report),
        "expose" => networking.expose = scalars(node, report),
        "external_links" => networking.external_links = texts(node, report),
        "extra_hosts" => networking.extra_hosts = extra_hosts(node, report),
        "hostname" => networking.hostname = text(node, report),
        "links" => networking.links = texts(node, report),
        "mac_address" => networking.mac_address = text(node, report),
        "network_mode" => networking.network_mode = namespace(node, report),
        "networks" => {
            networking.networks = map(node, report, |node, report| {
                present(node).map(|node| Box::new(endpoint(node, report)))
            });
        }
        "ports" => networking.ports = list(node, report, super::ports::port),
        _ => return false,
    }
    true
}

fn endpoint(node: &Node, report: &mut Report) -> Endpoint {
    let mut endpoint = Endpoint::default();
    endpoint.extensions = attributes(node, report, |key, node, report| {
        match key {
            "aliases" => endpoint.aliases = texts(node, report),
            "driver_opts" => endpoint.driver_opts = strings(node, report),
            "gw_priority" => endpoint.gw_priority = nonzero(node, report),
            "interface_name" => endpoint.interface_name = text(node, report),
            "ipv4_address" => endpoint.ipv4_address = text(node, report),
            "ipv6_address" => endpoint.ipv6_address = text(node, report),
            "link_local_ips" => endpoint.link_local_ips = texts(node, report),
            "mac_address" => endpoint.mac_address = text(node, report),
            "priority" => endpoint.priority = nonzero(node, report),
            _ => return false,
        }
        true
    });
    endpoint
}

/// Addresses of names: a list of lines or a mapping.
pub(super) fn extra_hosts(node: &Node, report: &mut Report) -> ExtraHosts {
    let mut all = ExtraHosts::new();
    match &node.value {
        Value::Null => {}
        Value::Sequence(items) => {
            for (index, item) in items.iter().enumerate() {
                report.within(index, |report| host_line(&mut all, item, report));
            }
        }
        Value::Mapping(mapping) => host_mapping(&mut all, mapping, report),
        _ => wrong_kind(node, "a list or a mapping", report),
    }
    all
}

fn host_line(all: &mut ExtraHosts, item: &Node, report: &mut Report) {
    let line = text_of(&item.value).unwrap_or_default();
    match hosts::parse(&line).and_then(|(name, addresses)| hosts::check_name(name).map(|()| (name, addresses))) {
        Ok((name, addresses)) => add(all, name, addresses),
        Err(malformed) => refuse(item, malformed, report),
    }
}

fn host_mapping(all: &mut ExtraHosts, mapping: &Mapping, report: &mut Report) {
    for (name, entry) in mapping.iter() {
        report.within(name, |report| {
            if let Err(malformed) = hosts::check_name(name) {
                refuse(&entry.node, malformed, report);
            }
            let addresses = match &entry.node.value {
                Value::Null => vec![String::new()],
                Value::String(address) => vec![address.clone()],
                Value::Sequence(_) => scalars(&entry.node, report),
                _ => return wrong_kind(&entry.node, "an address or a list of them", report),
            };
            add(all, name, addresses);
        });
    }
}

fn add(all: &mut ExtraHosts, name: &str, addresses: Vec<String>) {
    let addresses = addresses.into_iter().map(|address| hosts::bare_address(&address).to_owned());
    all.entry(name.to_owned()).or_default().extend(addresses);
}

fn refuse(node: &Node, malformed: Malformed, report: &mut Report) {
    report.push(
        Diagnostic::error(Code::MalformedShortForm, malformed.what)
            .at(node.span)
            .help(malformed.help),
    );
}
