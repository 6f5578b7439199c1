//! From files to a [`Project`]: interpolate, extend, include, merge, check, normalise.
//!
//! Deterministic: the same files, variables and reader give the same answer.

mod alias;
mod canonical;
mod check;
mod decode;
mod defaults;
mod env_files;
mod environment;
mod extends;
mod found;
mod include;
pub mod interpolate;
mod limits;
mod merge;
mod normalize;
mod origin;
mod path;
mod paths;
mod pipeline;
mod project;
mod project_name;
mod report;
mod reset;
mod scalar;
pub(crate) mod schema;
mod scope;
pub mod select;
pub(crate) mod short;
mod stage;
mod suggest;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod variables;

pub(crate) use limits::Allowance;
pub use limits::Limits;
pub use project::LoadedTree;
pub use stage::{Stage, Stages};
pub use suggest::similar;

use crate::diagnostic::Diagnostics;
use crate::model::{Project, StringMap};
use crate::names::ServiceName;
use crate::source::{DiskReader, ResourceReader, SourceMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Loads a compose application: `docker compose`'s flags as a builder.
///
/// Everything has a default; [`Loader::load`] may be called again and again, and reads the files anew
/// each time. See the [crate's documentation](crate) for more.
///
/// ```
/// use compose_core::load::{Loader, Stage, Stages};
/// use compose_core::source::MemoryReader;
///
/// let files = MemoryReader::new()
///     .with("/srv/shop/compose.yaml", "services: {web: {image: \"nginx:$TAG\"}}")
///     .with("/srv/shop/prod.yaml", "services: {web: {tty: true}}");
/// let loader = Loader::new("/srv/shop").reader(files).file("compose.yaml").file("prod.yaml").project_name("shop-prod");
/// let project = loader.load()?.project;
/// assert_eq!(project.name.as_str(), "shop-prod");
/// assert!(project.services["web"].process.tty);
///
/// // Half-way: the files merged, with no variable put in.
/// let tree = loader.stages(Stages::ALL.without(Stage::Interpolation)).load_tree()?.tree;
/// let web = tree.get("services").and_then(|services| services.get("web"));
/// assert_eq!(web.and_then(|web| web.get("image")).and_then(|image| image.as_str()), Some("nginx:$TAG"));
/// # Ok::<(), compose_core::load::LoadError>(())
/// ```
#[derive(Clone)]
pub struct Loader {
    /// Where the caller stands: relative paths and the search for files start here.
    cwd: PathBuf,
    /// Files named explicitly; discovered when empty.
    files: Vec<PathBuf>,
    /// `--project-directory`.
    project_directory: Option<PathBuf>,
    /// `--project-name`.
    project_name: Option<String>,
    /// The name instead of the folder's, where neither the caller nor a file says one.
    default_project_name: Option<String>,
    /// `--profile`, several times; `*` is every profile.
    profiles: Vec<String>,
    /// The services that a command names; none for all.
    named: Vec<ServiceName>,
    /// Whether only their files of variables are read.
    only_named: bool,
    /// `--env-file`, several times; `.env` when empty.
    env_files: Vec<PathBuf>,
    /// The caller's variables; they win over those of `.env`.
    variables: StringMap,
    /// The only door to files.
    reader: Arc<dyn ResourceReader>,
    /// The stages that run.
    stages: Stages,
    /// What the project may come to.
    limits: Limits,
}

/// A project with what was noticed on the way.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The project.
    pub project: Project,
    /// Findings that do not stop it.
    pub warnings: Diagnostics,
    /// The files, for showing findings with their lines.
    pub sources: SourceMap,
}

/// Why a project was refused.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", .diagnostics.iter().find(|found| found.severity == crate::diagnostic::Severity::Error).map_or("the project cannot be loaded", |found| &found.message))]
pub struct LoadError {
    /// Every finding, the warnings among them too.
    pub diagnostics: Diagnostics,
    /// The files, for showing findings with their lines.
    pub sources: SourceMap,
}

impl Loader {
    /// A loader that stands in a folder (absolute) and reads the disk.
    pub fn new(cwd: impl AsRef<Path>) -> Self {
        Self {
            cwd: cwd.as_ref().to_owned(),
            files: Vec::new(),
            project_directory: None,
            project_name: None,
            default_project_name: None,
            profiles: Vec::new(),
            named: Vec::new(),
            only_named: false,
            env_files: Vec::new(),
            variables: StringMap::new(),
            reader: Arc::new(DiskReader),
            stages: Stages::ALL,
            limits: Limits::default(),
        }
    }

    /// Adds a file, as `-f` does; later files override earlier ones.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.files.push(path.into());
        self
    }

    /// Where relative paths of the files start, instead of the first file's folder.
    #[must_use]
    pub fn project_directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.project_directory = Some(path.into());
        self
    }

    /// The project's name, over every other way to say it.
    #[must_use]
    pub fn project_name(mut self, name: impl Into<String>) -> Self {
        self.project_name = Some(name.into());
        self
    }

    /// The project's name where nothing else says one, instead of the folder's.
    #[must_use]
    pub fn default_project_name(mut self, name: impl Into<String>) -> Self {
        self.default_project_name = Some(name.into());
        self
    }

    /// Activates a profile; `*` activates all.
    #[must_use]
    pub fn profile(mut self, profile: impl Into<String>) -> Self {
        self.profiles.push(profile.into());
        self
    }

    /// Names services, as the arguments of `config` do: their profiles are active too, and their files of
    /// variables are read with those of all enabled services. Names of no service do nothing.
    #[must_use]
    pub fn naming(mut self, services: impl IntoIterator<Item = impl Into<ServiceName>>) -> Self {
        self.named.extend(services.into_iter().map(Into::into));
        self
    }

    /// Names services, as the arguments of `up` do: their profiles are active too, and no files of variables are
    /// read but theirs and those of what they depend on. No names are all services.
    #[must_use]
    pub fn only(self, services: impl IntoIterator<Item = impl Into<ServiceName>>) -> Self {
        Self {
            only_named: true,
            ..self.naming(services)
        }
    }

    /// Adds a file of variables in place of `.env`; later ones win.
    #[must_use]
    pub fn env_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.env_files.push(path.into());
        self
    }

    /// Sets a variable; these win over those of files.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Sets many variables, the caller's environment for instance.
    #[must_use]
    pub fn variables(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.variables.extend(variables);
        self
    }

    /// Reads files through another door than the disk.
    #[must_use]
    pub fn reader(mut self, reader: impl ResourceReader + 'static) -> Self {
        self.reader = Arc::new(reader);
        self
    }

    /// Leaves out stages, to look at the model half-way.
    #[must_use]
    pub fn stages(mut self, stages: Stages) -> Self {
        self.stages = stages;
        self
    }

    /// Refuses projects that come to more.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}
