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

/// What is wrong with an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// It refuses what it should not.
    Unwell,
    /// It is not there, or cannot be spoken to.
    Away,
}

impl EngineError {
    /// What went wrong, without what was tried: for whoever says that already.
    pub fn sentence(&self) -> String {
        match self {
            Self::Refused { message, .. } | Self::Failed { message, .. } | Self::Transport { message, .. } => message.clone(),
            other => match std::error::Error::source(other) {
                Some(source) => format!("{other}: {source}"),
                None => other.to_string(),
            },
        }
    }

    /// What a person can do about it, where the engine's sentence gives it away.
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Unreachable { .. } => {
                Some("start it with `sudo systemctl start docker`, or install it: https://docs.docker.com/engine/install/")
            }
            Self::PermissionDenied { .. } => {
                Some("add yourself to the socket's group: `sudo usermod -aG docker \"$USER\"`, then log in again")
            }
            Self::TooOld { .. } => Some("upgrade the Docker Engine to 20.10 or newer"),
            Self::Refused { message, .. } | Self::Failed { message, .. } => remedy_for(message),
            _ => None,
        }
    }

    /// What is wrong with the engine, where that is why: the same may go well later. What it refuses for a reason that is known
    /// stays refused.
    pub fn trouble(&self) -> Option<Trouble> {
        match self {
            Self::Unreachable { .. } | Self::Transport { .. } | Self::Refused { status: 502..=504, .. } => Some(Trouble::Away),
            Self::Refused {
                status: 500.., message, ..
            } if remedy_for(message).is_none() => Some(Trouble::Unwell),
            _ => None,
        }
    }

    /// The HTTP status, where the engine refused.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }
}

/// The engine tells by sentences alone what it has met; the first that fits decides.
fn remedy_for(sentence: &str) -> Option<&'static str> {
    const REMEDIES: [(&[&str], &str); 6] = [
        (
            &["address already in use", "port is already allocated"],
            "something else on the host has that port (`ss -ltnp` and `docker ps` show who): stop it, or publish another one",
        ),
        (
            &["no space left on device"],
            "free some space on the engine's disk: `docker system df` shows what its images, volumes and build cache take",
        ),
        (
            &[
                "no such host",
                "connection refused",
                "i/o timeout",
                "no route to host",
                "TLS handshake timeout",
            ],
            "the engine does not reach the registry: check the image's name and the network of the engine's host",
        ),
        (
            &[
                "pull access denied",
                "unauthorized",
                "no basic auth credentials",
                "denied: requested access",
            ],
            "check the image's name; a private one needs `docker login REGISTRY` first",
        ),
        (
            &["no matching manifest"],
            "the image is not made for this machine's architecture: choose another tag, or set `platform`",
        ),
        (
            &["manifest unknown", "manifest for", "not found: manifest"],
            "the registry has no such tag: check the image's name",
        ),
    ];
    let fits = |signs: &[&str]| signs.iter().any(|sign| sentence.contains(sign));
    REMEDIES.iter().find(|(signs, _)| fits(signs)).map(|(_, remedy)| *remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_meet_often_comes_with_what_to_do() {
        for (sentence, remedy) in [
            (
                "Error starting userland proxy: listen tcp4 0.0.0.0:80: bind: address already in use",
                Some("another one"),
            ),
            ("Bind for 0.0.0.0:80 failed: port is already allocated", Some("another one")),
            (
                "Get \"https://r.example/v2/\": dial tcp: lookup r.example: no such host",
                Some("reach the registry"),
            ),
            (
                "pull access denied for shop, repository does not exist or may require 'docker login'",
                Some("docker login"),
            ),
            ("manifest for shop:9 not found: manifest unknown", Some("no such tag")),
            (
                "no matching manifest for linux/arm64/v8 in the manifest list entries",
                Some("architecture"),
            ),
            ("write /var/lib/docker/tmp/x: no space left on device", Some("docker system df")),
            ("No such container: x", None),
        ] {
            let error = EngineError::Failed {
                attempt: "pull shop".to_owned(),
                message: sentence.to_owned(),
            };
            let found = error.remedy();
            assert_eq!(found.is_some(), remedy.is_some(), "{sentence}");
            assert!(
                found.zip(remedy).is_none_or(|(found, part)| found.contains(part)),
                "{sentence}: {found:?}"
            );
        }
    }
}
