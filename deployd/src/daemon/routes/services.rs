//! The services of a project, by name.

use crate::daemon::Daemon;
use crate::daemon::deployment::converge;
use crate::daemon::problem::ApiError;
use crate::daemon::store::ProjectRow;
use axum::http::StatusCode;
use compose_core::labels::Ownership;
use compose_core::load::similar;
use compose_core::names::{ProjectName, ServiceName};
use std::collections::BTreeSet;

/// Refuses names that are neither services of the current release nor of a container that is there.
pub(super) async fn check(daemon: &Daemon, project: &ProjectRow, names: impl IntoIterator<Item = &ServiceName>) -> Result<(), ApiError> {
    let mut names = names.into_iter().peekable();
    if names.peek().is_none() {
        return Ok(());
    }
    let known = known(daemon, project).await?;
    match names.find(|name| !known.contains(*name)) {
        Some(name) => Err(unknown(name, &known)),
        None => Ok(()),
    }
}

async fn known(daemon: &Daemon, project: &ProjectRow) -> Result<BTreeSet<ServiceName>, ApiError> {
    let mut known = BTreeSet::new();
    if let Some(name) = &project.compose_name {
        let containers = converge::containers(daemon.engine().as_ref(), &ProjectName::new(name)).await?;
        let owners = containers.iter().filter_map(|container| Ownership::read(&container.labels));
        known.extend(owners.map(|owner| owner.service));
    }
    if let Some(current) = project.current {
        let release = daemon.store().release(&project.name, current).await?;
        known.extend(release.into_iter().flat_map(|release| release.images.into_keys()));
    }
    Ok(known)
}

fn unknown(name: &ServiceName, known: &BTreeSet<ServiceName>) -> ApiError {
    let all: Vec<&str> = known.iter().map(ServiceName::as_str).collect();
    let help = match similar(name.as_str(), all.iter().copied()) {
        Some(close) => format!("did you mean `{close}`?"),
        None if all.is_empty() => "nothing runs yet; deploy it with `inertia NAME up`".to_owned(),
        None => format!("the services are {}", all.join(", ")),
    };
    ApiError::new(StatusCode::NOT_FOUND, "service-not-found", format!("no such service: {name}")).help(help)
}
