//! What runs.

use super::extract::At;
use super::projects::find;
use super::{Api, get};
use crate::daemon::Daemon;
use crate::daemon::auth::Viewer;
use crate::daemon::deployment::converge;
use crate::daemon::problem::ApiError;
use crate::daemon::store::ProjectRow;
use crate::wire::{ContainerInfo, DeploymentState, DownInfo, ProjectStatus, Role};
use axum::Json;
use axum::extract::State;
use compose_core::engine::{ContainerSummary, ListedPort};
use compose_core::labels::{self, Ownership};
use compose_core::names::ProjectName;

/// How many of the latest deployments may wait or be under way.
const RECENT: u64 = 100;

pub(super) fn routes(api: Api) -> Api {
    api.add(
        get("/v1/projects/{p}/status", "Release, deployments under way, containers")
            .needs(Role::Viewer)
            .answers(200, "ProjectStatus"),
        status,
    )
    .add(
        get("/v1/projects/{p}/ps", "The containers")
            .needs(Role::Viewer)
            .answers(200, "[ContainerInfo]"),
        ps,
    )
}

async fn status(State(daemon): State<Daemon>, Viewer(_): Viewer, At(name): At<String>) -> Result<Json<ProjectStatus>, ApiError> {
    let project = find(&daemon, &name).await?;
    let current = match project.current {
        Some(id) => daemon.store().deployment(&name, id).await?.map(|row| row.deployment),
        None => None,
    };
    let recent = daemon.store().history(&name, RECENT).await?;
    let waits = |state: DeploymentState| state == DeploymentState::Queued;
    let running = recent.iter().find(|one| !one.state.is_final() && !waits(one.state)).cloned();
    Ok(Json(ProjectStatus {
        waiting: recent.iter().filter(|one| waits(one.state)).count() as u64,
        containers: containers(&daemon, &project).await?,
        volumes: volumes(&daemon, &project).await?,
        down: project.down_since.map(|since| DownInfo {
            since,
            skipped: project.skipped_commit.clone(),
        }),
        project: name,
        current,
        running,
    }))
}

async fn ps(State(daemon): State<Daemon>, Viewer(_): Viewer, At(name): At<String>) -> Result<Json<Vec<ContainerInfo>>, ApiError> {
    let project = find(&daemon, &name).await?;
    Ok(Json(containers(&daemon, &project).await?))
}

async fn containers(daemon: &Daemon, project: &ProjectRow) -> Result<Vec<ContainerInfo>, ApiError> {
    let Some(name) = &project.compose_name else {
        return Ok(Vec::new());
    };
    let found = converge::containers(daemon.engine().as_ref(), &ProjectName::new(name)).await?;
    let mut infos: Vec<ContainerInfo> = found.into_iter().map(info).collect();
    infos.sort_by(|a, b| (&a.service, &a.name).cmp(&(&b.service, &b.name)));
    Ok(infos)
}

async fn volumes(daemon: &Daemon, project: &ProjectRow) -> Result<Vec<String>, ApiError> {
    let Some(name) = &project.compose_name else {
        return Ok(Vec::new());
    };
    let found = daemon.engine().list_volumes(&labels::of_project(&ProjectName::new(name))).await?;
    let mut names: Vec<String> = found.into_iter().map(|volume| volume.name.to_string()).collect();
    names.sort();
    Ok(names)
}

fn info(container: ContainerSummary) -> ContainerInfo {
    let owner = Ownership::read(&container.labels);
    ContainerInfo {
        id: container.id.to_string(),
        name: container.name.to_string(),
        service: owner.map(|owner| owner.service.to_string()).unwrap_or_default(),
        image: container.image,
        state: container.status.as_str().to_owned(),
        status: container.status_text,
        ports: container.ports.iter().map(port).collect(),
    }
}

fn port(port: &ListedPort) -> String {
    let inside = format!("{}/{}", port.private, port.protocol);
    match (&port.ip, port.public) {
        (Some(ip), Some(public)) if ip.contains(':') => format!("[{ip}]:{public}->{inside}"),
        (Some(ip), Some(public)) => format!("{ip}:{public}->{inside}"),
        (None, Some(public)) => format!("{public}->{inside}"),
        (_, None) => inside,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_read_as_people_know_them() {
        let listed = |ip: Option<&str>, public| {
            port(&ListedPort {
                ip: ip.map(str::to_owned),
                private: 80,
                public,
                protocol: "tcp".to_owned(),
            })
        };
        assert_eq!(listed(Some("127.0.0.1"), Some(8080)), "127.0.0.1:8080->80/tcp");
        assert_eq!(listed(Some("::"), Some(8080)), "[::]:8080->80/tcp");
        assert_eq!(listed(None, None), "80/tcp");
    }
}
