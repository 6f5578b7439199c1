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
            None => return Err(Failure::new("the system's way of installing Docker is not known")),
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
    if server.facts.docker.is_none() || !server.facts.socket {
        steps.begin("Start Docker");
        let mut tail = Tail::default();
        let status = server.script_as_root(START, &mut tail).await?;
        if status != Some(0) {
            return Err(
                Failure::new(format!("Docker does not start; the last words:\n{}", tail.lines(LAST_LINES))).hint(
                    "`sudo journalctl -u docker -n 50` there tells why; the kernel of some virtual servers (OpenVZ, LXC) cannot run it",
                ),
            );
        }
        steps.finish("");
    }
    Ok(())
}
