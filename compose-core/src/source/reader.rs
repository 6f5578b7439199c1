//! The only door to files: everything a load reads comes through a [`ResourceReader`].

use super::discover::STANDARD_INPUT;
use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;

/// The largest compose file, env file or label file that is read, in bytes.
pub const MAX_FILE_SIZE: u64 = 16 * 1024 * 1024;

/// Gives the loader the files it asks for: from the disk, from memory, from a git tree.
///
/// Every path is absolute, or [`STANDARD_INPUT`]: what is read never depends on where a process stands.
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
        assert_absolute(path);
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
        assert_absolute(path);
        match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => PathKind::Directory,
            Ok(_) => PathKind::File,
            Err(_) => PathKind::Missing,
        }
    }

    fn resolve(&self, path: &Path) -> PathBuf {
        assert_absolute(path);
        path.canonicalize().unwrap_or_else(|_| path.to_owned())
    }
}

/// The disk would look for a relative path in the folder of the process.
fn assert_absolute(path: &Path) {
    debug_assert!(path.is_absolute(), "{} is relative", path.display());
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
        } else if self
            .files
            .range(path.clone()..)
            .next()
            .is_some_and(|(file, _)| file.starts_with(&path))
        {
            PathKind::Directory
        } else {
            PathKind::Missing
        }
    }
}

/// Another reader, with what standard input holds in place of the path `-`.
#[derive(Debug)]
pub struct WithStandardInput<R, F> {
    files: R,
    read: F,
    held: OnceLock<Vec<u8>>,
}

impl<R, F> WithStandardInput<R, F> {
    /// `read` is called when a load asks for `-`; what it gives is kept.
    pub fn new(files: R, read: F) -> Self {
        Self {
            files,
            read,
            held: OnceLock::new(),
        }
    }
}

impl<R, F> ResourceReader for WithStandardInput<R, F>
where
    R: ResourceReader,
    F: Fn() -> io::Result<Vec<u8>> + Send + Sync,
{
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if path != Path::new(STANDARD_INPUT) {
            return self.files.read(path);
        }
        if let Some(held) = self.held.get() {
            return Ok(held.clone());
        }
        let bytes = (self.read)()?;
        Ok(self.held.get_or_init(|| bytes).clone())
    }

    fn kind(&self, path: &Path) -> PathKind {
        if path == Path::new(STANDARD_INPUT) {
            return PathKind::File;
        }
        self.files.kind(path)
    }

    fn resolve(&self, path: &Path) -> PathBuf {
        if path == Path::new(STANDARD_INPUT) {
            return path.to_owned();
        }
        self.files.resolve(path)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Loader;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn a_project_may_come_through_standard_input() {
        let files = MemoryReader::new()
            .with("/shop/.env", "TAG=1.2")
            .with("/shop/over.yaml", "services: {web: {tty: true}}");
        let reader = WithStandardInput::new(files, || Ok(b"services: {web: {image: \"web:$TAG\"}}".to_vec()));
        let loader = Loader::new("/shop").reader(reader).file("-").file("over.yaml");
        let project = loader.load().expect("it loads").project;
        assert_eq!(project.name.as_str(), "shop");
        let web = &project.services["web"];
        assert_eq!(web.image.as_ref().map(crate::names::ImageRef::as_str), Some("web:1.2"));
        assert!(web.process.tty);
    }

    #[test]
    fn standard_input_is_read_when_asked_for_and_kept() {
        let calls = AtomicUsize::new(0);
        let reader = WithStandardInput::new(MemoryReader::new().with("/a", "file"), || {
            match calls.fetch_add(1, Ordering::Relaxed) {
                0 => Err(io::ErrorKind::Interrupted.into()),
                _ => Ok(b"input".to_vec()),
            }
        });
        assert_eq!(reader.read(Path::new("/a")).expect("there"), b"file");
        assert_eq!(calls.load(Ordering::Relaxed), 0);
        assert!(reader.read(Path::new("-")).is_err());
        for _ in 0..2 {
            assert_eq!(reader.read(Path::new("-")).expect("read"), b"input");
        }
        assert_eq!(calls.load(Ordering::Relaxed), 2);
        assert_eq!(
            (reader.kind(Path::new("-")), reader.kind(Path::new("/b"))),
            (PathKind::File, PathKind::Missing)
        );
    }

    #[test]
    fn memory_holds_files_and_the_folders_above_them() {
        let reader = MemoryReader::new().with("/a/./b/../c", "x");
        assert_eq!(reader.read(Path::new("/a/c")).expect("there"), b"x");
        for (path, kind) in [("/a/c", PathKind::File), ("/a", PathKind::Directory), ("/a/b", PathKind::Missing)] {
            assert_eq!(reader.kind(Path::new(path)), kind, "{path}");
        }
    }

    #[test]
    fn the_disk_refuses_what_is_no_file_or_too_large() {
        let folder = tempfile::tempdir().expect("a folder");
        let large = folder.path().join("large");
        let file = std::fs::File::create(&large).expect("a file");
        file.set_len(MAX_FILE_SIZE + 1).expect("its size");
        let kind = |path: &Path| DiskReader.read(path).expect_err("refused").kind();
        assert_eq!(kind(&large), io::ErrorKind::FileTooLarge);
        assert_eq!(kind(folder.path()), io::ErrorKind::IsADirectory);
        assert_eq!(kind(&folder.path().join("none")), io::ErrorKind::NotFound);
        file.set_len(MAX_FILE_SIZE).expect("its size");
        assert_eq!(DiskReader.read(&large).expect("it fits").len() as u64, MAX_FILE_SIZE);
        assert_eq!(DiskReader.kind(folder.path()), PathKind::Directory);
    }

    #[test]
    fn paths_are_cleaned_by_their_text() {
        for (path, expected) in [
            ("/a//b/./c/..", "/a/b"),
            ("/../a", "/a"),
            ("a/../..", ".."),
            ("./.", "."),
            ("../a", "../a"),
        ] {
            assert_eq!(clean(Path::new(path)), Path::new(expected), "{path}");
        }
    }
}
