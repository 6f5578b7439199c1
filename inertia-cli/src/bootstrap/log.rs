//! The daemon's own log, read on its server: it is there also when the daemon does not answer.

use super::server::{Server, Tail};
use super::{access, session};
use crate::ask::Ask;
use crate::failure::Failure;
use crate::remotes::Remote;
use crate::settings::Settings;
use crate::ssh::{Destination, Source, quote};

/// How much is read.
const MOST_BYTES: usize = 8 << 20;

/// The last lines of what a remote's daemon wrote.
pub(crate) async fn daemon_log(name: &str, remote: &Remote, lines: u64, settings: &Settings) -> Result<String, Failure> {
    let access = access(name, remote).map_err(|failure| {
        failure.hint("a daemon that was not set up over SSH writes where it was started; `docker logs CONTAINER` there if in a container")
    })?;
    let destination = Destination::resolve(&access.wanted(), &settings.environment)?;
    let mut server = Server::look(session(&destination, access.accept_new_host_key, settings).await?).await?;
    // A first setting up that failed at the daemon has sent the program, and is not written down.
    let usual = || format!("{}/.inertia/bin/inertia", server.facts.home.trim_end_matches('/'));
    let program = access.program.clone().unwrap_or_else(usual);
    let needed = !server.facts.socket_writable;
    server.become_root(needed, &settings.environment, Ask::of(settings)).await?;
    let (mut log, mut tail) = (Vec::new(), Tail::default());
    let script = format!("exec {} far-end log {lines}", quote(&program));
    let status = server
        .as_root(&script, b"", &mut |source, bytes| match source {
            Source::Out => {
                let room = MOST_BYTES.saturating_sub(log.len());
                log.extend_from_slice(&bytes[..bytes.len().min(room)]);
            }
            Source::Error => tail.take(bytes),
        })
        .await?;
    server.session.close().await;
    if status == Some(0) {
        return Ok(String::from_utf8_lossy(&log).into_owned());
    }
    Err(
        Failure::new(format!("the daemon's log cannot be read{}", tail.after(":\n", 5))).hint(format!(
            "there may be no program on the server, or one of another version: `inertia {name} init` sends this one"
        )),
    )
}
