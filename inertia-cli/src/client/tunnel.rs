//! A way to a daemon whose port is closed from outside: through SSH, by the program on the server.
//!
//! Neither kind of forwarding needs to be allowed by the SSH server: a command there passes bytes on.

use crate::ask::Ask;
use crate::failure::{Attempt as _, Failure};
use crate::remotes::SshAccess;
use crate::settings::Settings;
use crate::ssh::{Destination, NewHostKeys, Session, quote};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, mpsc};
use tokio::net::{TcpListener, TcpStream};

/// Opens the way; connections to the address that is returned come out at the daemon's port, for as long as this process lives.
pub(super) fn open(access: &SshAccess, settings: &Settings) -> Result<SocketAddr, Failure> {
    let destination = Destination::resolve(&access.wanted(), &settings.environment)?;
    let (Some(program), Some(port)) = (&access.program, access.daemon_port) else {
        return Err(
            Failure::new("the daemon is reached through SSH, and its server was not set up yet").hint("set it up: `inertia NAME init`")
        );
    };
    let command = format!("exec {} far-end connect 127.0.0.1:{port}", quote(program));
    let ask = Ask::of(settings);
    let (ready, answer) = mpsc::channel();
    // A thread and a runtime of its own: the way is open before the command's own work begins, and while it goes on.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        match runtime.attempt("cannot start the asynchronous runtime") {
            Ok(runtime) => runtime.block_on(serve(destination, command, ask, &ready)),
            Err(failure) => drop(ready.send(Err(failure))),
        }
    });
    answer
        .recv()
        .unwrap_or_else(|_| Err(Failure::new("the way through SSH ended before it was open")))
}

type Ready = mpsc::Sender<Result<SocketAddr, Failure>>;

async fn serve(destination: Destination, command: String, ask: Ask, ready: &Ready) {
    let opened = async {
        let session = Session::connect(&destination, NewHostKeys::Ask(ask), ask).await?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.attempt("cannot listen on this machine for the way through SSH")?;
        let address = listener.local_addr().attempt("cannot tell the address of the way through SSH")?;
        Ok((Arc::new(session), listener, address))
    };
    let (session, listener) = match opened.await {
        Ok((session, listener, address)) => {
            let _ = ready.send(Ok(address));
            (session, listener)
        }
        Err(failure) => {
            let _ = ready.send(Err(failure));
            return;
        }
    };
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(pass(Arc::clone(&session), command.clone(), stream));
    }
}

/// One connection. When it breaks, whoever uses it sees that; there is nobody else to tell.
async fn pass(session: Arc<Session>, command: String, mut stream: TcpStream) {
    if let Ok(mut bridge) = session.bridge(&command).await {
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut bridge).await;
    }
}
