//! The daemon itself: who it is, whether it is well, what it counts.

use super::{Api, get, metrics};
use crate::daemon::Daemon;
use crate::daemon::problem::ApiError;
use crate::wire::ServerInfo;
use axum::Json;
use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};

pub(super) fn routes(api: Api) -> Api {
    api.add(get("/", "Who answers").answers(200, "ServerInfo"), root)
        .add(get("/healthz", "Whether the daemon lives"), healthz)
        .add(
            get(
                "/readyz",
                "Whether the daemon can write its database, has room on its disk and reaches its engine",
            ),
            readyz,
        )
        .add(get("/metrics", "Counters, for Prometheus"), metrics_text)
}

async fn root(State(daemon): State<Daemon>, headers: HeaderMap) -> Response {
    let info = ServerInfo {
        name: "inertia".to_owned(),
        version: daemon.version().to_owned(),
        api: "v1".to_owned(),
    };
    let accepts = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accepts.contains("text/html") {
        page(&info).into_response()
    } else {
        Json(info).into_response()
    }
}

/// What a person sees who opens the address in a browser.
fn page(info: &ServerInfo) -> impl IntoResponse {
    let body = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Inertia</title>\
         <h1>Inertia {}</h1><p>This daemon deploys projects. It is used with the <code>inertia</code> command; \
         its API is described by <a href=\"/openapi.json\">/openapi.json</a>.</p></html>",
        info.version.replace(['<', '&'], "")
    );
    let policy = [
        ("content-security-policy", "default-src 'none'"),
        ("x-content-type-options", "nosniff"),
    ];
    (policy, Html(body))
}

async fn healthz() -> &'static str {
    "ok\n"
}

async fn readyz(State(daemon): State<Daemon>) -> Result<&'static str, ApiError> {
    let obstacles = daemon.readiness().obstacles(&daemon).await;
    if obstacles.is_empty() {
        return Ok("ok\n");
    }
    Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "not-ready", obstacles.join("; ")))
}

async fn metrics_text(State(daemon): State<Daemon>) -> Result<Response, ApiError> {
    let text = metrics::text(&daemon).await?;
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}
