//! The programs that were sent to this server: this one, and those beside it.

use crate::failure::{Attempt as _, Failure};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How the names of programs begin.
const BEGIN: &str = "inertia-";
/// The link to the one that was sent last.
const LAST: &str = "inertia";
/// How the name of one ends that is on its way.
const PART: &str = "part";
/// What is on its way for longer was given up.
const LONGEST_WAY: Duration = Duration::from_hours(24);

/// This program, which stays in its place for as long as the value lives.
pub(super) struct Own {
    path: PathBuf,
    _held: File,
}

impl Own {
    /// Takes hold of it, while it is there for sure.
    pub(super) fn hold() -> Result<Self, Failure> {
        let path = std::env::current_exe().attempt("cannot find this program's own file")?;
        let held = File::open(&path)
            .attempt(format_args!("cannot read {}", path.display()))
            .map_err(|failure| failure.hint("somebody else may have replaced it just now: run the command again"))?;
        // A file system without locks holds nothing; then only the link tells which program is in use.
        let _ = held.try_lock_shared();
        Ok(Self { path, _held: held })
    }

    /// Where it lies.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes those of earlier versions, which are of no use any more.
    pub(super) fn remove_older(&self) {
        let Some(folder) = self.path.parent() else { return };
        let last = fs::read_link(folder.join(LAST)).ok().map(|target| folder.join(target));
        for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
            let path = entry.path();
            let ours = entry.file_name().to_string_lossy().starts_with(BEGIN);
            if ours && path != self.path && Some(&path) != last.as_ref() && !is_in_use(&path) {
                let _ = fs::remove_file(path);
            }
        }
    }
}

/// Whether somebody else is at work with a program, or sends it.
fn is_in_use(path: &Path) -> bool {
    if path.extension() == Some(OsStr::new(PART)) {
        let age = fs::metadata(path)
            .and_then(|file| file.modified())
            .ok()
            .and_then(|at| at.elapsed().ok());
        return age.is_none_or(|age| age < LONGEST_WAY);
    }
    File::open(path).is_ok_and(|file| matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_programs_that_nobody_uses_are_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = |name: &str| {
            let path = folder.path().join(name);
            fs::write(&path, name).expect("written");
            path
        };
        let path = place("inertia-own");
        for name in [
            "inertia-last",
            "inertia-old",
            "inertia-new.12.part",
            "inertia-given-up.7.part",
            "another",
        ] {
            place(name);
        }
        let long_ago = std::time::SystemTime::now() - 2 * LONGEST_WAY;
        let given_up = File::options().write(true).open(folder.path().join("inertia-given-up.7.part"));
        given_up.and_then(|file| file.set_modified(long_ago)).expect("aged");
        // Another far end waits for its turn.
        let waiting = File::open(place("inertia-waiting")).expect("there");
        waiting.try_lock_shared().expect("held");
        #[cfg(unix)]
        std::os::unix::fs::symlink("inertia-last", folder.path().join("inertia")).expect("linked");
        let own = Own {
            _held: File::open(&path).expect("there"),
            path,
        };
        own.remove_older();
        let mut left: Vec<String> = fs::read_dir(folder.path())
            .expect("there")
            .map(|entry| entry.expect("read").file_name().to_string_lossy().into_owned())
            .collect();
        left.sort();
        assert_eq!(
            left,
            [
                "another",
                "inertia",
                "inertia-last",
                "inertia-new.12.part",
                "inertia-own",
                "inertia-waiting"
            ]
        );
    }
}
