//! What can go wrong between us and an engine.

use std::path::PathBuf;

/// A request that the engine did not fulfil.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// Nothing listens on the engine's socket.
    #[error("no container engine answers on {}", socket.display())]
    Unreachable {
        /// The socket.
        socket: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The socket may not be opened.
    #[error("no permission to use the container engine's socket {}", socket.display())]
    PermissionDenied {
        /// The socket.
        socket: PathBuf,
    },
    /// The engine's API is older than [`super::ApiVersion::OLDEST`].
    #[error("the engine speaks API {found}, and {oldest} or newer is needed (Docker Engine 20.10)")]
    TooOld {
        /// What the engine speaks at most.
        found: String,
        /// What is needed.
        oldest: super::ApiVersion,
    },
    /// The address of the engine is of a kind that is not supported.
    #[error("{address} is no address of an engine that can be used: {reason}")]
    Address {
        /// The address.
        address: String,
        /// Why not.
        reason: String,
    },
    /// Text that cannot be the name or id of anything.
    #[error("`{name}` cannot be the name of a {kind}")]
    Name {
        /// Of what: `container`, `image`, …
        kind: &'static str,
        /// The text.
        name: String,
    },
    /// The engine refused.
    #[error("{attempt}: {message}")]
    Refused {
        /// What was tried: `create container shop-web-1`.
        attempt: String,
        /// The HTTP status.
        status: u16,
        /// The engine's sentence.
        message: String,
    },
    /// A build or a pull failed after it had begun.
    #[error("{attempt}: {message}")]
    Failed {
        /// What was tried.
        attempt: String,
        /// The engine's sentence.
        message: String,
    },
    /// The connection broke, or the answer was not understood.
    #[error("{attempt}: {message}")]
    Transport {
        /// What was tried.
        attempt: String,
        /// What went wrong.
        message: String,
    },
    /// A file that is sent to the engine could not be read.
    #[error("cannot read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The files of a build cannot be sent.
    #[error(transparent)]
    Context(#[from] crate::build::context::ContextError),
    /// The credentials of a registry cannot be had.
    #[error(transparent)]
    Credentials(#[from] super::CredentialsError),
    /// The engine's API is too old for something the project asks for.
    #[error("{what} needs engine API {needed}, this engine speaks {found}")]
    Unsupported {
        /// The attribute.
        what: String,
        /// The API that has it.
        needed: super::ApiVersion,
        /// The API that was agreed on.
        found: super::ApiVersion,
    },
}

impl EngineError {
    /// The HTTP status, where the engine refused.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }
}
