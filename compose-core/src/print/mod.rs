//! What `config` prints: the canonical project as YAML and as JSON, byte for byte what Docker
//! Compose prints, so that scripts and people can compare.
//!
//! The model is walked once into a `tree::Tree` that holds the differences between both forms;
//! one writer for each form turns it into text. Every `$` is doubled on the way out: the text is
//! a compose file again, which interpolation must leave alone.

mod build;
mod deploy;
mod float;
pub(crate) mod json;
mod mounts;
mod network;
mod project;
mod resources;
mod service;
pub(crate) mod tree;
mod yaml;

pub use json::NotJson;

use crate::load::interpolate::UsedVariable;
use crate::load::schema::Place;
use crate::model::Project;
use crate::source::Node;
use json::Layout;
use tree::{Record, Tree};

pub(crate) use network::network;
pub(crate) use project::volume;
pub(crate) use service::service;

/// The project as YAML, with a final line break.
pub fn yaml(project: &Project) -> String {
    double_dollars(&yaml::write(&project::for_yaml(project), 2))
}

/// The project as JSON, without a final line break. Language models and `x-…` keys below the top
/// level are not part of this form.
///
/// # Errors
/// When a top-level `x-…` key holds an infinite number, which JSON cannot say.
pub fn json(project: &Project) -> Result<String, NotJson> {
    json::write(&project::for_json(project), Layout::Indented).map(|text| double_dollars(&text))
}

/// The images of a project's services and nothing else, as YAML: an override that fixes them.
pub fn images_yaml(project: &Project) -> String {
    double_dollars(&yaml::write(&project::images(project), 2))
}

/// The images of a project's services and nothing else, as JSON.
///
/// # Errors
/// Never, for names of images.
pub fn images_json(project: &Project) -> Result<String, NotJson> {
    json::write(&project::images(project), Layout::Indented).map(|text| double_dollars(&text))
}

/// Merged but uninterpreted files as YAML, as `--no-interpolate` prints them: `$` stays single.
pub fn raw_yaml(model: &Node) -> String {
    yaml::write(&Tree::from(model), 2)
}

/// Merged but uninterpreted files as JSON, as `--no-interpolate` prints them: `$` stays single.
///
/// # Errors
/// When a value is an infinite number, which JSON cannot say.
pub fn raw_json(model: &Node) -> Result<String, NotJson> {
    json::write(&Tree::raw(model, Place::file()), Layout::Indented)
}

/// The variables that files use as YAML, by name, indented by four as the reference has it here.
pub fn variables_yaml(variables: &[UsedVariable]) -> String {
    let entries = variables.iter().map(|variable| {
        let mut record = Record::new();
        record
            .field("name", &variable.name)
            .field("defaultvalue", &variable.default)
            .field("presencevalue", &variable.alternative)
            .field("required", variable.required);
        (&variable.name, record.tree())
    });
    yaml::write(&Tree::map(entries), 4)
}

/// What [`yaml`] prints, before it is text; no `$` is doubled yet.
#[cfg(feature = "docker-compose-types")]
pub(crate) fn project_tree(project: &Project) -> Tree {
    project::for_yaml(project)
}

fn double_dollars(text: &str) -> String {
    text.replace('$', "$$")
}

#[cfg(test)]
mod round_trip;
#[cfg(test)]
pub(crate) mod tests;
