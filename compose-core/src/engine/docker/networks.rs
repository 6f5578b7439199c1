//! Networks.

use super::super::request::NetworkBody;
use super::super::{EndpointRequest, EngineError, NetworkDetails, Selector};
use super::DockerEngine;
use super::answer::{keys, or_default};
use super::call::{Call, segment};
use super::transport::absent;
use crate::names::{ContainerId, NetworkId, NetworkName};
use bollard::models::NetworkDisconnectRequest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

const VERB: Duration = Duration::from_mins(2);

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Found {
    id: String,
    name: String,
    driver: String,
    #[serde(deserialize_with = "or_default")]
    labels: BTreeMap<String, String>,
    #[serde(deserialize_with = "keys")]
    containers: Vec<String>,
}

impl From<Found> for NetworkDetails {
    fn from(found: Found) -> Self {
        Self {
            id: found.id.into(),
            name: found.name.into(),
            driver: found.driver,
            labels: found.labels,
            // Endpoints that are no containers are called ep-….
            containers: found
                .containers
                .into_iter()
                .filter(|id| !id.starts_with("ep-"))
                .map(ContainerId::from)
                .collect(),
        }
    }
}

impl DockerEngine {
    pub(super) async fn networks(&self, selector: &Selector) -> Result<Vec<NetworkDetails>, EngineError> {
        let call = Call::get("/networks", "list networks").query("filters", &selector.filters(&[]));
        let found: Vec<Found> = self.ask(call).await?;
        Ok(found.into_iter().map(NetworkDetails::from).collect())
    }

    pub(super) async fn network(&self, name: &str) -> Result<Option<NetworkDetails>, EngineError> {
        let path = format!("/networks/{}", segment("network", name)?);
        let found: Option<Found> = self.ask_for(Call::get(path, format!("inspect network {name}"))).await?;
        // The engine also takes the beginning of an id for an answer.
        Ok(found
            .filter(|found| found.name == name || found.id == name)
            .map(NetworkDetails::from))
    }

    pub(super) async fn new_network(&self, body: &NetworkBody) -> Result<NetworkId, EngineError> {
        #[derive(Deserialize)]
        struct Created {
            #[serde(rename = "Id")]
            id: String,
        }
        let call = Call::post("/networks/create", format!("create network {}", body.name)).json(body)?;
        Ok(NetworkId::from(self.ask::<Created>(call).await?.id))
    }

    pub(super) async fn delete_network(&self, id: &NetworkId) -> Result<(), EngineError> {
        let name = segment("network", id.as_str())?;
        let verb = self.docker().await?.remove_network(&name);
        absent(self.tell(format!("remove network {id}"), Some(VERB), verb).await).map(|_| ())
    }

    pub(super) async fn join(&self, network: &NetworkName, container: &ContainerId, endpoint: &EndpointRequest) -> Result<(), EngineError> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Join<'a> {
            container: &'a ContainerId,
            endpoint_config: &'a EndpointRequest,
        }
        let path = format!("/networks/{}/connect", segment("network", network.as_str())?);
        let call = Call::post(path, format!("connect container {container} to network {network}")).json(&Join {
            container,
            endpoint_config: endpoint,
        })?;
        self.raw(call).await.map(|_| ())
    }

    pub(super) async fn leave(&self, network: &str, container: &ContainerId) -> Result<(), EngineError> {
        let name = segment("network", network)?;
        let request = NetworkDisconnectRequest {
            container: container.as_str().to_owned(),
            force: Some(true),
        };
        let verb = self.docker().await?.disconnect_network(&name, request);
        self.tell(format!("disconnect container {container} from network {network}"), Some(VERB), verb)
            .await
    }
}
