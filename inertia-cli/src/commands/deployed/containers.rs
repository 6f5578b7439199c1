//! `inertia NAME status` and `ps`.

use super::Target;
use crate::commands::block_on;
use crate::failure::Failure;
use crate::render::{say, table};
use crate::settings::{Output, Settings};
use deployd::wire::{ContainerInfo, ProjectStatus};
use std::process::ExitCode;

/// Shows the release that runs, what is under way, and the containers.
pub(crate) fn status(settings: &Settings) -> Result<ExitCode, Failure> {
    let target = Target::find(settings)?;
    let status: ProjectStatus = block_on(target.client.get(&target.path("/status")))?;
    if settings.output == Output::Json {
        return say(&serde_json::json!(status).to_string());
    }
    let current = status.current.as_ref().map_or_else(
        || "nothing was deployed yet".to_owned(),
        |one| {
            format!(
                "deployment {} ({})",
                one.id,
                one.commit.as_deref().and_then(|commit| commit.get(..12)).unwrap_or("-")
            )
        },
    );
    let running = status
        .running
        .as_ref()
        .map(|one| format!("\nunder way: deployment {}, {}", one.id, one.state))
        .unwrap_or_default();
    let waiting = if status.waiting > 0 {
        format!("\nwaiting: {}", status.waiting)
    } else {
        String::new()
    };
    say(&format!(
        "project: {}\nreleased: {current}{running}{waiting}\n\n{}",
        status.project,
        containers(&status.containers)
    ))
}

/// Lists the containers.
pub(crate) fn ps(settings: &Settings) -> Result<ExitCode, Failure> {
    let target = Target::find(settings)?;
    let found: Vec<ContainerInfo> = block_on(target.client.get(&target.path("/ps")))?;
    match settings.output {
        Output::Json => say(&serde_json::json!(found).to_string()),
        Output::Text => say(&containers(&found)),
    }
}

fn containers(found: &[ContainerInfo]) -> String {
    let rows = found.iter().map(|one| {
        vec![
            one.name.clone(),
            one.service.clone(),
            one.image.clone(),
            one.status.clone(),
            one.ports.join(", "),
        ]
    });
    table::render(&["NAME", "SERVICE", "IMAGE", "STATUS", "PORTS"], rows)
}
