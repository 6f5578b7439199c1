//! What containers mount of a repository: copies named by their content for what is only read, one
//! persistent folder per path for what is written.
//!
//! A running container never sees bytes of a deployment that is under way or failed, and its mount
//! changes exactly when the content does.

mod beneath;
mod contents;
mod install;
mod own;
mod place;

pub(crate) use contents::collect_garbage;
pub(crate) use own::OwnFolder;
pub(super) use own::named;
pub(crate) use place::{Placed, place};

use crate::daemon::git::advice;
use std::io;
use std::path::{Path, PathBuf};

/// Why files could not be placed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FilesError {
    /// A file cannot be read or written.
    #[error("cannot write {}: {source}{}", path.display(), advice(source))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The project names something that it must not see.
    #[error("{what} leads to {}, into the daemon's own folder: keep it in the repository, or elsewhere on the server", path.display())]
    OwnFolder {
        /// What of the project leads there.
        what: String,
        /// The path.
        path: PathBuf,
    },
    /// The project joins the container in which the daemon lives.
    #[error("{what} joins the daemon's own container, which holds every project's secrets: name another container")]
    OwnContainer {
        /// What of the project joins it.
        what: String,
    },
}

impl FilesError {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}
