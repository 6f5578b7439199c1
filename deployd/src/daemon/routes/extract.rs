//! Reading requests so that whatever is wrong with them is answered as a problem.

use crate::daemon::problem::ApiError;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use futures::StreamExt as _;
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

/// Counts the bytes of a body as they arrive.
pub(super) trait Meter: Send {
    /// So many more have come; an error ends the reading.
    fn take(&mut self, bytes: usize) -> impl Future<Output = Result<(), ApiError>> + Send;
}

/// Counts nothing.
impl Meter for () {
    async fn take(&mut self, _bytes: usize) -> Result<(), ApiError> {
        Ok(())
    }
}

/// The bytes of a body, unless they are too many or too slow.
async fn read(request: Request, limit: usize) -> Result<Vec<u8>, ApiError> {
    read_within(BODY_TIMEOUT, request, limit, &mut ()).await
}

/// The same, each piece of which is counted before it is kept.
pub(super) async fn read_metered(request: Request, limit: usize, meter: &mut impl Meter) -> Result<Vec<u8>, ApiError> {
    read_within(BODY_TIMEOUT, request, limit, meter).await
}

async fn read_within(span: Duration, request: Request, limit: usize, meter: &mut impl Meter) -> Result<Vec<u8>, ApiError> {
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
    let reading = async {
        let mut bytes = Vec::new();
        let mut pieces = request.into_body().into_data_stream();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|_| ApiError::new(StatusCode::BAD_REQUEST, "bad-body", "the body did not arrive whole"))?;
            if piece.len() > limit - bytes.len() {
                return Err(too_large());
            }
            meter.take(piece.len()).await?;
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    };
    timeout(span, reading).await.unwrap_or_else(|_| {
        let detail = format!("the body did not arrive within {} s", span.as_secs());
        Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, "body-too-slow", detail))
    })
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
        let refused = read_within(Duration::from_millis(200), request, 1024, &mut ())
            .await
            .expect_err("too slow");
        assert_eq!(refused.into_response().status(), StatusCode::REQUEST_TIMEOUT);
    }
}
