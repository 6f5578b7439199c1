//! Sessions against a server within the test's own process.

use super::shell::Ends;
use super::{Destination, NewHostKeys, Session, SshError, Wanted};
use crate::ask::Ask;
use crate::environment::Environment;
use crate::failure::Failure;
use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, PrivateKey, PublicKey};
use russh::server::{Auth, ChannelOpenHandle, Config, Msg, Session as Served, VerifiedPublicKey, run_stream};
use russh::{Channel, ChannelId};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

fn new_key() -> PrivateKey {
    PrivateKey::random(&mut russh::keys::key::safe_rng(), Algorithm::Ed25519).expect("a key")
}

/// Lets one user with one key in and understands a few commands.
struct Peer {
    key: PublicKey,
    received: Vec<u8>,
    copies: bool,
    echoes: bool,
}

impl russh::server::Handler for Peer {
    type Error = russh::Error;

    async fn auth_publickey(&mut self, user: &str, shown: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        match user {
            "silence" => return std::future::pending().await,
            "hang up" => return Err(russh::Error::Disconnect),
            _ => {}
        }
        if user == "deploy" && shown.public_key.key_data() == self.key.key_data() {
            Ok(Auth::Accept)
        } else {
            Ok(Auth::reject())
        }
    }

    async fn channel_open_session(&mut self, _: Channel<Msg>, reply: ChannelOpenHandle, _: &mut Served) -> Result<(), Self::Error> {
        reply.accept().await;
        Ok(())
    }

    async fn exec_request(&mut self, channel: ChannelId, command: &[u8], session: &mut Served) -> Result<(), Self::Error> {
        session.channel_success(channel)?;
        match command {
            b"greet" => {
                session.data(channel, b"hello\n".to_vec())?;
                session.extended_data(channel, 1, b"careful\n".to_vec())?;
                session.exit_status_request(channel, 7)?;
                session.close(channel)?;
            }
            b"copy" => self.copies = true,
            b"echo" => self.echoes = true,
            b"complain" => {
                session.extended_data(channel, 1, b"sh: 1: /opt/inertia: not found\n".to_vec())?;
                session.exit_status_request(channel, 127)?;
                session.close(channel)?;
            }
            b"wait for ever" => {}
            b"complain and vanish" => {
                session.extended_data(channel, 1, b"sh: cannot fork\n".to_vec())?;
                session.close(channel)?;
            }
            b"talk on" => session.data(channel, b"y\n".to_vec())?,
            b"full" => {
                session.exit_status_request(channel, 1)?;
                session.close(channel)?;
            }
            _ => return Err(russh::Error::Disconnect),
        }
        Ok(())
    }

    async fn data(&mut self, channel: ChannelId, data: &[u8], session: &mut Served) -> Result<(), Self::Error> {
        if self.echoes {
            return session.data(channel, data.to_vec());
        }
        self.received.extend_from_slice(data);
        Ok(())
    }

    async fn channel_eof(&mut self, channel: ChannelId, session: &mut Served) -> Result<(), Self::Error> {
        if self.echoes {
            session.exit_status_request(channel, 0)?;
            session.close(channel)?;
        }
        if self.copies {
            session.data(channel, self.received.len().to_string().into_bytes())?;
            session.exit_status_request(channel, 0)?;
            session.close(channel)?;
        }
        Ok(())
    }
}

/// A server and the home folder of a person whom it lets in.
struct Scene {
    home: tempfile::TempDir,
    port: u16,
}

impl Scene {
    async fn new() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let key = new_key();
        let ssh = home.path().join(".ssh");
        std::fs::create_dir(&ssh).expect("made");
        write_key(&ssh.join("id_ed25519"), &key);
        let port = serve(key.public_key().clone(), new_key()).await;
        Self { home, port }
    }

    fn known_hosts(&self) -> std::path::PathBuf {
        self.home.path().join(".ssh/known_hosts")
    }

    fn destination(&self, user: &str, port: u16) -> Destination {
        let environment = Environment {
            arguments: Vec::new(),
            variables: BTreeMap::from([("HOME".to_owned(), self.home.path().display().to_string())]),
            cwd: self.home.path().to_owned(),
            stdin_is_terminal: false,
            stdout_is_terminal: false,
            stderr_is_terminal: false,
        };
        let wanted = Wanted {
            host: "127.0.0.1".to_owned(),
            user: Some(user.to_owned()),
            port: Some(port),
            identity: None,
        };
        Destination::resolve(&wanted, &environment).expect("resolved")
    }

    async fn connect(&self, user: &str, policy: NewHostKeys) -> Result<Session, SshError> {
        Session::connect(&self.destination(user, self.port), policy, Ask::Nobody).await
    }
}

fn write_key(path: &Path, key: &PrivateKey) {
    std::fs::write(path, key.to_openssh(LineEnding::LF).expect("text").as_bytes()).expect("written");
}

async fn serve(client: PublicKey, host: PrivateKey) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let config = Arc::new(Config {
        keys: vec![host],
        auth_rejection_time: Duration::from_millis(1),
        ..Config::default()
    });
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let peer = Peer {
                key: client.clone(),
                received: Vec::new(),
                copies: false,
                echoes: false,
            };
            if let Ok(running) = run_stream(Arc::clone(&config), stream, peer).await {
                tokio::spawn(running);
            }
        }
    });
    port
}

#[tokio::test]
async fn a_key_lets_us_in_and_commands_tell_how_they_ended() {
    let scene = Scene::new().await;
    let session = scene.connect("deploy", NewHostKeys::Accept).await.expect("let in");
    let told = session.run("greet", b"").await.expect("run");
    assert_eq!(
        (told.status, told.out.as_str(), told.error.as_str()),
        (Some(7), "hello\n", "careful\n")
    );
    let megabytes = vec![7; 5 << 20];
    let told = session.run("copy", &megabytes).await.expect("run");
    assert_eq!((told.status, told.out), (Some(0), megabytes.len().to_string()));
    let told = session
        .run("full", &megabytes)
        .await
        .expect("a command that does not read its input");
    assert_eq!(told.status, Some(1));
    session.close().await;
}

#[tokio::test]
async fn an_unknown_host_is_refused_until_it_was_accepted() {
    let scene = Scene::new().await;
    let refused = scene.connect("deploy", NewHostKeys::Ask(Ask::Nobody)).await.err().expect("refused");
    assert!(matches!(refused, SshError::HostKeyUnknown { .. }), "{refused}");
    assert!(!scene.known_hosts().exists(), "nothing is remembered");
    scene.connect("deploy", NewHostKeys::Accept).await.expect("accepted");
    scene.connect("deploy", NewHostKeys::Ask(Ask::Nobody)).await.expect("known");
}

#[tokio::test]
async fn a_changed_host_key_is_refused_also_where_new_ones_are_accepted() {
    let scene = Scene::new().await;
    scene.connect("deploy", NewHostKeys::Accept).await.expect("accepted");
    let text = std::fs::read_to_string(scene.known_hosts()).expect("there");
    let other = new_key().public_key().to_openssh().expect("text");
    let name = text.split(' ').next().expect("a name").to_owned();
    std::fs::write(scene.known_hosts(), format!("# mine\n{name} {other}\n")).expect("written");
    let refused = scene.connect("deploy", NewHostKeys::Accept).await.err().expect("refused");
    let place = format!("{}:2", scene.known_hosts().display());
    assert!(
        matches!(&refused, SshError::HostKeyChanged { place: found, .. } if *found == place),
        "{refused}"
    );
    let failure = crate::failure::Failure::from(refused);
    assert!(failure.hints.iter().any(|hint| hint.contains(&format!("ssh-keygen -R '{name}'"))));
}

#[tokio::test]
async fn who_is_not_let_in_learns_what_was_tried() {
    let scene = Scene::new().await;
    let wrong = scene.connect("nobody", NewHostKeys::Accept).await.err().expect("refused");
    let text = wrong.to_string();
    assert!(text.contains("does not let 'nobody' in") && text.contains("id_ed25519"), "{text}");
    let path = scene.home.path().join(".ssh/id_ed25519");
    let encrypted = new_key().encrypt(&mut russh::keys::key::safe_rng(), "secret").expect("encrypted");
    write_key(&path, &encrypted);
    let skipped = scene
        .connect("deploy", NewHostKeys::Accept)
        .await
        .err()
        .expect("refused")
        .to_string();
    assert!(skipped.contains("skipped: it is encrypted"), "{skipped}");
    std::fs::remove_file(path).expect("removed");
    let none = scene
        .connect("deploy", NewHostKeys::Accept)
        .await
        .err()
        .expect("refused")
        .to_string();
    assert!(none.contains("there was no key to show"), "{none}");
}

#[tokio::test]
async fn a_connection_that_ends_is_told_from_a_command_that_ends() {
    let scene = Scene::new().await;
    let session = scene.connect("deploy", NewHostKeys::Accept).await.expect("let in");
    let lost = session.run("hang up", b"").await.expect_err("the server hangs up");
    assert!(matches!(lost, SshError::Lost { .. }), "{lost}");
    let again = session.run("greet", b"").await.expect_err("it stays lost");
    assert!(matches!(again, SshError::Lost { .. }), "{again}");
}

#[tokio::test]
async fn a_shell_that_never_comes_to_it_is_named() {
    let scene = Scene::new().await;
    let session = scene.connect("deploy", NewHostKeys::Accept).await.expect("let in");
    let asked = session.run_within("wait for ever", b"", Duration::from_millis(50));
    let asked = tokio::time::timeout(Duration::from_secs(20), asked).await.expect("an end");
    let failure = Failure::from(asked.expect_err("no answer"));
    assert!(failure.text().contains("the login shell of 'deploy'"), "{}", failure.text());
    session.run("greet", b"").await.expect("the connection itself is well");
}

/// The agent takes connections and never says a word.
#[cfg(unix)]
#[tokio::test]
async fn an_agent_that_says_nothing_is_as_good_as_none() {
    let scene = Scene::new().await;
    let socket = scene.home.path().join("agent");
    let _agent = tokio::net::UnixListener::bind(&socket).expect("a socket");
    let mut destination = scene.destination("deploy", scene.port);
    destination.agent = Some(socket);
    let asked = super::identity::open_agent(&destination, Duration::from_millis(50));
    let (agent, keys) = tokio::time::timeout(Duration::from_secs(20), asked).await.expect("an end");
    assert!(agent.is_none() && keys.is_empty());
}

#[tokio::test]
async fn where_nothing_or_something_else_answers_is_said() {
    let scene = Scene::new().await;
    let closed = scene.destination("deploy", 1);
    let refused = Session::connect(&closed, NewHostKeys::Accept, Ask::Nobody)
        .await
        .err()
        .expect("closed");
    assert!(matches!(refused, SshError::Unreachable { port: 1, .. }), "{refused}");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    });
    let web = scene.destination("deploy", port);
    let refused = Session::connect(&web, NewHostKeys::Accept, Ask::Nobody)
        .await
        .err()
        .expect("no SSH");
    let failure = Failure::from(refused);
    assert!(
        failure.hints.iter().any(|hint| hint.contains("is it really an SSH server")),
        "{:?}",
        failure.hints
    );
}

#[tokio::test]
async fn a_server_that_hangs_up_at_once_may_let_us_in_later() {
    for said in ["", "SSH-2.0-OpenSSH_9.2\r\n"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, said.as_bytes()).await;
        });
        let destination = Scene::new().await.destination("deploy", port);
        let met = Session::connect(&destination, NewHostKeys::Accept, Ask::Nobody).await;
        let hung_up = met.err().expect("hung up");
        assert!(matches!(hung_up, SshError::HungUp { .. }), "{said:?}: {hung_up}");
        let failure = Failure::from(hung_up);
        assert!(failure.hints[0].starts_with("run the command again"), "{:?}", failure.hints);
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_or_says_nothing_is_not_one_that_refuses() {
    let scene = Scene::new().await;
    let hung_up = scene.connect("hang up", NewHostKeys::Accept).await.err().expect("hung up");
    assert!(matches!(hung_up, SshError::Lost { .. }), "{hung_up}");
    let destination = scene.destination("silence", scene.port);
    let verdict = Duration::from_millis(300);
    let silent = Session::connect_within(&destination, NewHostKeys::Accept, Ask::Nobody, verdict);
    let silent = tokio::time::timeout(Duration::from_secs(20), silent).await.expect("an end");
    let silent = silent.err().expect("nobody lets us in");
    assert!(
        matches!(&silent, SshError::Lost { reason, .. } if reason.contains("does not say within")),
        "{silent}"
    );
}

/// A conversation about one command: what is typed, and who takes what it says.
async fn converse(
    session: &Session,
    command: &str,
    typed: Vec<Vec<u8>>,
    out: &mut (dyn std::io::Write + Send),
) -> Result<Option<u32>, SshError> {
    let (send, receive) = mpsc::channel(4);
    tokio::spawn(async move {
        for piece in typed {
            let _ = send.send(piece).await;
        }
    });
    let channel = session.open().await?;
    channel.exec(false, command).await.expect("asked for");
    let ends = Ends {
        typed: receive,
        out,
        error: &mut std::io::sink(),
    };
    let ended = session.converse(channel, ends, false);
    tokio::time::timeout(Duration::from_secs(20), ended)
        .await
        .expect("it goes on in both directions")
}

#[tokio::test]
async fn much_goes_in_while_much_comes_out() {
    let scene = Scene::new().await;
    let session = scene.connect("deploy", NewHostKeys::Accept).await.expect("let in");
    // In one piece: what comes back meanwhile is more than is kept for a reader who is busy writing.
    let typed = vec![vec![7; 16 << 20]];
    let mut out = Vec::new();
    let status = converse(&session, "echo", typed, &mut out).await.expect("talked");
    assert_eq!((status, out.len()), (Some(0), 16 << 20));
}

/// Takes nothing any more.
struct Broken(std::io::ErrorKind);

impl std::io::Write for Broken {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_command_that_nobody_listens_to_is_left() {
    let scene = Scene::new().await;
    let session = scene.connect("deploy", NewHostKeys::Accept).await.expect("let in");
    let gone = converse(&session, "talk on", Vec::new(), &mut Broken(std::io::ErrorKind::BrokenPipe)).await;
    assert_eq!(gone.expect("enough was read"), Some(0));
    let full = converse(&session, "talk on", Vec::new(), &mut Broken(std::io::ErrorKind::StorageFull)).await;
    assert!(matches!(full, Err(SshError::Output { .. })), "{full:?}");
    let cut = converse(&session, "hang up", Vec::new(), &mut std::io::sink()).await;
    assert!(matches!(cut, Err(SshError::CutOff { .. })), "{cut:?}");
}

#[tokio::test]
async fn a_bridge_passes_bytes_on_and_tells_how_it_ended() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let scene = Scene::new().await;
    let session = scene.connect("deploy", NewHostKeys::Accept).await.expect("let in");
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let use_it = async move {
        let (mut read, mut write) = tokio::io::split(ours);
        let sent = tokio::spawn(async move {
            write.write_all(&vec![7; 8 << 20]).await.expect("sent");
            write.shutdown().await.expect("ended");
        });
        let mut back = Vec::new();
        read.read_to_end(&mut back).await.expect("received");
        sent.await.expect("done");
        back.len()
    };
    let (bridged, length) = tokio::join!(session.bridge("echo", theirs), use_it);
    assert_eq!((bridged.expect("bridged").status, length), (Some(0), 8 << 20));
    let (_ours, theirs) = tokio::io::duplex(1024);
    let missing = session.bridge("complain", theirs).await.expect("an end");
    assert_eq!(
        (missing.status, missing.error.as_str()),
        (Some(127), "sh: 1: /opt/inertia: not found")
    );
    let (_ours, theirs) = tokio::io::duplex(1024);
    let vanished = session
        .bridge("complain and vanish", theirs)
        .await
        .expect_err("no word about its end");
    assert!(vanished.to_string().ends_with("after it said:\nsh: cannot fork"), "{vanished}");
    let (_ours, theirs) = tokio::io::duplex(1024);
    let lost = session.bridge("hang up", theirs).await.expect_err("the server hangs up");
    assert!(lost.to_string().ends_with("was lost: it was closed from the other side"), "{lost}");
}
