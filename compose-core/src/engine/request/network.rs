//! Networks, and a container's part in them.

use super::body::{IpamBody, NetworkBody, NetworkingConfig, PoolBody};
use super::container::Mapping;
use super::problem::{Problem, RequestError, needs};
use crate::engine::{ApiVersion, EndpointAddresses, EndpointRequest};
use crate::model::{Endpoint, Network, Project};
use crate::names::{NetworkKey, NetworkName};
use std::collections::BTreeMap;

/// From here on a container can be made with several endpoints, and each has a MAC address of its own.
const SEVERAL_ENDPOINTS: u32 = 44;

/// The driver option that names an endpoint's interface.
const INTERFACE_NAME: &str = "com.docker.network.endpoint.ifname";

/// The body of the request that makes a network.
///
/// # Errors
/// When the engine is too old for a network without IPv4.
pub fn network(
    project: &Project,
    key: &NetworkKey,
    network: &Network,
    labels: BTreeMap<String, String>,
    api: ApiVersion,
) -> Result<NetworkBody, RequestError> {
    // Every engine gives IPv4 addresses; only not to do so is new.
    if network.enable_ipv4 == Some(false) {
        needs(api, 48, "enable_ipv4: false").map_err(|problem| RequestError {
            subject: format!("network {key}"),
            problem,
        })?;
    }
    Ok(NetworkBody {
        name: engine_name(project, key).to_string(),
        labels,
        driver: network.driver.clone(),
        options: network.driver_opts.clone(),
        ipam: ipam(network),
        internal: network.internal,
        attachable: network.attachable,
        enable_ipv4: network.enable_ipv4.filter(|_| needs(api, 48, "enable_ipv4").is_ok()),
        enable_ipv6: network.enable_ipv6,
        check_duplicate: needs(api, SEVERAL_ENDPOINTS, "").is_err(),
    })
}

fn ipam(network: &Network) -> Option<IpamBody> {
    if network.ipam.driver.is_none() && network.ipam.pools.is_empty() {
        return None;
    }
    let pools = network.ipam.pools.iter().map(|pool| PoolBody {
        subnet: pool.subnet.clone(),
        gateway: pool.gateway.clone(),
        ip_range: pool.ip_range.clone(),
        auxiliary: pool.aux_addresses.clone(),
    });
    Some(IpamBody {
        driver: network.ipam.driver.clone(),
        config: pools.collect(),
    })
}

/// A network's name in the engine.
fn engine_name(project: &Project, key: &NetworkKey) -> NetworkName {
    project
        .networks
        .get(key)
        .and_then(|network| network.name.clone())
        .unwrap_or_else(|| NetworkName::from(format!("{}_{key}", project.name)))
}

/// How a container takes part in networks.
#[derive(Default)]
pub(super) struct Joined {
    /// The network it is made in, or what it has instead of networks.
    pub(super) mode: Option<String>,
    /// The endpoints it is made with.
    pub(super) config: Option<NetworkingConfig>,
    /// Those it gets afterwards.
    pub(super) connect: Vec<(NetworkName, EndpointRequest)>,
    /// Its MAC address where endpoints have none.
    pub(super) mac_address: Option<String>,
    /// Links to other containers.
    pub(super) links: Vec<String>,
}

pub(super) fn join(mapping: &Mapping<'_>) -> Result<Joined, Problem> {
    let networking = &mapping.service.networking;
    let links = links(mapping)?;
    let alone = |mode: Option<String>| Joined {
        mode,
        links: links.clone(),
        mac_address: networking.mac_address.clone(),
        ..Joined::default()
    };
    if networking.network_mode.is_some() {
        return Ok(alone(mapping.namespace("network_mode", networking.network_mode.as_ref())?));
    }
    if mapping.project.networks.is_empty() {
        return Ok(alone(Some("none".to_owned())));
    }
    let keys = by_priority(mapping);
    let several = needs(mapping.api, SEVERAL_ENDPOINTS, "").is_ok();
    let mac_address = mac_address(mapping, &keys)?;
    let mut endpoints = Vec::new();
    for (place, key) in keys.iter().enumerate() {
        let mut endpoint = endpoint(mapping, key, &links)?;
        if several && place == 0 {
            endpoint.mac_address.clone_from(&mac_address);
        }
        endpoints.push((engine_name(mapping.project, key), endpoint));
    }
    let connect = if several { Vec::new() } else { endpoints.split_off(1) };
    Ok(Joined {
        mode: endpoints.first().map(|(name, _)| name.to_string()),
        config: Some(NetworkingConfig {
            endpoints_config: endpoints.into_iter().map(|(name, endpoint)| (name.to_string(), endpoint)).collect(),
        }),
        connect,
        mac_address: mac_address.filter(|_| !several),
        links,
    })
}

/// The service's networks, the one it is made in first.
fn by_priority(mapping: &Mapping<'_>) -> Vec<NetworkKey> {
    let networks = &mapping.service.networking.networks;
    if networks.is_empty() {
        return vec![NetworkKey::new("default")];
    }
    let mut keys: Vec<NetworkKey> = networks.keys().cloned().collect();
    let priority = |key: &NetworkKey| networks[key].as_ref().and_then(|endpoint| endpoint.priority).unwrap_or(0);
    keys.sort_by_key(|key| std::cmp::Reverse(priority(key)));
    keys
}

/// The MAC address of the first endpoint. Old engines know only one for the whole container.
fn mac_address(mapping: &Mapping<'_>, keys: &[NetworkKey]) -> Result<Option<String>, Problem> {
    let networking = &mapping.service.networking;
    let of = |key: &NetworkKey| networking.networks.get(key)?.as_ref()?.mac_address.clone();
    let (first, others) = keys.split_first().map_or((None, keys), |(first, others)| (Some(first), others));
    let own = first.and_then(&of);
    if let (Some(key), Some(own), Some(service)) = (first, &own, &networking.mac_address)
        && own != service
    {
        return Err(Problem::MacAddresses { network: key.clone() });
    }
    if let Some(key) = others.iter().find(|key| of(key).is_some()) {
        needs(mapping.api, SEVERAL_ENDPOINTS, format!("networks.{key}.mac_address"))?;
    }
    Ok(own.or_else(|| networking.mac_address.clone()))
}

fn endpoint(mapping: &Mapping<'_>, key: &NetworkKey, links: &[String]) -> Result<EndpointRequest, Problem> {
    let settings = mapping.service.networking.networks.get(key).and_then(Option::as_deref);
    let mut request = EndpointRequest {
        aliases: aliases(mapping, settings),
        links: links.to_vec(),
        ..EndpointRequest::default()
    };
    let Some(settings) = settings else {
        return Ok(request);
    };
    request.ipam = addresses(settings);
    request.driver_opts.clone_from(&settings.driver_opts);
    if needs(mapping.api, SEVERAL_ENDPOINTS, "").is_ok() {
        request.mac_address.clone_from(&settings.mac_address);
    }
    if let Some(priority) = settings.gw_priority.filter(|priority| *priority != 0) {
        needs(mapping.api, 48, format!("networks.{key}.gw_priority"))?;
        request.gw_priority = Some(priority);
    }
    if let Some(name) = &settings.interface_name {
        needs(mapping.api, 49, format!("networks.{key}.interface_name"))?;
        request.driver_opts.insert(INTERFACE_NAME.to_owned(), name.clone());
    }
    Ok(request)
}

fn addresses(settings: &Endpoint) -> Option<EndpointAddresses> {
    let addresses = EndpointAddresses {
        ipv4: settings.ipv4_address.clone(),
        ipv6: settings.ipv6_address.clone(),
        link_local: settings.link_local_ips.clone(),
    };
    (addresses != EndpointAddresses::default()).then_some(addresses)
}

/// The names by which others find the container in a network; the engine adds its short id.
fn aliases(mapping: &Mapping<'_>, settings: Option<&Endpoint>) -> Vec<String> {
    let mut aliases = vec![mapping.replica.name.to_string()];
    if mapping.replica.one_off.as_ref().is_none_or(|run| run.service_aliases) {
        aliases.push(mapping.service.name.to_string());
        aliases.extend(settings.into_iter().flat_map(|settings| settings.aliases.iter().cloned()));
    }
    aliases
}

/// `container:alias` for each container of a linked service, under the names that links always had.
fn links(mapping: &Mapping<'_>) -> Result<Vec<String>, Problem> {
    let mut links = Vec::new();
    for link in &mapping.service.networking.links {
        let (service, alias) = link.split_once(':').unwrap_or((link, link));
        let peers = mapping.replica.peers.get(service).ok_or_else(|| Problem::NoPeer {
            attribute: "links".to_owned(),
            service: service.into(),
        })?;
        // The number in the names is this container's, as the reference has it.
        let number = mapping.replica.number;
        for (_, name) in peers {
            links.push(format!("{name}:{alias}"));
            links.push(format!("{name}:{service}-{number}"));
            links.push(format!("{name}:{}-{service}-{number}", mapping.project.name));
        }
    }
    for link in &mapping.service.networking.external_links {
        let (container, alias) = link.split_once(':').unwrap_or((link, link));
        links.push(format!("{container}:{alias}"));
    }
    Ok(links)
}
