//! Where an engine listens, as `DOCKER_HOST` says it.

use super::EngineError;
use std::path::PathBuf;
use std::str::FromStr;

/// Where an engine listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineAddress {
    /// A socket of this machine: `unix:///var/run/docker.sock`.
    Unix(PathBuf),
    /// A host and a port, without encryption: `tcp://host:2375`.
    Tcp {
        /// A name or an address; IPv6 in brackets.
        host: String,
        /// The port.
        port: u16,
    },
}

/// The port of an unencrypted engine where none is given.
const TCP_PORT: u16 = 2375;

impl Default for EngineAddress {
    fn default() -> Self {
        Self::Unix(PathBuf::from("/var/run/docker.sock"))
    }
}

impl FromStr for EngineAddress {
    type Err = EngineError;

    /// Reads the value of `DOCKER_HOST`; empty text is the default.
    fn from_str(text: &str) -> Result<Self, EngineError> {
        let refuse = |reason: &str| EngineError::Address {
            address: text.to_owned(),
            reason: reason.to_owned(),
        };
        if text.is_empty() {
            return Ok(Self::default());
        }
        match text.split_once("://") {
            Some(("unix", "")) => Ok(Self::default()),
            Some(("unix", path)) => Ok(Self::Unix(PathBuf::from(path))),
            Some(("tcp" | "http", rest)) => tcp(rest).ok_or_else(|| refuse("a host and a port are expected: tcp://host:2375")),
            Some(("ssh", _)) => Err(refuse(
                "engines behind ssh are not reached directly; forward the socket (ssh -L /tmp/docker.sock:/var/run/docker.sock HOST) and use unix:///tmp/docker.sock, or set the host up with `inertia remote init`",
            )),
            Some(("npipe", _)) => Err(refuse("named pipes of Windows are not supported")),
            Some((scheme, _)) => Err(refuse(&format!("`{scheme}` is none of unix, tcp"))),
            None => Err(refuse("a scheme is expected: unix:///var/run/docker.sock")),
        }
    }
}

fn tcp(rest: &str) -> Option<EngineAddress> {
    let authority = rest.trim_end_matches('/');
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (authority, TCP_PORT),
    };
    let named = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._:[]".contains(c));
    named.then(|| EngineAddress::Tcp {
        host: host.to_owned(),
        port,
    })
}

impl std::fmt::Display for EngineAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp { host, port } => write!(f, "tcp://{host}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (text, shown) in [
            ("", "unix:///var/run/docker.sock"),
            ("unix://", "unix:///var/run/docker.sock"),
            ("unix:///run/user/1000/docker.sock", "unix:///run/user/1000/docker.sock"),
            ("tcp://engine:2376", "tcp://engine:2376"),
            ("tcp://engine", "tcp://engine:2375"),
            ("http://10.0.0.1:1/", "tcp://10.0.0.1:1"),
            ("tcp://[::1]:99", "tcp://[::1]:99"),
            ("tcp://[::1]", "tcp://[::1]:2375"),
        ] {
            let address: EngineAddress = text.parse().expect(text);
            assert_eq!(address.to_string(), shown);
        }
    }

    #[test]
    fn refusals_say_what_to_do() {
        for (text, part) in [
            ("ssh://me@host", "forward the socket"),
            ("npipe:////./pipe/docker_engine", "Windows"),
            ("/var/run/docker.sock", "scheme"),
            ("tcp://", "tcp://host:2375"),
            ("tcp://a b:1", "tcp://host:2375"),
            ("tcp://a:many", "tcp://host:2375"),
            ("ftp://a", "`ftp`"),
        ] {
            let refused = text.parse::<EngineAddress>().expect_err(text).to_string();
            assert!(refused.contains(part) && refused.starts_with(text), "{refused}");
        }
    }
}
