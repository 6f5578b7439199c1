//! The bare mirror of a project's repository: fetched before each deployment, thrown away when damaged.

use super::url::{RepositoryUrl, Transport};
use super::{GitError, sentence};
use gix::ObjectId;
use gix::bstr::ByteSlice as _;
use gix::remote::Direction;
use gix::remote::fetch::Tags;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// Branches and tags, at the same place in the mirror.
const REFSPECS: [&str; 2] = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];

/// A mirror of a repository.
pub(crate) struct Mirror {
    repository: gix::Repository,
    path: PathBuf,
}

/// A commit that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Commit {
    /// Its id, forty hexadecimal digits.
    pub(crate) id: String,
    /// The first line of its message.
    pub(crate) title: String,
}

impl Mirror {
    /// Opens a mirror, or makes an empty one.
    pub(crate) fn open(path: &Path) -> Result<Self, GitError> {
        let failed = |error: gix::Error| GitError::mirror(path, &error);
        let repository = if path.join("HEAD").exists() {
            gix::open_opts(path, options()).map_err(failed)?
        } else {
            fs::create_dir_all(path).map_err(|source| GitError::Write {
                path: path.to_owned(),
                source,
            })?;
            let kind = gix::create::Kind::Bare;
            gix::ThreadSafeRepository::init_opts(path, kind, gix::create::Options::default(), options())
                .map_err(failed)?
                .to_thread_local()
        };
        Ok(Self {
            repository,
            path: path.to_owned(),
        })
    }

    /// Brings every branch and tag of the repository here. A mirror that does not take them is made anew.
    pub(crate) fn update(path: &Path, url: &RepositoryUrl, stop: &AtomicBool) -> Result<Self, GitError> {
        if url.transport() == Transport::Ssh {
            return Err(GitError::Fetch {
                url: url.as_str().to_owned(),
                reason: "this version reads repositories over https, file:// and plain paths only, not yet over ssh".to_owned(),
            });
        }
        let had_one = path.join("HEAD").exists();
        let first = Self::open(path).and_then(|mirror| mirror.fetch(url, stop).map(|()| mirror));
        match first {
            Err(GitError::Mirror { .. }) if had_one => {
                fs::remove_dir_all(path).map_err(|source| GitError::Write {
                    path: path.to_owned(),
                    source,
                })?;
                let mirror = Self::open(path)?;
                mirror.fetch(url, stop)?;
                Ok(mirror)
            }
            other => other,
        }
    }

    fn fetch(&self, url: &RepositoryUrl, stop: &AtomicBool) -> Result<(), GitError> {
        let unreachable = |error: gix::Error| GitError::Fetch {
            url: url.as_str().to_owned(),
            reason: sentence(&error),
        };
        let remote = self
            .repository
            .remote_at(url.as_str())
            .and_then(|remote| remote.with_fetch_tags(Tags::None).with_refspecs(REFSPECS, Direction::Fetch))
            .map_err(unreachable)?;
        let prepared = remote
            .connect(Direction::Fetch)
            .map_err(unreachable)?
            // Nobody is there to be asked for a password.
            .with_credentials(|_| Ok(None))
            .prepare_fetch(gix::progress::Discard, gix::remote::ref_map::Options::default())
            .map_err(unreachable)?;
        if prepared.ref_map().remote_refs.is_empty() {
            return Err(GitError::Fetch {
                url: url.as_str().to_owned(),
                reason: "it holds no commit yet; push one first".to_owned(),
            });
        }
        prepared
            .with_write_packed_refs_only(true)
            .receive(gix::progress::Discard, stop)
            .map_err(|error| GitError::mirror(&self.path, &error))?;
        Ok(())
    }

    /// Finds a branch, a tag, or a commit by its id, in that order.
    pub(crate) fn find(&self, reference: &str) -> Result<Commit, GitError> {
        let missing = || GitError::NoReference {
            reference: reference.to_owned(),
        };
        for prefix in ["refs/heads/", "refs/tags/", ""] {
            if prefix.is_empty() && !reference.starts_with("refs/") {
                continue;
            }
            let name = format!("{prefix}{reference}");
            if let Ok(Some(mut found)) = self.repository.try_find_reference(name.as_str()) {
                let commit = found.peel_to_commit().map_err(|_| missing())?;
                return describe(&commit).ok_or_else(missing);
            }
        }
        let id = self.complete(reference).ok_or_else(missing)?;
        let commit = self.repository.find_commit(id).map_err(|_| missing())?;
        describe(&commit).ok_or_else(missing)
    }

    /// The id that begins with these digits, when there is exactly one.
    fn complete(&self, digits: &str) -> Option<ObjectId> {
        if digits.len() < 7 {
            return None;
        }
        let prefix = gix::hash::Prefix::from_hex(digits).ok()?;
        self.repository.objects.lookup_prefix(prefix, None).ok()??.ok()
    }

    /// The tree of a commit.
    pub(super) fn tree_of(&self, commit: &str) -> Result<ObjectId, GitError> {
        let missing = || GitError::NoReference {
            reference: commit.to_owned(),
        };
        let id = ObjectId::from_hex(commit.as_bytes()).map_err(|_| missing())?;
        let commit = self.repository.find_commit(id).map_err(|_| missing())?;
        let tree = commit.tree_id().map_err(|error| GitError::mirror(&self.path, &error))?;
        Ok(tree.detach())
    }

    /// The data of an object.
    pub(super) fn read(&self, id: ObjectId) -> Result<Vec<u8>, GitError> {
        let mut object = self
            .repository
            .find_object(id)
            .map_err(|error| GitError::mirror(&self.path, &error))?;
        Ok(std::mem::take(&mut object.data))
    }
}

fn describe(commit: &gix::Commit<'_>) -> Option<Commit> {
    let message = commit.message_raw().ok()?;
    let title = message.lines().next().unwrap_or_default().to_str_lossy();
    Some(Commit {
        id: commit.id().to_string(),
        title: title.trim().chars().take(200).collect(),
    })
}

/// Nobody's configuration decides what is deployed.
fn options() -> gix::open::Options {
    gix::open::Options::isolated()
        .with(gix::sec::Trust::Full)
        .config_overrides(["core.logAllRefUpdates=false", "gc.auto=0"])
}

#[cfg(test)]
mod tests {
    use super::super::testing::Origin;
    use super::*;

    fn update(origin: &Origin) -> Result<Mirror, GitError> {
        let url = RepositoryUrl::parse(&origin.url()).expect("an address");
        Mirror::update(&origin.temp.path().join("mirror"), &url, &AtomicBool::new(false))
    }

    #[test]
    fn finds_branches_tags_and_commits() {
        let origin = Origin::new();
        let first = origin.commit("one\n\nand why");
        origin.git(&["tag", "-a", "v1", "-m", "first"]);
        let second = origin.commit("two");
        origin.git(&["branch", "feature/x"]);
        let mirror = update(&origin).expect("fetched");
        for (reference, id, title) in [
            ("main", &second, "two"),
            ("feature/x", &second, "two"),
            ("refs/heads/main", &second, "two"),
            ("v1", &first, "one"),
            (first.as_str(), &first, "one"),
            (&first[..8], &first, "one"),
        ] {
            let wanted = Commit {
                id: id.clone(),
                title: title.to_owned(),
            };
            assert_eq!(mirror.find(reference).expect(reference), wanted, "{reference}");
        }
        for reference in ["other", "", "HEAD~1", "main:file", "0000000", "../x", "-x", "main..v1"] {
            assert!(matches!(mirror.find(reference), Err(GitError::NoReference { .. })), "{reference}");
        }
    }

    #[test]
    fn follows_pushes_forced_ones_too() {
        let origin = Origin::new();
        origin.commit("one");
        let second = origin.commit("two");
        assert_eq!(update(&origin).expect("fetched").find("main").expect("there").id, second);
        origin.git(&["reset", "-q", "--hard", "HEAD~1"]);
        let other = origin.commit("other");
        let mirror = update(&origin).expect("fetched");
        assert_eq!(mirror.find("main").expect("there").id, other);
        // What was deployed once can be put back.
        assert_eq!(mirror.find(&second).expect("still there").title, "two");
    }

    #[test]
    fn a_branch_may_become_a_folder_of_branches() {
        let origin = Origin::new();
        origin.commit("one");
        origin.git(&["branch", "a"]);
        update(&origin).expect("fetched");
        origin.git(&["branch", "-D", "a"]);
        origin.git(&["branch", "a/b"]);
        let next = origin.commit("two");
        assert_eq!(update(&origin).expect("fetched").find("main").expect("there").id, next);
    }

    #[test]
    fn a_damaged_mirror_is_made_anew() {
        let origin = Origin::new();
        let only = origin.commit("one");
        update(&origin).expect("fetched");
        fs::write(origin.temp.path().join("mirror/config"), "[broken").expect("written");
        assert_eq!(update(&origin).expect("fetched").find("main").expect("there").id, only);
    }

    #[test]
    fn says_what_is_wrong_with_a_repository() {
        let origin = Origin::new();
        let empty = update(&origin).err().expect("holds nothing").to_string();
        assert!(empty.contains("holds no commit yet"), "{empty}");
        let url = RepositoryUrl::parse("/nowhere/at/all").expect("an address");
        let gone = Mirror::update(&origin.temp.path().join("m"), &url, &AtomicBool::new(false));
        let gone = gone.err().expect("not there").to_string();
        assert!(gone.contains("/nowhere/at/all"), "{gone}");
    }
}
