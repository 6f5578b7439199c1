//! Who did what.

use super::extract::Params;
use super::{Api, get};
use crate::daemon::Daemon;
use crate::daemon::auth::Admin;
use crate::daemon::problem::ApiError;
use crate::wire::{AuditEntry, Role};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;

/// How many entries are shown when nobody says.
const DEFAULT_LIMIT: u64 = 100;
/// How many are shown at most.
const HIGHEST_LIMIT: u64 = 10_000;

pub(super) fn routes(api: Api) -> Api {
    api.add(
        get("/v1/audit", "Who did what, newest first")
            .needs(Role::Admin)
            .query("limit:integer")
            .answers(200, "[AuditEntry]"),
        audit,
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuditParams {
    limit: Option<u64>,
}

async fn audit(
    State(daemon): State<Daemon>,
    Admin(_): Admin,
    Params(params): Params<AuditParams>,
) -> Result<Json<Vec<AuditEntry>>, ApiError> {
    let limit = params.limit.unwrap_or(DEFAULT_LIMIT).min(HIGHEST_LIMIT);
    Ok(Json(daemon.store().audit_log(limit).await?))
}
