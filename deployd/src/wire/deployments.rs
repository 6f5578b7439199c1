//! Deployments: asked for, under way and ended.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::serde::rfc3339;

/// How far a deployment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentState {
    /// It waits for its turn.
    Queued,
    /// The commit is fetched and its files are read.
    Fetching,
    /// Images are pulled and built; nothing that runs is touched.
    Building,
    /// Containers are changed and watched.
    Starting,
    /// It runs.
    Healthy,
    /// It did not come to run, and nothing that ran was changed, or nothing ran before: what it had started was removed.
    Failed,
    /// It did not come to run, and the previous release was put back.
    RolledBack,
    /// A newer deployment took its place before it had changed anything.
    Superseded,
    /// Someone called it off, or there was nothing to do.
    Cancelled,
}

impl DeploymentState {
    /// Every state, in the order of a deployment's life.
    pub const ALL: [Self; 9] = [
        Self::Queued,
        Self::Fetching,
        Self::Building,
        Self::Starting,
        Self::Healthy,
        Self::Failed,
        Self::RolledBack,
        Self::Superseded,
        Self::Cancelled,
    ];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Fetching => "fetching",
            Self::Building => "building",
            Self::Starting => "starting",
            Self::Healthy => "healthy",
            Self::Failed => "failed",
            Self::RolledBack => "rolled_back",
            Self::Superseded => "superseded",
            Self::Cancelled => "cancelled",
        }
    }

    /// Nothing more will happen to it.
    pub fn is_final(self) -> bool {
        match self {
            Self::Queued | Self::Fetching | Self::Building | Self::Starting => false,
            Self::Healthy | Self::Failed | Self::RolledBack | Self::Superseded | Self::Cancelled => true,
        }
    }
}

impl std::fmt::Display for DeploymentState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a deployment was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Trigger {
    /// A person or a script asked.
    Manual {
        /// The token's subject.
        by: String,
    },
    /// A git host reported a push.
    Webhook {
        /// Which kind of host: `github`, `gitlab`, …
        provider: String,
    },
    /// The daemon looked and found a new commit.
    Poll,
    /// A person asked for an earlier release.
    Rollback {
        /// The token's subject.
        by: String,
        /// The deployment whose release is put back.
        to: u64,
    },
}

impl Trigger {
    /// Nobody asked for it by name: a commit appeared.
    pub fn is_push(&self) -> bool {
        match self {
            Self::Webhook { .. } | Self::Poll => true,
            Self::Manual { .. } | Self::Rollback { .. } => false,
        }
    }
}

/// One attempt to make a commit run. `history` gives them newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// Its number in the project, from 1.
    pub id: u64,
    /// The project.
    pub project: String,
    /// How far it is.
    pub state: DeploymentState,
    /// What was asked for: a branch, a tag or a commit.
    #[serde(rename = "ref")]
    pub reference: String,
    /// The commit; `None` until it is known.
    pub commit: Option<String>,
    /// The commit's first line; `None` until it was fetched.
    pub message: Option<String>,
    /// Why it was asked for.
    pub trigger: Trigger,
    /// Why it ended as it did, where that needs a reason.
    pub reason: Option<String>,
    /// It is the release that runs, or ran last before `down`.
    pub current: bool,
    /// Its release is kept, so that `rollback` can put it back.
    pub release: bool,
    /// When it was asked for.
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it began.
    #[serde(with = "rfc3339::option")]
    pub started_at: Option<OffsetDateTime>,
    /// When it ended.
    #[serde(with = "rfc3339::option")]
    pub finished_at: Option<OffsetDateTime>,
}

/// `POST /v1/projects/{p}/deployments`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeploymentRequest {
    /// A branch, tag or commit; the registered branch's head when absent.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// `POST /v1/projects/{p}/rollback`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollbackRequest {
    /// The deployment whose release is put back; the one before the current when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
}

/// 202: the deployment that was queued; its events tell the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentAccepted {
    /// Its number in the project.
    pub id: u64,
}
