//! GitHub: `X-Hub-Signature-256` over the body.

use super::signature::is_hmac;
use super::{Provider, PushPayload, Report, header};
use axum::http::HeaderMap;
use serde_json::Value;

pub(super) struct Github;

impl Provider for Github {
    fn name(&self) -> &'static str {
        "github"
    }

    fn recognises(&self, headers: &HeaderMap) -> bool {
        headers.contains_key("x-github-event")
    }

    fn verifies(&self, headers: &HeaderMap, body: &[u8], secret: &str) -> bool {
        let signature = header(headers, "x-hub-signature-256").and_then(|value| value.strip_prefix("sha256="));
        signature.is_some_and(|signature| is_hmac(signature, body, secret))
    }

    fn is_signed(&self, headers: &HeaderMap, _secret: &str) -> bool {
        headers.contains_key("x-hub-signature-256")
    }

    fn delivery<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        header(headers, "x-github-delivery")
    }

    fn read(&self, headers: &HeaderMap, payload: &Value) -> Report {
        match header(headers, "x-github-event") {
            Some("push") => PushPayload::report(payload),
            other => Report::Other(format!("the event is {}, and only push deploys", other.unwrap_or("unknown"))),
        }
    }
}
