//! What a project mounts and nobody has: the engine would make an empty folder of it without a word.

use compose_core::labels::GrantedKind;
use compose_core::model::Mount;
use std::path::{Path, PathBuf};

/// Something that is to be mounted and is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Missing {
    /// A path of the repository that git does not hold, and that nobody put on the server.
    #[error(
        "service {service} mounts ./{}, and git does not hold it: commit it (a .gitignore may leave it out), or put it on the server as {}; \
         otherwise the container would find an empty folder there",
        path.display(), on_server.display()
    )]
    OfRepository {
        /// Who mounts it.
        service: String,
        /// Its path in the repository.
        path: PathBuf,
        /// Where it is looked for on the server.
        on_server: PathBuf,
    },
    /// A folder of the host that is not to be made.
    #[error(
        "service {service} mounts {}, which is not on the server, and `create_host_path: false` says not to make it: make it there",
        path.display()
    )]
    OfHost {
        /// Who mounts it.
        service: String,
        /// Its path on the server.
        path: PathBuf,
    },
    /// The file of a secret or config.
    #[error(
        "service {service} is granted the {} {key}, and its file is neither in git nor on the server: commit it, or put it on the server as {}",
        kind.as_str(), on_server.display()
    )]
    Granted {
        /// Who is granted it.
        service: String,
        /// A secret or a config.
        kind: GrantedKind,
        /// Its key.
        key: String,
        /// Where it is looked for on the server.
        on_server: PathBuf,
    },
}

/// An empty folder that a container finds where a file was meant; it may be meant so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "service {service} mounts {} at {target}, where {}: the container finds an empty folder",
    path.display(), if *made { "the server has nothing" } else { "the server has an empty folder" }
)]
pub(crate) struct EmptyFolder {
    /// Who mounts it.
    pub(super) service: String,
    /// What is mounted.
    pub(super) path: PathBuf,
    /// Where to.
    pub(super) target: String,
    /// The engine will make it.
    pub(super) made: bool,
}

/// What an untracked source of a mount is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A file, by its name or its target's.
    File,
    /// A folder that the service only reads.
    Read,
    /// A folder that has to be there already.
    Present,
    /// A folder that the service fills itself.
    Filled,
}

impl Purpose {
    /// The purpose of a mount of this source.
    pub(super) fn of(mount: &Mount, source: &Path) -> Self {
        if names_a_file(source) || names_a_file(Path::new(&mount.target)) {
            Self::File
        } else if mount.read_only {
            Self::Read
        } else if mount.bind.as_ref().is_some_and(|bind| !bind.create_host_path) {
            Self::Present
        } else {
            Self::Filled
        }
    }
}

/// Whether a path looks like one of a file: its name has an extension. `conf.d` and `v1.2` are names of folders.
fn names_a_file(path: &Path) -> bool {
    if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return false;
    }
    match path.extension().and_then(|extension| extension.to_str()) {
        Some(extension) => {
            extension != "d"
                && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
                && !extension.bytes().all(|byte| byte.is_ascii_digit())
        }
        None => path.file_name().is_some_and(|name| name == ".env"),
    }
}

/// Whether there is a folder with nothing in it.
pub(super) fn is_empty_folder(path: &Path) -> bool {
    std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_extensions_and_folders_have_none() {
        for file in ["app.conf", "a/b.json", "/etc/app.yaml", ".env", ".env.local", "db.sqlite3", "x.pem"] {
            assert!(names_a_file(Path::new(file)), "{file}");
        }
        for folder in [
            "data",
            "conf.d",
            "v1.2",
            ".data",
            "a.b/data",
            "/var/lib/postgresql/16.3",
            "",
            "x.conf/",
            "..",
            "a.",
        ] {
            assert!(!names_a_file(Path::new(folder)), "{folder}");
        }
    }
}
