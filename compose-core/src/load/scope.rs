//! What a set of files sees: the folder where its paths start, its variables, who includes it.

use crate::diagnostic::{Code, Diagnostic};
use crate::model::StringMap;
use crate::source::{Span, clean};
use std::path::{Component, Path, PathBuf};

/// The surroundings of the files that make one model.
pub(super) struct Scope<'s> {
    /// Tells this scope from others of the same load.
    pub(super) id: u32,
    /// Where `extends` and `include` look; absolute.
    pub(super) folder: PathBuf,
    /// Where the model's relative paths start, as the including model says it.
    pub(super) base: PathBuf,
    /// What interpolation sees.
    pub(super) variables: &'s StringMap,
    /// The files on the way from the first one to here.
    pub(super) includers: Vec<Includer>,
}

/// A file that includes, and where it says so.
#[derive(Clone, Debug)]
pub(super) struct Includer {
    /// The file; absolute.
    pub(super) file: PathBuf,
    /// The `include`.
    pub(super) span: Span,
}

impl<'s> Scope<'s> {
    /// The surroundings of the files that the caller names.
    pub(super) fn outermost(folder: &Path, variables: &'s StringMap) -> Self {
        Self {
            id: 0,
            folder: folder.to_owned(),
            base: folder.to_owned(),
            variables,
            includers: Vec::new(),
        }
    }

    /// The surroundings of included files.
    /// `paths` is the folder where their relative paths start; absolute.
    pub(super) fn inner<'i>(
        &self,
        id: u32,
        folder: PathBuf,
        paths: &Path,
        variables: &'i StringMap,
        includers: Vec<Includer>,
    ) -> Scope<'i> {
        Scope {
            id,
            base: relative(&self.folder, paths),
            folder,
            variables,
            includers,
        }
    }

    /// The absolute path of a file that `extends` or `include` names.
    pub(super) fn local_file(&self, path: &str, span: Span) -> Result<PathBuf, Diagnostic> {
        if is_remote(path) {
            let remote = Diagnostic::error(
                Code::RemoteFile,
                format!("`{path}` is not on this machine, and remote files are not read"),
            );
            return Err(remote.at(span).help("fetch a copy and name its path"));
        }
        Ok(clean(&self.folder.join(path)))
    }

    /// A file's folder, relative to this scope's.
    pub(super) fn relative_folder_of(&self, file: &Path) -> PathBuf {
        relative(&self.folder, file.parent().unwrap_or(file))
    }
}

/// Whether a path is what Docker Compose would fetch: a git repository or an OCI artifact.
fn is_remote(path: &str) -> bool {
    const SCHEMES: [&str; 6] = ["oci://", "git://", "ssh://", "http://", "https://", "git@"];
    SCHEMES.iter().any(|scheme| path.starts_with(scheme)) || path.starts_with("github.com/")
}

/// The way from one absolute folder to another.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let shared = from
        .components()
        .zip(to.components())
        .take_while(|(one, other)| one == other)
        .count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    let way: PathBuf = up.chain(to.components().skip(shared)).collect();
    if way.as_os_str().is_empty() { PathBuf::from(".") } else { way }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_relative_to_each_other() {
        for (from, to, way) in [
            ("/a", "/a", "."),
            ("/a", "/a/b/c", "b/c"),
            ("/a/b", "/a/c", "../c"),
            ("/a/b", "/", "../.."),
            ("/", "/x", "x"),
        ] {
            assert_eq!(relative(Path::new(from), Path::new(to)), Path::new(way), "{from} to {to}");
        }
    }

    #[test]
    fn remote_files_are_told_by_their_scheme() {
        for (path, remote) in [
            ("https://github.com/a/b.git", true),
            ("git@github.com:a/b", true),
            ("oci://registry/app", true),
            ("github.com/a/b", true),
            ("./github.com/a/b", false),
            ("../https.yaml", false),
        ] {
            assert_eq!(is_remote(path), remote, "{path}");
        }
    }
}
