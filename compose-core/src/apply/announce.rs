//! From steps to events: what a person is told of, and what is bookkeeping.

use super::context::Context;
use crate::event::{Event, Phase, Subject, Verb};
use crate::plan::{Action, ContainerRef, Plan};

/// Passes on what was noticed while planning, and what already is as wanted.
pub(super) fn warn_about(context: &Context, plan: &Plan) {
    for warning in plan.warnings() {
        let message = match &warning.help {
            Some(help) => format!("{}; {help}", warning.message),
            None => warning.message.clone(),
        };
        context.events.emit(Event::Warning { message });
    }
    for name in plan.unchanged() {
        context.events.emit(Event::Action {
            subject: Subject::Container(name.to_string()),
            verb: Verb::Start,
            phase: Phase::UpToDate,
        });
    }
}

/// Tells how far a step is.
pub(super) fn announce(context: &Context, action: &Action, phase: Phase) {
    if let Some((subject, verb)) = subject_and_verb(action) {
        context.events.emit(Event::Action { subject, verb, phase });
    }
}

/// What a step is to a person; `None` for the steps by which a replacement takes its place.
pub(super) fn subject_and_verb(action: &Action) -> Option<(Subject, Verb)> {
    let container = |name: &crate::names::ContainerName| Subject::Container(name.to_string());
    Some(match action {
        Action::PullImage { image, .. } => (Subject::Image(image.to_string()), Verb::Pull),
        Action::BuildImage { image, .. } => (Subject::Image(image.to_string()), Verb::Build),
        Action::RemoveImage { image } => (Subject::Image(image.to_string()), Verb::Remove),
        Action::CreateNetwork { name, .. } => (Subject::Network(name.to_string()), Verb::Create),
        Action::RemoveNetwork { name, .. } => (Subject::Network(name.to_string()), Verb::Remove),
        Action::CreateVolume { name, .. } => (Subject::Volume(name.to_string()), Verb::Create),
        Action::RemoveVolume { name } => (Subject::Volume(name.to_string()), Verb::Remove),
        // What is run in the foreground speaks for itself.
        Action::CreateContainer(new) if new.one_off.is_some() => return None,
        Action::CreateContainer(new) if new.replaces.is_some() => (container(&new.name), Verb::Recreate),
        Action::CreateContainer(new) => (container(&new.name), Verb::Create),
        Action::StartContainer { container: target } => (container(&target.name), Verb::Start),
        Action::StopContainer { container: target, .. } => (container(&target.name), Verb::Stop),
        Action::RestartContainer { container: target, .. } => (container(&target.name), Verb::Restart),
        Action::RemoveContainer { container: target, .. } => (container(&target.name), Verb::Remove),
        Action::RenameContainer { container: target, name }
            if matches!(target.at, ContainerRef::Existing(_)) && !is_aside(name.as_str()) =>
        {
            (container(name), Verb::Rename)
        }
        Action::RenameContainer { .. } | Action::RunHook { .. } => return None,
        Action::LeaveNetwork { container: target, .. } => (container(&target.name), Verb::Disconnect),
        Action::Wait { containers, service, .. } => match containers.first() {
            Some(first) => (container(&first.name), Verb::Wait),
            None => (Subject::Container(service.to_string()), Verb::Wait),
        },
    })
}

fn is_aside(name: &str) -> bool {
    name.ends_with("_replaced")
}
