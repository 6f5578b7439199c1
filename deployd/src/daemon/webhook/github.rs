//! GitHub: `X-Hub-Signature-256` over the body.

use super::signature::{is_hmac, may_be_hmac};
use super::{Provider, PushPayload, Report, header};
use axum::http::HeaderMap;
use serde_json::Value;

pub(super) struct Github;

fn signature(headers: &HeaderMap) -> Option<&str> {
    header(headers, "x-hub-signature-256")?.strip_prefix("sha256=")
}

impl Provider for Github {
    fn name(&self) -> &'static str {
        "github"
    }

    fn recognises(&self, headers: &HeaderMap) -> bool {
        headers.contains_key("x-github-event")
    }

    fn verifies(&self, headers: &HeaderMap, body: &[u8], secret: &str) -> bool {
        signature(headers).is_some_and(|signature| is_hmac(signature, body, secret))
    }

    fn is_signed(&self, headers: &HeaderMap, _secret: &str) -> bool {
        signature(headers).is_some_and(may_be_hmac)
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
