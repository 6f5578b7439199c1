//! Webhooks: is it from whom it says, and is there something to deploy?

mod bitbucket;
mod gitea;
mod github;
mod gitlab;
mod signature;

use crate::daemon::store::Settled;
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::Value;

/// A kind of git host, as far as its webhooks differ from others'.
trait Provider {
    /// Its name: `github`.
    fn name(&self) -> &'static str;
    /// Whether a request looks like one of its own.
    fn recognises(&self, headers: &HeaderMap) -> bool;
    /// Whether the request was made with the secret; compared in constant time over the raw body.
    fn verifies(&self, headers: &HeaderMap, body: &[u8], secret: &str) -> bool;
    /// Whether the headers hold what the verification needs, and are right as far as they alone can be; looked at before
    /// the body is read.
    fn is_signed(&self, headers: &HeaderMap, secret: &str) -> bool;
    /// The id of this delivery, where the host gives one.
    fn delivery<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str>;
    /// What it reports. Only called once the request is verified.
    fn read(&self, headers: &HeaderMap, payload: &Value) -> Report;
}

/// More specific ones first: Gitea sends GitHub's headers too.
const PROVIDERS: [&dyn Provider; 4] = [&gitea::Gitea, &gitlab::Gitlab, &bitbucket::Bitbucket, &github::Github];

/// What a webhook reports.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Report {
    /// Branches were pushed to, all at once; at least one.
    Pushes(Vec<Push>),
    /// Something else; why nothing is deployed.
    Other(String),
    /// The payload is not what the host sends.
    Malformed(&'static str),
}

/// A push to a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Push {
    /// The branch.
    branch: String,
    /// The commit that it led to before, where the host says so.
    before: Option<String>,
    /// The commit that it leads to now; `None` when it was deleted.
    after: Option<String>,
    /// Every path that changed, where the host says so completely.
    paths: Option<Vec<String>>,
}

/// What to make of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// No kind of host is recognised, or the secret is not the one.
    Refused,
    /// The payload is not what the host sends.
    Malformed(&'static str),
    /// Another event, and which: a git host tries a webhook by one.
    NoPush(String),
    /// A push with nothing to deploy, and why.
    Skip(String),
    /// A push that touches nothing of the project as far as the host says, and what that is.
    Untouched(String),
    /// Deploy this commit.
    Deploy {
        /// The kind of host.
        provider: &'static str,
        /// The commit.
        commit: String,
        /// The delivery's id, where the host gives one.
        delivery: Option<String>,
    },
}

/// What of a repository a project is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    /// The branch.
    pub(crate) branch: &'a str,
    /// The folder; empty for everything.
    pub(crate) path: &'a str,
    /// The release that runs, and what it uses beside the folder.
    pub(crate) settled: Option<&'a Settled>,
}

impl Target<'_> {
    /// Whether a push leaves everything alone that the project uses. What a host lists are the changes since the commit before,
    /// which has to be the one that runs.
    fn is_untouched(&self, push: &Push) -> bool {
        let (Some(paths), Some(settled)) = (&push.paths, self.settled) else {
            return false;
        };
        let under = |path: &str| path.strip_prefix(self.path).is_some_and(|rest| rest.starts_with('/'));
        let concerns = |path: &String| under(path) || settled.uses.concern(path);
        !self.path.is_empty() && push.before.as_ref() == Some(&settled.commit) && !paths.iter().any(concerns)
    }
}

/// Whether a request can be a delivery at all, by its headers: whatever else is sent need not be read.
pub(crate) fn may_be_delivery(headers: &HeaderMap, secret: &str) -> bool {
    let provider = PROVIDERS.into_iter().find(|provider| provider.recognises(headers));
    provider.is_some_and(|provider| provider.is_signed(headers, secret))
}

/// Decides about a request.
pub(crate) fn judge(headers: &HeaderMap, body: &[u8], secret: &str, target: Target<'_>) -> Verdict {
    let provider = PROVIDERS.into_iter().find(|provider| provider.recognises(headers));
    let Some(provider) = provider.filter(|provider| provider.verifies(headers, body, secret)) else {
        return Verdict::Refused;
    };
    let Ok(payload) = serde_json::from_slice::<Value>(body) else {
        return Verdict::Malformed("the body is not JSON; choose the content type application/json where the webhook is set up");
    };
    match provider.read(headers, &payload) {
        Report::Other(reason) => Verdict::NoPush(reason),
        Report::Malformed(reason) => Verdict::Malformed(reason),
        Report::Pushes(pushes) => decide(pushes, target, |commit| Verdict::Deploy {
            provider: provider.name(),
            commit,
            delivery: provider.delivery(headers).map(str::to_owned),
        }),
    }
}

fn decide(mut pushes: Vec<Push>, target: Target<'_>, deploy: impl FnOnce(String) -> Verdict) -> Verdict {
    // Of several changes of one branch the last counts.
    let Some(at) = pushes.iter().rposition(|push| push.branch == target.branch) else {
        let branches: Vec<_> = pushes.iter().map(|push| push.branch.as_str()).collect();
        let branches = match branches.as_slice() {
            [branch] => format!("branch {branch} was"),
            several => format!("branches {} were", several.join(", ")),
        };
        return Verdict::Skip(format!("{branches} pushed to, and {} is deployed", target.branch));
    };
    let push = pushes.swap_remove(at);
    if push.after.is_some() && target.is_untouched(&push) {
        return Verdict::Untouched(format!(
            "nothing under {} has changed, nor anything else that the project uses",
            target.path
        ));
    }
    match push.after {
        Some(commit) => deploy(commit),
        None => Verdict::Skip(format!("branch {} was deleted", push.branch)),
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The branch of a full reference.
fn branch_of(reference: &str) -> Option<&str> {
    reference.strip_prefix("refs/heads/")
}

/// A commit's id, unless it is the all-zero one that stands for none.
fn commit_id(text: &str) -> Option<String> {
    let is_id = text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_id && text.bytes().any(|byte| byte != b'0')).then(|| text.to_ascii_lowercase())
}

/// Hosts shorten the lists of large pushes, each at a number of its own: fewer paths than this are surely all.
const MOST_PATHS: usize = 100;

/// A push as GitHub, GitLab and Gitea tell it.
#[derive(Deserialize)]
struct PushPayload {
    #[serde(rename = "ref")]
    reference: String,
    #[serde(default)]
    before: String,
    after: String,
    #[serde(default)]
    forced: bool,
    #[serde(default)]
    commits: Vec<PushedCommit>,
    #[serde(default)]
    total_commits_count: Option<usize>,
    #[serde(default)]
    total_commits: Option<usize>,
}

#[derive(Deserialize)]
struct PushedCommit {
    #[serde(default)]
    added: Option<Vec<String>>,
    #[serde(default)]
    modified: Option<Vec<String>>,
    #[serde(default)]
    removed: Option<Vec<String>>,
}

impl PushPayload {
    fn report(payload: &Value) -> Report {
        let Ok(push) = Self::deserialize(payload) else {
            return Report::Malformed("the push has no `ref` and `after`");
        };
        let Some(branch) = branch_of(&push.reference) else {
            return Report::Other(format!("{} is no branch", push.reference));
        };
        let is_gone = push.after.bytes().all(|byte| byte == b'0');
        let after = commit_id(&push.after);
        if after.is_none() && !is_gone {
            return Report::Malformed("`after` of the push is no commit");
        }
        Report::Pushes(vec![Push {
            branch: branch.to_owned(),
            before: commit_id(&push.before),
            after,
            paths: push.paths(),
        }])
    }

    /// Hosts list at most so many commits, and a forced push changes more than its commits say.
    fn paths(&self) -> Option<Vec<String>> {
        let listed = self.commits.len();
        let complete = self.total_commits_count.or(self.total_commits).unwrap_or(listed) <= listed;
        if self.forced || !complete || listed == 0 || listed >= 20 {
            return None;
        }
        let mut paths = Vec::new();
        for commit in &self.commits {
            for list in [&commit.added, &commit.modified, &commit.removed] {
                paths.extend(list.as_ref()?.iter().cloned());
            }
        }
        (paths.len() < MOST_PATHS).then_some(paths)
    }
}

#[cfg(test)]
mod tests;
