//! What a build may know of us: secrets, the agent that signs for SSH, and who we are to registries.

use crate::engine::{BuildSecretSource, Credentials};
use bollard::moby::buildkit::secrets::v1::secrets_server::Secrets;
use bollard::moby::buildkit::secrets::v1::{GetSecretRequest, GetSecretResponse};
use bollard::moby::filesync::v1::auth_server::Auth;
use bollard::moby::filesync::v1::{
    CredentialsRequest, CredentialsResponse, FetchTokenRequest, FetchTokenResponse, GetTokenAuthorityRequest, GetTokenAuthorityResponse,
    VerifyTokenAuthorityRequest, VerifyTokenAuthorityResponse,
};
use bollard::moby::sshforward::v1::ssh_server::Ssh;
use bollard::moby::sshforward::v1::{BytesMessage, CheckAgentRequest, CheckAgentResponse};
use futures::stream::BoxStream;
use std::collections::BTreeMap;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tonic::{Request, Response, Status, Streaming};

/// The largest secret that BuildKit takes, in bytes.
const LARGEST_SECRET: u64 = 500 * 1024;
/// Bytes of an agent's answer that are passed on at a time.
const AGENT_CHUNK: usize = 16 * 1024;

/// The secrets of a build, by id.
pub(super) struct SecretStore(pub(super) BTreeMap<String, BuildSecretSource>);

#[async_trait::async_trait]
impl Secrets for SecretStore {
    async fn get_secret(&self, request: Request<GetSecretRequest>) -> Result<Response<GetSecretResponse>, Status> {
        let id = request.into_inner().id;
        let data = match self.0.get(&id) {
            None => return Err(Status::not_found(format!("secret {id} is not among build.secrets"))),
            Some(BuildSecretSource::Bytes(bytes)) => bytes.clone(),
            Some(BuildSecretSource::File(path)) => {
                let failed = |error: std::io::Error| Status::failed_precondition(format!("secret {id}: {}: {error}", path.display()));
                let mut bytes = Vec::new();
                let file = tokio::fs::File::open(path).await.map_err(failed)?;
                file.take(LARGEST_SECRET + 1).read_to_end(&mut bytes).await.map_err(failed)?;
                bytes
            }
        };
        if data.len() as u64 > LARGEST_SECRET {
            return Err(Status::failed_precondition(format!("secret {id} is larger than 500 KiB")));
        }
        Ok(Response::new(GetSecretResponse { data }))
    }
}

/// The sockets of SSH agents, by id.
pub(super) struct SshAgents(pub(super) BTreeMap<String, String>);

impl SshAgents {
    fn socket(&self, id: &str) -> Result<&str, Status> {
        let id = if id.is_empty() { "default" } else { id };
        self.0
            .get(id)
            .map(String::as_str)
            .ok_or_else(|| Status::not_found(format!("SSH agent {id} is not among build.ssh")))
    }
}

#[cfg(unix)]
async fn connect(socket: &str) -> Result<tokio::net::UnixStream, Status> {
    tokio::net::UnixStream::connect(socket)
        .await
        .map_err(|error| Status::unavailable(format!("build.ssh: {socket} is no socket of an agent that answers: {error}")))
}

#[cfg(not(unix))]
async fn connect(socket: &str) -> Result<tokio::io::DuplexStream, Status> {
    Err(Status::unimplemented(format!(
        "build.ssh: {socket}: agents are reached on Unix only"
    )))
}

#[async_trait::async_trait]
impl Ssh for SshAgents {
    type ForwardAgentStream = BoxStream<'static, Result<BytesMessage, Status>>;

    async fn check_agent(&self, request: Request<CheckAgentRequest>) -> Result<Response<CheckAgentResponse>, Status> {
        connect(self.socket(&request.get_ref().id)?).await?;
        Ok(Response::new(CheckAgentResponse {}))
    }

    async fn forward_agent(&self, request: Request<Streaming<BytesMessage>>) -> Result<Response<Self::ForwardAgentStream>, Status> {
        let id = request
            .metadata()
            .get("buildkit.ssh.id")
            .and_then(|id| id.to_str().ok())
            .unwrap_or_default();
        let (read, mut write) = tokio::io::split(connect(self.socket(id)?).await?);
        let mut questions = request.into_inner();
        tokio::spawn(async move {
            while let Ok(Some(message)) = questions.message().await {
                if write.write_all(&message.data).await.is_err() {
                    break;
                }
            }
            let _ = write.shutdown().await;
        });
        let answers = futures::stream::try_unfold(read, |mut read| async move {
            let mut data = vec![0; AGENT_CHUNK];
            let count = read.read(&mut data).await?;
            data.truncate(count);
            Ok((count > 0).then_some((BytesMessage { data }, read)))
        });
        Ok(Response::new(Box::pin(answers)))
    }
}

/// Who we are to registries.
pub(super) struct Registries(pub(super) Credentials);

#[async_trait::async_trait]
impl Auth for Registries {
    async fn credentials(&self, request: Request<CredentialsRequest>) -> Result<Response<CredentialsResponse>, Status> {
        let found = self.0.for_registry(&request.get_ref().host);
        let credential = found.map_err(|error| Status::failed_precondition(error.to_string()))?;
        Ok(Response::new(credential.map_or_else(CredentialsResponse::default, |credential| {
            // A secret without a user is an identity token to BuildKit.
            match &credential.identity_token {
                Some(token) => CredentialsResponse {
                    username: String::new(),
                    secret: token.clone(),
                },
                None => CredentialsResponse {
                    username: credential.username.clone(),
                    secret: credential.password.clone(),
                },
            }
        })))
    }

    // BuildKit asks the registry for tokens itself where its client offers none of these.
    async fn fetch_token(&self, _request: Request<FetchTokenRequest>) -> Result<Response<FetchTokenResponse>, Status> {
        Err(Status::unavailable("tokens are fetched by BuildKit"))
    }

    async fn get_token_authority(&self, _: Request<GetTokenAuthorityRequest>) -> Result<Response<GetTokenAuthorityResponse>, Status> {
        Err(Status::unavailable("tokens are fetched by BuildKit"))
    }

    async fn verify_token_authority(
        &self,
        _: Request<VerifyTokenAuthorityRequest>,
    ) -> Result<Response<VerifyTokenAuthorityResponse>, Status> {
        Err(Status::unavailable("tokens are fetched by BuildKit"))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::engine::Credential;

    async fn secret(source: BuildSecretSource, id: &str) -> Result<Vec<u8>, Status> {
        let store = SecretStore([("s".to_owned(), source)].into());
        let answer = store.get_secret(Request::new(GetSecretRequest {
            id: id.to_owned(),
            ..GetSecretRequest::default()
        }));
        Ok(answer.await?.into_inner().data)
    }

    #[tokio::test]
    async fn secrets_come_from_bytes_and_files() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "from a file").unwrap();
        assert_eq!(secret(BuildSecretSource::Bytes(b"b".to_vec()), "s").await.unwrap(), b"b");
        assert_eq!(
            secret(BuildSecretSource::File(file.path().into()), "s").await.unwrap(),
            b"from a file"
        );
        assert_eq!(
            secret(BuildSecretSource::Bytes(vec![]), "t").await.unwrap_err().code(),
            tonic::Code::NotFound
        );
        let missing = secret(BuildSecretSource::File("/no/such".into()), "s").await.unwrap_err();
        assert!(missing.message().contains("/no/such"), "{missing}");
        assert!(secret(BuildSecretSource::Bytes(vec![0; 600 * 1024]), "s").await.is_err());
    }

    #[tokio::test]
    async fn registries_get_what_belongs_to_them() {
        let credential = |username: &str, token: Option<&str>| Credential {
            username: username.to_owned(),
            password: "p".to_owned(),
            identity_token: token.map(str::to_owned),
            registry_token: None,
        };
        let registries = Registries(
            Credentials::none()
                .with("a:5000", credential("u", None))
                .with("b", credential("u", Some("t"))),
        );
        for (host, username, secret) in [("a:5000", "u", "p"), ("b", "", "t"), ("c", "", "")] {
            let request = Request::new(CredentialsRequest { host: host.to_owned() });
            let answer = registries.credentials(request).await.unwrap().into_inner();
            assert_eq!((answer.username.as_str(), answer.secret.as_str()), (username, secret), "{host}");
        }
    }

    #[tokio::test]
    #[cfg(unix)]
    async fn an_agent_that_does_not_answer_is_named() {
        let agents = SshAgents([("default".to_owned(), "/no/agent".to_owned())].into());
        let refused = agents
            .check_agent(Request::new(CheckAgentRequest { id: String::new() }))
            .await
            .unwrap_err();
        assert!(refused.message().contains("/no/agent"), "{refused}");
        let unknown = agents
            .check_agent(Request::new(CheckAgentRequest { id: "x".to_owned() }))
            .await
            .unwrap_err();
        assert_eq!(unknown.code(), tonic::Code::NotFound);
    }
}
