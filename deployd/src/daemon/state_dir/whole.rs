//! Whether a state folder is whole. What belongs together and is half there is never completed: the other half is somewhere,
//! and what is made in its place would stand in its way.

use super::{BEGIN_ANEW, StateDirError, io_error};
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// What is made at the first start, and holds what nothing else does.
const ESSENTIAL: [&str; 3] = ["inertia.db", "vault.key", "jwt.key"];
/// What else only a daemon that ran here leaves.
const TRACES: [&str; 4] = ["inertia.db-wal", "projects", "admin.token", "tls.key"];

/// How a file or folder of the state is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    There,
    Empty,
    Missing,
}

/// Lets a folder pass that is whole, that nobody used yet, or that is to begin anew. A first start that is cut off is told by the
/// file that asks to begin anew, which stays until everything was made.
pub(super) fn check(root: &Path) -> Result<(), StateDirError> {
    if root.join(BEGIN_ANEW).try_exists().map_err(|source| io_error(root, source))? {
        return set_aside(root);
    }
    let found = |name: &'static str| find(&root.join(name)).map(|found| (name, found));
    let essential = ESSENTIAL.map(found).into_iter().collect::<Result<Vec<_>, _>>()?;
    let traces = TRACES.map(found).into_iter().collect::<Result<Vec<_>, _>>()?;
    let is_there = |(_, found): &&(&str, Found)| *found == Found::There;
    let lacking: Vec<_> = essential.iter().filter(|one| !is_there(one)).collect();
    let held: Vec<_> = essential.iter().chain(&traces).filter(is_there).map(|(name, _)| *name).collect();
    if lacking.is_empty() {
        return Ok(());
    }
    if held.is_empty() {
        return begin(root, &lacking.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    }
    let lacking: Vec<_> = lacking.iter().map(|(name, found)| describe(name, *found)).collect();
    Err(StateDirError::NotWhole {
        path: root.to_owned(),
        lacking: lacking.join(" and "),
        held: held.join(", "),
    })
}

fn describe(name: &str, found: Found) -> String {
    let how = if found == Found::Empty { "empty" } else { "missing" };
    format!("{name} is {how}")
}

fn find(path: &Path) -> Result<Found, StateDirError> {
    let failed = |source| io_error(path, source);
    let is_empty = match fs::metadata(path) {
        Ok(found) if found.is_dir() => fs::read_dir(path).map_err(failed)?.next().is_none(),
        Ok(found) => found.len() == 0,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Missing),
        Err(error) => return Err(failed(error)),
    };
    Ok(if is_empty { Found::Empty } else { Found::There })
}

/// Notes that a first start is under way, and clears empty files out of its way.
fn begin(root: &Path, lacking: &[&str]) -> Result<(), StateDirError> {
    let failed = |source| io_error(root, source);
    for name in lacking {
        match fs::remove_file(root.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    File::create(root.join(BEGIN_ANEW)).map_err(failed)?;
    File::open(root).and_then(|folder| folder.sync_all()).map_err(failed)
}

/// Makes way for what is made anew: a database whose key is lost holds nothing that could be opened, and the log of one that is
/// gone would be taken for that of the next one.
fn set_aside(root: &Path) -> Result<(), StateDirError> {
    let is_there = |name: &str| find(&root.join(name)).map(|found| found == Found::There);
    if is_there("inertia.db")? && is_there("vault.key")? {
        return Ok(());
    }
    for name in ["inertia.db", "inertia.db-wal"] {
        if is_there(name)? {
            let path = root.join(name);
            fs::rename(&path, root.join(format!("{name}.set-aside"))).map_err(|source| io_error(&path, source))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let temp = tempfile::tempdir().expect("a temporary folder");
        for (name, text) in files {
            let path = temp.path().join(name);
            fs::create_dir_all(path.parent().expect("has one")).expect("made");
            fs::write(path, text).expect("written");
        }
        temp
    }

    const WHOLE: [(&str, &str); 4] = [("inertia.db", "1"), ("vault.key", "2"), ("jwt.key", "3"), ("projects/shop/a", "4")];

    #[test]
    fn a_folder_that_nobody_used_begins_and_may_be_cut_off_anywhere() {
        for files in [
            &[][..],
            &[("lock", ""), ("remotes.toml", "x")],
            &[("inertia.db", "")],
            &[("vault.key", "")],
        ] {
            let temp = folder(files);
            check(temp.path()).expect("begins");
            assert!(temp.path().join(BEGIN_ANEW).exists());
            assert!(!temp.path().join("vault.key").exists(), "no empty key is in the way");
            fs::write(temp.path().join("jwt.key"), "3").expect("written");
            check(temp.path()).expect("goes on");
        }
    }

    #[test]
    fn what_is_half_there_is_not_completed_unless_that_is_asked_for() {
        check(folder(&WHOLE).path()).expect("whole");
        for (at, (name, _)) in WHOLE.iter().enumerate().take(3) {
            let mut missing = WHOLE.to_vec();
            missing.remove(at);
            let mut empty = WHOLE.to_vec();
            empty[at].1 = "";
            for (files, how) in [(missing, "missing"), (empty, "empty")] {
                let temp = folder(&files);
                let refusal = check(temp.path()).expect_err("refused").to_string();
                for wanted in [&format!("{name} is {how}"), "projects", BEGIN_ANEW] {
                    assert!(refusal.contains(wanted), "{wanted}: {refusal}");
                }
                fs::write(temp.path().join(BEGIN_ANEW), "").expect("asked for");
                check(temp.path()).expect("begins anew");
            }
        }
        let alone = folder(&[("projects/shop/a", "4")]);
        check(alone.path()).expect_err("a database was there");
    }

    #[test]
    fn a_database_whose_key_is_lost_is_kept_aside() {
        let temp = folder(&[("inertia.db", "old"), ("jwt.key", "3"), (BEGIN_ANEW, "")]);
        check(temp.path()).expect("begins anew");
        assert!(!temp.path().join("inertia.db").exists());
        assert_eq!(fs::read_to_string(temp.path().join("inertia.db.set-aside")).expect("kept"), "old");
        let whole = folder(&[&WHOLE[..], &[(BEGIN_ANEW, "")]].concat());
        check(whole.path()).expect("begins");
        assert!(whole.path().join("inertia.db").exists());
    }

    #[test]
    fn a_log_without_its_database_is_not_replayed_into_another_one() {
        let temp = folder(&[("inertia.db-wal", "old"), (BEGIN_ANEW, "")]);
        check(temp.path()).expect("begins anew");
        assert!(!temp.path().join("inertia.db-wal").exists());
        assert_eq!(
            fs::read_to_string(temp.path().join("inertia.db-wal.set-aside")).expect("kept"),
            "old"
        );
    }
}
