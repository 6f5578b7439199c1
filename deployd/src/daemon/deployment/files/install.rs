//! Tracked files in folders that applications write to: replaced one by one, by rename, and never
//! at the cost of anything an application wrote.

use super::FilesError;
use super::beneath::{Entry, Folder, Found, Missing};
use crate::daemon::git::LARGEST_FILE;
use gix::objs::{Kind, encode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
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
    let found = find(data, path)?;
    // Whatever the application made of it: it need not be read.
    if known == Some(id) && !matches!(found, Found::Nothing) {
        return Ok(Replaced::Nothing);
    }
    let found = id_of(found)?;
    if found.as_ref() == Some(id) {
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
    if id_of(find(data, path)?)?.as_ref() == Some(id) {
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
    let mut file = File::create(&temporary)?;
    file.write_all(&serde_json::to_vec(wanted)?)?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}

fn find(data: &Folder, path: &Path) -> io::Result<Found> {
    match data.entry(path, Missing::Report) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(Found::Nothing),
        entry => entry?.find(),
    }
}

/// The content as git names it; `None` when there is none. What cannot be a tracked file, a symbolic link or a file larger
/// than any that is checked out, has a name that no content has, and is not read.
fn id_of(found: Found) -> io::Result<Option<String>> {
    Ok(match found {
        Found::Nothing => None,
        Found::File(file) => Some(id_of_file(file)?),
        Found::Other => Some(String::new()),
    })
}

/// Read piece by piece: an application may have made the file as large as it likes.
fn id_of_file(file: File) -> io::Result<String> {
    let length = file.metadata()?.len();
    if length > LARGEST_FILE {
        return Ok(String::new());
    }
    let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
    hasher.update(&encode::loose_header(Kind::Blob, length));
    // One that grows or shrinks meanwhile is a changed one, and gets another name.
    let mut rest = file.take(length);
    let mut piece = vec![0; 64 * 1024];
    loop {
        match rest.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => hasher.update(&piece[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    // What is made to collide is no content that git would track.
    Ok(hasher.try_finalize().map_or_else(|_| String::new(), |id| id.to_string()))
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
                let id = gix::objs::compute_hash(gix::hash::Kind::Sha1, Kind::Blob, text.as_bytes());
                wanted.insert(PathBuf::from(path), id.expect("hashed").to_string());
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
    fn a_file_of_any_size_is_told_apart_without_being_held() {
        let case = Case::new();
        case.install(&[("d/db", "1"), ("d/gone", "1")]);
        for path in ["data/d/db", "data/d/gone"] {
            let file = File::options().write(true).open(case.path(path)).expect("opened");
            file.set_len(1 << 40).expect("grown");
        }
        assert!(case.install(&[("d/db", "1"), ("d/gone", "1")]).is_empty());
        assert_eq!(case.install(&[("d/db", "2")]), [PathBuf::from("d/db")]);
        assert_eq!(case.data("d/db").as_deref(), Some("2"));
        for path in ["kept/1/d/db", "data/d/gone"] {
            assert_eq!(fs::metadata(case.path(path)).expect("there").len(), 1 << 40, "{path}");
        }
    }

    #[test]
    fn a_file_longer_than_a_piece_is_known_again() {
        let case = Case::new();
        let long = "x".repeat(200 * 1024 + 1);
        case.install(&[("d/a", &long)]);
        assert!(case.install(&[("d/a", "2")]).is_empty(), "nobody changed it");
        assert_eq!(case.data("d/a").as_deref(), Some("2"));
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
