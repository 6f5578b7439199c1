//! The adapter against a real engine, with `busybox:latest`.

use compose_core::engine::request::{ContainerBody, HostConfig, NetworkBody, VolumeBody};
use compose_core::engine::{
    AnonymousVolumes, ApiVersion, Attached, Console, ContainerHealth, ContainerStatus, DockerEngine, EndpointRequest, Engine,
    EngineAddress, EngineError, ExecRequest, Input, LogChunk, LogRequest, LogStream, Ownership, PathKind, Selector, TerminalSize,
};
use compose_core::names::{ContainerId, ContainerName, VolumeName};
use futures::StreamExt;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

/// A label that marks what one test made.
struct Mark {
    engine: DockerEngine,
    name: String,
}

const LABEL: &str = "org.inertia.test";

/// The engine and a name for what the test makes; `None` where there is nothing to test against.
async fn live(test: &str) -> Option<Mark> {
    let engine = DockerEngine::connect(&EngineAddress::default()).unwrap();
    engine.inspect_image("busybox:latest").await.ok()??;
    let name = format!("it-{test}-{}", std::process::id());
    Some(Mark { engine, name })
}

impl Mark {
    fn labels(&self) -> BTreeMap<String, String> {
        BTreeMap::from([(LABEL.to_owned(), self.name.clone())])
    }

    fn selector(&self) -> Selector {
        Selector {
            labels: vec![format!("{LABEL}={}", self.name)],
        }
    }

    fn body(&self, script: &str) -> ContainerBody {
        ContainerBody {
            image: "busybox".to_owned(),
            labels: self.labels(),
            cmd: Some(vec!["sh".to_owned(), "-c".to_owned(), script.to_owned()]),
            ..ContainerBody::default()
        }
    }

    async fn create(&self, body: &ContainerBody) -> ContainerId {
        let name = ContainerName::from(self.name.clone());
        self.engine.create_container(&name, None, body).await.unwrap()
    }

    async fn output(&self, id: &ContainerId, request: &LogRequest) -> (String, String) {
        let chunks: Vec<LogChunk> = self.engine.logs(id, request).map(Result::unwrap).collect().await;
        let of = |stream: LogStream| -> String {
            let chunks = chunks.iter().filter(|chunk| chunk.stream == stream);
            chunks.map(|chunk| String::from_utf8_lossy(&chunk.bytes).into_owned()).collect()
        };
        (of(LogStream::Stdout), of(LogStream::Stderr))
    }

    async fn clean(&self) {
        for container in self.engine.list_containers(&self.selector()).await.unwrap() {
            self.engine.remove_container(&container.id, AnonymousVolumes::Remove).await.unwrap();
        }
        for network in self.engine.list_networks(&self.selector()).await.unwrap() {
            self.engine.remove_network(&network.id).await.unwrap();
        }
        for volume in self.engine.list_volumes(&self.selector()).await.unwrap() {
            self.engine.remove_volume(&volume.name).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_container_lives_and_is_watched() {
    let Some(mark) = live("life").await else { return };
    let mut changes = mark.engine.watch(&mark.selector()).await.unwrap();
    let id = mark
        .create(&mark.body("trap 'exit 7' TERM; echo out; echo err >&2; while :; do sleep 0.1; done"))
        .await;
    mark.engine.start_container(&id).await.unwrap();
    mark.engine.start_container(&id).await.unwrap();

    let listed = mark.engine.list_containers(&mark.selector()).await.unwrap();
    assert_eq!(
        (listed.len(), listed[0].name.as_str(), &listed[0].status),
        (1, mark.name.as_str(), &ContainerStatus::Running)
    );
    let details = mark.engine.inspect_container(&id).await.unwrap().unwrap();
    assert_eq!(
        (details.id == id, details.state.health, details.tty),
        (true, ContainerHealth::None, false)
    );

    // The program must have its trap in place.
    let follow = LogRequest {
        follow: true,
        ..LogRequest::default()
    };
    mark.engine.logs(&id, &follow).next().await.unwrap().unwrap();
    mark.engine.stop_container(&id, Some(Duration::from_secs(10))).await.unwrap();
    mark.engine.stop_container(&id, None).await.unwrap();
    assert_eq!(mark.engine.wait_container(&id).await.unwrap(), 7);
    assert_eq!(
        mark.output(&id, &LogRequest::default()).await,
        ("out\n".to_owned(), "err\n".to_owned())
    );

    let name = ContainerName::from(format!("{}-renamed", mark.name));
    mark.engine.rename_container(&id, &name).await.unwrap();
    mark.engine.remove_container(&id, AnonymousVolumes::Keep).await.unwrap();
    mark.engine.remove_container(&id, AnonymousVolumes::Keep).await.unwrap();
    assert_eq!(mark.engine.inspect_container(&id).await.unwrap(), None);

    let mut actions = Vec::new();
    while let Some(change) = changes.next().await {
        let change = change.unwrap();
        assert_eq!((&change.id, &change.labels[LABEL]), (&id, &mark.name));
        if change.action == "die" {
            assert_eq!(change.exit_code, Some(7));
        }
        let last = change.action == "destroy";
        actions.push(change.action);
        if last {
            break;
        }
    }
    assert_eq!(actions, ["create", "start", "kill", "die", "stop", "rename", "destroy"]);
}

#[tokio::test]
async fn commands_run_in_a_container() {
    let Some(mark) = live("exec").await else { return };
    let id = mark.create(&mark.body("sleep 60")).await;
    mark.engine.start_container(&id).await.unwrap();
    let request = ExecRequest {
        command: ["sh", "-c", "echo $V $(id -u) $PWD; echo bad >&2; exit 3"]
            .map(str::to_owned)
            .to_vec(),
        environment: vec!["V=set".to_owned()],
        user: Some("5".to_owned()),
        working_dir: Some("/tmp".to_owned()),
        ..ExecRequest::default()
    };
    let mut out = Vec::new();
    let mut err = Vec::new();
    let code = mark
        .engine
        .exec(&id, &request, &mut |chunk| match chunk.stream {
            LogStream::Stdout => out.extend(chunk.bytes),
            LogStream::Stderr => err.extend(chunk.bytes),
        })
        .await
        .unwrap();
    assert_eq!((code, out.as_slice(), err.as_slice()), (3, &b"set 5 /tmp\n"[..], &b"bad\n"[..]));
    mark.clean().await;
}

#[tokio::test]
async fn logs_are_cut_and_stamped_as_asked() {
    let Some(mark) = live("logs").await else { return };
    let mut body = mark.body("printf '\\1\\0\\0\\0one\\ntwo\\nthree'");
    body.tty = true;
    let id = mark.create(&body).await;
    mark.engine.start_container(&id).await.unwrap();
    mark.engine.wait_container(&id).await.unwrap();
    let tail = LogRequest {
        tail: Some(2),
        ..LogRequest::default()
    };
    assert_eq!(mark.output(&id, &tail).await.0, "two\r\nthree");
    let all = mark.output(&id, &LogRequest::default()).await.0;
    assert_eq!(all, "\u{1}\0\0\0one\r\ntwo\r\nthree", "a terminal's bytes are not taken for frames");
    let stamped = LogRequest {
        timestamps: true,
        tail: Some(1),
        ..LogRequest::default()
    };
    let line = mark.output(&id, &stamped).await.0;
    assert!(line.starts_with("20") && line.ends_with("Z three"), "{line}");
    let (moment, _) = line.split_once(' ').unwrap();
    let since = LogRequest {
        since: Some(moment.to_owned()),
        ..LogRequest::default()
    };
    assert!(mark.output(&id, &since).await.0.ends_with("three"));
    let never = LogRequest {
        since: Some("tomorrow".to_owned()),
        ..LogRequest::default()
    };
    let error = mark.engine.logs(&id, &never).next().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("`tomorrow` is no time"), "{error}");
    mark.clean().await;
}

#[tokio::test]
async fn networks_and_volumes_come_and_go() {
    let Some(mark) = live("nets").await else { return };
    let network = NetworkBody {
        name: mark.name.clone(),
        labels: mark.labels(),
        check_duplicate: true,
        ..NetworkBody::default()
    };
    let network_id = mark.engine.create_network(&network).await.unwrap();
    let again = mark.engine.create_network(&network).await.unwrap_err();
    assert_eq!(again.status(), Some(409), "{again}");
    let by_beginning = mark.engine.inspect_network(&network_id.as_str()[..12]).await.unwrap();
    assert_eq!(by_beginning, None, "the beginning of an id is no name");
    let volume = VolumeBody {
        name: mark.name.clone(),
        labels: mark.labels(),
        ..VolumeBody::default()
    };
    mark.engine.create_volume(&volume).await.unwrap();

    let mut body = mark.body("getent hosts friend; sleep 60");
    body.host_config = HostConfig {
        binds: vec![format!("{}:/data", mark.name)],
        ..HostConfig::default()
    };
    let id = mark.create(&body).await;
    let endpoint = EndpointRequest {
        aliases: vec!["friend".to_owned()],
        ..EndpointRequest::default()
    };
    mark.engine
        .connect_network(&mark.name.as_str().into(), &id, &endpoint)
        .await
        .unwrap();
    mark.engine.start_container(&id).await.unwrap();
    let listed = mark.engine.list_containers(&mark.selector()).await.unwrap();
    assert_eq!(listed[0].networks[mark.name.as_str()], network_id);
    assert_eq!(listed[0].mounts[0].name.as_deref(), Some(mark.name.as_str()));
    let found = mark.engine.inspect_network(&mark.name).await.unwrap().unwrap();
    assert_eq!((found.labels, found.containers), (mark.labels(), vec![id.clone()]));
    mark.engine.disconnect_network(&mark.name, &id).await.unwrap();
    mark.clean().await;
    assert_eq!(mark.engine.inspect_network(&mark.name).await.unwrap(), None);
    let volume = VolumeName::from(mark.name.clone());
    assert_eq!(mark.engine.inspect_volume(&volume).await.unwrap(), None);
    mark.engine.remove_network(&network_id).await.unwrap();
    mark.engine.remove_volume(&volume).await.unwrap();
}

#[tokio::test]
async fn images_are_inspected_and_named() {
    let Some(mark) = live("images").await else { return };
    let image = mark.engine.inspect_image("busybox").await.unwrap().unwrap();
    assert!(image.platform.starts_with("linux/") && image.size > 0, "{image:?}");
    let name = format!("{}:v1", mark.name).into();
    mark.engine.tag_image(&image.id, &name).await.unwrap();
    let tagged = mark.engine.inspect_image(name.as_str()).await.unwrap().unwrap();
    assert_eq!(tagged.id, image.id);
    mark.engine.remove_image(name.as_str()).await.unwrap();
    mark.engine.remove_image(name.as_str()).await.unwrap();
    assert_eq!(mark.engine.inspect_image(name.as_str()).await.unwrap(), None);
}

#[tokio::test]
async fn refusals_say_what_was_tried() {
    let Some(mark) = live("refusals").await else { return };
    let info = mark.engine.info().await.unwrap();
    assert!(info.api >= ApiVersion::OLDEST && !info.version.is_empty(), "{info:?}");
    let nobody = ContainerId::from("0".repeat(64));
    let error = mark.engine.start_container(&nobody).await.unwrap_err();
    assert_eq!(error.status(), Some(404));
    assert!(error.to_string().starts_with("start container 000"), "{error}");
    let mut body = mark.body("true");
    body.image = "no/such:image".to_owned();
    let error = mark
        .engine
        .create_container(&"it-refused".into(), None, &body)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("create container it-refused: ") && error.contains("no/such:image"),
        "{error}"
    );
    let error = mark.engine.inspect_container(&"../networks".into()).await.unwrap_err();
    assert!(matches!(error, EngineError::Name { .. }), "{error}");
}

#[tokio::test]
async fn an_engine_that_is_not_there_is_named() {
    let nowhere: EngineAddress = "unix:///nowhere/docker.sock".parse().unwrap();
    let engine = DockerEngine::connect(&nowhere).unwrap();
    let error = engine.list_containers(&Selector::default()).await.unwrap_err();
    assert!(matches!(error, EngineError::Unreachable { .. }), "{error:?}");
    assert_eq!(error.to_string(), "no container engine answers on /nowhere/docker.sock");
    let closed = DockerEngine::connect(&"tcp://127.0.0.1:1".parse().unwrap()).unwrap();
    let error = closed.stop_container(&"a".into(), None).await.unwrap_err();
    assert_eq!(error.to_string(), "no container engine answers on tcp://127.0.0.1:1");
}

/// Everything a process writes after it has been given some input.
async fn conversation(streams: &mut Attached, input: &[u8]) -> String {
    streams.input.write_all(input).await.unwrap();
    streams.input.flush().await.unwrap();
    let chunks: Vec<LogChunk> = streams.output.by_ref().map(Result::unwrap).collect().await;
    let bytes: Vec<u8> = chunks.into_iter().flat_map(|chunk| chunk.bytes).collect();
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_console_is_connected() {
    let Some(mark) = live("console").await else { return };
    let mut body = mark.body("read line; cat; echo got $line; exit 4");
    body.open_stdin = true;
    body.stdin_once = true;
    let id = mark.create(&body).await;
    let mut streams = mark.engine.attach(&id, Input::Connected).await.unwrap();
    mark.engine.start_container(&id).await.unwrap();
    streams.input.write_all(b"hello\nmore\n").await.unwrap();
    streams.input.shutdown().await.unwrap();
    assert_eq!(conversation(&mut streams, b"").await, "more\ngot hello\n");
    assert_eq!(mark.engine.wait_container(&id).await.unwrap(), 4);
    mark.clean().await;
}

#[tokio::test]
async fn a_command_is_given_input_and_a_terminal() {
    let Some(mark) = live("session").await else { return };
    let id = mark.create(&mark.body("sleep 60")).await;
    mark.engine.start_container(&id).await.unwrap();
    let request = ExecRequest {
        command: ["sh", "-c", "cat; exit 6"].map(str::to_owned).to_vec(),
        stdin: true,
        ..ExecRequest::default()
    };
    let mut session = mark.engine.open_exec(&id, &request).await.unwrap();
    session.streams.input.write_all(b"through\n").await.unwrap();
    session.streams.input.shutdown().await.unwrap();
    assert_eq!(conversation(&mut session.streams, b"").await, "through\n");
    assert_eq!(mark.engine.exec_exit_code(&session.id).await.unwrap(), 6);

    let terminal = ExecRequest {
        command: ["sh", "-c", "read go; stty size"].map(str::to_owned).to_vec(),
        stdin: true,
        tty: true,
        ..ExecRequest::default()
    };
    let mut session = mark.engine.open_exec(&id, &terminal).await.unwrap();
    let size = TerminalSize { rows: 33, columns: 99 };
    mark.engine.resize_exec(&session.id, size).await.unwrap();
    let shown = conversation(&mut session.streams, b"go\n").await;
    assert_eq!(shown, "go\r\n33 99\r\n");

    let quiet = ExecRequest {
        command: ["touch", "/tmp/done"].map(str::to_owned).to_vec(),
        ..ExecRequest::default()
    };
    mark.engine.detach_exec(&id, &quiet).await.unwrap();
    let processes = mark.engine.processes(&id).await.unwrap();
    assert!(
        processes.titles.contains(&"PID".to_owned()) && processes.rows[0].join(" ").contains("sleep"),
        "{processes:?}"
    );
    mark.engine.pause(&id).await.unwrap();
    assert_eq!(
        mark.engine.list_containers(&mark.selector()).await.unwrap()[0].status,
        ContainerStatus::Paused
    );
    mark.engine.unpause(&id).await.unwrap();
    mark.clean().await;
}

#[tokio::test]
async fn files_are_copied_in_and_out() {
    let Some(mark) = live("copy").await else { return };
    let mut body = mark.body("sleep 60");
    body.user = Some("5".to_owned());
    let id = mark.create(&body).await;
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(3);
    header.set_mode(0o640);
    header.set_uid(7);
    header.set_gid(7);
    archive.append_data(&mut header, "made/by.txt", &b"tar"[..]).unwrap();
    let tar = archive.into_inner().unwrap();
    mark.engine.upload(&id, "/tmp", tar.clone()).await.unwrap();
    let parts: Vec<_> = tar.chunks(100).map(|part| Ok(part.to_vec().into())).collect();
    let parts = futures::stream::iter(parts).boxed();
    mark.engine.upload_stream(&id, "/", Ownership::Archive, parts).await.unwrap();

    let file = mark.engine.stat(&id, "/tmp/made/by.txt").await.unwrap().unwrap();
    assert_eq!((file.name.as_str(), file.kind, file.size), ("by.txt", PathKind::File, 3));
    assert_eq!(mark.engine.stat(&id, "/made").await.unwrap().unwrap().kind, PathKind::Folder);
    assert_eq!(mark.engine.stat(&id, "/nothing").await.unwrap(), None);
    let mut copied = Vec::new();
    let mut stream = mark.engine.download(&id, "/made").await.unwrap();
    while let Some(bytes) = stream.next().await {
        copied.extend(bytes.unwrap());
    }
    let owners: Vec<(String, u64)> = tar::Archive::new(copied.as_slice())
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.path().unwrap().display().to_string(), entry.header().uid().unwrap()))
        .collect();
    assert_eq!(owners[1], ("made/by.txt".to_owned(), 7));
    mark.clean().await;
}
