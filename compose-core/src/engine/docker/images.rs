//! Images, apart from building them.

use super::super::{ContainerSettings, EngineError, ImageDetails, PullProgress};
use super::DockerEngine;
use super::again::{Patience, Seen};
use super::answer::{json_lines, keys, or_default, some};
use super::call::{Call, reference};
use super::transport::absent;
use crate::names::{ImageId, ImageRef};
use bollard::query_parameters::{RemoveImageOptions, TagImageOptions};
use futures::stream::TryStreamExt as _;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::time::Duration;

const VERB: Duration = Duration::from_mins(5);
/// How long a pull or a push may tell of no progress.
const STANDSTILL: Duration = Duration::from_mins(10);

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Found {
    id: String,
    #[serde(deserialize_with = "or_default")]
    repo_tags: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    repo_digests: Vec<String>,
    os: String,
    architecture: String,
    variant: String,
    created: String,
    size: i64,
    #[serde(deserialize_with = "or_default")]
    config: Config,
    #[serde(deserialize_with = "or_default")]
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Config {
    #[serde(deserialize_with = "or_default")]
    labels: BTreeMap<String, String>,
    #[serde(deserialize_with = "keys")]
    volumes: Vec<String>,
    #[serde(deserialize_with = "keys")]
    exposed_ports: Vec<String>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

impl Config {
    /// What its containers get where nothing else is asked for.
    fn defaults(&self) -> ContainerSettings {
        let labels = self.labels.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str())));
        let mut process = self.others.clone();
        process.insert("Labels".to_owned(), Value::Object(labels.collect()));
        ContainerSettings { process, host: Map::new() }
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Metadata {
    last_tag_time: Option<String>,
}

impl From<Found> for ImageDetails {
    fn from(found: Found) -> Self {
        let parts = [found.os, found.architecture, found.variant];
        let platform: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        Self {
            defaults: found.config.defaults(),
            id: found.id.into(),
            tags: found.repo_tags,
            digests: found.repo_digests,
            platform: platform.join("/"),
            created: found.created,
            size: found.size,
            labels: found.config.labels,
            volumes: found.config.volumes,
            exposed_ports: found.config.exposed_ports,
            last_tagged: found
                .metadata
                .last_tag_time
                .and_then(some)
                .filter(|time| !time.starts_with("0001-")),
        }
    }
}

/// A line of the answer to a pull or a push.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Transferred {
    id: Option<String>,
    status: String,
    progress_detail: Option<Amount>,
    error: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Amount {
    current: Option<u64>,
    total: Option<u64>,
}

impl DockerEngine {
    pub(super) async fn image(&self, image: &str) -> Result<Option<ImageDetails>, EngineError> {
        let path = format!("/images/{}/json", reference(image)?);
        let found: Option<Found> = self.ask_for(Call::get(path, format!("inspect image {image}"))).await?;
        Ok(found.map(ImageDetails::from))
    }

    pub(super) async fn pull(
        &self,
        image: &ImageRef,
        platform: Option<&str>,
        progress: &mut (dyn FnMut(PullProgress) + Send),
    ) -> Result<(), EngineError> {
        let attempt = format!("pull {image}");
        let (name, tag) = split(image.as_str());
        let call = Call::post("/images/create", attempt.as_str())
            .query("fromImage", name)
            .query("tag", tag)
            .query_some("platform", platform)
            .header_some("x-registry-auth", self.credentials().pull_header(image)?)?
            .within(STANDSTILL);
        self.transfer(attempt, call, progress).await
    }

    pub(super) async fn push(&self, image: &ImageRef, progress: &mut (dyn FnMut(PullProgress) + Send)) -> Result<(), EngineError> {
        let attempt = format!("push {image}");
        let (name, tag) = split(image.as_str());
        // The engine wants to be told of credentials also when there are none.
        let credentials = self.credentials().pull_header(image)?.unwrap_or_else(|| "e30=".to_owned());
        let call = Call::post(format!("/images/{}/push", reference(name)?), attempt.as_str())
            .query("tag", tag)
            .header_some("x-registry-auth", Some(credentials))?
            .within(STANDSTILL);
        self.transfer(attempt, call, progress).await
    }

    /// Follows a pull or a push to its end.
    async fn transfer(&self, attempt: String, call: Call, progress: &mut (dyn FnMut(PullProgress) + Send)) -> Result<(), EngineError> {
        let mut lines = json_lines::<Transferred>(&attempt, self.raw(call).await?, Some(STANDSTILL));
        while let Some(line) = lines.try_next().await? {
            if let Some(message) = line.error {
                return Err(EngineError::Failed { attempt, message });
            }
            let amount = line.progress_detail.unwrap_or_default();
            progress(PullProgress {
                layer: line.id,
                status: line.status,
                current: amount.current,
                total: amount.total,
            });
        }
        Ok(())
    }

    pub(super) async fn tag(&self, image: &ImageId, name: &ImageRef) -> Result<(), EngineError> {
        let (repository, tag) = split(name.as_str());
        let path = reference(image.as_str())?;
        let docker = self.docker().await?;
        let ask = || {
            let options = TagImageOptions {
                repo: Some(repository.to_owned()),
                tag: Some(tag.to_owned()),
            };
            docker.tag_image(&path, Some(options))
        };
        let nothing = || std::future::ready(Seen::Nothing);
        self.change(&format!("tag image {image} as {name}"), Patience::changing(VERB), ask, nothing)
            .await
    }

    pub(super) async fn delete_image(&self, image: &str) -> Result<(), EngineError> {
        let path = reference(image)?;
        let docker = self.docker().await?;
        let ask = || docker.remove_image(&path, None::<RemoveImageOptions>, None);
        let nothing = || std::future::ready(Seen::Nothing);
        let attempt = format!("remove image {image}");
        absent(self.change(&attempt, Patience::changing(VERB), ask, nothing).await).map(|_| ())
    }
}

/// A reference's name and its tag or digest; `latest` where it has neither.
pub(super) fn split(image: &str) -> (&str, &str) {
    if let Some((name, digest)) = image.split_once('@') {
        // With both, the digest alone decides what is fetched.
        let name = match name.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => name,
            _ => name,
        };
        return (name, digest);
    }
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (image, "latest"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_split() {
        for (image, name, tag) in [
            ("busybox", "busybox", "latest"),
            ("busybox:1.36", "busybox", "1.36"),
            ("host:5000/app", "host:5000/app", "latest"),
            ("host:5000/app:v1", "host:5000/app", "v1"),
            ("app@sha256:1f", "app", "sha256:1f"),
            ("host:5000/app:v1@sha256:1f", "host:5000/app", "sha256:1f"),
        ] {
            assert_eq!(split(image), (name, tag), "{image}");
        }
    }

    #[test]
    fn an_image_is_read() {
        let found: Found = serde_json::from_str(
            r#"{"Id":"sha256:1f","RepoTags":null,"RepoDigests":["a@sha256:2f"],"Os":"linux","Architecture":"arm","Variant":"v7","Size":5,
                "Config":{"Labels":null,"Volumes":{"/data":{}},"ExposedPorts":{"80/tcp":{}}},"Metadata":{"LastTagTime":"0001-01-01T00:00:00Z"}}"#,
        )
        .expect("an image");
        let details = ImageDetails::from(found);
        assert_eq!((details.platform.as_str(), details.volumes[0].as_str()), ("linux/arm/v7", "/data"));
        assert_eq!((details.exposed_ports, details.last_tagged), (vec!["80/tcp".to_owned()], None));
    }
}
