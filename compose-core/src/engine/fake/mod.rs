//! An engine that only exists in memory: it keeps containers, networks, volumes and images as a
//! Docker Engine would, refuses what one would refuse, and fails where a test tells it to.

mod answers;
mod faulty;
mod script;
mod world;

pub use faulty::{Fault, FaultyEngine, Times};

use super::request::{ContainerBody, HostConfig};
use super::{ContainerStatus, EngineError, StateChange};
use crate::names::{ContainerId, ImageId};
use script::Script;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::broadcast;
use world::{Container, World, image, refused};

/// Changes that a slow watcher may lag behind.
const BACKLOG: usize = 4096;

/// What the containers of an image do once they are started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Behaviour {
    /// They end at once with this code; `None` keeps them running.
    pub exits: Option<i64>,
    /// They have a health check with this outcome.
    pub health: Option<bool>,
    /// What they write.
    pub output: String,
}

/// An engine in memory.
pub struct FakeEngine {
    world: Mutex<World>,
    script: Mutex<Script>,
    changes: broadcast::Sender<StateChange>,
}

impl Default for FakeEngine {
    fn default() -> Self {
        Self::new()
    }
}

impl FakeEngine {
    /// An engine without anything in it.
    pub fn new() -> Self {
        let (changes, _) = broadcast::channel(BACKLOG);
        Self {
            world: Mutex::default(),
            script: Mutex::default(),
            changes,
        }
    }

    /// Puts an image into the engine.
    #[must_use]
    pub fn with_image(self, name: &str) -> Self {
        self.set_image(name, &format!("sha256:{name}"));
        self
    }

    /// Lets a name lead to an image, whether it did before or not.
    pub fn set_image(&self, name: &str, id: &str) {
        self.lock().name_image(name, image(name, id));
    }

    /// An image is gone, whatever its names, even where containers use it.
    pub fn forget_image(&self, id: &str) {
        self.lock().images.retain(|_, image| image.id.as_str() != id);
    }

    /// Lets a registry have an image.
    #[must_use]
    pub fn with_remote_image(self, name: &str) -> Self {
        self.lock()
            .registry
            .insert(name.to_owned(), ImageId::from(format!("sha256:remote-{name}")));
        self
    }

    /// Says what the containers of an image do.
    #[must_use]
    pub fn with_behaviour(self, image: &str, behaviour: Behaviour) -> Self {
        self.lock().behaviours.insert(image.to_owned(), behaviour);
        self
    }

    /// The call of this text fails once, after it has gone well `skip` times: `start shop-web-1`.
    pub fn fail(&self, call: &str, skip: usize) {
        self.script().fail(call, skip);
    }

    /// Calls that begin with this text take so long.
    pub fn delay(&self, call: &str, by: Duration) {
        self.script().delay(call, by);
    }

    /// What has been asked for so far, questions excepted.
    pub fn calls(&self) -> Vec<String> {
        self.script().calls().to_vec()
    }

    /// The most calls that were under way at a time.
    pub fn most_open(&self) -> usize {
        self.script().most_open()
    }

    /// Name and status of every container, by name.
    pub fn containers(&self) -> BTreeMap<String, ContainerStatus> {
        let world = self.lock();
        world
            .containers
            .values()
            .map(|container| (container.name.to_string(), container.status.clone()))
            .collect()
    }

    /// What a container was made from.
    pub fn body(&self, name: &str) -> Option<ContainerBody> {
        let world = self.lock();
        let found = world.containers.values().find(|container| container.name.as_str() == name);
        found.map(|container| container.body.clone())
    }

    /// The names of all networks.
    pub fn networks(&self) -> Vec<String> {
        self.lock().networks.keys().map(ToString::to_string).collect()
    }

    /// The names of all images, and the ids of those that have none.
    pub fn images(&self) -> Vec<String> {
        self.lock().images.keys().cloned().collect()
    }

    /// The names of all volumes.
    pub fn volumes(&self) -> Vec<String> {
        self.lock().volumes.keys().map(ToString::to_string).collect()
    }

    /// Somebody changes what a container may use, as `docker update` does.
    pub fn update(&self, name: &str, change: impl FnOnce(&mut HostConfig)) {
        self.change(name, "update", |container| change(&mut container.body.host_config));
    }

    /// A container ends by itself.
    pub fn exit(&self, name: &str, code: i64) {
        self.change(name, "die", |container| container.end(code));
    }

    /// The machine goes down, and the engine with it, and comes back: what runs then is what has a restart policy for it.
    pub fn fall(&self) {
        let mut world = self.lock();
        world.falls += 1;
        let running = world.containers.values_mut().filter(|one| one.status == ContainerStatus::Running);
        for container in running {
            if !["always", "unless-stopped"].contains(&container.restart_policy().unwrap_or_default()) {
                container.end(255);
            }
        }
    }

    /// Whether the engine refuses to tell of its networks and containers, as one that is coming up.
    pub fn set_away(&self, away: bool) {
        self.lock().away = away;
    }

    fn change(&self, name: &str, action: &str, change: impl FnOnce(&mut Container)) {
        let mut world = self.lock();
        let found = world.containers.iter_mut().find(|(_, container)| container.name.as_str() == name);
        if let Some((id, container)) = found {
            change(container);
            self.tell(id, container, action);
        }
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("no call panics with the lock")
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().expect("no call panics with the lock")
    }

    fn tell(&self, id: &ContainerId, container: &Container, action: &str) {
        let change = StateChange {
            id: id.clone(),
            action: action.to_owned(),
            labels: container.body.labels.clone(),
            exit_code: (action == "die").then_some(container.exit_code),
        };
        // Nobody watching is fine.
        let _ = self.changes.send(change);
    }

    /// Notes a call, takes its time, and fails if a test wants it to.
    async fn call(&self, verb: &str, subject: &str) -> Result<(), EngineError> {
        let text = format!("{verb} {subject}");
        let fate = self.script().begin(&text);
        // Gives every other call a chance to begin, so that parallel ones are seen to be.
        tokio::time::sleep(fate.takes).await;
        self.script().end();
        if fate.fails {
            Err(refused(&text, 500, "made to fail"))
        } else {
            Ok(())
        }
    }

    fn name_of(&self, id: &ContainerId) -> String {
        self.lock()
            .containers
            .get(id)
            .map_or_else(|| id.to_string(), |container| container.name.to_string())
    }

    fn with_container<T>(&self, id: &ContainerId, attempt: &str, use_it: impl FnOnce(&mut Container) -> T) -> Result<T, EngineError> {
        let mut world = self.lock();
        let container = world
            .containers
            .get_mut(id)
            .ok_or_else(|| refused(attempt, 404, "no such container"))?;
        Ok(use_it(container))
    }
}
