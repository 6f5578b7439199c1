//! A project's variables; their values go in and never come back.

use super::extract::{At, Body};
use super::projects::find;
use super::{Api, delete, get, put};
use crate::daemon::Daemon;
use crate::daemon::auth::{Deployer, Viewer};
use crate::daemon::environment::{check_key, seal};
use crate::daemon::limits::{ALL_VALUES, MOST_VARIABLES};
use crate::daemon::problem::ApiError;
use crate::daemon::store::Setting;
use crate::wire::{EnvEntry, EnvValue, LONGEST_VALUE, Role};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

pub(super) fn routes(api: Api) -> Api {
    api.add(
        get("/v1/projects/{p}/env", "The variables, without their values")
            .needs(Role::Viewer)
            .answers(200, "[EnvEntry]"),
        list,
    )
    .add(
        get("/v1/projects/{p}/env/{key}", "A variable, without its value")
            .needs(Role::Viewer)
            .answers(200, "EnvEntry"),
        show,
    )
    .add(
        put("/v1/projects/{p}/env/{key}", "Set a variable, for the next deployment on")
            .needs(Role::Deployer)
            .body("EnvValue")
            .answers_nothing(),
        set,
    )
    .add(
        delete("/v1/projects/{p}/env/{key}", "Remove a variable")
            .needs(Role::Deployer)
            .answers_nothing(),
        remove,
    )
}

fn missing(project: &str, key: &str) -> ApiError {
    let detail = format!("{project} has no variable {key:?}");
    ApiError::new(StatusCode::NOT_FOUND, "variable-not-found", detail).help("see `inertia NAME env ls`")
}

fn no_room(project: &str, most: &str) -> ApiError {
    let detail = format!("{project} may have {most}, and this would be more");
    ApiError::invalid("too-many-variables", detail)
        .help("remove some with `inertia NAME env rm`, or keep them in a file that a volume holds")
}

async fn list(State(daemon): State<Daemon>, Viewer(_): Viewer, At(name): At<String>) -> Result<Json<Vec<EnvEntry>>, ApiError> {
    find(&daemon, &name).await?;
    Ok(Json(daemon.store().variables(&name).await?))
}

async fn show(State(daemon): State<Daemon>, Viewer(_): Viewer, At((name, key)): At<(String, String)>) -> Result<Json<EnvEntry>, ApiError> {
    find(&daemon, &name).await?;
    let all = daemon.store().variables(&name).await?;
    let found = all.into_iter().find(|entry| entry.key == key);
    found.map(Json).ok_or_else(|| missing(&name, &key))
}

async fn set(
    State(daemon): State<Daemon>,
    Deployer(caller): Deployer,
    At((name, key)): At<(String, String)>,
    Body(EnvValue { value }): Body<EnvValue>,
) -> Result<StatusCode, ApiError> {
    find(&daemon, &name).await?;
    check_key(&key)?;
    if value.len() > LONGEST_VALUE || value.contains('\0') {
        let detail = format!("a value holds at most {LONGEST_VALUE} bytes, none of them zero");
        return Err(ApiError::invalid("bad-value", detail));
    }
    match daemon.store().set_variable(&name, seal(&daemon, &name, &key, &value)).await? {
        Setting::Done => {}
        Setting::TooMany => return Err(no_room(&name, &format!("{MOST_VARIABLES} variables"))),
        Setting::TooLarge => return Err(no_room(&name, &format!("{ALL_VALUES} bytes in all values together"))),
    }
    daemon.store().audit(caller.author(), "env.set", Some(&name), Some(key)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove(
    State(daemon): State<Daemon>,
    Deployer(caller): Deployer,
    At((name, key)): At<(String, String)>,
) -> Result<StatusCode, ApiError> {
    find(&daemon, &name).await?;
    if !daemon.store().remove_variable(&name, &key).await? {
        return Err(missing(&name, &key));
    }
    daemon.store().audit(caller.author(), "env.remove", Some(&name), Some(key)).await?;
    Ok(StatusCode::NO_CONTENT)
}
