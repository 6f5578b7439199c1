//! What containers mount of a repository: copies named by their content for what is only read, one
//! persistent folder per path for what is written.
//!
//! What git does not hold is a persistent folder too, and stays empty until the service fills it: `./data` or `./uploads`.
//! A file has to come from somewhere. So a source that git does not hold is refused where it is only read, or where its
//! name or its target's is one of a file, unless somebody put it on the server, into the project's `data` folder.
//! What lies elsewhere on the server is the host's affair, as with Docker Compose.
//!
//! A running container never sees bytes of a deployment that is under way or failed, and its mount
//! changes exactly when the content does.

mod beneath;
mod contents;
mod devices;
mod follow;
mod granted;
mod install;
mod missing;
mod own;
mod place;

pub(crate) use contents::collect_garbage;
pub(crate) use follow::{Beneath, OUTSIDE};
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
    /// The daemon would read it for the project, and it is not the project's.
    #[error("{what} leads to {}, out of the repository, where the daemon reads nothing for a project: keep it in the repository", path.display())]
    Outside {
        /// What of the project leads there.
        what: String,
        /// The path.
        path: PathBuf,
    },
    /// The project names the process of whoever opens the path.
    #[error("{what} leads to {}, which is of whichever process opens it: name the process's files from within the container", path.display())]
    OfAProcess {
        /// What of the project leads there.
        what: String,
        /// The path.
        path: PathBuf,
    },
    /// It cannot be told to which folder of the host a volume leads.
    #[error(
        "{what} names a folder by a path that does not begin at the root, so that it leads on from wherever the engine runs: write it from the root, beginning with `/`, without backslashes"
    )]
    UnclearDevice {
        /// Which volume.
        what: String,
    },
    /// A secret or config is nowhere.
    #[error("{what} is {}, which is neither in the repository nor among the files that the project's containers wrote: commit it, or name a path of the server from the root", path.display())]
    Missing {
        /// What of the project.
        what: String,
        /// Its path in the repository.
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
