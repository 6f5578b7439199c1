//! Published ports.

use super::extension::Extensions;

/// One port of the container and where it is published.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Port {
    /// A name for people.
    pub name: Option<String>,
    /// `ingress` or `host`; matters to Swarm alone.
    pub mode: Option<String>,
    /// The host's address to bind; all when absent.
    pub host_ip: Option<String>,
    /// The container's port.
    pub target: u32,
    /// The host's port or range of ports (`8080`, `8000-8010`); the engine chooses when absent.
    pub published: Option<String>,
    /// The transport.
    pub protocol: Option<PortProtocol>,
    /// The application's protocol, a hint.
    pub app_protocol: Option<String>,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// A transport as written, in lower case: `tcp`, `udp`, `sctp`, or what the file says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PortProtocol(pub String);
