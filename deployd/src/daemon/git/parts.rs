//! What a commit leads to outside of its repository, brought here: submodules, and files of large-file storage.

use super::large::{self, LARGEST_POINTER, LargeError, Pointer};
use super::modules::{Beside, ModuleError, Modules};
use super::url::RepositoryUrl;
use super::{GitError, Mirror, Repository, Stop};
use gix::ObjectId;
use gix::objs::TreeRefIter;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How deep submodules may lie in each other.
const DEEPEST: usize = 5;
/// How many there may be.
const MOST: usize = 100;
/// How much files of large-file storage may hold together.
const MOST_BYTES: u64 = 8 << 30;
/// The largest list of attributes that is read.
pub(super) const LARGEST_ATTRIBUTES: u64 = 1 << 20;

/// A kind of part that a commit only names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Another repository's commit.
    Submodule,
    /// A file in large-file storage.
    LargeFile,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Submodule => "is a submodule",
            Self::LargeFile => "lies in large-file storage",
        })
    }
}

/// Why a part is not here.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PartError {
    /// A submodule.
    #[error(transparent)]
    Module(#[from] ModuleError),
    /// A file of large-file storage.
    #[error(transparent)]
    Large(#[from] LargeError),
}

impl PartError {
    fn part(&self) -> Part {
        match self {
            Self::Module(_) => Part::Submodule,
            Self::Large(_) => Part::LargeFile,
        }
    }

    /// Whether it may well be over in a while.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Module(ModuleError::Fetch(error)) => error.is_passing(),
            Self::Module(ModuleError::NoCommit { .. }) | Self::Large(LargeError::Silent(..)) => true,
            Self::Module(_) | Self::Large(_) => false,
        }
    }
}

/// A part that could not be brought here.
#[derive(Debug)]
pub(crate) struct Missing {
    /// Where it belongs.
    pub(crate) path: PathBuf,
    why: Arc<PartError>,
}

impl From<Missing> for GitError {
    fn from(missing: Missing) -> Self {
        Self::Part {
            path: missing.path.display().to_string(),
            part: missing.why.part(),
            why: missing.why,
        }
    }
}

/// Brings what a commit leads to, unless it is here; what could not be.
pub(crate) fn bring(mirror: &Mirror, commit: &str, origin: &Repository, beside: &Beside, stop: &Stop) -> Result<Vec<Missing>, GitError> {
    let mut bringing = Bringing {
        origin,
        beside,
        stop,
        seen: 0,
        missing: Vec::new(),
    };
    bringing.commit(mirror, commit, origin.url(), Path::new(""), 0)?;
    Ok(bringing.missing)
}

struct Bringing<'a> {
    origin: &'a Repository,
    beside: &'a Beside,
    stop: &'a Stop,
    seen: usize,
    missing: Vec<Missing>,
}

impl Bringing<'_> {
    fn commit(&mut self, mirror: &Mirror, commit: &str, url: &RepositoryUrl, at: &Path, depth: usize) -> Result<(), GitError> {
        let tree = mirror.tree_of(commit)?;
        self.large(mirror, tree, url, at)?;
        for (path, written) in Modules::of(mirror, tree)?.iter() {
            let Some(text) = path.to_str() else { continue };
            let Some((_, id)) = mirror.entry(tree, text)?.filter(|(mode, _)| mode.is_commit()) else {
                continue;
            };
            let path = at.join(path);
            match self.module(url, written, id, &path, depth + 1) {
                Ok(()) => {}
                Err(ModuleError::Fetch(error)) if error.is_interruption() => return Err(*error),
                Err(why) => self.missing.push(Missing {
                    path,
                    why: Arc::new(why.into()),
                }),
            }
        }
        Ok(())
    }

    fn module(&mut self, parent: &RepositoryUrl, written: &str, id: ObjectId, at: &Path, depth: usize) -> Result<(), ModuleError> {
        let failed = |error: GitError| ModuleError::Fetch(Box::new(error));
        self.seen += 1;
        if self.seen > MOST {
            return Err(ModuleError::TooMany("100 of them"));
        }
        if depth > DEEPEST {
            return Err(ModuleError::TooMany("5 of them in each other"));
        }
        let url = self.beside.address(parent, written)?;
        let (path, commit) = (self.beside.mirror(&url), id.to_string());
        if Mirror::recall(&path, &commit).is_none() {
            let fetched = Mirror::update(&path, &self.origin.other(&url), self.stop).map_err(failed)?;
            if fetched.find(&commit).is_err() {
                let url = url.as_str().to_owned();
                return Err(ModuleError::NoCommit { url, commit });
            }
        }
        let mirror = Mirror::open(&path).map_err(failed)?;
        self.commit(&mirror, &commit, &url, at, depth).map_err(failed)
    }

    fn large(&mut self, mirror: &Mirror, tree: ObjectId, url: &RepositoryUrl, at: &Path) -> Result<(), GitError> {
        let files = pointers(mirror, tree)?;
        let wanted: BTreeSet<&Pointer> = files.iter().map(|(_, pointer)| pointer).collect();
        let all = wanted.iter().map(|pointer| pointer.size()).fold(0, u64::saturating_add);
        let brought = if all > MOST_BYTES {
            Err(LargeError::TooMuch(MOST_BYTES >> 30))
        } else {
            let wanted: Vec<Pointer> = wanted.into_iter().cloned().collect();
            large::bring(&wanted, url, &self.beside.large, self.stop)
        };
        let why = match brought {
            Ok(()) => return Ok(()),
            Err(LargeError::Interrupted) => return Err(GitError::Interrupted),
            Err(why) => Arc::new(PartError::from(why)),
        };
        let missing = files.iter().filter(|(_, pointer)| pointer.kept(&self.beside.large).is_none());
        self.missing.extend(missing.map(|(path, _)| Missing {
            path: at.join(path),
            why: Arc::clone(&why),
        }));
        Ok(())
    }
}

/// The files of a tree that stand for ones in large-file storage. Where no attributes say that any does, none does.
fn pointers(mirror: &Mirror, tree: ObjectId) -> Result<Vec<(PathBuf, Pointer)>, GitError> {
    let mut files = Vec::new();
    list(mirror, tree, Path::new(""), 0, &mut files)?;
    let mut are_filtered = false;
    for (path, id) in &files {
        if path.file_name() == Some(OsStr::new(".gitattributes")) && mirror.size(*id)? <= LARGEST_ATTRIBUTES {
            are_filtered |= is_filtering(&mirror.read(*id)?);
        }
    }
    if !are_filtered {
        return Ok(Vec::new());
    }
    let mut pointers = Vec::new();
    for (path, id) in files {
        if mirror.size(id)? <= LARGEST_POINTER
            && let Some(pointer) = Pointer::parse(&mirror.read(id)?)
        {
            pointers.push((path, pointer));
        }
    }
    Ok(pointers)
}

/// Whether attributes put files into large-file storage.
pub(super) fn is_filtering(attributes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(attributes);
    text.lines().any(|line| !line.starts_with('#') && line.contains("filter=lfs"))
}

/// The files of a tree. A tree with more than a checkout takes is listed as far as that, and refused there.
fn list(mirror: &Mirror, tree: ObjectId, at: &Path, depth: usize, files: &mut Vec<(PathBuf, ObjectId)>) -> Result<(), GitError> {
    let data = mirror.read(tree)?;
    for entry in TreeRefIter::from_bytes(&data, tree.kind()).map_while(Result::ok) {
        if depth > super::checkout::DEEPEST || files.len() > super::checkout::MOST_ENTRIES {
            break;
        }
        let path = at.join(OsStr::from_bytes(entry.filename));
        if entry.mode.is_tree() {
            list(mirror, entry.oid.to_owned(), &path, depth + 1, files)?;
        } else if entry.mode.is_blob() {
            files.push((path, entry.oid.to_owned()));
        }
    }
    Ok(())
}
