//! Tracked files in folders that applications write to: replaced one by one, by rename, and never
//! at the cost of anything an application wrote.

use super::FilesError;
use super::beneath::{Entry, Folder, Found, Missing};
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
    /// Where what applications made of tracked files goes: a folder of this deployment alone.
    pub(crate) kept: &'a Path,
    /// The list of what was installed.
    pub(crate) list: &'a Path,
}

/// Makes the tracked files in the data folders be those of a commit.
///
/// A file whose tracked content did not change is left alone, whatever the application made of it.
/// One that did change is replaced; if the application had changed it too, its version is kept
/// aside. Interrupted at any point, the next call ends the same.
pub(crate) fn install(wanted: &Wanted, places: &Places<'_>) -> Result<Vec<PathBuf>, FilesError> {
    let before = read_list(places.list);
    let data = Folder::own(places.data).map_err(FilesError::io(places.data))?;
    let mut kept = Vec::new();
    for (path, id) in wanted {
        let target = places.data.join(path);
        if install_one(&data, (path.as_path(), id), before.get(path), places).map_err(FilesError::io(&target))? == Replaced::Kept {
            kept.push(path.clone());
        }
    }
    for (path, id) in before.iter().filter(|(path, _)| !wanted.contains_key(*path)) {
        remove_unchanged(&data, path, id).map_err(FilesError::io(&places.data.join(path)))?;
    }
    write_list(places.list, wanted).map_err(FilesError::io(places.list))?;
    Ok(kept)
}

/// What became of a file of the application's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Replaced {
    /// It was kept aside.
    Kept,
    /// There was none.
    Nothing,
}

fn install_one(data: &Folder, (path, id): (&Path, &String), known: Option<&String>, places: &Places<'_>) -> io::Result<Replaced> {
    let found = hash_of(data, path)?;
    if found.as_ref() == Some(id) || (found.is_some() && known == Some(id)) {
        return Ok(Replaced::Nothing);
    }
    let entry = data.entry(path, Missing::Make)?;
    let changed = found.is_some() && found.as_ref() != known;
    if changed {
        keep(&entry, path, places.kept)?;
    }
    entry.replace_with(&places.checkout.join(path))?;
    Ok(if changed { Replaced::Kept } else { Replaced::Nothing })
}

/// Removes a file that is no longer tracked. What the application changed is the application's.
fn remove_unchanged(data: &Folder, path: &Path, id: &String) -> io::Result<()> {
    if hash_of(data, path)?.as_ref() == Some(id) {
        data.entry(path, Missing::Report)?.remove()?;
    }
    Ok(())
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
fn hash_of(data: &Folder, path: &Path) -> io::Result<Option<String>> {
    let entry = match data.entry(path, Missing::Report) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(None),
        other => other?,
    };
    Ok(match entry.read()? {
        Found::Nothing => None,
        Found::File(bytes) => Some(id_of(&bytes)?),
        Found::Other => Some(String::new()),
    })
}

fn id_of(bytes: &[u8]) -> io::Result<String> {
    let hash = gix::objs::compute_hash(gix::hash::Kind::Sha1, Kind::Blob, bytes);
    hash.map(|id| id.to_string()).map_err(io::Error::other)
}

/// Moves a file aside, never over one that was kept before.
fn keep(entry: &Entry, path: &Path, kept: &Path) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default();
    let names = (1..).map(|number: u32| {
        let mut name = name.to_owned();
        if number > 1 {
            name.push(format!(".{number}"));
        }
        path.with_file_name(name)
    });
    let mut free = names.filter(|path| kept.join(path).symlink_metadata().is_err());
    let free = free.next().ok_or(io::ErrorKind::AlreadyExists)?;
    entry.move_to(&Folder::own(kept)?.entry(&free, Missing::Make)?)
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
            self.install_as(1, files).expect("installed")
        }

        fn install_as(&self, deployment: u64, files: &[(&str, &str)]) -> Result<Vec<PathBuf>, FilesError> {
            let checkout = self.path("checkout");
            let _ = fs::remove_dir_all(&checkout);
            let mut wanted = Wanted::new();
            for (path, text) in files {
                let full = checkout.join(path);
                fs::create_dir_all(full.parent().expect("has one")).expect("made");
                fs::write(&full, text).expect("written");
                wanted.insert(PathBuf::from(path), id_of(text.as_bytes()).expect("hashed"));
            }
            let places = Places {
                checkout: &checkout,
                data: &self.path("data"),
                kept: &self.path(&format!("kept/{deployment}")),
                list: &self.path("list.json"),
            };
            install(&wanted, &places)
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
        assert_eq!(fs::read_to_string(case.path("kept/1/d/a")).expect("kept"), "mine");
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

    #[test]
    fn what_was_kept_once_is_never_overwritten() {
        let case = Case::new();
        case.install(&[("d/a", "1")]);
        for (deployment, text) in [(2, "mine"), (2, "mine again"), (3, "and again")] {
            case.application_writes("d/a", text);
            let kept = case.install_as(deployment, &[("d/a", &format!("not {text}"))]);
            assert_eq!(kept.expect("installed"), [PathBuf::from("d/a")], "{text}");
        }
        for (path, text) in [("2/d/a", "mine"), ("2/d/a.2", "mine again"), ("3/d/a", "and again")] {
            assert_eq!(fs::read_to_string(case.path("kept").join(path)).expect("kept"), text, "{path}");
        }
    }

    #[test]
    fn links_that_an_application_planted_lead_nowhere() {
        let case = Case::new();
        case.install(&[("d/sub/a", "1")]);
        fs::create_dir(case.path("host")).expect("made");
        fs::write(case.path("host/a"), "1").expect("written");
        std::os::unix::fs::symlink(case.path("host/a"), case.path("data/d/sub/.a.inertia-new")).expect("planted");
        case.install(&[("d/sub/a", "2")]);
        assert_eq!(case.data("d/sub/a").as_deref(), Some("2"));
        fs::remove_dir_all(case.path("data/d/sub")).expect("removed");
        std::os::unix::fs::symlink(case.path("host"), case.path("data/d/sub")).expect("planted");
        fs::write(case.path("host/a"), "2").expect("written");
        let refused = case.install_as(3, &[("d/sub/a", "3")]).expect_err("a link on the way");
        assert!(refused.to_string().contains("symbolic link"), "{refused}");
        // A file that went from the repository is not removed through the link either.
        case.install(&[("d/b", "1")]);
        assert_eq!(fs::read_to_string(case.path("host/a")).expect("untouched"), "2");
    }
}
