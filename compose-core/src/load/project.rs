//! From what the caller says to a project, or to its tree: the stages around the [`Pipeline`].

use super::check::Places;
use super::check::advice::advise;
use super::check::consistency::check_consistency;
use super::decode::{About, decode};
use super::env_files::{Files, resolve_files};
use super::environment::grant;
use super::normalize::normalize;
use super::pipeline::{Pipeline, finish};
use super::project_name::{self, Candidates};
use super::scope::Scope;
use super::select::with_profiles;
use super::stage::Stage;
use super::variables::{Request, Start, start};
use super::{LoadError, Loaded, Loader};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::{Project, StringMap};
use crate::names::{ProfileName, ProjectName};
use crate::source::{Node, SourceMap};
use std::path::{Path, PathBuf};

const EMPTY_PROJECT: Code = Code("empty-project");

/// A model as one tree: merged, in the long form, and as far resolved as its stages say.
#[derive(Clone, Debug)]
pub struct LoadedTree {
    /// The project's name.
    pub name: ProjectName,
    /// The model.
    pub tree: Node,
    /// Where relative paths start; absolute.
    pub working_dir: PathBuf,
    /// The files it was loaded from, in order.
    pub compose_files: Vec<PathBuf>,
    /// The caller's variables over those of `.env`.
    pub variables: StringMap,
    /// The profiles that were asked for.
    pub profiles: Vec<ProfileName>,
    /// Findings that do not stop the load.
    pub warnings: Diagnostics,
    /// The files, for showing findings with their lines.
    pub sources: SourceMap,
}

/// A model and what it was made of.
struct Model {
    name: ProjectName,
    tree: Node,
    start: Start,
}

impl Loader {
    /// Loads the project.
    ///
    /// Every independent finding is reported at once, errors and warnings.
    pub fn load(&self) -> Result<Loaded, LoadError> {
        let mut pipeline = self.pipeline();
        match self.project(&mut pipeline) {
            Ok(project) => Ok(Loaded {
                project,
                warnings: self.explained(std::mem::take(&mut pipeline.warnings), &pipeline),
                sources: pipeline.sources,
            }),
            Err(found) => Err(self.refused(found, pipeline)),
        }
    }

    /// Loads the merged tree: what `config --no-interpolate` prints.
    pub fn load_tree(&self) -> Result<LoadedTree, LoadError> {
        let mut pipeline = self.pipeline();
        match self.model(&mut pipeline) {
            Ok(Model { name, tree, start }) => Ok(LoadedTree {
                name,
                tree,
                working_dir: start.project_directory,
                compose_files: start.files,
                variables: start.variables,
                profiles: start.profiles.iter().map(ProfileName::new).collect(),
                warnings: self.explained(std::mem::take(&mut pipeline.warnings), &pipeline),
                sources: pipeline.sources,
            }),
            Err(found) => Err(self.refused(found, pipeline)),
        }
    }

    fn refused(&self, found: Diagnostics, mut pipeline: Pipeline<'_>) -> LoadError {
        let mut diagnostics = found;
        diagnostics.extend(std::mem::take(&mut pipeline.warnings));
        LoadError {
            diagnostics: self.explained(diagnostics, &pipeline),
            sources: pipeline.sources,
        }
    }

    /// Findings, each once, with where what they blame came from.
    fn explained(&self, found: Diagnostics, pipeline: &Pipeline<'_>) -> Diagnostics {
        let mut found = distinct(found);
        pipeline.origins.explain(&mut found, &pipeline.sources, &self.variables);
        found
    }

    fn pipeline(&self) -> Pipeline<'_> {
        Pipeline::new(&*self.reader, self.variables.get("HOME").map(String::as_str), self.stages)
    }

    /// Files and variables.
    fn start(&self, pipeline: &mut Pipeline<'_>) -> Result<Start, Diagnostics> {
        let request = Request {
            cwd: &self.cwd,
            files: &self.files,
            project_directory: self.project_directory.as_deref(),
            project_name: self.project_name.as_deref(),
            profiles: &self.profiles,
            env_files: &self.env_files,
            variables: &self.variables,
        };
        let mut found = Diagnostics::new();
        let started = start(&request, pipeline.reader, &mut pipeline.sources, &mut found);
        pipeline.origins.variable_files(pipeline.sources.since(0));
        match started {
            Some(start) => {
                pipeline.warnings.extend(found);
                Ok(start)
            }
            None => Err(found),
        }
    }

    /// The merged model with defaults, absolute paths and what is implied.
    fn model(&self, pipeline: &mut Pipeline<'_>) -> Result<Model, Diagnostics> {
        let mut start = self.start(pipeline)?;
        let mut files = parse_all(pipeline, &start.files)?;
        let documents = files.iter().flat_map(|file| &file.documents);
        let name = Candidates {
            imposed: start.project_name.as_deref(),
            in_file: project_name::in_documents(documents),
            default: self.default_project_name.as_deref(),
            folder: &start.project_directory,
        }
        .choose(&start.variables, self.stages.contains(Stage::Interpolation), &pipeline.sources)?;
        start.variables.insert(project_name::VARIABLE.to_owned(), name.to_string());

        let mut found = Diagnostics::new();
        pipeline.interpolate(&mut files, &start.variables, &mut found);
        let scope = Scope::outermost(&start.project_directory, &start.variables);
        let tree = pipeline.fold(files, &scope, found)?;
        let Some(mut tree) = tree.filter(|tree| tree.as_mapping().is_some_and(|keys| !keys.is_empty())) else {
            return Err(empty(&start.files).into());
        };
        finish(&mut tree)?;
        if self.stages.contains(Stage::PathResolution) {
            pipeline.rebase(&mut tree, &start.project_directory)?;
        }
        if self.stages.contains(Stage::Normalization) {
            let none = StringMap::new();
            let interpolated = self.stages.contains(Stage::Interpolation);
            normalize(&mut tree, &name, if interpolated { &start.variables } else { &none });
        }
        Ok(Model { name, tree, start })
    }

    fn project(&self, pipeline: &mut Pipeline<'_>) -> Result<Project, Diagnostics> {
        let Model { name, tree, start } = self.model(pipeline)?;
        let profiles: Vec<_> = start.profiles.iter().map(ProfileName::new).collect();
        let about = About {
            name,
            working_dir: start.project_directory,
            compose_files: start.files,
            variables: start.variables,
            profiles: profiles.clone(),
        };
        let project = decode(&tree, about, &mut pipeline.warnings)?;
        let mut project = with_profiles(project, profiles);
        grant(&mut project, &pipeline.granted);
        if self.stages.contains(Stage::Consistency) {
            check_consistency(&mut project, Places(&tree))?;
        }
        let files = if self.stages.contains(Stage::EnvironmentFiles) {
            Files::All
        } else {
            Files::Labels
        };
        let noticed = resolve_files(&mut project, files, Places(&tree), pipeline.reader, &mut pipeline.sources)?;
        pipeline.warnings.extend(noticed);
        if self.stages.contains(Stage::Consistency) && self.stages.contains(Stage::Advice) {
            pipeline.warnings.extend(advise(&project, Places(&tree), pipeline.reader));
        }
        Ok(project)
    }
}

/// Parses all files, so that what is wrong in any of them is told at once.
fn parse_all(pipeline: &mut Pipeline<'_>, files: &[PathBuf]) -> Result<Vec<super::pipeline::Parsed>, Diagnostics> {
    let mut found = Diagnostics::new();
    let mut parsed = Vec::with_capacity(files.len());
    for file in files {
        match pipeline.parse(file, None) {
            Ok(file) => parsed.push(file),
            Err(problems) => found.extend(problems),
        }
    }
    if found.is_empty() { Ok(parsed) } else { Err(found) }
}

fn empty(files: &[PathBuf]) -> Diagnostic {
    let name = files.first().map_or_else(String::new, |file| format!("`{}` ", Path::display(file)));
    Diagnostic::error(EMPTY_PROJECT, format!("{name}says nothing")).help("write `services:` and what runs")
}

/// Findings without those that say the same as one before: a variable that several files use.
fn distinct(found: Diagnostics) -> Diagnostics {
    let mut seen = std::collections::HashSet::new();
    let mut distinct = Diagnostics::new();
    distinct.extend(
        found
            .into_iter()
            .filter(|finding| seen.insert((finding.code, finding.message.clone(), finding.span))),
    );
    distinct
}
