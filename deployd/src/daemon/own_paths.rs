//! Where the daemon itself lives: in a container, the engine's host knows its folders by other names.

use compose_core::engine::request::PathMap;
use compose_core::engine::{ContainerDetails, Engine, EngineError};
use compose_core::names::ContainerId;
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio::time::timeout;

/// How long the engine may take to tell.
const ANSWER: Duration = Duration::from_secs(10);

/// Where the daemon lives, as the engine's host sees it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Home {
    /// How the host calls what is mounted.
    pub(crate) paths: PathMap,
    /// By what others can name the container: its id, and its name where the engine knows it.
    pub(crate) names: Vec<String>,
    /// Whose ports it sees.
    pub(crate) neighbourhood: Neighbourhood,
}

/// Whose ports a daemon sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Neighbourhood {
    /// Those of the engine's host.
    #[default]
    Host,
    /// Those of its own container alone.
    Apart,
}

/// Why it is not known where the daemon lives. Nothing is mounted before: the host may call every folder otherwise.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HomeError {
    /// The engine refuses to tell.
    #[error("cannot ask the engine how the daemon's own container is mounted: {0}; nothing was changed; try again once the engine is up")]
    Engine(#[source] EngineError),
    /// It says nothing.
    #[error("the engine does not tell within {} s how the daemon's own container is mounted; nothing was changed; try again once it is up", ANSWER.as_secs())]
    Silent,
}

/// The container in which the daemon lives, if any. The engine is asked about it when that is needed first, and again until
/// it answered: it may come up after the daemon.
pub(crate) struct OwnContainer {
    id: Option<ContainerId>,
    home: OnceCell<Home>,
}

impl OwnContainer {
    /// The container of this id; without one, the daemon calls every folder as its host does.
    pub(crate) fn new(id: Option<ContainerId>) -> Self {
        Self { id, home: OnceCell::new() }
    }

    /// Where the daemon lives.
    pub(crate) async fn home(&self, engine: &dyn Engine) -> Result<&Home, HomeError> {
        self.home.get_or_try_init(|| self.find(engine)).await
    }

    async fn find(&self, engine: &dyn Engine) -> Result<Home, HomeError> {
        let Some(id) = &self.id else {
            return Ok(Home::default());
        };
        let answer = timeout(ANSWER, engine.inspect_container(id)).await;
        let details = answer.map_err(|_| HomeError::Silent)?.map_err(HomeError::Engine)?;
        // An engine that has no such container is another one than the daemon's own.
        Ok(details.map_or_else(|| named(id), |details| described(id, details)))
    }
}

fn named(id: &ContainerId) -> Home {
    Home {
        paths: PathMap::identity(),
        names: vec![id.to_string()],
        neighbourhood: Neighbourhood::Apart,
    }
}

fn described(id: &ContainerId, details: ContainerDetails) -> Home {
    let mut home = named(id);
    home.names.push(details.name.to_string());
    if details.networks.contains_key("host") {
        home.neighbourhood = Neighbourhood::Host;
    }
    for mount in details.mounts {
        tracing::info!(inside = mount.destination, host = mount.source, "a folder of the host");
        home.paths = home.paths.with(mount.destination, mount.source);
    }
    home
}

/// The id of the container in which this process lives; `None` outside of one.
pub(crate) fn own_container() -> Option<ContainerId> {
    own_id(&std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default())
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
    use compose_core::engine::fake::FakeEngine;
    use compose_core::engine::request::ContainerBody;
    use compose_core::names::ContainerName;

    #[tokio::test]
    async fn an_engine_that_does_not_answer_is_asked_again() {
        let engine = FakeEngine::new().with_image("daemon:1");
        let body = ContainerBody {
            image: "daemon:1".to_owned(),
            ..ContainerBody::default()
        };
        let name = ContainerName::new("inertia-daemon");
        let id = engine.create_container(&name, None, &body).await.expect("made");
        let own = OwnContainer::new(Some(id.clone()));
        engine.set_away(true);
        assert!(matches!(own.home(&engine).await, Err(HomeError::Engine(_))));
        engine.set_away(false);
        let names = &own.home(&engine).await.expect("told").names;
        assert_eq!(*names, [id.to_string(), name.to_string()]);
        engine.set_away(true);
        own.home(&engine).await.expect("known from now on");
    }

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
