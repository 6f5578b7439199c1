//! What stands below a watched path, and what has changed there since the last look.

use compose_core::build::ignore::Ignore;
use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Files that editors and version control keep for themselves.
const NEVER: &str = ".git\n**/.git\n**/*~\n**/.#*\n**/*.swp\n**/*.swx\n**/4913\n**/.DS_Store\n";

/// A watched path and what counts below it.
#[derive(Debug)]
pub(super) struct Tree {
    root: PathBuf,
    never: Ignore,
    ignored: Ignore,
    included: Option<Ignore>,
    /// Patterns of a folder around it, and its path in there.
    around: Option<(Ignore, PathBuf)>,
}

/// The files below a path, each with what tells a change.
pub(super) type Snapshot = BTreeMap<PathBuf, Stamp>;

/// What tells that a file was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: Option<SystemTime>,
    size: u64,
}

/// What has happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Written,
    Removed,
}

impl Tree {
    /// A path with the patterns of its rule, all relative to it; the error is a pattern that is none.
    pub(super) fn new(root: &Path, ignored: &[String], included: &[String]) -> Result<Self, String> {
        let parse = |patterns: &[String]| Ignore::parse(&patterns.join("\n")).map_err(|error| error.to_string());
        Ok(Self {
            root: root.to_owned(),
            never: Ignore::parse(NEVER).map_err(|error| error.to_string())?,
            ignored: parse(ignored)?,
            included: if included.is_empty() { None } else { Some(parse(included)?) },
            around: None,
        })
    }

    /// Leaves out what the `.dockerignore` of a build context does, where the path is in there.
    pub(super) fn within(mut self, context: &Path) -> Result<Self, String> {
        let (Ok(place), Ok(text)) = (self.root.strip_prefix(context), fs::read_to_string(context.join(".dockerignore"))) else {
            return Ok(self);
        };
        let patterns = Ignore::parse(&text).map_err(|error| format!("{}: {error}", context.join(".dockerignore").display()))?;
        self.around = Some((patterns, place.to_owned()));
        Ok(self)
    }

    fn leaves_out(&self, relative: &Path) -> bool {
        let name = slashed(relative);
        !name.is_empty() && (self.never.ignores(&name) || self.ignored.ignores(&name))
    }

    fn is_left_out_around(&self, relative: &Path) -> bool {
        self.around
            .as_ref()
            .is_some_and(|(patterns, place)| patterns.ignores(slashed(&place.join(relative)).trim_end_matches('/')))
    }

    /// Where the file of a relative path is.
    pub(super) fn path(&self, relative: &Path) -> PathBuf {
        if relative.as_os_str().is_empty() {
            self.root.clone()
        } else {
            self.root.join(relative)
        }
    }

    /// What is there now. What vanishes during the look is not there.
    pub(super) fn look(&self) -> Snapshot {
        let mut found = Snapshot::new();
        self.walk(Path::new(""), &mut found);
        found
    }

    fn walk(&self, relative: &Path, found: &mut Snapshot) {
        let path = self.path(relative);
        let Ok(metadata) = fs::symlink_metadata(&path) else { return };
        // A folder that `.dockerignore` leaves out may hold files that an exception takes back in.
        if self.leaves_out(relative) || !metadata.is_dir() && self.is_left_out_around(relative) {
            return;
        }
        if !metadata.is_dir() {
            let counts = self.included.as_ref().is_none_or(|included| included.ignores(&slashed(relative)));
            if counts {
                found.insert(relative.to_owned(), Stamp::of(&metadata));
            }
            return;
        }
        let names = fs::read_dir(&path).and_then(|entries| {
            entries
                .map(|entry| entry.map(|entry| entry.file_name()))
                .collect::<io::Result<Vec<_>>>()
        });
        for child in names.unwrap_or_default() {
            self.walk(&relative.join(child), found);
        }
    }
}

fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            modified: metadata.modified().ok(),
            size: metadata.len(),
        }
    }
}

/// What has changed between two looks.
pub(super) fn changes(before: &Snapshot, now: &Snapshot) -> BTreeMap<PathBuf, Change> {
    let written = now.iter().filter(|(path, stamp)| before.get(*path) != Some(stamp));
    let removed = before.keys().filter(|path| !now.contains_key(*path));
    written
        .map(|(path, _)| (path.clone(), Change::Written))
        .chain(removed.map(|path| (path.clone(), Change::Removed)))
        .collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn changes_are_seen_and_what_does_not_count_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        for path in ["a.js", "b.css", "node_modules/x.js", ".git/HEAD", "sub/c.js", "a.js~"] {
            write(path, "1");
        }
        let tree = Tree::new(folder.path(), &["node_modules/".to_owned()], &["**/*.js".to_owned()]).unwrap();
        let first = tree.look();
        let names: Vec<_> = first.keys().map(|path| path.to_str().unwrap()).collect();
        assert_eq!(names, ["a.js", "sub/c.js"]);
        write("a.js", "longer");
        write("new.js", "1");
        fs::remove_file(folder.path().join("sub/c.js")).unwrap();
        let changed = changes(&first, &tree.look());
        let want = [
            ("a.js", Change::Written),
            ("new.js", Change::Written),
            ("sub/c.js", Change::Removed),
        ];
        assert_eq!(changed, want.map(|(path, change)| (PathBuf::from(path), change)).into());
        assert_eq!(changes(&first, &first), BTreeMap::new());
    }

    #[test]
    fn the_build_contexts_patterns_count() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("src/gen")).unwrap();
        for path in ["src/a", "src/gen/b", "src/gen/keep"] {
            fs::write(folder.path().join(path), "1").unwrap();
        }
        fs::write(folder.path().join(".dockerignore"), "src/gen\n!src/gen/keep\n").unwrap();
        let tree = Tree::new(&folder.path().join("src"), &[], &[])
            .and_then(|tree| tree.within(folder.path()))
            .unwrap();
        let names: Vec<_> = tree.look().into_keys().collect();
        assert_eq!(names, [PathBuf::from("a"), PathBuf::from("gen/keep")]);
    }

    #[test]
    fn a_single_file_is_watched_under_an_empty_path() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("package.json");
        let tree = Tree::new(&file, &[], &[]).unwrap();
        assert_eq!(tree.look(), Snapshot::new());
        fs::write(&file, "{}").unwrap();
        assert_eq!(tree.look().into_keys().collect::<Vec<_>>(), [PathBuf::new()]);
        assert_eq!(tree.path(Path::new("")), file);
    }
}
