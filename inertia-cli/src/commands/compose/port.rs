//! `inertia compose port`.

use super::scope::Scope;
use super::targets::{self, Pick};
use super::{ComposeOptions, engine};
use crate::commands::block_on;
use crate::failure::Failure;
use crate::render::say;
use crate::settings::Settings;
use clap::Args;
use compose_core::engine::ListedPort;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct PortArgs {
    /// The container of this number
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
    /// tcp, udp or sctp
    #[arg(long, value_name = "PROTOCOL", default_value = "tcp")]
    protocol: String,
    /// The service
    service: String,
    /// The port inside the container
    private_port: u16,
}

pub(super) fn run(arguments: &PortArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let scope = Scope::find(options, settings)?;
    let context = engine::context(options, settings)?;
    let pick = Pick {
        service: &arguments.service,
        index: arguments.index,
        one_offs: false,
        stopped: false,
    };
    let row = block_on(targets::one(&context, scope.name(), pick))?;
    let protocol = arguments.protocol.to_lowercase();
    match public_address(&row.summary.ports, arguments.private_port, &protocol) {
        Some(address) => say(&address),
        None => Err(unpublished(
            row.summary.name.as_str(),
            &row.summary.ports,
            arguments.private_port,
            &protocol,
        )),
    }
}

/// Where a port of a container is reached; one that is only exposed is `:0`, as docker compose prints it.
fn public_address(ports: &[ListedPort], private: u16, protocol: &str) -> Option<String> {
    let port = ports.iter().find(|port| port.private == private && port.protocol == protocol)?;
    let host = port.ip.as_deref().unwrap_or_default();
    let public = port.public.unwrap_or(0);
    Some(if host.contains(':') {
        format!("[{host}]:{public}")
    } else {
        format!("{host}:{public}")
    })
}

fn unpublished(container: &str, ports: &[ListedPort], private: u16, protocol: &str) -> Failure {
    let failure = Failure::new(format!("no port {private}/{protocol} for container {container}"));
    let there: Vec<String> = ports.iter().map(|port| format!("{}/{}", port.private, port.protocol)).collect();
    if there.is_empty() {
        return failure.hint("it publishes no port; publish one with `ports:` in the compose file");
    }
    failure.hint(format!("it has {}", there.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(ip: Option<&str>, private: u16, public: Option<u16>, protocol: &str) -> ListedPort {
        ListedPort {
            ip: ip.map(str::to_owned),
            private,
            public,
            protocol: protocol.to_owned(),
        }
    }

    #[test]
    fn a_port_is_looked_up_by_number_and_protocol() {
        let ports = [
            port(Some("0.0.0.0"), 80, Some(32768), "tcp"),
            port(Some("127.0.0.1"), 80, Some(32769), "udp"),
            port(Some("::1"), 81, Some(9), "tcp"),
            port(None, 90, None, "tcp"),
        ];
        let table = [
            (80, "tcp", Some("0.0.0.0:32768")),
            (80, "udp", Some("127.0.0.1:32769")),
            (81, "tcp", Some("[::1]:9")),
            (90, "tcp", Some(":0")),
            (81, "udp", None),
        ];
        for (private, protocol, want) in table {
            assert_eq!(public_address(&ports, private, protocol).as_deref(), want, "{private}/{protocol}");
        }
        let failure = unpublished("shop-web-1", &ports, 1, "tcp");
        assert_eq!(failure.text(), "no port 1/tcp for container shop-web-1");
        assert_eq!(failure.hints, ["it has 80/tcp, 80/udp, 81/tcp, 90/tcp"]);
    }
}
