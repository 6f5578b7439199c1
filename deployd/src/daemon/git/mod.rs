//! Git: a bare mirror per project, commits found in it, their files written out. Without a git program, but for folders of
//! this machine, which `git-upload-pack` reads.
//!
//! Everything here blocks; callers have a thread for it.

mod blob;
mod checkout;
mod fetch;
mod history;
mod large;
mod limits;
mod mirror;
mod modules;
mod parts;
mod ssh;
mod trouble;
mod url;

pub(crate) use checkout::{CheckedOut, Here, LARGEST_FILE, Tracked, check_out};
pub(crate) use fetch::Repository;
pub(crate) use mirror::{Commit, Mirror};
pub(crate) use modules::Beside;
pub(crate) use parts::{Missing, Part, PartError, bring};
pub(crate) use ssh::{KnownHosts, Pin, SshAccess, is_fingerprint};
pub(crate) use trouble::{Trouble, Unreadable};
pub(crate) use url::{RepositoryUrl, Transport, UrlError};

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Tells work on a repository to end, because nobody waits for it any more or because it takes too much.
pub(crate) type Stop = Arc<AtomicBool>;

/// What git could not do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GitError {
    /// The repository's address is of a kind that is not supported.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// The repository cannot be read.
    #[error(transparent)]
    Unreadable(Box<Unreadable>),
    /// The mirror is damaged.
    #[error(
        "cannot use the mirror {}: {reason}; if that stays so, move the folder away and deploy again: it is fetched anew",
        path.display()
    )]
    Mirror {
        /// The mirror.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Something that a commit only names cannot be brought here.
    #[error("{path} {part}, and cannot be read: {why}")]
    Part {
        /// Where it belongs.
        path: String,
        /// What it is.
        part: Part,
        /// Why it cannot.
        #[source]
        why: Arc<PartError>,
    },
    /// Something that a commit only names is used and not here.
    #[error(
        "{path} {part}, which is used and not here; a submodule needs its address in .gitmodules (`git submodule add`), and what could \
         not be read when the commit was fetched is read when it is deployed again"
    )]
    Absent {
        /// Where it belongs.
        path: String,
        /// What it is.
        part: Part,
    },
    /// The repository has more than is taken.
    #[error("the repository is too large: {what}")]
    TooLarge {
        /// What of it.
        what: String,
    },
    /// There is no such branch, tag or commit.
    #[error("the repository has no branch, tag or commit {reference:?}")]
    NoReference {
        /// What was asked for.
        reference: String,
    },
    /// A commit's files cannot be written out.
    #[error("cannot write {}: {source}{}", path.display(), advice(source))]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A commit holds a path that would leave the folder.
    #[error("the commit holds {path:?}, {reason}")]
    UnsafePath {
        /// The path.
        path: String,
        /// Why it is refused.
        reason: String,
    },
    /// Whoever wanted it no longer waits.
    #[error("interrupted")]
    Interrupted,
    /// The folder of the project is not in the commit.
    #[error("the commit has no folder {path:?}")]
    NoFolder {
        /// The folder.
        path: String,
    },
}

/// What to do about a file that cannot be written, in the form of an error's end.
pub(crate) fn advice(error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "; make room on the disk that holds it, and try again",
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => "; let the daemon write there, and try again",
        _ => "",
    }
}

impl GitError {
    /// Whether it may well be over in a while: nobody answers, or not everything has come to where it is read yet.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Unreadable(error) => error.trouble == Trouble::Unreachable,
            Self::Part { why, .. } => why.is_passing(),
            Self::NoReference { .. } => true,
            _ => false,
        }
    }

    /// Whether it only says that nobody waits any more.
    fn is_interruption(&self) -> bool {
        match self {
            Self::Interrupted => true,
            Self::Unreadable(error) => error.trouble == Trouble::Interrupted,
            _ => false,
        }
    }

    fn mirror(path: &Path, error: &gix::Error) -> Self {
        Self::Mirror {
            path: path.to_owned(),
            reason: sentence(error),
        }
    }
}

/// What is at the bottom of an error, in one line.
fn sentence(error: &gix::Error) -> String {
    let cause = error.probable_cause().to_string();
    let top = error.to_string();
    if top == cause || top.contains(&cause) {
        top
    } else {
        format!("{top}: {cause}")
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use std::path::{Path, PathBuf};
    use std::process::Command;

    /// A repository made with the git program, and a working copy of it.
    pub(crate) struct Origin {
        pub(crate) temp: tempfile::TempDir,
    }

    impl Origin {
        /// An empty one with the branch `main`.
        pub(crate) fn new() -> Self {
            let origin = Self {
                temp: tempfile::tempdir().expect("a temporary folder"),
            };
            std::fs::create_dir(origin.work()).expect("made");
            origin.git(&["init", "-q", "-b", "main", "."]);
            origin
        }

        pub(crate) fn work(&self) -> PathBuf {
            self.temp.path().join("work")
        }

        pub(crate) fn url(&self) -> String {
            self.work().display().to_string()
        }

        pub(crate) fn git(&self, args: &[&str]) -> String {
            let output = Command::new("git")
                .args([
                    "-c",
                    "user.name=t",
                    "-c",
                    "user.email=t@example.com",
                    "-c",
                    "protocol.file.allow=always",
                ])
                .args(args)
                .current_dir(self.work())
                .env("GIT_CONFIG_NOSYSTEM", "1")
                .env("HOME", self.temp.path())
                .output()
                .expect("git runs");
            assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).expect("text").trim().to_owned()
        }

        /// The same, with a file as its input.
        pub(crate) fn git_from(&self, args: &[&str], input: &Path) -> String {
            let output = Command::new("git")
                .args(args)
                .current_dir(self.work())
                .stdin(std::fs::File::open(input).expect("there"))
                .output()
                .expect("git runs");
            assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).expect("text").trim().to_owned()
        }

        pub(crate) fn write(&self, path: impl AsRef<Path>, text: &str) {
            let path = self.work().join(path);
            std::fs::create_dir_all(path.parent().expect("has one")).expect("made");
            std::fs::write(path, text).expect("written");
        }

        /// Commits everything; the commit's id.
        pub(crate) fn commit(&self, message: &str) -> String {
            self.git(&["add", "-A"]);
            self.git(&["commit", "-q", "--allow-empty", "-m", message]);
            self.git(&["rev-parse", "HEAD"])
        }
    }
}
