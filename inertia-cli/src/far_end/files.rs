//! Reading the daemon's own files: directly where that is allowed, else through the engine.

use crate::failure::{Failure, chain};
use compose_core::engine::{Console as _, DockerEngine};
use compose_core::names::ContainerId;
use futures::TryStreamExt as _;
use std::io::Read as _;
use std::path::Path;

/// How large such a file may be.
const LARGEST: u64 = 64 * 1024;

/// A small text file of the state folder; `None` while it is not there.
pub(super) async fn read(engine: &DockerEngine, container: &ContainerId, state: &str, name: &str) -> Result<Option<String>, Failure> {
    let path = Path::new(state).join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        // Whoever may use the engine's socket may read this too, only not by this way.
        Err(_) => through_engine(engine, container, &path.display().to_string()).await,
    }
}

async fn through_engine(engine: &DockerEngine, container: &ContainerId, path: &str) -> Result<Option<String>, Failure> {
    let mut stream = match engine.download(container, path).await {
        Ok(stream) => stream,
        Err(error) if error.status() == Some(404) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut archive = Vec::new();
    while let Some(bytes) = stream.try_next().await? {
        archive.extend_from_slice(&bytes);
        if archive.len() as u64 > LARGEST {
            return Err(Failure::new(format!("{path} is larger than it can be")));
        }
    }
    let read = || -> std::io::Result<Option<String>> {
        let mut archive = tar::Archive::new(archive.as_slice());
        let Some(entry) = archive.entries()?.next() else {
            return Ok(None);
        };
        let mut text = String::new();
        entry?.take(LARGEST).read_to_string(&mut text)?;
        Ok(Some(text.trim().to_owned()))
    };
    read().map_err(|error| Failure::new(format!("cannot read {path}: {}", chain(&error))))
}
