//! The only door to files: everything a load reads comes through a [`ResourceReader`].

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

/// The largest compose file, env file or label file that is read, in bytes.
pub const MAX_FILE_SIZE: u64 = 16 * 1024 * 1024;

/// Gives the loader the files it asks for: from the disk, from memory, from a git tree.
pub trait ResourceReader: Send + Sync {
    /// The bytes of a regular file.
    ///
    /// # Errors
    /// `NotFound` when there is none, `IsADirectory` for a folder, `FileTooLarge` above
    /// [`MAX_FILE_SIZE`], or what the disk says.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// What stands at a path.
    fn kind(&self, path: &Path) -> PathKind;

    /// The path with its symbolic links resolved, where the reader knows of any.
    fn resolve(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathKind {
    /// Nothing, or nothing that can be seen.
    Missing,
    /// A regular file, or something that reads like one.
    File,
    /// A folder.
    Directory,
}

/// Reads the disk of this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct DiskReader;

impl ResourceReader for DiskReader {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        use io::Read as _;
        let file = std::fs::File::open(path)?;
        if file.metadata()?.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let mut bytes = Vec::new();
        file.take(MAX_FILE_SIZE + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_FILE_SIZE {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(bytes)
    }

    fn kind(&self, path: &Path) -> PathKind {
        match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => PathKind::Directory,
            Ok(_) => PathKind::File,
            Err(_) => PathKind::Missing,
        }
    }

    fn resolve(&self, path: &Path) -> PathBuf {
        path.canonicalize().unwrap_or_else(|_| path.to_owned())
    }
}

/// Files held in memory, by absolute path.
#[derive(Clone, Debug, Default)]
pub struct MemoryReader {
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl MemoryReader {
    /// No file yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file.
    #[must_use]
    pub fn with(mut self, path: impl Into<PathBuf>, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.insert(clean(&path.into()), bytes.into());
        self
    }
}

impl ResourceReader for MemoryReader {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match (self.files.get(&clean(path)), self.kind(path)) {
            (Some(bytes), _) => Ok(bytes.clone()),
            (None, PathKind::Directory) => Err(io::ErrorKind::IsADirectory.into()),
            (None, _) => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn kind(&self, path: &Path) -> PathKind {
        let path = clean(path);
        if self.files.contains_key(&path) {
            PathKind::File
        } else if self.files.keys().any(|file| file.starts_with(&path)) {
            PathKind::Directory
        } else {
            PathKind::Missing
        }
    }
}

/// A path without `.`, `..` and doubled slashes, resolved by its text alone.
pub fn clean(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => match out.components().next_back() {
                Some(Component::Normal(_)) => {
                    out.pop();
                }
                Some(Component::RootDir | Component::Prefix(_)) => {}
                Some(Component::CurDir | Component::ParentDir) | None => out.push(".."),
            },
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => out.push(part),
        }
    }
    if out.as_os_str().is_empty() {
        out.push(".");
    }
    out
}
