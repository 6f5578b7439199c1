//! Making the daemon's container, or putting another in its place, with a way back.

use super::change::Change;
use super::container::{Found, Specification, USUAL_PORT};
use super::programs::Own;
use super::proof::Asking;
use super::wire::{InstallRequest, Installed, Word};
use super::{alone, engine, image};
use crate::commands::block_on;
use crate::environment::Environment;
use crate::failure::{Attempt as _, Failure};
use compose_core::engine::{DockerEngine, Engine as _, Selector};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use time::OffsetDateTime;

/// Does what the request on standard input says.
pub(super) fn run() -> Result<Word, Failure> {
    let request = Environment::standard_input().attempt("cannot read the request")?;
    let request: InstallRequest = serde_json::from_slice(&request).attempt("the request is not understood")?;
    block_on(install(&request)).map(Word::Installed)
}

async fn install(request: &InstallRequest) -> Result<Installed, Failure> {
    // Before anybody is waited for, who may remove what seems to be of no use.
    let own = Own::hold()?;
    let engine = engine().await?;
    let _alone = alone::wait().await?;
    let change = Change {
        engine: &engine,
        proof: &Asking(&engine),
        program: &own.path().display().to_string(),
        now: OffsetDateTime::now_utc().unix_timestamp(),
    };
    let found = change.mend().await?;
    if !request.allow_downgrade {
        refuse_older(found.version(), env!("CARGO_PKG_VERSION"))?;
    }
    let specification = specify(&engine, &found, request).await?;
    let (outcome, proven) = change.converge(&found, &specification).await?;
    own.remove_older();
    Ok(Installed {
        outcome,
        port: specification.port,
        state: specification.state,
        pin: proven.pin,
        token: proven.token,
        engine: engine.info().await?.version,
    })
}

/// What the daemon is to be like, with its image on the engine and its state folder there.
async fn specify(engine: &DockerEngine, found: &Found, request: &InstallRequest) -> Result<Specification, Failure> {
    let state = found
        .state()
        .unwrap_or_else(|| format!("{}/.inertia", request.home.trim_end_matches('/')));
    let port = request.port.or(found.port()).unwrap_or(USUAL_PORT);
    if found.port() != Some(port) || found.current.is_none() {
        port_is_free(engine, port).await?;
    }
    std::fs::create_dir_all(&state).attempt(format_args!("cannot make the state folder {state}"))?;
    let kept = found.pulled().filter(|_| request.keep_image);
    let pulled = request.image.clone().or(kept);
    let image = image::provide(engine, pulled.as_deref()).await?;
    let image_id = engine
        .inspect_image(&image)
        .await?
        .ok_or_else(|| Failure::new(format!("the image {image} vanished again")).hint("run the command again"))?
        .id;
    Ok(Specification {
        home: Path::new(&state)
            .parent()
            .map_or_else(|| request.home.clone(), |parent| parent.display().to_string()),
        image_id: image_id.to_string(),
        image,
        pulled,
        port,
        state,
    })
}

/// Refuses to put an older daemon in the place of a newer one, as a colleague's older program would.
fn refuse_older(found: Option<&str>, own: &str) -> Result<(), Failure> {
    let newer = found.filter(|found| matches!((numbers(found), numbers(own)), (Some(found), Some(own)) if found > own));
    let Some(found) = newer else { return Ok(()) };
    Err(Failure::new(format!(
        "the daemon there was set up by version {found}, which is newer than this program ({own})"
    ))
    .hint("upgrade this program, then run the command again")
    .hint("or say that the older daemon is meant: --allow-downgrade; if it cannot read the newer one's database, the newer one comes back"))
}

/// The numbers of a version, to compare it by.
fn numbers(version: &str) -> Option<Vec<u64>> {
    let plain = version.split(['-', '+']).next()?;
    plain.split('.').map(|number| number.parse().ok()).collect()
}

/// Refuses a port that something else has.
async fn port_is_free(engine: &DockerEngine, port: u16) -> Result<(), Failure> {
    let everything = Selector { labels: Vec::new() };
    for container in engine.list_containers(&everything).await? {
        let publishes = container.ports.iter().any(|listed| listed.public == Some(port));
        if publishes && !container.labels.contains_key(super::container::LABEL) {
            return Err(taken_port(port, &format!("the container {}", container.name)));
        }
        if publishes {
            return Ok(());
        }
    }
    match TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)) {
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Err(taken_port(port, "another program")),
        _ => Ok(()),
    }
}

/// Says that something else has the daemon's port.
pub(crate) fn taken_port(port: u16, by: &str) -> Failure {
    Failure::new(format!("port {port} of the server is taken by {by}"))
        .hint(format!(
            "choose another: `inertia remote set NAME port {}`",
            port.checked_add(1).unwrap_or(USUAL_PORT)
        ))
        .hint(format!("`sudo ss -ltnp 'sport = :{port}'` there tells what listens"))
}

#[cfg(test)]
mod tests {
    use super::refuse_older;

    #[test]
    fn only_an_older_daemon_is_refused() {
        for (found, own, refused) in [
            (None, "0.1.0", false),
            (Some("0.1.0"), "0.1.0", false),
            (Some("0.1.0"), "0.2.0", false),
            (Some("0.10.0"), "0.9.9", true),
            (Some("1.0.0"), "0.9.9", true),
            (Some("0.2.0-rc.1"), "0.1.0", true),
            (Some("unknown"), "0.1.0", false),
        ] {
            let outcome = refuse_older(found, own);
            assert_eq!(outcome.is_err(), refused, "{found:?} {own}");
            assert!(outcome.err().is_none_or(|failure| failure.hints.len() == 2));
        }
    }
}
