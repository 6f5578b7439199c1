//! A daemon over an engine in memory, and a repository that it deploys from.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, Response, StatusCode};
use compose_core::engine::Engine;
use compose_core::engine::fake::{Behaviour, FakeEngine, FaultyEngine};
use compose_core::names::ContainerId;
use deployd::wire::{Deployment, DeploymentState, EventBody, StreamEvent};
use deployd::{Config, Daemon, app};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt as _;

/// Everything a test needs.
pub(crate) struct Bench {
    pub(crate) temp: tempfile::TempDir,
    pub(crate) engine: Arc<FakeEngine>,
    /// How the daemon reaches it.
    pub(crate) faults: Arc<FaultyEngine>,
    pub(crate) daemon: Daemon,
    app: Router,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) content_type: String,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// Behaves well at once.
pub(crate) fn healthy() -> Behaviour {
    Behaviour {
        health: Some(true),
        ..Behaviour::default()
    }
}

/// The usual project: one service of one image that is there.
pub(crate) const COMPOSE: &str = "services:\n  web:\n    image: web:1\n";

impl Bench {
    /// A daemon that knows nothing yet.
    pub(crate) async fn empty() -> Self {
        let engine = FakeEngine::new()
            .with_image("web:1")
            .with_image("web:2")
            .with_image("sick:1")
            .with_behaviour("web:1", healthy())
            .with_behaviour("web:2", healthy())
            .with_behaviour(
                "sick:1",
                Behaviour {
                    health: Some(false),
                    output: "cannot reach the database\n".to_owned(),
                    ..Behaviour::default()
                },
            );
        Self::with_engine(engine).await
    }

    pub(crate) async fn with_engine(engine: FakeEngine) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let engine = Arc::new(engine);
        let faults = Arc::new(FaultyEngine::over(Arc::clone(&engine)));
        let daemon = open(&temp.path().join("state"), &faults).await;
        let app = app(daemon.clone());
        Self {
            temp,
            engine,
            faults,
            daemon,
            app,
        }
    }

    /// A daemon with the project `shop`, whose first commit is pushed.
    pub(crate) async fn shop() -> Self {
        let bench = Self::unregistered().await;
        bench.register("").await;
        bench
    }

    /// A project whose first commit is pushed, not registered yet.
    pub(crate) async fn unregistered() -> Self {
        let bench = Self::empty().await;
        bench.begin_repository();
        bench
    }

    /// A daemon with the project `shop`, whose one container writes this.
    pub(crate) async fn talking(output: &str) -> Self {
        let behaviour = Behaviour {
            output: output.to_owned(),
            ..healthy()
        };
        let engine = FakeEngine::new().with_image("web:1").with_behaviour("web:1", behaviour);
        let bench = Self::with_engine(engine).await;
        bench.begin_repository();
        bench.register("").await;
        bench
    }

    fn begin_repository(&self) {
        self.git(&["init", "-q", "-b", "main", "."]);
        self.write("inertia.toml", "name = \"shop\"\nhealth_timeout = \"3s\"\n");
        self.push(COMPOSE);
    }

    pub(crate) async fn register(&self, path: &str) {
        let registration = json!({"url": self.work(), "branch": "main", "path": path});
        let answer = self.put("/v1/projects/shop", &registration).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    }

    /// Ends the daemon as abruptly as a test can, and begins another on the same folder and engine.
    pub(crate) async fn restart(self) -> Self {
        let Self {
            temp,
            engine,
            faults,
            daemon,
            app,
        } = self;
        daemon.stop();
        drop((daemon, app));
        let state = temp.path().join("state");
        // The old one lets go of the folder once its tasks have gone.
        let mut tries = 0;
        let daemon = loop {
            match Daemon::open(config(&state, &faults)).await {
                Ok(daemon) => break daemon,
                Err(error) => assert!(tries < 500, "{error}"),
            }
            tries += 1;
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        daemon.resume().await.unwrap();
        let app = deployd::app(daemon.clone());
        Self {
            temp,
            engine,
            faults,
            daemon,
            app,
        }
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.temp.path().join("state")
    }

    pub(crate) fn work(&self) -> PathBuf {
        let work = self.temp.path().join("work");
        std::fs::create_dir_all(&work).unwrap();
        work
    }

    pub(crate) fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
            .args(args)
            .current_dir(self.work())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("HOME", self.temp.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.work().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn commit(&self) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "a change"]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Commits a compose file; the commit.
    pub(crate) fn push(&self, compose: &str) -> String {
        self.write("compose.yaml", compose);
        self.commit()
    }

    pub(crate) fn admin(&self) -> String {
        std::fs::read_to_string(self.state().join("admin.token")).unwrap()
    }

    pub(crate) fn router(&self) -> Router {
        self.app.clone()
    }

    pub(crate) async fn raw(&self, request: Request<Body>) -> Response<Body> {
        self.app.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.raw(request).await;
        let content_type = response
            .headers()
            .get("content-type")
            .map(|value| value.to_str().unwrap().to_owned());
        Answer {
            status: response.status(),
            content_type: content_type.unwrap_or_default(),
            text: String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap(),
        }
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, token: Option<&str>, body: String) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("host", "daemon.example:8081");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, Some(&self.admin()), String::new()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask(Method::POST, path, Some(&self.admin()), body.to_string()).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.ask(Method::PUT, path, Some(&self.admin()), body.to_string()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, Some(&self.admin()), String::new()).await
    }

    /// Asks for a deployment; its number.
    pub(crate) async fn deploy(&self) -> u64 {
        let answer = self.post("/v1/projects/shop/deployments", &json!({})).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
        answer.json()["id"].as_u64().unwrap()
    }

    /// The events of a deployment to its end.
    pub(crate) async fn events(&self, id: u64) -> Vec<StreamEvent> {
        let path = format!("/v1/projects/shop/deployments/{id}/events");
        let answer = tokio::time::timeout(Duration::from_mins(1), self.get(&path)).await;
        parse_events(&answer.unwrap_or_else(|_| panic!("deployment {id} did not end")).text)
    }

    /// Waits for a deployment's end; what it is then.
    pub(crate) async fn ended(&self, id: u64) -> Deployment {
        self.events(id).await;
        self.deployment(id).await
    }

    pub(crate) async fn deployment(&self, id: u64) -> Deployment {
        let answer = self.get(&format!("/v1/projects/shop/deployments/{id}")).await;
        serde_json::from_str(&answer.text).unwrap()
    }

    /// Deploys and expects it to become healthy; its number.
    pub(crate) async fn deploy_well(&self) -> u64 {
        let id = self.deploy().await;
        let ended = self.ended(id).await;
        assert_eq!(ended.state, DeploymentState::Healthy, "{:?}", ended.reason);
        id
    }

    /// Waits until a deployment is in a state.
    pub(crate) async fn until(&self, id: u64, state: DeploymentState) {
        for _ in 0..1000 {
            let now = self.deployment(id).await.state;
            if now == state {
                return;
            }
            assert!(!now.is_final(), "{id} is {now}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("deployment {id} did not become {state}");
    }

    /// The events of a deployment so far, as they are kept.
    pub(crate) fn logged(&self, id: u64) -> String {
        let store = rusqlite::Connection::open(self.state().join("inertia.db")).unwrap();
        let sql = "SELECT COALESCE(group_concat(body), '') FROM events WHERE deployment = ?1";
        store.query_row(sql, [i64::try_from(id).unwrap()], |row| row.get(0)).unwrap()
    }

    /// The images of the running containers, by name.
    pub(crate) async fn running(&self) -> Vec<(String, String)> {
        let selector = compose_core::labels::every_project();
        let found = self.engine.list_containers(&selector).await.unwrap();
        let mut running: Vec<_> = found
            .into_iter()
            .filter(|container| container.status == compose_core::engine::ContainerStatus::Running)
            .map(|container| (container.name.to_string(), container.image_id.to_string()))
            .collect();
        running.sort();
        running
    }
}

fn config(state: &Path, engine: &Arc<FaultyEngine>) -> Config {
    Config {
        state: state.to_owned(),
        engine: Arc::clone(engine) as Arc<dyn Engine>,
        container: Some(ContainerId::new("inertia-daemon")),
        version: "1.2.3".to_owned(),
        known_hosts: None,
    }
}

async fn open(state: &Path, engine: &Arc<FaultyEngine>) -> Daemon {
    Daemon::open(config(state, engine)).await.unwrap()
}

/// The items of a stream of server-sent events.
pub(crate) fn parse_events(text: &str) -> Vec<StreamEvent> {
    let blocks = text.split("\n\n").filter(|block| !block.trim().is_empty());
    blocks
        .map(|block| {
            let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            let event: StreamEvent = serde_json::from_str(field("data:").unwrap()).unwrap();
            assert_eq!(field("id:").unwrap(), event.seq.to_string());
            event
        })
        .collect()
}

/// The states that were told, in order.
pub(crate) fn states(events: &[StreamEvent]) -> Vec<DeploymentState> {
    let state = |event: &StreamEvent| match event.event {
        EventBody::State { state, .. } => Some(state),
        _ => None,
    };
    events.iter().filter_map(state).collect()
}
