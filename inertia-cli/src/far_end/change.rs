//! One daemon in the place of another: whatever happens on the way, one of them runs with the state that it knows.
//!
//! The old one is stopped, its database kept, its name taken. Only when the new one was seen to work does the old one go:
//! it loses its name first, so that nobody doubts the new one later. While a previous one is there, nobody has seen it yet.

mod back;

use super::container::{Found, KEEPER, LEFTOVER, NAME, NEXT, PREVIOUS, Specification, Whereabouts, is_as};
use super::database::{self, DatabaseAction};
use super::proof::{Proof, Proven, last_words};
use super::wire::{Outcome, Word};
use super::{tell, warn};
use crate::failure::Failure;
use compose_core::engine::request::ContainerBody;
use compose_core::engine::{AnonymousVolumes, ContainerStatus, ContainerSummary, Engine, EngineError};
use compose_core::names::{ContainerId, ContainerName};
use std::time::{Duration, Instant};

/// How long a new daemon may take to answer.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long one that runs may take.
const SHORT_PATIENCE: Duration = Duration::from_secs(15);
/// How long the old one may take to stop.
const GRACE: Duration = Duration::from_secs(30);

/// How long a new daemon waits for what the old one deploys; what takes longer it takes up itself.
const REST: Duration = Duration::from_mins(15);
/// How long until it looks again.
const LOOK: Duration = Duration::from_secs(1);
/// How often in a row the old one may give no answer.
const MOST_SILENT: u32 = 3;

/// What a change is made with.
pub(super) struct Change<'a, P> {
    pub(super) engine: &'a dyn Engine,
    pub(super) proof: &'a P,
    /// The path of this program on the server.
    pub(super) program: &'a str,
    /// Seconds since 1970.
    pub(super) now: i64,
}

impl<P: Proof> Change<'_, P> {
    /// Takes up what an interrupted attempt left behind.
    pub(super) async fn mend(&self) -> Result<Found, Failure> {
        let found = Found::on(self.engine).await?;
        let cleared = self.clear(&found.others).await;
        match (&found.current, &found.previous) {
            (None, Some(previous)) => self.reinstate(previous).await?,
            (Some(current), Some(previous)) => {
                cleared?;
                self.settle(current, previous).await?;
            }
            (_, None) => cleared?,
        }
        Found::on(self.engine).await
    }

    /// Removes what never got to its place, or has lost it.
    async fn clear(&self, others: &[ContainerSummary]) -> Result<(), Failure> {
        for unplaced in others {
            if [NEXT, KEEPER].contains(&unplaced.name.as_str()) {
                self.engine.remove_container(&unplaced.id, AnonymousVolumes::Remove).await?;
            } else if unplaced.name.as_str().starts_with(LEFTOVER) {
                self.remove_leftover(unplaced, unplaced.name.as_str()).await;
            }
        }
        Ok(())
    }

    /// The container as it should be, seen to work.
    pub(super) async fn converge(&self, found: &Found, wanted: &Specification) -> Result<(Outcome, Proven), Failure> {
        let body = wanted.body();
        match &found.current {
            None => {
                step(&format!("Start the daemon on port {}", wanted.port))?;
                let id = self.create(NAME, &body).await?;
                let proven = self.starts(&id, &wanted.whereabouts(), PATIENCE).await.map_err(with_its_log)?;
                Ok((Outcome::Created, proven))
            }
            Some(current) if is_as(current, &body) => self.as_it_is(current, wanted).await,
            Some(current) => {
                self.wait_for_deployments(current).await?;
                step("Put the new daemon in the place of the old one")?;
                let proven = self.replace(current, wanted, &body).await?;
                Ok((Outcome::Replaced, proven))
            }
        }
    }

    async fn as_it_is(&self, current: &ContainerSummary, wanted: &Specification) -> Result<(Outcome, Proven), Failure> {
        let at = wanted.whereabouts();
        if current.status != ContainerStatus::Running {
            let proven = self.starts(&current.id, &at, PATIENCE).await.map_err(with_its_log)?;
            return Ok((Outcome::Started, proven));
        }
        if let Ok(proven) = self.proof.prove(&current.id, &at, SHORT_PATIENCE).await {
            return Ok((Outcome::LeftAlone, proven));
        }
        step("Start the daemon again, which runs and does not answer")?;
        self.engine.restart_container(&current.id, Some(GRACE)).await?;
        let proven = self.proof.prove(&current.id, &at, PATIENCE).await.map_err(with_its_log)?;
        Ok((Outcome::Started, proven))
    }

    async fn replace(&self, current: &ContainerSummary, wanted: &Specification, body: &ContainerBody) -> Result<Proven, Failure> {
        let next = self.create(NEXT, body).await?;
        if let Err(failure) = self.step_aside(current, &next, wanted).await {
            return Err(self.put_back(&next, current, None, failure).await);
        }
        let at = wanted.whereabouts();
        match self.starts(&next, &at, PATIENCE).await {
            Err(failure) => Err(self.put_back(&next, current, Some((&wanted.image_id, &at)), failure).await),
            Ok(proven) => {
                self.discard(current, &wanted.image_id).await;
                Ok(proven)
            }
        }
    }

    /// Lets what the old one deploys come to its end.
    async fn wait_for_deployments(&self, current: &ContainerSummary) -> Result<(), Failure> {
        let (begin, at) = (Instant::now(), Whereabouts::of(current)?);
        let (mut told, mut silent) = (Vec::new(), 0);
        while current.status == ContainerStatus::Running && begin.elapsed() < REST {
            match self.proof.under_way(&current.id, &at).await {
                Ok(under_way) if under_way.is_empty() => break,
                Ok(under_way) => {
                    silent = 0;
                    if told != under_way {
                        step(&format!("Wait for {}", under_way.join(", ")))?;
                        told = under_way;
                    }
                }
                // It may be about to be replaced for this very reason.
                Err(_) if silent >= MOST_SILENT => break,
                Err(_) => silent += 1,
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// The old one stops, its database is kept, and the new one takes its name.
    async fn step_aside(&self, current: &ContainerSummary, next: &ContainerId, wanted: &Specification) -> Result<(), Failure> {
        self.engine.stop_container(&current.id, Some(GRACE)).await?;
        self.database(DatabaseAction::Keep, &wanted.image_id, &wanted.state).await?;
        self.rename(&current.id, PREVIOUS).await?;
        self.rename(next, NAME).await
    }

    /// Starts a daemon and sees that it works.
    async fn starts(&self, id: &ContainerId, at: &Whereabouts, patience: Duration) -> Result<Proven, Failure> {
        self.engine.start_container(id).await?;
        self.proof.prove(id, at, patience).await
    }

    /// Does something with the database, in a container of a moment.
    async fn database(&self, action: DatabaseAction, image: &str, state: &str) -> Result<(), Failure> {
        let id = self.create(KEEPER, &database::body(action, self.program, image, state)).await?;
        let done = self.finishes(&id).await;
        self.make_room(&id).await;
        done
    }

    async fn finishes(&self, id: &ContainerId) -> Result<(), Failure> {
        self.engine.start_container(id).await?;
        match self.engine.wait_container(id).await? {
            0 => Ok(()),
            code => {
                let said = last_words(self.engine, id).await;
                Err(Failure::new(format!("the database could not be copied (exit code {code}){said}"))
                    .hint("is there room for a second copy of it? `df -h` there tells"))
            }
        }
    }

    /// Removes one whose successor works, and its image. It loses its name first: from then on the database of before is
    /// not put back any more, whether the container can be removed or not.
    async fn discard(&self, replaced: &ContainerSummary, image_in_use: &str) {
        let name = leftover(&replaced.id);
        let name = match self.rename(&replaced.id, &name).await {
            Ok(()) => &name,
            Err(_) => PREVIOUS,
        };
        self.remove_leftover(replaced, name).await;
        if replaced.image_id.as_str() != image_in_use {
            // Another container may still use it.
            let _ = self.engine.remove_image(&replaced.image).await;
        }
    }

    /// Removes a container that is in nobody's way; one that stays is told.
    async fn remove_leftover(&self, container: &ContainerSummary, name: &str) {
        if let Err(error) = self.engine.remove_container(&container.id, AnonymousVolumes::Remove).await {
            warn(&format!(
                "the container {name} is not needed any more and cannot be removed: {}; `docker rm -f {name}` there removes it, and the next `init` tries again",
                Failure::from(error).text()
            ));
        }
    }

    /// Frees the name of a container that is not needed any more: removes it, or calls it otherwise where it cannot be removed.
    async fn make_room(&self, id: &ContainerId) {
        if self.engine.remove_container(id, AnonymousVolumes::Remove).await.is_err() {
            // Who needs the name sees whether it is free.
            let _ = self.rename(id, &leftover(id)).await;
        }
    }

    async fn create(&self, name: &str, body: &ContainerBody) -> Result<ContainerId, Failure> {
        let created = self.engine.create_container(&ContainerName::new(name), None, body).await;
        created.map_err(|error| taken(name, error))
    }

    async fn rename(&self, id: &ContainerId, name: &str) -> Result<(), Failure> {
        let renamed = self.engine.rename_container(id, &ContainerName::new(name)).await;
        renamed.map_err(|error| taken(name, error))
    }
}

/// A name for a container that should be gone.
fn leftover(id: &ContainerId) -> String {
    let id = id.as_str();
    format!("{LEFTOVER}-{}", id.get(..12).unwrap_or(id))
}

/// The daemon that does not work stays: its log is there to be read.
fn with_its_log(failure: Failure) -> Failure {
    failure.hint("all that it said: `inertia NAME logs --daemon`; run the command again once the cause is gone")
}

/// Says what to do where a name is taken.
fn taken(name: &str, error: EngineError) -> Failure {
    match error.status() {
        Some(409) => Failure::new(format!("a container named {name} is there that inertia did not make")).hint(format!(
            "look at it with `docker inspect {name}`; rename or remove it, then run the command again"
        )),
        _ => error.into(),
    }
}

fn step(name: &str) -> Result<(), Failure> {
    tell(&Word::Step { name: name.to_owned() })
}

#[cfg(test)]
mod tests;
