//! The one HTTP client, and the agreement on an API version.

use super::super::{ApiVersion, EngineAddress, EngineError};
use super::DockerEngine;
use super::again::{self, Patience, Seen};
use super::answer;
use super::call::Call;
use bytes::Bytes;
use futures::Stream;
use http::uri::{Authority, PathAndQuery, Scheme, Uri};
use http::{Request, Response};
use http_body_util::{Either, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::TokioExecutor;
#[cfg(unix)]
use hyperlocal::UnixConnector;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

/// What is sent: bytes, or a stream of them. The same type as bollard's.
pub(crate) type Body = Either<Full<Bytes>, StreamBody<Pin<Box<dyn Stream<Item = std::io::Result<Frame<Bytes>>> + Send>>>>;

/// The newest API whose meaning this code knows.
const NEWEST: ApiVersion = ApiVersion { major: 1, minor: 51 };

/// bollard's own timer, which runs to the head of an answer, is not wanted: our deadlines fit the request.
const BOLLARD_SECONDS: u64 = 24 * 60 * 60;

/// What was agreed on with the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Agreement {
    /// The API version of every request.
    pub(super) api: ApiVersion,
    /// BuildKit is the engine's default builder.
    pub(super) buildkit: bool,
}

/// Connections to an engine.
pub(super) struct Transport {
    client: Connector,
    scheme: Scheme,
    authority: Authority,
    address: EngineAddress,
    agreed: OnceCell<Agreement>,
}

enum Connector {
    #[cfg(unix)]
    Unix(Client<UnixConnector, Body>),
    Tcp(Client<HttpConnector, Body>),
}

impl Connector {
    /// To a socket of this machine, with the scheme and authority of its URLs.
    #[cfg(unix)]
    fn unix(socket: &Path) -> Result<(Self, &'static str, String), String> {
        use std::os::unix::ffi::OsStrExt as _;
        // hyperlocal wants the socket's path as the host, in hexadecimal digits.
        let host = crate::hash::hex(socket.as_os_str().as_bytes());
        let client = Client::builder(TokioExecutor::new()).build(UnixConnector);
        Ok((Self::Unix(client), "unix", format!("{host}:0")))
    }

    #[cfg(not(unix))]
    fn unix(_socket: &Path) -> Result<(Self, &'static str, String), String> {
        Err("this system has no such sockets; set DOCKER_HOST to the engine's tcp:// address".to_owned())
    }
}

impl Transport {
    pub(super) fn new(address: &EngineAddress) -> Result<Self, EngineError> {
        let refuse = |reason: String| EngineError::Address {
            address: address.to_string(),
            reason,
        };
        let (client, scheme, authority) = match address {
            EngineAddress::Unix(socket) => Connector::unix(socket).map_err(refuse)?,
            EngineAddress::Tcp { host, port } => {
                let mut connector = HttpConnector::new();
                connector.set_nodelay(true);
                connector.set_connect_timeout(Some(Duration::from_secs(30)));
                let client = Client::builder(TokioExecutor::new()).build(connector);
                (Connector::Tcp(client), "http", format!("{host}:{port}"))
            }
        };
        Ok(Self {
            client,
            scheme: scheme.parse().map_err(|error: http::uri::InvalidUri| refuse(error.to_string()))?,
            authority: authority
                .parse()
                .map_err(|error: http::uri::InvalidUri| refuse(error.to_string()))?,
            address: address.clone(),
            agreed: OnceCell::new(),
        })
    }

    pub(super) fn address(&self) -> &EngineAddress {
        &self.address
    }

    /// Sends a request to the engine, under the agreed version once there is one.
    async fn send(&self, request: Request<Body>) -> Result<Response<Incoming>, ClientError> {
        let (mut head, body) = request.into_parts();
        head.uri = self.place(&head.uri);
        let request = Request::from_parts(head, body);
        match &self.client {
            #[cfg(unix)]
            Connector::Unix(client) => client.request(request).await,
            Connector::Tcp(client) => client.request(request).await,
        }
    }

    /// The request's path at the engine's address, under the agreed version.
    fn place(&self, uri: &Uri) -> Uri {
        let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
        let path = match self.agreed.get() {
            Some(agreed) => format!("/v{}{path}", agreed.api).parse(),
            None => path.parse(),
        };
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = path.ok();
        Uri::from_parts(parts).unwrap_or_default()
    }

    /// Agrees on an API version, once.
    pub(super) async fn agree(&self) -> Result<Agreement, EngineError> {
        self.agreed.get_or_try_init(|| self.negotiate()).await.copied()
    }

    async fn negotiate(&self) -> Result<Agreement, EngineError> {
        let call = Call::get("/_ping", "greet the engine").within(Duration::from_secs(30));
        let response = self.exchange(call, None).await?;
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let found = header("api-version").unwrap_or("unknown");
        match found.parse::<ApiVersion>() {
            Ok(api) if api >= ApiVersion::OLDEST => Ok(Agreement {
                api: api.min(NEWEST),
                buildkit: header("builder-version") == Some("2"),
            }),
            _ => Err(EngineError::TooOld {
                found: found.to_owned(),
                oldest: ApiVersion::OLDEST,
            }),
        }
    }

    /// Sends a request, with what is streamed beside it, and turns every status that is no success into an error.
    async fn exchange(&self, call: Call, stream: Option<Body>) -> Result<Response<Incoming>, EngineError> {
        let (attempt, deadline) = (call.attempt.clone(), call.deadline);
        let request = match stream {
            Some(body) => call.with_body(body),
            None => call.into_request(),
        };
        let request = request.map_err(|error| EngineError::Transport {
            attempt: attempt.clone(),
            message: error.to_string(),
        })?;
        let sent = async { self.send(request).await.map_err(|error| self.explain(&attempt, &error)) };
        let response = within(deadline, &attempt, sent).await?;
        let status = response.status();
        if status.is_success() || matches!(status.as_u16(), 101 | 304) {
            return Ok(response);
        }
        Err(EngineError::Refused {
            attempt,
            status: status.as_u16(),
            message: answer::refusal(response).await,
        })
    }

    /// Why a request did not reach the engine.
    pub(super) fn explain(&self, attempt: &str, error: &ClientError) -> EngineError {
        if error.is_connect()
            && let Some(io) = io_error(error)
        {
            return match io.kind() {
                std::io::ErrorKind::PermissionDenied => EngineError::PermissionDenied { socket: self.socket() },
                kind => EngineError::Unreachable {
                    socket: self.socket(),
                    source: std::io::Error::new(kind, io.to_string()),
                },
            };
        }
        EngineError::Transport {
            attempt: attempt.to_owned(),
            message: with_causes(error),
        }
    }

    fn socket(&self) -> PathBuf {
        match &self.address {
            EngineAddress::Unix(path) => path.clone(),
            EngineAddress::Tcp { .. } => PathBuf::from(self.address.to_string()),
        }
    }
}

/// bollard over our client. Its URLs carry no version; [`Transport::send`] adds it.
pub(super) fn bollard(transport: Arc<Transport>) -> Result<bollard::Docker, EngineError> {
    let address = transport.address().to_string();
    let send = move |request: bollard::BollardRequest| {
        let transport = Arc::clone(&transport);
        async move { transport.send(request).await.map_err(bollard::errors::Error::from) }
    };
    bollard::Docker::connect_with_custom_transport(send, Some("http://engine"), BOLLARD_SECONDS, bollard::API_DEFAULT_VERSION).map_err(
        |error| EngineError::Address {
            address,
            reason: error.to_string(),
        },
    )
}

impl DockerEngine {
    /// Sends our own request under the agreed version; an answer that is no success is an error.
    pub(crate) async fn raw(&self, call: Call) -> Result<Response<Incoming>, EngineError> {
        self.transport.agree().await?;
        self.transport.exchange(call, None).await
    }

    /// The same with what is streamed to the engine.
    pub(super) async fn raw_with(&self, call: Call, stream: Body) -> Result<Response<Incoming>, EngineError> {
        self.transport.agree().await?;
        self.transport.exchange(call, Some(stream)).await
    }

    /// Sends our own request and reads the answer. One that changes nothing is asked again where its answer was lost.
    pub(crate) async fn ask<T: DeserializeOwned + Send>(&self, call: Call) -> Result<T, EngineError> {
        self.transport.agree().await?;
        match call.deadline.filter(|_| call.only_reads()) {
            Some(whole) => {
                let nothing = || std::future::ready(Seen::Nothing);
                again::ask(&call.attempt, Patience::reading(whole), || self.ask_once(call.clone()), nothing).await
            }
            None => self.ask_once(call).await,
        }
    }

    /// Sends our own request and reads the answer, which may take as long as the request says.
    pub(super) async fn ask_once<T: DeserializeOwned>(&self, call: Call) -> Result<T, EngineError> {
        let (attempt, deadline) = (call.attempt.clone(), call.deadline);
        within(deadline, &attempt, async {
            answer::json(&attempt, self.transport.exchange(call, None).await?).await
        })
        .await
    }

    /// Asks for a change, again where its answer was lost and a look says that it is not done.
    pub(super) async fn change<T, A, L>(
        &self,
        attempt: &str,
        patience: Patience,
        ask: impl Fn() -> A,
        look: impl Fn() -> L,
    ) -> Result<T, EngineError>
    where
        A: Future<Output = Result<T, bollard::errors::Error>>,
        L: Future<Output = Seen<T>>,
    {
        let ask = || {
            let asked = ask();
            async { asked.await.map_err(|error| self.translate(attempt, error)) }
        };
        again::ask(attempt, patience, ask, look).await
    }

    /// Sends our own request and reads the answer, where "not found" is an answer too.
    pub(super) async fn ask_for<T: DeserializeOwned + Send>(&self, call: Call) -> Result<Option<T>, EngineError> {
        absent(self.ask(call).await)
    }

    /// Waits for a verb of bollard, at most so long.
    pub(super) async fn tell<T>(
        &self,
        attempt: String,
        deadline: Option<Duration>,
        verb: impl Future<Output = Result<T, bollard::errors::Error>>,
    ) -> Result<T, EngineError> {
        within(deadline, &attempt, async {
            verb.await.map_err(|error| self.translate(&attempt, error))
        })
        .await
    }

    /// bollard's error as ours.
    pub(crate) fn translate(&self, attempt: &str, error: bollard::errors::Error) -> EngineError {
        use bollard::errors::Error;
        match error {
            Error::DockerResponseServerError { status_code, message } => EngineError::Refused {
                attempt: attempt.to_owned(),
                status: status_code,
                message,
            },
            Error::DockerStreamError { error } => EngineError::Failed {
                attempt: attempt.to_owned(),
                message: error,
            },
            Error::HyperLegacyError { err } => self.transport.explain(attempt, &err),
            other => EngineError::Transport {
                attempt: attempt.to_owned(),
                message: with_causes(&other),
            },
        }
    }
}

/// "Not found" as `None`.
pub(super) fn absent<T>(answer: Result<T, EngineError>) -> Result<Option<T>, EngineError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.status() == Some(404) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn within<T>(
    deadline: Option<Duration>,
    attempt: &str,
    work: impl Future<Output = Result<T, EngineError>>,
) -> Result<T, EngineError> {
    let Some(deadline) = deadline else {
        return work.await;
    };
    match tokio::time::timeout(deadline, work).await {
        Ok(done) => done,
        Err(_) => Err(EngineError::silent(attempt, deadline)),
    }
}

fn io_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a std::io::Error> {
    std::iter::successors(Some(error), |error| error.source()).find_map(|error| error.downcast_ref())
}

/// An error's sentence and those of its causes.
pub(super) fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .fold(String::new(), |mut text, cause| {
            if !text.contains(&cause) {
                text.push_str(if text.is_empty() { "" } else { ": " });
                text.push_str(&cause);
            }
            text
        })
}
