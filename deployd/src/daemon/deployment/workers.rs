//! One task per project: it owns what happens to the project, one thing at a time.

use super::attempt::{self, CallOff};
use super::operations::{self, Operation};
use super::{polling, revival};
use crate::daemon::Daemon;
use crate::daemon::presence::{Look, Outage};
use crate::daemon::problem::ApiError;
use crate::daemon::store::{DeploymentRow, Ending, ProjectRow, StoreError};
use crate::wire::Done;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};

/// How long to wait before a deployment is tried again that the daemon itself could not go on with.
const AFTER_TROUBLE: Duration = Duration::from_secs(5);
/// What a worker is told.
pub(crate) enum Command {
    /// Something waits.
    Wake,
    /// A delivery could not be taken in: look for what it would have reported.
    Look,
    /// Call a deployment off; answered whether it could be.
    Cancel {
        /// Which.
        id: u64,
        /// Who says so.
        by: String,
        /// The answer.
        reply: oneshot::Sender<Result<bool, StoreError>>,
    },
    /// Do something that is no deployment, unless one is under way.
    Operate {
        /// What.
        operation: Operation,
        /// The answer.
        reply: oneshot::Sender<Result<Done, ApiError>>,
    },
}

/// The workers, by project.
#[derive(Default)]
pub(crate) struct Workers(Mutex<HashMap<String, mpsc::Sender<Command>>>);

impl Workers {
    /// Tells a project's worker that something waits; it is started where there is none.
    pub(crate) fn wake(&self, daemon: &Daemon, project: &str) {
        // A full queue means that it has enough reasons to look already.
        let _ = self.sender(daemon, project).try_send(Command::Wake);
    }

    /// Tells a project's worker that a delivery was turned away.
    pub(crate) fn look(&self, daemon: &Daemon, project: &str) {
        let _ = self.sender(daemon, project).try_send(Command::Look);
    }

    /// Calls a deployment off; `false` when it has ended already.
    pub(crate) async fn cancel(&self, daemon: &Daemon, project: &str, id: u64, by: String) -> Result<bool, ApiError> {
        let (reply, answer) = oneshot::channel();
        self.tell(daemon, project, Command::Cancel { id, by, reply }).await?;
        Ok(answer.await.map_err(|_| ending())??)
    }

    /// Does something that is no deployment.
    pub(crate) async fn operate(&self, daemon: &Daemon, project: &str, operation: Operation) -> Result<Done, ApiError> {
        let (reply, answer) = oneshot::channel();
        self.tell(daemon, project, Command::Operate { operation, reply }).await?;
        answer.await.map_err(|_| ending())?
    }

    /// Starts a project's worker as the daemon begins: what went down with the engine comes before anything else; answered
    /// when that is done.
    pub(crate) fn begin(&self, daemon: &Daemon, project: &str, look: Look) -> oneshot::Receiver<()> {
        let (seen_to, answer) = oneshot::channel();
        let first = First { look, seen_to };
        self.workers().insert(project.to_owned(), spawn(daemon, project, Some(first)));
        answer
    }

    async fn tell(&self, daemon: &Daemon, project: &str, command: Command) -> Result<(), ApiError> {
        self.sender(daemon, project).send(command).await.map_err(|_| ending())
    }

    fn sender(&self, daemon: &Daemon, project: &str) -> mpsc::Sender<Command> {
        let mut workers = self.workers();
        let living = workers.get(project).filter(|sender| !sender.is_closed());
        if let Some(sender) = living {
            return sender.clone();
        }
        let sender = spawn(daemon, project, None);
        workers.insert(project.to_owned(), sender.clone());
        sender
    }

    fn workers(&self) -> MutexGuard<'_, HashMap<String, mpsc::Sender<Command>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn spawn(daemon: &Daemon, project: &str, first: Option<First>) -> mpsc::Sender<Command> {
    let (sender, commands) = mpsc::channel(32);
    let worker = Worker {
        daemon: daemon.clone(),
        project: project.to_owned(),
        commands,
        first,
        passed: None,
        missed: None,
    };
    tokio::spawn(worker.run());
    sender
}

fn ending() -> ApiError {
    ApiError::new(
        axum::http::StatusCode::SERVICE_UNAVAILABLE,
        "ending",
        "the daemon is ending; ask again in a moment",
    )
}

/// What is to be seen to first: whether the engine went down.
struct First {
    look: Look,
    seen_to: oneshot::Sender<()>,
}

struct Worker {
    daemon: Daemon,
    project: String,
    commands: mpsc::Receiver<Command>,
    first: Option<First>,
    /// The head of the branch in which nothing of the project was new.
    passed: Option<String>,
    /// When to look for pushes that were reported while nobody took reports in.
    missed: Option<Instant>,
}

impl Worker {
    async fn run(mut self) {
        let stopping = self.daemon.stopping().clone();
        tokio::select! {
            () = stopping.cancelled() => {}
            () = self.work() => {}
        }
    }

    /// Returns when the project is gone.
    async fn work(&mut self) {
        if let Some(First { look, seen_to }) = self.first.take() {
            if let Some(outage) = look.await.outage {
                self.revive(outage).await;
            }
            // Nobody waits for it where the daemon is ending.
            let _ = seen_to.send(());
        }
        let mut begins = true;
        loop {
            let outcome = match self.daemon.store().next_deployment(&self.project).await {
                Ok(Some(row)) => self.deploy(row).await,
                Ok(None) => match self.daemon.store().project(&self.project).await {
                    Ok(Some(project)) => {
                        // No daemon was there for a while, and nobody looks regularly.
                        if std::mem::take(&mut begins) && polling::interval(&project).is_none() {
                            self.missed = Some(Instant::now());
                        }
                        self.idle(&project).await
                    }
                    Ok(None) => return,
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            };
            if let Err(error) = outcome {
                tracing::error!(%error, project = self.project, "trying again in a moment");
                sleep(AFTER_TROUBLE).await;
            }
        }
    }

    /// Starts what went down with the engine, and answers commands meanwhile.
    async fn revive(&mut self, outage: Outage) {
        let (daemon, project) = (self.daemon.clone(), self.project.clone());
        let revival = revival::run(&daemon, &project, outage);
        tokio::pin!(revival);
        loop {
            let command = tokio::select! {
                () = &mut revival => return,
                command = self.commands.recv() => command,
            };
            match command {
                Some(Command::Cancel { id, by, reply }) => {
                    let _ = reply.send(self.cancel_waiting(id, &by).await);
                }
                Some(Command::Operate { reply, .. }) => {
                    let what = format!("what went down of {project} with the server is being started");
                    let conflict = ApiError::conflict("revival-under-way", what).help("ask again in a moment");
                    let _ = reply.send(Err(conflict));
                }
                Some(Command::Look) => self.look_soon(),
                Some(Command::Wake) => {}
                None => return,
            }
        }
    }

    /// Runs one deployment and answers commands meanwhile.
    async fn deploy(&mut self, row: DeploymentRow) -> Result<(), StoreError> {
        let mut afterwards = Vec::new();
        let result = self.attend(row, &mut afterwards).await;
        for command in afterwards {
            self.obey(command).await?;
        }
        result
    }

    async fn attend(&mut self, row: DeploymentRow, afterwards: &mut Vec<Command>) -> Result<(), StoreError> {
        let id = row.deployment.id;
        let call_off = CallOff::default();
        let (daemon, handle) = (self.daemon.clone(), call_off.clone());
        // A task of its own, so that a defect in it ends the deployment and not the worker.
        let mut attempt = AbortOnDrop(tokio::spawn(async move { attempt::run(&daemon, row, handle).await }));
        loop {
            let command = tokio::select! {
                ended = &mut attempt.0 => {
                    return match ended {
                        Ok(result) => result,
                        Err(_) => self.end_defective(id).await,
                    };
                }
                command = self.commands.recv() => command,
            };
            match command {
                Some(Command::Cancel { id: wanted, by, reply }) if wanted == id => {
                    let is_over = self.is_over(id).await?;
                    call_off.call(by);
                    let _ = reply.send(Ok(!is_over));
                }
                Some(Command::Cancel { id: wanted, by, reply }) => {
                    let _ = reply.send(self.cancel_waiting(wanted, &by).await);
                }
                // Only what is left behind is being cleared away.
                Some(command @ Command::Operate { .. }) if self.is_over(id).await? => afterwards.push(command),
                Some(Command::Operate { reply, .. }) => {
                    let _ = reply.send(Err(ApiError::conflict(
                        "deployment-under-way",
                        format!("deployment {id} of {} is under way", self.project),
                    )
                    .help("wait for it, or call it off with `inertia NAME cancel`")));
                }
                Some(Command::Look) => self.look_soon(),
                Some(Command::Wake) | None => {}
            }
        }
    }

    /// However many deliveries are turned away, it is one look.
    fn look_soon(&mut self) {
        self.missed.get_or_insert_with(polling::after_delivery);
    }

    /// Ends a deployment on which the daemon itself broke down. Where its containers had begun to change, the failure is
    /// kept instead, so that the next turn puts the previous release back; that is tried once.
    async fn end_defective(&self, id: u64) -> Result<(), StoreError> {
        let reason = "the daemon has a defect and could not go on; its log says more".to_owned();
        let store = self.daemon.store();
        match store.deployment(&self.project, id).await? {
            Some(row) if row.deployment.state.is_final() => return Ok(()),
            Some(row) if row.touched && row.failure.is_none() => return store.note_failure(&self.project, id, &reason).await,
            _ => store.end(&self.project, id, Ending::Failed, reason).await?,
        }
        self.daemon.feed().wake();
        Ok(())
    }

    async fn is_over(&self, id: u64) -> Result<bool, StoreError> {
        let row = self.daemon.store().deployment(&self.project, id).await?;
        Ok(row.is_none_or(|row| row.deployment.state.is_final()))
    }

    /// Cancels a deployment that waits; `false` when there is none such.
    async fn cancel_waiting(&self, id: u64, by: &str) -> Result<bool, StoreError> {
        let waits = self
            .daemon
            .store()
            .deployment(&self.project, id)
            .await?
            .is_some_and(|row| !row.deployment.state.is_final());
        if waits {
            let reason = format!("called off by {by}");
            self.daemon.store().end(&self.project, id, Ending::Cancelled, reason).await?;
            self.daemon.feed().wake();
        }
        Ok(waits)
    }

    /// Waits for something to do, and does it where it is no deployment.
    async fn idle(&mut self, project: &ProjectRow) -> Result<(), StoreError> {
        let command = match polling::next_look(project, self.missed) {
            None => self.commands.recv().await,
            Some(time) => {
                let look = polling::look_at(time, &self.daemon, project, &mut self.passed);
                tokio::pin!(look);
                loop {
                    tokio::select! {
                        biased;
                        command = self.commands.recv() => match command {
                            Some(Command::Look) if self.missed.is_some() => {}
                            // Any other ends a look that is under way: nobody waits for a slow repository.
                            other => break other,
                        },
                        looked = &mut look => {
                            let again = looked?;
                            self.missed = self.missed.and(again);
                            return Ok(());
                        }
                    }
                }
            }
        };
        match command {
            Some(command) => self.obey(command).await,
            None => Ok(()),
        }
    }

    /// Does what a command says while no deployment is under way.
    async fn obey(&mut self, command: Command) -> Result<(), StoreError> {
        match command {
            Command::Wake => {}
            Command::Look => self.look_soon(),
            Command::Cancel { id, by, reply } => {
                let _ = reply.send(self.cancel_waiting(id, &by).await);
            }
            Command::Operate { operation, reply } => {
                // As it is now: a deployment may have ended since the command was given.
                let done = match self.daemon.store().project(&self.project).await? {
                    Some(project) => operations::run(&self.daemon, &project, operation).await,
                    None => Err(ApiError::no_project(&self.project)),
                };
                let _ = reply.send(done);
            }
        }
        Ok(())
    }
}

/// A worker that ends takes its deployment along; the next daemon takes it up again.
struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::deployment::state::Step;
    use crate::daemon::store::NewDeployment;
    use crate::daemon::store::testing::shop;
    use crate::daemon::testing::daemon;
    use crate::wire::{DeploymentState, Trigger};

    fn worker(daemon: Daemon) -> Worker {
        Worker {
            daemon,
            project: "shop".to_owned(),
            commands: mpsc::channel(1).1,
            first: None,
            passed: None,
            missed: None,
        }
    }

    #[tokio::test]
    async fn deliveries_that_were_turned_away_lead_to_one_look() {
        let (_temp, daemon) = daemon().await;
        let mut worker = worker(daemon);
        worker.obey(Command::Look).await.expect("obeyed");
        let first = worker.missed.expect("a look is to come");
        worker.obey(Command::Look).await.expect("obeyed");
        assert_eq!(worker.missed, Some(first), "it is not put off");
    }

    #[tokio::test]
    async fn a_defect_after_the_start_is_put_back_once_and_then_ends() {
        let (_temp, daemon) = daemon().await;
        let store = daemon.store();
        store.put_project(shop()).await.expect("stored");
        let new = NewDeployment {
            project: "shop".to_owned(),
            reference: "main".to_owned(),
            commit: None,
            trigger: Trigger::Poll,
        };
        store.admit(new, vec![]).await.expect("queued");
        for step in [Step::Begin, Step::Build, Step::Start] {
            store.advance("shop", 1, step).await.expect("advances");
        }
        let worker = worker(daemon.clone());
        worker.end_defective(1).await.expect("noted");
        let row = store.next_deployment("shop").await.expect("read").expect("is taken up again");
        assert!(row.failure.is_some_and(|failure| failure.contains("defect")));
        worker.end_defective(1).await.expect("ended");
        let row = store.deployment("shop", 1).await.expect("read").expect("there");
        assert_eq!(row.deployment.state, DeploymentState::Failed);
    }
}
