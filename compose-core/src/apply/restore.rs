//! The way back: after a run that did not come to its end, containers that made way and whose
//! places nobody took get their names back and run again.

use super::execute::Job;
use super::schedule::{Schedule, StepState};
use crate::engine::AnonymousVolumes;
use crate::event::{Event, Phase, Subject, Verb};
use crate::names::{ContainerId, ContainerName};
use crate::plan::{Action, ContainerRef, Replacement, StepId, Successor, Target};
use std::collections::BTreeSet;
use std::time::Instant;

/// Puts back what can be put back; what fails here is told and left to the next run.
///
/// First what would have taken places goes, then names go back, and only then something starts: places may have been exchanged.
pub(super) async fn restore(job: &Job<'_>, schedule: &Schedule) {
    let replacements = job.plan.replacements().iter();
    let back: Vec<&Replacement> = replacements.filter(|replacement| wants_back(schedule, replacement)).collect();
    remove_successors(job, &back).await;
    for replacement in &back {
        give_name_back(job, schedule, replacement).await;
    }
    for replacement in &back {
        let was_stopped = replacement.stop.is_some_and(|step| schedule.state(step) == StepState::Done);
        if replacement.was_alive && was_stopped {
            start_again(job, &replacement.old).await;
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

/// Whether the old container is still there and nothing has taken its place.
fn wants_back(schedule: &Schedule, replacement: &Replacement) -> bool {
    let is_done = |step: StepId| schedule.state(step) == StepState::Done;
    let is_taken = replacement.successors.iter().filter_map(Successor::last).any(is_done);
    let untouched = matches!(schedule.state(replacement.remove), StepState::Skipped | StepState::Waiting);
    untouched && !is_taken
}

async fn remove_successors(job: &Job<'_>, back: &[&Replacement]) {
    let successors = back.iter().flat_map(|replacement| &replacement.successors);
    let made: BTreeSet<StepId> = successors.filter_map(|successor| successor.create).collect();
    for step in made {
        if let Some(new) = job.created_by(step)
            && let Err(error) = job.context.engine.remove_container(&new, AnonymousVolumes::Keep).await
        {
            let message = format!("container {new} could not be removed: {error}");
            job.context.events.emit(Event::Warning { message });
        }
    }
}

async fn give_name_back(job: &Job<'_>, schedule: &Schedule, replacement: &Replacement) {
    let ContainerRef::Existing(old) = &replacement.old.at else { return };
    let was_renamed = replacement.rename_old.is_some_and(|step| schedule.state(step) == StepState::Done);
    if was_renamed && let Err(error) = job.context.engine.rename_container(old, &replacement.old.name).await {
        warn(job, &replacement.old.name, &error);
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
