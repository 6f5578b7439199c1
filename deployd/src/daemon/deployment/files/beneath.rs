//! Files beneath a folder that containers write to: reached from an open folder to the next, never
//! through a symbolic link, so that no container leads the daemon elsewhere.

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Component, Path};

/// What to do where a folder on the way is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// Make it.
    Make,
    /// Say that it is not there.
    Report,
}

/// An open folder; whatever happens to its path, it stays the same one.
#[derive(Debug)]
pub(super) struct Folder(OwnedFd);

impl Folder {
    /// Opens a folder of the daemon's own, whose path no container can change, and makes it where needed.
    pub(super) fn own(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        Ok(Self(File::open(path)?.into()))
    }

    /// The folder at a path beneath this one.
    pub(super) fn folder(&self, path: &Path, missing: Missing) -> io::Result<Self> {
        let mut at = Self(self.0.try_clone()?);
        for component in path.components() {
            match component {
                Component::Normal(name) => at = at.step(name, missing)?,
                Component::CurDir => {}
                _ => return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path leads out of the folder")),
            }
        }
        Ok(at)
    }

    /// The place of a file beneath this folder.
    pub(super) fn entry(&self, path: &Path, missing: Missing) -> io::Result<Entry> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        Ok(Entry {
            folder: self.folder(path.parent().unwrap_or(Path::new("")), missing)?,
            name: name.to_owned(),
        })
    }

    fn step(&self, name: &OsStr, missing: Missing) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        if missing == Missing::Make {
            match rustix::fs::mkdirat(&self.0, name, Mode::from_raw_mode(0o755)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
        rustix::fs::openat(&self.0, name, flags, Mode::empty())
            .map(Self)
            .map_err(|error| match error {
                Errno::NOTDIR | Errno::LOOP => not_followed(name),
                other => other.into(),
            })
    }
}

fn not_followed(name: &OsStr) -> io::Error {
    let name = name.display();
    let detail = format!("{name} is no folder but a file or a symbolic link, which is not followed; remove it on the server");
    io::Error::new(io::ErrorKind::NotADirectory, detail)
}

/// A name in an open folder.
#[derive(Debug)]
pub(super) struct Entry {
    folder: Folder,
    name: OsString,
}

/// What a name stands for.
#[derive(Debug)]
pub(super) enum Found {
    /// Nothing.
    Nothing,
    /// A file of any length, open to be read.
    File(File),
    /// A link, a folder, or something that is no file of bytes.
    Other,
}

impl Entry {
    /// What is there.
    pub(super) fn find(&self) -> io::Result<Found> {
        match rustix::fs::statat(&self.folder.0, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => return Ok(Found::Nothing),
            Err(error) => return Err(error.into()),
            Ok(found) if FileType::from_raw_mode(found.st_mode) == FileType::RegularFile => {}
            Ok(_) => return Ok(Found::Other),
        }
        // It may have become a pipe since: opening must not wait for a writer.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(&self.folder.0, &self.name, flags, Mode::empty()) {
            Ok(opened) => File::from(opened),
            Err(Errno::NOENT) => return Ok(Found::Nothing),
            Err(Errno::LOOP) => return Ok(Found::Other),
            Err(error) => return Err(error.into()),
        };
        if !file.metadata()?.is_file() {
            return Ok(Found::Other);
        }
        Ok(Found::File(file))
    }

    /// Fails where the name stands for a symbolic link, which an engine would follow.
    pub(super) fn refuse_link(&self) -> io::Result<()> {
        match rustix::fs::statat(&self.folder.0, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) if FileType::from_raw_mode(found.st_mode) == FileType::Symlink => Err(not_followed(&self.name)),
            Ok(_) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Puts a copy of a file of the daemon's own there, by rename, once it is on the disk: a torn one would look like one
    /// that an application changed.
    pub(super) fn replace_with(&self, source: &Path) -> io::Result<()> {
        let mut temporary = OsString::from(".");
        temporary.push(&self.name);
        temporary.push(".inertia-new");
        match rustix::fs::unlinkat(&self.folder.0, &temporary, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        let mut from = File::open(source)?;
        let mode = from.metadata()?.mode() & 0o777;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut to = File::from(rustix::fs::openat(&self.folder.0, &temporary, flags, Mode::from_raw_mode(0o600))?);
        io::copy(&mut from, &mut to)?;
        to.set_permissions(Permissions::from_mode(mode))?;
        to.sync_all()?;
        Ok(rustix::fs::renameat(&self.folder.0, &temporary, &self.folder.0, &self.name)?)
    }

    /// Moves what is there to another place.
    pub(super) fn move_to(&self, other: &Self) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.folder.0, &self.name, &other.folder.0, &other.name)?)
    }

    /// Removes the file or link.
    pub(super) fn remove(&self) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.folder.0, &self.name, AtFlags::empty())?)
    }

    /// Makes a symbolic link where there is nothing yet.
    pub(super) fn link_to(&self, target: &Path) -> io::Result<()> {
        match rustix::fs::symlinkat(target, &self.folder.0, &self.name) {
            Ok(()) | Err(Errno::EXIST) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    /// A data folder that a container filled, and a folder of the host that is none of its business.
    struct Case {
        temp: tempfile::TempDir,
    }

    impl Case {
        fn new() -> Self {
            let temp = tempfile::tempdir().expect("a temporary folder");
            fs::create_dir(temp.path().join("host")).expect("made");
            fs::write(temp.path().join("host/a"), "the host's").expect("written");
            fs::write(temp.path().join("source"), "new").expect("written");
            Self { temp }
        }

        fn path(&self, rest: &str) -> PathBuf {
            self.temp.path().join(rest)
        }

        fn data(&self) -> Folder {
            Folder::own(&self.path("data")).expect("opened")
        }

        fn host(&self) -> String {
            fs::read_to_string(self.path("host/a")).expect("still there")
        }
    }

    fn content(entry: &Entry) -> String {
        match entry.find().expect("found") {
            Found::File(file) => io::read_to_string(file).expect("read"),
            other => panic!("{other:?} is no file"),
        }
    }

    #[test]
    fn a_link_planted_at_the_temporarys_name_is_replaced() {
        let case = Case::new();
        let entry = case.data().entry(Path::new("d/a"), Missing::Make).expect("there");
        symlink(case.path("host/a"), case.path("data/d/.a.inertia-new")).expect("planted");
        entry.replace_with(&case.path("source")).expect("replaced");
        assert_eq!((case.host().as_str(), content(&entry).as_str()), ("the host's", "new"));
        assert!(case.path("data/d/a").symlink_metadata().expect("there").is_file());
    }

    #[test]
    fn a_link_planted_at_the_name_itself_is_replaced() {
        let case = Case::new();
        let entry = case.data().entry(Path::new("a"), Missing::Report).expect("there");
        symlink(case.path("host/a"), case.path("data/a")).expect("planted");
        assert!(matches!(entry.find().expect("found"), Found::Other));
        entry.replace_with(&case.path("source")).expect("replaced");
        assert_eq!((case.host().as_str(), content(&entry).as_str()), ("the host's", "new"));
    }

    #[test]
    fn what_is_to_be_mounted_is_no_link() {
        let case = Case::new();
        let data = case.data();
        let check = |path: &str| data.entry(Path::new(path), Missing::Report).and_then(|entry| entry.refuse_link());
        symlink(case.path("host/a"), case.path("data/planted")).expect("planted");
        fs::write(case.path("data/file"), "").expect("written");
        assert_eq!(check("planted").expect_err("refused").kind(), io::ErrorKind::NotADirectory);
        for path in ["file", "none"] {
            check(path).expect("no link");
        }
    }

    #[test]
    fn a_link_on_the_way_is_not_followed() {
        let case = Case::new();
        let data = case.data();
        symlink(case.path("host"), case.path("data/d")).expect("planted");
        for (path, missing) in [("d/a", Missing::Make), ("d/a", Missing::Report), ("d/new/a", Missing::Make)] {
            let refused = data.entry(Path::new(path), missing).expect_err("refused");
            assert_eq!(refused.kind(), io::ErrorKind::NotADirectory, "{path}");
            assert!(refused.to_string().contains("symbolic link"), "{refused}");
        }
        assert!(data.folder(Path::new("../host"), Missing::Report).is_err());
        assert!(!case.path("host/new").exists());
    }

    #[test]
    fn a_folder_swapped_for_a_link_after_it_was_opened_changes_nothing() {
        let case = Case::new();
        let entry = case.data().entry(Path::new("d/a"), Missing::Make).expect("there");
        fs::rename(case.path("data/d"), case.path("data/moved")).expect("moved");
        symlink(case.path("host"), case.path("data/d")).expect("planted");
        entry.replace_with(&case.path("source")).expect("replaced");
        assert_eq!(case.host(), "the host's");
        assert_eq!(fs::read_to_string(case.path("data/moved/a")).expect("there"), "new");
    }
}
