//! Tracked files in folders that applications write to: replaced one by one, by rename, and never
//! at the cost of anything an application wrote.

use super::FilesError;
use gix::objs::Kind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Tracked files to be put into the data folders: path in the repository → content.
pub(super) type Wanted = BTreeMap<PathBuf, String>;

/// What was put there last.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
struct Installed(Wanted);

/// Where files come from and go to.
pub(crate) struct Places<'a> {
    /// The checked out commit.
    pub(crate) checkout: &'a Path,
    /// The data folders.
    pub(crate) data: &'a Path,
    /// Where what applications made of tracked files goes.
    pub(crate) kept: &'a Path,
    /// The list of what was installed.
    pub(crate) list: &'a Path,
}

/// Makes the tracked files in the data folders be those of a commit.
///
/// A file whose tracked content did not change is left alone, whatever the application made of it.
/// One that did change is replaced; if the application had changed it too, its version is kept
/// beside. Interrupted at any point, the next call ends the same.
pub(crate) fn install(wanted: &Wanted, places: &Places<'_>) -> Result<Vec<PathBuf>, FilesError> {
    let before = read_list(places.list);
    let mut kept = Vec::new();
    for (path, id) in wanted {
        let (target, known) = (places.data.join(path), before.get(path));
        let found = hash_of(&target).map_err(FilesError::io(&target))?;
        if found.as_ref() == Some(id) || (found.is_some() && known == Some(id)) {
            continue;
        }
        if found.is_some() && found.as_ref() != known {
            keep(path, places)?;
            kept.push(path.clone());
        }
        replace(&places.checkout.join(path), &target).map_err(FilesError::io(&target))?;
    }
    for (path, id) in before.iter().filter(|(path, _)| !wanted.contains_key(*path)) {
        let target = places.data.join(path);
        // What the application changed is the application's.
        if hash_of(&target).map_err(FilesError::io(&target))?.as_ref() == Some(id) {
            fs::remove_file(&target).map_err(FilesError::io(&target))?;
        }
    }
    write_list(places.list, wanted).map_err(FilesError::io(places.list))?;
    Ok(kept)
}

fn read_list(path: &Path) -> Wanted {
    let text = fs::read(path).unwrap_or_default();
    serde_json::from_slice::<Installed>(&text).unwrap_or_default().0
}

fn write_list(path: &Path, wanted: &Wanted) -> io::Result<()> {
    let temporary = path.with_extension("new");
    fs::write(&temporary, serde_json::to_vec(wanted)?)?;
    fs::rename(&temporary, path)
}

/// The content of a file as git names it; `None` when there is none. Symbolic links count as files of no known content.
fn hash_of(path: &Path) -> io::Result<Option<String>> {
    match path.symlink_metadata() {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
        Ok(found) if found.is_file() => {
            let hash = gix::objs::compute_hash(gix::hash::Kind::Sha1, Kind::Blob, &fs::read(path)?);
            hash.map(|id| Some(id.to_string())).map_err(io::Error::other)
        }
        Ok(_) => Ok(Some(String::new())),
    }
}

fn keep(path: &Path, places: &Places<'_>) -> Result<(), FilesError> {
    let (from, to) = (places.data.join(path), places.kept.join(path));
    let parent = to.parent().unwrap_or(places.kept);
    fs::create_dir_all(parent).map_err(FilesError::io(parent))?;
    fs::rename(&from, &to).map_err(FilesError::io(&to))
}

fn replace(source: &Path, target: &Path) -> io::Result<()> {
    let parent = target.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(parent)?;
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let temporary = parent.join(format!(".{name}.inertia-new"));
    fs::copy(source, &temporary)?;
    fs::rename(&temporary, target)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Case {
        temp: tempfile::TempDir,
    }

    impl Case {
        fn new() -> Self {
            Self {
                temp: tempfile::tempdir().expect("a temporary folder"),
            }
        }

        fn path(&self, rest: &str) -> PathBuf {
            self.temp.path().join(rest)
        }

        /// Installs these files; the paths of those that were kept aside.
        fn install(&self, files: &[(&str, &str)]) -> Vec<PathBuf> {
            let checkout = self.path("checkout");
            let _ = fs::remove_dir_all(&checkout);
            let mut wanted = Wanted::new();
            for (path, text) in files {
                let full = checkout.join(path);
                fs::create_dir_all(full.parent().expect("has one")).expect("made");
                fs::write(&full, text).expect("written");
                wanted.insert(PathBuf::from(path), hash_of(&full).expect("read").expect("there"));
            }
            let places = Places {
                checkout: &checkout,
                data: &self.path("data"),
                kept: &self.path("kept"),
                list: &self.path("list.json"),
            };
            install(&wanted, &places).expect("installed")
        }

        fn data(&self, path: &str) -> Option<String> {
            fs::read_to_string(self.path("data").join(path)).ok()
        }

        fn application_writes(&self, path: &str, text: &str) {
            fs::write(self.path("data").join(path), text).expect("written");
        }
    }

    #[test]
    fn files_follow_the_commit() {
        let case = Case::new();
        case.install(&[("d/a", "1"), ("d/b", "1")]);
        case.install(&[("d/a", "2")]);
        assert_eq!((case.data("d/a").as_deref(), case.data("d/b")), (Some("2"), None));
        case.install(&[("d/a", "1"), ("d/b", "1")]);
        assert_eq!((case.data("d/a").as_deref(), case.data("d/b").as_deref()), (Some("1"), Some("1")));
    }

    #[test]
    fn what_the_application_wrote_stays() {
        let case = Case::new();
        case.install(&[("d/a", "1"), ("d/gone", "1")]);
        case.application_writes("d/new", "mine");
        case.application_writes("d/gone", "mine");
        assert_eq!(case.install(&[("d/a", "1")]), Vec::<PathBuf>::new());
        assert_eq!(
            (case.data("d/new").as_deref(), case.data("d/gone").as_deref()),
            (Some("mine"), Some("mine"))
        );
    }

    #[test]
    fn a_tracked_file_that_the_application_changed_gives_way_only_to_a_change() {
        let case = Case::new();
        case.install(&[("d/a", "1")]);
        case.application_writes("d/a", "mine");
        assert!(case.install(&[("d/a", "1")]).is_empty());
        assert_eq!(case.data("d/a").as_deref(), Some("mine"));
        assert_eq!(case.install(&[("d/a", "2")]), [PathBuf::from("d/a")]);
        assert_eq!(case.data("d/a").as_deref(), Some("2"));
        assert_eq!(fs::read_to_string(case.path("kept/d/a")).expect("kept"), "mine");
    }

    #[test]
    fn a_file_that_the_application_removed_comes_back() {
        let case = Case::new();
        case.install(&[("d/a", "1")]);
        fs::remove_file(case.path("data/d/a")).expect("removed");
        case.install(&[("d/a", "1")]);
        assert_eq!(case.data("d/a").as_deref(), Some("1"));
    }

    #[test]
    fn interrupted_before_the_list_was_written_it_ends_the_same() {
        let case = Case::new();
        case.install(&[("d/a", "1")]);
        let list = fs::read(case.path("list.json")).expect("there");
        case.install(&[("d/a", "2")]);
        fs::write(case.path("list.json"), list).expect("put back");
        assert!(case.install(&[("d/a", "2")]).is_empty());
        assert_eq!(case.data("d/a").as_deref(), Some("2"));
    }
}
