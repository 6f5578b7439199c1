//! `inertia compose watch`: containers follow the files of their services.
//!
//! Files are looked at twice a second rather than by the system's notices: that works on every
//! system and every file system, shared ones included.

mod tree;

use super::cp::pack;
use super::provision::Muted;
use super::{ComposeOptions, engine, scope};
use crate::commands::block_on;
use crate::commands::stop_signals::StopSignals;
use crate::failure::{Attempt as _, Failure};
use crate::render::note;
use crate::settings::Settings;
use clap::Args;
use compose_core::commands::{self, BuildChoice, Context, Lifecycle, LifecycleOptions, UpOptions};
use compose_core::engine::{Console as _, DockerEngine, Engine as _, ExecRequest, Ownership};
use compose_core::labels;
use compose_core::model::{Hook, Project, Service, WatchAction, WatchRule};
use compose_core::names::{ContainerId, ServiceName};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tree::{Change, Snapshot, Tree, changes};

/// How often files are looked at; a change counts once it has rested so long.
const PERIOD: Duration = Duration::from_millis(500);

#[derive(Debug, Args)]
pub(super) struct WatchArgs {
    /// Do not build and start the services first
    #[arg(long)]
    no_up: bool,
    /// Do not show what builds say
    #[arg(long)]
    quiet: bool,
    /// Only these services
    services: Vec<String>,
}

pub(super) fn run(arguments: &WatchArgs, options: &ComposeOptions, settings: &Settings) -> Result<ExitCode, Failure> {
    let project = scope::load(&arguments.services, options, settings)?;
    let console = engine::connect(settings)?;
    let context = engine::context_on(console.clone(), options, settings, None);
    let context = Muted::over(context, arguments.quiet, arguments.quiet);
    let mut watches = watches(&project, &arguments.services)?;
    let watcher = Watcher {
        console: &console,
        context: &context,
        project: &project,
    };
    block_on(async {
        if !arguments.no_up {
            let names = arguments.services.iter().map(ServiceName::new).collect();
            engine::interruptible(&context, watcher.build_and_start(names)).await?;
        }
        note("Watch enabled");
        let mut signals = StopSignals::new()?;
        tokio::select! {
            failed = watcher.follow(&mut watches) => failed.map(|()| ExitCode::SUCCESS),
            () = signals.next() => Ok(ExitCode::from(130)),
        }
    })
}

/// A rule of a service, and what its path held at the last look.
struct Watch<'a> {
    service: &'a Service,
    rule: &'a WatchRule,
    tree: Tree,
    /// What was acted upon.
    known: Snapshot,
    /// What the last look saw; acted upon when the next sees the same.
    seen: Snapshot,
}

/// The rules of the named services, or of all.
fn watches<'a>(project: &'a Project, names: &[String]) -> Result<Vec<Watch<'a>>, Failure> {
    if let Some(unknown) = names.iter().find(|name| !project.services.contains_key(name.as_str())) {
        return Err(Failure::new(format!("no such service: {unknown}")));
    }
    let chosen = project.services.values().filter(|service| {
        let name = service.name.as_str();
        names.is_empty() || names.iter().any(|wanted| wanted == name)
    });
    let mut watches = Vec::new();
    for service in chosen {
        for rule in service.develop.iter().flat_map(|develop| &develop.watch) {
            let context = service.build.as_ref().and_then(|build| build.context.as_deref());
            let tree = Tree::new(Path::new(&rule.path), &rule.ignore, &rule.include)
                .and_then(|tree| match context {
                    Some(context) => tree.within(Path::new(context)),
                    None => Ok(tree),
                })
                .map_err(|error| Failure::new(format!("develop.watch of service {}: {error}", service.name)))?;
            let seen = tree.look();
            let known = if rule.initial_sync { Snapshot::new() } else { seen.clone() };
            watches.push(Watch {
                service,
                rule,
                tree,
                known,
                seen,
            });
        }
    }
    if watches.is_empty() {
        return Err(
            Failure::new("none of the selected services is configured for watch").hint("give one a section `develop: {watch: […]}`")
        );
    }
    Ok(watches)
}

struct Watcher<'a> {
    console: &'a DockerEngine,
    context: &'a Context,
    project: &'a Project,
}

impl Watcher<'_> {
    async fn build_and_start(&self, services: Vec<ServiceName>) -> Result<(), Failure> {
        let wanted = UpOptions {
            services,
            build: BuildChoice::Always,
            ..UpOptions::default()
        };
        commands::up(self.context, self.project, &wanted).await?;
        Ok(())
    }

    async fn follow(&self, watches: &mut [Watch<'_>]) -> Result<(), Failure> {
        loop {
            tokio::time::sleep(PERIOD).await;
            for watch in &mut *watches {
                let now = watch.tree.look();
                let rests = now == watch.seen;
                watch.seen = now;
                let changed = changes(&watch.known, &watch.seen);
                if !rests || changed.is_empty() {
                    continue;
                }
                watch.known.clone_from(&watch.seen);
                // One that fails does not end the others: the next change is another chance.
                if let Err(failure) = self.act(watch, &changed).await {
                    note(&format!("service {}: {}", watch.service.name, failure.text()));
                }
            }
        }
    }

    async fn act(&self, watch: &Watch<'_>, changed: &BTreeMap<PathBuf, Change>) -> Result<(), Failure> {
        let service = &watch.service.name;
        let action = watch.rule.action.unwrap_or(WatchAction::Rebuild);
        let count = changed.len();
        match action {
            WatchAction::Rebuild => {
                note(&format!("Rebuilding service {service} after {count} changes were detected..."));
                return self.build_and_start(vec![service.clone()]).await;
            }
            WatchAction::Restart => note(&format!("Restarting service {service} after {count} changes were detected")),
            WatchAction::Sync | WatchAction::SyncRestart | WatchAction::SyncExec => {
                note(&format!("Syncing service {service} after {count} changes were detected"));
            }
        }
        let containers = self
            .console
            .list_containers(&labels::of_service(&self.project.name, service))
            .await?;
        if !matches!(action, WatchAction::Restart) {
            for container in &containers {
                self.sync(&container.id, watch, changed).await?;
            }
        }
        match (action, &watch.rule.exec) {
            (WatchAction::Restart | WatchAction::SyncRestart, _) => self.restart(service).await,
            (WatchAction::SyncExec, Some(hook)) => {
                for container in &containers {
                    self.execute(&container.id, hook).await?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn sync(&self, id: &ContainerId, watch: &Watch<'_>, changed: &BTreeMap<PathBuf, Change>) -> Result<(), Failure> {
        let Some(target) = watch.rule.target.as_deref() else {
            return Ok(());
        };
        let mut removed = Vec::new();
        for (relative, change) in changed {
            let inside = inside(target, relative);
            match change {
                Change::Written => {
                    let archive = pack::archive(watch.tree.path(relative), PathBuf::from(inside.trim_start_matches('/')));
                    self.console.upload_stream(id, "/", Ownership::Archive, archive).await?;
                }
                Change::Removed => removed.push(inside),
            }
        }
        if removed.is_empty() {
            return Ok(());
        }
        let command = ["rm", "-rf", "--"].into_iter().map(str::to_owned).chain(removed).collect();
        let request = ExecRequest {
            command,
            user: Some("root".to_owned()),
            ..ExecRequest::default()
        };
        self.console.exec(id, &request, &mut |_| {}).await?;
        Ok(())
    }

    async fn restart(&self, service: &ServiceName) -> Result<(), Failure> {
        let wanted = LifecycleOptions {
            services: vec![service.clone()],
            no_deps: true,
            ..LifecycleOptions::default()
        };
        commands::lifecycle(self.context, Lifecycle::Restart, &self.project.name, Some(self.project), &wanted).await?;
        Ok(())
    }

    async fn execute(&self, id: &ContainerId, hook: &Hook) -> Result<(), Failure> {
        let variables = hook.environment.iter();
        let request = ExecRequest {
            command: hook.command.clone().unwrap_or_default(),
            environment: variables
                .filter_map(|(key, value)| Some(format!("{key}={}", value.as_ref()?)))
                .collect(),
            user: hook.user.clone(),
            working_dir: hook.working_dir.clone(),
            privileged: hook.privileged,
            ..ExecRequest::default()
        };
        let mut written = Vec::new();
        let code = self.console.exec(id, &request, &mut |chunk| written.extend(chunk.bytes)).await?;
        std::io::Write::write_all(&mut std::io::stderr(), &written).attempt("cannot write what the command says")?;
        match code {
            0 => Ok(()),
            code => Err(Failure::new(format!("the command after the sync exited with code {code}"))),
        }
    }
}

/// Where a file goes in the container.
fn inside(target: &str, relative: &Path) -> String {
    let target = target.trim_end_matches('/');
    if relative.as_os_str().is_empty() {
        return target.to_owned();
    }
    format!("{target}/{}", relative.to_string_lossy().replace('\\', "/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_keeps_its_place_below_the_target() {
        assert_eq!(inside("/src/", Path::new("a/b")), "/src/a/b");
        assert_eq!(inside("/app/package.json", Path::new("")), "/app/package.json");
    }
}
