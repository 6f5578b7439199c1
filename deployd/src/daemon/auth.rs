//! Tokens: JWT signed with HS256 by a key of this daemon, each known to the store by its id.

use crate::daemon::problem::ApiError;
use crate::daemon::state_dir::{StateDir, StateDirError, random};
use crate::daemon::store::Store;
use crate::daemon::{Daemon, FIRST_ADMIN};
use crate::wire::{Role, TokenInfo};
use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use compose_core::hash::hex;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use time::OffsetDateTime;

/// How long a token lasts when nobody says.
pub(crate) const DEFAULT_LIFETIME: Duration = Duration::from_hours(30 * 24);
/// How long a token may last.
pub(crate) const LONGEST_LIFETIME: Duration = Duration::from_hours(3650 * 24);

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// Whom it was given to.
    pub(crate) sub: String,
    /// What it allows.
    pub(crate) role: Role,
    /// Its id.
    pub(crate) jti: String,
    /// Seconds since 1970 when it ends.
    pub(crate) exp: i64,
    /// Seconds since 1970 when it was made.
    pub(crate) iat: i64,
}

/// A token to make.
pub(crate) struct NewToken<'a> {
    /// Whom it is given to.
    pub(crate) subject: &'a str,
    /// The person whose it is, or who makes it.
    pub(crate) owner: Option<String>,
    /// What it allows.
    pub(crate) role: Role,
    /// How long it lasts.
    pub(crate) lifetime: Duration,
}

/// Signs tokens and checks signatures.
pub(crate) struct Authority {
    sign: EncodingKey,
    check: DecodingKey,
    rules: Validation,
}

impl Authority {
    /// The authority of a state folder; its key is made at the first call.
    pub(crate) fn open_in(dir: &StateDir) -> Result<Self, StateDirError> {
        let key = dir.key("jwt.key")?;
        let mut rules = Validation::new(Algorithm::HS256);
        rules.leeway = 0;
        rules.set_required_spec_claims(&["exp", "sub"]);
        Ok(Self {
            sign: EncodingKey::from_secret(&*key),
            check: DecodingKey::from_secret(&*key),
            rules,
        })
    }

    /// Makes a token and tells the store about it, and about the person whose it is or who makes it.
    pub(crate) async fn issue(&self, store: &Store, new: NewToken<'_>) -> Result<(String, TokenInfo), ApiError> {
        let (token, info) = self.sign(new.subject, new.role, new.lifetime)?;
        if !store.add_token(info.clone(), new.owner).await? {
            return Err(ApiError::unauthorized());
        }
        Ok((token, info))
    }

    /// Makes a token, which holds once the store knows it.
    pub(crate) fn sign(&self, subject: &str, role: Role, lifetime: Duration) -> Result<(String, TokenInfo), ApiError> {
        let created_at = OffsetDateTime::now_utc();
        let expires_at = created_at + lifetime;
        let claims = Claims {
            sub: subject.to_owned(),
            role,
            jti: hex(&random::<16>()),
            exp: expires_at.unix_timestamp(),
            iat: created_at.unix_timestamp(),
        };
        let token = encode(&Header::new(Algorithm::HS256), &claims, &self.sign).map_err(ApiError::internal)?;
        let info = TokenInfo {
            id: claims.jti,
            subject: claims.sub,
            role,
            created_at,
            expires_at,
            revoked: false,
        };
        Ok((token, info))
    }

    /// What a token says, when this daemon signed it and it has not ended. Revocation is the store's to know.
    pub(crate) fn check(&self, token: &str) -> Option<Claims> {
        decode::<Claims>(token, &self.check, &self.rules).ok().map(|data| data.claims)
    }
}

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The token's id.
    id: String,
    /// Seconds since 1970 when it ends.
    expires_at: i64,
    /// The token's subject.
    subject: String,
    /// What the token allows.
    pub(crate) role: Role,
    /// The person whose token it is, or who made it.
    pub(crate) owner: Option<String>,
}

impl Caller {
    async fn of(parts: &Parts, daemon: &Daemon) -> Result<Self, ApiError> {
        let claims = bearer(parts).and_then(|token| daemon.authority().check(token));
        let claims = claims.ok_or_else(ApiError::unauthorized)?;
        let held = daemon.store().token(claims.jti.clone()).await?;
        let held = held.ok_or_else(ApiError::unauthorized)?;
        Ok(Self {
            id: claims.jti,
            expires_at: claims.exp,
            subject: claims.sub,
            role: claims.role,
            owner: held.owner,
        })
    }

    /// Who that is. Subjects are free text: the person behind a token is named too, unless it is that person's own.
    pub(crate) fn actor(&self) -> String {
        let owner = self.owner.as_deref().unwrap_or(FIRST_ADMIN);
        if owner == self.subject {
            return owner.to_owned();
        }
        format!("{} (token of {owner})", self.subject)
    }

    /// Resolves once the token holds no more: at its end, or as soon as it is revoked.
    pub(crate) fn lapse(&self, daemon: &Daemon) -> impl Future<Output = ()> + Send + use<> {
        let (daemon, id) = (daemon.clone(), self.id.clone());
        let left = self.expires_at.saturating_sub(OffsetDateTime::now_utc().unix_timestamp());
        let left = Duration::from_secs(u64::try_from(left).unwrap_or(0));
        let mut revocations = daemon.revocations().subscribe();
        async move {
            let revoked = async {
                // Asked before the first wait too: it may have been revoked since the request was let in.
                while matches!(daemon.store().token(id.clone()).await, Ok(Some(_))) && revocations.changed().await.is_ok() {}
            };
            tokio::select! {
                () = revoked => {}
                () = tokio::time::sleep(left) => {}
            }
        }
    }

    async fn at_least(role: Role, parts: &Parts, daemon: &Daemon) -> Result<Self, ApiError> {
        let caller = Self::of(parts, daemon).await?;
        if caller.role < role {
            return Err(ApiError::forbidden(caller.role, role));
        }
        Ok(caller)
    }
}

fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

macro_rules! role {
    ($(#[$doc:meta])* $type:ident, $role:expr) => {
        $(#[$doc])*
        pub(crate) struct $type(pub(crate) Caller);

        impl FromRequestParts<Daemon> for $type {
            type Rejection = ApiError;

            async fn from_request_parts(parts: &mut Parts, daemon: &Daemon) -> Result<Self, ApiError> {
                Caller::at_least($role, parts, daemon).await.map(Self)
            }
        }
    };
}

role!(
    /// A caller who may look.
    Viewer,
    Role::Viewer
);
role!(
    /// A caller who may deploy.
    Deployer,
    Role::Deployer
);
role!(
    /// A caller who may do everything.
    Admin,
    Role::Admin
);

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
    use jsonwebtoken::get_current_timestamp;

    fn authority() -> (tempfile::TempDir, Authority) {
        let temp = tempfile::tempdir().expect("a temporary folder");
        let dir = StateDir::open(temp.path()).expect("opens");
        (temp, Authority::open_in(&dir).expect("a key"))
    }

    #[test]
    fn a_token_does_not_act_as_somebody_else() {
        for (subject, owner, wanted) in [
            ("ann", Some("ann"), "ann"),
            ("bob", Some("ann"), "bob (token of ann)"),
            ("admin", Some("ann"), "admin (token of ann)"),
            ("admin", None, "admin"),
            ("bob", None, "bob (token of admin)"),
        ] {
            let caller = Caller {
                id: "1".to_owned(),
                expires_at: 0,
                subject: subject.to_owned(),
                role: Role::Admin,
                owner: owner.map(str::to_owned),
            };
            assert_eq!(caller.actor(), wanted);
        }
    }

    fn claims(from_now: i64) -> Claims {
        let now = i64::try_from(get_current_timestamp()).expect("in range");
        Claims {
            sub: "ann".to_owned(),
            role: Role::Viewer,
            jti: "1".to_owned(),
            exp: now + from_now,
            iat: now,
        }
    }

    fn signed(authority: &Authority, algorithm: Algorithm, claims: &Claims) -> String {
        encode(&Header::new(algorithm), claims, &authority.sign).expect("signs")
    }

    #[test]
    fn takes_its_own_tokens_while_they_last() {
        let (_temp, authority) = authority();
        let wanted = claims(60);
        assert_eq!(authority.check(&signed(&authority, Algorithm::HS256, &wanted)), Some(wanted));
        assert_eq!(authority.check(&signed(&authority, Algorithm::HS256, &claims(-1))), None);
    }

    #[test]
    fn refuses_other_algorithms_keys_and_changes() {
        let (_temp, ours) = authority();
        let (_other, theirs) = authority();
        let good = signed(&ours, Algorithm::HS256, &claims(60));
        let (signed_part, mac) = good.rsplit_once('.').expect("three parts");
        let (head, body) = signed_part.split_once('.').expect("three parts");
        let none = BASE64.encode(br#"{"alg":"none","typ":"JWT"}"#);
        let admin = BASE64.encode(
            serde_json::to_vec(&Claims {
                role: Role::Admin,
                ..claims(60)
            })
            .expect("json"),
        );
        for bad in [
            signed(&ours, Algorithm::HS384, &claims(60)),
            signed(&theirs, Algorithm::HS256, &claims(60)),
            format!("{none}.{body}."),
            format!("{none}.{body}.{mac}"),
            format!("{head}.{admin}.{mac}"),
            good[..good.len() - 2].to_owned(),
            signed_part.to_owned(),
            String::new(),
        ] {
            assert_eq!(ours.check(&bad), None, "{bad}");
        }
    }
}
