//! Why a request cannot be made of a project.

use super::super::ApiVersion;
use crate::names::{NetworkKey, ServiceName};

/// A service, network or volume that cannot be asked of the engine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{subject}: {problem}")]
pub struct RequestError {
    /// What it is about: `service web`.
    pub subject: String,
    /// Why not.
    #[source]
    pub problem: Problem,
}

/// What is wrong with one attribute.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The engine is too old; without this error it would ignore the attribute.
    #[error("`{attribute}` needs engine API {needed}, this engine speaks {found}")]
    TooOld {
        /// The attribute.
        attribute: String,
        /// The API that has it.
        needed: ApiVersion,
        /// The API that was agreed on.
        found: ApiVersion,
    },
    /// A secret or config that only an orchestrator has.
    #[error("{kind} `{name}` is external, and the engine keeps none; give it a `file`, or a value in `environment`")]
    External {
        /// `secret` or `config`.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// An attribute that only an orchestrator has.
    #[error("`{attribute}` has no meaning outside Swarm")]
    SwarmOnly {
        /// The attribute.
        attribute: String,
    },
    /// A variable that a secret or config is made of is not set.
    #[error("{kind} `{name}` takes its value from the variable `{variable}`, which is not set")]
    Unset {
        /// `secret` or `config`.
        kind: &'static str,
        /// Its key.
        name: String,
        /// The variable.
        variable: String,
    },
    /// A secret or config without a source.
    #[error("{kind} `{name}` has neither a file nor a value")]
    NoSource {
        /// `secret` or `config`.
        kind: &'static str,
        /// Its key.
        name: String,
    },
    /// A value cannot be written into the container.
    #[error("{kind} `{name}` is no file, and a value cannot be written into a container with `read_only: true`; keep it in a `file`")]
    ReadOnlyRoot {
        /// `secret` or `config`.
        kind: &'static str,
        /// Its key.
        name: String,
    },
    /// A service that something is shared with has no container.
    #[error("`{attribute}` refers to service `{service}`, which has no container")]
    NoPeer {
        /// The attribute.
        attribute: String,
        /// The service.
        service: ServiceName,
    },
    /// Two MAC addresses for one endpoint.
    #[error("`mac_address` of the service differs from that of its network `{network}`")]
    MacAddresses {
        /// The network.
        network: NetworkKey,
    },
    /// A value that the engine would not understand.
    #[error("`{attribute}: {value}`: {reason}")]
    Invalid {
        /// The attribute.
        attribute: String,
        /// The value.
        value: String,
        /// Why.
        reason: String,
    },
    /// A file whose content goes into the request.
    #[error("`{attribute}`: cannot read {path}: {reason}")]
    File {
        /// The attribute.
        attribute: String,
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// Something that is not there for this engine.
    #[error("`{attribute}` is not supported: {reason}")]
    NotSupported {
        /// The attribute.
        attribute: String,
        /// Why.
        reason: String,
    },
}

/// Refuses an attribute on engines that would ignore it.
pub(super) fn needs(api: ApiVersion, minor: u32, attribute: impl Into<String>) -> Result<(), Problem> {
    let needed = ApiVersion { major: 1, minor };
    if api >= needed {
        return Ok(());
    }
    Err(Problem::TooOld {
        attribute: attribute.into(),
        needed,
        found: api,
    })
}
