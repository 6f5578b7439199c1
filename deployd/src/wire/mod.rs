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
    ContainerInfo, Done, DownInfo, DownRequest, EnvEntry, EnvValue, LONGEST_VALUE, LogLine, PlanReport, ProjectInfo, ProjectRegistration,
    ProjectStatus, RepositoryProblem, RepositoryReport, RestartRequest, WebhookAnswer,
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
    /// The address from which it was asked for: the other end of the connection, so that of a proxy where there is one.
    #[serde(default)]
    pub address: Option<String>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_told_by_what_is_written_for_developers() {
        const SECRET: &str = "xyzzy-plugh-42";
        let (secret, now) = (SECRET.to_owned(), OffsetDateTime::UNIX_EPOCH);
        let ann = || "ann".to_owned();
        let token = TokenCreated {
            token: secret.clone(),
            info: TokenInfo {
                id: "1".to_owned(),
                subject: ann(),
                role: Role::Viewer,
                created_at: now,
                expires_at: now,
                revoked: false,
            },
        };
        let invited = UserInvited {
            name: ann(),
            role: Role::Viewer,
            code: secret.clone(),
            expires_at: now,
        };
        let join = JoinRequest {
            name: ann(),
            code: secret.clone(),
        };
        let project = ProjectInfo {
            name: "shop".to_owned(),
            url: "https://example.com/shop".to_owned(),
            branch: "main".to_owned(),
            path: String::new(),
            deploy_key: "ssh-ed25519 AAAA".to_owned(),
            webhook_url: "https://example.com/webhook/shop".to_owned(),
            webhook_secret: Some(secret.clone()),
            webhook_seen: None,
            created_at: now,
        };
        let value = EnvValue { value: secret };
        for text in [
            format!("{token:?}"),
            format!("{invited:?}"),
            format!("{join:?}"),
            format!("{project:?}"),
            format!("{value:?}"),
        ] {
            assert!(!text.contains(SECRET), "{text}");
        }
    }
}
