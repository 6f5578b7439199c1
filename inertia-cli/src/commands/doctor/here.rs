//! What can be seen from this folder and this machine.

use super::finding::{Findings, State};
use crate::failure::Failure;
use crate::remotes::Remotes;
use crate::repository::Repository;
use crate::settings::Settings;
use crate::{commands::block_on, project_file};
use compose_core::engine::{Engine as _, EngineInfo};
use compose_core::load::Loader;
use deployd::settings::FILE_NAME;

/// Looks at the folder; its remotes, when they can be read.
pub(super) fn look(settings: &Settings, findings: &mut Findings) -> Option<Remotes> {
    project(settings, findings);
    engine(settings, findings);
    match Remotes::load(&settings.environment.cwd) {
        Ok(remotes) => {
            if let Some(path) = remotes.readable_by_others() {
                findings.bad(
                    "client",
                    format!("{} holds tokens and can be read by others", path.display()),
                    format!("chmod 600 {}", path.display()),
                );
            }
            Some(remotes)
        }
        Err(failure) => {
            findings.failure("client", &failure);
            None
        }
    }
}

fn project(settings: &Settings, findings: &mut Findings) {
    let cwd = &settings.environment.cwd;
    let project = match project_file::find(cwd) {
        Ok(project) => project,
        Err(failure) if cwd.ancestors().any(|folder| folder.join(FILE_NAME).is_file()) => {
            return findings.failure("project", &failure);
        }
        Err(failure) => {
            return findings.add("project", State::Skipped, failure.text(), failure.hints.first().cloned());
        }
    };
    let mut loader = Loader::new(&project.folder).variables(settings.environment.variables.clone());
    for file in &project.settings.compose {
        loader = loader.file(project.folder.join(file));
    }
    match loader.load() {
        Ok(_) => findings.good("project", format!("'{}' loads", project.settings.name)),
        Err(error) => findings.bad(
            "project",
            format!("'{}' does not load: {}", project.settings.name, Failure::from(error).text()),
            "`inertia compose config -q` shows where",
        ),
    }
    match Repository::discover(&project.folder).map(|repository| (repository.origin(), repository.head())) {
        None => findings.bad(
            "git",
            "the project is in no git repository",
            "a deployment is a commit: `git init`, commit, and push to a remote that the daemon can read",
        ),
        Some((Err(failure), _)) => findings.failure("git", &failure),
        Some((Ok(_), None)) => findings.bad("git", "there is no commit yet", "commit and push"),
        Some((Ok(origin), Some(_))) => findings.good("git", format!("origin is {}", without_password(&origin))),
    }
}

/// A URL with what may be a secret in it left out.
fn without_password(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((before, after))) if before.rsplit_once("://").is_some_and(|(_, user)| user.contains(':')) => {
            format!("{scheme}://…@{after}")
        }
        _ => url.to_owned(),
    }
}

/// The engine of this machine matters to `inertia compose` alone.
fn engine(settings: &Settings, findings: &mut Findings) {
    let asked = || -> Result<EngineInfo, Failure> {
        let engine = crate::commands::engine::connect(&settings.environment)?;
        block_on(async { Ok(engine.info().await?) })
    };
    match asked() {
        Ok(info) => findings.good(
            "here",
            format!("an engine answers on this machine (Docker {}, API {})", info.version, info.api),
        ),
        Err(failure) => findings.add(
            "here",
            State::Skipped,
            format!("no engine for `inertia compose` on this machine: {}", failure.text()),
            None,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn passwords_in_urls_are_not_shown() {
        for (url, shown) in [
            ("https://git.example.com/a.git", "https://git.example.com/a.git"),
            ("https://me:secret@git.example.com/a.git", "https://…@git.example.com/a.git"),
            ("git@git.example.com:a.git", "git@git.example.com:a.git"),
            ("ssh://git@git.example.com/a.git", "ssh://git@git.example.com/a.git"),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }
}
