//! Errors of the API, as RFC 9457 has them: a status, a stable code, a sentence, a next step.

use crate::daemon::own_paths::HomeError;
use crate::daemon::redact::Redactor;
use crate::daemon::state_dir::StateDirError;
use crate::daemon::store::StoreError;
use crate::daemon::vault::VaultError;
use crate::wire::{PROBLEM_TYPE, Problem, Role};
use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use compose_core::apply::ApplyError;
use compose_core::engine::EngineError;
use std::time::Duration;

/// A request that was not fulfilled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    detail: String,
    help: Option<String>,
    retry_after: Option<Duration>,
}

impl ApiError {
    /// An error with a stable code.
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            help: None,
            retry_after: None,
        }
    }

    /// The same error, which will be another answer after so long.
    pub(crate) fn retry_after(mut self, pause: Duration) -> Self {
        self.retry_after = Some(pause);
        self
    }

    /// The same error with a next step.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same error without the values of variables.
    pub(crate) fn cleaned(mut self, redactor: &Redactor) -> Self {
        self.detail = redactor.clean(self.detail);
        self.help = self.help.map(|help| redactor.clean(help));
        self
    }

    /// Nobody this daemon knows asked.
    pub(crate) fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "the request carries no token that this daemon made and that still holds",
        )
        .help("send `Authorization: Bearer TOKEN`; `admin.token` in the daemon's state folder holds one")
    }

    /// Someone known asked for more than they may.
    pub(crate) fn forbidden(has: Role, needs: Role) -> Self {
        let detail = format!("the token's role is {has}, and this needs {needs}");
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail).help(format!(
            "ask an administrator, who gives roles: `inertia NAME user add YOU --role {needs}`"
        ))
    }

    /// There is no such project.
    pub(crate) fn no_project(name: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "project-not-found",
            format!("no project {name:?} is registered here"),
        )
        .help("register it with `inertia NAME init`")
    }

    /// There is no such deployment.
    pub(crate) fn no_deployment(project: &str, id: u64) -> Self {
        let detail = format!("project {project} has no deployment {id}");
        Self::new(StatusCode::NOT_FOUND, "deployment-not-found", detail).help("see `inertia NAME history`")
    }

    /// What was sent makes no sense.
    pub(crate) fn invalid(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    /// It cannot be done now.
    pub(crate) fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// Something is wrong with the daemon itself: told to its log, not to the caller.
    pub(crate) fn internal(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the daemon could not do this; its log says why",
        )
        .help("see `inertia NAME logs --daemon`")
    }

    /// There is no room to write down what was asked for.
    fn disk_full(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "the disk is full");
        Self::new(
            StatusCode::INSUFFICIENT_STORAGE,
            "disk-full",
            "the disk that holds the daemon's state folder is full, so that this could not be written down; nothing was changed",
        )
        .help("make room on the server, of images and containers that nobody needs above all")
    }

    fn body(&self) -> Problem {
        Problem {
            kind: "about:blank".to_owned(),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            code: self.code.to_owned(),
            detail: self.detail.clone(),
            help: self.help.clone(),
        }
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, axum::Json(self.body())).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_TYPE));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(pause) = self.retry_after {
            let seconds = pause.as_secs() + u64::from(pause.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        if error.is_for_want_of_room() {
            return Self::disk_full(error);
        }
        Self::internal(error)
    }
}

impl From<VaultError> for ApiError {
    fn from(error: VaultError) -> Self {
        Self::internal(error)
    }
}

impl From<StateDirError> for ApiError {
    fn from(error: StateDirError) -> Self {
        if error.is_for_want_of_room() {
            return Self::disk_full(error);
        }
        Self::internal(error)
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "engine", error.to_string())
    }
}

impl From<HomeError> for ApiError {
    fn from(error: HomeError) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "engine", error.to_string())
    }
}

impl From<ApplyError> for ApiError {
    fn from(error: ApplyError) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "engine", error.to_string())
    }
}

/// Answers requests for paths that do not exist.
pub(crate) async fn no_such_path(uri: Uri) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "no-such-path", format!("there is nothing at {}", uri.path())).help("see /openapi.json")
}

/// Answers requests with a method that a path does not have.
pub(crate) async fn no_such_method(uri: Uri) -> ApiError {
    let detail = format!("{} does not take this method", uri.path());
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail).help("see /openapi.json")
}
