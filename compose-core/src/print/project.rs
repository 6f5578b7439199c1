//! The project itself and what its services share.

use super::network::network;
use super::service::service;
use super::tree::{Record, Shown, Tree};
use crate::model::{Config, Model, Project, Secret, SecretSource, Service, Volume};
use crate::names::{ImageRef, VolumeName};

/// YAML has sections in the order of the specification, then `x-…` keys.
pub(super) fn for_yaml(project: &Project) -> Tree {
    let mut record = Record::new();
    record.field("name", project.name.as_str()).field("services", services(project));
    record.map("networks", project.networks.iter().map(|(key, value)| (key, network(value))));
    record.map("volumes", project.volumes.iter().map(|(key, value)| (key, volume(value))));
    record.map("secrets", project.secrets.iter().map(|(key, value)| (key, secret(value))));
    record.map("configs", project.configs.iter().map(|(key, value)| (key, config(value))));
    record.map("models", project.models.iter().map(|(key, value)| (key, model(value))));
    record.extensions(&project.extensions).tree()
}

/// JSON has all of them in alphabetical order, and no language models.
pub(super) fn for_json(project: &Project) -> Tree {
    let Tree::Record(record) = for_yaml(project) else {
        unreachable!("a project is printed as a record")
    };
    let sections = record.fields.into_iter().filter(|field| field.key != "models");
    let mut entries: Vec<_> = sections.map(|field| (field.key.to_owned(), field.value)).collect();
    entries.extend(record.extensions);
    Tree::Map(entries)
}

/// Services of which only the image is known. The project has no name there, which JSON alone says.
pub(super) fn images(project: &Project) -> Tree {
    let only_image = |known: &Service| {
        let mut record = Record::new();
        record
            .only(Shown::InJson, "command", Tree::Null)
            .only(Shown::InJson, "entrypoint", Tree::Null)
            .text("image", known.image.as_ref().map(ImageRef::as_str))
            .tree()
    };
    let services = project.services.iter().map(|(name, value)| (name, only_image(value)));
    let mut record = Record::new();
    record.only(Shown::InJson, "name", "").field("services", Tree::map(services)).tree()
}

fn services(project: &Project) -> Tree {
    Tree::map(project.services.iter().map(|(name, value)| (name, service(value))))
}

/// A volume.
pub(crate) fn volume(volume: &Volume) -> Tree {
    let mut record = Record::new();
    record
        .text("name", volume.name.as_ref().map(VolumeName::as_str))
        .text("driver", volume.driver.as_deref())
        .map("driver_opts", &volume.driver_opts)
        .flag("external", volume.external)
        .map("labels", &volume.labels)
        .extensions(&volume.extensions)
        .tree()
}

/// A secret's content is never printed.
fn secret(secret: &Secret) -> Tree {
    file_object(secret, None)
}

fn config(config: &Config) -> Tree {
    let content = match &config.source {
        SecretSource::Content(text) => Some(text.as_str()),
        SecretSource::None | SecretSource::File(_) | SecretSource::Environment { .. } => None,
    };
    file_object(config, content)
}

fn file_object(object: &Secret, content: Option<&str>) -> Tree {
    let mut record = Record::new();
    record.text("name", object.name.as_deref());
    match &object.source {
        SecretSource::File(path) => record.text("file", path.to_string_lossy().as_ref()),
        SecretSource::Environment { variable, .. } => record.text("environment", variable.as_str()),
        SecretSource::None | SecretSource::Content(_) => record.text("content", content),
    };
    record
        .flag("external", object.external)
        .map("labels", &object.labels)
        .text("driver", object.driver.as_deref())
        .map("driver_opts", &object.driver_opts)
        .text("template_driver", object.template_driver.as_deref())
        .extensions(&object.extensions)
        .tree()
}

fn model(model: &Model) -> Tree {
    let mut record = Record::new();
    record
        .text("name", model.name.as_deref())
        .text("model", model.model.as_deref())
        .maybe("context_size", model.context_size)
        .list("runtime_flags", &model.runtime_flags)
        .extensions(&model.extensions)
        .tree()
}
