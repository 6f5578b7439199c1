//! Taking the daemon away. What it deployed goes on running.

use super::container::Found;
use super::wire::{RemoveRequest, Word};
use super::{engine, tell};
use crate::commands::block_on;
use crate::environment::Environment;
use crate::failure::{Attempt as _, Failure};
use compose_core::engine::{AnonymousVolumes, DockerEngine, Engine as _};
use std::path::{Component, Path};
use std::time::Duration;

const GRACE: Duration = Duration::from_secs(30);

/// Does what the request on standard input says.
pub(super) fn run() -> Result<Word, Failure> {
    let request = Environment::standard_input().attempt("cannot read the request")?;
    let request: RemoveRequest = serde_json::from_slice(&request).attempt("the request is not understood")?;
    block_on(async { remove(&engine().await?, request).await })
}

async fn remove(engine: &DockerEngine, request: RemoveRequest) -> Result<Word, Failure> {
    let found = Found::on(engine).await?;
    let state = found.state();
    let containers: Vec<_> = found.current.into_iter().chain(found.previous).chain(found.others).collect();
    for container in &containers {
        tell(&Word::Step {
            name: format!("Remove the container {}", container.name),
        })?;
        engine.stop_container(&container.id, Some(GRACE)).await?;
        engine.remove_container(&container.id, AnonymousVolumes::Remove).await?;
        // An image that was pulled under this name may serve others.
        let _ = engine.remove_image(&container.image).await;
    }
    if let Some(state) = state.as_ref().filter(|_| request.data) {
        tell(&Word::Step {
            name: format!("Remove {state}"),
        })?;
        remove_state(Path::new(state))?;
    }
    Ok(Word::Removed {
        found: !containers.is_empty(),
        state: state.filter(|_| !request.data),
    })
}

/// Removes a state folder, and nothing that cannot be one: the label that names it was written by us, but anybody could write it.
fn remove_state(state: &Path) -> Result<(), Failure> {
    let plain = state.is_absolute() && !state.components().any(|part| part == Component::ParentDir);
    let holds_state = ["inertia.db", "tls.key"].iter().all(|file| state.join(file).is_file());
    if !plain || !holds_state {
        return Err(Failure::new(format!(
            "{} does not look like the state folder of a daemon; it stays as it is",
            state.display()
        )));
    }
    std::fs::remove_dir_all(state).attempt(format_args!("cannot remove {}", state.display()))
}
