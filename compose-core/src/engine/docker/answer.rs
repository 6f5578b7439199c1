//! Reading what the engine answers: bounded, and without minding what it does not know.

use super::super::EngineError;
use super::transport::with_causes;
use bytes::{Bytes, BytesMut};
use futures::stream::{self, BoxStream, StreamExt as _};
use http::Response;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use std::time::Duration;
use tokio::time::timeout;

/// The largest answer that is read in one piece; hundreds of thousands of containers fit.
const LARGEST_ANSWER: usize = 256 * 1024 * 1024;
/// The largest sentence of refusal that is read.
const LARGEST_REFUSAL: usize = 64 * 1024;
/// The longest line of a stream of JSON.
const LONGEST_LINE: usize = 16 * 1024 * 1024;

/// Reads a whole answer.
pub(super) async fn json<T: DeserializeOwned>(attempt: &str, response: Response<Incoming>) -> Result<T, EngineError> {
    let broken = |message: String| EngineError::Transport {
        attempt: attempt.to_owned(),
        message,
    };
    let body = Limited::new(response.into_body(), LARGEST_ANSWER)
        .collect()
        .await
        .map_err(|error| broken(with_causes(error.as_ref())))?;
    serde_json::from_slice(&body.to_bytes()).map_err(|error| broken(format!("the engine's answer was not understood: {error}")))
}

/// The sentence with which the engine refuses.
pub(super) async fn refusal(response: Response<Incoming>) -> String {
    #[derive(Deserialize)]
    struct Refusal {
        message: String,
    }
    let status = response.status();
    let Ok(body) = Limited::new(response.into_body(), LARGEST_REFUSAL).collect().await else {
        return status.to_string();
    };
    let body = body.to_bytes();
    match serde_json::from_slice::<Refusal>(&body) {
        Ok(refusal) => refusal.message,
        Err(_) if body.trim_ascii().is_empty() => status.to_string(),
        Err(_) => String::from_utf8_lossy(body.trim_ascii()).into_owned(),
    }
}

/// The bytes of an answer as they come. Where `silence` is given, one that says nothing for so long has broken off.
pub(super) fn bytes(
    attempt: &str,
    response: Response<Incoming>,
    silence: Option<Duration>,
) -> BoxStream<'static, Result<Bytes, EngineError>> {
    let attempt = attempt.to_owned();
    let body = response.into_body().into_data_stream();
    stream::try_unfold((body, attempt), move |(mut body, attempt)| async move {
        let chunk = match silence {
            None => body.next().await,
            Some(silence) => match timeout(silence, body.next()).await {
                Ok(chunk) => chunk,
                Err(_) => return Err(EngineError::silent(&attempt, silence)),
            },
        };
        match chunk {
            None => Ok(None),
            Some(Ok(chunk)) => Ok(Some((chunk, (body, attempt)))),
            Some(Err(error)) => Err(EngineError::Transport {
                attempt,
                message: with_causes(&error),
            }),
        }
    })
    .boxed()
}

/// The JSON values of an answer, one a line, as they come. Where `silence` is given, one that says nothing for so long has
/// broken off.
pub(crate) fn json_lines<T: DeserializeOwned + Send + 'static>(
    attempt: &str,
    response: Response<Incoming>,
    silence: Option<Duration>,
) -> BoxStream<'static, Result<T, EngineError>> {
    lines(attempt, bytes(attempt, response, silence))
}

struct Lines {
    attempt: String,
    source: BoxStream<'static, Result<Bytes, EngineError>>,
    buffer: BytesMut,
    ended: bool,
}

impl Lines {
    /// The next line that is not blank; `None` at the end.
    async fn next(&mut self) -> Result<Option<BytesMut>, EngineError> {
        loop {
            let end = self.buffer.iter().position(|byte| *byte == b'\n');
            let line = match end {
                Some(end) => self.buffer.split_to(end + 1),
                None if self.ended => self.buffer.split(),
                None => {
                    self.fill().await?;
                    continue;
                }
            };
            if !line.trim_ascii().is_empty() {
                return Ok(Some(line));
            }
            if self.ended && self.buffer.is_empty() {
                return Ok(None);
            }
        }
    }

    async fn fill(&mut self) -> Result<(), EngineError> {
        match self.source.next().await {
            Some(chunk) => self.buffer.extend_from_slice(&chunk?),
            None => self.ended = true,
        }
        if self.buffer.len() > LONGEST_LINE {
            return Err(self.broken("a line of the engine's answer is too long".to_owned()));
        }
        Ok(())
    }

    fn broken(&self, message: String) -> EngineError {
        EngineError::Transport {
            attempt: self.attempt.clone(),
            message,
        }
    }
}

fn lines<T: DeserializeOwned + Send + 'static>(
    attempt: &str,
    source: BoxStream<'static, Result<Bytes, EngineError>>,
) -> BoxStream<'static, Result<T, EngineError>> {
    let lines = Lines {
        attempt: attempt.to_owned(),
        source,
        buffer: BytesMut::new(),
        ended: false,
    };
    stream::try_unfold(lines, |mut lines| async move {
        let Some(line) = lines.next().await? else {
            return Ok(None);
        };
        match serde_json::from_slice(&line) {
            Ok(value) => Ok(Some((value, lines))),
            Err(error) => Err(lines.broken(format!("the engine's answer was not understood: {error}"))),
        }
    })
    .boxed()
}

/// A value for which the engine may also say null.
pub(super) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// The keys of a map whose values do not matter; none for null.
pub(super) fn keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let map: serde_json::Map<String, serde_json::Value> = or_default(deserializer)?;
    Ok(map.into_iter().map(|(key, _)| key).collect())
}

/// Text that is absent when empty.
pub(super) fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::TryStreamExt as _;

    async fn values(chunks: &'static [&'static str]) -> Result<Vec<u32>, EngineError> {
        let source = stream::iter(chunks).map(|text| Ok(Bytes::from_static(text.as_bytes()))).boxed();
        lines::<u32>("count", source).try_collect().await
    }

    #[tokio::test]
    async fn lines_are_found_wherever_the_chunks_are_cut() {
        assert_eq!(values(&["1\n2", "3\r\n", "\n\n4"]).await.expect("numbers"), [1, 23, 4]);
        assert_eq!(values(&[]).await.expect("nothing"), Vec::<u32>::new());
        assert_eq!(values(&["\n", "7\n"]).await.expect("a number"), [7]);
    }

    #[tokio::test]
    async fn a_line_that_is_no_value_is_an_error() {
        let error = values(&["1\n", "two\n"]).await.expect_err("no number");
        assert!(
            error.to_string().starts_with("count: the engine's answer was not understood"),
            "{error}"
        );
    }
}
