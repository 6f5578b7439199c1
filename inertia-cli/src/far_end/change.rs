//! One daemon in the place of another: whatever happens on the way, one of them runs with the state that it knows.
//!
//! The old one is stopped, its database kept, its name taken. Only when the new one was seen to work does the old one go;
//! while both are there, nobody has seen that yet.

use super::container::{Found, KEEPER, NAME, NEXT, PREVIOUS, Specification, Whereabouts, is_as};
use super::database::{self, DatabaseAction};
use super::proof::{Proof, Proven, last_words};
use super::tell;
use super::wire::{Outcome, Word};
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
}

impl<P: Proof> Change<'_, P> {
    /// Takes up what an interrupted attempt left behind.
    pub(super) async fn mend(&self) -> Result<Found, Failure> {
        let found = Found::on(self.engine).await?;
        for unplaced in &found.others {
            if [NEXT, KEEPER].contains(&unplaced.name.as_str()) {
                self.engine.remove_container(&unplaced.id, AnonymousVolumes::Remove).await?;
            }
        }
        match (&found.current, &found.previous) {
            (None, Some(previous)) => {
                self.rename(&previous.id, NAME).await?;
                // Whether it works is seen later; until then it may serve.
                let _ = self.engine.start_container(&previous.id).await;
            }
            (Some(current), Some(previous)) => self.settle(current, previous).await?,
            (_, None) => {}
        }
        Found::on(self.engine).await
    }

    /// Nobody saw whether the one in place works: it stays if it does, else the one before it comes back.
    async fn settle(&self, current: &ContainerSummary, previous: &ContainerSummary) -> Result<(), Failure> {
        step("See whether the last upgrade worked, which was interrupted")?;
        let at = Whereabouts::of(current)?;
        match self.starts(&current.id, &at, PATIENCE).await {
            Ok(_) => self.discard(previous, current.image_id.as_str()).await,
            Err(_) => self.back(&current.id, Some((current.image_id.as_str(), &at))).await,
        }
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
            return Err(self.put_back(&next, None, failure).await);
        }
        let at = wanted.whereabouts();
        match self.starts(&next, &at, PATIENCE).await {
            Err(failure) => Err(self.put_back(&next, Some((&wanted.image_id, &at)), failure).await),
            Ok(proven) => {
                if let Some(previous) = Found::on(self.engine).await?.previous {
                    self.discard(&previous, &wanted.image_id).await?;
                }
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

    /// The new daemon does not work: the old one comes back. With an image and a place, so does its database.
    async fn put_back(&self, new: &ContainerId, started: Option<(&str, &Whereabouts)>, failure: Failure) -> Failure {
        match self.back(new, started).await {
            Ok(()) => failure.hint("the daemon that was there before runs again, with its state as it was"),
            Err(error) => {
                let failure = failure.hint(format!("the daemon that was there before could not be put back: {}", error.text()));
                error.hints.into_iter().fold(failure, Failure::hint)
            }
        }
    }

    async fn back(&self, new: &ContainerId, started: Option<(&str, &Whereabouts)>) -> Result<(), Failure> {
        self.engine.stop_container(new, Some(GRACE)).await?;
        let restored = match started {
            Some((image, at)) => self.database(DatabaseAction::Restore, image, &at.state).await,
            None => Ok(()),
        };
        self.engine.remove_container(new, AnonymousVolumes::Remove).await?;
        let found = Found::on(self.engine).await?;
        if let Some(previous) = &found.previous {
            self.rename(&previous.id, NAME).await?;
        }
        let old = found.previous.or(found.current).ok_or_else(|| Failure::new("it is gone"))?;
        let lives = self.starts(&old.id, &Whereabouts::of(&old)?, PATIENCE).await;
        match (lives, restored) {
            (Ok(_), _) => Ok(()),
            (Err(failure), Ok(())) => Err(failure),
            (Err(failure), Err(why)) => Err(failure
                .hint(format!("its database could not be put back: {}", why.text()))
                .hint(format!("a copy is in the folder {} of its state folder", database::KEPT))),
        }
    }

    /// Does something with the database, in a container of a moment.
    async fn database(&self, action: DatabaseAction, image: &str, state: &str) -> Result<(), Failure> {
        let id = self.create(KEEPER, &database::body(action, self.program, image, state)).await?;
        let done = self.finishes(&id).await;
        self.engine.remove_container(&id, AnonymousVolumes::Remove).await?;
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

    /// Removes one that is not needed any more, and its image.
    async fn discard(&self, previous: &ContainerSummary, image_in_use: &str) -> Result<(), Failure> {
        self.engine.remove_container(&previous.id, AnonymousVolumes::Remove).await?;
        if previous.image_id.as_str() != image_in_use {
            // Another container may still use it.
            let _ = self.engine.remove_image(&previous.image).await;
        }
        Ok(())
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
