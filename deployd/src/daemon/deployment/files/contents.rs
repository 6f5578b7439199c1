//! Copies named by their content.

use super::FilesError;
use crate::daemon::git::Tracked;
use crate::daemon::state_dir::random;
use compose_core::hash::hex;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown, symlink};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

/// How the names of copies begin that this daemon is making; those of an earlier one begin otherwise.
static UNFINISHED: LazyLock<String> = LazyLock::new(|| format!(".unfinished-{}-", hex(&random::<8>())));
/// Held while a copy that is complete gets its name: a deployment and a plan may have made the same one.
static NAMING: Mutex<()> = Mutex::new(());

/// A copy being made, under a name of its own; never mounted. What is left of it goes with it.
struct Unfinished(PathBuf);

impl Unfinished {
    fn new(contents: &Path, name: &str) -> Self {
        Self(contents.join(format!("{}{}-{name}", *UNFINISHED, hex(&random::<8>()))))
    }

    /// Gives the copy its name, unless another one has it: what is mounted already is not replaced.
    fn finish(self, target: &Path) -> io::Result<()> {
        let _one = NAMING.lock().unwrap_or_else(PoisonError::into_inner);
        if target.symlink_metadata().is_ok() {
            return Ok(());
        }
        fs::rename(&self.0, target)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = remove(&self.0);
    }
}

/// The name of the copy of something tracked; files that can be executed are others.
pub(super) fn name_of(tracked: &Tracked) -> String {
    match tracked {
        Tracked::File { id, executable: false } | Tracked::Link { id } => format!("{id}-file"),
        Tracked::File { id, executable: true } => format!("{id}-program"),
        Tracked::Folder { id } => format!("{id}-folder"),
    }
}

/// Makes the copy `name` of a checked out file or folder, unless it is there. What has the name is complete, also after the
/// machine lost its power.
pub(super) fn copy(source: &Path, contents: &Path, name: &str) -> Result<PathBuf, FilesError> {
    let target = contents.join(name);
    if target.symlink_metadata().is_ok() {
        return Ok(target);
    }
    fs::create_dir_all(contents).map_err(FilesError::io(contents))?;
    let unfinished = Unfinished::new(contents, name);
    copy_all(source, &unfinished.0).map_err(FilesError::io(&target))?;
    sync_all(&unfinished.0).map_err(FilesError::io(&target))?;
    unfinished.finish(&target).map_err(FilesError::io(&target))?;
    sync_folder(contents).map_err(FilesError::io(contents))?;
    Ok(target)
}

/// Copies an open file that no commit holds, under the name of its content; that name. Whoever could read it can read the copy.
pub(super) fn copy_open(mut file: File, contents: &Path) -> io::Result<String> {
    fs::create_dir_all(contents)?;
    let found = file.metadata()?;
    let unfinished = Unfinished::new(contents, "written");
    let mut to = File::options().write(true).create_new(true).open(&unfinished.0)?;
    let mut hasher = Sha256::new();
    hasher.update(found.mode().to_be_bytes());
    let mut piece = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            break;
        }
        hasher.update(&piece[..read]);
        to.write_all(&piece[..read])?;
    }
    // Only root can give a file away, and only root's daemon has to.
    let _ = fchown(&to, Some(found.uid()), Some(found.gid()));
    to.set_permissions(Permissions::from_mode(found.mode() & 0o777))?;
    to.sync_all()?;
    let name = format!("{}-written", hex(&hasher.finalize()));
    unfinished.finish(&contents.join(&name))?;
    sync_folder(contents)?;
    Ok(name)
}

/// Copies a file or folder; links stay links.
fn copy_all(source: &Path, target: &Path) -> io::Result<()> {
    let found = source.symlink_metadata()?;
    if found.is_symlink() {
        symlink(fs::read_link(source)?, target)
    } else if found.is_dir() {
        fs::create_dir(target)?;
        fs::set_permissions(target, Permissions::from_mode(0o755))?;
        for entry in fs::read_dir(source)? {
            let entry = entry?;
            copy_all(&entry.path(), &target.join(entry.file_name()))?;
        }
        Ok(())
    } else {
        fs::copy(source, target).map(|_| ())
    }
}

/// Has a file or folder, with everything in it, written to the disk.
fn sync_all(path: &Path) -> io::Result<()> {
    let found = path.symlink_metadata()?;
    if found.is_dir() {
        for entry in fs::read_dir(path)? {
            sync_all(&entry?.path())?;
        }
        sync_folder(path)
    } else if found.is_file() {
        File::open(path)?.sync_all()
    } else {
        Ok(())
    }
}

fn sync_folder(path: &Path) -> io::Result<()> {
    match File::open(path)?.sync_all() {
        // There are file systems on which only files can be.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        synced => synced,
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Removes everything of a folder whose name is not wanted any more, but not what is being copied at the moment.
pub(crate) fn collect_garbage(folder: &Path, wanted: &BTreeSet<String>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    let names: Vec<OsString> = entries.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>()?;
    for name in names {
        let stays = |name: &str| wanted.contains(name) || name.starts_with(UNFINISHED.as_str());
        if !name.to_str().is_some_and(stays) {
            remove(&folder.join(name))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_made_once_and_keeps_modes_and_links() {
        let temp = tempfile::tempdir().expect("a temporary folder");
        let (source, contents) = (temp.path().join("source"), temp.path().join("contents"));
        fs::create_dir_all(source.join("a")).expect("made");
        fs::write(source.join("a/run"), "1").expect("written");
        fs::set_permissions(source.join("a/run"), Permissions::from_mode(0o755)).expect("set");
        symlink("a/run", source.join("link")).expect("linked");
        let copied = copy(&source, &contents, "x").expect("copied");
        assert_eq!(fs::read_link(copied.join("link")).expect("a link"), Path::new("a/run"));
        let mode = fs::metadata(copied.join("a/run")).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
        fs::write(source.join("a/run"), "2").expect("written");
        let again = copy(&source, &contents, "x").expect("found");
        assert_eq!(fs::read_to_string(again.join("a/run")).expect("there"), "1");
    }

    fn names(folder: &Path) -> Vec<OsString> {
        let entries = fs::read_dir(folder).expect("there");
        entries.map(|entry| entry.expect("read").file_name()).collect()
    }

    #[test]
    fn several_at_a_time_make_one_whole_copy() {
        let temp = tempfile::tempdir().expect("a temporary folder");
        let source = temp.path().join("source");
        fs::create_dir(&source).expect("made");
        for number in 0..20 {
            fs::write(source.join(number.to_string()), "whole").expect("written");
        }
        for round in 0..10 {
            let contents = temp.path().join(format!("contents-{round}"));
            let make = || {
                let copied = copy(&source, &contents, "x").expect("copied");
                let files = names(&copied);
                assert_eq!(files.len(), 20);
                assert!(files.iter().all(|name| fs::read(copied.join(name)).expect("read") == b"whole"));
            };
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(make);
                }
            });
            assert_eq!(names(&contents), ["x"]);
        }
    }

    #[test]
    fn a_copy_that_came_second_does_not_replace_the_first() {
        let temp = tempfile::tempdir().expect("a temporary folder");
        let (target, second) = (temp.path().join("x"), Unfinished::new(temp.path(), "x"));
        fs::write(&second.0, "second").expect("written");
        fs::write(&target, "first").expect("written");
        second.finish(&target).expect("given up");
        assert_eq!(fs::read_to_string(&target).expect("there"), "first");
        assert_eq!(names(temp.path()), ["x"]);
    }

    #[test]
    fn what_is_being_copied_stays_and_what_another_daemon_left_goes() {
        let temp = tempfile::tempdir().expect("a temporary folder");
        let (living, left) = (Unfinished::new(temp.path(), "x"), temp.path().join(".unfinished-x"));
        for path in [&living.0, &left] {
            fs::write(path, "ha").expect("written");
        }
        collect_garbage(temp.path(), &BTreeSet::new()).expect("removed");
        assert!(living.0.exists() && !left.exists());
    }

    #[test]
    fn only_what_is_wanted_stays() {
        let temp = tempfile::tempdir().expect("a temporary folder");
        fs::write(temp.path().join("a"), "").expect("written");
        fs::create_dir(temp.path().join("b")).expect("made");
        fs::write(temp.path().join("b/file"), "").expect("written");
        collect_garbage(temp.path(), &BTreeSet::from(["a".to_owned()])).expect("removed");
        assert!(temp.path().join("a").exists() && !temp.path().join("b").exists());
        collect_garbage(&temp.path().join("nowhere"), &BTreeSet::new()).expect("nothing to do");
    }
}
