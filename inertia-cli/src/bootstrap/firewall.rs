//! Why a port does not answer from outside: which firewall is on.

use super::server::Server;
use crate::ssh::SshError;

const SCRIPT: &str = include_str!("scripts/firewall.sh");

/// What closes a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Firewall {
    /// Ubuntu's and Debian's.
    Ufw,
    /// That of the RHEL family.
    Firewalld,
    /// None of the server's own, so one in front of it.
    Provider,
}

impl Firewall {
    /// Asks the server which of its own is on.
    pub(super) async fn find(server: &Server) -> Result<Self, SshError> {
        let mut out = Vec::new();
        server
            .as_root(SCRIPT, b"", &mut |source, bytes| {
                if source == crate::ssh::Source::Out {
                    out.extend_from_slice(bytes);
                }
            })
            .await?;
        Ok(Self::parse(&String::from_utf8_lossy(&out)))
    }

    fn parse(text: &str) -> Self {
        let said = |key: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
                .map(str::trim)
        };
        if said("ufw").is_some_and(|status| status.eq_ignore_ascii_case("Status: active")) {
            return Self::Ufw;
        }
        if said("firewalld") == Some("running") {
            return Self::Firewalld;
        }
        Self::Provider
    }

    /// Who it is, and how the port is opened there.
    pub(crate) fn advice(self, port: u16) -> String {
        match self {
            Self::Ufw => format!("ufw is active on the server; it may close the port: `sudo ufw allow {port}/tcp` there opens it"),
            Self::Firewalld => format!(
                "firewalld runs on the server; it may close the port: \
                 `sudo firewall-cmd --permanent --add-port={port}/tcp && sudo firewall-cmd --reload` there opens it"
            ),
            Self::Provider => format!(
                "no firewall of the server itself is on, so it is one in front of it: open TCP port {port} in the provider's console \
                 (firewall, security group, network rules)"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Firewall;

    #[test]
    fn the_firewall_that_is_on_is_named() {
        for (text, firewall, says) in [
            ("ufw=Status: active\nfirewalld=\n", Firewall::Ufw, "ufw allow 8081/tcp"),
            (
                "ufw=Status: inactive\nfirewalld=running\n",
                Firewall::Firewalld,
                "--add-port=8081/tcp",
            ),
            ("ufw=\nfirewalld=not running\n", Firewall::Provider, "provider's console"),
            ("ufw=Status: inactive\nfirewalld=\n", Firewall::Provider, "TCP port 8081"),
            ("", Firewall::Provider, "security group"),
        ] {
            let found = Firewall::parse(text);
            assert_eq!(found, firewall, "{text}");
            assert!(found.advice(8081).contains(says), "{}", found.advice(8081));
        }
    }
}
