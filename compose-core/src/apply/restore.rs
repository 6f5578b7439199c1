//! The way back: after a run that did not come to its end, containers that made way and whose
//! replacements did not start get their names back and run again.

use super::execute::Job;
use super::schedule::{Schedule, StepState};
use crate::engine::AnonymousVolumes;
use crate::event::{Event, Phase, Subject, Verb};
use crate::names::{ContainerId, ContainerName};
use crate::plan::{Action, ContainerRef, Replacement, StepId, Target};
use std::time::Instant;

/// Puts back what can be put back; what fails here is told and left to the next run.
pub(super) async fn restore(job: &Job<'_>, schedule: &Schedule) {
    for replacement in job.plan.replacements() {
        if wants_back(schedule, replacement) {
            put_back(job, schedule, replacement).await;
        }
    }
    for (id, step) in job.plan.steps() {
        if let Action::StartContainer { container } = &step.action
            && schedule.state(id) == StepState::Skipped
            && was_stopped(job, schedule, container)
        {
            start_again(job, container).await;
        }
    }
}

/// Whether the old container is still there and the new one does not run.
fn wants_back(schedule: &Schedule, replacement: &Replacement) -> bool {
    let new_runs = replacement.start.is_some_and(|step| schedule.state(step) == StepState::Done);
    let handed_over = replacement.start.is_none() && schedule.state(replacement.rename_new) == StepState::Done;
    let untouched = matches!(schedule.state(replacement.remove), StepState::Skipped | StepState::Waiting);
    untouched && !new_runs && !handed_over
}

async fn put_back(job: &Job<'_>, schedule: &Schedule, replacement: &Replacement) {
    let engine = &job.context.engine;
    let ContainerRef::Existing(old) = &replacement.old.at else { return };
    if let Some(new) = job.created_by(replacement.create)
        && let Err(error) = engine.remove_container(&new, AnonymousVolumes::Keep).await
    {
        return warn(job, &replacement.old.name, &error);
    }
    if schedule.state(replacement.rename_old) == StepState::Done
        && let Err(error) = engine.rename_container(old, &replacement.old.name).await
    {
        return warn(job, &replacement.old.name, &error);
    }
    let was_stopped = replacement.stop.is_some_and(|step| schedule.state(step) == StepState::Done);
    if replacement.was_alive && was_stopped {
        start(job, old, &replacement.old.name).await;
    }
}

/// Whether a step of the plan stopped a container that another was to start again.
fn was_stopped(job: &Job<'_>, schedule: &Schedule, container: &Target) -> bool {
    let stops = |(id, step): (StepId, &crate::plan::Step)| match &step.action {
        Action::StopContainer { container: stopped, .. } => stopped.at == container.at && schedule.state(id) == StepState::Done,
        _ => false,
    };
    matches!(container.at, ContainerRef::Existing(_)) && job.plan.steps().any(stops)
}

async fn start_again(job: &Job<'_>, container: &Target) {
    if let ContainerRef::Existing(id) = &container.at {
        start(job, id, &container.name).await;
    }
}

async fn start(job: &Job<'_>, id: &ContainerId, name: &ContainerName) {
    let began = Instant::now();
    match job.context.engine.start_container(id).await {
        Ok(()) => job.context.events.emit(Event::Action {
            subject: Subject::Container(name.to_string()),
            verb: Verb::Restore,
            phase: Phase::Done { took: began.elapsed() },
        }),
        Err(error) => warn(job, name, &error),
    }
}

fn warn(job: &Job<'_>, name: &ContainerName, error: &crate::engine::EngineError) {
    let message = format!("container {name} could not be put back: {error}");
    job.context.events.emit(Event::Warning { message });
}
