//! Networks.

use super::super::request::NetworkBody;
use super::super::{EndpointRequest, EngineError, NetworkDetails, NetworkSettings, Selector};
use super::DockerEngine;
use super::again::{self, Patience, Seen};
use super::answer::{keys, or_default, some};
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
    #[serde(deserialize_with = "or_default")]
    options: BTreeMap<String, String>,
    internal: bool,
    attachable: bool,
    #[serde(rename = "EnableIPv6")]
    ipv6: bool,
    #[serde(rename = "IPAM", deserialize_with = "or_default")]
    ipam: Ipam,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Ipam {
    driver: String,
    #[serde(deserialize_with = "or_default")]
    config: Vec<Pool>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Pool {
    subnet: String,
}

impl From<Found> for NetworkDetails {
    fn from(found: Found) -> Self {
        Self {
            id: found.id.into(),
            name: found.name.into(),
            driver: found.driver,
            labels: found.labels,
            settings: NetworkSettings {
                options: found.options,
                internal: found.internal,
                attachable: found.attachable,
                ipv6: found.ipv6,
                ipam_driver: some(found.ipam.driver),
                subnets: found.ipam.config.into_iter().map(|pool| pool.subnet).collect(),
            },
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
        let attempt = format!("create network {}", body.name);
        let call = Call::post("/networks/create", attempt.as_str()).json(body)?;
        self.transport.agree().await?;
        let ask = || async { Ok(NetworkId::from(self.ask_once::<Created>(call.clone()).await?.id)) };
        let look = || async {
            let bears = |found: &NetworkDetails| body.labels.iter().all(|(key, value)| found.labels.get(key) == Some(value));
            match self.network(&body.name).await {
                Ok(Some(found)) if bears(&found) => Seen::Done(found.id),
                _ => Seen::Nothing,
            }
        };
        again::ask(&attempt, Patience::changing(VERB), ask, look).await
    }

    pub(super) async fn delete_network(&self, id: &NetworkId) -> Result<(), EngineError> {
        let name = segment("network", id.as_str())?;
        let docker = self.docker().await?;
        let (ask, nothing) = (|| docker.remove_network(&name), || std::future::ready(Seen::Nothing));
        let attempt = format!("remove network {id}");
        absent(self.change(&attempt, Patience::changing(VERB), ask, nothing).await).map(|_| ())
    }

    pub(super) async fn join(&self, network: &NetworkName, container: &ContainerId, endpoint: &EndpointRequest) -> Result<(), EngineError> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Join<'a> {
            container: &'a ContainerId,
            endpoint_config: &'a EndpointRequest,
        }
        let attempt = format!("connect container {container} to network {network}");
        let path = format!("/networks/{}/connect", segment("network", network.as_str())?);
        let call = Call::post(path, attempt.as_str()).json(&Join {
            container,
            endpoint_config: endpoint,
        })?;
        let ask = || async { self.raw(call.clone()).await.map(|_| ()) };
        let look = || async {
            match self.networks_of(container).await {
                Some(networks) if networks.contains_key(network) => Seen::Done(()),
                _ => Seen::Nothing,
            }
        };
        again::ask(&attempt, Patience::changing(VERB), ask, look).await
    }

    pub(super) async fn leave(&self, network: &str, container: &ContainerId) -> Result<(), EngineError> {
        let name = segment("network", network)?;
        let docker = self.docker().await?;
        let ask = || {
            let request = NetworkDisconnectRequest {
                container: container.as_str().to_owned(),
                force: Some(true),
            };
            docker.disconnect_network(&name, request)
        };
        let is_it = |(name, id): (&NetworkName, &NetworkId)| name.as_str() == network || id.as_str() == network;
        let look = || async {
            match self.networks_of(container).await {
                Some(networks) if !networks.iter().any(is_it) => Seen::Done(()),
                _ => Seen::Nothing,
            }
        };
        let attempt = format!("disconnect container {container} from network {network}");
        self.change(&attempt, Patience::changing(VERB), ask, look).await
    }
}
