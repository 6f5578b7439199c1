//! The folders of one project in the state folder.

use crate::daemon::git::Beside;
use crate::daemon::state_dir::random;
use compose_core::hash::hex;
use std::path::{Path, PathBuf};

/// How the folders of looks begin.
const LOOK: &str = "mirror.look-";

/// Where a project's files lie.
#[derive(Clone, Debug)]
pub(crate) struct ProjectDirs {
    root: PathBuf,
}

impl ProjectDirs {
    /// The folders below the project's own.
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The bare mirror of its repository.
    pub(crate) fn mirror(&self) -> PathBuf {
        self.root.join("mirror.git")
    }

    /// A folder for one look at the repository, beside the mirror: a fetch may be under way.
    pub(crate) fn look(&self) -> PathBuf {
        let name = format!("{LOOK}{}", hex(&random::<8>()));
        self.root.join(name)
    }

    /// The folders of looks that were killed.
    pub(crate) fn left_by_looks(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.root).into_iter().flatten().filter_map(Result::ok);
        let of_looks = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(LOOK));
        of_looks.map(|entry| entry.path()).collect()
    }

    /// Where commits are checked out, each under its id.
    pub(crate) fn checkouts(&self) -> PathBuf {
        self.root.join("checkouts")
    }

    /// The checked out files of a commit.
    pub(crate) fn checkout(&self, commit: &str) -> PathBuf {
        self.checkouts().join(commit)
    }

    /// Where commits are checked out to be planned only.
    pub(crate) fn plans(&self) -> PathBuf {
        self.root.join("plans")
    }

    /// Copies of tracked files and folders, each named by its content. Containers mount these.
    pub(crate) fn contents(&self) -> PathBuf {
        self.root.join("contents")
    }

    /// Folders that applications write to, at their paths in the repository. Containers mount these.
    pub(crate) fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// What applications had made of tracked files before this deployment replaced them.
    pub(crate) fn kept(&self, deployment: u64) -> PathBuf {
        self.root.join("kept").join(deployment.to_string())
    }

    /// Which tracked files were put into the data folders.
    pub(crate) fn installed(&self) -> PathBuf {
        self.root.join("installed.json")
    }

    /// What commits lead to outside of the repository.
    pub(crate) fn beside(&self, own: &Path) -> Beside {
        Beside {
            modules: self.root.join("modules"),
            large: self.root.join("large"),
            own: own.canonicalize().unwrap_or_else(|_| own.to_owned()),
        }
    }

    /// Everything but the data of applications.
    pub(crate) fn disposable(&self) -> [PathBuf; 10] {
        [
            self.root.join("modules"),
            self.root.join("large"),
            self.mirror(),
            // What fetching keeps beside the mirror.
            self.mirror().with_extension("new"),
            self.mirror().with_extension("old"),
            self.mirror().with_extension("lock"),
            self.checkouts(),
            self.plans(),
            self.contents(),
            self.installed(),
        ]
    }

    /// Everything.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_leave_is_found_and_nothing_else() {
        let temp = tempfile::tempdir().expect("a temporary folder");
        let dirs = ProjectDirs::new(temp.path().join("shop"));
        assert!(dirs.left_by_looks().is_empty(), "there is no folder yet");
        let look = dirs.look();
        for folder in [look.clone(), dirs.mirror(), dirs.plans()] {
            std::fs::create_dir_all(folder).expect("made");
        }
        assert_eq!(dirs.left_by_looks(), [look]);
    }
}
