//! What client and far end say to each other.

use serde::{Deserialize, Serialize};

/// What the daemon is to be like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InstallRequest {
    /// The port on the server; that of an existing daemon, or 8081, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u16>,
    /// The home folder of the person who connects.
    pub(crate) home: String,
    /// An image to pull instead of making one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) image: Option<String>,
    /// An existing daemon that was made from a pulled image goes on being made from it.
    #[serde(default)]
    pub(crate) keep_image: bool,
    /// An older daemon may take the place of a newer one.
    #[serde(default)]
    pub(crate) allow_downgrade: bool,
}

/// What is to be taken away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RemoveRequest {
    /// The state folder too.
    pub(crate) data: bool,
    /// The home folder of the person who connects: the state is there when no daemon tells where.
    #[serde(default)]
    pub(crate) home: String,
}

/// One line from the far end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "word", rename_all = "snake_case")]
pub(crate) enum Word {
    /// Something begins.
    Step {
        /// What.
        name: String,
    },
    /// Something that the person has to know.
    Warning {
        /// What.
        message: String,
    },
    /// The daemon runs.
    Installed(Installed),
    /// The daemon is gone.
    Removed(Removed),
    /// What is there.
    Inspected(Inspection),
    /// It did not work.
    Failed {
        /// Why.
        message: String,
        /// What to do.
        hints: Vec<String>,
    },
}

/// A daemon that is gone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Removed {
    /// There was a daemon.
    pub(crate) found: bool,
    /// The state folder, where it stayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<String>,
    /// The state folder, where it was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) erased: Option<String>,
}

/// A daemon that runs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Installed {
    /// What was done to get there.
    pub(crate) outcome: Outcome,
    /// The port on the server.
    pub(crate) port: u16,
    /// Where it keeps its state.
    pub(crate) state: String,
    /// SHA-256 of its certificate's public key.
    pub(crate) pin: String,
    /// An administrator's token.
    pub(crate) token: String,
    /// The engine's version.
    pub(crate) engine: String,
}

impl std::fmt::Debug for Installed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Installed")
            .field("outcome", &self.outcome)
            .field("port", &self.port)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// What is on a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Inspection {
    /// The engine's version.
    pub(crate) engine: String,
    /// The version of its API that was agreed on.
    pub(crate) api: String,
    /// The daemon's container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) daemon: Option<DaemonSeen>,
}

/// A daemon's container, as its engine sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DaemonSeen {
    /// It runs.
    pub(crate) running: bool,
    /// In the engine's words: `Up 3 days`.
    pub(crate) status: String,
    /// Its image.
    pub(crate) image: String,
    /// SHA-256 of its certificate's public key, where it can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pin: Option<String>,
}

/// What became of the daemon's container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// There was none.
    Created,
    /// It was as it should be.
    LeftAlone,
    /// It was as it should be, and did not run.
    Started,
    /// It was another one.
    Replaced,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_not_shown() {
        let installed = Installed {
            outcome: Outcome::Created,
            port: 1,
            state: "/s".into(),
            pin: "p".into(),
            token: "secret".into(),
            engine: "20.10".into(),
        };
        assert!(!format!("{:?}", Word::Installed(installed.clone())).contains("secret"));
        let line = serde_json::to_string(&Word::Installed(installed.clone())).expect("written");
        assert_eq!(serde_json::from_str::<Word>(&line).expect("read"), Word::Installed(installed));
    }
}
