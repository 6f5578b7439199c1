//! `inertia NAME status` and `ps`.

use super::Target;
use crate::commands::block_on;
use crate::failure::Failure;
use crate::render::moment::to_the_second;
use crate::render::{say, table};
use crate::settings::{Output, Settings};
use deployd::wire::{ContainerInfo, DownInfo, ProjectStatus};
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
    let down = status.down.as_ref().map(|down| is_down(down, &target.remote)).unwrap_or_default();
    say(&format!(
        "project: {}{down}\nreleased: {current}{running}{waiting}\n\n{}",
        status.project,
        containers(&status.containers)
    ))
}

fn is_down(down: &DownInfo, remote: &str) -> String {
    let skipped = down.skipped.as_deref().map(|commit| {
        let commit = commit.get(..12).unwrap_or(commit);
        format!("\nskipped: a push of {commit}, which came since")
    });
    format!(
        "\ndown since {}: `inertia {remote} up` starts it again{}",
        to_the_second(down.since),
        skipped.unwrap_or_default()
    )
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

#[cfg(test)]
mod tests {
    use super::*;
    use time::OffsetDateTime;

    #[test]
    fn that_it_is_down_is_said_with_the_way_up_and_what_came_meanwhile() {
        let mut down = DownInfo {
            since: OffsetDateTime::UNIX_EPOCH,
            skipped: None,
        };
        assert_eq!(
            is_down(&down, "prod"),
            "\ndown since 1970-01-01T00:00:00Z: `inertia prod up` starts it again"
        );
        down.skipped = Some("0123456789abcdef".to_owned());
        assert!(is_down(&down, "prod").ends_with("\nskipped: a push of 0123456789ab, which came since"));
    }
}
