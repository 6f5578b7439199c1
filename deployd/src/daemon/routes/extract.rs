//! Reading requests so that whatever is wrong with them is answered as a problem.

use crate::daemon::problem::ApiError;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use futures::StreamExt as _;
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How large the body of a request of the API may be.
const LARGEST_BODY: usize = 1024 * 1024;
/// How large it may be where nobody knows who sends it.
pub(super) const SMALL_BODY: usize = 4 * 1024;
/// How fast a body has to arrive: who sends a byte now and then is not waited for.
const PACE: Pace = Pace {
    longest: Duration::from_secs(30),
    grace: Duration::from_secs(5),
    bytes_per_second: 16 * 1024,
};

/// How fast a body has to arrive.
#[derive(Clone, Copy)]
struct Pace {
    /// How long it may take as a whole.
    longest: Duration,
    /// How long it may take whatever has come.
    grace: Duration,
    /// How much has to come in every second after that.
    bytes_per_second: usize,
}

impl Pace {
    /// How long after the beginning the next bytes have to be there, when so many have come.
    fn next_within(self, bytes: usize) -> Duration {
        let earned = Duration::from_secs(u64::try_from(bytes / self.bytes_per_second).unwrap_or(u64::MAX));
        self.grace.saturating_add(earned).min(self.longest)
    }
}

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
pub(super) trait Meter {
    /// So many more have come.
    fn take(&mut self, bytes: usize);

    /// Resolves when no more of the body is wanted.
    fn refused(&self) -> impl Future<Output = ApiError> + Send;
}

/// Counts nothing.
impl Meter for () {
    fn take(&mut self, _bytes: usize) {}

    async fn refused(&self) -> ApiError {
        std::future::pending().await
    }
}

/// The bytes of a body, unless they are too many or too slow.
async fn read(request: Request, limit: usize) -> Result<Vec<u8>, ApiError> {
    read_at(PACE, request, limit, &mut ()).await
}

/// The same, each piece of which is counted before it is kept.
pub(super) async fn read_metered(request: Request, limit: usize, meter: &mut impl Meter) -> Result<Vec<u8>, ApiError> {
    read_at(PACE, request, limit, meter).await
}

async fn read_at(pace: Pace, request: Request, limit: usize, meter: &mut impl Meter) -> Result<Vec<u8>, ApiError> {
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
    let begun = Instant::now();
    let mut bytes = Vec::new();
    let mut pieces = request.into_body().into_data_stream();
    loop {
        let piece = tokio::select! {
            biased;
            refused = meter.refused() => return Err(refused),
            piece = timeout_at(begun + pace.next_within(bytes.len()), pieces.next()) => piece.map_err(|_| too_slow())?,
        };
        let Some(piece) = piece else { return Ok(bytes) };
        let piece = piece.map_err(|_| ApiError::new(StatusCode::BAD_REQUEST, "bad-body", "the body did not arrive whole"))?;
        if piece.len() > limit - bytes.len() {
            return Err(too_large());
        }
        meter.take(piece.len());
        bytes.extend_from_slice(&piece);
    }
}

fn too_slow() -> ApiError {
    ApiError::new(StatusCode::REQUEST_TIMEOUT, "body-too-slow", "the body does not arrive fast enough")
        .help("send it again over a faster connection")
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

    const QUICK: Pace = Pace {
        longest: Duration::from_secs(30),
        grace: Duration::from_millis(100),
        bytes_per_second: 1024,
    };

    #[test]
    fn whoever_sent_more_may_take_longer_up_to_a_limit() {
        for (bytes, seconds) in [(0, 5), (16 * 1024 - 1, 5), (16 * 1024, 6), (160 * 1024, 15), (8 * 1024 * 1024, 30)] {
            assert_eq!(PACE.next_within(bytes), Duration::from_secs(seconds), "{bytes}");
        }
    }

    #[tokio::test]
    async fn a_body_that_drips_is_not_waited_for() {
        let drops = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Some((Ok::<_, std::convert::Infallible>("x"), ()))
        });
        let request = Request::new(Body::from_stream(drops));
        let refused = read_at(QUICK, request, 1024, &mut ()).await.expect_err("too slow");
        assert_eq!(refused.into_response().status(), StatusCode::REQUEST_TIMEOUT);
    }

    /// Wants nothing more once something has come.
    struct Full(bool);

    impl Meter for Full {
        fn take(&mut self, _bytes: usize) {
            self.0 = true;
        }

        async fn refused(&self) -> ApiError {
            if !self.0 {
                std::future::pending::<()>().await;
            }
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "")
        }
    }

    #[tokio::test]
    async fn a_body_that_is_not_wanted_any_more_is_not_waited_for() {
        let first = stream::once(async { Ok::<_, std::convert::Infallible>("x") });
        let request = Request::new(Body::from_stream(first.chain(stream::pending())));
        let refused = read_at(PACE, request, 1024, &mut Full(false)).await.expect_err("refused");
        assert_eq!(refused.into_response().status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
