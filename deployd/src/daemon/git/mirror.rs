//! The bare mirror of a project's repository: fetched before each deployment, thrown away when damaged.

use super::fetch::Repository;
use super::limits::LARGEST_OBJECT;
use super::trouble::Unreadable;
use super::{GitError, Stop};
use gix::ObjectId;
use gix::bstr::ByteSlice as _;
use gix::objs::TreeRefIter;
use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

/// How often to look whether another fetch into the same mirror is over.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// With how many packs a mirror is fetched anew: each fetch leaves one.
const MOST_PACKS: usize = 50;
/// After how many more that is tried again.
const PACKS_BETWEEN: usize = 10;
/// Up to how many bytes packs are read whole to see whether they are damaged.
const SMALL_PACKS: u64 = 32 << 20;

/// A mirror of a repository.
#[derive(Debug)]
pub(crate) struct Mirror {
    pub(super) repository: gix::Repository,
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

    /// Brings every branch and tag of the repository here, one caller at a time. A damaged mirror is made anew, beside the
    /// old one; whatever else goes wrong leaves the mirror as it is, with the commits that only it has.
    pub(crate) fn update(path: &Path, origin: &Repository, stop: &Stop) -> Result<Self, GitError> {
        let _lock = lock(path, origin, stop)?;
        let failure = match Self::open(path) {
            Ok(mirror) => {
                remove_stale_locks(path)
                    .and_then(|()| remove_half_packs(&path.join("objects/pack")))
                    .map_err(writing(path))?;
                match origin.fetch_into(&mirror.repository, stop) {
                    Ok(()) => return Ok(mirror),
                    Err(error) if mirror.is_sound() => return Err(error),
                    Err(error) => error,
                }
            }
            Err(error @ GitError::Mirror { .. }) => error,
            Err(error) => return Err(error),
        };
        if stop.load(Ordering::Relaxed) {
            return Err(failure);
        }
        Self::rebuild(path, origin, stop)
    }

    /// Makes a damaged mirror anew.
    pub(crate) fn renew(path: &Path, origin: &Repository, stop: &Stop) -> Result<Self, GitError> {
        let _lock = lock(path, origin, stop)?;
        Self::rebuild(path, origin, stop)
    }

    /// Makes a mirror anew that consists of many packs, unless commits to be kept would be lost with it.
    pub(crate) fn consolidate(path: &Path, origin: &Repository, kept: &[String], stop: &Stop) -> Result<(), GitError> {
        let packs = Self::open(path)?.packs().len();
        if packs < MOST_PACKS || !packs.is_multiple_of(PACKS_BETWEEN) {
            return Ok(());
        }
        let _lock = lock(path, origin, stop)?;
        let (old, new) = (Self::open(path)?, Self::fetch_beside(path, origin, stop)?);
        let is_lost = |commit: &String| old.exact(commit).is_some() && new.exact(commit).is_none();
        if kept.iter().any(is_lost) {
            return remove_folder(&new.path);
        }
        new.put_in_place_of(path).map(|_| ())
    }

    /// Whether all of a commit can be read: its folders, and where its files begin. Small packs are read whole.
    pub(crate) fn check(&self, commit: &str) -> Result<(), GitError> {
        for index in self.packs() {
            self.check_pack(&index.with_extension("pack"))?;
        }
        self.check_tree(self.tree_of(commit)?, 0)
    }

    /// A pack ends with the digest of what is before.
    fn check_pack(&self, pack: &Path) -> Result<(), GitError> {
        let damaged = |reason: &str| GitError::Mirror {
            path: self.path.clone(),
            reason: format!("{} {reason}", pack.display()),
        };
        let length = fs::metadata(pack).map_err(|_| damaged("is missing"))?.len();
        if length > SMALL_PACKS {
            return Ok(());
        }
        let data = fs::read(pack).map_err(writing(pack))?;
        let kind = self.repository.object_hash();
        let (content, digest) = data
            .split_at_checked(data.len().saturating_sub(kind.len_in_bytes()))
            .ok_or_else(|| damaged("is cut off"))?;
        let mut hasher = gix::hash::hasher(kind);
        hasher.update(content);
        match hasher.try_finalize() {
            Ok(found) if found.as_bytes() == digest => Ok(()),
            _ => Err(damaged("is damaged")),
        }
    }

    fn check_tree(&self, tree: ObjectId, depth: usize) -> Result<(), GitError> {
        if depth > super::checkout::DEEPEST {
            return Ok(());
        }
        let data = self.read(tree)?;
        for entry in TreeRefIter::from_bytes(&data, tree.kind()).map_while(Result::ok) {
            if entry.mode.is_tree() {
                self.check_tree(entry.oid.to_owned(), depth + 1)?;
            } else if !entry.mode.is_commit() {
                self.size(entry.oid.to_owned())?;
            }
        }
        Ok(())
    }

    /// The commit with this whole id where a mirror has it, without asking anybody. What the id leads to never changes.
    pub(crate) fn recall(path: &Path, id: &str) -> Option<Commit> {
        if !path.join("HEAD").exists() {
            return None;
        }
        Self::open(path).ok()?.exact(id)
    }

    /// The commit that a branch of a repository leads to, without bringing anything here.
    pub(crate) fn look(scratch: &Path, origin: &Repository, branch: &str, stop: &AtomicBool) -> Result<String, GitError> {
        let looked = Self::open(scratch).and_then(|scratch| origin.head_of(&scratch.repository, branch, stop));
        remove_folder(scratch)?;
        looked
    }

    /// Makes a mirror anew and puts it into the place of a damaged one.
    fn rebuild(path: &Path, origin: &Repository, stop: &Stop) -> Result<Self, GitError> {
        Self::fetch_beside(path, origin, stop)?.put_in_place_of(path)
    }

    fn fetch_beside(path: &Path, origin: &Repository, stop: &Stop) -> Result<Self, GitError> {
        let new = path.with_extension("new");
        remove_folder(&new)?;
        let mirror = Self::open(&new)?;
        origin.fetch_into(&mirror.repository, stop)?;
        Self::open(&new)
    }

    /// The old one goes once the new one has its name.
    fn put_in_place_of(self, path: &Path) -> Result<Self, GitError> {
        let old = path.with_extension("old");
        remove_folder(&old)?;
        if path.exists() {
            fs::rename(path, &old).map_err(writing(path))?;
        }
        fs::rename(&self.path, path).map_err(writing(path))?;
        remove_folder(&old)?;
        Self::open(path)
    }

    /// Whether its references can be read and lead to objects that are there.
    fn is_sound(&self) -> bool {
        let Ok(platform) = self.repository.references() else {
            return false;
        };
        let Ok(mut references) = platform.all() else {
            return false;
        };
        references.all(|reference| reference.is_ok_and(|reference| reference.try_id().is_none_or(|id| self.repository.has_object(id))))
    }

    /// Finds a commit by its whole id, a branch, a tag, or a commit by the beginning of its id, in that order: whoever
    /// names a commit exactly gets that one, whatever branches are called.
    pub(crate) fn find(&self, reference: &str) -> Result<Commit, GitError> {
        let missing = || GitError::NoReference {
            reference: reference.to_owned(),
        };
        if let Some(commit) = self.exact(reference) {
            return Ok(commit);
        }
        for prefix in ["refs/heads/", "refs/tags/", ""] {
            if prefix.is_empty() && !reference.starts_with("refs/") {
                continue;
            }
            let name = format!("{prefix}{reference}");
            if let Ok(Some(mut found)) = self.repository.try_find_reference(name.as_str()) {
                let id = found.id().detach();
                let commit = found.peel_to_commit().map_err(|error| match self.size(id) {
                    Ok(_) => missing(),
                    Err(_) => self.damaged(&error),
                })?;
                return describe(&commit).ok_or_else(missing);
            }
        }
        let id = self.complete(reference).ok_or_else(missing)?;
        let commit = self.repository.find_commit(id).map_err(|_| missing())?;
        describe(&commit).ok_or_else(missing)
    }

    /// The commit with this whole id.
    fn exact(&self, id: &str) -> Option<Commit> {
        let id = ObjectId::from_hex(id.as_bytes()).ok()?;
        describe(&self.repository.find_commit(id).ok()?)
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
        let tree = commit.tree_id().map_err(|error| self.damaged(&error))?;
        Ok(tree.detach())
    }

    pub(super) fn damaged(&self, error: &gix::Error) -> GitError {
        GitError::mirror(&self.path, error)
    }

    /// The size of an object's data, in bytes.
    pub(super) fn size(&self, id: ObjectId) -> Result<u64, GitError> {
        let header = self.repository.find_header(id);
        Ok(header.map_err(|error| self.damaged(&error))?.size())
    }

    /// The data of an object.
    pub(super) fn read(&self, id: ObjectId) -> Result<Vec<u8>, GitError> {
        let mut object = self.repository.find_object(id).map_err(|error| self.damaged(&error))?;
        Ok(std::mem::take(&mut object.data))
    }
}

fn writing(path: &Path) -> impl FnOnce(std::io::Error) -> GitError {
    let path = path.to_owned();
    move |source| GitError::Write { path, source }
}

fn remove_folder(path: &Path) -> Result<(), GitError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(writing(path)(error)),
        _ => Ok(()),
    }
}

/// Keeps everyone else from fetching into a mirror for as long as the file lives, which the system sees to.
fn lock(path: &Path, origin: &Repository, stop: &AtomicBool) -> Result<File, GitError> {
    let at = path.with_extension("lock");
    if let Some(folder) = at.parent() {
        fs::create_dir_all(folder).map_err(writing(folder))?;
    }
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&at)
        .map_err(writing(&at))?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(writing(&at)(error)),
            Err(TryLockError::WouldBlock) if stop.load(Ordering::Relaxed) => {
                return Err(Unreadable::interrupted(origin.url()).into());
            }
            Err(TryLockError::WouldBlock) => sleep(LOOK_AGAIN),
        }
    }
}

/// Removes what a daemon that was killed in the middle of a fetch left locked: nobody else fetches now, and no reference
/// may have such a name.
fn remove_stale_locks(path: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let (name, path) = (entry.file_name(), entry.path());
        if entry.file_type()?.is_dir() {
            if name != "objects" {
                remove_stale_locks(&path)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "lock") {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Removes what a fetch that was killed left of its pack.
fn remove_half_packs(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_whole = match path.extension().and_then(OsStr::to_str) {
            Some("idx") => path.with_extension("pack").exists(),
            Some("pack" | "keep") => path.with_extension("idx").exists(),
            _ => false,
        };
        if !is_whole {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
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
    gix::open::Options::isolated().with(gix::sec::Trust::Full).config_overrides([
        "core.logAllRefUpdates=false".to_owned(),
        "gc.auto=0".to_owned(),
        "pack.threads=1".to_owned(),
        // Sizes are asked before bytes, also of what a difference claims to make.
        format!("gitoxide.objects.allocLimit={LARGEST_OBJECT}"),
    ])
}

#[cfg(test)]
mod tests {
    use super::super::testing::Origin;
    use super::*;
    use std::sync::Arc;

    fn update(origin: &Origin) -> Result<Mirror, GitError> {
        let url = Repository::parse(&origin.url()).expect("an address");
        Mirror::update(&origin.temp.path().join("mirror"), &url, &Stop::default())
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
    fn a_branch_named_like_a_commit_does_not_stand_in_for_it() {
        let origin = Origin::new();
        let first = origin.commit("one");
        let second = origin.commit("two");
        let nobody = "0".repeat(39) + "1";
        for name in [&first, &nobody] {
            origin.git(&["update-ref", &format!("refs/heads/{name}"), &second]);
        }
        let mirror = update(&origin).expect("fetched");
        assert_eq!(mirror.find(&first).expect("there").title, "one");
        assert_eq!(mirror.find(&nobody).expect("a branch").title, "two");
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
    fn what_the_repository_has_no_more_is_no_longer_found() {
        let origin = Origin::new();
        origin.commit("one");
        origin.git(&["checkout", "-q", "-b", "feature"]);
        let gone = origin.commit("two");
        origin.git(&["tag", "v1"]);
        origin.git(&["checkout", "-q", "main"]);
        update(&origin).expect("fetched");
        origin.git(&["branch", "-D", "feature"]);
        origin.git(&["tag", "-d", "v1"]);
        for round in ["nothing else changed", "something was pushed"] {
            let mirror = update(&origin).expect("fetched");
            for reference in ["feature", "v1"] {
                let missing = mirror.find(reference);
                assert!(matches!(missing, Err(GitError::NoReference { .. })), "{reference}: {round}");
            }
            assert_eq!(mirror.find(&gone).expect("its commits stay").title, "two", "{round}");
            origin.commit("three");
        }
    }

    #[test]
    fn another_repository_leaves_nothing_of_the_one_before() {
        let (origin, other) = (Origin::new(), Origin::new());
        origin.commit("one");
        update(&origin).expect("fetched");
        other.git(&["checkout", "-q", "-b", "master"]);
        let head = other.commit("other");
        let url = Repository::parse(&other.url()).expect("an address");
        let mirror = Mirror::update(&origin.temp.path().join("mirror"), &url, &Stop::default()).expect("fetched");
        assert!(matches!(mirror.find("main"), Err(GitError::NoReference { .. })));
        assert_eq!(mirror.find("master").expect("there").id, head);
    }

    #[test]
    fn what_was_fetched_once_is_known_without_asking() {
        let origin = Origin::new();
        let only = origin.commit("one");
        let path = origin.temp.path().join("mirror");
        assert_eq!(Mirror::recall(&path, &only), None);
        assert!(!path.exists(), "nothing is made by asking");
        update(&origin).expect("fetched");
        assert_eq!(Mirror::recall(&path, &only).expect("known").title, "one");
        for unknown in ["main", &only[..8], &"1".repeat(40)] {
            assert_eq!(Mirror::recall(&path, unknown), None, "{unknown}");
        }
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
    fn damage_of_packs_is_found_out() {
        for damage in ["cut", "zeroed", "gone"] {
            let origin = Origin::new();
            origin.write("file", "text");
            let only = origin.commit("one");
            let mirror = update(&origin).expect("fetched");
            mirror.check(&only).expect("sound");
            let pack = mirror.packs()[0].with_extension("pack");
            let data = fs::read(&pack).expect("read");
            drop(mirror);
            // Packs are only readable.
            fs::remove_file(&pack).expect("removed");
            match damage {
                "cut" => fs::write(&pack, &data[..data.len() / 2]).expect("written"),
                "zeroed" => fs::write(&pack, vec![0; data.len()]).expect("written"),
                _ => {}
            }
            let path = origin.temp.path().join("mirror");
            let found = Mirror::open(&path).and_then(|mirror| mirror.check(&only));
            assert!(found.is_err(), "{damage}");
            let url = Repository::parse(&origin.url()).expect("an address");
            let renewed = Mirror::renew(&path, &url, &Stop::default()).expect("fetched anew");
            renewed.check(&only).expect("sound");
            assert!(
                !path.with_extension("old").exists() && !path.with_extension("new").exists(),
                "{damage}"
            );
        }
    }

    #[test]
    fn packs_stay_few_and_what_is_kept_stays() {
        let origin = Origin::new();
        let first = origin.commit("0");
        let path = origin.temp.path().join("mirror");
        let url = Repository::parse(&origin.url()).expect("an address");
        let consolidate = |kept: &[String]| Mirror::consolidate(&path, &url, kept, &Stop::default()).expect("done");
        for number in 1..MOST_PACKS {
            update(&origin).expect("fetched");
            consolidate(&[]);
            origin.commit(&number.to_string());
        }
        let lost = origin.git(&["rev-parse", "HEAD"]);
        assert_eq!(update(&origin).expect("fetched").packs().len(), MOST_PACKS);
        origin.git(&["reset", "-q", "--hard", &first]);
        consolidate(std::slice::from_ref(&lost));
        assert!(Mirror::open(&path).expect("opens").exact(&lost).is_some(), "it is kept");
        consolidate(std::slice::from_ref(&first));
        let mirror = Mirror::open(&path).expect("opens");
        assert_eq!(mirror.packs().len(), 1);
        assert_eq!(mirror.find("main").expect("there").id, first);
    }

    #[test]
    fn what_a_killed_fetch_left_of_its_pack_goes() {
        let origin = Origin::new();
        let only = origin.commit("one");
        update(&origin).expect("fetched");
        let folder = origin.temp.path().join("mirror/objects/pack");
        for left in [".tmpAbc", "pack-1.pack", "pack-1.keep", "pack-2.idx"] {
            fs::write(folder.join(left), "").expect("written");
        }
        assert_eq!(update(&origin).expect("fetched").find("main").expect("there").id, only);
        assert_eq!(fs::read_dir(&folder).expect("there").count(), 2, "a pack and its index");
    }

    #[test]
    fn references_that_lead_nowhere_are_damage_too() {
        let origin = Origin::new();
        origin.commit("one");
        update(&origin).expect("fetched");
        let nowhere = format!("{} refs/heads/main\n", "1".repeat(40));
        fs::write(origin.temp.path().join("mirror/packed-refs"), nowhere).expect("written");
        let next = origin.commit("two");
        assert_eq!(update(&origin).expect("fetched").find("main").expect("there").id, next);
        assert!(!origin.temp.path().join("mirror.new").exists());
    }

    #[test]
    fn a_fetch_that_fails_or_is_interrupted_loses_nothing() {
        let origin = Origin::new();
        origin.commit("one");
        let gone = origin.commit("two");
        update(&origin).expect("fetched");
        origin.git(&["reset", "-q", "--hard", "HEAD~1"]);
        origin.commit("other");
        let path = origin.temp.path().join("mirror");
        let url = Repository::parse(&origin.url()).expect("an address");
        let _ = Mirror::update(&path, &url, &Arc::new(AtomicBool::new(true)));
        assert_eq!(Mirror::open(&path).expect("opens").find(&gone).expect("still there").title, "two");
        fs::rename(origin.work(), origin.temp.path().join("elsewhere")).expect("moved");
        assert!(matches!(update(&origin), Err(GitError::Unreadable(_))));
        assert_eq!(Mirror::open(&path).expect("opens").find(&gone).expect("still there").title, "two");
    }

    #[test]
    fn a_damaged_mirror_stays_until_there_is_another() {
        let origin = Origin::new();
        origin.commit("one");
        update(&origin).expect("fetched");
        let config = origin.temp.path().join("mirror/config");
        fs::write(&config, "[broken").expect("written");
        let url = Repository::parse("/nowhere/at/all").expect("an address");
        let path = origin.temp.path().join("mirror");
        assert!(Mirror::update(&path, &url, &Stop::default()).is_err());
        assert_eq!(fs::read_to_string(config).expect("still there"), "[broken");
    }

    #[test]
    fn locks_of_a_killed_daemon_are_in_nobodys_way() {
        let origin = Origin::new();
        origin.commit("one");
        update(&origin).expect("fetched");
        let next = origin.commit("two");
        let mirror = origin.temp.path().join("mirror");
        fs::create_dir_all(mirror.join("refs/heads")).expect("made");
        for file in ["packed-refs.lock", "refs/heads/main.lock"] {
            fs::write(mirror.join(file), "").expect("written");
        }
        assert_eq!(update(&origin).expect("fetched").find("main").expect("there").id, next);
    }

    #[test]
    fn one_fetch_waits_for_another_until_it_is_interrupted() {
        let origin = Origin::new();
        origin.commit("one");
        let held = File::create(origin.temp.path().join("mirror.lock")).expect("made");
        held.lock().expect("locked");
        let path = origin.temp.path().join("mirror");
        let url = Repository::parse(&origin.url()).expect("an address");
        let error = Mirror::update(&path, &url, &Arc::new(AtomicBool::new(true)))
            .map(drop)
            .expect_err("does not get it");
        assert!(error.to_string().contains("interrupted"), "{error}");
        drop(held);
        update(&origin).expect("fetched");
    }

    #[test]
    fn says_what_is_wrong_with_a_repository() {
        let origin = Origin::new();
        let empty = update(&origin).map(drop).expect_err("holds nothing").to_string();
        assert!(empty.contains("holds no commit yet"), "{empty}");
        let url = Repository::parse("/nowhere/at/all").expect("an address");
        let gone = Mirror::update(&origin.temp.path().join("m"), &url, &Stop::default());
        let gone = gone.map(drop).expect_err("not there").to_string();
        assert!(gone.contains("/nowhere/at/all"), "{gone}");
    }
}
