//! The proof: the daemon answers over HTTPS with the pinned key, from here, by the open port or through SSH.

use super::firewall::Firewall;
use super::server::Server;
use super::steps::Steps;
use crate::client::Client;
use crate::failure::Failure;
use crate::remotes::Remote;
use crate::settings::Settings;
use deployd::wire::ServerInfo;
use std::time::Duration;

/// How long the open port may take to answer.
const PATIENCE: Duration = Duration::from_secs(8);

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
    match tokio::time::timeout(PATIENCE, client.get::<ServerInfo>("/")).await {
        Ok(Ok(info)) => {
            steps.finish(&format!("200 OK, version {}", info.version));
            return Ok((open, None));
        }
        Ok(Err(failure)) if !failure.text().contains("does not answer") => return Err(failure),
        Ok(Err(_)) | Err(_) => steps.finish("the port does not answer from here"),
    }
    let firewall = Firewall::find(server).await?;
    steps.begin("Ask the daemon through SSH");
    let tunnelled = Remote { tunnel: true, ..open };
    let info: ServerInfo = Client::open(name, &tunnelled, settings)?.get("/").await?;
    steps.finish(&format!("200 OK, version {}", info.version));
    Ok((tunnelled, Some(firewall)))
}
