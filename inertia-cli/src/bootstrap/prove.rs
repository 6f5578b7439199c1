//! The proof: the daemon answers over HTTPS with the pinned key, from here, by the open port or through SSH.

use super::firewall::Firewall;
use super::server::Server;
use super::steps::Steps;
use crate::client::{Client, Greeting};
use crate::failure::Failure;
use crate::remotes::Remote;
use crate::settings::Settings;

/// Why the daemon's port leads nowhere from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    /// Nothing answers; which firewall of the server's own is on.
    Silent(Firewall),
    /// Something answers that is not the daemon.
    AnotherKey,
}

impl Closed {
    /// What there is and what to do.
    pub(crate) fn advice(self, port: u16) -> String {
        match self {
            Self::Silent(firewall) => format!("does not answer from here\n  {}", firewall.advice(port)),
            Self::AnotherKey => format!(
                "is answered by something else than the daemon, with another key\n  \
                 a proxy, or a router that leads port {port} to another machine? `openssl s_client -connect HOST:{port}` shows whose certificate it is"
            ),
        }
    }
}

/// Asks the daemon for a sign of life. The remote with the way that works, and what closes the other one.
pub(super) async fn prove(
    name: &str,
    remote: Remote,
    server: &Server,
    steps: &mut Steps,
    settings: &Settings,
) -> Result<(Remote, Option<Closed>), Failure> {
    let open = Remote { tunnel: false, ..remote };
    steps.begin(format!("Ask the daemon at {}", open.address));
    let client = Client::new(name, &open)?;
    let closed = match client.greet().await {
        Greeting::Daemon(info) => {
            steps.finish(&format!("200 OK, version {}", info.version));
            return Ok((open, None));
        }
        Greeting::Silence(_) => {
            let firewall = Firewall::find(server).await?;
            steps.finish("the port does not answer from here");
            Closed::Silent(firewall)
        }
        // The daemon itself was asked over SSH for its key: somebody else stands before its port.
        Greeting::AnotherKey(_) => {
            steps.finish("something else answers at that port");
            Closed::AnotherKey
        }
        Greeting::Stranger(failure) => return Err(failure),
    };
    steps.begin("Ask the daemon through SSH");
    let tunnelled = Remote { tunnel: true, ..open };
    let info = Client::open(name, &tunnelled, settings)?.about().await?;
    steps.finish(&format!("200 OK, version {}", info.version));
    Ok((tunnelled, Some(closed)))
}
