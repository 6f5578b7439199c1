//! Containers as images and archives.

use super::super::{CommitRequest, EngineError};
use super::DockerEngine;
use super::answer;
use super::call::{Call, segment};
use super::images::split;
use crate::names::{ContainerId, ImageId};
use bytes::Bytes;
use futures::stream::BoxStream;
use serde::Deserialize;

impl DockerEngine {
    pub(super) async fn commit_container(&self, id: &ContainerId, request: &CommitRequest) -> Result<ImageId, EngineError> {
        #[derive(Deserialize)]
        struct Committed {
            #[serde(rename = "Id")]
            id: String,
        }
        let name = request.name.as_ref().map(|name| split(name.as_str()));
        let call = Call::post("/commit", format!("make an image of container {id}"))
            .query("container", &segment("container", id.as_str())?)
            .query_some("repo", name.map(|(repository, _)| repository))
            .query_some("tag", name.map(|(_, tag)| tag))
            .query_some("author", request.author.as_deref())
            .query_some("comment", request.comment.as_deref())
            .query("pause", if request.pause { "1" } else { "0" });
        let call = request.changes.iter().fold(call, |call, change| call.query("changes", change));
        Ok(ImageId::from(self.ask::<Committed>(call.patient()).await?.id))
    }

    pub(super) async fn export_container(&self, id: &ContainerId) -> Result<BoxStream<'static, Result<Bytes, EngineError>>, EngineError> {
        let attempt = format!("export container {id}");
        let path = format!("/containers/{}/export", segment("container", id.as_str())?);
        Ok(answer::bytes(
            &attempt,
            self.raw(Call::get(path, attempt.as_str()).patient()).await?,
            None,
        ))
    }
}
