//! Projects from and for the crate `docker-compose-types` (feature `docker-compose-types`).
//!
//! That crate holds what is written in one file, and not all of the Compose specification: a
//! project that says more than it can hold is refused, and the error names what it is.
//!
//! ```
//! use compose_core::model::Project;
//! use docker_compose_types::Compose;
//!
//! let text = "name: shop\nservices:\n  web:\n    image: nginx\n    ports: ['8080:80']\n";
//! let theirs: Compose = serde_yaml::from_str(text)?;
//! let ours = Project::try_from(theirs)?;
//! assert_eq!(ours.services["web"].networking.ports[0].published.as_deref(), Some("8080"));
//!
//! let back = Compose::try_from(&ours)?;
//! assert!(back.services.0["web"].is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod adapt;
mod hold;
mod value;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::load::{LoadError, Loaded, Loader};
use crate::model::{Project, StringMap};
use crate::print;
use crate::source::{DiskReader, PathKind, ResourceReader};
use ::docker_compose_types::Compose;
use serde_yaml::Value;
use std::io;
use std::path::{Path, PathBuf};

/// Something of a project that `docker-compose-types` cannot hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("docker-compose-types cannot hold `{path}`: {reason}")]
pub struct NotHeld {
    /// Where it stands: `services.web.cpus`.
    pub path: String,
    /// What the crate makes of it.
    pub reason: String,
}

/// Why a value of `docker-compose-types` is no project.
#[derive(Debug, thiserror::Error)]
pub enum NotAProject {
    /// It cannot be written as YAML.
    #[error("the value cannot be written as YAML: {0}")]
    Unwritable(#[from] serde_yaml::Error),
    /// The loader refuses it.
    #[error(transparent)]
    Refused(#[from] LoadError),
}

impl TryFrom<&Project> for Compose {
    type Error = NotHeld;

    /// The canonical project in the types of that crate. As in a file, every `$` is doubled.
    fn try_from(project: &Project) -> Result<Self, NotHeld> {
        let mut document = value::from_tree(&print::project_tree(project));
        adapt::to_forms_it_knows(&mut document, project.name.as_str());
        hold::compose(&document)
    }
}

impl TryFrom<Project> for Compose {
    type Error = NotHeld;

    fn try_from(project: Project) -> Result<Self, NotHeld> {
        Self::try_from(&project)
    }
}

impl TryFrom<Compose> for Project {
    type Error = NotAProject;

    /// Loads what the value says as if it stood in the root folder and no variable were set. A
    /// variable without a default is an error here; [`load`] takes variables and a folder.
    fn try_from(compose: Compose) -> Result<Self, NotAProject> {
        let Loaded {
            project,
            warnings,
            sources,
        } = load(&compose, Path::new("/"), StringMap::new())?;
        if warnings.iter().all(|found| found.code != Code::UnsetVariable) {
            return Ok(project);
        }
        let mut diagnostics = Diagnostics::new();
        diagnostics.extend(warnings.into_iter().map(|found| match found.code {
            Code::UnsetVariable => Diagnostic {
                severity: Severity::Error,
                ..found
            },
            _ => found,
        }));
        Err(LoadError { diagnostics, sources }.into())
    }
}

/// Loads what a value says as if it stood in a file of a folder (absolute): variables are put in,
/// files that it names are read, defaults are filled in and everything is checked.
///
/// # Errors
/// What the loader finds wrong; places are those of the value written as YAML.
pub fn load(compose: &Compose, folder: &Path, variables: StringMap) -> Result<Loaded, NotAProject> {
    let mut document = serde_yaml::to_value(compose)?;
    adapt::drop_what_is_not_said(&mut document);
    let file = folder.join("docker-compose-types.yaml");
    let reader = WithFile {
        file: file.clone(),
        text: serde_yaml::to_string(&document)?,
    };
    let loader = Loader::new(folder).file(file).variables(variables).reader(reader);
    Ok(loader.load()?)
}

/// The disk with one file more.
struct WithFile {
    file: PathBuf,
    text: String,
}

impl ResourceReader for WithFile {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if path == self.file {
            return Ok(self.text.clone().into_bytes());
        }
        DiskReader.read(path)
    }

    fn kind(&self, path: &Path) -> PathKind {
        if path == self.file {
            return PathKind::File;
        }
        DiskReader.kind(path)
    }

    fn resolve(&self, path: &Path) -> PathBuf {
        DiskReader.resolve(path)
    }
}

/// The parts of a mapping under a key, if it is one.
fn mapping_of<'v>(value: &'v mut Value, key: &str) -> Option<&'v mut serde_yaml::Mapping> {
    value.get_mut(key).and_then(Value::as_mapping_mut)
}

#[cfg(test)]
mod tests;
