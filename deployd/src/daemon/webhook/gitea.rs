//! Gitea and Forgejo: `X-Gitea-Signature` (or `X-Forgejo-Signature`) over the body, without a prefix.

use super::signature::{is_hmac, may_be_hmac};
use super::{Provider, PushPayload, Report, header};
use axum::http::HeaderMap;
use serde_json::Value;

pub(super) struct Gitea;

fn either<'a>(headers: &'a HeaderMap, what: &str) -> Option<&'a str> {
    ["gitea", "forgejo", "gogs"]
        .iter()
        .find_map(|name| header(headers, &format!("x-{name}-{what}")))
}

impl Provider for Gitea {
    fn name(&self) -> &'static str {
        "gitea"
    }

    fn recognises(&self, headers: &HeaderMap) -> bool {
        either(headers, "event").is_some()
    }

    fn verifies(&self, headers: &HeaderMap, body: &[u8], secret: &str) -> bool {
        either(headers, "signature").is_some_and(|signature| is_hmac(signature, body, secret))
    }

    fn is_signed(&self, headers: &HeaderMap, _secret: &str) -> bool {
        either(headers, "signature").is_some_and(may_be_hmac)
    }

    fn delivery<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        either(headers, "delivery")
    }

    fn read(&self, headers: &HeaderMap, payload: &Value) -> Report {
        match either(headers, "event") {
            Some("push") => PushPayload::report(payload),
            other => Report::Other(format!("the event is {}, and only push deploys", other.unwrap_or("unknown"))),
        }
    }
}
