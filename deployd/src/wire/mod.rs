//! What goes over the wire: requests, responses and stream items, shared with the command line.
//!
//! Times are RFC 3339. A stream is server-sent events: `id:` is [`StreamEvent::seq`], `data:` one
//! JSON object. No value of a project's environment is ever part of any of these.

mod deployments;
mod events;
mod people;
mod projects;

pub use deployments::{Deployment, DeploymentAccepted, DeploymentRequest, DeploymentState, RollbackRequest, Trigger};
pub use events::{BuildLine, EventBody, StepPhase, StreamEvent};
pub use people::{JoinRequest, Role, TokenCreated, TokenInfo, TokenRequest, UserInfo, UserInvited, UserRequest};
pub use projects::{
    ContainerInfo, Done, DownRequest, EnvEntry, EnvValue, LogLine, PlanReport, ProjectInfo, ProjectRegistration, ProjectStatus,
    RepositoryProblem, RepositoryReport, RestartRequest, WebhookAnswer,
};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::serde::rfc3339;

/// The file in the state folder that holds the first administrator's token, mode 0600.
pub const ADMIN_TOKEN_FILE: &str = "admin.token";
/// The file in the state folder that holds the pin: lower-case hex SHA-256 of the certificate's `SubjectPublicKeyInfo`.
pub const PIN_FILE: &str = "cert.sha256";
/// The file in the state folder that holds the daemon's address, `https://HOST:PORT`.
pub const ADDRESS_FILE: &str = "address";
/// The media type of errors.
pub const PROBLEM_TYPE: &str = "application/problem+json";

/// `GET /`: who answers, without authentication.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerInfo {
    /// `inertia`.
    pub name: String,
    /// The daemon's version.
    pub version: String,
    /// The newest API it speaks: `v1`.
    pub api: String,
}

/// `GET /v1/audit`: who did what, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its number.
    pub id: u64,
    /// When.
    #[serde(with = "rfc3339")]
    pub at: OffsetDateTime,
    /// The token's subject, or `webhook:PROVIDER`.
    pub actor: String,
    /// What was done: `env.set`, `project.put`, `deployment.create`, …
    pub action: String,
    /// The project it was done to.
    pub project: Option<String>,
    /// To what exactly: a key, a number; never a value.
    pub detail: Option<String>,
}

/// An error, as RFC 9457 has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// `about:blank`: [`Problem::code`] says which kind.
    #[serde(rename = "type")]
    pub kind: String,
    /// The HTTP status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// A stable identifier of the kind of error: `project-not-found`.
    pub code: String,
    /// What failed and why.
    pub detail: String,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}
