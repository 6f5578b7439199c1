//! `inertia.toml`: what is deployed, kept beside the compose file and committed with it.

use crate::failure::{Attempt as _, Failure};
use deployd::settings::{FILE_NAME, ProjectSettings};
use std::path::Path;

/// Reads the nearest one upwards.
pub(crate) fn find(cwd: &Path) -> Result<ProjectFile, Failure> {
    let folder = cwd.ancestors().find(|folder| folder.join(FILE_NAME).is_file()).ok_or_else(|| {
        Failure::new(format!("there is no {FILE_NAME} here or above"))
            .hint("make one with `inertia init`, in the folder of the compose file")
    })?;
    let path = folder.join(FILE_NAME);
    let text = std::fs::read_to_string(&path).attempt(format_args!("cannot read {}", path.display()))?;
    let settings = ProjectSettings::parse(&text)
        .map_err(|error| Failure::new(format!("{}: {}", folder.join(&error.place).display(), error.message)))?;
    Ok(ProjectFile {
        settings,
        folder: folder.to_owned(),
    })
}

/// A project's settings and the folder that holds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProjectFile {
    /// What the file says.
    pub(crate) settings: ProjectSettings,
    /// The folder that holds it.
    pub(crate) folder: std::path::PathBuf,
}

/// The text of a new file.
pub(crate) fn render(name: &str, files: &[String], branch: &str) -> String {
    let quote = |text: &str| toml_edit::Value::from(text).to_string();
    let files: Vec<String> = files.iter().map(|file| quote(file)).collect();
    format!(
        "# What Inertia deploys when `{branch}` is pushed. Commit this file.\n\
         name = {}\n\
         compose = [{}]\n\
         branch = {}\n\
         \n\
         # profiles = [\"production\"]\n\
         # health_timeout = \"60s\"   # how long a deployment may take to become healthy\n",
        quote(name),
        files.join(", "),
        quote(branch),
    )
}

#[cfg(test)]
mod tests {
    use super::{FILE_NAME, find, render};

    #[test]
    fn what_is_rendered_is_read_back() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(FILE_NAME), render("shop", &["compose.yaml".into()], "main")).expect("written");
        let below = folder.path().join("deeper");
        std::fs::create_dir(&below).expect("a folder");
        let read = find(&below).expect("found above");
        assert_eq!(
            (read.settings.name.as_str(), read.settings.branch.as_deref(), read.folder.as_path()),
            ("shop", Some("main"), folder.path())
        );
    }

    #[test]
    fn a_mistake_is_named_with_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(FILE_NAME), "name = \"a\"\nbranch = 7\n").expect("written");
        let failure = find(folder.path()).expect_err("a number is no branch");
        assert!(failure.text().contains("inertia.toml:2:10: "), "{}", failure.text());
    }
}
