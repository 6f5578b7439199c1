//! The folders of one project in the state folder.

use std::path::PathBuf;

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

    /// Everything but the data of applications.
    pub(crate) fn disposable(&self) -> [PathBuf; 7] {
        [
            self.mirror(),
            // What fetching keeps beside the mirror.
            self.mirror().with_extension("new"),
            self.mirror().with_extension("lock"),
            self.checkouts(),
            self.plans(),
            self.contents(),
            self.installed(),
        ]
    }

    /// Everything.
    pub(crate) fn root(&self) -> &std::path::Path {
        &self.root
    }
}
