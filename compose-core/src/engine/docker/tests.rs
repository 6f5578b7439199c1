//! The adapter against an engine that answers from a script.

use super::super::request::{ContainerBody, NetworkBody};
use super::super::{AnonymousVolumes, Credential, Credentials, DockerEngine, Engine, EngineAddress, EngineError, LogRequest, Selector};
use crate::names::{ContainerId, ContainerName};
use futures::StreamExt as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};

const PING: &str = "HTTP/1.1 200 OK\r\nApi-Version: 1.60\r\nBuilder-Version: 2\r\nContent-Length: 2\r\n\r\nOK";

/// An engine that gives these answers in turn, and what it was asked.
struct Scripted {
    engine: DockerEngine,
    asked: Arc<Mutex<Vec<String>>>,
    _folder: tempfile::TempDir,
}

impl Scripted {
    fn new(answers: impl IntoIterator<Item = String>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("engine.sock");
        let listener = UnixListener::bind(&socket).expect("a socket");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let mut answers = answers.into_iter().collect::<Vec<_>>().into_iter();
        let log = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let Some(answer) = answers.next() else { break };
                let request = read(&mut connection).await;
                log.lock().expect("not poisoned").push(request);
                connection.write_all(answer.as_bytes()).await.expect("an answer");
                connection.shutdown().await.expect("the end");
            }
        });
        Self {
            engine: DockerEngine::connect(&EngineAddress::Unix(socket)).expect("an engine"),
            asked,
            _folder: folder,
        }
    }

    /// The first lines of what was asked.
    fn asked(&self) -> Vec<String> {
        let asked = self.asked.lock().expect("not poisoned");
        let lines = asked.iter().map(|request| request.lines().next().unwrap_or_default());
        lines.map(|line| line.trim_end_matches(" HTTP/1.1").to_owned()).collect()
    }

    fn last(&self) -> String {
        self.asked.lock().expect("not poisoned").last().cloned().unwrap_or_default()
    }
}

/// Reads one request with its body.
async fn read(connection: &mut UnixStream) -> String {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            if body.len() >= length.unwrap_or(0) {
                break;
            }
        }
        let read = connection.read(&mut buffer).await.expect("a request");
        if read == 0 {
            break;
        }
        request.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8_lossy(&request).into_owned()
}

/// An answer after which the connection is closed.
fn answer(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn greeted(answers: impl IntoIterator<Item = String>) -> Scripted {
    let ping = PING.replace("Content-Length", "Connection: close\r\nContent-Length");
    Scripted::new(std::iter::once(ping).chain(answers))
}

fn id() -> ContainerId {
    ContainerId::new("1f")
}

#[tokio::test]
async fn every_request_bears_the_version_that_was_agreed_on_once() {
    let scripted = greeted([answer("200 OK", "[]"), answer("204 No Content", ""), answer("200 OK", "[]")]);
    assert_eq!(scripted.engine.list_containers(&Selector::default()).await.expect("a list"), []);
    scripted.engine.start_container(&id()).await.expect("a start");
    scripted.engine.list_networks(&Selector::default()).await.expect("a list");
    assert_eq!(
        scripted.asked(),
        [
            "GET /_ping",
            "GET /v1.51/containers/json?all=1&filters=%7B%7D",
            "POST /v1.51/containers/1f/start",
            "GET /v1.51/networks?filters=%7B%7D",
        ]
    );
}

#[tokio::test]
async fn an_engine_of_old_is_refused_before_anything_is_asked() {
    for (version, found) in [("1.40", "1.40"), ("", "unknown"), ("new", "new")] {
        let header = if version.is_empty() {
            String::new()
        } else {
            format!("Api-Version: {version}\r\n")
        };
        let scripted = Scripted::new([format!("HTTP/1.1 200 OK\r\n{header}Content-Length: 0\r\n\r\n")]);
        let error = scripted.engine.start_container(&id()).await.expect_err("too old");
        assert_eq!(
            error.to_string(),
            format!("the engine speaks API {found}, and 1.41 or newer is needed (Docker Engine 20.10)")
        );
        assert_eq!(scripted.asked(), ["GET /_ping"]);
    }
}

#[tokio::test]
async fn what_is_so_already_is_fine() {
    let scripted = greeted([
        answer("304 Not Modified", ""),
        answer("304 Not Modified", ""),
        answer("404 Not Found", r#"{"message":"no such container"}"#),
        answer("409 Conflict", r#"{"message":"removal of container 1f is already in progress"}"#),
        answer("200 OK", r#"{"Id":"1f","State":{"Status":"removing"}}"#),
        answer("404 Not Found", r#"{"message":"no such container"}"#),
        answer("409 Conflict", r#"{"message":"it is busy"}"#),
    ]);
    let engine = &scripted.engine;
    engine.start_container(&id()).await.expect("runs");
    engine
        .stop_container(&id(), Some(Duration::from_secs(7)))
        .await
        .expect("does not run");
    assert!(scripted.last().starts_with("POST /v1.51/containers/1f/stop?t=7 "));
    engine.remove_container(&id(), AnonymousVolumes::Remove).await.expect("is gone");
    assert!(scripted.last().starts_with("DELETE /v1.51/containers/1f?v=true&force=true"));
    engine.remove_container(&id(), AnonymousVolumes::Keep).await.expect("is going");
    let error = engine.remove_container(&id(), AnonymousVolumes::Keep).await.expect_err("busy");
    assert_eq!(
        (error.status(), error.to_string().as_str()),
        (Some(409), "remove container 1f: it is busy")
    );
}

/// The engine did what it was asked for, and nobody heard of it.
const LOST: String = String::new();

#[tokio::test]
async fn what_was_done_without_an_answer_is_taken() {
    let body = ContainerBody {
        labels: [("k".to_owned(), "v".to_owned())].into(),
        ..ContainerBody::default()
    };
    let made = |status: &str| {
        answer(
            "200 OK",
            &format!(r#"{{"Id":"1f","Name":"/web","Config":{{"Labels":{{"k":"v","l":"w"}}}},"State":{{"Status":"{status}"}}}}"#),
        )
    };
    let name = ContainerName::new("web");
    let scripted = greeted([LOST, made("created"), LOST, made("exited"), LOST, made("running")]);
    let engine = &scripted.engine;
    assert_eq!(engine.create_container(&name, None, &body).await.expect("made"), id());
    engine.stop_container(&id(), None).await.expect("stopped");
    engine.start_container(&id()).await.expect("started");

    let scripted = greeted([
        LOST,
        made("running"),
        LOST,
        answer("404 Not Found", ""),
        LOST,
        answer("200 OK", "{}"),
    ]);
    let engine = &scripted.engine;
    engine.rename_container(&id(), &name).await.expect("renamed");
    engine.remove_container(&id(), AnonymousVolumes::Keep).await.expect("removed");
    engine.disconnect_network("front", &id()).await.expect("left");
}

#[tokio::test]
async fn what_was_not_done_is_asked_for_again() {
    let nobody = || answer("404 Not Found", r#"{"message":"no such container"}"#);
    let scripted = greeted([LOST, nobody(), answer("201 Created", r#"{"Id":"1f"}"#)]);
    let name = ContainerName::new("web");
    let made = scripted.engine.create_container(&name, None, &ContainerBody::default()).await;
    assert_eq!(made.expect("made"), id());
    assert_eq!(
        scripted.asked()[1..],
        [
            "POST /v1.51/containers/create?name=web",
            "GET /v1.51/containers/web/json",
            "POST /v1.51/containers/create?name=web",
        ]
    );
}

#[tokio::test]
async fn another_container_of_the_name_is_not_taken() {
    let other = answer("200 OK", r#"{"Id":"2f","Name":"/web","Config":{},"State":{"Status":"created"}}"#);
    let conflict = answer("409 Conflict", r#"{"message":"the name is in use"}"#);
    let body = ContainerBody {
        labels: [("k".to_owned(), "v".to_owned())].into(),
        ..ContainerBody::default()
    };
    let again = std::iter::repeat_n([conflict.clone(), other.clone()], 3).flatten();
    let scripted = greeted([LOST, other.clone()].into_iter().chain(again));
    let made = scripted.engine.create_container(&ContainerName::new("web"), None, &body).await;
    assert_eq!(made.expect_err("in use").status(), Some(409));
    // At once, where no answer was lost.
    let scripted = greeted([conflict]);
    let made = scripted.engine.create_container(&ContainerName::new("web"), None, &body).await;
    assert_eq!(made.expect_err("in use").status(), Some(409));
    assert_eq!(scripted.asked().len(), 2);
}

#[tokio::test]
async fn a_job_that_ended_before_anybody_heard_of_its_start_is_not_started_twice() {
    let ended = answer(
        "200 OK",
        r#"{"Id":"1f","State":{"Status":"exited","StartedAt":"2999-01-01T00:00:00.5Z"}}"#,
    );
    let scripted = greeted([LOST, ended]);
    scripted.engine.start_container(&id()).await.expect("started");
    let before = answer(
        "200 OK",
        r#"{"Id":"1f","State":{"Status":"exited","StartedAt":"2001-01-01T00:00:00.5Z"}}"#,
    );
    let scripted = greeted([LOST, before, answer("204 No Content", "")]);
    scripted.engine.start_container(&id()).await.expect("started");
    assert_eq!(scripted.asked().len(), 4);
}

#[tokio::test]
async fn refusals_are_read_in_any_form() {
    for (body, said) in [
        (r#"{"message":"pool overlaps"}"#, "pool overlaps"),
        ("plain words\n", "plain words"),
        ("", "403 Forbidden"),
    ] {
        let scripted = greeted([answer("403 Forbidden", body)]);
        let body = NetworkBody {
            name: "front".to_owned(),
            ..NetworkBody::default()
        };
        let error = scripted.engine.create_network(&body).await.expect_err("refused");
        assert_eq!(error.to_string(), format!("create network front: {said}"));
        assert!(scripted.last().ends_with("\r\n\r\n{\"Name\":\"front\",\"Labels\":{}}"));
    }
}

#[tokio::test]
async fn broken_answers_are_no_answers() {
    let short = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[".to_owned();
    for broken in [short, answer("200 OK", r#"{"no":"list"}"#), "nonsense".to_owned()] {
        let scripted = greeted(vec![broken; 4]);
        let error = scripted.engine.list_containers(&Selector::default()).await.expect_err("broken");
        assert!(matches!(error, EngineError::Transport { .. }), "{error:?}");
        assert!(error.to_string().starts_with("list containers: "), "{error}");
        assert_eq!(scripted.asked().len(), 5, "it is asked again");
    }
}

#[tokio::test]
async fn a_pull_shows_credentials_and_can_fail_on_its_way() {
    let lines = concat!(
        r#"{"status":"Pulling from app","id":"v1"}"#,
        "\r\n",
        r#"{"status":"Downloading","id":"aa","progressDetail":{"current":5,"total":9}}"#,
        "\r\n",
        r#"{"error":"manifest unknown","errorDetail":{"message":"manifest unknown"}}"#,
    );
    let scripted = greeted([answer("200 OK", lines)]);
    let credential = Credential {
        username: "me".to_owned(),
        password: "secret".to_owned(),
        ..Credential::default()
    };
    let engine = scripted
        .engine
        .clone()
        .with_credentials(Credentials::none().with("host:5000", credential));
    let mut seen = Vec::new();
    let pulled = engine
        .pull_image(&"host:5000/app:v1".into(), Some("linux/arm64"), &mut |progress| seen.push(progress))
        .await;
    let error = pulled.expect_err("failed");
    assert_eq!(error.to_string(), "pull host:5000/app:v1: manifest unknown");
    assert_eq!(
        (seen.len(), seen[1].layer.as_deref(), seen[1].current, seen[1].total),
        (2, Some("aa"), Some(5), Some(9))
    );
    let request = scripted.last();
    assert!(
        request.starts_with("POST /v1.51/images/create?fromImage=host%3A5000%2Fapp&tag=v1&platform=linux%2Farm64 "),
        "{request}"
    );
    assert!(request.contains("x-registry-auth: ey"), "{request}");
}

#[tokio::test]
async fn the_end_of_a_container_may_come_with_an_error() {
    let scripted = greeted([
        answer("200 OK", r#"{"StatusCode":137,"Error":null}"#),
        answer("200 OK", r#"{"StatusCode":-1,"Error":{"Message":"it vanished"}}"#),
    ]);
    assert_eq!(scripted.engine.wait_container(&id()).await.expect("a code"), 137);
    let error = scripted.engine.wait_container(&id()).await.expect_err("no code");
    assert_eq!(error.to_string(), "wait for container 1f: it vanished");
}

#[tokio::test]
async fn logs_of_nobody_are_an_error_of_the_stream() {
    let scripted = greeted([answer("404 Not Found", r#"{"message":"No such container: 1f"}"#)]);
    let mut logs = scripted.engine.logs(&id(), &LogRequest::default());
    assert_eq!(
        scripted.asked(),
        Vec::<String>::new(),
        "nothing is sent before the stream is polled"
    );
    let error = logs.next().await.expect("an item").expect_err("nobody");
    assert_eq!(error.status(), Some(404));
    assert!(logs.next().await.is_none());
}
