//! Why a port does not answer from outside: which firewall is on.

use super::server::Server;
use crate::ssh::SshError;

const SCRIPT: &str = include_str!("scripts/firewall.sh");

/// How much of the answer is read.
const MOST_OUTPUT: usize = 4096;

/// Which firewall of the server's own is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Firewall {
    /// Ubuntu's and Debian's.
    Ufw,
    /// That of the RHEL family.
    Firewalld,
    /// None.
    None,
    /// Only root is told.
    NotKnown,
}

impl Firewall {
    /// Asks the server which of its own is on.
    pub(super) async fn find(server: &Server) -> Result<Self, SshError> {
        if !server.has_root() {
            return Ok(Self::NotKnown);
        }
        let mut out = Vec::new();
        server
            .as_root(SCRIPT, b"", &mut |source, bytes| {
                if source == crate::ssh::Source::Out {
                    let room = MOST_OUTPUT.saturating_sub(out.len());
                    out.extend_from_slice(&bytes[..bytes.len().min(room)]);
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
        Self::None
    }

    /// How the port is opened: in front of the server first, as Docker's ports pass by most firewalls of the server's own.
    pub(crate) fn advice(self, port: u16) -> String {
        let provider = format!("open TCP port {port} in the provider's console (firewall, security group, network rules)");
        match self {
            Self::Ufw => format!(
                "{provider}\n  ufw is on too; Docker's ports usually pass it by, and where they do not `sudo ufw allow {port}/tcp` there opens it"
            ),
            Self::Firewalld => format!(
                "{provider}\n  firewalld runs too; Docker's ports usually pass it by, and where they do not \
                 `sudo firewall-cmd --permanent --add-port={port}/tcp && sudo firewall-cmd --reload` there opens it"
            ),
            Self::None => format!("no firewall of the server itself is on, so it is one in front of it: {provider}"),
            Self::NotKnown => format!(
                "{provider}\n  whether a firewall of the server's own is on is told to root only: `sudo ufw status`, `sudo firewall-cmd --state`"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Firewall;

    #[test]
    fn the_firewall_that_is_on_is_named_and_the_providers_always() {
        for (text, firewall, says) in [
            ("ufw=Status: active\nfirewalld=\n", Firewall::Ufw, "ufw allow 8081/tcp"),
            (
                "ufw=Status: inactive\nfirewalld=running\n",
                Firewall::Firewalld,
                "--add-port=8081/tcp",
            ),
            ("ufw=\nfirewalld=not running\n", Firewall::None, "no firewall of the server itself"),
            ("ufw=Status: inactive\nfirewalld=\n", Firewall::None, "TCP port 8081"),
            ("", Firewall::None, "security group"),
        ] {
            let found = Firewall::parse(text);
            assert_eq!(found, firewall, "{text}");
            assert!(found.advice(8081).contains(says), "{}", found.advice(8081));
        }
        let all = [Firewall::Ufw, Firewall::Firewalld, Firewall::None, Firewall::NotKnown];
        assert!(all.iter().all(|firewall| firewall.advice(1).contains("provider's console")));
        assert!(!Firewall::NotKnown.advice(1).contains("no firewall"));
    }
}
