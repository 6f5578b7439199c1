//! Looking at engine and daemon without changing anything.

use super::container::Found;
use super::wire::{DaemonSeen, Inspection, Word};
use super::{engine, files};
use crate::commands::block_on;
use crate::failure::Failure;
use compose_core::engine::{ContainerStatus, Engine as _};
use deployd::wire::PIN_FILE;

/// Tells what is there.
pub(super) fn run() -> Result<Word, Failure> {
    block_on(inspect()).map(Word::Inspected)
}

async fn inspect() -> Result<Inspection, Failure> {
    let engine = engine().await?;
    let info = engine.info().await?;
    let found = Found::on(&engine).await?;
    let state = found.state();
    let daemon = match found.current {
        None => None,
        Some(container) => {
            let pin = match &state {
                Some(state) => files::read(&engine, &container.id, state, PIN_FILE).await.ok().flatten(),
                None => None,
            };
            Some(DaemonSeen {
                running: container.status == ContainerStatus::Running,
                status: container.status_text,
                image: container.image,
                pin,
            })
        }
    };
    Ok(Inspection {
        engine: info.version,
        api: info.api.to_string(),
        daemon,
    })
}
