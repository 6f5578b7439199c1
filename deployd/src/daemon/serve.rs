//! Listening: TLS only, with limits on everything a stranger can make the daemon hold.

use crate::daemon::connections::Limited;
use crate::daemon::own_paths::own_container;
use crate::daemon::presence;
use crate::daemon::routes;
use crate::daemon::tls::{Identity, TlsError};
use crate::daemon::{Config, Daemon, OpenError};
use crate::wire::ADDRESS_FILE;
use axum_server::Handle;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::timeout;

/// How long a client may take for the handshake, and again to say what it wants.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long requests may go on after the daemon was told to end.
const GRACE: Duration = Duration::from_secs(3);

/// Why a daemon does not serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// It cannot begin.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It has no certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The listener does not say where it listens.
    #[error("cannot tell the address of the listener")]
    Address(#[source] io::Error),
    /// It took requests and cannot any more.
    #[error("cannot go on listening on {address}")]
    Serve {
        /// Where it listened.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Runs a daemon until `shutdown` resolves.
///
/// The pin and the address are in the state folder before the first connection is accepted.
pub async fn serve(
    listener: TcpListener,
    mut config: Config,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    config.container = config.container.or_else(own_container);
    let daemon = Daemon::open(config).await?;
    let identity = Identity::open_in(daemon.dir())?;
    let address = listener.local_addr().map_err(ServeError::Address)?;
    let url = format!("https://{}", reachable(address));
    write_address(&daemon, &url)?;
    daemon.dir().has_begun().map_err(OpenError::from)?;
    tracing::info!(%address, pin = identity.pin(), "listening");

    let handle = Handle::new();
    tokio::spawn(end_by(shutdown, daemon.clone(), handle.clone()));
    daemon.resume().await?;
    let tls = RustlsAcceptor::new(RustlsConfig::from_config(identity.config())).handshake_timeout(HEADER_TIMEOUT);
    let mut server = axum_server::Server::from_listener(listener)
        .acceptor(Limited::new(tls))
        .handle(handle)
        .first_request_timeout(HEADER_TIMEOUT);
    server.http_builder().http1().header_read_timeout(HEADER_TIMEOUT);
    server
        .http_builder()
        .http2()
        .max_concurrent_streams(64)
        .keep_alive_interval(Duration::from_secs(30));
    let app = routes::app(daemon.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let result = server.serve(app).await;
    daemon.stop();
    daemon.git_work().close();
    if timeout(GRACE, daemon.git_work().wait()).await.is_err() {
        tracing::warn!("work on a repository does not end");
    }
    if let Err(error) = daemon.store().settle().await {
        tracing::warn!(%error, "the log of the database stays");
    }
    result.map_err(|source| ServeError::Serve { address, source })
}

/// Says where the daemon listens, unless there is no room for that: it serves all the same.
fn write_address(daemon: &Daemon, url: &str) -> Result<(), OpenError> {
    match daemon.dir().write_public(ADDRESS_FILE, url.as_bytes()) {
        Err(error) if error.is_for_want_of_room() => {
            tracing::error!(%error, "the disk is full: what is there is served, and nothing new taken in");
            Ok(())
        }
        written => Ok(written?),
    }
}

async fn end_by(shutdown: impl Future<Output = ()>, daemon: Daemon, handle: Handle<SocketAddr>) {
    shutdown.await;
    tracing::info!("ending");
    daemon.stop();
    presence::end(&daemon).await;
    if let Err(error) = daemon.store().end_in_order().await {
        tracing::warn!(%error, "the next daemon takes this for an end in disorder");
    }
    handle.graceful_shutdown(Some(GRACE));
}

/// The address by which a client on the same machine reaches a listener.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unspecified_address_is_reached_by_loopback() {
        for (listens, reached) in [
            ("0.0.0.0:8081", "127.0.0.1:8081"),
            ("[::]:8081", "[::1]:8081"),
            ("192.0.2.1:1", "192.0.2.1:1"),
        ] {
            let address: SocketAddr = listens.parse().expect("an address");
            assert_eq!(reachable(address).to_string(), reached);
        }
    }
}
