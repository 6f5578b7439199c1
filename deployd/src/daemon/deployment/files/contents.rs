//! Copies named by their content.

use super::FilesError;
use crate::daemon::git::Tracked;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

/// Copies being made; never mounted, and removed when the daemon finds one left over.
const UNFINISHED: &str = ".unfinished-";

/// The name of the copy of something tracked; files that can be executed are others.
pub(super) fn name_of(tracked: &Tracked) -> String {
    match tracked {
        Tracked::File { id, executable: false } | Tracked::Link { id } => format!("{id}-file"),
        Tracked::File { id, executable: true } => format!("{id}-program"),
        Tracked::Folder { id } => format!("{id}-folder"),
    }
}

/// Makes the copy `name` of a checked out file or folder, unless it is there.
pub(super) fn copy(source: &Path, contents: &Path, name: &str) -> Result<PathBuf, FilesError> {
    let target = contents.join(name);
    if target.symlink_metadata().is_ok() {
        return Ok(target);
    }
    fs::create_dir_all(contents).map_err(FilesError::io(contents))?;
    let unfinished = contents.join(format!("{UNFINISHED}{name}"));
    remove(&unfinished).map_err(FilesError::io(&unfinished))?;
    copy_all(source, &unfinished).map_err(FilesError::io(&unfinished))?;
    fs::rename(&unfinished, &target).map_err(FilesError::io(&target))?;
    Ok(target)
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

fn remove(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Removes everything of a folder whose name is not wanted any more.
pub(crate) fn collect_garbage(folder: &Path, wanted: &BTreeSet<String>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    let names: Vec<OsString> = entries.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>()?;
    for name in names {
        if !name.to_str().is_some_and(|name| wanted.contains(name)) {
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

    #[test]
    fn what_was_left_unfinished_is_made_anew() {
        let temp = tempfile::tempdir().expect("a temporary folder");
        let (source, contents) = (temp.path().join("file"), temp.path().join("contents"));
        fs::write(&source, "whole").expect("written");
        fs::create_dir(&contents).expect("made");
        fs::write(contents.join(".unfinished-x"), "ha").expect("written");
        let copied = copy(&source, &contents, "x").expect("copied");
        assert_eq!(fs::read_to_string(copied).expect("there"), "whole");
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
