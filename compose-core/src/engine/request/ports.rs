//! Exposed and published ports.

use super::body::PortBinding;
use crate::model::{Port, Service};
use std::collections::{BTreeMap, BTreeSet};

/// The ports that the container opens.
pub(super) fn exposed(service: &Service) -> BTreeSet<String> {
    let published = service.networking.ports.iter().map(key);
    let exposed = service.networking.expose.iter().cloned();
    exposed.chain(published).collect()
}

/// Where ports are published. A range stands for a free port out of it, which the engine chooses.
pub(super) fn bindings(service: &Service) -> BTreeMap<String, Vec<PortBinding>> {
    let mut bindings: BTreeMap<String, Vec<PortBinding>> = BTreeMap::new();
    for port in &service.networking.ports {
        bindings.entry(key(port)).or_default().push(PortBinding {
            host_ip: port.host_ip.clone().unwrap_or_default(),
            host_port: port.published.clone().unwrap_or_default(),
        });
    }
    bindings
}

fn key(port: &Port) -> String {
    let protocol = port.protocol.as_ref().map_or("tcp", |protocol| protocol.0.as_str());
    format!("{}/{protocol}", port.target)
}
