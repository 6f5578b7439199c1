//! Writing a commit's files into an empty folder, without ever leaving it.

use super::large::{LARGEST_POINTER, Pointer};
use super::modules::{Beside, Modules};
use super::parts::{LARGEST_ATTRIBUTES, Part, is_filtering};
use super::url::RepositoryUrl;
use super::{GitError, Mirror};
use gix::ObjectId;
use gix::bstr::{BStr, ByteSlice as _};
use gix::objs::TreeRefIter;
use gix::objs::tree::EntryKind;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// How deep folders may lie in each other.
pub(super) const DEEPEST: usize = 128;
/// The largest file that is taken: one that is kept as what differs from another is held in memory.
pub(crate) const LARGEST_FILE: u64 = 256 << 20;
/// The most bytes of a path that a link leads to.
const LONGEST_LINK: u64 = 4096;
/// How many files, folders and links a commit may have.
pub(super) const MOST_ENTRIES: usize = 300_000;
/// How much its files may hold together.
const MOST_BYTES: u64 = 8 << 30;

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
    /// What the commit only names, and is not here.
    pub(crate) absent: BTreeMap<PathBuf, Part>,
}

/// What is here of a repository.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Here<'a> {
    /// Its mirror.
    pub(crate) mirror: &'a Mirror,
    /// Its address.
    pub(crate) url: &'a RepositoryUrl,
    /// What its commits lead to.
    pub(crate) beside: &'a Beside,
}

/// Writes a commit's files into a folder, until it is told to stop; what was there before is removed.
pub(crate) fn check_out(here: Here<'_>, commit: &str, folder: &Path, stop: &AtomicBool) -> Result<CheckedOut, GitError> {
    let written = |source| GitError::Write {
        path: folder.to_owned(),
        source,
    };
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(written(error)),
        _ => fs::create_dir_all(folder).map_err(written)?,
    }
    let mut checkout = Checkout {
        beside: here.beside,
        folder,
        stop,
        pointers: Vec::new(),
        are_filtered: false,
        completed: Vec::new(),
        links: Vec::new(),
        entries: 0,
        bytes: 0,
        out: CheckedOut::default(),
    };
    checkout.commit(here.mirror, here.url, commit, Path::new(""), 0)?;
    checkout.fill_in()?;
    checkout.make_links()?;
    checkout.rename_folders();
    Ok(checkout.out)
}

struct Checkout<'a> {
    beside: &'a Beside,
    folder: &'a Path,
    stop: &'a AtomicBool,
    /// Files that stand for others, if any attributes say that some do.
    pointers: Vec<(PathBuf, Pointer)>,
    are_filtered: bool,
    /// Where something else stands than the commit itself holds.
    completed: Vec<PathBuf>,
    /// Made last, so that no file is ever written through one.
    links: Vec<(PathBuf, PathBuf)>,
    entries: usize,
    bytes: u64,
    out: CheckedOut,
}

/// A repository whose files are being written.
struct Level<'a> {
    mirror: &'a Mirror,
    url: &'a RepositoryUrl,
    modules: Modules,
    /// Its folder in the checkout.
    root: &'a Path,
}

impl Checkout<'_> {
    fn commit(&mut self, mirror: &Mirror, url: &RepositoryUrl, commit: &str, at: &Path, depth: usize) -> Result<(), GitError> {
        let tree = mirror.tree_of(commit)?;
        let level = Level {
            mirror,
            url,
            modules: Modules::of(mirror, tree)?,
            root: at,
        };
        self.tree(&level, tree, at, depth)
    }

    fn tree(&mut self, level: &Level<'_>, id: ObjectId, at: &Path, depth: usize) -> Result<(), GitError> {
        if depth > DEEPEST {
            return Err(unsafe_path(at, "whose folders lie too deep in each other"));
        }
        self.out.tracked.insert(at.to_owned(), Tracked::Folder { id: id.to_string() });
        let data = level.mirror.read(id)?;
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
            self.entry(level, (entry.mode.kind(), entry.oid.to_owned()), path, depth)?;
        }
        Ok(())
    }

    fn entry(&mut self, level: &Level<'_>, (kind, id): (EntryKind, ObjectId), path: PathBuf, depth: usize) -> Result<(), GitError> {
        match kind {
            EntryKind::Tree => {
                self.make(&path, |full| fs::create_dir(full))?;
                self.tree(level, id, &path, depth + 1)
            }
            EntryKind::Blob => self.file(level, id, path, false),
            EntryKind::BlobExecutable => self.file(level, id, path, true),
            EntryKind::Link => {
                if level.mirror.size(id)? > LONGEST_LINK {
                    return Err(unsafe_path(&path, "a symbolic link that is longer than a path can be"));
                }
                let target = level.mirror.read(id)?;
                let target = PathBuf::from(OsStr::from_bytes(&target));
                self.out.tracked.insert(path.clone(), Tracked::Link { id: id.to_string() });
                self.links.push((path, target));
                Ok(())
            }
            EntryKind::Commit => {
                self.make(&path, |full| fs::create_dir(full))?;
                self.module(level, id, path, depth)
            }
        }
    }

    /// Writes the files of a submodule where they are here.
    fn module(&mut self, level: &Level<'_>, id: ObjectId, path: PathBuf, depth: usize) -> Result<(), GitError> {
        let within = path.strip_prefix(level.root).unwrap_or(&path);
        let url = level
            .modules
            .url(within)
            .and_then(|written| self.beside.address(level.url, written).ok());
        let commit = id.to_string();
        let here = url.and_then(|url| {
            let mirror = self.beside.mirror(&url);
            Mirror::recall(&mirror, &commit).map(|_| (mirror, url))
        });
        let Some((mirror, url)) = here else {
            self.out.absent.insert(path, Part::Submodule);
            return Ok(());
        };
        self.commit(&Mirror::open(&mirror)?, &url, &commit, &path, depth + 1)?;
        self.completed.push(path);
        Ok(())
    }

    fn file(&mut self, level: &Level<'_>, id: ObjectId, path: PathBuf, executable: bool) -> Result<(), GitError> {
        let size = level.mirror.size(id)?;
        if size > LARGEST_FILE {
            let reason = format!(
                "a file of {} MiB, over the limit of {} MiB: keep it in an image or a volume",
                size >> 20,
                LARGEST_FILE >> 20
            );
            return Err(unsafe_path(&path, &reason));
        }
        self.take(size)?;
        if size <= LARGEST_POINTER
            && let Some(pointer) = Pointer::parse(&level.mirror.read(id)?)
        {
            self.pointers.push((path.clone(), pointer));
        }
        if path.file_name() == Some(OsStr::new(".gitattributes")) && size <= LARGEST_ATTRIBUTES {
            self.are_filtered |= is_filtering(&level.mirror.read(id)?);
        }
        let mode = if executable { 0o755 } else { 0o644 };
        let full = self.folder.join(&path);
        let failed = |source| write_error(&full, source);
        // A second entry of the same name would find the file there.
        let opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(&full);
        let mut file = opened.map_err(failed)?;
        file.set_permissions(Permissions::from_mode(mode)).map_err(failed)?;
        level.mirror.write_to(id, size, &mut file)?.map_err(failed)?;
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

    /// Puts files of large-file storage into the place of what stands for them.
    fn fill_in(&mut self) -> Result<(), GitError> {
        if !self.are_filtered {
            return Ok(());
        }
        for (path, pointer) in std::mem::take(&mut self.pointers) {
            let Some(kept) = pointer.kept(&self.beside.large) else {
                self.out.absent.insert(path, Part::LargeFile);
                continue;
            };
            self.take(pointer.size())?;
            // Contents alone: whose file it is and who may run it stays.
            self.make(&path, |full| {
                let mut to = OpenOptions::new().write(true).truncate(true).open(full)?;
                io::copy(&mut File::open(kept)?, &mut to).map(|_| ())
            })?;
            if let Some(Tracked::File { id, .. }) = self.out.tracked.get_mut(&path) {
                pointer.oid().clone_into(id);
            }
            self.completed.push(path);
        }
        Ok(())
    }

    /// Links are as git makes them; whoever follows one looks where it leads. None is to lead to what the daemon keeps.
    fn make_links(&mut self) -> Result<(), GitError> {
        for (path, target) in &self.links {
            self.make(path, |full| symlink(target, full))?;
        }
        let root = self.folder.canonicalize().map_err(|source| write_error(self.folder, source))?;
        let is_own = |real: &Path| real.starts_with(&self.beside.own) && !real.starts_with(&root);
        let leads_there = |path: &Path| self.folder.join(path).canonicalize().is_ok_and(|real| is_own(&real));
        match self.links.iter().find(|(path, _)| leads_there(path)) {
            Some((path, _)) => Err(unsafe_path(path, "a symbolic link into the daemon's own folder")),
            None => Ok(()),
        }
    }

    /// A folder's id stands for all that is in it, also for what the commit only names.
    fn rename_folders(&mut self) {
        let folders: BTreeSet<&Path> = self.completed.iter().flat_map(|path| path.ancestors().skip(1)).collect();
        for folder in folders {
            if let Some(Tracked::Folder { id }) = self.out.tracked.get_mut(folder) {
                id.push_str("-whole");
            }
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

#[cfg(test)]
mod tests {
    use super::super::bring;
    use super::super::fetch::Repository;
    use super::super::testing::Origin;
    use super::*;
    use sha2::Digest as _;

    fn check_out_of(origin: &Origin, stop: bool) -> Result<(CheckedOut, PathBuf), GitError> {
        let url = Repository::parse(&origin.url()).expect("an address");
        let mirror = Mirror::update(&origin.temp.path().join("mirror"), &url, &super::super::Stop::default())?;
        let commit = mirror.find("main")?;
        let folder = origin.temp.path().join("out");
        let here = Here {
            mirror: &mirror,
            url: url.url(),
            beside: &beside(origin),
        };
        check_out(here, &commit.id, &folder, &AtomicBool::new(stop)).map(|checked| (checked, folder))
    }

    fn beside(origin: &Origin) -> Beside {
        let root = origin.temp.path().canonicalize().expect("there");
        Beside {
            modules: root.join("modules"),
            large: root.join("large"),
            own: root.join("own"),
        }
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
    fn links_are_as_git_makes_them_but_for_those_to_what_the_daemon_keeps() {
        let origin = Origin::new();
        origin.write("a/b/file", "x");
        for (link, target) in [
            ("absolute", "/etc/hostname"),
            ("above", "../../x"),
            ("here", "a/b"),
            ("up", "here/../../.."),
        ] {
            symlink(target, origin.work().join(link)).expect("linked");
        }
        origin.commit("links");
        let (_, folder) = out(&origin).expect("written");
        for (link, target) in [("absolute", "/etc/hostname"), ("above", "../../x"), ("up", "here/../../..")] {
            assert_eq!(fs::read_link(folder.join(link)).expect("a link"), Path::new(target));
        }
        let own = origin.temp.path().join("own");
        fs::create_dir(&own).expect("made");
        symlink(&own, origin.work().join("within")).expect("linked");
        origin.commit("link");
        let error = out(&origin).expect_err("refused").to_string();
        assert!(error.contains("into the daemon's own folder"), "{error}");
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let origin = Origin::new();
        let outside = origin.temp.path().join("outside");
        fs::create_dir(&outside).expect("made");
        symlink(&outside, origin.work().join("x")).expect("linked");
        let link = origin.commit("link");
        // A tree in which the same name is a link and a folder.
        let blob = origin.git(&["rev-parse", &format!("{link}:x")]);
        origin.write("y/file", "text");
        origin.commit("folder");
        let folder = origin.git(&["rev-parse", "HEAD:y"]);
        let list = origin.temp.path().join("list");
        fs::write(&list, format!("120000 blob {blob}\tx\n040000 tree {folder}\tx\n")).expect("written");
        let tree = origin.git_from(&["mktree"], &list);
        let commit = origin.git(&["commit-tree", &tree, "-m", "both"]);
        origin.git(&["update-ref", "refs/heads/main", &commit]);
        assert!(out(&origin).is_err());
        assert!(!outside.join("file").exists());
    }

    #[test]
    fn submodules_and_large_files_that_are_not_here_are_named() {
        let origin = Origin::new();
        let pointer = format!(
            "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 1\n",
            "0".repeat(64)
        );
        origin.write("big.bin", &pointer);
        let head = origin.commit("big");
        origin.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{head},module")]);
        origin.git(&["commit", "-qm", "module"]);
        // Nothing says that the file stands for another one.
        let absent = |origin: &Origin| out(origin).expect("written").0.absent.into_iter().collect::<Vec<_>>();
        let module = (PathBuf::from("module"), Part::Submodule);
        assert_eq!(absent(&origin), std::slice::from_ref(&module));
        fs::create_dir(origin.work().join("module")).expect("made");
        origin.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n");
        origin.git(&["-c", "filter.lfs.clean=cat", "add", ".gitattributes"]);
        origin.git(&["commit", "-qm", "attributes"]);
        assert_eq!(absent(&origin), [(PathBuf::from("big.bin"), Part::LargeFile), module]);
    }

    #[test]
    fn submodules_and_large_files_are_written_where_they_belong() {
        let (origin, lib) = (Origin::new(), Origin::new());
        lib.write("lib.txt", "from the submodule");
        lib.commit("lib");
        origin.git(&["submodule", "add", "-q", &lib.url(), "vendor/lib"]);
        let oid = compose_core::hash::hex(&sha2::Sha256::digest("large"));
        origin.write(
            "big.bin",
            &format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 5\n"),
        );
        origin.write(".gitattributes", "*.bin filter=lfs\n");
        origin.write(format!(".git/lfs/objects/{}/{}/{oid}", &oid[..2], &oid[2..4]), "large");
        let commit = origin.commit("parts");
        let url = Repository::parse(&origin.url()).expect("an address");
        let mirror = Mirror::update(&origin.temp.path().join("mirror"), &url, &super::super::Stop::default()).expect("fetched");
        let beside = beside(&origin);
        let missing = bring(&mirror, &commit, &url, &beside, &super::super::Stop::default()).expect("brought");
        assert!(missing.is_empty(), "{missing:?}");
        let (checked, folder) = out(&origin).expect("written");
        assert!(checked.absent.is_empty(), "{checked:?}");
        assert_eq!(
            fs::read_to_string(folder.join("vendor/lib/lib.txt")).expect("there"),
            "from the submodule"
        );
        assert_eq!(fs::read_to_string(folder.join("big.bin")).expect("there"), "large");
        let tree = origin.git(&["rev-parse", "HEAD^{tree}"]);
        // What was copied by a daemon that left them out is not taken for it.
        assert_eq!(
            checked.tracked[Path::new("")],
            Tracked::Folder {
                id: format!("{tree}-whole")
            }
        );
        assert!(checked.tracked.contains_key(Path::new("vendor/lib/lib.txt")));
    }

    #[test]
    fn what_cannot_be_brought_is_told_with_why() {
        let origin = Origin::new();
        origin.write(".gitmodules", "[submodule \"lib\"]\n\tpath = lib\n\turl = /nowhere/at/all\n");
        let head = origin.commit("list");
        origin.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{head},lib")]);
        origin.git(&["commit", "-qm", "module"]);
        let url = Repository::parse(&origin.url()).expect("an address");
        let stop = super::super::Stop::default();
        let mirror = Mirror::update(&origin.temp.path().join("mirror"), &url, &stop).expect("fetched");
        let commit = mirror.find("main").expect("there").id;
        let missing = bring(&mirror, &commit, &url, &beside(&origin), &stop).expect("tried");
        let errors: Vec<GitError> = missing.into_iter().map(GitError::from).collect();
        let [error] = errors.as_slice() else { panic!("{errors:?}") };
        let text = error.to_string();
        assert!(
            text.starts_with("lib is a submodule, and cannot be read: cannot read the repository /nowhere/at/all"),
            "{text}"
        );
        assert!(error.is_passing(), "its disk may be mounted again");
    }

    #[test]
    fn names_that_would_leave_are_refused() {
        for name in ["..", ".", "", ".git", ".GIT", "a/b"] {
            assert!(checked_name(BStr::new(name), Path::new("")).is_err(), "{name}");
        }
        assert!(checked_name(BStr::new("..a"), Path::new("")).is_ok());
    }
}
