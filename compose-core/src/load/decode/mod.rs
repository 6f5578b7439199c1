//! From the canonical, normalised tree to the typed [`Project`].
//!
//! Every attribute of the specification ends in the model; a key that nobody knows is refused by
//! name. The tree is only read, so that it still tells the place of everything later.

mod build;
mod deploy;
mod devices;
mod mounts;
mod networking;
mod networks;
mod ports;
mod process;
mod resources;
mod service;
mod shared;
#[cfg(test)]
mod tests;
mod values;

use super::report::Report;
use crate::diagnostic::Diagnostics;
use crate::model::{Project, StringMap};
use crate::names::{ProfileName, ProjectName};
use crate::source::Node;
use std::path::PathBuf;

/// What a project is besides its files' content.
#[derive(Clone, Debug)]
pub(crate) struct About {
    /// Its name.
    pub(crate) name: ProjectName,
    /// Where relative paths start.
    pub(crate) working_dir: PathBuf,
    /// The files it was loaded from.
    pub(crate) compose_files: Vec<PathBuf>,
    /// The variables that interpolation saw.
    pub(crate) variables: StringMap,
    /// The profiles that were asked for.
    pub(crate) profiles: Vec<ProfileName>,
}

/// Reads a model. Every service is enabled yet; see [`super::select`].
///
/// What cannot be read is absent from the project, and found.
pub(crate) fn decode(model: &Node, about: About, found: &mut Diagnostics) -> Project {
    let mut report = Report::default();
    let mut project = Project {
        compose_files: about.compose_files,
        variables: about.variables,
        profiles: about.profiles,
        ..Project::new(about.name, about.working_dir)
    };
    let extensions = values::attributes(model, &mut report, |key, node, report| section(&mut project, key, node, report));
    project.extensions = extensions;
    found.extend(report.finish());
    project
}

fn section(project: &mut Project, key: &str, node: &Node, report: &mut Report) -> bool {
    let variables = &project.variables;
    match key {
        "services" => project.services = service::services(node, report),
        "networks" => project.networks = values::map(node, report, networks::network),
        "volumes" => project.volumes = values::map(node, report, shared::volume),
        "secrets" => project.secrets = values::map(node, report, |node, report| shared::secret(node, variables, report)),
        "configs" => project.configs = values::map(node, report, |node, report| shared::secret(node, variables, report)),
        "models" => project.models = values::map(node, report, shared::model),
        // Decided before the files are merged; the reference prints what the tree says all the same.
        "name" => {
            if let Some(name) = values::text(node, report) {
                project.name = ProjectName::from(name);
            }
        }
        // Resolved before.
        "include" => {}
        _ => return false,
    }
    true
}
