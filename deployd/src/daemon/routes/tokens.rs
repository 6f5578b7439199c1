//! Tokens for people and machines.

use super::extract::{At, Body};
use super::{Api, delete, get, post};
use crate::daemon::Daemon;
use crate::daemon::auth::{Admin, DEFAULT_LIFETIME, LONGEST_LIFETIME, NewToken};
use crate::daemon::problem::ApiError;
use crate::daemon::store::Removed;
use crate::wire::{Role, TokenCreated, TokenInfo, TokenRequest};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use std::time::Duration;

pub(super) fn routes(api: Api) -> Api {
    api.add(
        post("/v1/tokens", "Make a token")
            .needs(Role::Admin)
            .body("TokenRequest")
            .answers(201, "TokenCreated"),
        create,
    )
    .add(
        get("/v1/tokens", "The tokens that hold")
            .needs(Role::Admin)
            .answers(200, "[TokenInfo]"),
        list,
    )
    .add(
        delete("/v1/tokens/{id}", "Revoke a token").needs(Role::Admin).answers_nothing(),
        revoke,
    )
}

/// The refusal to leave a daemon that nobody can administer.
pub(super) fn last_admin() -> ApiError {
    ApiError::conflict("last-admin", "nobody could administer the daemon any more").help("let another administrator in first")
}

async fn create(
    State(daemon): State<Daemon>,
    Admin(caller): Admin,
    Body(request): Body<TokenRequest>,
) -> Result<(StatusCode, Json<TokenCreated>), ApiError> {
    let subject = request.subject.trim();
    if subject.is_empty() || subject.chars().count() > 100 || subject.chars().any(char::is_control) {
        return Err(ApiError::invalid(
            "bad-subject",
            "a token needs a subject of 1 to 100 printable characters",
        ));
    }
    let lifetime = request.expires_in.map_or(DEFAULT_LIFETIME, Duration::from_secs);
    if lifetime.is_zero() || lifetime > LONGEST_LIFETIME {
        return Err(ApiError::invalid("bad-lifetime", "a token lasts between a second and ten years"));
    }
    let new = NewToken {
        subject,
        owner: caller.owner.clone(),
        role: request.role,
        lifetime,
    };
    let (token, info) = daemon.authority().issue(daemon.store(), new).await?;
    let detail = format!("{} ({}) for {}", info.id, info.role, info.subject);
    daemon.store().audit(caller.author(), "token.create", None, Some(detail)).await?;
    Ok((StatusCode::CREATED, Json(TokenCreated { token, info })))
}

async fn list(State(daemon): State<Daemon>, Admin(_): Admin) -> Result<Json<Vec<TokenInfo>>, ApiError> {
    Ok(Json(daemon.store().tokens().await?))
}

async fn revoke(State(daemon): State<Daemon>, Admin(caller): Admin, At(id): At<String>) -> Result<StatusCode, ApiError> {
    match daemon.store().revoke_token(id.clone()).await? {
        Removed::Yes => daemon.revocations().wake(),
        Removed::LastAdmin => return Err(last_admin()),
        Removed::Unknown => {
            let detail = format!("there is no token {id:?}");
            return Err(ApiError::new(StatusCode::NOT_FOUND, "token-not-found", detail).help("see `inertia NAME token ls`"));
        }
    }
    daemon.store().audit(caller.author(), "token.revoke", None, Some(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
