//! Volumes, secrets, configs and models that services share.

use super::values::{attributes, flag, nonzero, strings, text, texts};
use crate::load::report::Report;
use crate::model::{Model, Secret, SecretSource, StringMap, Volume};
use crate::names::VolumeName;
use crate::source::Node;
use std::path::PathBuf;

/// One volume.
pub(super) fn volume(node: &Node, report: &mut Report) -> Volume {
    let mut volume = Volume::default();
    volume.extensions = attributes(node, report, |key, node, report| {
        match key {
            "driver" => volume.driver = text(node, report),
            "driver_opts" => volume.driver_opts = strings(node, report),
            "external" => volume.external = flag(node, report),
            "labels" => volume.labels = strings(node, report),
            "name" => volume.name = text(node, report).map(VolumeName::from),
            _ => return false,
        }
        true
    });
    volume
}

/// One secret or config.
pub(super) fn secret(node: &Node, variables: &StringMap, report: &mut Report) -> Secret {
    let mut secret = Secret::default();
    secret.extensions = attributes(node, report, |key, node, report| {
        match key {
            "content" => secret.source = SecretSource::Content(super::values::plain_text(node, report)),
            "driver" => secret.driver = text(node, report),
            "driver_opts" => secret.driver_opts = strings(node, report),
            "environment" => secret.source = environment_source(node, variables, report),
            "external" => secret.external = flag(node, report),
            "file" => secret.source = text(node, report).map_or(SecretSource::None, |path| SecretSource::File(PathBuf::from(path))),
            "labels" => secret.labels = strings(node, report),
            "name" => secret.name = text(node, report),
            "template_driver" => secret.template_driver = text(node, report),
            _ => return false,
        }
        true
    });
    secret
}

fn environment_source(node: &Node, variables: &StringMap, report: &mut Report) -> SecretSource {
    text(node, report).map_or(SecretSource::None, |variable| SecretSource::Environment {
        value: variables.get(&variable).cloned(),
        variable,
    })
}

/// One language model.
pub(super) fn model(node: &Node, report: &mut Report) -> Model {
    let mut model = Model::default();
    model.extensions = attributes(node, report, |key, node, report| {
        match key {
            "context_size" => model.context_size = nonzero(node, report),
            "model" => model.model = text(node, report),
            "name" => model.name = text(node, report),
            "runtime_flags" => model.runtime_flags = texts(node, report),
            _ => return false,
        }
        true
    });
    model
}
