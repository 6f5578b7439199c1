//! Taking down and restarting.

use super::extract::{At, Body};
use super::projects::find;
use super::{Api, post, services};
use crate::daemon::Daemon;
use crate::daemon::auth::Deployer;
use crate::daemon::deployment::operations::{Operation, Volumes};
use crate::daemon::problem::ApiError;
use crate::wire::{Done, DownRequest, RestartRequest, Role};
use axum::Json;
use axum::extract::State;
use compose_core::names::ServiceName;

pub(super) fn routes(api: Api) -> Api {
    api.add(
        post("/v1/projects/{p}/down", "Remove containers and networks, and volumes when asked")
            .needs(Role::Deployer)
            .body("DownRequest")
            .answers(200, "Done"),
        down,
    )
    .add(
        post("/v1/projects/{p}/restart", "Restart services")
            .needs(Role::Deployer)
            .body("RestartRequest")
            .answers(200, "Done"),
        restart,
    )
}

async fn down(
    State(daemon): State<Daemon>,
    Deployer(caller): Deployer,
    At(name): At<String>,
    Body(request): Body<DownRequest>,
) -> Result<Json<Done>, ApiError> {
    find(&daemon, &name).await?;
    let (volumes, detail) = if request.volumes {
        (Volumes::Remove, Some("with volumes".to_owned()))
    } else {
        (Volumes::Keep, None)
    };
    daemon.store().audit(caller.author(), "project.down", Some(&name), detail).await?;
    Ok(Json(daemon.workers().operate(&daemon, &name, Operation::Down(volumes)).await?))
}

async fn restart(
    State(daemon): State<Daemon>,
    Deployer(caller): Deployer,
    At(name): At<String>,
    Body(request): Body<RestartRequest>,
) -> Result<Json<Done>, ApiError> {
    let project = find(&daemon, &name).await?;
    let services: Vec<ServiceName> = request.services.iter().map(ServiceName::new).collect();
    services::check(&daemon, &project, &services).await?;
    let detail = (!request.services.is_empty()).then(|| request.services.join(" "));
    daemon
        .store()
        .audit(caller.author(), "project.restart", Some(&name), detail)
        .await?;
    Ok(Json(daemon.workers().operate(&daemon, &name, Operation::Restart(services)).await?))
}
