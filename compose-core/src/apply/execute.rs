//! Does what one step says.

use super::context::Context;
use super::error::StepError;
use super::patience::Patience;
use super::run::Applied;
use super::wait::Wait;
use super::watch::Watch;
use crate::engine::{AnonymousVolumes, ApiVersion, EngineError, ExecRequest, LogChunk};
use crate::event::Event;
use crate::model::{Hook, Project, Service};
use crate::names::{ContainerId, ContainerName, ImageId, ImageRef, ServiceName};
use crate::plan::{Action, AnonymousFate, BuildWhen, ContainerRef, HookPoint, Plan, PullFailure, StepId, Target};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// What the steps of one run have in common.
pub(super) struct Job<'a> {
    pub(super) context: &'a Context,
    pub(super) project: Option<&'a Project>,
    pub(super) plan: &'a Plan,
    pub(super) watch: &'a Watch,
    pub(super) api: ApiVersion,
    pub(super) patience: Patience,
    created: Mutex<BTreeMap<StepId, ContainerId>>,
    built: Mutex<BTreeMap<ServiceName, ImageId>>,
}

/// The engine's answer to the removal of what others still use.
const IN_USE: [u16; 2] = [403, 409];

impl<'a> Job<'a> {
    pub(super) async fn new(
        context: &'a Context,
        project: Option<&'a Project>,
        plan: &'a Plan,
        watch: &'a Watch,
    ) -> Result<Self, EngineError> {
        let api = context.engine.info().await?.api;
        Ok(Self {
            context,
            project,
            plan,
            watch,
            api,
            patience: Patience::default(),
            created: Mutex::default(),
            built: Mutex::default(),
        })
    }

    pub(super) fn into_applied(self) -> Applied {
        Applied {
            created: self.created.into_inner().unwrap_or_default(),
            built: self.built.into_inner().unwrap_or_default(),
        }
    }

    /// Does what a step says.
    pub(super) async fn execute(&self, id: StepId) -> Result<(), StepError> {
        let engine = &self.context.engine;
        match &self.plan.step(id).action {
            Action::PullImage {
                image,
                platform,
                on_failure,
                ..
            } => self.pull(image, platform.as_deref(), *on_failure).await,
            Action::BuildImage { service, image, when } => self.build(service, image, *when).await,
            Action::RemoveImage { image } => self.unless_in_use(engine.remove_image(image.as_str()).await, image.as_str()),
            Action::CreateNetwork { key, .. } => self.create_network(key).await,
            Action::RemoveNetwork { id, name } => self.unless_in_use(engine.remove_network(id).await, name.as_str()),
            Action::LeaveNetwork { container, network } => Ok(engine.disconnect_network(network.as_str(), &self.find(container)?).await?),
            Action::CreateVolume { key, .. } => self.create_volume(key).await,
            Action::RemoveVolume { name } => self.unless_in_use(engine.remove_volume(name).await, name.as_str()),
            Action::CreateContainer(new) => {
                let made = self.create_container(new).await?;
                self.created.lock().expect("no step panics with the lock").insert(id, made);
                Ok(())
            }
            Action::StartContainer { container } => Ok(engine.start_container(&self.find(container)?).await?),
            Action::StopContainer { container, grace } => {
                let _stopping = self.patience.stopping();
                Ok(engine.stop_container(&self.find(container)?, *grace).await?)
            }
            Action::RestartContainer { container, grace } => Ok(engine.restart_container(&self.find(container)?, *grace).await?),
            Action::RemoveContainer {
                container,
                anonymous_volumes,
            } => {
                let volumes = match anonymous_volumes {
                    AnonymousFate::Keep => AnonymousVolumes::Keep,
                    AnonymousFate::Remove => AnonymousVolumes::Remove,
                };
                Ok(engine.remove_container(&self.find(container)?, volumes).await?)
            }
            Action::RenameContainer { container, name } => Ok(engine.rename_container(&self.find(container)?, name).await?),
            Action::RunHook {
                container,
                service,
                point,
                index,
            } => self.run_hook(container, service, *point, *index).await,
            Action::Wait {
                service,
                condition,
                containers,
                required,
                deadline,
            } => {
                let containers: Result<Vec<(ContainerId, ContainerName)>, StepError> = containers
                    .iter()
                    .map(|target| Ok((self.find(target)?, target.name.clone())))
                    .collect();
                let wait = Wait {
                    service,
                    condition: *condition,
                    containers: containers?,
                    required: *required,
                    deadline: *deadline,
                };
                wait.run(self).await
            }
        }
    }

    /// The id of a container; one that a step makes has one from then on.
    pub(super) fn find(&self, target: &Target) -> Result<ContainerId, StepError> {
        match &target.at {
            ContainerRef::Existing(id) => Ok(id.clone()),
            ContainerRef::Created(step) => self.created_by(*step).ok_or_else(|| StepError::NotInProject {
                what: format!("container {}", target.name),
            }),
        }
    }

    /// The container that a step made.
    pub(super) fn created_by(&self, step: StepId) -> Option<ContainerId> {
        self.created.lock().expect("no step panics with the lock").get(&step).cloned()
    }

    pub(super) fn model(&self) -> Result<&'a Project, StepError> {
        self.project.ok_or_else(|| StepError::NotInProject { what: "model".to_owned() })
    }

    pub(super) fn service(&self, name: &ServiceName) -> Result<&'a Service, StepError> {
        let project = self.model()?;
        let service = project.services.get(name).or_else(|| project.disabled_services.get(name));
        service.ok_or_else(|| StepError::NotInProject {
            what: format!("service {name}"),
        })
    }

    /// What others use stays, and the person is told.
    fn unless_in_use(&self, result: Result<(), EngineError>, what: &str) -> Result<(), StepError> {
        match result {
            Err(error) if error.status().is_some_and(|status| IN_USE.contains(&status)) => {
                self.context.events.emit(Event::Warning {
                    message: format!("{what} is still in use and stays: {error}"),
                });
                Ok(())
            }
            other => Ok(other?),
        }
    }

    async fn pull(&self, image: &ImageRef, platform: Option<&str>, on_failure: PullFailure) -> Result<(), StepError> {
        let events = &self.context.events;
        let mut progress = |progress| {
            events.emit(Event::Pull {
                image: image.to_string(),
                progress,
            });
        };
        let pulled = self
            .or_cancelled(self.context.engine.pull_image(image, platform, &mut progress))
            .await;
        match (pulled, on_failure) {
            (Err(StepError::Engine(error)), PullFailure::Builds | PullFailure::Ignored) => {
                events.emit(Event::Warning {
                    message: format!("{image} was not pulled: {error}"),
                });
                Ok(())
            }
            (other, _) => other,
        }
    }

    async fn build(&self, service: &ServiceName, image: &ImageRef, when: BuildWhen) -> Result<(), StepError> {
        if when == BuildWhen::Missing && self.context.engine.inspect_image(image.as_str()).await?.is_some() {
            return Ok(());
        }
        let request = crate::build::request(self.model()?, self.service(service)?)?;
        let events = &self.context.events;
        let mut output = |output| {
            events.emit(Event::Build {
                service: service.to_string(),
                output,
            });
        };
        let built = self.or_cancelled(self.context.engine.build_image(request, &mut output)).await?;
        self.built
            .lock()
            .expect("no step panics with the lock")
            .insert(service.clone(), built);
        Ok(())
    }

    /// Ends with the caller's patience: what the engine does without anybody listening does no harm.
    async fn or_cancelled<T>(&self, work: impl Future<Output = Result<T, EngineError>>) -> Result<T, StepError> {
        tokio::select! {
            result = work => Ok(result?),
            () = self.context.cancel.cancelled() => Err(StepError::Cancelled),
        }
    }

    async fn run_hook(&self, container: &Target, service: &ServiceName, point: HookPoint, index: usize) -> Result<(), StepError> {
        let lifecycle = &self.service(service)?.lifecycle;
        let (hooks, word) = match point {
            HookPoint::PostStart => (&lifecycle.post_start, "post_start"),
            HookPoint::PreStop => (&lifecycle.pre_stop, "pre_stop"),
        };
        let Some(hook) = hooks.get(index) else {
            return Err(StepError::NotInProject {
                what: format!("{word} hook {} of {service}", index + 1),
            });
        };
        let id = self.find(container)?;
        let mut lines = HookLines {
            job: self,
            service,
            container: &container.name,
            rest: Vec::new(),
        };
        let code = self
            .context
            .engine
            .exec(&id, &exec_request(hook), &mut |chunk| lines.take(&chunk))
            .await?;
        lines.finish();
        match code {
            0 => Ok(()),
            code => Err(StepError::Hook {
                point: word,
                container: container.name.clone(),
                code,
            }),
        }
    }
}

fn exec_request(hook: &Hook) -> ExecRequest {
    let variables = hook
        .environment
        .iter()
        .filter_map(|(key, value)| Some(format!("{key}={}", value.as_ref()?)));
    ExecRequest {
        command: hook.command.clone().unwrap_or_default(),
        environment: variables.collect(),
        user: hook.user.clone(),
        working_dir: hook.working_dir.clone(),
        privileged: hook.privileged,
        ..ExecRequest::default()
    }
}

/// Cuts a hook's output into lines.
struct HookLines<'a, 'b> {
    job: &'a Job<'b>,
    service: &'a ServiceName,
    container: &'a ContainerName,
    rest: Vec<u8>,
}

impl HookLines<'_, '_> {
    fn take(&mut self, chunk: &LogChunk) {
        self.rest.extend(&chunk.bytes);
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            self.emit(&line);
        }
    }

    fn finish(mut self) {
        let rest = std::mem::take(&mut self.rest);
        if !rest.is_empty() {
            self.emit(&rest);
        }
    }

    fn emit(&self, line: &[u8]) {
        self.job.context.events.emit(Event::Output {
            service: self.service.to_string(),
            container: self.container.to_string(),
            stream: crate::engine::LogStream::Stdout,
            line: String::from_utf8_lossy(line).trim_end().to_owned(),
        });
    }
}
