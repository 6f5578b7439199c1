//! Tokens: JWT signed with HS256 by a key of this daemon, each known to the store by its id.

use crate::daemon::attempts::Attempt;
use crate::daemon::connections::Place;
use crate::daemon::peer::Peer;
use crate::daemon::problem::ApiError;
use crate::daemon::state_dir::{StateDir, StateDirError, random};
use crate::daemon::store::{Author, Store};
use crate::daemon::{Daemon, FIRST_ADMIN};
use crate::wire::{Role, TokenInfo};
use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
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
        if !has_own_header(token) {
            return None;
        }
        decode::<Claims>(token, &self.check, &self.rules).ok().map(|data| data.claims)
    }
}

/// The header of a token, as this daemon writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnHeader {
    typ: String,
    alg: Algorithm,
}

/// Whether a token's header says what this daemon writes, and nothing else: what else there is would have to be understood,
/// `crit` above all.
fn has_own_header(token: &str) -> bool {
    let (head, _) = token.split_once('.').unwrap_or_default();
    let bytes = URL_SAFE_NO_PAD.decode(head).unwrap_or_default();
    let header = serde_json::from_slice::<OwnHeader>(&bytes);
    header.is_ok_and(|header| header.typ == "JWT" && header.alg == Algorithm::HS256)
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
    /// Where the request came from.
    peer: Peer,
}

impl Caller {
    async fn of(parts: &Parts, daemon: &Daemon) -> Result<Self, ApiError> {
        let token = bearer(parts).ok_or_else(ApiError::unauthorized)?;
        let peer = Peer::of(&parts.extensions);
        let Some(caller) = Self::holding(token, peer, daemon).await? else {
            return Err(daemon.attempts().refuse(Attempt::Token, peer, ApiError::unauthorized()));
        };
        if let Some(place) = Place::of(&parts.extensions) {
            place.know(&caller.id);
        }
        Ok(caller)
    }

    /// Whoever holds a token, while it holds.
    async fn holding(token: &str, peer: Peer, daemon: &Daemon) -> Result<Option<Self>, ApiError> {
        let Some(claims) = daemon.authority().check(token) else {
            return Ok(None);
        };
        let held = daemon.store().token(claims.jti.clone()).await?;
        Ok(held.map(|held| Self {
            id: claims.jti,
            expires_at: claims.exp,
            subject: claims.sub,
            role: claims.role,
            owner: held.owner,
            peer,
        }))
    }

    /// Who that is, and from where, for the audit.
    pub(crate) fn author(&self) -> Author {
        Author {
            name: self.actor(),
            peer: self.peer,
        }
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
    let (scheme, token) = parts.headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
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
                peer: Peer::default(),
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
    fn refuses_headers_that_say_more_or_less() {
        let (_temp, authority) = authority();
        let body = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims(60)).expect("json"));
        let token = |header: &str| {
            let message = format!("{}.{body}", URL_SAFE_NO_PAD.encode(header));
            let mac = jsonwebtoken::crypto::sign(message.as_bytes(), &authority.sign, Algorithm::HS256).expect("signs");
            format!("{message}.{mac}")
        };
        assert!(authority.check(&token(r#"{"typ":"JWT","alg":"HS256"}"#)).is_some());
        for header in [
            r#"{"typ":"JWT","alg":"HS256","crit":["b64"],"b64":false}"#,
            r#"{"typ":"JWT","alg":"HS256","crit":[]}"#,
            r#"{"typ":"JWT","alg":"HS256","kid":"1"}"#,
            r#"{"typ":"JWT","alg":"HS256","x":null}"#,
            r#"{"typ":"JWT","alg":"HS256","alg":"HS256"}"#,
            r#"{"typ":"at+jwt","alg":"HS256"}"#,
            r#"{"alg":"HS256"}"#,
        ] {
            assert_eq!(authority.check(&token(header)), None, "{header}");
        }
    }

    #[test]
    fn refuses_other_algorithms_keys_and_changes() {
        let (_temp, ours) = authority();
        let (_other, theirs) = authority();
        let good = signed(&ours, Algorithm::HS256, &claims(60));
        let (signed_part, mac) = good.rsplit_once('.').expect("three parts");
        let (head, body) = signed_part.split_once('.').expect("three parts");
        let none = URL_SAFE_NO_PAD.encode(br#"{"alg":"none","typ":"JWT"}"#);
        let admin = URL_SAFE_NO_PAD.encode(
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
