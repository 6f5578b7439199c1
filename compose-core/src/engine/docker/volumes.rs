//! Volumes.

use super::super::request::VolumeBody;
use super::super::{EngineError, Selector, VolumeDetails};
use super::DockerEngine;
use super::again::{self, Patience, Seen};
use super::answer::or_default;
use super::call::{Call, segment};
use super::transport::absent;
use crate::names::VolumeName;
use bollard::query_parameters::RemoveVolumeOptions;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

const VERB: Duration = Duration::from_mins(5);

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Found {
    name: String,
    driver: String,
    mountpoint: String,
    scope: String,
    #[serde(deserialize_with = "or_default")]
    labels: BTreeMap<String, String>,
    #[serde(deserialize_with = "or_default")]
    options: BTreeMap<String, String>,
}

impl From<Found> for VolumeDetails {
    fn from(found: Found) -> Self {
        Self {
            name: found.name.into(),
            driver: found.driver,
            mountpoint: found.mountpoint,
            scope: found.scope,
            labels: found.labels,
            options: found.options,
        }
    }
}

impl DockerEngine {
    pub(super) async fn volumes(&self, selector: &Selector) -> Result<Vec<VolumeDetails>, EngineError> {
        #[derive(Deserialize)]
        struct List {
            #[serde(rename = "Volumes", default, deserialize_with = "or_default")]
            volumes: Vec<Found>,
        }
        let call = Call::get("/volumes", "list volumes").query("filters", &selector.filters(&[]));
        let list: List = self.ask(call).await?;
        Ok(list.volumes.into_iter().map(VolumeDetails::from).collect())
    }

    pub(super) async fn volume(&self, name: &VolumeName) -> Result<Option<VolumeDetails>, EngineError> {
        let path = format!("/volumes/{}", segment("volume", name.as_str())?);
        let found: Option<Found> = self.ask_for(Call::get(path, format!("inspect volume {name}"))).await?;
        Ok(found.map(VolumeDetails::from))
    }

    pub(super) async fn new_volume(&self, body: &VolumeBody) -> Result<(), EngineError> {
        let attempt = format!("create volume {}", body.name);
        let call = Call::post("/volumes/create", attempt.as_str()).json(body)?;
        // The engine gives the volume that is there.
        let (ask, nothing) = (
            || async { self.raw(call.clone()).await.map(|_| ()) },
            || std::future::ready(Seen::Nothing),
        );
        again::ask(&attempt, Patience::changing(VERB), ask, nothing).await
    }

    pub(super) async fn delete_volume(&self, name: &VolumeName) -> Result<(), EngineError> {
        let path = segment("volume", name.as_str())?;
        let docker = self.docker().await?;
        let ask = || docker.remove_volume(&path, None::<RemoveVolumeOptions>);
        let nothing = || std::future::ready(Seen::Nothing);
        let attempt = format!("remove volume {name}");
        absent(self.change(&attempt, Patience::changing(VERB), ask, nothing).await).map(|_| ())
    }
}
