//! Projects: where they come from, what of them runs, and what is done to them beside deploying.

use super::deployments::Deployment;
use super::events::EventBody;
use compose_core::engine::LogStream;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::serde::rfc3339;

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
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// When the git host first reported a push, signed; until then the daemon looks for commits by itself.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "rfc3339::option")]
    pub webhook_seen: Option<OffsetDateTime>,
    /// When it was registered.
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
}

impl std::fmt::Debug for ProjectInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ProjectInfo({}, {} of {})", self.name, self.branch, self.url)
    }
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

/// That a project is down by someone's word, until somebody deploys it or puts a release back: pushes are not deployed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DownInfo {
    /// Since when.
    #[serde(with = "rfc3339")]
    pub since: OffsetDateTime,
    /// The commit of the last push that was not deployed meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
}

/// `GET /v1/projects/{p}/status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectStatus {
    /// The project.
    pub project: String,
    /// That it is down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down: Option<DownInfo>,
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
    /// What differs from what is wanted and a deployment leaves as it is, such as volumes with their data.
    #[serde(default)]
    pub differs: Vec<String>,
    /// What else was noticed.
    #[serde(default)]
    pub warnings: Vec<String>,
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

/// The longest value of a variable, in bytes.
pub const LONGEST_VALUE: usize = 128 * 1024;

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
