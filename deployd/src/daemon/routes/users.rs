//! People: let in by a one-time code, and out at once.

use super::extract::{At, Body, SMALL_BODY};
use super::tokens::last_admin;
use super::{Api, delete, get, post};
use crate::daemon::attempts::Attempt;
use crate::daemon::auth::Admin;
use crate::daemon::connections::Place;
use crate::daemon::peer::Peer;
use crate::daemon::problem::ApiError;
use crate::daemon::state_dir::random;
use crate::daemon::store::{Author, Invitation, Invited, MOST_CODES, Redeemed, Removed};
use crate::daemon::{Daemon, FIRST_ADMIN};
use crate::wire::{JoinRequest, Role, TokenCreated, UserInfo, UserInvited, UserRequest};
use axum::Json;
use axum::extract::State;
use axum::http::{Extensions, StatusCode};
use compose_core::hash::hex;
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use time::OffsetDateTime;

/// How long a code is good.
const CODE_LIFETIME: time::Duration = time::Duration::days(1);
/// How long the token lasts that a code is exchanged for.
const TOKEN_LIFETIME: Duration = Duration::from_hours(365 * 24);

pub(super) fn routes(api: Api) -> Api {
    api.add(
        post("/v1/users", "Let a person in, by a code that is good for a day and once")
            .needs(Role::Admin)
            .body("UserRequest")
            .answers(201, "UserInvited"),
        invite,
    )
    .add(get("/v1/users", "The people").needs(Role::Admin).answers(200, "[UserInfo]"), list)
    .add(
        delete(
            "/v1/users/{name}",
            "Forget a person, and revoke every token and code the person has or made",
        )
        .needs(Role::Admin)
        .answers_nothing(),
        remove,
    )
    .add(
        post("/v1/join", "Exchange a one-time code for a token")
            .body("JoinRequest")
            .answers(201, "TokenCreated"),
        join,
    )
}

/// What is kept of a code.
fn digest(code: &str) -> [u8; 32] {
    Sha256::digest(code.as_bytes()).into()
}

fn check_name(name: &str) -> Result<(), ApiError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-@".contains(c);
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !begins || name.len() > 63 || !name.chars().all(fits) {
        let detail = format!(
            "{name:?} is no name of a person: use at most 63 letters, digits, '.', '_', '-' and '@', beginning with a letter or digit"
        );
        return Err(ApiError::invalid("bad-name", detail));
    }
    if name == FIRST_ADMIN {
        let detail = format!("{FIRST_ADMIN:?} stands for whoever has the server itself; choose another name");
        return Err(ApiError::invalid("bad-name", detail));
    }
    Ok(())
}

async fn invite(
    State(daemon): State<Daemon>,
    Admin(caller): Admin,
    Body(request): Body<UserRequest>,
) -> Result<(StatusCode, Json<UserInvited>), ApiError> {
    let UserRequest { name, role } = request;
    check_name(&name)?;
    let code = hex(&random::<32>());
    let expires_at = OffsetDateTime::now_utc() + CODE_LIFETIME;
    let invitation = Invitation {
        name: name.clone(),
        role,
        code: digest(&code),
        expires_at,
        by: caller.owner.clone(),
    };
    match daemon.store().invite(invitation).await? {
        Invited::Yes => {}
        Invited::OtherRole(has) => {
            return Err(ApiError::conflict("user-exists", format!("{name} is known and has the role {has}"))
                .help(format!("remove {name} first, then let them in with the role {role}")));
        }
        Invited::TooMany => {
            return Err(ApiError::conflict(
                "too-many-codes",
                format!("{name} holds {MOST_CODES} codes that were not used; they end within a day"),
            ));
        }
    }
    let detail = format!("{name} ({role})");
    daemon.store().audit(caller.author(), "user.add", None, Some(detail)).await?;
    let invited = UserInvited {
        name,
        role,
        code,
        expires_at,
    };
    Ok((StatusCode::CREATED, Json(invited)))
}

async fn list(State(daemon): State<Daemon>, Admin(_): Admin) -> Result<Json<Vec<UserInfo>>, ApiError> {
    Ok(Json(daemon.store().users().await?))
}

async fn remove(State(daemon): State<Daemon>, Admin(caller): Admin, At(name): At<String>) -> Result<StatusCode, ApiError> {
    match daemon.store().remove_user(name.clone()).await? {
        Removed::Yes => daemon.revocations().wake(),
        Removed::LastAdmin => return Err(last_admin()),
        Removed::Unknown => {
            let detail = format!("there is no person {name:?}");
            return Err(ApiError::new(StatusCode::NOT_FOUND, "user-not-found", detail).help("see `inertia NAME user ls`"));
        }
    }
    daemon.store().audit(caller.author(), "user.remove", None, Some(name)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What to do with a line that is not good.
const ASK: &str = "ask an administrator for another line: `inertia NAME user add`";

fn refused(detail: &str, help: &str) -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, "join-refused", detail).help(help)
}

/// Why a code gives no token, unless it does.
fn refusal(redeemed: Redeemed) -> Option<ApiError> {
    match redeemed {
        Redeemed::Yes => None,
        Redeemed::Expired => Some(refused("the line was good for a day, which is over", ASK)),
        Redeemed::Unknown => Some(refused("the line is not one of this daemon's, or its person was removed", ASK)),
        Redeemed::Used => Some(refused(
            "the line was used already, and is good once",
            "if it was not you, tell an administrator to remove you, and ask for another line",
        )),
    }
}

async fn join(
    State(daemon): State<Daemon>,
    extensions: Extensions,
    Body(request): Body<JoinRequest, SMALL_BODY>,
) -> Result<(StatusCode, Json<TokenCreated>), ApiError> {
    let JoinRequest { name, code } = request;
    let (peer, place) = (Peer::of(&extensions), Place::of(&extensions));
    let store = daemon.store();
    // The same work is done for a name that nobody has, so that who guesses names learns nothing from when the answer comes.
    let role = store.role(name.clone()).await?.unwrap_or(Role::Viewer);
    let (token, info) = daemon.authority().sign(&name, role, TOKEN_LIFETIME)?;
    let redeemed = store.redeem(name.clone(), digest(&code), info.clone()).await?;
    if let Some(refusal) = refusal(redeemed) {
        return Err(daemon.attempts().refuse(Attempt::JoinCode, peer, refusal));
    }
    if let Some(place) = place {
        place.know(&name);
    }
    let author = Author { name, peer };
    store.audit(author, "user.join", None, Some(info.id.clone())).await?;
    Ok((StatusCode::CREATED, Json(TokenCreated { token, info })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_fits_into_a_line() {
        for name in ["ann", "Ann.B", "ann@example.com", "1", "a-b_c"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for name in ["", "admin", ".a", "-a", "a b", "a/b", "a#b", "ä", &"a".repeat(64)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
