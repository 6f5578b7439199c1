//! Who may do what: tokens, and the people who hold them.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::serde::rfc3339;

/// What a token allows; each role may do what the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Look.
    Viewer,
    /// Deploy, roll back, stop, set variables.
    Deployer,
    /// Register projects, give and take tokens, see the webhook's secret.
    Admin,
}

impl Role {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Deployer => "deployer",
            Self::Admin => "admin",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "viewer" => Ok(Self::Viewer),
            "deployer" => Ok(Self::Deployer),
            "admin" => Ok(Self::Admin),
            other => Err(format!("{other:?} is no role: viewer, deployer or admin")),
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// `POST /v1/tokens`: a token for a person or a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    /// Whom it is for.
    pub subject: String,
    /// What it allows.
    pub role: Role,
    /// Seconds until it expires; 30 days when absent, ten years at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
}

/// The answer to [`TokenRequest`]: the only time that the token itself is shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenCreated {
    /// The token, for `Authorization: Bearer`.
    pub token: String,
    /// What is known about it from now on.
    #[serde(flatten)]
    pub info: TokenInfo,
}

impl std::fmt::Debug for TokenCreated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenCreated({:?})", self.info)
    }
}

/// `GET /v1/tokens`: one token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenInfo {
    /// Its id, by which `DELETE /v1/tokens/{id}` revokes it.
    pub id: String,
    /// Whom it is for.
    pub subject: String,
    /// What it allows.
    pub role: Role,
    /// When it was made.
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it ends.
    #[serde(with = "rfc3339")]
    pub expires_at: OffsetDateTime,
    /// It was revoked.
    pub revoked: bool,
}

/// `POST /v1/users`: lets a person in, or onto another machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserRequest {
    /// The person's name: letters, digits, `.`, `_`, `-` and `@`, beginning with a letter or digit, at most 63.
    pub name: String,
    /// What the person may do.
    pub role: Role,
}

/// The answer to [`UserRequest`]: the only time that the code is shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserInvited {
    /// The person's name.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// The code that the person shows once, to `POST /v1/join`.
    pub code: String,
    /// When the code ends.
    #[serde(with = "rfc3339")]
    pub expires_at: OffsetDateTime,
}

impl std::fmt::Debug for UserInvited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "UserInvited({}, {})", self.name, self.role)
    }
}

/// `GET /v1/users`: one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserInfo {
    /// The person's name.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// When the person was let in first.
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    /// How many tokens hold that the person has or made.
    pub tokens: u64,
    /// Until when a code may be used that was not used yet.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "rfc3339::option")]
    pub invited_until: Option<OffsetDateTime>,
}

/// `POST /v1/join`: a code for a token; answered by [`TokenCreated`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinRequest {
    /// The person's name.
    pub name: String,
    /// The code.
    pub code: String,
}

impl std::fmt::Debug for JoinRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "JoinRequest({})", self.name)
    }
}
