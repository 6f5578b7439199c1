//! The loop that begins steps, takes in how they end, and keeps the engine's event stream flowing.

use super::announce::{announce, subject_and_verb, warn_about};
use super::context::Context;
use super::error::{ApplyError, StepError, Undone};
use super::execute::Job;
use super::restore::restore;
use super::schedule::{Outcome, Schedule, StepState};
use super::watch::Watch;
use crate::event::Phase;
use crate::model::Project;
use crate::names::{ContainerId, ImageId, ProjectName, ServiceName};
use crate::plan::{Action, Plan, StepId};
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use std::collections::BTreeMap;
use std::time::Instant;

/// What came of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// The containers that its steps made.
    pub created: BTreeMap<StepId, ContainerId>,
    /// The images that its steps built.
    pub built: BTreeMap<ServiceName, ImageId>,
}

/// A step that ended.
type Ended = (StepId, Instant, Result<(), StepError>);

/// Carries out a plan. `project` is the one it was made for; plans that only stop and remove do without.
///
/// Independent steps go on when one fails. When not everything was done, containers that made way
/// for a replacement which did not start get their names back and run again.
pub async fn apply(context: &Context, name: &ProjectName, project: Option<&Project>, plan: &Plan) -> Result<Applied, ApplyError> {
    warn_about(context, plan);
    if plan.is_empty() {
        return Ok(Applied::default());
    }
    let watch = Watch::begin(context, name, plan).await;
    let job = Job::new(context, project, plan, &watch).await?;
    let mut run = Run {
        context,
        plan,
        schedule: Schedule::new(plan),
        busy: 0,
        failures: Vec::new(),
    };
    tokio::select! {
        () = run.drive(&job) => {}
        () = watch.pump(context, name) => {}
    }
    let failed = !run.failures.is_empty() || run.schedule.is_cancelled();
    if failed {
        restore(&job, &run.schedule).await;
    }
    run.conclude(job.into_applied())
}

struct Run<'a> {
    context: &'a Context,
    plan: &'a Plan,
    schedule: Schedule,
    /// Steps under way that count against the bound; waiting costs the engine nothing.
    busy: usize,
    failures: Vec<(StepId, StepError)>,
}

impl Run<'_> {
    async fn drive(&mut self, job: &Job<'_>) {
        let mut running: FuturesUnordered<BoxFuture<'_, Ended>> = FuturesUnordered::new();
        loop {
            while let Some(id) = self.begin() {
                running.push(Box::pin(async move { (id, Instant::now(), job.execute(id).await) }));
            }
            if running.is_empty() {
                return;
            }
            tokio::select! {
                ended = running.next() => {
                    if let Some(ended) = ended {
                        self.end(ended);
                    }
                }
                () = self.context.cancel.cancelled(), if !self.schedule.is_cancelled() => self.cancel(),
            }
        }
    }

    fn begin(&mut self) -> Option<StepId> {
        if self.context.cancel.is_cancelled() && !self.schedule.is_cancelled() {
            self.cancel();
        }
        let (plan, has_room) = (self.plan, self.busy < self.context.parallel.max(1));
        let id = self.schedule.begin(|id| has_room || is_wait(plan, id))?;
        if !is_wait(plan, id) {
            self.busy += 1;
        }
        announce(self.context, &plan.step(id).action, Phase::Started);
        Some(id)
    }

    fn end(&mut self, (id, began, result): Ended) {
        let action = &self.plan.step(id).action;
        if !is_wait(self.plan, id) {
            self.busy -= 1;
        }
        let skipped = match result {
            Ok(()) => {
                announce(self.context, action, Phase::Done { took: began.elapsed() });
                self.schedule.end(id, Outcome::Done)
            }
            Err(error) => {
                announce(
                    self.context,
                    action,
                    Phase::Failed {
                        message: error.to_string(),
                    },
                );
                self.failures.push((id, error));
                self.schedule.end(id, Outcome::Failed)
            }
        };
        self.announce_skipped(&skipped);
    }

    fn cancel(&mut self) {
        let skipped = self.schedule.cancel();
        self.announce_skipped(&skipped);
    }

    fn announce_skipped(&self, skipped: &[StepId]) {
        let mut seen = Vec::new();
        for id in skipped {
            let action = &self.plan.step(*id).action;
            let Some(what) = subject_and_verb(action) else { continue };
            if !seen.contains(&what) {
                announce(self.context, action, Phase::Skipped);
                seen.push(what);
            }
        }
    }

    /// What is returned: of several failures the one to blame is the first that was no consequence of cancelling.
    #[expect(clippy::result_large_err, reason = "one error at the end of a run")]
    fn conclude(self, applied: Applied) -> Result<Applied, ApplyError> {
        let mut failures = self
            .failures
            .into_iter()
            .filter(|(_, error)| !matches!(error, StepError::Cancelled));
        let describe = |id: StepId| self.plan.step(id).action.to_string();
        let undone = undone(self.plan, &self.schedule);
        match failures.next() {
            Some((id, cause)) => Err(ApplyError::Step {
                step: describe(id),
                cause,
                others: failures.map(|(id, error)| (describe(id), error)).collect(),
                undone,
            }),
            None if self.schedule.is_cancelled() => Err(ApplyError::Cancelled),
            None => Ok(applied),
        }
    }
}

fn undone(plan: &Plan, schedule: &Schedule) -> Undone {
    let mut left = plan.steps().filter(|(id, _)| schedule.state(*id) != StepState::Done);
    if left.all(|(_, step)| matches!(step.action, Action::RemoveContainer { .. })) {
        Undone::Clearing
    } else {
        Undone::Work
    }
}

fn is_wait(plan: &Plan, id: StepId) -> bool {
    matches!(plan.step(id).action, Action::Wait { .. })
}
