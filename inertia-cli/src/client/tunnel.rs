//! A way to a daemon whose port is closed from outside: through SSH, by the program on the server.
//!
//! Neither kind of forwarding needs to be allowed by the SSH server: a command there passes bytes on.

use crate::ask::Ask;
use crate::failure::{Attempt as _, Failure, chain};
use crate::remotes::SshAccess;
use crate::settings::Settings;
use crate::ssh::{Bridged, Destination, NewHostKeys, Session, SshError, quote};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use tokio::net::{TcpListener, TcpStream};

/// What the way suffers from, told to whoever goes it.
#[derive(Clone, Default)]
pub(super) struct Trouble(Arc<Mutex<Option<Broken>>>);

/// Why the way broke.
#[derive(Clone)]
pub(super) enum Broken {
    /// The program on the server ended.
    There(String),
    /// The connection to the server did.
    Between(String),
}

impl Trouble {
    /// Why the last connection ended, when that was not well.
    pub(super) fn told(&self) -> Option<Broken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Remembers how a connection ended.
    fn note(&self, ended: Result<Bridged, SshError>) {
        let trouble = match ended {
            Ok(Bridged { status: Some(0), .. }) => None,
            Ok(Bridged { error, .. }) if !error.is_empty() => Some(Broken::There(format!("the server says: {error}"))),
            Ok(Bridged { status: Some(status), .. }) => {
                Some(Broken::There(format!("the program on the server ended with status {status}")))
            }
            Ok(Bridged { status: None, .. }) => Some(Broken::There("a signal ended the program on the server".to_owned())),
            Err(error) => Some(Broken::Between(chain(&error))),
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }
}

/// Opens the way; connections to the address that is returned come out at the daemon's port, for as long as this process lives.
pub(super) fn open(access: &SshAccess, settings: &Settings, trouble: Trouble) -> Result<SocketAddr, Failure> {
    let destination = Destination::resolve(&access.wanted(), &settings.environment)?;
    let (Some(program), Some(port)) = (&access.program, access.daemon_port) else {
        return Err(
            Failure::new("the daemon is reached through SSH, and its server was not set up yet").hint("set it up: `inertia NAME init`")
        );
    };
    let command = format!("exec {} far-end connect 127.0.0.1:{port}", quote(program));
    let ask = Ask::of(settings);
    let policy = if access.accept_new_host_key {
        NewHostKeys::Accept
    } else {
        NewHostKeys::Ask(ask)
    };
    let (ready, answer) = mpsc::channel();
    // A thread and a runtime of its own: the way is open before the command's own work begins, and while it goes on.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        match runtime.attempt("cannot start the asynchronous runtime") {
            Ok(runtime) => runtime.block_on(async {
                if let Some((session, listener)) = begin(destination, policy, ask, &ready).await {
                    serve(session, listener, command, trouble).await;
                }
            }),
            Err(failure) => drop(ready.send(Err(failure))),
        }
    });
    answer
        .recv()
        .unwrap_or_else(|_| Err(Failure::new("the way through SSH ended before it was open")))
}

type Ready = mpsc::Sender<Result<SocketAddr, Failure>>;

/// Connects and listens, and says where, or why not.
async fn begin(destination: Destination, policy: NewHostKeys, ask: Ask, ready: &Ready) -> Option<(Session, TcpListener)> {
    let opened = async {
        let session = Session::connect(&destination, policy, ask).await?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.attempt("cannot listen on this machine for the way through SSH")?;
        let address = listener.local_addr().attempt("cannot tell the address of the way through SSH")?;
        Ok((session, listener, address))
    };
    match opened.await {
        Ok((session, listener, address)) => {
            let _ = ready.send(Ok(address));
            Some((session, listener))
        }
        Err(failure) => {
            let _ = ready.send(Err(failure));
            None
        }
    }
}

async fn serve(session: Session, listener: TcpListener, command: String, trouble: Trouble) {
    let session = Arc::new(session);
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(pass(Arc::clone(&session), command.clone(), stream, trouble.clone()));
    }
}

/// One connection. It is closed only after it was noted how it ended: whoever sees it break asks for that.
async fn pass(session: Arc<Session>, command: String, mut stream: TcpStream, trouble: Trouble) {
    trouble.note(session.bridge(&command, &mut stream).await);
}
