//! Which project a command is about: the one its files describe, or, for those that only look at or
//! take away what runs, the one that is named.

use super::ComposeOptions;
use crate::failure::{Cause, Failure};
use crate::render::diagnostic;
use crate::settings::Settings;
use compose_core::diagnostic::Code;
use compose_core::load::{Stage, Stages, similar};
use compose_core::model::Project;
use compose_core::names::{ProjectName, ServiceName};
use std::collections::BTreeSet;

/// A project, as far as it is known.
#[derive(Debug)]
pub(super) enum Scope {
    /// Its files were read.
    Loaded(Box<Project>),
    /// Only its name was given, and there is no file.
    Named(ProjectName),
}

impl Scope {
    /// Loads the project, or takes its name where one is given and no file is.
    pub(super) fn find(options: &ComposeOptions, settings: &Settings) -> Result<Self, Failure> {
        let name = options
            .project_name
            .as_deref()
            .or_else(|| settings.environment.variable("COMPOSE_PROJECT_NAME"));
        match load_without_variables(&[], options, settings) {
            Ok(project) => Ok(Self::Loaded(Box::new(project))),
            Err(failure) => match name.filter(|_| options.files.is_empty() && has_no_file(&failure)) {
                Some(name) => Ok(Self::Named(ProjectName::new(name))),
                None => Err(failure),
            },
        }
    }

    /// The same, where services of it are named: those that its files do not have are refused.
    pub(super) fn of_services(names: &[String], options: &ComposeOptions, settings: &Settings) -> Result<Self, Failure> {
        let scope = Self::find(options, settings)?;
        scope.check_services(names)?;
        Ok(scope)
    }

    /// The project's name.
    pub(super) fn name(&self) -> &ProjectName {
        match self {
            Self::Loaded(project) => &project.name,
            Self::Named(name) => name,
        }
    }

    /// The project, where its files were read.
    pub(super) fn project(&self) -> Option<&Project> {
        match self {
            Self::Loaded(project) => Some(project),
            Self::Named(_) => None,
        }
    }

    /// The services that its files declare.
    pub(super) fn services(&self) -> Option<BTreeSet<ServiceName>> {
        self.project()
            .map(|project| project.services.keys().chain(project.disabled_services.keys()).cloned().collect())
    }

    /// Refuses names that are no services of the files.
    fn check_services(&self, names: &[String]) -> Result<(), Failure> {
        let Some(known) = self.services() else { return Ok(()) };
        match names.iter().find(|name| !known.contains(name.as_str())) {
            Some(name) => {
                let all: Vec<&str> = known.iter().map(ServiceName::as_str).collect();
                let hint = match similar(name, all.iter().copied()) {
                    Some(close) => format!("did you mean `{close}`?"),
                    None => format!("the services are {}", all.join(", ")),
                };
                Err(Failure::new(format!("no such service: {name}")).hint(hint))
            }
            None => Ok(()),
        }
    }
}

/// Whether the load ended before it began: there is no compose file.
fn has_no_file(failure: &Failure) -> bool {
    matches!(&failure.cause, Cause::Load(error) if error.diagnostics.iter().any(|found| found.code == Code::NoComposeFile))
}

/// Loads the project for the named services, all if there are none, and shows the warnings that Docker Compose has, too.
pub(super) fn load(names: &[String], options: &ComposeOptions, settings: &Settings) -> Result<Project, Failure> {
    loaded(names, Stages::ALL.without(Stage::Advice), options, settings)
}

/// As [`load`], for what is done without the services' variables: their files need not be there.
pub(super) fn load_without_variables(names: &[String], options: &ComposeOptions, settings: &Settings) -> Result<Project, Failure> {
    let stages = Stages::ALL.without(Stage::Advice).without(Stage::EnvironmentFiles);
    loaded(names, stages, options, settings)
}

/// As [`load`], and shows every warning, those that Docker Compose has not among them.
///
/// These belong where somebody looks at the project as a whole: `up`, `plan`, `config --quiet`. The
/// other commands run in scripts that were written for Docker Compose, again and again, and say what
/// it says.
pub(super) fn load_advised(names: &[String], options: &ComposeOptions, settings: &Settings) -> Result<Project, Failure> {
    loaded(names, Stages::ALL, options, settings)
}

fn loaded(names: &[String], stages: Stages, options: &ComposeOptions, settings: &Settings) -> Result<Project, Failure> {
    let loader = options.loader(settings).only(names.iter().map(String::as_str)).stages(stages);
    let loaded = loader.load()?;
    diagnostic::warn(&loaded.warnings, &loaded.sources, settings);
    Ok(loaded.project)
}
