//! The daemon's database while another daemon takes over: kept before, put back when that one does not work.
//!
//! A newer daemon changes the database's format as it starts, and an older one refuses what it does not know. The files
//! belong to root; the person who connects may have no more than the engine's socket. So the engine does it: a container
//! of a moment runs this program on the state folder.

use super::container::{CAPABILITIES, KEEPER, LABEL};
use crate::failure::{Attempt as _, Failure};
use clap::ValueEnum;
use compose_core::engine::request::{ContainerBody, HostConfig, MountBody};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

/// What the database consists of.
const FILES: [&str; 3] = ["inertia.db", "inertia.db-wal", "inertia.db-shm"];
/// Where the database of before the last upgrade lies, in the state folder.
pub(super) const KEPT: &str = "before-upgrade";
/// Where a database lies in whose place the kept one came: nothing is thrown away.
pub(super) const ASIDE: &str = "set-aside";
/// Where the kept database lies, whole, until the one in its place is in safety.
const BEGUN: &str = ".restore-begun";
/// Where the rest of it lies while it comes in.
const COMING: &str = ".restore-coming";
/// Where the program is in the container.
const PROGRAM: &str = "/far-end";

/// What is done with the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DatabaseAction {
    /// Keep a copy beside it
    Keep,
    /// Put the copy in its place
    Restore,
    /// Put it there to the end, where that was begun
    Finish,
}

impl DatabaseAction {
    fn word(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Restore => "restore",
            Self::Finish => "finish",
        }
    }
}

/// The request for the container that does it.
pub(super) fn body(action: DatabaseAction, program: &str, image: &str, state: &str) -> ContainerBody {
    let bind = |source: &str, target: &str, read_only| MountBody {
        kind: "bind",
        source: Some(source.to_owned()),
        target: target.to_owned(),
        read_only,
        ..MountBody::default()
    };
    ContainerBody {
        image: image.to_owned(),
        labels: BTreeMap::from([(LABEL.to_owned(), KEEPER.to_owned())]),
        entrypoint: Some(vec![PROGRAM.to_owned()]),
        cmd: Some(["far-end", "database", action.word(), state].map(str::to_owned).to_vec()),
        host_config: HostConfig {
            mounts: vec![bind(program, PROGRAM, true), bind(state, state, false)],
            network_mode: Some("none".to_owned()),
            cap_drop: vec!["ALL".to_owned()],
            cap_add: CAPABILITIES.map(str::to_owned).to_vec(),
            security_opt: vec!["no-new-privileges:true".to_owned(), "label=disable".to_owned()],
            userns_mode: Some("host".to_owned()),
            ..HostConfig::default()
        },
        ..ContainerBody::default()
    }
}

/// Does it, while no daemon runs.
pub(super) fn run(action: DatabaseAction, state: &Path) -> Result<(), Failure> {
    let (done, what) = match action {
        DatabaseAction::Keep => (keep(state), "keep a copy of"),
        DatabaseAction::Restore => (restore(state), "put back"),
        DatabaseAction::Finish => (finish(state), "put back"),
    };
    done.attempt(format_args!("cannot {what} the database in {}", state.display()))
}

/// The copy of before stays until this one is whole.
fn keep(state: &Path) -> std::io::Result<()> {
    let new = state.join(format!(".{KEPT}.new"));
    empty(&new)?;
    for file in FILES {
        copy(&state.join(file), &new.join(file))?;
    }
    // A daemon ran on what is in place now: nothing older may come in any more.
    for begun in [BEGUN, COMING] {
        gone(fs::remove_dir_all(state.join(begun)))?;
    }
    let kept = state.join(KEPT);
    gone(fs::remove_dir_all(&kept))?;
    fs::rename(&new, &kept)?;
    on_disk(state)
}

/// Makes everything ready while the database stays in its place; what is begun then can be finished after it was cut off anywhere.
fn restore(state: &Path) -> std::io::Result<()> {
    if is_begun(state)? {
        return finish(state);
    }
    let (kept, new) = (state.join(KEPT), state.join(format!("{BEGUN}.new")));
    fs::metadata(&kept)?;
    empty(&new)?;
    for file in FILES {
        copy(&kept.join(file), &new.join(file))?;
    }
    on_disk(&new)?;
    make_aside(state)?;
    fs::rename(&new, state.join(BEGUN))?;
    on_disk(state)?;
    finish(state)
}

/// Whether a database was about to come back.
fn is_begun(state: &Path) -> std::io::Result<bool> {
    Ok(state.join(BEGUN).try_exists()? || state.join(COMING).try_exists()?)
}

/// Puts back what was begun to be put back. There is a database in place at every moment, unless none was kept.
fn finish(state: &Path) -> std::io::Result<()> {
    let (begun, coming, aside) = (state.join(BEGUN), state.join(COMING), state.join(ASIDE));
    if begun.try_exists()? {
        for file in FILES {
            set_aside(&state.join(file), &aside.join(file))?;
        }
        on_disk(&aside)?;
        for file in FILES {
            // The database itself is replaced, so that no daemon ever makes an empty one.
            if file != FILES[0] || !begun.join(file).try_exists()? {
                gone(fs::remove_file(state.join(file)))?;
            }
        }
        fs::rename(&begun, &coming)?;
        on_disk(state)?;
    }
    if coming.try_exists()? {
        for file in FILES {
            gone(fs::rename(coming.join(file), state.join(file)))?;
        }
        on_disk(state)?;
        fs::remove_dir(&coming)?;
    }
    on_disk(state)
}

/// An empty folder for what is in place now. One that holds a database already keeps it, under the next free name.
fn make_aside(state: &Path) -> std::io::Result<()> {
    let aside = state.join(ASIDE);
    // An empty one goes.
    if fs::remove_dir(&aside).is_err() && aside.try_exists()? {
        let mut number = 1;
        while state.join(format!("{ASIDE}-{number}")).try_exists()? {
            number += 1;
        }
        fs::rename(&aside, state.join(format!("{ASIDE}-{number}")))?;
    }
    fs::create_dir(aside)
}

/// Gives a file, where there is one, a second name, or a copy where the file system has no links.
fn set_aside(file: &Path, aside: &Path) -> std::io::Result<()> {
    if !file.try_exists()? || aside.try_exists()? || fs::hard_link(file, aside).is_ok() {
        return Ok(());
    }
    let new = aside.with_extension("new");
    copy(file, &new)?;
    fs::rename(new, aside)
}

fn on_disk(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

fn empty(folder: &Path) -> std::io::Result<()> {
    gone(fs::remove_dir_all(folder))?;
    fs::create_dir(folder)
}

/// Copies a file, where there is one, with its mode, and waits until it is on the disk.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    match fs::copy(from, to) {
        Ok(_) => File::open(to)?.sync_all(),
        Err(error) => gone(Err(error)),
    }
}

/// What is not there is fine.
fn gone(done: std::io::Result<()>) -> std::io::Result<()> {
    match done {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(state: &Path) -> Vec<Option<String>> {
        FILES.iter().map(|file| fs::read_to_string(state.join(file)).ok()).collect()
    }

    #[test]
    fn what_was_kept_comes_back_and_nothing_is_thrown_away() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = folder.path();
        let write = |file: &str, text: &str| fs::write(state.join(file), text).expect("written");
        write("inertia.db", "old");
        write("inertia.db-wal", "old log");
        keep(state).expect("kept");
        write("inertia.db", "new");
        write("inertia.db-wal", "new log");
        write("inertia.db-shm", "new index");
        restore(state).expect("put back");
        assert_eq!(content(state), [Some("old".to_owned()), Some("old log".to_owned()), None]);
        assert_eq!(fs::read_to_string(state.join(ASIDE).join("inertia.db")).expect("aside"), "new");

        restore(state).expect("again");
        assert_eq!(content(state)[0].as_deref(), Some("old"));
        write("inertia.db", "newest");
        fs::remove_file(state.join("inertia.db-wal")).expect("there");
        keep(state).expect("kept again");
        restore(state).expect("put back");
        assert_eq!(content(state), [Some("newest".to_owned()), None, None]);
    }

    #[test]
    fn a_database_that_was_set_aside_is_never_thrown_away() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = folder.path();
        fs::write(state.join("inertia.db"), "old").expect("written");
        keep(state).expect("kept");
        for new in ["first", "second", "third"] {
            fs::write(state.join("inertia.db"), new).expect("written");
            restore(state).expect("put back");
        }
        for (aside, holds) in [("set-aside-1", "first"), ("set-aside-2", "second"), (ASIDE, "third")] {
            assert_eq!(content(&state.join(aside))[0].as_deref(), Some(holds));
        }
    }

    /// Files in the state folder, those set aside, the mark with those that wait to come in.
    type CutOff = (
        &'static [&'static str],
        &'static [&'static str],
        &'static str,
        &'static [&'static str],
    );

    #[test]
    fn what_was_begun_is_finished_wherever_it_was_cut_off() {
        let cases: [CutOff; 5] = [
            (&["db", "db-wal"], &[], BEGUN, &["db", "db-shm"]),
            (&["db", "db-wal"], &["db"], BEGUN, &["db", "db-shm"]),
            (&["db"], &["db", "db-wal"], BEGUN, &["db", "db-shm"]),
            (&["db"], &["db", "db-wal"], COMING, &["db", "db-shm"]),
            (&["OLD"], &["db", "db-wal"], COMING, &["db-shm"]),
        ];
        for (placed, aside, mark, waiting) in cases {
            let folder = tempfile::tempdir().expect("a folder");
            let state = folder.path();
            let write = |into: &Path, files: &[&str], text: &str| {
                fs::create_dir_all(into).expect("made");
                for file in files {
                    let (file, text) = if *file == "OLD" { ("db", "old") } else { (*file, text) };
                    fs::write(into.join(format!("inertia.{file}")), text).expect("written");
                }
            };
            write(state, placed, "new");
            write(&state.join(ASIDE), aside, "new");
            write(&state.join(mark), waiting, "old");
            let again = state.join(KEPT);
            write(&again, &["db"], "another");
            // Whichever of the two is asked for: what was begun is not begun anew.
            restore(state).expect("finished");
            let old = Some("old".to_owned());
            assert_eq!(content(state), [old.clone(), None, old], "{placed:?} {mark}");
            let new = Some("new".to_owned());
            assert_eq!(content(&state.join(ASIDE)), [new.clone(), new, None], "{placed:?} {mark}");
            assert!(!is_begun(state).expect("seen"));
        }
    }

    #[test]
    fn nothing_is_finished_that_was_not_begun_or_that_a_daemon_has_outlived() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = folder.path();
        fs::write(state.join("inertia.db"), "it").expect("written");
        fs::create_dir(state.join(BEGUN)).expect("made");
        fs::write(state.join(BEGUN).join("inertia.db"), "old").expect("written");
        keep(state).expect("kept");
        finish(state).expect("nothing to do");
        assert_eq!(content(state)[0].as_deref(), Some("it"));
    }

    #[test]
    fn without_a_copy_the_database_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("inertia.db"), "it").expect("written");
        restore(folder.path()).expect_err("there is no copy");
        assert_eq!(content(folder.path())[0].as_deref(), Some("it"));
    }
}
