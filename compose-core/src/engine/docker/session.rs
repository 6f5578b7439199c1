//! A session with BuildKit: a connection over which it calls back for files, secrets and credentials,
//! and one over which it is told what to do.

use super::DockerEngine;
use super::call::Call;
use super::session_files::Files;
use super::session_secrets::{Registries, SecretStore, SshAgents};
use super::transport::with_causes;
use crate::engine::EngineError;
use bollard::health::health_check_response::ServingStatus;
use bollard::health::health_server::{Health, HealthServer};
use bollard::health::{HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse};
use bollard::moby::buildkit::secrets::v1::secrets_server::SecretsServer;
use bollard::moby::buildkit::v1::control_client::ControlClient;
use bollard::moby::filesync::packet::file_sync_server::FileSyncServer;
use bollard::moby::filesync::v1::auth_server::AuthServer;
use bollard::moby::sshforward::v1::ssh_server::SshServer;
use futures::stream::BoxStream;
use http::header::{CONNECTION, HeaderName, UPGRADE};
use http::{HeaderValue, Uri};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioExecutor;
use hyper_util::service::TowerToHyperService;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;
use tonic::service::Routes;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status};

/// The methods that BuildKit is told of.
const METHODS: [&str; 6] = [
    "/grpc.health.v1.Health/Check",
    "/moby.filesync.v1.FileSync/DiffCopy",
    "/moby.filesync.v1.Auth/Credentials",
    "/moby.buildkit.secrets.v1.Secrets/GetSecret",
    "/moby.sshforward.v1.SSH/CheckAgent",
    "/moby.sshforward.v1.SSH/ForwardAgent",
];

/// The connection's window in bytes. BuildKit asks for each file in a small frame of its own, and the number
/// of small frames that may come is measured by this window: 2 million files.
const WINDOW: u32 = 1 << 30;

/// How often the engine is asked whether it still builds, and how long the answer may take.
const KNOCK: Duration = Duration::from_mins(1);

/// What BuildKit may ask for.
pub(super) struct Services {
    pub(super) files: Files,
    pub(super) secrets: SecretStore,
    pub(super) agents: SshAgents,
    pub(super) registries: Registries,
}

/// An open session. It ends when this is dropped.
pub(super) struct Session {
    /// Its id.
    pub(super) id: String,
    server: JoinHandle<()>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl DockerEngine {
    /// Opens a session. What BuildKit already has of the files of an earlier session is known by `shared_key`.
    pub(super) async fn open_session(&self, attempt: &str, id: &str, shared_key: &str, services: Services) -> Result<Session, EngineError> {
        let mut call = Call::post("/session", attempt)
            .header(HeaderName::from_static("x-docker-expose-session-uuid"), text(id))
            .header(HeaderName::from_static("x-docker-expose-session-name"), text("build"))
            .header(HeaderName::from_static("x-docker-expose-session-sharedkey"), text(shared_key));
        for method in METHODS {
            call = call.header(HeaderName::from_static("x-docker-expose-session-grpc-method"), text(method));
        }
        let connection = self.http2(attempt, call).await?;
        let routes = Routes::new(HealthServer::new(Alive))
            .add_service(FileSyncServer::new(services.files))
            .add_service(SecretsServer::new(services.secrets))
            .add_service(SshServer::new(services.agents))
            .add_service(AuthServer::new(services.registries))
            .prepare();
        let server = tokio::spawn(async move {
            // The engine hangs up when the session ends; what went wrong before is in its answer to the build.
            let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .initial_connection_window_size(WINDOW)
                .serve_connection(connection, TowerToHyperService::new(routes))
                .await;
        });
        Ok(Session { id: id.to_owned(), server })
    }

    /// A client of BuildKit's own API.
    pub(super) async fn control(&self, attempt: &str, session: &str) -> Result<ControlClient<Channel>, EngineError> {
        let call = Call::post("/grpc", attempt).header(HeaderName::from_static("x-docker-expose-session-uuid"), text(session));
        let connection = Arc::new(Mutex::new(Some(self.http2(attempt, call).await?)));
        let connector = tower::service_fn(move |_: Uri| {
            let connection = connection.lock().ok().and_then(|mut connection| connection.take());
            async move { connection.ok_or_else(|| std::io::Error::other("the engine closed the connection to BuildKit")) }
        });
        // A step may be silent for long: whether the engine is there at all is asked beside it.
        let endpoint = Endpoint::from_static("http://buildkit")
            .http2_keep_alive_interval(KNOCK)
            .keep_alive_timeout(KNOCK)
            .keep_alive_while_idle(true);
        let channel = endpoint
            .connect_with_connector(connector)
            .await
            .map_err(|error| EngineError::Transport {
                attempt: attempt.to_owned(),
                message: with_causes(&error),
            })?;
        Ok(ControlClient::new(channel).max_decoding_message_size(usize::MAX))
    }

    /// Turns a request into a connection that carries HTTP/2.
    async fn http2(&self, attempt: &str, call: Call) -> Result<Upgraded, EngineError> {
        let call = call.header(CONNECTION, text("Upgrade")).header(UPGRADE, text("h2c"));
        let response = self.raw(call).await?;
        if response.status() != http::StatusCode::SWITCHING_PROTOCOLS {
            return Err(EngineError::Refused {
                attempt: attempt.to_owned(),
                status: 501,
                message: "the engine has no BuildKit".to_owned(),
            });
        }
        hyper::upgrade::on(response).await.map_err(|error| EngineError::Transport {
            attempt: attempt.to_owned(),
            message: with_causes(&error),
        })
    }
}

fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).expect("ids, keys and method names are ASCII")
}

/// Answers BuildKit's question whether we are still there.
struct Alive;

fn serving() -> HealthCheckResponse {
    HealthCheckResponse {
        status: ServingStatus::Serving.into(),
    }
}

#[async_trait::async_trait]
impl Health for Alive {
    type WatchStream = BoxStream<'static, Result<HealthCheckResponse, Status>>;

    async fn check(&self, _request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        Ok(Response::new(serving()))
    }

    async fn list(&self, _request: Request<HealthListRequest>) -> Result<Response<HealthListResponse>, Status> {
        Ok(Response::new(HealthListResponse {
            statuses: [(String::new(), serving())].into(),
        }))
    }

    async fn watch(&self, _request: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        use futures::StreamExt as _;
        let forever = futures::stream::once(async { Ok(serving()) }).chain(futures::stream::pending());
        Ok(Response::new(forever.boxed()))
    }
}
