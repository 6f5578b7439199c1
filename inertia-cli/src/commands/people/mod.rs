//! Who may use a daemon: people, who come in by a line of their own, and tokens for machines.

pub(crate) mod audit;
pub(crate) mod join;
mod line;
pub(crate) mod token;
pub(crate) mod user;

pub(crate) use audit::AuditArgs;
pub(crate) use join::JoinArgs;
pub(crate) use token::TokenArgs;
pub(crate) use user::UserArgs;

use crate::client::Client;
use crate::failure::Failure;
use crate::remotes::{Remote, Remotes};
use crate::settings::Settings;
use clap::ValueEnum;
use deployd::wire;

/// What a person or a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Look
    Viewer,
    /// Deploy, roll back, stop, set variables
    Deployer,
    /// Everything, other people included
    Admin,
}

impl From<Role> for wire::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Viewer => Self::Viewer,
            Role::Deployer => Self::Deployer,
            Role::Admin => Self::Admin,
        }
    }
}

/// A daemon that is talked to about people; no project is needed.
struct Daemon {
    client: Client,
    name: String,
    remote: Remote,
}

impl Daemon {
    fn find(settings: &Settings) -> Result<Self, Failure> {
        let remotes = Remotes::load(&settings.environment.cwd)?;
        let (name, remote) = remotes.find(settings.remote.as_deref())?;
        Ok(Self {
            client: Client::open(name, remote, settings)?,
            name: name.to_owned(),
            remote: remote.clone(),
        })
    }
}

/// A name or id as a part of a path; what cannot be one is refused before it is sent.
fn part(text: &str, what: &str) -> Result<String, Failure> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-@".contains(c);
    if !text.is_empty() && text.chars().all(fits) && !text.chars().all(|c| c == '.') {
        return Ok(text.to_owned());
    }
    Err(Failure::usage(format!("'{text}' is no {what}")))
}
