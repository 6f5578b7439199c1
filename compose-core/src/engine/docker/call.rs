//! One request to the engine, put together piece by piece.

use super::super::EngineError;
use super::transport::Body;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request};
use http_body_util::{Either, Full};
use serde::Serialize;
use std::fmt::Write as _;
use std::time::Duration;

/// How long the engine may take to begin its answer to an ordinary request.
const ORDINARY: Duration = Duration::from_mins(2);

/// A request: what is tried, and how it is said. It can be said again; what is streamed to the engine goes beside it.
#[derive(Clone)]
pub(crate) struct Call {
    /// What is tried, in words: `create container shop-web-1`.
    pub(super) attempt: String,
    /// How long the answer may take to begin; `None` for what takes as long as it takes.
    pub(super) deadline: Option<Duration>,
    method: Method,
    path: String,
    query: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

impl Call {
    /// A request without a body. The path has no version; what goes into it comes from [`segment`] or [`reference`].
    pub(crate) fn new(method: Method, path: impl Into<String>, attempt: impl Into<String>) -> Self {
        Self {
            attempt: attempt.into(),
            deadline: Some(ORDINARY),
            method,
            path: path.into(),
            query: String::new(),
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    pub(crate) fn get(path: impl Into<String>, attempt: impl Into<String>) -> Self {
        Self::new(Method::GET, path, attempt)
    }

    pub(crate) fn post(path: impl Into<String>, attempt: impl Into<String>) -> Self {
        Self::new(Method::POST, path, attempt)
    }

    /// Adds a parameter to the query.
    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        self.query.push(if self.query.is_empty() { '?' } else { '&' });
        encode(&mut self.query, name, "");
        self.query.push('=');
        encode(&mut self.query, value, "");
        self
    }

    /// Adds a parameter that may be absent.
    pub(crate) fn query_some(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Adds a header that may be absent, and whose value is not shown anywhere.
    pub(crate) fn header_some(self, name: &'static str, value: Option<String>) -> Result<Self, EngineError> {
        let Some(value) = value else {
            return Ok(self);
        };
        match HeaderValue::try_from(value) {
            Ok(mut value) => {
                value.set_sensitive(true);
                Ok(self.header(HeaderName::from_static(name), value))
            }
            Err(error) => Err(EngineError::Transport {
                attempt: self.attempt,
                message: format!("header {name}: {error}"),
            }),
        }
    }

    /// Sends a body as JSON.
    pub(crate) fn json(self, body: &impl Serialize) -> Result<Self, EngineError> {
        match serde_json::to_vec(body) {
            Ok(text) => Ok(self.body(text, HeaderValue::from_static("application/json"))),
            Err(error) => Err(EngineError::Transport {
                attempt: self.attempt,
                message: error.to_string(),
            }),
        }
    }

    /// Sends a body.
    fn body(mut self, body: impl Into<Bytes>, kind: HeaderValue) -> Self {
        self.body = body.into();
        self.header(http::header::CONTENT_TYPE, kind)
    }

    /// Says that an archive goes beside it.
    pub(crate) fn with_archive(self) -> Self {
        self.header(http::header::CONTENT_TYPE, HeaderValue::from_static("application/x-tar"))
    }

    /// Whether it changes nothing, so that it may be said as often as one likes.
    pub(super) fn only_reads(&self) -> bool {
        self.method == Method::GET || self.method == Method::HEAD
    }

    /// The answer may take so long.
    pub(super) fn within(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// The answer may take as long as it takes.
    pub(crate) fn patient(mut self) -> Self {
        self.deadline = None;
        self
    }

    /// The HTTP request, with a path only.
    pub(super) fn into_request(mut self) -> Result<Request<Body>, http::Error> {
        let body = std::mem::take(&mut self.body);
        self.with_body(Either::Left(Full::new(body)))
    }

    /// The same with what is streamed.
    pub(super) fn with_body(self, body: Body) -> Result<Request<Body>, http::Error> {
        let mut request = Request::builder().method(self.method).uri(format!("{}{}", self.path, self.query));
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        request.body(body)
    }
}

/// A name or id as one segment of a path. The names `.` and `..` would walk to other routes.
pub(super) fn segment(kind: &'static str, name: &str) -> Result<String, EngineError> {
    path(kind, name, "")
}

/// A reference to an image in a path: it may hold slashes.
pub(super) fn reference(name: &str) -> Result<String, EngineError> {
    path("image", name, "/:@")
}

fn path(kind: &'static str, name: &str, also: &str) -> Result<String, EngineError> {
    if name.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(EngineError::Name {
            kind,
            name: name.to_owned(),
        });
    }
    let mut encoded = String::with_capacity(name.len());
    encode(&mut encoded, name, also);
    Ok(encoded)
}

/// Percent-encodes everything but the unreserved characters and those named.
fn encode(into: &mut String, text: &str, also: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || also.as_bytes().contains(&byte) {
            into.push(char::from(byte));
        } else {
            let _ = write!(into, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_place_in_the_path() {
        for name in ["", "..", ".", "../networks", "a/../b", "a//b"] {
            assert!(
                matches!(segment("container", name), Err(EngineError::Name { kind: "container", .. })),
                "{name}"
            );
            assert!(reference(name).is_err(), "{name}");
        }
        assert_eq!(segment("network", "a b/c?d#e%").expect("a name"), "a%20b%2Fc%3Fd%23e%25");
        assert_eq!(
            reference("host:5000/a/b@sha256:1f").expect("a reference"),
            "host:5000/a/b@sha256:1f"
        );
    }

    #[test]
    fn a_query_is_encoded() {
        let request = Call::get("/events", "watch")
            .query("filters", r#"{"label":["a=b&c"]}"#)
            .query_some("since", None)
            .query_some("until", Some("1 2"))
            .into_request()
            .expect("a request");
        assert_eq!(
            request.uri().to_string(),
            "/events?filters=%7B%22label%22%3A%5B%22a%3Db%26c%22%5D%7D&until=1%202"
        );
    }
}
