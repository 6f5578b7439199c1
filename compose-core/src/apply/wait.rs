//! Waits for a condition by watching: asks once, then asks again whenever the engine tells of a change.

use super::error::{StepError, WaitError, WaitErrorKind};
use super::execute::Job;
use crate::engine::{ContainerDetails, ContainerHealth, ContainerStatus, LogChunk, LogRequest};
use crate::event::Event;
use crate::names::{ContainerId, ContainerName, ServiceName};
use crate::plan::WaitCondition;
use futures::stream::StreamExt;
use std::time::Duration;

/// How long a container without a health check must have been running to count as running: one that fails at once is seen to fail.
const SETTLE: Duration = Duration::from_millis(500);
/// The lines of output that a failure quotes.
const LAST_LINES: u64 = 10;
/// The most time that quoting may take.
const QUOTE_WITHIN: Duration = Duration::from_secs(2);

/// A condition that is waited for.
pub(super) struct Wait<'a> {
    pub(super) service: &'a ServiceName,
    pub(super) condition: WaitCondition,
    pub(super) containers: Vec<(ContainerId, ContainerName)>,
    pub(super) required: bool,
    pub(super) deadline: Option<Duration>,
}

/// How far a container is.
enum Progress {
    /// As wanted.
    There,
    /// Not yet.
    Underway,
    /// It will never be.
    Never(WaitErrorKind),
}

impl Wait<'_> {
    /// Returns when every container is as wanted, one never will be, time runs out, or the caller cancels.
    pub(super) async fn run(&self, job: &Job<'_>) -> Result<(), StepError> {
        let outcome = tokio::select! {
            outcome = self.watch(job) => outcome,
            () = self.time_out(job) => Err(self.timed_out(job).await),
            () = job.context.cancel.cancelled() => return Err(StepError::Cancelled),
        };
        match outcome {
            Err(error) if !self.required => {
                let message = format!("optional dependency \"{}\" failed to start: {error}", self.service);
                job.context.events.emit(Event::Warning { message });
                Ok(())
            }
            Err(error) => {
                self.quote(job, &error);
                Err(error.into())
            }
            Ok(()) => Ok(()),
        }
    }

    async fn time_out(&self, job: &Job<'_>) {
        match self.deadline {
            Some(deadline) => job.patience.ends_after(deadline).await,
            None => std::future::pending().await,
        }
    }

    async fn watch(&self, job: &Job<'_>) -> Result<(), WaitError> {
        let mut news = job.watch.listen();
        if self.condition == WaitCondition::RunningOrHealthy {
            tokio::time::sleep(SETTLE).await;
        }
        let ids: Vec<ContainerId> = self.containers.iter().map(|(id, _)| id.clone()).collect();
        loop {
            if self.all_there(job).await? {
                return Ok(());
            }
            news.about(&ids).await;
        }
    }

    async fn all_there(&self, job: &Job<'_>) -> Result<bool, WaitError> {
        let mut all = true;
        for (id, name) in &self.containers {
            let details = match job.context.engine.inspect_container(id).await {
                Ok(Some(details)) => details,
                Ok(None) => return Err(self.failed(job, id, name, None, WaitErrorKind::Gone).await),
                Err(error) => return Err(self.failed(job, id, name, None, WaitErrorKind::Engine(error.to_string())).await),
            };
            match progress(self.condition, &details) {
                Progress::There => {}
                Progress::Underway => all = false,
                Progress::Never(kind) => return Err(self.failed(job, id, name, Some(&details), kind).await),
            }
        }
        Ok(all)
    }

    async fn failed(
        &self,
        job: &Job<'_>,
        id: &ContainerId,
        name: &ContainerName,
        details: Option<&ContainerDetails>,
        kind: WaitErrorKind,
    ) -> WaitError {
        let log = if details.is_some() { last_lines(job, id).await } else { Vec::new() };
        WaitError {
            service: self.service.clone(),
            container: Some(name.clone()),
            kind,
            log,
            health_log: details.map(|details| details.state.health_log.clone()).unwrap_or_default(),
        }
    }

    /// Names the first container that is not as wanted.
    async fn timed_out(&self, job: &Job<'_>) -> WaitError {
        let kind = WaitErrorKind::TimedOut {
            after: self.deadline.unwrap_or_default(),
        };
        for (id, name) in &self.containers {
            if let Ok(Some(details)) = job.context.engine.inspect_container(id).await
                && matches!(progress(self.condition, &details), Progress::Underway)
            {
                return self.failed(job, id, name, Some(&details), kind).await;
            }
        }
        WaitError {
            service: self.service.clone(),
            container: None,
            kind,
            log: Vec::new(),
            health_log: Vec::new(),
        }
    }

    fn quote(&self, job: &Job<'_>, error: &WaitError) {
        let Some(container) = &error.container else { return };
        for line in error.log.iter().chain(&error.health_log) {
            job.context.events.emit(Event::Output {
                service: self.service.to_string(),
                container: container.to_string(),
                stream: crate::engine::LogStream::Stderr,
                line: line.trim_end().to_owned(),
            });
        }
    }
}

fn progress(condition: WaitCondition, details: &ContainerDetails) -> Progress {
    let state = &details.state;
    let ended = matches!(
        state.status,
        ContainerStatus::Exited | ContainerStatus::Dead | ContainerStatus::Removing
    );
    let code = state.exit_code;
    if ended {
        return match (condition, code) {
            (WaitCondition::CompletedSuccessfully | WaitCondition::RunningOrHealthy, 0) => Progress::There,
            (WaitCondition::CompletedSuccessfully, code) => Progress::Never(WaitErrorKind::Unsuccessful { code }),
            (WaitCondition::Healthy | WaitCondition::RunningOrHealthy, code) => Progress::Never(WaitErrorKind::Exited { code }),
        };
    }
    let runs = state.status == ContainerStatus::Running;
    match (condition, state.health) {
        (WaitCondition::CompletedSuccessfully, _) => Progress::Underway,
        (_, ContainerHealth::Healthy) => Progress::There,
        (_, ContainerHealth::Unhealthy) => Progress::Never(WaitErrorKind::Unhealthy),
        (WaitCondition::Healthy, ContainerHealth::None) if runs => Progress::Never(WaitErrorKind::NoHealthCheck),
        (WaitCondition::RunningOrHealthy, ContainerHealth::None) if runs => Progress::There,
        (_, ContainerHealth::Starting | ContainerHealth::None) => Progress::Underway,
    }
}

async fn last_lines(job: &Job<'_>, id: &ContainerId) -> Vec<String> {
    let request = LogRequest {
        tail: Some(LAST_LINES),
        ..LogRequest::default()
    };
    let mut chunks = job.context.engine.logs(id, &request);
    let mut bytes = Vec::new();
    let read = async {
        while let Some(Ok(LogChunk { bytes: more, .. })) = chunks.next().await {
            bytes.extend(more);
        }
    };
    // A log driver that cannot be read must not hold up the message.
    let _ = tokio::time::timeout(QUOTE_WITHIN, read).await;
    String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()
}
