//! Writing a commit's files into an empty folder, without ever leaving it.

use super::{GitError, Mirror};
use gix::ObjectId;
use gix::bstr::{BStr, ByteSlice as _};
use gix::objs::TreeRefIter;
use gix::objs::tree::EntryKind;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, OpenOptions, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// How deep folders may lie in each other.
const DEEPEST: usize = 128;
/// The largest file that is taken: one that is kept as what differs from another is held in memory.
pub(crate) const LARGEST_FILE: u64 = 256 << 20;
/// How many files, folders and links a commit may have.
const MOST_ENTRIES: usize = 300_000;
/// How much its files may hold together.
const MOST_BYTES: u64 = 8 << 30;
/// The most bytes of a file that stands for one in large-file storage.
const LARGEST_POINTER: u64 = 1024;
/// How a file that stands for one in large-file storage begins.
const LARGE_FILE: &[u8] = b"version https://git-lfs.github.com/spec/";

/// What git tracks at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tracked {
    /// A file.
    File {
        /// The id of its content.
        id: String,
        /// It can be executed.
        executable: bool,
    },
    /// A symbolic link.
    Link {
        /// The id of its content.
        id: String,
    },
    /// A folder.
    Folder {
        /// The id of its content.
        id: String,
    },
}

/// A commit's files, written out.
#[derive(Clone, Debug, Default)]
pub(crate) struct CheckedOut {
    /// What is tracked, by its path from the folder; the folder itself is the empty path.
    pub(crate) tracked: BTreeMap<PathBuf, Tracked>,
    /// Paths of submodules, which are not fetched.
    pub(crate) submodules: Vec<PathBuf>,
    /// Paths of files that only stand for ones in large-file storage.
    pub(crate) large_files: Vec<PathBuf>,
}

/// Writes a commit's files into a folder, until it is told to stop; what was there before is removed.
pub(crate) fn check_out(mirror: &Mirror, commit: &str, folder: &Path, stop: &AtomicBool) -> Result<CheckedOut, GitError> {
    let written = |source| GitError::Write {
        path: folder.to_owned(),
        source,
    };
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(written(error)),
        _ => fs::create_dir_all(folder).map_err(written)?,
    }
    let mut checkout = Checkout {
        mirror,
        folder,
        stop,
        links: Vec::new(),
        entries: 0,
        bytes: 0,
        out: CheckedOut::default(),
    };
    checkout.tree(mirror.tree_of(commit)?, Path::new(""), 0)?;
    checkout.make_links()?;
    Ok(checkout.out)
}

struct Checkout<'a> {
    mirror: &'a Mirror,
    folder: &'a Path,
    stop: &'a AtomicBool,
    /// Made last, so that no file is ever written through one.
    links: Vec<(PathBuf, PathBuf)>,
    entries: usize,
    bytes: u64,
    out: CheckedOut,
}

impl Checkout<'_> {
    fn tree(&mut self, id: ObjectId, at: &Path, depth: usize) -> Result<(), GitError> {
        if depth > DEEPEST {
            return Err(unsafe_path(at, "whose folders lie too deep in each other"));
        }
        self.out.tracked.insert(at.to_owned(), Tracked::Folder { id: id.to_string() });
        let data = self.mirror.read(id)?;
        for entry in TreeRefIter::from_bytes(&data, id.kind()) {
            if self.stop.load(Ordering::Relaxed) {
                return Err(GitError::Interrupted);
            }
            let entry = entry.map_err(|_| unsafe_path(at, "a folder that cannot be read"))?;
            let path = at.join(checked_name(entry.filename, at)?);
            self.entries += 1;
            if self.entries > MOST_ENTRIES {
                let what = format!("the commit has more than {MOST_ENTRIES} files and folders");
                return Err(GitError::TooLarge { what });
            }
            self.entry(entry.mode.kind(), entry.oid.to_owned(), path, depth)?;
        }
        Ok(())
    }

    fn entry(&mut self, kind: EntryKind, id: ObjectId, path: PathBuf, depth: usize) -> Result<(), GitError> {
        match kind {
            EntryKind::Tree => {
                self.make(&path, |full| fs::create_dir(full))?;
                self.tree(id, &path, depth + 1)
            }
            EntryKind::Blob => self.file(id, path, false),
            EntryKind::BlobExecutable => self.file(id, path, true),
            EntryKind::Link => {
                let target = self.mirror.read(id)?;
                let target = PathBuf::from(OsStr::from_bytes(&target));
                if !stays_inside(&path, &target) {
                    let reason = format!(
                        "a symbolic link to {:?}, which lies outside the repository",
                        target.display().to_string()
                    );
                    return Err(unsafe_path(&path, &reason));
                }
                self.out.tracked.insert(path.clone(), Tracked::Link { id: id.to_string() });
                self.links.push((path, target));
                Ok(())
            }
            EntryKind::Commit => {
                self.make(&path, |full| fs::create_dir(full))?;
                self.out.submodules.push(path);
                Ok(())
            }
        }
    }

    fn file(&mut self, id: ObjectId, path: PathBuf, executable: bool) -> Result<(), GitError> {
        let size = self.mirror.size(id)?;
        if size > LARGEST_FILE {
            let reason = format!(
                "a file of {} MiB, over the limit of {} MiB: keep it in an image or a volume",
                size >> 20,
                LARGEST_FILE >> 20
            );
            return Err(unsafe_path(&path, &reason));
        }
        self.take(size)?;
        if size <= LARGEST_POINTER && self.mirror.read(id)?.starts_with(LARGE_FILE) {
            self.out.large_files.push(path.clone());
        }
        let mode = if executable { 0o755 } else { 0o644 };
        let full = self.folder.join(&path);
        let failed = |source| write_error(&full, source);
        // A second entry of the same name would find the file there.
        let opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(&full);
        let mut file = opened.map_err(failed)?;
        file.set_permissions(Permissions::from_mode(mode)).map_err(failed)?;
        self.mirror.write_to(id, size, &mut file)?.map_err(failed)?;
        let id = id.to_string();
        self.out.tracked.insert(path, Tracked::File { id, executable });
        Ok(())
    }

    /// Small as what arrives may be, what is written out of it has a limit.
    fn take(&mut self, bytes: u64) -> Result<(), GitError> {
        self.bytes += bytes;
        if self.bytes > MOST_BYTES {
            let what = format!("the files of the commit have more than {} GiB", MOST_BYTES >> 30);
            return Err(GitError::TooLarge { what });
        }
        Ok(())
    }

    fn make_links(&mut self) -> Result<(), GitError> {
        for (path, target) in &self.links {
            self.make(path, |full| symlink(target, full))?;
        }
        // Links through links may leave where each of them alone does not.
        let root = self.folder.canonicalize().map_err(|source| write_error(self.folder, source))?;
        let leaves = |path: &Path| self.folder.join(path).canonicalize().is_ok_and(|real| !real.starts_with(&root));
        match self.links.iter().find(|(path, _)| leaves(path)) {
            Some((path, _)) => Err(unsafe_path(path, "a symbolic link that leads outside the repository")),
            None => Ok(()),
        }
    }

    fn make(&self, path: &Path, work: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), GitError> {
        let full = self.folder.join(path);
        work(&full).map_err(|source| write_error(&full, source))
    }
}

fn write_error(path: &Path, source: io::Error) -> GitError {
    GitError::Write {
        path: path.to_owned(),
        source,
    }
}

fn unsafe_path(path: &Path, reason: &str) -> GitError {
    GitError::UnsafePath {
        path: path.display().to_string(),
        reason: reason.to_owned(),
    }
}

fn checked_name<'a>(name: &'a BStr, at: &Path) -> Result<&'a OsStr, GitError> {
    let bytes = name.as_bytes();
    let bad = bytes.is_empty() || bytes == b"." || bytes == b".." || bytes.iter().any(|&byte| byte == b'/' || byte == 0);
    if bad || bytes.eq_ignore_ascii_case(b".git") {
        return Err(unsafe_path(&at.join(OsStr::from_bytes(bytes)), "which is no name of a file"));
    }
    Ok(OsStr::from_bytes(bytes))
}

/// Whether a link at `path` leads, by its text, to somewhere in the repository.
fn stays_inside(path: &Path, target: &Path) -> bool {
    let mut depth = path.components().count().saturating_sub(1);
    for part in target.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::fetch::Repository;
    use super::super::testing::Origin;
    use super::*;

    fn check_out_of(origin: &Origin, stop: bool) -> Result<(CheckedOut, PathBuf), GitError> {
        let url = Repository::parse(&origin.url()).expect("an address");
        let mirror = Mirror::update(&origin.temp.path().join("mirror"), &url, &super::super::Stop::default())?;
        let commit = mirror.find("main")?;
        let folder = origin.temp.path().join("out");
        check_out(&mirror, &commit.id, &folder, &AtomicBool::new(stop)).map(|checked| (checked, folder))
    }

    fn out(origin: &Origin) -> Result<(CheckedOut, PathBuf), GitError> {
        check_out_of(origin, false)
    }

    #[test]
    fn stops_when_told() {
        let origin = Origin::new();
        origin.write("file", "x");
        origin.commit("one");
        assert!(matches!(check_out_of(&origin, true), Err(GitError::Interrupted)));
        assert!(!origin.temp.path().join("out/file").exists());
    }

    #[test]
    fn writes_files_modes_and_links() {
        let origin = Origin::new();
        origin.write("a/b.txt", "text");
        origin.write("run.sh", "#!/bin/sh");
        origin.git(&["add", "-A"]);
        origin.git(&["update-index", "--chmod=+x", "run.sh"]);
        symlink("a/b.txt", origin.work().join("link")).expect("linked");
        origin.git(&["add", "link"]);
        origin.git(&["commit", "-qm", "files"]);
        let (checked, folder) = out(&origin).expect("written");
        assert_eq!(fs::read_to_string(folder.join("link")).expect("there"), "text");
        let mode = |path: &str| fs::metadata(folder.join(path)).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode("run.sh"), mode("a/b.txt")), (0o755, 0o644));
        let kinds: Vec<_> = checked.tracked.keys().map(|path| path.display().to_string()).collect();
        assert_eq!(kinds, ["", "a", "a/b.txt", "link", "run.sh"]);
        assert_eq!(
            checked.tracked[Path::new("a")],
            Tracked::Folder {
                id: origin.git(&["rev-parse", "HEAD:a"])
            }
        );
    }

    #[test]
    fn what_was_there_before_is_gone() {
        let origin = Origin::new();
        origin.write("old", "x");
        origin.commit("old");
        out(&origin).expect("written");
        fs::remove_file(origin.work().join("old")).expect("removed");
        origin.write("new", "x");
        origin.commit("new");
        let (_, folder) = out(&origin).expect("written");
        assert!(!folder.join("old").exists() && folder.join("new").exists());
    }

    #[test]
    fn links_may_not_leave() {
        for target in ["/etc/passwd", "../outside", "a/../../outside"] {
            let origin = Origin::new();
            origin.write("a/file", "x");
            symlink(target, origin.work().join("link")).expect("linked");
            origin.commit("link");
            let error = out(&origin).expect_err(target).to_string();
            assert!(error.contains("outside the repository"), "{error}");
        }
    }

    #[test]
    fn links_through_links_may_not_leave() {
        let origin = Origin::new();
        origin.write("a/b/file", "x");
        // By its text `up` is `a/b/../..`, the root; through `here` it is one further up.
        symlink("a/b", origin.work().join("here")).expect("linked");
        symlink("here/../../..", origin.work().join("up")).expect("linked");
        origin.commit("links");
        assert!(matches!(out(&origin), Err(GitError::UnsafePath { .. })));
    }

    #[test]
    fn submodules_and_large_files_are_named() {
        let origin = Origin::new();
        origin.write("big.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
        let head = origin.commit("big");
        origin.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{head},module")]);
        origin.git(&["commit", "-qm", "module"]);
        let (checked, _) = out(&origin).expect("written");
        assert_eq!(checked.submodules, [PathBuf::from("module")]);
        assert_eq!(checked.large_files, [PathBuf::from("big.bin")]);
    }

    #[test]
    fn names_that_would_leave_are_refused() {
        for name in ["..", ".", "", ".git", ".GIT", "a/b"] {
            assert!(checked_name(BStr::new(name), Path::new("")).is_err(), "{name}");
        }
        assert!(checked_name(BStr::new("..a"), Path::new("")).is_ok());
    }

    #[test]
    fn where_links_lead() {
        for (path, target, inside) in [
            ("l", "a", true),
            ("a/l", "../b", true),
            ("a/l", "../../b", false),
            ("l", "..", false),
            ("a/b/l", "../../..", false),
            ("l", "/a", false),
            ("l", "a/../..", false),
        ] {
            assert_eq!(stays_inside(Path::new(path), Path::new(target)), inside, "{path} -> {target}");
        }
    }
}
