//! What git knows about a folder: its repository, branch, origin and tracked files. Read by gix, with no git program.

mod identity;

pub(crate) use identity::{same_repository, without_user};

use crate::failure::Failure;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// How far back a commit is looked for.
const MOST_COMMITS: usize = 100_000;

/// The repository that a folder belongs to.
pub(crate) struct Repository {
    inner: gix::Repository,
    root: PathBuf,
}

impl Repository {
    /// Finds it; `None` when the folder is in none.
    pub(crate) fn discover(folder: &Path) -> Option<Self> {
        let inner = gix::discover(folder).ok()?;
        let root = inner.workdir()?.canonicalize().ok()?;
        Some(Self { inner, root })
    }

    /// The folder as a path below the repository's root, with `/`; empty for the root itself.
    pub(crate) fn sub_path(&self, folder: &Path) -> Option<String> {
        let below = folder.canonicalize().ok()?.strip_prefix(&self.root).ok()?.to_owned();
        Some(
            below
                .components()
                .map(|part| part.as_os_str().to_string_lossy())
                .collect::<Vec<_>>()
                .join("/"),
        )
    }

    /// The branch that is checked out, also before its first commit.
    pub(crate) fn branch(&self) -> Option<String> {
        self.inner.head_name().ok().flatten().map(|name| name.shorten().to_string())
    }

    /// The commit that is checked out, in 40 hexadecimal digits.
    pub(crate) fn head(&self) -> Option<String> {
        self.inner.head_id().ok().map(|id| id.to_string())
    }

    /// Whether a commit is there and has another one behind it, or is it.
    pub(crate) fn holds(&self, tip: &str, commit: &str) -> bool {
        let id = |text: &str| gix::ObjectId::from_hex(text.as_bytes()).ok();
        let (Some(tip), Some(commit)) = (id(tip), id(commit)) else {
            return false;
        };
        tip == commit
            || self
                .inner
                .rev_walk([tip])
                .all()
                .is_ok_and(|walk| walk.take(MOST_COMMITS).any(|step| step.is_ok_and(|step| step.id == commit)))
    }

    /// Where `origin`, or the only remote, is fetched from.
    pub(crate) fn origin(&self) -> Result<String, Failure> {
        let remote = self
            .inner
            .find_default_remote(gix::remote::Direction::Fetch)
            .and_then(Result::ok)
            .or_else(|| self.inner.find_remote("origin").ok());
        remote
            .and_then(|remote| remote.url(gix::remote::Direction::Fetch).map(gix::Url::to_bstring))
            .map(|url| url.to_string())
            .ok_or_else(|| {
                Failure::new("the repository has no remote to fetch from")
                    .hint("name it: `git remote add origin URL`, then push: `git push -u origin HEAD`")
            })
    }

    /// The files that git holds, or will hold with the next commit, as paths below the root.
    pub(crate) fn tracked(&self) -> BTreeSet<PathBuf> {
        let Ok(index) = self.inner.index_or_empty() else {
            return BTreeSet::new();
        };
        index
            .entries()
            .iter()
            .map(|entry| PathBuf::from(entry.path(&index).to_string()))
            .collect()
    }

    /// The root folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }
}
