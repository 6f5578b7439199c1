//! GitLab: the secret itself in `X-Gitlab-Token`.

use super::signature::is_secret;
use super::{Provider, PushPayload, Report, header};
use axum::http::HeaderMap;
use serde_json::Value;

pub(super) struct Gitlab;

impl Provider for Gitlab {
    fn name(&self) -> &'static str {
        "gitlab"
    }

    fn recognises(&self, headers: &HeaderMap) -> bool {
        headers.contains_key("x-gitlab-event")
    }

    fn verifies(&self, headers: &HeaderMap, _body: &[u8], secret: &str) -> bool {
        header(headers, "x-gitlab-token").is_some_and(|token| is_secret(token, secret))
    }

    fn is_signed(&self, headers: &HeaderMap, secret: &str) -> bool {
        self.verifies(headers, &[], secret)
    }

    fn delivery<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        // The first is kept when GitLab sends a delivery again.
        header(headers, "idempotency-key").or_else(|| header(headers, "x-gitlab-event-uuid"))
    }

    fn read(&self, headers: &HeaderMap, payload: &Value) -> Report {
        match header(headers, "x-gitlab-event") {
            Some("Push Hook") => PushPayload::report(payload),
            Some("System Hook") if payload["object_kind"] == "push" => PushPayload::report(payload),
            other => Report::Other(format!("the event is {}, and only Push Hook deploys", other.unwrap_or("unknown"))),
        }
    }
}
