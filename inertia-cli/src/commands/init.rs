//! `inertia init`: looks at the folder and writes `inertia.toml`.

mod files;

use crate::failure::{Attempt as _, Failure};
use crate::project_file;
use crate::render::{note, say};
use crate::repository::Repository;
use crate::settings::{Output, Settings};
use compose_core::load::Loader;
use compose_core::model::Project;
use deployd::settings::FILE_NAME;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

/// Looks at the folder and writes `inertia.toml`.
pub(crate) fn run(settings: &Settings) -> Result<ExitCode, Failure> {
    let cwd = &settings.environment.cwd;
    let path = cwd.join(FILE_NAME);
    if path.exists() {
        return Err(Failure::new(format!("{} is there already", path.display()))
            .hint("change it with an editor; `inertia remote add NAME --local DIR` and `inertia NAME init` come next"));
    }
    let loaded = Loader::new(cwd)
        .variables(settings.environment.variables.clone())
        .load()
        .map_err(no_project)?;
    let repository = Repository::discover(cwd);
    let branch = repository
        .as_ref()
        .and_then(Repository::branch)
        .unwrap_or_else(|| "main".to_owned());
    let compose = compose_files(&loaded.project, cwd);
    write_new(&path, &project_file::render(loaded.project.name.as_str(), &compose, &branch))?;
    let missing = repository
        .as_ref()
        .map(|repository| files::not_held(&loaded.project, repository))
        .unwrap_or_default();
    report(settings, &loaded.project, &branch, repository.is_some(), &missing)
}

fn no_project(error: compose_core::load::LoadError) -> Failure {
    Failure::from(error).hint("`inertia init` belongs in the folder of a compose file that loads: `inertia compose config -q` checks it")
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

fn report(settings: &Settings, project: &Project, branch: &str, in_repository: bool, missing: &[String]) -> Result<ExitCode, Failure> {
    if settings.output == Output::Json {
        let document = serde_json::json!({ "name": project.name, "branch": branch, "file": FILE_NAME, "not_in_git": missing });
        return say(&document.to_string());
    }
    if !in_repository {
        note("warning: this folder is in no git repository; a deployment is a commit, so `git init` comes first");
    }
    for file in missing {
        note(&format!(
            "warning: the project needs {file}, which git does not hold: `git add` it, or it will be missing when deployed"
        ));
    }
    let services = project.services.len();
    let plural = if services == 1 { "" } else { "s" };
    say(&format!(
        "Wrote {} for the project '{}' ({services} service{plural}, branch '{branch}').\n\
         Commit it, then: inertia remote add NAME --local DIR, inertia NAME init, inertia NAME up",
        FILE_NAME, project.name
    ))
}
