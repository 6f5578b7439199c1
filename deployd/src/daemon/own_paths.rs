//! Where the daemon itself lives: in a container, the engine's host knows its folders by other names.

use compose_core::engine::Engine;
use compose_core::engine::request::PathMap;
use compose_core::names::ContainerId;

/// The container in which this process lives.
pub(crate) struct OwnContainer {
    /// How the host calls what is mounted.
    pub(crate) paths: PathMap,
    /// By what others can name it: its id, and its name where the engine tells.
    pub(crate) names: Vec<String>,
}

/// Looks for the container in which this process lives; `None` outside of one.
pub(crate) async fn own_container(engine: &dyn Engine) -> Option<OwnContainer> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let id = own_id(&mounts)?;
    let mut own = OwnContainer {
        paths: PathMap::identity(),
        names: vec![id.to_string()],
    };
    match engine.inspect_container(&id).await {
        Ok(Some(details)) => {
            own.names.push(details.name.to_string());
            own.paths = details.mounts.into_iter().fold(own.paths, |paths, mount| {
                tracing::info!(inside = mount.destination, host = mount.source, "a folder of the host");
                paths.with(mount.destination, mount.source)
            });
        }
        Ok(None) => {}
        Err(error) => tracing::warn!(%error, "cannot find out how the daemon's own container is mounted"),
    }
    Some(own)
}

/// The id of this process's container: engines mount its name and addresses from a folder named by it.
fn own_id(mountinfo: &str) -> Option<ContainerId> {
    let files = ["/etc/hostname", "/etc/hosts", "/etc/resolv.conf"];
    let lines = mountinfo.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let own = lines.filter(|fields| fields.get(4).is_some_and(|at| files.contains(at)));
    let mut ids = own.filter_map(|fields| {
        let parts = fields.get(3)?.split('/').rev();
        parts.into_iter().find(|part| is_id(part)).map(ContainerId::new)
    });
    ids.next()
}

fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_container_in_its_mounts() {
        let id = "0123456789abcdef".repeat(4);
        let inside = format!(
            "500 400 0:50 / / rw - overlay overlay rw\n\
             510 500 8:1 /var/lib/docker/containers/{id}/hostname /etc/hostname rw,relatime - ext4 /dev/sda1 rw\n"
        );
        assert_eq!(own_id(&inside), Some(ContainerId::new(&id)));
        let beside =
            format!("500 400 8:1 / / rw - ext4 /dev/sda1 rw\n510 500 8:1 /docker/containers/{id}/mounts/shm /x/shm rw - tmpfs shm rw\n");
        assert_eq!(own_id(&beside), None);
        assert_eq!(own_id(""), None);
    }
}
