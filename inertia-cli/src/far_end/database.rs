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
const ASIDE: &str = "set-aside";
/// Where the program is in the container.
const PROGRAM: &str = "/far-end";

/// What is done with the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DatabaseAction {
    /// Keep a copy beside it
    Keep,
    /// Put the copy in its place
    Restore,
}

impl DatabaseAction {
    fn word(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Restore => "restore",
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
    let kept = state.join(KEPT);
    gone(fs::remove_dir_all(&kept))?;
    fs::rename(&new, &kept)?;
    File::open(state)?.sync_all()
}

/// Safe to begin again after it was cut off anywhere.
fn restore(state: &Path) -> std::io::Result<()> {
    let (kept, aside) = (state.join(KEPT), state.join(ASIDE));
    fs::metadata(&kept)?;
    empty(&aside)?;
    for file in FILES {
        gone(fs::rename(state.join(file), aside.join(file)))?;
    }
    for file in FILES {
        let whole = state.join(format!(".{file}.new"));
        copy(&kept.join(file), &whole)?;
        gone(fs::rename(whole, state.join(file)))?;
    }
    File::open(state)?.sync_all()
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
    fn without_a_copy_the_database_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("inertia.db"), "it").expect("written");
        restore(folder.path()).expect_err("there is no copy");
        assert_eq!(content(folder.path())[0].as_deref(), Some("it"));
    }
}
