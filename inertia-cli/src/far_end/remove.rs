//! Taking the daemon away. What it deployed goes on running.

use super::container::Found;
use super::wire::{RemoveRequest, Removed, Word};
use super::{alone, engine, tell};
use crate::commands::block_on;
use crate::environment::Environment;
use crate::failure::{Attempt as _, Failure};
use compose_core::engine::{AnonymousVolumes, Engine, EngineAddress};
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path};
use std::time::Duration;

const GRACE: Duration = Duration::from_secs(30);
/// By these files a state folder is known; they go last, so that a removal that was cut off can be taken up.
const TELLING: [&str; 2] = ["tls.key", "inertia.db"];

/// Does what the request on standard input says.
pub(super) fn run() -> Result<Word, Failure> {
    let request = Environment::standard_input().attempt("cannot read the request")?;
    let request: RemoveRequest = serde_json::from_slice(&request).attempt("the request is not understood")?;
    block_on(async {
        let _alone = alone::wait().await?;
        let engine = match EngineAddress::default() {
            // Docker is gone, or was never there: the state may be there still.
            EngineAddress::Unix(socket) if !socket.exists() => None,
            _ => Some(engine().await?),
        };
        remove(engine.as_ref().map(|engine| engine as &dyn Engine), &request).await
    })
    .map(Word::Removed)
}

async fn remove(engine: Option<&dyn Engine>, request: &RemoveRequest) -> Result<Removed, Failure> {
    let found = match engine {
        Some(engine) => Found::on(engine).await?,
        None => Found::default(),
    };
    let told = found.state();
    let containers: Vec<_> = found.current.into_iter().chain(found.previous).chain(found.others).collect();
    if let Some(engine) = engine {
        for container in &containers {
            tell(&Word::Step {
                name: format!("Remove the container {}", container.name),
            })?;
            engine.stop_container(&container.id, Some(GRACE)).await?;
            engine.remove_container(&container.id, AnonymousVolumes::Remove).await?;
            // An image that was pulled under this name may serve others.
            let _ = engine.remove_image(&container.image).await;
        }
    }
    let usual = || (!request.home.is_empty()).then(|| format!("{}/.inertia", request.home.trim_end_matches('/')));
    // Without a daemon that tells, only what looks like a state folder is taken for one.
    let state = match told {
        Some(state) => Some(state).filter(|state| Path::new(state).exists()),
        None => usual().filter(|state| holds_state(Path::new(state))),
    };
    let mut removed = Removed {
        found: !containers.is_empty(),
        ..Removed::default()
    };
    match state {
        Some(state) if request.data => {
            tell(&Word::Step {
                name: format!("Remove {state}"),
            })?;
            remove_state(Path::new(&state))?;
            removed.erased = Some(state);
        }
        state => removed.state = state,
    }
    Ok(removed)
}

fn holds_state(state: &Path) -> bool {
    TELLING.iter().any(|file| state.join(file).is_file())
}

/// Removes a state folder, and nothing that cannot be one: the label that names it was written by us, but anybody could write it.
fn remove_state(state: &Path) -> Result<(), Failure> {
    let plain = state.is_absolute() && !state.components().any(|part| part == Component::ParentDir);
    if !plain || !holds_state(state) {
        return Err(Failure::new(format!(
            "{} does not look like the state folder of a daemon; it stays as it is",
            state.display()
        ))
        .hint(format!(
            "look at it, and remove it there if it is one: `sudo ls -la {}`",
            state.display()
        )));
    }
    empty(state)
        .and_then(|()| fs::remove_dir(state))
        .attempt(format_args!("cannot remove {}", state.display()))
        .map_err(|failure| failure.hint("part of it may be gone already; run the command again once the cause is gone"))
}

fn empty(state: &Path) -> std::io::Result<()> {
    let mut last = Vec::new();
    for entry in fs::read_dir(state)? {
        let entry = entry?;
        if TELLING.iter().any(|file| entry.file_name() == *file) {
            last.push(entry.path());
        } else if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    for path in last {
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::far_end::container::{NAME, Specification};
    use compose_core::engine::fake::FakeEngine;
    use compose_core::names::ContainerName;

    fn state_in(home: &Path) -> std::path::PathBuf {
        let state = home.join(".inertia");
        fs::create_dir_all(state.join("projects/a")).expect("made");
        fs::write(state.join("projects/a/secret"), "s").expect("written");
        fs::write(state.join("tls.key"), "k").expect("written");
        fs::write(state.join("inertia.db"), "d").expect("written");
        state
    }

    fn asks(data: bool, home: &Path) -> RemoveRequest {
        RemoveRequest {
            data,
            home: home.display().to_string(),
        }
    }

    #[tokio::test]
    async fn the_state_goes_also_when_no_daemon_tells_where_it_is() {
        let home = tempfile::tempdir().expect("a folder");
        let state = state_in(home.path());
        let engine = FakeEngine::new().with_image("d");
        let specification = Specification {
            image: "d".to_owned(),
            image_id: "sha256:d".to_owned(),
            pulled: None,
            port: 1,
            state: state.display().to_string(),
            home: String::new(),
        };
        let made = engine
            .create_container(&ContainerName::new(NAME), None, &specification.body())
            .await;
        made.expect("made");

        let removed = remove(Some(&engine), &asks(false, home.path())).await.expect("removed");
        assert!(removed.found && removed.erased.is_none() && state.is_dir());
        assert_eq!(removed.state.as_deref(), state.to_str());
        assert!(engine.containers().is_empty());

        for engine in [Some(&engine as &dyn Engine), None] {
            let state = state_in(home.path());
            let removed = remove(engine, &asks(true, home.path())).await.expect("removed");
            assert!(!removed.found && !state.exists());
            assert_eq!(removed.erased.as_deref(), state.to_str());
        }
        let removed = remove(None, &asks(true, home.path())).await.expect("nothing to do");
        assert_eq!(removed, Removed::default());
    }

    #[test]
    fn a_removal_that_was_cut_off_is_taken_up_and_other_folders_stay() {
        let home = tempfile::tempdir().expect("a folder");
        let state = state_in(home.path());
        fs::remove_dir_all(state.join("projects")).expect("gone");
        fs::remove_file(state.join("tls.key")).expect("gone");
        remove_state(&state).expect("the rest goes");
        let other = home.path().join("photos");
        fs::create_dir(&other).expect("made");
        for path in [other.clone(), state_in(home.path()).join("../photos")] {
            assert!(!remove_state(&path).expect_err("not one").hints.is_empty());
        }
        assert!(other.is_dir());
    }
}
