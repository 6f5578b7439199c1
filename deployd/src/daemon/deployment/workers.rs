//! One task per project: it owns what happens to the project, one thing at a time.

use super::attempt::{self, CallOff};
use super::operations::{self, Operation};
use super::{polling, revival};
use crate::daemon::Daemon;
use crate::daemon::presence::Outage;
use crate::daemon::problem::ApiError;
use crate::daemon::store::{DeploymentRow, Ending, ProjectRow, StoreError};
use crate::wire::Done;
use futures::future::join_all;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// How long to wait before a deployment is tried again that the daemon itself could not go on with.
const AFTER_TROUBLE: Duration = Duration::from_secs(5);
/// How long deployments wait for an engine that does not answer since the daemon began. Then they have their turn, and fail with
/// what is wrong with the engine.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a worker is told.
pub(crate) enum Command {
    /// Something waits.
    Wake,
    /// A delivery could not be taken in: look for what it would have reported.
    Look,
    /// The engine answers.
    Revive {
        /// That it went down before.
        outage: Option<Outage>,
        /// Answered when everything that went down was seen to.
        seen_to: oneshot::Sender<()>,
    },
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

    /// Starts a project's worker as the daemon begins: until it is told of the engine, what went down comes before anything else.
    pub(crate) fn begin(&self, daemon: &Daemon, project: &str) {
        self.workers().insert(project.to_owned(), spawn(daemon, project, true));
    }

    /// Tells every project's worker that the engine answers, and what became of it; whether all have seen to what went down.
    pub(crate) async fn revive(&self, daemon: &Daemon, outage: Option<Outage>) -> Result<bool, StoreError> {
        let projects = daemon.store().projects().await?;
        let told = projects.iter().map(async |project| {
            let (seen_to, answer) = oneshot::channel();
            let command = Command::Revive { outage, seen_to };
            self.tell(daemon, &project.name, command).await.is_ok() && answer.await.is_ok()
        });
        Ok(join_all(told).await.into_iter().all(|is_done| is_done))
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
        let sender = spawn(daemon, project, false);
        workers.insert(project.to_owned(), sender.clone());
        sender
    }

    fn workers(&self) -> MutexGuard<'_, HashMap<String, mpsc::Sender<Command>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn spawn(daemon: &Daemon, project: &str, awaits_engine: bool) -> mpsc::Sender<Command> {
    let (sender, commands) = mpsc::channel(32);
    let worker = Worker {
        daemon: daemon.clone(),
        project: project.to_owned(),
        commands,
        awaits_engine,
        called_off: None,
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

struct Worker {
    daemon: Daemon,
    project: String,
    commands: mpsc::Receiver<Command>,
    /// Nothing is known yet of the engine that the daemon before worked with.
    awaits_engine: bool,
    /// Which deployment is to be put back once it has its turn, and who says so.
    called_off: Option<(u64, String)>,
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
        if self.awaits_engine {
            self.hear_of_engine(PATIENCE).await;
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

    /// Waits until the engine answers, and starts what went down before; other commands are answered meanwhile. A deployment that
    /// had begun to change containers waits as long as that takes: it could not put them back either.
    async fn hear_of_engine(&mut self, patience: Duration) {
        let mut is_over = false;
        let patience = sleep(patience);
        tokio::pin!(patience);
        loop {
            let command = tokio::select! {
                command = self.commands.recv() => command,
                () = &mut patience, if !is_over => {
                    if !self.has_touched().await {
                        return;
                    }
                    is_over = true;
                    continue;
                }
            };
            match command {
                Some(Command::Revive { outage, seen_to }) => return self.revive(outage, seen_to).await,
                Some(command) => self.answer(command, "the engine does not answer yet").await,
                None => return,
            }
        }
    }

    async fn has_touched(&self) -> bool {
        let next = self.daemon.store().next_deployment(&self.project).await;
        next.is_ok_and(|next| next.is_some_and(|row| row.touched))
    }

    async fn revive(&mut self, outage: Option<Outage>, seen_to: oneshot::Sender<()>) {
        if let Some(outage) = outage {
            self.start_again(outage).await;
        }
        // Nobody waits for it where the daemon is ending.
        let _ = seen_to.send(());
    }

    /// Starts what went down with the engine, and answers commands meanwhile.
    async fn start_again(&mut self, outage: Outage) {
        let (daemon, project, enough) = (self.daemon.clone(), self.project.clone(), CancellationToken::new());
        let revival = revival::run(&daemon, &project, outage, &enough);
        tokio::pin!(revival);
        loop {
            // Who waits may mend what does not start.
            if daemon.store().next_deployment(&project).await.is_ok_and(|next| next.is_some()) {
                enough.cancel();
            }
            let command = tokio::select! {
                () = &mut revival => return,
                command = self.commands.recv() => command,
            };
            match command {
                Some(command) => self.answer(command, "what went down with the server is being started").await,
                None => return,
            }
        }
    }

    /// Answers a command before the project is what it was when the engine went down.
    async fn answer(&mut self, command: Command, why: &str) {
        match command {
            Command::Cancel { id, by, reply } => {
                let _ = reply.send(self.cancel_waiting(id, by).await);
            }
            Command::Operate { reply, .. } => {
                let what = format!("{} cannot be changed now: {why}", self.project);
                let conflict = ApiError::conflict("revival-under-way", what).help("ask again in a moment");
                let _ = reply.send(Err(conflict));
            }
            Command::Look => self.look_soon(),
            // Who tells of the engine asks again where it is not answered.
            Command::Wake | Command::Revive { .. } => {}
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
        if let Some((_, by)) = self.called_off.as_ref().filter(|(called, _)| *called == id) {
            call_off.call(by.clone());
        }
        self.let_overtake(id, &call_off).await?;
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
                    self.called_off = Some((id, by.clone()));
                    call_off.call(by);
                    let _ = reply.send(Ok(!is_over));
                }
                Some(Command::Cancel { id: wanted, by, reply }) => {
                    let _ = reply.send(self.cancel_waiting(wanted, by).await);
                }
                // What the deployment did not start is started then.
                Some(command @ Command::Revive { .. }) => afterwards.push(command),
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
                Some(Command::Wake) => {
                    self.let_overtake(id, &call_off).await?;
                    call_off.nudge();
                }
                None => {}
            }
        }
    }

    /// A rollback does not wait for what is still fetched or built.
    async fn let_overtake(&self, id: u64, call_off: &CallOff) -> Result<(), StoreError> {
        if let Some(newer) = self.daemon.store().overtaking(&self.project, id).await? {
            call_off.give_way(newer);
        }
        Ok(())
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

    /// Cancels a deployment that waits; `false` when there is none such. One that had begun to change containers ends when
    /// they are put back, which is when it has its turn.
    async fn cancel_waiting(&mut self, id: u64, by: String) -> Result<bool, StoreError> {
        let row = self.daemon.store().deployment(&self.project, id).await?;
        let Some(row) = row.filter(|row| !row.deployment.state.is_final()) else {
            return Ok(false);
        };
        if row.touched {
            self.called_off = Some((id, by));
            return Ok(true);
        }
        let reason = format!("called off by {by}");
        self.daemon.store().end(&self.project, id, Ending::Cancelled, reason).await?;
        self.daemon.feed().wake();
        Ok(true)
    }

    /// Waits for something to do, and does it where it is no deployment.
    async fn idle(&mut self, project: &ProjectRow) -> Result<(), StoreError> {
        let command = match polling::next_look(project, self.missed) {
            None => self.commands.recv().await,
            Some(time) => {
                let look = polling::look_at(time, &self.daemon, project, &mut self.passed);
                tokio::pin!(look);
                // What is reported while it goes on may have come after what it saw.
                let mut after = None;
                loop {
                    tokio::select! {
                        biased;
                        command = self.commands.recv() => match command {
                            Some(Command::Look) if self.missed.is_some() => {
                                if Instant::now() >= time {
                                    after = Some(polling::after_delivery());
                                }
                            }
                            // Any other ends a look that is under way: nobody waits for a slow repository.
                            other => break other,
                        },
                        looked = &mut look => {
                            let again = looked?;
                            self.missed = after.or(self.missed.and(again));
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
            Command::Revive { outage, seen_to } => self.revive(outage, seen_to).await,
            Command::Cancel { id, by, reply } => {
                let _ = reply.send(self.cancel_waiting(id, by).await);
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
    use crate::daemon::store::testing::put_deployment;
    use crate::daemon::testing::daemon;
    use crate::wire::DeploymentState;

    /// A worker of a project, one deployment of which came so far.
    async fn worker(daemon: &Daemon, steps: &[Step]) -> (Worker, mpsc::Sender<Command>) {
        put_deployment(daemon.store(), steps).await;
        let (sender, commands) = mpsc::channel(4);
        let worker = Worker {
            daemon: daemon.clone(),
            project: "shop".to_owned(),
            commands,
            awaits_engine: true,
            called_off: None,
            passed: None,
            missed: None,
        };
        (worker, sender)
    }

    #[tokio::test]
    async fn deliveries_that_were_turned_away_lead_to_one_look() {
        let (_temp, daemon) = daemon().await;
        let (mut worker, _sender) = worker(&daemon, &[]).await;
        worker.obey(Command::Look).await.expect("obeyed");
        let first = worker.missed.expect("a look is to come");
        worker.obey(Command::Look).await.expect("obeyed");
        assert_eq!(worker.missed, Some(first), "it is not put off");
    }

    #[tokio::test]
    async fn a_defect_after_the_start_is_put_back_once_and_then_ends() {
        let (_temp, daemon) = daemon().await;
        let (worker, _sender) = worker(&daemon, &[Step::Begin, Step::Build, Step::Start]).await;
        worker.end_defective(1).await.expect("noted");
        let store = daemon.store();
        let row = store.next_deployment("shop").await.expect("read").expect("is taken up again");
        assert!(row.failure.is_some_and(|failure| failure.contains("defect")));
        worker.end_defective(1).await.expect("ended");
        let row = store.deployment("shop", 1).await.expect("read").expect("there");
        assert_eq!(row.deployment.state, DeploymentState::Failed);
    }

    #[tokio::test]
    async fn what_waits_has_its_turn_at_last_where_no_engine_comes() {
        let (_temp, daemon) = daemon().await;
        let (mut worker, _sender) = worker(&daemon, &[]).await;
        worker.hear_of_engine(Duration::from_millis(1)).await;
    }

    #[tokio::test]
    async fn what_had_begun_to_change_containers_waits_for_the_engine() {
        let (_temp, daemon) = daemon().await;
        let (mut worker, sender) = worker(&daemon, &[Step::Begin, Step::Build, Step::Start]).await;
        let mut waiting = Box::pin(worker.hear_of_engine(Duration::from_millis(1)));
        let (reply, answer) = oneshot::channel();
        let by = "ann".to_owned();
        let (seen_to, seen) = oneshot::channel();
        let tell = async {
            // Long enough for the patience to end.
            sleep(Duration::from_millis(50)).await;
            let _ = sender.send(Command::Cancel { id: 1, by, reply }).await;
            let is_called_off = answer.await.expect("answered").expect("noted");
            let _ = sender.send(Command::Revive { outage: None, seen_to }).await;
            is_called_off
        };
        let ((), is_called_off) = tokio::join!(&mut waiting, tell);
        drop(waiting);
        assert!(is_called_off && seen.await.is_ok());
        let row = daemon.store().deployment("shop", 1).await.expect("read").expect("there");
        // It is put back when it has its turn.
        assert_eq!(row.deployment.state, DeploymentState::Starting);
        assert_eq!(worker.called_off, Some((1, "ann".to_owned())));
    }
}
