//! Follows a deployment to its end and shows what happens.

use super::Target;
use crate::commands::stop_signals::StopSignals;
use crate::failure::Failure;
use crate::render::{note, progress, say};
use crate::settings::{Output, Settings, Volume};
use compose_core::engine::{BuildOutput, PullProgress};
use compose_core::event::{Event, EventSink, Phase};
use deployd::wire::{BuildLine, Deployment, DeploymentState, EventBody, StepPhase, StreamEvent};
use std::process::ExitCode;
use std::time::Duration;

/// How often a broken stream is taken up again before giving up.
const RECONNECTS: u32 = 10;

/// Shows a deployment's events until it has ended, and hands it over. A signal ends the watching, not the deployment.
pub(super) async fn to_the_end(target: &Target, id: u64, settings: &Settings) -> Result<Deployment, Failure> {
    let sink = progress::sink(progress::Style::of(settings), settings);
    let mut signals = StopSignals::new()?;
    tokio::select! {
        followed = follow(target, id, |event| show(event.event, sink.as_ref(), settings)) => followed?,
        () = signals.next() => {
            let remote = &target.remote;
            note(&format!("deployment {id} goes on: `inertia {remote} show {id}` tells how, `inertia {remote} cancel {id}` calls it off"));
            return Err(Failure::silent(130));
        }
    }
    target.client.get(&target.path(&format!("/deployments/{id}"))).await
}

/// Hands every event of a deployment to `take`, in order and once, taking the stream up again where it breaks.
pub(super) async fn follow(target: &Target, id: u64, mut take: impl FnMut(StreamEvent)) -> Result<(), Failure> {
    let path = target.path(&format!("/deployments/{id}/events"));
    let mut last: Option<String> = None;
    let mut broken = 0;
    loop {
        let mut events = match target.client.events(&path, last.as_deref()).await {
            Ok(events) => events,
            Err(failure) if last.is_none() || broken >= RECONNECTS => return Err(failure),
            Err(_) => {
                broken += 1;
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        while let Ok(Some(event)) = events.next().await {
            let read: StreamEvent = serde_json::from_str(&event.data)
                .map_err(|error| Failure::new(format!("the daemon sent an event that is not understood: {error}")))?;
            broken = 0;
            last = event.id.or(last);
            let ended = matches!(&read.event, EventBody::State { state, .. } if state.is_final());
            take(read);
            if ended {
                return Ok(());
            }
        }
        broken += 1;
        if broken > RECONNECTS {
            return Err(Failure::new(format!("lost sight of deployment {id}"))
                .hint(format!("it goes on; look again with `inertia {} show {id}`", target.remote)));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn show(event: EventBody, sink: &dyn EventSink, settings: &Settings) {
    match event {
        // The outcome is told at the end, once.
        EventBody::State { state, .. } if state.is_final() => {}
        EventBody::State { state, reason } if settings.volume > Volume::Quiet => {
            note(&reason.map_or_else(|| state.to_string(), |reason| format!("{state}: {reason}")));
        }
        EventBody::Note { message } if settings.volume > Volume::Quiet => note(&message),
        EventBody::State { .. } | EventBody::Note { .. } => {}
        EventBody::Warning { message } => sink.emit(Event::Warning { message }),
        EventBody::Step { subject, verb, phase } => sink.emit(Event::Action {
            subject,
            verb,
            phase: of_wire(phase),
        }),
        EventBody::Pull { image, layer, status } => {
            sink.emit(Event::Pull {
                image,
                progress: PullProgress {
                    layer,
                    status,
                    current: None,
                    total: None,
                },
            });
        }
        EventBody::Build { service, kind, text } => {
            let output = match kind {
                BuildLine::Step => BuildOutput::Step(text),
                BuildLine::Line => BuildOutput::Line(text),
                BuildLine::Cached => BuildOutput::Cached(text),
            };
            sink.emit(Event::Build { service, output });
        }
        EventBody::Output {
            service,
            container,
            stream,
            line,
        } => sink.emit(Event::Output {
            service,
            container,
            stream,
            line,
        }),
    }
}

pub(super) fn of_wire(phase: StepPhase) -> Phase {
    match phase {
        StepPhase::Started => Phase::Started,
        StepPhase::Done { took_ms } => Phase::Done {
            took: Duration::from_millis(took_ms),
        },
        StepPhase::UpToDate => Phase::UpToDate,
        StepPhase::Failed { message } => Phase::Failed { message },
        StepPhase::Skipped => Phase::Skipped,
    }
}

/// Says how a deployment ended; exits by it.
pub(super) fn report(ended: &Deployment, target: &Target, settings: &Settings) -> Result<ExitCode, Failure> {
    let commit = ended.commit.as_deref().unwrap_or_default();
    match settings.output {
        Output::Json => say(&serde_json::json!(ended).to_string())?,
        Output::Text if ended.state == DeploymentState::Healthy => say(&format!(
            "Deployment {} of {} is healthy ({}).",
            ended.id,
            ended.project,
            commit.get(..12).unwrap_or(commit)
        ))?,
        Output::Text => ExitCode::SUCCESS,
    };
    match ended.state {
        DeploymentState::Healthy => Ok(ExitCode::SUCCESS),
        _ => Err(not_healthy(ended).at(&target.remote)),
    }
}

/// Says how a deployment ended that was to be called off; exits by whether it was.
pub(super) fn report_cancelled(ended: &Deployment, target: &Target, settings: &Settings) -> Result<ExitCode, Failure> {
    match settings.output {
        Output::Json => say(&serde_json::json!(ended).to_string())?,
        Output::Text if ended.state == DeploymentState::Cancelled => say(&format!("Deployment {} is {}.", ended.id, ended.state))?,
        Output::Text => ExitCode::SUCCESS,
    };
    match ended.state {
        DeploymentState::Cancelled => Ok(ExitCode::SUCCESS),
        _ => Err(not_cancelled(ended).at(&target.remote)),
    }
}

fn not_cancelled(ended: &Deployment) -> Failure {
    match ended.state {
        DeploymentState::Healthy => Failure::new(format!("deployment {} was not called off: it became healthy before", ended.id))
            .hint("it is what runs now; the release before it comes back with `inertia NAME rollback`"),
        _ => not_healthy(ended),
    }
}

fn not_healthy(ended: &Deployment) -> Failure {
    let id = ended.id;
    let what = match ended.state {
        DeploymentState::Superseded => {
            return Failure::new(format!("deployment {id} gave way to a newer one"))
                .hint("`inertia NAME history` names that one; `inertia NAME show NUMBER` tells how it goes");
        }
        DeploymentState::RolledBack => "did not become healthy".to_owned(),
        other => other.to_string(),
    };
    let reason = ended.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    Failure::new(format!("deployment {id} {what}{reason}")).hint(format!("its whole log: `inertia NAME logs --deployment {id}`"))
}

#[cfg(test)]
mod tests {
    use super::{not_cancelled, not_healthy};
    use deployd::wire::{Deployment, DeploymentState, Trigger};
    use time::OffsetDateTime;

    fn ended(state: DeploymentState) -> Deployment {
        Deployment {
            id: 4,
            project: "shop".to_owned(),
            state,
            reference: "main".to_owned(),
            commit: None,
            message: None,
            trigger: Trigger::Poll,
            reason: None,
            current: false,
            release: false,
            created_at: OffsetDateTime::UNIX_EPOCH,
            started_at: None,
            finished_at: None,
        }
    }

    #[test]
    fn whatever_came_of_it_is_told_with_a_next_step() {
        for (state, says, next) in [
            (DeploymentState::Healthy, "was not called off", "inertia prod rollback"),
            (DeploymentState::Failed, "deployment 4 failed", "inertia prod logs --deployment 4"),
            (DeploymentState::RolledBack, "did not become healthy", "inertia prod logs"),
            (DeploymentState::Superseded, "gave way to a newer one", "inertia prod history"),
        ] {
            let failure = not_cancelled(&ended(state)).at("prod");
            assert_eq!(failure.code, 1);
            assert!(failure.text().contains(says), "{failure:?}");
            assert!(failure.hints.concat().contains(next), "{failure:?}");
        }
        let called_off = not_healthy(&ended(DeploymentState::Cancelled));
        assert!(
            called_off.text().contains("cancelled"),
            "`up` that was called off by somebody: {called_off:?}"
        );
    }
}
