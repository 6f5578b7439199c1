//! The way back: the daemon that was there before runs again, whatever else fails.

use super::{Change, GRACE, PATIENCE, step};
use crate::failure::Failure;
use crate::far_end::container::{Found, NAME, PREVIOUS, Whereabouts};
use crate::far_end::database::{self, DatabaseAction};
use crate::far_end::proof::Proof;
use crate::far_end::warn;
use compose_core::engine::{ContainerStatus, ContainerSummary};
use compose_core::names::ContainerId;

/// A daemon that is there for longer, in seconds, may have worked all the time, though nobody saw it.
const LONG: i64 = 60 * 60;

impl<P: Proof> Change<'_, P> {
    /// Nobody saw whether the one in place works: it stays if it does, else the one before it comes back.
    pub(super) async fn settle(&self, current: &ContainerSummary, previous: &ContainerSummary) -> Result<(), Failure> {
        let ran = current.status == ContainerStatus::Running;
        if previous.status == ContainerStatus::Running && !ran {
            // It came back already, and only its name was not free.
            self.make_room(&current.id).await;
            return self.rename(&previous.id, NAME).await;
        }
        step("See whether the last upgrade worked, which was interrupted")?;
        let (image, at) = (current.image_id.as_str(), Whereabouts::of(current)?);
        if !ran {
            self.database(DatabaseAction::Finish, image, &at.state).await?;
        }
        match self.starts(&current.id, &at, PATIENCE).await {
            Ok(_) => {
                self.discard(previous, image).await;
                Ok(())
            }
            Err(failure) if ran && self.now - current.created > LONG => Err(doubtful(&failure)),
            Err(failure) => {
                warn(&format!(
                    "the daemon of before comes back, with its database of before: the one that an interrupted upgrade put in its place \
                     does not work: {}\nthe database of that one stays in the folder {} of {}",
                    failure.text(),
                    database::ASIDE,
                    at.state
                ));
                self.back(&current.id, previous, Some((image, &at))).await
            }
        }
    }

    /// Nothing is in place: what was put aside takes its place again.
    pub(super) async fn reinstate(&self, previous: &ContainerSummary) -> Result<(), Failure> {
        if previous.status != ContainerStatus::Running {
            let at = Whereabouts::of(previous)?;
            self.database(DatabaseAction::Finish, previous.image_id.as_str(), &at.state).await?;
        }
        let renamed = self.rename(&previous.id, NAME).await;
        // Whether it works is seen later; until then it may serve.
        let _ = self.engine.start_container(&previous.id).await;
        renamed
    }

    /// The new daemon does not work: the old one comes back. With an image and a place, so does its database.
    pub(super) async fn put_back(
        &self,
        new: &ContainerId,
        old: &ContainerSummary,
        started: Option<(&str, &Whereabouts)>,
        failure: Failure,
    ) -> Failure {
        match self.back(new, old, started).await {
            Ok(()) => failure.hint("the daemon that was there before runs again, with its state as it was"),
            Err(error) => {
                let failure = failure.hint(error.text());
                error.hints.into_iter().fold(failure, Failure::hint)
            }
        }
    }

    /// Goes back as far as it can: the old daemon is started also when its database or its name could not be had.
    async fn back(&self, new: &ContainerId, old: &ContainerSummary, started: Option<(&str, &Whereabouts)>) -> Result<(), Failure> {
        let stopped = self.stop(new).await;
        let restored = match (started, stopped) {
            (None, _) => Ok(()),
            (Some(_), Err(failure)) => Err(failure),
            (Some((image, at)), Ok(())) => self.restore(image, &at.state).await,
        };
        self.make_room(new).await;
        let named = self.take_name(old).await;
        let lives = self.starts(&old.id, &Whereabouts::of(old)?, PATIENCE).await;
        let copy = format!("a copy of its database is in the folder {} of its state folder", database::KEPT);
        let (what, why) = match (lives, restored, named) {
            (Ok(_), Ok(()), Ok(())) => return Ok(()),
            (Err(failure), Ok(()), _) => ("could not be put back", failure),
            (Err(failure), Err(why), _) => (
                "could not be put back",
                failure
                    .hint(format!("its database could not be put back: {}", why.text()))
                    .hint(copy),
            ),
            (Ok(_), Err(why), _) => ("runs again, but its database could not be put back", why.hint(copy)),
            (Ok(_), Ok(()), Err(why)) => (
                "runs again, but not under its name",
                why.hint("run the command again: it takes this up"),
            ),
        };
        let failure = Failure::new(format!("the daemon that was there before {what}: {}", why.text()));
        Err(why.hints.into_iter().fold(failure, Failure::hint))
    }

    async fn stop(&self, id: &ContainerId) -> Result<(), Failure> {
        if self.engine.stop_container(id, Some(GRACE)).await.is_ok() {
            return Ok(());
        }
        let Err(error) = self.engine.kill_container(id, "KILL").await else {
            return Ok(());
        };
        // What has ended meanwhile cannot be killed.
        let found = self.engine.inspect_container(id).await?;
        if found.is_some_and(|found| found.state.status == ContainerStatus::Running) {
            return Err(error.into());
        }
        Ok(())
    }

    async fn restore(&self, image: &str, state: &str) -> Result<(), Failure> {
        let done = self.database(DatabaseAction::Restore, image, state).await;
        if done.is_err() {
            // No daemon may start on a part of it. Where nothing was begun, nothing is finished.
            let _ = self.database(DatabaseAction::Finish, image, state).await;
        }
        done
    }

    async fn take_name(&self, old: &ContainerSummary) -> Result<(), Failure> {
        let aside = Found::on(self.engine).await?.previous.is_some_and(|previous| previous.id == old.id);
        if aside { self.rename(&old.id, NAME).await } else { Ok(()) }
    }
}

/// It may have worked for long, and what it wrote since then is worth more than an answer now.
fn doubtful(failure: &Failure) -> Failure {
    Failure::new(format!(
        "an upgrade was interrupted before its daemon was seen to work, and now that one does not answer: {}",
        failure.text()
    ))
    .hint("it runs for so long that its database is not changed for that of before; is the server overloaded? run the command again when it is not")
    .hint(format!(
        "if it never answers: `docker rm -f {NAME}` there, then run the command again; another one takes its place, with the database as it is now"
    ))
    .hint(format!("the daemon of before is the container {PREVIOUS}; its database is in the folder {} of the state folder", database::KEPT))
}
