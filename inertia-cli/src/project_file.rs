//! `inertia.toml`: what is deployed, kept beside the compose file and committed with it.

use crate::failure::{Attempt as _, Failure};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The file's name.
pub(crate) const NAME: &str = "inertia.toml";

/// The part of the file that the client needs; the daemon reads the whole of it from the commit.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct ProjectFile {
    /// The project's name at the daemon.
    pub(crate) name: String,
    /// The branch whose pushes are deployed.
    #[serde(default)]
    pub(crate) branch: Option<String>,
    /// The folder that holds the file.
    #[serde(skip)]
    pub(crate) folder: PathBuf,
}

impl ProjectFile {
    /// Reads the nearest one upwards.
    pub(crate) fn find(cwd: &Path) -> Result<Self, Failure> {
        let folder = cwd.ancestors().find(|folder| folder.join(NAME).is_file()).ok_or_else(|| {
            Failure::new(format!("there is no {NAME} here or above"))
                .hint("make one with `inertia init`, in the folder of the compose file")
        })?;
        let path = folder.join(NAME);
        let text = std::fs::read_to_string(&path).attempt(format_args!("cannot read {}", path.display()))?;
        let read: Self = toml::from_str(&text).map_err(|error| Failure::new(place(&path, &text, &error)))?;
        Ok(Self {
            folder: folder.to_owned(),
            ..read
        })
    }
}

/// `path:line:column: what is wrong`.
fn place(path: &Path, text: &str, error: &toml::de::Error) -> String {
    let before = &text[..error.span().map_or(0, |span| span.start).min(text.len())];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("{}:{line}:{column}: {}", path.display(), error.message())
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
    use super::{NAME, ProjectFile, render};

    #[test]
    fn what_is_rendered_is_read_back() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(NAME), render("shop", &["compose.yaml".into()], "main")).expect("written");
        let below = folder.path().join("deeper");
        std::fs::create_dir(&below).expect("a folder");
        let read = ProjectFile::find(&below).expect("found above");
        assert_eq!(
            (read.name.as_str(), read.branch.as_deref(), read.folder.as_path()),
            ("shop", Some("main"), folder.path())
        );
    }

    #[test]
    fn a_mistake_is_named_with_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(NAME), "name = \"a\"\nbranch = 7\n").expect("written");
        let failure = ProjectFile::find(folder.path()).expect_err("a number is no branch");
        assert!(failure.text().contains("inertia.toml:2:10: "), "{}", failure.text());
    }
}
