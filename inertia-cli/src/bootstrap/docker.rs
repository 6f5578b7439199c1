//! Docker on a server: installed where it is absent, started where it does not run.

use super::probe::Family;
use super::server::{Server, Tail};
use super::steps::Steps;
use crate::failure::Failure;

const ON_DEBIAN: &str = include_str!("scripts/docker_debian.sh");
const ON_RHEL: &str = include_str!("scripts/docker_rhel.sh");
const START: &str = include_str!("scripts/docker_start.sh");

/// How much of a failed installation's words is shown.
const LAST_LINES: usize = 12;

/// Installs and starts Docker where needed.
pub(super) async fn provide(server: &Server, steps: &mut Steps) -> Result<(), Failure> {
    if server.facts.docker.is_none() {
        steps.begin(format!("Install Docker on {}", server.facts.os_name));
        let script = match server.facts.family() {
            Some(Family::Debian) => ON_DEBIAN,
            Some(Family::Rhel) => ON_RHEL,
            // Refused before, when the server was looked at; said again in case that changes.
            None => return Err(Failure::new("the system's way of installing Docker is not known").hint("install it there by that way")),
        };
        let mut tail = Tail::default();
        let status = server.script_as_root(script, &mut tail).await?;
        if status != Some(0) {
            return Err(
                Failure::new(format!("it did not work; its last words:\n{}", tail.lines(LAST_LINES)))
                    .hint("can the server reach its package mirrors? `sudo apt-get update` (or `sudo dnf check-update`) there tells")
                    .hint("run the command again once that works: what was installed is kept"),
            );
        }
        steps.finish("");
    }
    // One that runs and is not enabled would be gone after the next boot, with everything that it ran.
    if server.facts.docker.is_none() || !server.facts.socket || server.has_root() {
        start(server, steps).await?;
    }
    Ok(())
}

/// Starts Docker where it does not run.
pub(super) async fn wake(server: &Server, steps: &mut Steps) -> Result<(), Failure> {
    if server.facts.socket { Ok(()) } else { start(server, steps).await }
}

async fn start(server: &Server, steps: &mut Steps) -> Result<(), Failure> {
    let runs = server.facts.docker.is_some() && server.facts.socket;
    steps.begin(if runs {
        "See that Docker starts at every boot"
    } else {
        "Start Docker"
    });
    let mut tail = Tail::default();
    let status = server.script_as_root(START, &mut tail).await?;
    match status {
        Some(0) => steps.finish(""),
        // It was started by a way of its own, which its administrator knows.
        _ if runs => steps.finish("it runs; whether it starts at boot is not known"),
        _ => {
            return Err(
                Failure::new(format!("Docker does not start; the last words:\n{}", tail.lines(LAST_LINES))).hint(
                    "`sudo journalctl -u docker -n 50` there tells why; the kernel of some virtual servers (OpenVZ, LXC) cannot run it",
                ),
            );
        }
    }
    Ok(())
}
