//! Talks to a daemon: HTTPS with the certificate's key pinned, JSON, problem documents, event streams.

mod pin;
mod sse;
mod tunnel;

pub(crate) use sse::ServerEvents;

use crate::failure::{Failure, chain};
use crate::remotes::{Remote, Remotes};
use crate::settings::Settings;
use compose_core::hash::hex;
use deployd::wire::{Problem, ServerInfo};
use hmac::{Hmac, KeyInit, Mac as _};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;
use std::time::Duration;
use tunnel::{Broken, Trouble};

/// How long a daemon may take to say who it is.
const GREETING: Duration = Duration::from_secs(8);
/// How long it may take for the same through SSH, where a program is started first.
const ABOUT: Duration = Duration::from_secs(30);
/// How long it may take to begin a stream of events.
const STREAM: Duration = Duration::from_mins(1);
/// How long any other answer may take: a little more than the daemon gives itself, so that its own word comes first.
const ANSWER: Duration = Duration::from_secs(10 * 60 + 30);

/// Who answers at a remote's address.
pub(crate) enum Greeting {
    /// The daemon whose key is pinned.
    Daemon(ServerInfo),
    /// Nobody.
    Silence(Failure),
    /// Somebody with another key than the one that is pinned.
    AnotherKey(Failure),
    /// Somebody with the right key who does not answer as a daemon does.
    Stranger(Failure),
}

/// A daemon that can be talked to.
pub(crate) struct Client {
    http: reqwest::Client,
    /// Its local name, for messages.
    name: String,
    address: String,
    /// The address that people know.
    shown: String,
    token: String,
    /// What the way through SSH suffers from, where one was opened.
    trouble: Trouble,
}

impl Client {
    /// Opens the way to a remote: straight to its address, or through SSH where its port is closed.
    pub(crate) fn open(name: &str, remote: &Remote, settings: &Settings) -> Result<Self, Failure> {
        if remote.pin.is_empty() {
            return Err(Failure::new(format!("the server of the remote '{name}' was not set up yet"))
                .hint(format!("set it up: `inertia {name} init`")));
        }
        let access = remote.ssh.as_ref().filter(|_| remote.tunnel);
        match access {
            None => Self::new(name, remote),
            Some(access) => {
                let trouble = Trouble::default();
                let way = tunnel::open(access, settings, trouble.clone()).map_err(|failure| failure.about(name))?;
                // The way is open, so the host's key is known now.
                Remotes::load(&settings.environment.cwd)?.host_key_taken(name)?;
                Ok(Self {
                    address: format!("https://{way}"),
                    shown: format!("{} (through SSH)", remote.address),
                    trouble,
                    ..Self::new(name, remote)?
                })
            }
        }
    }

    /// Prepares to talk straight to a remote; nothing is sent yet.
    pub(crate) fn new(name: &str, remote: &Remote) -> Result<Self, Failure> {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(pin::tls(&remote.pin)?)
            .https_only(true)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .user_agent(concat!("inertia/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Failure::new(format!("cannot prepare HTTPS: {}", chain(&error))))?;
        Ok(Self {
            http,
            name: name.to_owned(),
            address: remote.address.trim_end_matches('/').to_owned(),
            shown: remote.address.clone(),
            token: remote.token.clone(),
            trouble: Trouble::default(),
        })
    }

    /// What the daemon says about itself.
    pub(crate) async fn about(&self) -> Result<ServerInfo, Failure> {
        let request = self.request(Method::GET, "/").timeout(ABOUT);
        self.decode(self.send(request).await?).await
    }

    /// Asks who answers there.
    pub(crate) async fn greet(&self) -> Greeting {
        let request = self.request(Method::GET, "/").timeout(GREETING);
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) if chain(&error).contains(pin::CHANGED) => return Greeting::AnotherKey(self.unreachable(&error)),
            Err(error) => return Greeting::Silence(self.unreachable(&error)),
        };
        match async { self.decode(self.accept(answer).await?).await }.await {
            Ok(info) => Greeting::Daemon(info),
            Err(failure) => Greeting::Stranger(failure),
        }
    }

    /// Whether the daemon lives.
    pub(crate) async fn lives(&self) -> Result<(), Failure> {
        let request = self.request(Method::GET, "/healthz").timeout(Duration::from_secs(5));
        self.send(request).await.map(drop)
    }

    /// Whether the daemon reaches its database and its engine.
    pub(crate) async fn ready(&self) -> Result<(), Failure> {
        self.send(self.request(Method::GET, "/readyz")).await.map(drop)
    }

    /// `GET`, decoded.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.decode(self.send(self.request(Method::GET, path)).await?).await
    }

    /// `POST` with a body, decoded.
    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Failure> {
        self.decode(self.send(self.request(Method::POST, path).json(body)).await?).await
    }

    /// `PUT` with a body, decoded.
    pub(crate) async fn put<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Failure> {
        self.decode(self.send(self.request(Method::PUT, path).json(body)).await?).await
    }

    /// `POST` with a body and without a token, decoded.
    pub(crate) async fn introduce<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Failure> {
        let request = self.http.post(format!("{}{path}", self.address)).timeout(ANSWER).json(body);
        let answer = self.answer(request).await?;
        if answer.status().is_success() {
            return self.decode(answer).await;
        }
        let problem: Option<Problem> = answer.json().await.ok();
        let detail = problem.as_ref().map_or("it was refused", |problem| problem.detail.as_str());
        let failure = Failure::new(detail);
        Err(problem
            .iter()
            .filter_map(|problem| problem.help.as_ref())
            .fold(failure, Failure::hint))
    }

    /// `PUT` with a body; the answer has none.
    pub(crate) async fn store(&self, path: &str, body: &impl Serialize) -> Result<(), Failure> {
        self.send(self.request(Method::PUT, path).json(body)).await.map(drop)
    }

    /// `DELETE`.
    pub(crate) async fn delete(&self, path: &str) -> Result<(), Failure> {
        self.send(self.request(Method::DELETE, path)).await.map(drop)
    }

    /// Opens a stream of events, after the one of this id where there is one.
    pub(crate) async fn events(&self, path: &str, after: Option<&str>) -> Result<ServerEvents, Failure> {
        let mut request = self.endless(Method::GET, path).header("Accept", "text/event-stream");
        if let Some(id) = after {
            request = request.header("Last-Event-ID", id);
        }
        match tokio::time::timeout(STREAM, self.send(request)).await {
            Ok(answer) => Ok(ServerEvents::new(answer?)),
            Err(_) => Err(self.silence(&format!("no answer within {} seconds", STREAM.as_secs()))),
        }
    }

    /// Delivers a push as GitHub does, signed with the webhook's secret.
    pub(crate) async fn deliver<T: DeserializeOwned>(&self, project: &str, secret: &str, body: Vec<u8>) -> Result<T, Failure> {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
        mac.update(&body);
        let signature = hex(&mac.finalize().into_bytes());
        let moment = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        let request = self
            .http
            .post(format!("{}/webhook/{project}", self.address))
            .timeout(ANSWER)
            .header("Content-Type", "application/json")
            .header("X-GitHub-Event", "push")
            .header("X-GitHub-Delivery", format!("inertia-{}", moment.as_nanos()))
            .header("X-Hub-Signature-256", format!("sha256={signature}"))
            .body(body);
        self.decode(self.send(request).await?).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.endless(method, path).timeout(ANSWER)
    }

    /// A request whose answer may go on for ever.
    fn endless(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.address))
            .bearer_auth(&self.token)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let answer = self.answer(request).await?;
        self.accept(answer).await
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Response, Failure> {
        request.send().await.map_err(|error| self.unreachable(&error))
    }

    async fn accept(&self, answer: Response) -> Result<Response, Failure> {
        if answer.status().is_success() {
            Ok(answer)
        } else {
            Err(self.refused(answer).await)
        }
    }

    async fn decode<T: DeserializeOwned>(&self, answer: Response) -> Result<T, Failure> {
        let what = answer.url().path().to_owned();
        answer.json().await.map_err(|error| {
            Failure::new(format!(
                "the daemon '{}' answered {what} with something else than was expected: {}",
                self.name,
                chain(&error)
            ))
            .hint("client and daemon may be of different versions: compare `inertia --version` with `inertia remote status`")
        })
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let text = chain(error);
        let (name, address) = (&self.name, &self.shown);
        if text.contains(pin::CHANGED) {
            return Failure::new(format!(
                "the certificate of the remote '{name}' at {address} is not the one that was pinned"
            ))
            .hint("someone may be listening in between; do nothing until you know why it changed")
            .hint(format!(
                "if the daemon was set up anew, take its new key over SSH: `inertia {name} init`; without SSH, remove the remote and add it again"
            ));
        }
        self.silence(&text)
    }

    /// Nobody answers.
    fn silence(&self, reason: &str) -> Failure {
        let (name, address) = (&self.name, &self.shown);
        let broke = |why: &str| Failure::new(format!("the way to the remote '{name}' through SSH broke: {why}"));
        match self.trouble.told() {
            None => {}
            Some(Broken::Between(why)) => return broke(&why).hint("run the command again"),
            Some(Broken::There(why)) => {
                return broke(&why).hint(format!(
                    "`inertia {name} init` sends the program there again where it is missing; `inertia doctor {name}` tells what is wrong"
                ));
            }
        }
        Failure::new(format!("the remote '{name}' does not answer at {address}: {reason}")).hint(format!(
            "is the daemon running? `inertia {name} init` sets one up again on a server, `inertia daemon` starts one here; `inertia doctor {name}` tells what is wrong"
        ))
    }

    async fn refused(&self, answer: Response) -> Failure {
        let status = answer.status();
        let problem: Option<Problem> = answer.json().await.ok();
        let detail = problem
            .as_ref()
            .map_or_else(|| status.to_string(), |problem| problem.detail.clone());
        let failure = if status == StatusCode::UNAUTHORIZED {
            Failure::new(format!("the remote '{}' does not accept the token: {detail}", self.name)).hint(format!(
                "take a fresh one over SSH: `inertia {0} init`; without SSH, ask an administrator for a line of `inertia {0} user add`",
                self.name
            ))
        } else {
            Failure::new(detail)
        };
        let help = problem.and_then(|problem| problem.help);
        help.into_iter().fold(failure, Failure::hint).at(&self.name)
    }
}
