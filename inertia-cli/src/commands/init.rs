//! `inertia init`: looks at the folder and writes `inertia.toml`.

mod files;

use crate::failure::{Attempt as _, Failure};
use crate::project_file;
use crate::render::{note, say};
use crate::repository::Repository;
use crate::settings::{Output, Settings};
use compose_core::diagnostic::{Code, Severity};
use compose_core::load::interpolate::missing_variable;
use compose_core::load::{LoadError, Loader};
use compose_core::model::{Project, StringMap};
use deployd::settings::FILE_NAME;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

/// Looks at the folder and writes `inertia.toml`.
pub(crate) fn run(settings: &Settings) -> Result<ExitCode, Failure> {
    let cwd = &settings.environment.cwd;
    let path = cwd.join(FILE_NAME);
    if path.exists() {
        return Err(Failure::new(format!("{} is there already", path.display()))
            .hint("change it with an editor; `inertia remote add NAME -a HOST` and `inertia NAME init` come next"));
    }
    let (project, unset) = load(settings)?;
    let above = project.compose_files.iter().find(|file| !file.starts_with(cwd));
    if let Some(folder) = above.and_then(|file| file.parent()) {
        return Err(Failure::new(format!(
            "the compose file lies in {}, and {FILE_NAME} belongs beside it",
            folder.display()
        ))
        .hint(format!("run `inertia init` there: cd '{}'", folder.display())));
    }
    let repository = Repository::discover(cwd);
    let branch = repository
        .as_ref()
        .and_then(Repository::branch)
        .unwrap_or_else(|| "main".to_owned());
    let compose = compose_files(&project, cwd);
    write_new(&path, &project_file::render(project.name.as_str(), &compose, &branch))?;
    let missing = repository
        .as_ref()
        .map(|repository| files::not_held(&project, repository))
        .unwrap_or_default();
    let found = Found {
        project: &project,
        branch: &branch,
        in_git: repository.is_some(),
        missing: &missing,
        unset: &unset,
    };
    found.report(settings)
}

/// The project, and the variables that it insists on and that are not set here: it is on the server that they are needed.
fn load(settings: &Settings) -> Result<(Project, BTreeSet<String>), Failure> {
    let loader = |variables: StringMap| Loader::new(&settings.environment.cwd).variables(variables).load();
    let mut variables = settings.environment.variables.clone();
    let error = match loader(variables.clone()) {
        Ok(loaded) => return Ok((loaded.project, BTreeSet::new())),
        Err(error) => error,
    };
    let unset: BTreeSet<String> = error
        .diagnostics
        .iter()
        .filter(|found| found.severity == Severity::Error)
        .filter_map(|found| missing_variable(found, &error.sources).map(str::to_owned))
        .collect();
    // A number is also a text, a port and a path; what else is wrong shows in the first error.
    variables.extend(unset.iter().map(|name| (name.clone(), "1".to_owned())));
    match loader(variables) {
        Ok(loaded) if !unset.is_empty() => Ok((loaded.project, unset)),
        _ => Err(no_project(error, &settings.environment.cwd)),
    }
}

fn no_project(error: LoadError, cwd: &Path) -> Failure {
    if error.diagnostics.iter().any(|found| found.code == Code::NoComposeFile) {
        return Failure::new(format!("there is no compose file in {}, or it cannot be read", cwd.display()))
            .hint("`inertia init` belongs in the folder of the project's compose.yaml");
    }
    Failure::from(error).hint("`inertia init` needs a compose file that loads: `inertia compose config -q` checks it")
}

/// The compose files as they are called from the folder.
fn compose_files(project: &Project, cwd: &Path) -> Vec<String> {
    project
        .compose_files
        .iter()
        .map(|file| file.strip_prefix(cwd).unwrap_or(file).to_string_lossy().into_owned())
        .collect()
}

/// Writes a file that must not be there yet.
fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.attempt(format_args!("cannot write {}", path.display()))
}

/// What was found in the folder.
struct Found<'a> {
    project: &'a Project,
    branch: &'a str,
    in_git: bool,
    /// Files that the project needs and git does not hold.
    missing: &'a [String],
    /// Variables that the project insists on and that are not set here.
    unset: &'a BTreeSet<String>,
}

impl Found<'_> {
    fn report(&self, settings: &Settings) -> Result<ExitCode, Failure> {
        if settings.output == Output::Json {
            return say(&self.document().to_string());
        }
        if !self.in_git {
            note("warning: this folder is in no git repository; a deployment is a commit, so `git init` comes first");
        }
        for file in self.missing {
            note(&format!(
                "warning: the project needs {file}, which git does not hold: `git add` it, or it will be missing when deployed"
            ));
        }
        for variable in self.unset {
            note(&format!(
                "warning: the project insists on the variable {variable}: set it on the server before the first `up`, by `inertia NAME env set {variable}`"
            ));
        }
        let services = self.project.services.len();
        let plural = if services == 1 { "" } else { "s" };
        say(&format!(
            "Wrote {FILE_NAME} for the project '{}' ({services} service{plural}, branch '{}').\n\
             Commit and push it, then: inertia remote add NAME -a HOST, inertia NAME init, inertia NAME up",
            self.project.name, self.branch
        ))
    }

    fn document(&self) -> serde_json::Value {
        serde_json::json!({
            "name": self.project.name,
            "branch": self.branch,
            "file": FILE_NAME,
            "in_git": self.in_git,
            "not_in_git": self.missing,
            "unset": self.unset,
        })
    }
}
