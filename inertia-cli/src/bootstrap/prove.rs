//! The proof: the daemon answers over HTTPS with the pinned key, from here, by the open port or through SSH.

use super::firewall::Firewall;
use super::server::Server;
use super::steps::Steps;
use crate::client::{Client, Greeting};
use crate::failure::Failure;
use crate::remotes::Remote;
use crate::settings::Settings;
use deployd::wire::ServerInfo;

/// Asks the daemon for a sign of life. The remote with the way that works, and what closes the other one.
pub(super) async fn prove(
    name: &str,
    remote: Remote,
    server: &Server,
    steps: &mut Steps,
    settings: &Settings,
) -> Result<(Remote, Option<Firewall>), Failure> {
    let open = Remote { tunnel: false, ..remote };
    steps.begin(format!("Ask the daemon at {}", open.address));
    let client = Client::new(name, &open)?;
    match client.greet().await {
        Greeting::Daemon(info) => {
            steps.finish(&format!("200 OK, version {}", info.version));
            return Ok((open, None));
        }
        Greeting::Silence(_) => steps.finish("the port does not answer from here"),
        // The daemon itself was asked over SSH for its key: somebody else stands before its port.
        Greeting::AnotherKey(_) => steps.finish("something else answers at that port"),
        Greeting::Stranger(failure) => return Err(failure),
    }
    let firewall = Firewall::find(server).await?;
    steps.begin("Ask the daemon through SSH");
    let tunnelled = Remote { tunnel: true, ..open };
    let info: ServerInfo = Client::open(name, &tunnelled, settings)?.get("/").await?;
    steps.finish(&format!("200 OK, version {}", info.version));
    Ok((tunnelled, Some(firewall)))
}
