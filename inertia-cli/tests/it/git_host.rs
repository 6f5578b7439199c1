//! A stand-in for a git host: repositories over HTTPS, the parts of GitHub's and GitLab's APIs that are used, and
//! deliveries of webhooks, which verify the certificate of whoever they go to unless they were told not to.

use crate::git_server::Keys;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum_server::tls_rustls::RustlsConfig;
use compose_core::hash::hex;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use russh::keys::PublicKey;
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use sha2::Sha256;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use tokio::io::AsyncWriteExt as _;

/// The token that the APIs take.
pub(crate) const TOKEN: &str = "good-token";

pub(crate) struct GitHost {
    pub(crate) port: u16,
    /// The certificate of the authority that signed the host's.
    pub(crate) authority: PathBuf,
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    folder: PathBuf,
    pub(crate) private: Mutex<bool>,
    pub(crate) keys: Mutex<Vec<Value>>,
    pub(crate) hooks: Mutex<Vec<Value>>,
    /// Who is let in over SSH: whoever was added as a deploy key.
    let_in: Keys,
}

impl GitHost {
    /// Starts a host of the repositories in a folder.
    pub(crate) fn start(folder: &Path, let_in: Keys) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let own = CertificateParams::new(vec!["127.0.0.1".to_owned()])
            .unwrap()
            .signed_by(&key, &authority)
            .unwrap();
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![own.der().clone()], private)
            .unwrap();
        let file = folder.join("authority.pem");
        std::fs::write(&file, authority.as_ref().pem()).unwrap();

        let shared = Arc::new(Shared {
            folder: folder.to_owned(),
            private: Mutex::new(false),
            keys: Mutex::default(),
            hooks: Mutex::default(),
            let_in,
        });
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let app = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let server = axum_server::from_tcp_rustls(listener, RustlsConfig::from_config(Arc::new(config))).unwrap();
        tokio::spawn(server.serve(app.into_make_service()));
        Self {
            port,
            authority: file,
            shared,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://127.0.0.1:{}/{path}", self.port)
    }

    /// Delivers an event to a hook as the host would; the status, unless it could not be delivered.
    pub(crate) async fn deliver(&self, hook: usize, event: &str, body: Value) -> Option<u16> {
        let hook = self.shared.hooks.lock().unwrap()[hook].clone();
        deliver(&hook, event, body).await
    }
}

async fn deliver(hook: &Value, event: &str, body: Value) -> Option<u16> {
    let is_github = hook.get("config").is_some();
    let (url, secret) = if is_github {
        (&hook["config"]["url"], &hook["config"]["secret"])
    } else {
        (&hook["url"], &hook["token"])
    };
    let verifies = if is_github {
        hook["config"]["insecure_ssl"] != "1"
    } else {
        hook["enable_ssl_verification"] != false
    };
    let body = body.to_string();
    let client = reqwest::Client::builder()
        .tls_danger_accept_invalid_certs(!verifies)
        .build()
        .unwrap();
    let secret = secret.as_str().unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let signature = hex(&mac.finalize().into_bytes());
    let request = client
        .post(url.as_str().unwrap())
        .header("content-type", "application/json")
        .body(body);
    let request = if is_github {
        request
            .header("x-github-event", event)
            .header("x-hub-signature-256", format!("sha256={signature}"))
    } else {
        request.header("x-gitlab-event", event).header("x-gitlab-token", secret)
    };
    request.send().await.ok().map(|answer| answer.status().as_u16())
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let path = parts.uri.path().to_owned();
    if !path.starts_with("/api/") {
        return repository(&shared, &parts.method, &parts.uri, &parts.headers, body).await;
    }
    let given = parts.headers.get("authorization").or(parts.headers.get("private-token"));
    let given = given.and_then(|value| value.to_str().ok()).unwrap_or_default();
    if given.trim_start_matches("Bearer ") != TOKEN {
        return (StatusCode::UNAUTHORIZED, axum::Json(json!({"message": "Bad credentials"}))).into_response();
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    api(&shared, &parts.method, &path, body).await
}

async fn api(shared: &Shared, method: &Method, path: &str, body: Value) -> Response {
    let last = path.rsplit('/').next().unwrap();
    let json = |status: StatusCode, value: Value| (status, axum::Json(value)).into_response();
    match (method.as_str(), last) {
        ("GET", "keys" | "deploy_keys") => json(StatusCode::OK, shared.keys.lock().unwrap().clone().into()),
        ("POST", "keys" | "deploy_keys") => {
            let mut key = body;
            let text = key["key"].as_str().unwrap().to_owned();
            shared.let_in.lock().unwrap().push(PublicKey::from_openssh(&text).unwrap());
            // Hosts drop the comment.
            key["key"] = json!(text.split(' ').take(2).collect::<Vec<_>>().join(" "));
            shared.keys.lock().unwrap().push(key.clone());
            json(StatusCode::CREATED, key)
        }
        ("GET", "hooks") => {
            let mut hooks = shared.hooks.lock().unwrap().clone();
            for hook in &mut hooks {
                if hook["config"].is_object() {
                    hook["config"]["secret"] = json!("********");
                }
                hook.as_object_mut().unwrap().remove("token");
            }
            json(StatusCode::OK, hooks.into())
        }
        ("POST", "hooks") => {
            let mut hook = body;
            hook["id"] = json!(shared.hooks.lock().unwrap().len() + 1);
            shared.hooks.lock().unwrap().push(hook.clone());
            // As GitHub does, at once.
            if path.contains("/repos/") {
                deliver(&hook, "ping", json!({"zen": "x"})).await;
            }
            json(StatusCode::CREATED, hook)
        }
        ("PATCH" | "PUT", id) => {
            let id: usize = id.parse().unwrap();
            let mut hooks = shared.hooks.lock().unwrap();
            for (key, value) in body.as_object().unwrap() {
                hooks[id - 1][key] = value.clone();
            }
            json(StatusCode::OK, hooks[id - 1].clone())
        }
        _ => json(StatusCode::NOT_FOUND, json!({"message": "Not Found"})),
    }
}

/// A repository over HTTPS, given by git's own program.
async fn repository(shared: &Shared, method: &Method, uri: &Uri, headers: &HeaderMap, body: Bytes) -> Response {
    if *shared.private.lock().unwrap() {
        return (StatusCode::UNAUTHORIZED, [("www-authenticate", "Basic realm=\"git\"")]).into_response();
    }
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut child = tokio::process::Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", &shared.folder)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", method.as_str())
        .env("PATH_INFO", uri.path())
        .env("QUERY_STRING", uri.query().unwrap_or_default())
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    tokio::spawn(async move {
        let _ = stdin.write_all(&body).await;
    });
    let output = child.wait_with_output().await.unwrap().stdout;
    let end = output.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let mut answer = Response::builder();
    for line in String::from_utf8(output[..end].to_vec()).unwrap().lines() {
        let (name, value) = line.split_once(": ").unwrap();
        answer = match name {
            "Status" => answer.status(value[..3].parse::<u16>().unwrap()),
            _ => answer.header(name, value),
        };
    }
    answer.body(Body::from(output[end + 4..].to_vec())).unwrap()
}
