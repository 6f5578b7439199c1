//! Bitbucket, Cloud and Data Center: `X-Hub-Signature` over the body.

use super::signature::{is_hmac, may_be_hmac};
use super::{Provider, Push, Report, branch_of, commit_id, header};
use axum::http::HeaderMap;
use serde_json::Value;

pub(super) struct Bitbucket;

fn signature(headers: &HeaderMap) -> Option<&str> {
    header(headers, "x-hub-signature")?.strip_prefix("sha256=")
}

impl Provider for Bitbucket {
    fn name(&self) -> &'static str {
        "bitbucket"
    }

    fn recognises(&self, headers: &HeaderMap) -> bool {
        headers.contains_key("x-event-key")
    }

    fn verifies(&self, headers: &HeaderMap, body: &[u8], secret: &str) -> bool {
        signature(headers).is_some_and(|signature| is_hmac(signature, body, secret))
    }

    fn is_signed(&self, headers: &HeaderMap, _secret: &str) -> bool {
        signature(headers).is_some_and(may_be_hmac)
    }

    fn delivery<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        header(headers, "x-request-uuid").or_else(|| header(headers, "x-request-id"))
    }

    fn read(&self, headers: &HeaderMap, payload: &Value) -> Report {
        match header(headers, "x-event-key") {
            Some("repo:push") => cloud(payload),
            Some("repo:refs_changed") => data_center(payload),
            other => Report::Other(format!("the event is {}, and only a push deploys", other.unwrap_or("unknown"))),
        }
    }
}

fn report(pushes: Result<Vec<Push>, &'static str>) -> Report {
    match pushes {
        Ok(pushes) if pushes.is_empty() => Report::Other("no branch was pushed to".to_owned()),
        Ok(pushes) => Report::Pushes(pushes),
        Err(reason) => Report::Malformed(reason),
    }
}

fn push(branch: &str, after: Option<&str>) -> Result<Push, &'static str> {
    match after.map(commit_id) {
        Some(None) => Err("the pushed commit has no id"),
        after => Ok(Push {
            branch: branch.to_owned(),
            before: None,
            after: after.flatten(),
            paths: None,
        }),
    }
}

/// `push.changes[].new`, or `old` alone for a deleted branch.
fn cloud(payload: &Value) -> Report {
    let Some(changes) = payload["push"]["changes"].as_array() else {
        return Report::Malformed("the push has no `changes`");
    };
    let of_branch = |change: &&Value| change["new"]["type"] == "branch" || change["old"]["type"] == "branch";
    let pushes = changes.iter().filter(of_branch).map(|change| {
        let name = |of: &str| change[of]["name"].as_str();
        match (name("new"), name("old")) {
            (Some(branch), _) => push(branch, Some(change["new"]["target"]["hash"].as_str().unwrap_or_default())),
            (None, Some(branch)) => push(branch, None),
            (None, None) => Err("the changed branch has no name"),
        }
    });
    report(pushes.collect())
}

/// `changes[].ref.id` and `toHash`.
fn data_center(payload: &Value) -> Report {
    let Some(changes) = payload["changes"].as_array() else {
        return Report::Malformed("the push has no `changes`");
    };
    let branches = changes
        .iter()
        .filter_map(|change| Some((branch_of(change["ref"]["id"].as_str()?)?, change)));
    let pushes = branches.map(|(branch, change)| {
        let after = (change["type"] != "DELETE").then(|| change["toHash"].as_str().unwrap_or_default());
        push(branch, after)
    });
    report(pushes.collect())
}
