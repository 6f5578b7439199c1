//! Submodules: what `.gitmodules` says of them, and where that leads.
//!
//! The file is whatever somebody pushed. Its paths are only ever looked up, its addresses are checked like those that a
//! person registers, and neither becomes part of a command.

use super::url::{RepositoryUrl, Transport, UrlError};
use super::{GitError, Mirror};
use compose_core::hash::hex;
use gix::ObjectId;
use gix::bstr::{BString, ByteSlice as _};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The file that lists them.
const LIST: &str = ".gitmodules";
/// The largest list that is read.
const LARGEST_LIST: u64 = 256 << 10;

/// Why a submodule is not here.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ModuleError {
    /// Its address is not one that is used.
    #[error("its address in .gitmodules cannot be used: {0}")]
    Address(#[from] UrlError),
    /// Its address leads to a folder of the server, and the project's does not.
    #[error("its address {0} is a folder of the server, which a repository from elsewhere may not name; use its https or SSH address")]
    Local(String),
    /// Its address leads into the daemon's own folder.
    #[error("its address {0} leads into the daemon's own folder")]
    OwnFolder(String),
    /// Its address is relative, and leads out of where the project's repository is.
    #[error("its address {0:?} in .gitmodules leads above the host of the repository")]
    Above(String),
    /// The repository has no such commit.
    #[error("{url} has no commit {commit} in any branch or tag; push it there")]
    NoCommit {
        /// Its repository.
        url: String,
        /// The commit.
        commit: String,
    },
    /// They lie too deep in each other, or are too many.
    #[error("there are more than {0}")]
    TooMany(&'static str),
    /// Its repository cannot be read.
    #[error(transparent)]
    Fetch(Box<GitError>),
}

/// Where what a commit leads to is kept, beside the mirror of its own repository.
#[derive(Clone, Debug)]
pub(crate) struct Beside {
    /// The mirrors of submodules.
    pub(crate) modules: PathBuf,
    /// Files of large-file storage, by their digests.
    pub(crate) large: PathBuf,
    /// The daemon's folder, which is nobody's repository.
    pub(crate) own: PathBuf,
}

impl Beside {
    /// Where the mirror of a submodule lies.
    pub(super) fn mirror(&self, url: &RepositoryUrl) -> PathBuf {
        let name = hex(&Sha256::digest(url.as_str())[..16]);
        self.modules.join(name).with_extension("git")
    }

    /// The address of a submodule, unless it may not be read.
    pub(super) fn address(&self, parent: &RepositoryUrl, written: &str) -> Result<RepositoryUrl, ModuleError> {
        let url = RepositoryUrl::parse(&resolve(parent.as_str(), written)?)?;
        if let Some(folder) = url.folder() {
            if parent.transport() != Transport::File {
                return Err(ModuleError::Local(written.to_owned()));
            }
            let real = folder.canonicalize().unwrap_or_else(|_| compose_core::source::clean(folder));
            if real.starts_with(&self.own) {
                return Err(ModuleError::OwnFolder(written.to_owned()));
            }
        }
        Ok(url)
    }
}

/// The submodules that a commit lists: their addresses as written, by path.
pub(super) struct Modules(BTreeMap<PathBuf, String>);

impl Modules {
    /// Those of a tree. A list that cannot be read lists nothing.
    pub(super) fn of(mirror: &Mirror, tree: ObjectId) -> Result<Self, GitError> {
        let Some((mode, id)) = mirror.entry(tree, LIST)? else {
            return Ok(Self(BTreeMap::new()));
        };
        if !mode.is_blob() || mirror.size(id)? > LARGEST_LIST {
            return Ok(Self(BTreeMap::new()));
        }
        let text = mirror.read(id)?;
        Ok(Self(text.to_str().map(parse).unwrap_or_default()))
    }

    /// The paths and addresses.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.0.iter().map(|(path, url)| (path.as_path(), url.as_str()))
    }

    /// The address of one.
    pub(super) fn url(&self, path: &Path) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }
}

fn parse(text: &str) -> BTreeMap<PathBuf, String> {
    let Ok(list) = gix::config::File::try_from(text) else {
        return BTreeMap::new();
    };
    let sections = list.sections_by_name("submodule").into_iter().flatten();
    let value = |found: Option<BString>| found.and_then(|found| found.to_str().map(str::to_owned).ok());
    let modules = sections.filter_map(|section| {
        let (path, url) = (value(section.value("path"))?, value(section.value("url"))?);
        Some((PathBuf::from(path), url))
    });
    modules.collect()
}

/// An address as git understands it: one that begins with `./` or `../` is relative to that of the repository.
fn resolve(parent: &str, written: &str) -> Result<String, ModuleError> {
    let mut rest = written;
    if !rest.starts_with("./") && !rest.starts_with("../") {
        return Ok(written.to_owned());
    }
    let above = || ModuleError::Above(written.to_owned());
    let (root, path) = root_and_path(parent);
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    loop {
        if let Some(after) = rest.strip_prefix("../") {
            parts.pop().ok_or_else(above)?;
            rest = after;
        } else if let Some(after) = rest.strip_prefix("./") {
            rest = after;
        } else {
            break;
        }
    }
    parts.extend(rest.split('/').filter(|part| !part.is_empty()));
    if parts.is_empty() || parts.contains(&"..") {
        return Err(above());
    }
    Ok(format!("{root}{}", parts.join("/")))
}

/// An address up to the path on its host, and that path.
fn root_and_path(address: &str) -> (&str, &str) {
    let at = match address.find("://") {
        Some(scheme) => {
            let host = scheme + 3;
            address[host..].find('/').map_or(address.len(), |at| host + at + 1)
        }
        None if address.starts_with('/') => 1,
        None => {
            let from = address.find(']').unwrap_or(0);
            let colon = address[from..].find(':').map_or(0, |at| from + at + 1);
            // The path may be one from the root of the host or from the user's folder.
            colon + usize::from(address[colon..].starts_with('/'))
        }
    };
    address.split_at(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_addresses_are_those_beside_the_repository() {
        for (parent, written, wanted) in [
            ("https://example.com/a/b.git", "../c.git", Some("https://example.com/a/c.git")),
            ("https://example.com/a/b.git/", "../c.git", Some("https://example.com/a/c.git")),
            ("https://example.com/a/b", "../../x/c", Some("https://example.com/x/c")),
            ("https://example.com/a/b", "./c", Some("https://example.com/a/b/c")),
            ("https://example.com/a/b", ".././c", Some("https://example.com/a/c")),
            ("https://example.com/a/b", "../../../c", None),
            ("https://example.com/a/b", "../x/../../../c", None),
            ("https://example.com/b", "../", None),
            ("git@example.com:a/b.git", "../c.git", Some("git@example.com:a/c.git")),
            ("git@example.com:b.git", "../c.git", Some("git@example.com:c.git")),
            ("git@example.com:/srv/b.git", "../c.git", Some("git@example.com:/srv/c.git")),
            ("git@example.com:b.git", "../../c.git", None),
            (
                "ssh://git@example.com:22/a/b.git",
                "../c.git",
                Some("ssh://git@example.com:22/a/c.git"),
            ),
            ("git@[::1]:a/b.git", "../c.git", Some("git@[::1]:a/c.git")),
            ("/srv/a/b.git", "../c.git", Some("/srv/a/c.git")),
            ("file:///srv/b.git", "../c.git", Some("file:///srv/c.git")),
            (
                "https://example.com/a/b",
                "https://other.example/c",
                Some("https://other.example/c"),
            ),
            ("https://example.com/a/b", "/srv/c", Some("/srv/c")),
        ] {
            assert_eq!(resolve(parent, written).ok().as_deref(), wanted, "{parent} {written}");
        }
    }

    #[test]
    fn addresses_that_may_not_be_read_are_refused() {
        let temp = tempfile::tempdir().expect("a temporary folder");
        let own = temp.path().canonicalize().expect("there");
        let beside = Beside {
            modules: own.join("modules"),
            large: own.join("large"),
            own: own.clone(),
        };
        let address = |parent: &str, written: &str| {
            let parent = RepositoryUrl::parse(parent).expect("an address");
            beside.address(&parent, written).map(|url| url.as_str().to_owned())
        };
        let (https, local) = ("https://example.com/a/b.git", "/srv/b.git");
        assert!(matches!(address(https, "/srv/c"), Err(ModuleError::Local(_))));
        assert!(matches!(address(https, "file:///srv/c"), Err(ModuleError::Local(_))));
        assert_eq!(address(local, "../c.git").expect("may be read"), "/srv/c.git");
        let own = own.join("projects/other/mirror.git").display().to_string();
        assert!(matches!(address(local, &own), Err(ModuleError::OwnFolder(_))));
        let around = format!("/srv/../{own}");
        assert!(matches!(address(local, &around), Err(ModuleError::OwnFolder(_))));
        for written in [
            "-u./x",
            "ext::sh -c x",
            "http://example.com/x",
            "--upload-pack=x",
            "git@-oProxyCommand=x:y",
            "c",
        ] {
            assert!(matches!(address(https, written), Err(ModuleError::Address(_))), "{written}");
        }
    }

    #[test]
    fn the_list_is_read_as_git_reads_it_and_nothing_of_it_is_trusted() {
        let list = "[submodule \"lib\"]\n\tpath = vendor/lib\n\turl = ../lib.git\n\
                    [submodule \"odd\"]\n\tpath = ../../out\n\turl = https://example.com/x\n\
                    [submodule \"half\"]\n\tpath = half\n";
        let wanted = [("../../out", "https://example.com/x"), ("vendor/lib", "../lib.git")];
        let parsed = parse(list);
        let found: Vec<_> = parsed
            .iter()
            .map(|(path, url)| (path.to_str().expect("text"), url.as_str()))
            .collect();
        assert_eq!(found, wanted);
        assert!(parse("[broken").is_empty());
    }
}
