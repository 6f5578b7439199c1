//! The state folder: where everything the daemon keeps lies, and who may read it.

mod whole;

use rand::TryRngCore as _;
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The file that asks for what is missing to be made anew.
pub(crate) const BEGIN_ANEW: &str = "begin-anew";

/// The state folder of one daemon, locked against a second one.
#[derive(Debug)]
pub(crate) struct StateDir {
    root: PathBuf,
    /// Held for as long as the daemon lives; the system lets go of it when the process ends.
    _lock: File,
}

/// Why the state folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateDirError {
    /// Something in it cannot be read or written.
    #[error("cannot use {}", path.display())]
    Io {
        /// What.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Another daemon uses it.
    #[error("another daemon uses {}; stop it first or name another folder with --state", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// Part of what belongs together is not there.
    #[error("the state folder {} is not whole: {lacking}, beside {held}; put the whole folder back from one backup, or, to begin without what is lost, make the file {} and start the daemon again", path.display(), path.join(BEGIN_ANEW).display())]
    NotWhole {
        /// The folder.
        path: PathBuf,
        /// What is missing or empty.
        lacking: String,
        /// What is there.
        held: String,
    },
    /// A key file does not hold a key.
    #[error("{} does not hold a key of {expected} bytes; put the state folder back from one backup", path.display())]
    BadKey {
        /// The file.
        path: PathBuf,
        /// How long it should be.
        expected: usize,
    },
}

impl StateDirError {
    /// Whether it is for want of room.
    pub(crate) fn is_for_want_of_room(&self) -> bool {
        let kinds = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];
        matches!(self, Self::Io { source, .. } if kinds.contains(&source.kind()))
    }
}

impl StateDir {
    /// Makes the folder where needed (0700) and locks it.
    pub(crate) fn open(root: &Path) -> Result<Self, StateDirError> {
        let failed = |source| io_error(root, source);
        DirBuilder::new().recursive(true).mode(0o700).create(root).map_err(failed)?;
        let root = root.canonicalize().map_err(failed)?;
        fs::set_permissions(&root, Permissions::from_mode(0o700)).map_err(failed)?;
        let lock_path = root.join("lock");
        let lock = open_private(&lock_path).map_err(|source| io_error(&lock_path, source))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {
                whole::check(&root)?;
                Ok(Self { root, _lock: lock })
            }
            Err(rustix::io::Errno::WOULDBLOCK) => Err(StateDirError::Locked { path: root }),
            Err(source) => Err(io_error(&lock_path, source.into())),
        }
    }

    /// The folder itself, absolute and without symbolic links.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Whether the daemon is to make what is missing.
    pub(crate) fn begins(&self) -> bool {
        self.root.join(BEGIN_ANEW).exists()
    }

    /// Everything was made: from now on nothing of it may be missing.
    pub(crate) fn has_begun(&self) -> Result<(), StateDirError> {
        let path = self.root.join(BEGIN_ANEW);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(&path, error)),
            _ => Ok(()),
        }
    }

    /// How many bytes the disk of the folder has left for the daemon.
    pub(crate) fn free(&self) -> Result<u64, StateDirError> {
        let found = rustix::fs::statvfs(&self.root).map_err(|error| io_error(&self.root, error.into()))?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }

    /// Everything of one project.
    pub(crate) fn project(&self, name: &str) -> PathBuf {
        self.root.join("projects").join(name)
    }

    /// The database.
    pub(crate) fn database(&self) -> PathBuf {
        self.root.join("inertia.db")
    }

    /// The content of a private file; made by `make` when there is none.
    pub(crate) fn private_file(&self, name: &str, make: impl FnOnce() -> Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, StateDirError> {
        let path = self.root.join(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Zeroizing::new(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let bytes = make();
                self.write_private(name, &bytes)?;
                Ok(bytes)
            }
            Err(source) => Err(io_error(&path, source)),
        }
    }

    /// A random key of 32 bytes, made at the first call.
    pub(crate) fn key(&self, name: &str) -> Result<Zeroizing<[u8; 32]>, StateDirError> {
        let bytes = self.private_file(name, || Zeroizing::new(random::<32>().to_vec()))?;
        let key = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| StateDirError::BadKey {
            path: self.root.join(name),
            expected: 32,
        })?;
        Ok(Zeroizing::new(key))
    }

    /// Writes a file that only the daemon's user may read; whoever reads it sees all of it or the one before.
    pub(crate) fn write_private(&self, name: &str, bytes: &[u8]) -> Result<(), StateDirError> {
        self.replace(name, bytes, 0o600)
    }

    /// Writes a file that holds no secret.
    pub(crate) fn write_public(&self, name: &str, bytes: &[u8]) -> Result<(), StateDirError> {
        self.replace(name, bytes, 0o644)
    }

    fn replace(&self, name: &str, bytes: &[u8], mode: u32) -> Result<(), StateDirError> {
        let path = self.root.join(name);
        // What is there already needs no room on a disk that may be full.
        if fs::read(&path).is_ok_and(|found| found == bytes) {
            return Ok(());
        }
        let temporary = self.root.join(format!(".{name}.new"));
        let written = (|| {
            let mut file = open_private(&temporary)?;
            file.set_len(0)?;
            file.write_all(bytes)?;
            file.set_permissions(Permissions::from_mode(mode))?;
            file.sync_all()?;
            fs::rename(&temporary, &path)?;
            File::open(&self.root)?.sync_all()
        })();
        written.map_err(|source| {
            let _ = fs::remove_file(&temporary);
            io_error(&path, source)
        })
    }
}

fn open_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)
}

fn io_error(path: &Path, source: io::Error) -> StateDirError {
    StateDirError::Io {
        path: path.to_owned(),
        source,
    }
}

/// Bytes from the system's source of randomness.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rngs::OsRng
        .try_fill_bytes(&mut bytes)
        .expect("the system's source of randomness answers");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_and_keys_are_private_and_stay() {
        let temp = tempfile::tempdir().expect("a temporary folder");
        let root = temp.path().join("state");
        let dir = StateDir::open(&root).expect("opens");
        let key = dir.key("a.key").expect("made");
        assert_eq!(dir.key("a.key").expect("read"), key);
        assert_ne!(dir.key("b.key").expect("made"), key);
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&root), 0o700);
        assert_eq!(mode(&root.join("a.key")), 0o600);
    }

    #[test]
    fn a_second_daemon_is_refused_until_the_first_has_gone() {
        let temp = tempfile::tempdir().expect("a temporary folder");
        let first = StateDir::open(temp.path()).expect("opens");
        assert!(matches!(StateDir::open(temp.path()), Err(StateDirError::Locked { .. })));
        drop(first);
        StateDir::open(temp.path()).expect("opens again");
    }

    #[test]
    fn a_damaged_key_is_not_replaced() {
        let temp = tempfile::tempdir().expect("a temporary folder");
        let dir = StateDir::open(temp.path()).expect("opens");
        dir.write_private("a.key", b"short").expect("written");
        assert!(matches!(dir.key("a.key"), Err(StateDirError::BadKey { expected: 32, .. })));
        assert_eq!(fs::read(temp.path().join("a.key")).expect("there"), b"short");
    }
}
