//! Ports of the host that a project wants and somebody else holds.

use compose_core::engine::ContainerSummary;
use compose_core::model::{NamespaceMode, Project, Service};
use compose_core::names::ServiceName;
use std::collections::BTreeSet;
use std::net::{AddrParseError, IpAddr, Ipv4Addr};

/// A port of the host that a service publishes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WantedPort {
    pub(super) service: ServiceName,
    /// The address; every one when `None`.
    pub(super) address: Option<IpAddr>,
    pub(super) port: u16,
    pub(super) protocol: Protocol,
}

/// A transport whose ports can be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Protocol {
    Tcp,
    Udp,
}

impl Protocol {
    fn read(word: &str) -> Option<Self> {
        match word {
            "tcp" => Some(Self::Tcp),
            "udp" => Some(Self::Udp),
            _ => None,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// The ports that a project publishes at fixed places. Out of a range the engine takes one that is free.
pub(super) fn wanted(project: &Project) -> BTreeSet<WantedPort> {
    let services = project
        .services
        .values()
        .filter(|service| publishes(service) && service.replicas() > 0);
    let ports = services.flat_map(|service| service.networking.ports.iter().map(move |port| (service, port)));
    ports
        .filter_map(|(service, port)| {
            Some(WantedPort {
                service: service.name.clone(),
                address: address(port.host_ip.as_deref()).ok()?,
                port: port.published.as_deref()?.parse().ok().filter(|port| *port != 0)?,
                protocol: Protocol::read(port.protocol.as_ref().map_or("tcp", |protocol| protocol.0.as_str()))?,
            })
        })
        .collect()
}

/// A service in the network of the host or of another container publishes nothing.
fn publishes(service: &Service) -> bool {
    match &service.networking.network_mode {
        None => true,
        Some(NamespaceMode::Other(mode)) => mode != "host" && mode != "none",
        Some(_) => false,
    }
}

/// One address; `None` is every one. What is no address is left to the engine.
fn address(written: Option<&str>) -> Result<Option<IpAddr>, AddrParseError> {
    let Some(text) = written.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let address: IpAddr = text.trim_matches(['[', ']']).parse()?;
    Ok(Some(address).filter(|address| !address.is_unspecified()))
}

/// The first of these containers that holds a port.
pub(super) fn holder<'a>(wanted: &WantedPort, containers: &'a [ContainerSummary]) -> Option<&'a ContainerSummary> {
    containers.iter().find(|container| {
        container.ports.iter().any(|held| {
            let at = address(held.ip.as_deref()).ok().flatten();
            let overlaps = wanted.address.is_none() || at.is_none() || wanted.address == at;
            held.public == Some(wanted.port) && Protocol::read(&held.protocol) == Some(wanted.protocol) && overlaps
        })
    })
}

impl WantedPort {
    /// Where it is tried.
    pub(super) fn place(&self) -> (IpAddr, u16) {
        (self.address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), self.port)
    }
}

impl std::fmt::Display for WantedPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.address {
            None => write!(f, "port {}/{}", self.port, self.protocol.as_str()),
            Some(address) => write!(f, "port {}/{} of {address}", self.port, self.protocol.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use compose_core::engine::ListedPort;
    use compose_core::engine::fake::FakeEngine;
    use compose_core::engine::request::ContainerBody;
    use compose_core::engine::{Engine as _, Selector};
    use compose_core::load::Loader;
    use compose_core::names::ContainerName;
    use compose_core::source::MemoryReader;

    fn wanted_of(service: &str) -> Vec<WantedPort> {
        let text = format!("services: {{web: {{image: x, {service}}}}}");
        let reader = MemoryReader::new().with("/srv/shop/compose.yaml", text);
        let project = Loader::new("/srv/shop").reader(reader).load().expect("loads").project;
        wanted(&project).into_iter().collect()
    }

    #[test]
    fn fixed_places_are_known_before() {
        let texts = |service| wanted_of(service).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            texts("ports: ['80:80', '127.0.0.1:53:53/udp', '81', '8000-8010:82', '[::1]:83:83']"),
            ["port 80/tcp", "port 53/udp of 127.0.0.1", "port 83/tcp of ::1"]
        );
        assert_eq!(texts("ports: ['80:80'], network_mode: host"), [] as [&str; 0]);
        assert_eq!(texts("ports: ['80:80'], scale: 0"), [] as [&str; 0]);
    }

    #[tokio::test]
    async fn a_port_is_held_where_address_and_transport_meet() {
        let engine = FakeEngine::new().with_image("x");
        let body = ContainerBody {
            image: "x".to_owned(),
            ..ContainerBody::default()
        };
        engine
            .create_container(&ContainerName::new("other"), None, &body)
            .await
            .expect("made");
        let mut containers = engine.list_containers(&Selector::default()).await.expect("listed");
        for (port, (ip, public, protocol), is_held) in [
            ("80:80", ("0.0.0.0", 80, "tcp"), true),
            ("80:80", ("::", 80, "tcp"), true),
            ("80:80", ("127.0.0.1", 80, "tcp"), true),
            ("127.0.0.1:80:80", ("0.0.0.0", 80, "tcp"), true),
            ("127.0.0.1:80:80", ("127.0.0.1", 80, "tcp"), true),
            ("127.0.0.1:80:80", ("127.0.0.2", 80, "tcp"), false),
            ("80:80", ("0.0.0.0", 80, "udp"), false),
            ("80:80", ("0.0.0.0", 81, "tcp"), false),
        ] {
            containers[0].ports = vec![ListedPort {
                ip: Some(ip.to_owned()),
                private: 1,
                public: Some(public),
                protocol: protocol.to_owned(),
            }];
            let wanted = wanted_of(&format!("ports: ['{port}']"));
            assert_eq!(
                holder(&wanted[0], &containers).is_some(),
                is_held,
                "{port} {ip} {public} {protocol}"
            );
        }
    }
}
