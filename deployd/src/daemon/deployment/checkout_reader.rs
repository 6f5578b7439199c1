//! Reading the files of a checked out commit, and no others.

use super::files::{Beneath, OUTSIDE};
use compose_core::source::{DiskReader, MAX_FILE_SIZE, PathKind, ResourceReader, clean};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The files that a load asked for, also those that are not there.
#[derive(Clone, Default)]
pub(super) struct Reads(Arc<Mutex<BTreeSet<PathBuf>>>);

impl Reads {
    fn note(&self, path: &Path) {
        self.files().insert(path.to_owned());
    }

    pub(super) fn take(&self) -> BTreeSet<PathBuf> {
        std::mem::take(&mut *self.files())
    }

    fn files(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the checked out commit, and nothing else: for a project the daemon opens no file of the host or of its own.
pub(super) struct CheckoutReader {
    checkout: PathBuf,
    beneath: Beneath,
    reads: Reads,
}

impl CheckoutReader {
    /// Of a commit that is checked out there.
    pub(super) fn open(checkout: &Path, reads: &Reads) -> io::Result<Self> {
        Ok(Self {
            checkout: checkout.to_owned(),
            beneath: Beneath::open(checkout)?,
            reads: reads.clone(),
        })
    }

    fn find(&self, path: &Path) -> io::Result<File> {
        let path = clean(path);
        let inside = path.strip_prefix(&self.checkout);
        let inside = inside.map_err(|_| io::Error::new(io::ErrorKind::PermissionDenied, OUTSIDE))?;
        self.beneath.file(inside)
    }
}

impl ResourceReader for CheckoutReader {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.reads.note(path);
        let file = self.find(path)?;
        let found = file.metadata()?;
        if found.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if found.len() > MAX_FILE_SIZE {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut bytes = Vec::new();
        file.take(MAX_FILE_SIZE).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn kind(&self, path: &Path) -> PathKind {
        let kind = match self.find(path).and_then(|file| file.metadata()) {
            Ok(found) if found.is_dir() => PathKind::Directory,
            Ok(_) => PathKind::File,
            Err(_) => PathKind::Missing,
        };
        if kind != PathKind::Directory {
            self.reads.note(path);
        }
        kind
    }

    fn resolve(&self, path: &Path) -> PathBuf {
        DiskReader.resolve(path)
    }
}
