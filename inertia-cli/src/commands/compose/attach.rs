//! The attached part of `up`: what containers say, until they have ended or the person has had enough.

use super::logs::short_name;
use crate::commands::stop_signals::StopSignals;
use crate::failure::{Attempt as _, Failure};
use crate::render::log_lines::{LogLines, Prefix};
use crate::render::note;
use clap::Args;
use compose_core::commands::{self, Context, Lifecycle, LifecycleOptions, LogOptions};
use compose_core::engine::{EngineError, LogChunk, LogRequest, StateChange};
use compose_core::labels::{self, Ownership};
use compose_core::model::Project;
use compose_core::names::ServiceName;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[derive(Clone, Debug, Args)]
pub(super) struct AttachArgs {
    /// Stop all containers if any has ended
    #[arg(long)]
    abort_on_container_exit: bool,
    /// Stop all containers if any has ended with a failure
    #[arg(long)]
    abort_on_container_failure: bool,
    /// Attach to these services alone
    #[arg(long, value_name = "SERVICE", conflicts_with = "attach_dependencies")]
    attach: Vec<String>,
    /// Attach to what the services depend on too
    #[arg(long)]
    attach_dependencies: bool,
    /// Exit with the code of this service's container; implies --abort-on-container-exit
    #[arg(long, value_name = "SERVICE")]
    exit_code_from: Option<String>,
    /// Do not attach to these services
    #[arg(long, value_name = "SERVICE")]
    no_attach: Vec<String>,
    /// Without colours
    #[arg(long)]
    no_color: bool,
    /// Without names before the lines
    #[arg(long)]
    no_log_prefix: bool,
    /// With the time of each line
    #[arg(long)]
    timestamps: bool,
}

impl AttachArgs {
    /// Refuses what makes no sense together.
    pub(super) fn check(&self, detached: bool) -> Result<(), Failure> {
        let aborts = self.abort_on_container_exit || self.abort_on_container_failure || self.exit_code_from.is_some();
        if detached && (aborts || self.attach_dependencies || !self.attach.is_empty()) {
            return Err(Failure::new(
                "--detach cannot be combined with --abort-on-container-exit, --abort-on-container-failure, --exit-code-from, --attach or --attach-dependencies",
            ));
        }
        if self.abort_on_container_failure && (self.abort_on_container_exit || self.exit_code_from.is_some()) {
            return Err(Failure::new(
                "--abort-on-container-failure cannot be combined with --abort-on-container-exit or --exit-code-from",
            ));
        }
        Ok(())
    }

    fn abort(&self) -> Abort {
        if self.abort_on_container_exit || self.exit_code_from.is_some() {
            Abort::OnExit
        } else if self.abort_on_container_failure {
            Abort::OnFailure
        } else {
            Abort::Never
        }
    }
}

/// When the end of one container ends all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Abort {
    Never,
    OnExit,
    OnFailure,
}

/// What was subscribed to before anything started, so that nothing is missed.
pub(super) struct Attachment {
    changes: BoxStream<'static, Result<StateChange, EngineError>>,
    since: String,
    services: Vec<ServiceName>,
    arguments: AttachArgs,
}

impl Attachment {
    /// Subscribes; services that are not of the project are refused.
    pub(super) async fn begin(context: &Context, project: &Project, arguments: &AttachArgs, asked: &[String]) -> Result<Self, Failure> {
        for name in arguments.attach.iter().chain(&arguments.no_attach).chain(&arguments.exit_code_from) {
            if !project.services.contains_key(name.as_str()) {
                return Err(Failure::new(format!("no such service: {name}")));
            }
        }
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self {
            changes: context.engine.watch(&labels::of_project(&project.name)).await?,
            since: format!("{}.{:09}", since.as_secs(), since.subsec_nanos()),
            services: attached_services(project, arguments, asked),
            arguments: arguments.clone(),
        })
    }

    /// Shows what the containers say until they have ended, one has ended that ends all, or a signal comes.
    pub(super) async fn follow(
        mut self,
        context: &Context,
        project: &Project,
        grace: Option<Duration>,
        colored: bool,
    ) -> Result<ExitCode, Failure> {
        let request = LogRequest {
            follow: true,
            since: Some(self.since.clone()),
            timestamps: self.arguments.timestamps,
            ..LogRequest::default()
        };
        let options = LogOptions {
            services: self.services.clone(),
            number: None,
            stays: false,
            request,
        };
        let mut lines = commands::logs(context, &project.name, &options).await?;
        let mut signals = StopSignals::new()?;
        let prefix = Prefix::of(self.arguments.no_log_prefix, self.arguments.no_color || !colored);
        let mut screen = LogLines::new(prefix, []);
        loop {
            tokio::select! {
                line = lines.next() => match line {
                    Some(line) => print(&mut screen, project, line?)?,
                    None => return Ok(ExitCode::SUCCESS),
                },
                Some(change) = self.changes.next() => {
                    if let Some(code) = self.ending(&change?) {
                        note("Aborting on container exit...");
                        self.stop(context, project, grace).await?;
                        while let Ok(Some(line)) = tokio::time::timeout(Duration::from_millis(500), lines.next()).await {
                            print(&mut screen, project, line?)?;
                        }
                        let code = self.named_code(context, project).await?.unwrap_or(code);
                        return Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)));
                    }
                }
                () = signals.next() => {
                    note("Gracefully stopping... (press Ctrl+C again to force)");
                    return self.interrupted(context, project, grace, &mut signals).await;
                }
            }
        }
    }

    async fn interrupted(
        &self,
        context: &Context,
        project: &Project,
        grace: Option<Duration>,
        signals: &mut StopSignals,
    ) -> Result<ExitCode, Failure> {
        tokio::select! {
            stopped = self.stop(context, project, grace) => stopped?,
            () = signals.next() => {
                for container in context.engine.list_containers(&labels::of_project(&project.name)).await? {
                    // One that has ended meanwhile needs no signal.
                    let _ = context.engine.kill_container(&container.id, "KILL").await;
                }
            }
        }
        Ok(ExitCode::from(130))
    }

    async fn stop(&self, context: &Context, project: &Project, grace: Option<Duration>) -> Result<(), Failure> {
        let options = LifecycleOptions {
            grace,
            ..LifecycleOptions::default()
        };
        Ok(commands::lifecycle(context, Lifecycle::Stop, &project.name, Some(project), &options).await?)
    }

    /// The exit code of the container whose end ends everything.
    fn ending(&self, change: &StateChange) -> Option<i64> {
        let code = change.exit_code.filter(|_| change.action == "die")?;
        let service = Ownership::read(&change.labels)?.service;
        let attached = self.services.contains(&service) || self.arguments.exit_code_from.as_deref() == Some(service.as_str());
        let ends = match self.arguments.abort() {
            Abort::Never => false,
            Abort::OnExit => attached,
            Abort::OnFailure => attached && code != 0,
        };
        ends.then_some(code)
    }

    /// The exit code of the service that was named for it, once everything has stopped.
    async fn named_code(&self, context: &Context, project: &Project) -> Result<Option<i64>, Failure> {
        let Some(service) = self.arguments.exit_code_from.as_deref() else {
            return Ok(None);
        };
        let found = context
            .engine
            .list_containers(&labels::of_service(&project.name, &ServiceName::new(service)))
            .await?;
        let Some(container) = found.first() else {
            return Ok(None);
        };
        let details = context.engine.inspect_container(&container.id).await?;
        Ok(details.map(|details| details.state.exit_code))
    }
}

/// Which services are shown: those asked for, or all; less those that do not want it.
fn attached_services(project: &Project, arguments: &AttachArgs, asked: &[String]) -> Vec<ServiceName> {
    let all: BTreeSet<&str> = project.services.keys().map(ServiceName::as_str).collect();
    let chosen: BTreeSet<&str> = if !arguments.attach.is_empty() {
        arguments.attach.iter().map(String::as_str).collect()
    } else if asked.is_empty() || arguments.attach_dependencies {
        all
    } else {
        asked.iter().map(String::as_str).collect()
    };
    let refused = |name: &str| {
        let by_file = arguments.attach.is_empty()
            && project
                .services
                .get(name)
                .is_some_and(|service| service.lifecycle.attach == Some(false));
        by_file || arguments.no_attach.iter().any(|no| no == name)
    };
    chosen.into_iter().filter(|name| !refused(name)).map(ServiceName::new).collect()
}

fn print(screen: &mut LogLines, project: &Project, line: commands::LogLine) -> Result<(), Failure> {
    let chunk = LogChunk {
        stream: line.stream,
        bytes: (line.text + "\n").into_bytes(),
    };
    screen
        .push(&short_name(&line.container, &project.name), &chunk)
        .attempt("cannot write to standard output")
}
