//! `inertia compose images`: the images of a project's containers.

use super::ls::Format;
use super::scope::Scope;
use super::{ComposeOptions, engine};
use crate::commands::block_on;
use crate::failure::Failure;
use crate::render::{container, moment, say, say_lines, size, table};
use crate::settings::{Output, Settings};
use clap::Args;
use compose_core::commands::{self, ContainerRow, Context};
use compose_core::engine::ImageDetails;
use compose_core::names::ImageId;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct ImagesArgs {
    /// table or json
    #[arg(long, default_value = "table")]
    format: Format,
    /// Only the ids
    #[arg(short, long)]
    quiet: bool,
    /// Only these services
    services: Vec<String>,
}

/// The image of a container.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    #[serde(rename = "ID")]
    id: String,
    container_name: String,
    repository: String,
    tag: String,
    platform: String,
    size: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_tag_time: Option<String>,
}

pub(super) fn run(arguments: &ImagesArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let scope = Scope::find(options, settings)?;
    let context = engine::context(options, settings)?;
    let rows = block_on(rows(&context, &scope, &arguments.services))?;
    if arguments.quiet {
        let ids: BTreeSet<&str> = rows.iter().map(|row| digits(&row.id)).collect();
        return say_lines(ids);
    }
    match arguments.format {
        _ if settings.output == Output::Json => say(&serde_json::json!(rows).to_string()),
        Format::Json => say(&serde_json::json!(rows).to_string()),
        Format::Table => say(&table::wide(
            &["CONTAINER", "REPOSITORY", "TAG", "PLATFORM", "IMAGE ID", "SIZE", "CREATED"],
            rows.into_iter().map(Row::cells),
        )),
    }
}

async fn rows(context: &Context, scope: &Scope, services: &[String]) -> Result<Vec<Row>, Failure> {
    let mut known: BTreeMap<ImageId, Option<ImageDetails>> = BTreeMap::new();
    let mut rows = Vec::new();
    for container in commands::ps(context, scope.name()).await? {
        if !services.is_empty() && !services.iter().any(|service| service == container.owner.service.as_str()) {
            continue;
        }
        let id = container.summary.image_id.clone();
        if !known.contains_key(&id) {
            let found = context.engine.inspect_image(id.as_str()).await?;
            known.insert(id.clone(), found);
        }
        rows.push(Row::of(&container, known.get(&id).and_then(Option::as_ref)));
    }
    Ok(rows)
}

impl Row {
    /// An image that was removed under its container is known by the container alone.
    fn of(container: &ContainerRow, image: Option<&ImageDetails>) -> Self {
        let summary = &container.summary;
        let tags = image.map_or(&[][..], |image| image.tags.as_slice());
        let (repository, tag) = name(&summary.image, tags);
        Self {
            id: summary.image_id.to_string(),
            container_name: summary.name.to_string(),
            repository,
            tag,
            platform: image.map(|image| image.platform.clone()).unwrap_or_default(),
            size: image.map_or(0, |image| image.size),
            created: image.filter(|image| image.last_tagged.is_none()).map(|image| image.created.clone()),
            last_tag_time: image.and_then(|image| image.last_tagged.clone()),
        }
    }

    fn cells(self) -> Vec<String> {
        let since = self.last_tag_time.as_deref().or(self.created.as_deref());
        let age = since.and_then(moment::seconds_since);
        vec![
            self.container_name,
            self.repository,
            self.tag,
            self.platform,
            digits(&self.id).chars().take(12).collect(),
            size::decimal(u64::try_from(self.size).unwrap_or(0)),
            age.map_or("N/A".to_owned(), |seconds| format!("{} ago", container::duration(seconds))),
        ]
    }
}

/// Repository and tag: as the container was told, where the image still bears that name, else the image's first name.
fn name(asked: &str, tags: &[String]) -> (String, String) {
    let full = if asked.rsplit('/').next().is_some_and(|last| last.contains(':')) {
        asked.to_owned()
    } else {
        format!("{asked}:latest")
    };
    let chosen = tags.iter().find(|tag| **tag == full).or_else(|| tags.first());
    match chosen.and_then(|tag| tag.rsplit_once(':')) {
        Some((repository, tag)) => (repository.to_owned(), tag.to_owned()),
        None => ("<none>".to_owned(), "<none>".to_owned()),
    }
}

fn digits(id: &str) -> &str {
    id.strip_prefix("sha256:").unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn an_image_is_called_as_its_container_was_told() {
        let tags = ["a:1".to_owned(), "host:5000/a:latest".to_owned()];
        let table = [
            ("host:5000/a", &tags[..], ("host:5000/a", "latest")),
            ("sha256:1f", &tags[..], ("a", "1")),
            ("a:1", &[][..], ("<none>", "<none>")),
        ];
        for (asked, tags, (repository, tag)) in table {
            assert_eq!(name(asked, tags), (repository.to_owned(), tag.to_owned()), "{asked}");
        }
    }
}
