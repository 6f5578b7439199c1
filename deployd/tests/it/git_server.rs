//! An SSH server that gives repositories to whoever has the right key, as git hosts do.

use russh::keys::ssh_key::private::{Ed25519Keypair, KeypairData};
use russh::keys::{HashAlg, PrivateKey, PublicKey};
use russh::server::{self, Auth, ChannelOpenHandle, Handler, Msg, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId, ChannelMsg};
use std::collections::HashMap;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::task::JoinHandle;

/// Keys that are let in.
pub(crate) type Keys = Arc<Mutex<Vec<PublicKey>>>;

/// A server on a port of its own.
pub(crate) struct GitServer {
    pub(crate) port: u16,
    pub(crate) keys: Keys,
    own: Arc<Mutex<u8>>,
    task: JoinHandle<()>,
}

/// The host key that a number stands for.
pub(crate) fn host_key(number: u8) -> PrivateKey {
    let pair = KeypairData::from(Ed25519Keypair::from_seed(&[number; 32]));
    PrivateKey::new(pair, "").unwrap()
}

/// Its fingerprint.
pub(crate) fn host_print(number: u8) -> String {
    host_key(number).public_key().fingerprint(HashAlg::Sha256).to_string()
}

impl GitServer {
    pub(crate) async fn start(number: u8) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (keys, own) = (Keys::default(), Arc::new(Mutex::new(number)));
        let (known, number) = (Arc::clone(&keys), Arc::clone(&own));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let visitor = Visitor {
                    keys: Arc::clone(&known),
                    version: String::new(),
                    channels: HashMap::new(),
                };
                let config = Arc::new(server::Config {
                    keys: vec![host_key(*number.lock().unwrap())],
                    auth_rejection_time: Duration::from_millis(10),
                    ..server::Config::default()
                });
                tokio::spawn(async move {
                    if let Ok(session) = server::run_stream(config, stream, visitor).await {
                        let _ = session.await;
                    }
                });
            }
        });
        Self { port, keys, own, task }
    }

    /// From now on the host shows another key.
    pub(crate) fn change_key(&self, number: u8) {
        *self.own.lock().unwrap() = number;
    }

    pub(crate) fn let_in(&self, key: &str) {
        self.keys.lock().unwrap().push(PublicKey::from_openssh(key).unwrap());
    }

    pub(crate) fn url(&self, path: &std::path::Path) -> String {
        format!("ssh://git@127.0.0.1:{}{}", self.port, path.display())
    }
}

impl Drop for GitServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Visitor {
    keys: Keys,
    version: String,
    channels: HashMap<ChannelId, Channel<Msg>>,
}

impl Handler for Visitor {
    type Error = russh::Error;

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        let keys = self.keys.lock().unwrap();
        let known = keys.iter().any(|one| one.key_data() == key.public_key.key_data());
        Ok(if user == "git" && known { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_session(&mut self, channel: Channel<Msg>, reply: ChannelOpenHandle, _: &mut Session) -> Result<(), Self::Error> {
        self.channels.insert(channel.id(), channel);
        reply.accept().await;
        Ok(())
    }

    async fn env_request(&mut self, _: ChannelId, name: &str, value: &str, _: &mut Session) -> Result<(), Self::Error> {
        if name == "GIT_PROTOCOL" {
            value.clone_into(&mut self.version);
        }
        Ok(())
    }

    async fn exec_request(&mut self, id: ChannelId, command: &[u8], session: &mut Session) -> Result<(), Self::Error> {
        session.channel_success(id)?;
        let channel = self.channels.remove(&id).unwrap();
        let command = String::from_utf8(command.to_vec()).unwrap();
        tokio::spawn(run(channel, command, self.version.clone()));
        Ok(())
    }
}

/// Runs the command as a login shell would, its streams tied to the channel.
async fn run(channel: Channel<Msg>, command: String, version: String) {
    let mut child = Command::new("sh")
        .args(["-c", &command])
        .env("GIT_PROTOCOL", version)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let (mut stdin, mut stdout, mut stderr) = (
        child.stdin.take().unwrap(),
        child.stdout.take().unwrap(),
        child.stderr.take().unwrap(),
    );
    let (mut input, output) = channel.split();
    tokio::spawn(async move {
        while let Some(message) = input.wait().await {
            match message {
                ChannelMsg::Data { data } if stdin.write_all(&data).await.is_err() => return,
                ChannelMsg::Eof | ChannelMsg::Close => return,
                _ => {}
            }
        }
    });
    let mut buffer = vec![0; 32 * 1024];
    loop {
        let read = stdout.read(&mut buffer).await.unwrap();
        if read == 0 || output.data(&buffer[..read]).await.is_err() {
            break;
        }
    }
    let mut said = Vec::new();
    stderr.read_to_end(&mut said).await.unwrap();
    let _ = output.extended_data(1, &said[..]).await;
    let code = child.wait().await.unwrap().code().unwrap_or(255);
    let _ = output.exit_status(u32::try_from(code).unwrap()).await;
    let _ = output.eof().await;
    let _ = output.close().await;
}
