//! Reading requests so that whatever is wrong with them is answered as a problem.

use crate::problem::ApiError;
use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

/// How large the body of a request of the API may be.
const LARGEST_BODY: usize = 1024 * 1024;

/// A body that is JSON; an absent one counts as `{}`.
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let bytes = read(request, LARGEST_BODY).await?;
        let bad = |what: &str| {
            let detail = format!("the body is not what is expected: {what}");
            ApiError::new(StatusCode::BAD_REQUEST, "bad-body", detail)
        };
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        if !text.trim_ascii_start().starts_with(b"{") {
            return Err(bad("it is no JSON object"));
        }
        serde_json::from_slice(text).map(Self).map_err(|error| bad(&error.to_string()))
    }
}

/// The bytes of a body, unless they are too many.
pub(super) async fn read(request: Request, limit: usize) -> Result<Bytes, ApiError> {
    let too_large = || {
        let detail = format!("the body is larger than {limit} bytes");
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", detail)
    };
    let announced = request
        .headers()
        .get(axum::http::header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    match to_bytes(request.into_body(), limit).await {
        Ok(bytes) => Ok(bytes),
        Err(error) if is_limit(&error) => Err(too_large()),
        Err(_) => Err(ApiError::new(StatusCode::BAD_REQUEST, "bad-body", "the body did not arrive whole")),
    }
}

fn is_limit(error: &axum::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(found) = cause {
        if found.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        cause = found.source();
    }
    false
}

/// The variable parts of a path.
pub(super) struct At<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for At<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(found)) => Ok(Self(found)),
            Err(_) => Err(crate::problem::no_such_path(parts.uri.clone()).await),
        }
    }
}

/// What stands after the question mark.
pub(super) struct Params<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(found)) => Ok(Self(found)),
            Err(rejection) => Err(ApiError::new(StatusCode::BAD_REQUEST, "bad-query", rejection.body_text())),
        }
    }
}
