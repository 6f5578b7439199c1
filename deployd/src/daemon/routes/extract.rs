//! Reading requests so that whatever is wrong with them is answered as a problem.

use crate::daemon::problem::ApiError;
use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::time::timeout;

/// How large the body of a request of the API may be.
const LARGEST_BODY: usize = 1024 * 1024;
/// How large it may be where nobody knows who sends it.
pub(super) const SMALL_BODY: usize = 4 * 1024;
/// How long a body may take to arrive, as a whole: who sends a byte now and then is not waited for.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// A body of at most so many bytes that is JSON; an absent one counts as `{}`.
pub(super) struct Body<T, const LIMIT: usize = LARGEST_BODY>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned, const LIMIT: usize> FromRequest<S> for Body<T, LIMIT> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let bytes = read(request, LIMIT).await?;
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

/// The bytes of a body, unless they are too many or too slow.
pub(super) async fn read(request: Request, limit: usize) -> Result<Bytes, ApiError> {
    read_within(BODY_TIMEOUT, request, limit).await
}

async fn read_within(span: Duration, request: Request, limit: usize) -> Result<Bytes, ApiError> {
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
    match timeout(span, to_bytes(request.into_body(), limit)).await {
        Err(_) => {
            let detail = format!("the body did not arrive within {} s", span.as_secs());
            Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, "body-too-slow", detail))
        }
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_limit(&error) => Err(too_large()),
        Ok(Err(_)) => Err(ApiError::new(StatusCode::BAD_REQUEST, "bad-body", "the body did not arrive whole")),
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
            Err(_) => Err(crate::daemon::problem::no_such_path(parts.uri.clone()).await),
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

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::response::IntoResponse as _;
    use futures::stream;

    #[tokio::test]
    async fn a_body_that_drips_is_not_waited_for() {
        let drops = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Some((Ok::<_, std::convert::Infallible>("x"), ()))
        });
        let request = Request::new(Body::from_stream(drops));
        let refused = read_within(Duration::from_millis(200), request, 1024).await.expect_err("too slow");
        assert_eq!(refused.into_response().status(), StatusCode::REQUEST_TIMEOUT);
    }
}
