//! What is done to a project that is no deployment: taking it down, restarting it, forgetting it.

use super::converge;
use super::dirs::ProjectDirs;
use super::release_images::{self, Names};
use crate::daemon::Daemon;
use crate::daemon::environment::Environment;
use crate::daemon::problem::ApiError;
use crate::daemon::store::ProjectRow;
use crate::wire::{Done, EventBody};
use compose_core::event::{Event, EventSink};
use compose_core::names::{ProjectName, ServiceName};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio_util::sync::CancellationToken;

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Remove containers and networks.
    Down(Volumes),
    /// Restart services; all when empty.
    Restart(Vec<ServiceName>),
    /// Forget the project.
    Forget,
}

/// What becomes of volumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Volumes {
    /// They stay.
    Keep,
    /// They go, and the data with them.
    Remove,
}

/// Collects events in memory.
#[derive(Default)]
struct Collected(Mutex<Vec<EventBody>>);

impl EventSink for Collected {
    fn emit(&self, event: Event) {
        if let Some(body) = EventBody::from_core(event) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(body);
        }
    }
}

impl Collected {
    fn take(&self) -> Done {
        Done {
            events: std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }
}

/// Why a push is not deployed.
pub(crate) fn is_down(project: &str, since: OffsetDateTime) -> String {
    let since = since.replace_nanosecond(0).unwrap_or(since).format(&Rfc3339).unwrap_or_default();
    format!("{project} is down since {since}: `inertia NAME up` starts it again")
}

/// Does it.
pub(crate) async fn run(daemon: &Daemon, project: &ProjectRow, operation: Operation) -> Result<Done, ApiError> {
    // Asked first: afterwards the project may be forgotten.
    let redactor = Environment::hidden(daemon, &project.name).await;
    let events = Arc::new(Collected::default());
    let context = converge::context(daemon, Arc::clone(&events) as _, CancellationToken::new()).await?;
    let name = project.compose_name.as_ref().map(ProjectName::new);
    match (operation, name) {
        (Operation::Forget, name) => forget(daemon, project, name.as_ref()).await?,
        (_, None) => {
            let detail = format!("{} was not deployed yet", project.name);
            return Err(ApiError::conflict("never-deployed", detail).help("deploy it with `inertia NAME up`"));
        }
        (Operation::Down(volumes), Some(name)) => {
            daemon.store().note_down(&project.name).await?;
            converge::down(&context, &name, volumes == Volumes::Remove).await?;
        }
        (Operation::Restart(services), Some(name)) => converge::restart(&context, &name, services).await?,
    }
    // It is done: where the values cannot be read that are to be hidden, only what it did in detail stays untold.
    let Ok(redactor) = redactor else {
        return Ok(Done { events: Vec::new() });
    };
    let mut done = events.take();
    for event in &mut done.events {
        *event = event.clone().map_text(|text| redactor.clean(text));
    }
    Ok(done)
}

/// Forgets a project that does not run. What its application wrote stays.
async fn forget(daemon: &Daemon, project: &ProjectRow, name: Option<&ProjectName>) -> Result<(), ApiError> {
    if let Some(name) = name {
        let running = converge::containers(daemon.engine().as_ref(), name).await?;
        if !running.is_empty() {
            let detail = format!("{} still has {} containers", project.name, running.len());
            return Err(ApiError::conflict("project-runs", detail).help("take it down first: `inertia NAME down`"));
        }
    }
    release_images::let_go(daemon, &project.name, Names::All).await?;
    daemon.store().delete_project(&project.name).await?;
    let dirs = ProjectDirs::new(daemon.dir().project(&project.name));
    tokio::task::spawn_blocking(move || remove(&dirs))
        .await
        .map_err(ApiError::internal)?
        .map_err(ApiError::internal)
}

fn remove(dirs: &ProjectDirs) -> io::Result<()> {
    for path in dirs.disposable() {
        let removed = if path.is_dir() {
            std::fs::remove_dir_all(&path)
        } else {
            std::fs::remove_file(&path)
        };
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    // Goes only when the application left nothing in it.
    let _ = std::fs::remove_dir(dirs.data());
    let _ = std::fs::remove_dir(dirs.root());
    Ok(())
}
