//! What goes over the wire: requests, responses and stream items, shared with the command line.
//!
//! Times are RFC 3339. A stream is server-sent events: `id:` is [`StreamEvent::seq`], `data:` one
//! JSON object. No value of a project's environment is ever part of any of these.

use compose_core::engine::LogStream;
use compose_core::event::{Subject, Verb};
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

/// What a token allows; each role may do what the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Look.
    Viewer,
    /// Deploy, roll back, stop, set variables.
    Deployer,
    /// Register projects, give and take tokens, see the webhook's secret.
    Admin,
}

impl Role {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Deployer => "deployer",
            Self::Admin => "admin",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "viewer" => Ok(Self::Viewer),
            "deployer" => Ok(Self::Deployer),
            "admin" => Ok(Self::Admin),
            other => Err(format!("{other:?} is no role: viewer, deployer or admin")),
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// `POST /v1/tokens`: a token for a person or a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    /// Whom it is for.
    pub subject: String,
    /// What it allows.
    pub role: Role,
    /// Seconds until it expires; 30 days when absent, ten years at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
}

/// The answer to [`TokenRequest`]: the only time that the token itself is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenCreated {
    /// The token, for `Authorization: Bearer`.
    pub token: String,
    /// What is known about it from now on.
    #[serde(flatten)]
    pub info: TokenInfo,
}

/// `GET /v1/tokens`: one token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenInfo {
    /// Its id, by which `DELETE /v1/tokens/{id}` revokes it.
    pub id: String,
    /// Whom it is for.
    pub subject: String,
    /// What it allows.
    pub role: Role,
    /// When it was made.
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it ends.
    #[serde(with = "rfc3339")]
    pub expires_at: OffsetDateTime,
    /// It was revoked.
    pub revoked: bool,
}

/// `POST /v1/users`: lets a person in, or onto another machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserRequest {
    /// The person's name: letters, digits, `.`, `_`, `-` and `@`, beginning with a letter or digit, at most 63.
    pub name: String,
    /// What the person may do.
    pub role: Role,
}

/// The answer to [`UserRequest`]: the only time that the code is shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserInvited {
    /// The person's name.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// The code that the person shows once, to `POST /v1/join`.
    pub code: String,
    /// When the code ends.
    #[serde(with = "rfc3339")]
    pub expires_at: OffsetDateTime,
}

impl std::fmt::Debug for UserInvited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "UserInvited({}, {})", self.name, self.role)
    }
}

/// `GET /v1/users`: one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserInfo {
    /// The person's name.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// When the person was let in first.
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    /// How many tokens hold that the person has or made.
    pub tokens: u64,
    /// Until when a code may be used that was not used yet.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "rfc3339::option")]
    pub invited_until: Option<OffsetDateTime>,
}

/// `POST /v1/join`: a code for a token; answered by [`TokenCreated`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinRequest {
    /// The person's name.
    pub name: String,
    /// The code.
    pub code: String,
}

impl std::fmt::Debug for JoinRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "JoinRequest({})", self.name)
    }
}

/// `PUT /v1/projects/{p}`: where a project comes from. Saying the same again changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectRegistration {
    /// The repository: https, ssh, `file://` or an absolute path.
    pub url: String,
    /// The branch that is deployed.
    pub branch: String,
    /// The folder of `inertia.toml` in the repository; empty for its root.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The fingerprint of the SSH host key that is accepted from now on, `SHA256:…`. Without it, the first key that the
    /// host shows is remembered, and any other refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_key: Option<String>,
}

/// `GET /v1/projects/{p}/repository`: whether the daemon can read the repository now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryReport {
    /// The repository.
    pub url: String,
    /// The branch that is deployed.
    pub branch: String,
    /// The commit that the branch leads to; `None` when there is a problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// The fingerprint of the key that its host showed, where it is reached over SSH.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_key: Option<String>,
    /// Why it cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<RepositoryProblem>,
}

/// Why a repository cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryProblem {
    /// A stable identifier: `unreachable`, `key-refused`, `repository-not-found`, `repository-private`,
    /// `host-key-changed`, `certificate-untrusted`, `repository-empty`, `branch-not-found`, `interrupted` or `unreadable`.
    pub code: String,
    /// What is wrong.
    pub detail: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// A registered project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectInfo {
    /// Its name, as in `inertia.toml`.
    pub name: String,
    /// The repository.
    pub url: String,
    /// The branch that is deployed.
    pub branch: String,
    /// The folder in the repository.
    pub path: String,
    /// The public half of the key that may read the repository: `ssh-ed25519 …`.
    pub deploy_key: String,
    /// Where the git host sends its webhooks, as the caller reaches the daemon.
    pub webhook_url: String,
    /// The webhook's secret; only administrators see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_secret: Option<String>,
    /// When the git host's first signed delivery came; until then the daemon looks for commits by itself.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "rfc3339::option")]
    pub webhook_seen: Option<OffsetDateTime>,
    /// When it was registered.
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
}

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
    /// It did not come to run, and no earlier release was disturbed or there was none.
    Failed,
    /// It did not come to run, and the previous release was put back.
    RolledBack,
    /// A newer push took its place before it began.
    Superseded,
    /// Someone called it off.
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

/// The answer to a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookAnswer {
    /// The deployment that was queued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// Why none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
}

/// `POST /v1/projects/{p}/down`: answered when it is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DownRequest {
    /// Named and anonymous volumes go too, and with them the data.
    #[serde(default)]
    pub volumes: bool,
}

/// `POST /v1/projects/{p}/restart`: answered when it is done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestartRequest {
    /// Which services; all when empty.
    #[serde(default)]
    pub services: Vec<String>,
}

/// The answer to `down` and `restart`: what was done, as the events of a deployment would tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// What happened, in order.
    pub events: Vec<EventBody>,
}

/// One item of a deployment's event stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamEvent {
    /// Its number in the deployment, from 1; `Last-Event-ID` continues after it.
    pub seq: u64,
    /// When it happened.
    #[serde(with = "rfc3339")]
    pub at: OffsetDateTime,
    /// What happened.
    pub event: EventBody,
}

/// What happened. After a final `state` the stream ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventBody {
    /// The deployment entered a state.
    State {
        /// Which.
        state: DeploymentState,
        /// Why, where that needs a reason.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Something a person wants to know: the commit that was found, what is waited for.
    Note {
        /// One sentence.
        message: String,
    },
    /// Something that does not stop anything but that a person should know.
    Warning {
        /// One sentence.
        message: String,
    },
    /// A step of a plan changed its state.
    Step {
        /// What the step is about.
        subject: Subject,
        /// What it does to it.
        verb: Verb,
        /// How far it is.
        phase: StepPhase,
    },
    /// A pull says how far it is.
    Pull {
        /// The image.
        image: String,
        /// The layer, where it is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        layer: Option<String>,
        /// The engine's words.
        status: String,
    },
    /// A build says something.
    Build {
        /// The service whose image it is.
        service: String,
        /// What kind of line.
        kind: BuildLine,
        /// What it says.
        text: String,
    },
    /// A container wrote a line: hooks, or the last words of a failed one.
    Output {
        /// The service.
        service: String,
        /// The container's name.
        container: String,
        /// Which output.
        stream: LogStream,
        /// The line, without its end.
        line: String,
    },
}

/// How far a step is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum StepPhase {
    /// It began.
    Started,
    /// It is done.
    Done {
        /// How long it took, in milliseconds.
        took_ms: u64,
    },
    /// There was nothing to do.
    UpToDate,
    /// It failed.
    Failed {
        /// Why.
        message: String,
    },
    /// It was not tried, since something before it failed.
    Skipped,
}

/// What kind of line a build wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BuildLine {
    /// A step begins.
    Step,
    /// Output of a step.
    Line,
    /// A step came from the cache.
    Cached,
}

/// `GET /v1/projects/{p}/status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectStatus {
    /// The project.
    pub project: String,
    /// The release that runs, or ran last.
    pub current: Option<Deployment>,
    /// The deployment that is under way.
    pub running: Option<Deployment>,
    /// How many wait behind it.
    pub waiting: u64,
    /// The containers.
    pub containers: Vec<ContainerInfo>,
    /// The volumes that go when it is taken down with them.
    #[serde(default)]
    pub volumes: Vec<String>,
}

/// `GET /v1/projects/{p}/ps`: one container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerInfo {
    /// The engine's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The service it belongs to.
    pub service: String,
    /// The image it was made from.
    pub image: String,
    /// `running`, `exited`, `restarting`, …
    pub state: String,
    /// The engine's sentence: `Up 5 minutes (healthy)`.
    pub status: String,
    /// Published ports: `127.0.0.1:8080->80/tcp`.
    pub ports: Vec<String>,
}

/// `GET /v1/projects/{p}/plan?ref=`: what a deployment would do, without doing it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanReport {
    /// The commit that would be deployed.
    pub commit: String,
    /// There is something to do.
    pub changes: bool,
    /// The plan's canonical text, one line per action with its reason.
    pub text: String,
}

/// One line of `GET /v1/projects/{p}/logs?service=&follow=&tail=&since=`, as the `data:` of a server-sent event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// The service.
    pub service: String,
    /// The container's name.
    pub container: String,
    /// Which output.
    pub stream: LogStream,
    /// The line, without its end.
    pub line: String,
}

/// `GET /v1/projects/{p}/env`: one variable; its value never comes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvEntry {
    /// Its name.
    pub key: String,
    /// How often it was set.
    pub version: u64,
    /// When it was set last.
    #[serde(with = "rfc3339")]
    pub updated_at: OffsetDateTime,
}

/// `PUT /v1/projects/{p}/env/{key}`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvValue {
    /// The value; it takes effect with the next deployment.
    pub value: String,
}

impl std::fmt::Debug for EnvValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EnvValue(…)")
    }
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
