//! Walks the folder of a build in a fixed order, leaving out what is ignored.

use super::context::ContextError;
use super::ignore::{Ignore, Verdict};
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

/// Something in the folder that takes part in the build.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Relative to the folder.
    pub(crate) path: PathBuf,
    /// Where it is on the disk.
    pub(crate) source: PathBuf,
    /// What it is; of the link itself where it is one.
    pub(crate) metadata: Metadata,
}

/// Whether a folder is read that was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Yes, if it is a folder.
    Inside,
    /// No.
    Past,
}

/// Shows `visit` everything that is not ignored: folders before what they hold, names in byte order.
/// A folder that is ignored itself is shown when something below it is not.
pub(crate) fn walk(root: &Path, ignore: &Ignore, visit: &mut dyn FnMut(Entry) -> Result<Next, ContextError>) -> Result<(), ContextError> {
    Walk {
        root,
        ignore,
        visit,
        pending: Vec::new(),
    }
    .folder(Path::new(""), "", &Verdict::default())
}

struct Walk<'a> {
    root: &'a Path,
    ignore: &'a Ignore,
    visit: &'a mut dyn FnMut(Entry) -> Result<Next, ContextError>,
    /// Ignored folders on the way to the current one that have not been shown.
    pending: Vec<Entry>,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, text: &str, verdict: &Verdict) -> Result<(), ContextError> {
        for name in self.names(folder)? {
            let path = folder.join(&name);
            let name = name.to_string_lossy();
            let text = if text.is_empty() {
                name.into_owned()
            } else {
                format!("{text}/{name}")
            };
            self.entry(&path, &text, verdict)?;
        }
        Ok(())
    }

    fn names(&self, folder: &Path) -> Result<Vec<std::ffi::OsString>, ContextError> {
        let source = self.root.join(folder);
        let read = || -> std::io::Result<Vec<_>> { fs::read_dir(&source)?.map(|entry| Ok(entry?.file_name())).collect() };
        let mut names = read().map_err(ContextError::read(&source))?;
        names.sort_unstable();
        Ok(names)
    }

    fn entry(&mut self, path: &Path, text: &str, folder: &Verdict) -> Result<(), ContextError> {
        let source = self.root.join(path);
        let verdict = self.ignore.judge(text, folder);
        if verdict.ignored() && self.ignore.prunes(text) {
            return Ok(());
        }
        let metadata = match fs::symlink_metadata(&source) {
            Ok(metadata) => metadata,
            // Removed since the folder was listed: as if it had never been there.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(ContextError::read(&source)(error)),
        };
        let mut inside = metadata.is_dir();
        let entry = Entry {
            path: path.to_owned(),
            source,
            metadata,
        };
        if !verdict.ignored() {
            for ancestor in self.pending.drain(..) {
                (self.visit)(ancestor)?;
            }
            inside &= (self.visit)(entry)? == Next::Inside;
        } else if inside {
            self.pending.push(entry);
        }
        if inside {
            self.folder(path, text, &verdict)?;
            if self.pending.last().is_some_and(|last| last.path == path) {
                self.pending.pop();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn seen(files: &[&str], patterns: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        let mut seen = Vec::new();
        walk(folder.path(), &Ignore::parse(patterns).unwrap(), &mut |entry| {
            seen.push(entry.path.display().to_string());
            Ok(Next::Inside)
        })
        .unwrap();
        seen
    }

    #[test]
    fn the_order_does_not_depend_on_the_disk() {
        assert_eq!(seen(&["b", "a/z", "a-b", "a/B"], ""), ["a", "a/B", "a/z", "a-b", "b"]);
    }

    #[test]
    fn an_ignored_folder_is_shown_only_for_what_it_still_holds() {
        let files = ["a/b/keep", "a/b/no", "a/c/no", "d/no", "a/e/keep"];
        assert_eq!(seen(&files, "**\n!**/keep"), ["a", "a/b", "a/b/keep", "a/e", "a/e/keep"]);
        assert_eq!(
            seen(&files, "d"),
            ["a", "a/b", "a/b/keep", "a/b/no", "a/c", "a/c/no", "a/e", "a/e/keep"]
        );
    }

    #[test]
    #[cfg(unix)]
    fn a_pruned_folder_is_not_read() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        fs::create_dir(&secret).unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o0)).unwrap();
        let shown = walk(folder.path(), &Ignore::parse("secret").unwrap(), &mut |_| {
            panic!("nothing takes part")
        });
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o700)).unwrap();
        shown.unwrap();
    }
}
