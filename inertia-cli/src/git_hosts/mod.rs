//! Registering deploy key and webhook at a git host, by its API and with a token of the person.
//!
//! Doing it again finds what is there. The token goes into a header of the host's own API and nowhere else.

mod api;
mod github;
mod gitlab;

pub(crate) use api::Token;

use crate::environment::Environment;
use crate::failure::Failure;
use deployd::hosting::{Host, Hosted};
use std::fmt::Write as _;

/// What a project needs at its git host.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    /// The project's name.
    pub(crate) project: &'a str,
    /// The public key that is to read.
    pub(crate) deploy_key: &'a str,
    /// Where pushes are reported.
    pub(crate) webhook_url: &'a str,
    /// With what reports are signed.
    pub(crate) webhook_secret: &'a str,
}

/// What was found or done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Registered {
    /// It was not there, and is now.
    Added,
    /// It was there.
    Found,
}

impl Registered {
    /// In words.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Found => "found",
        }
    }
}

/// A git host whose API is known.
pub(crate) enum GitHost {
    /// GitHub, or GitHub Enterprise.
    GitHub(github::GitHub),
    /// GitLab, `gitlab.com` or another.
    GitLab(gitlab::GitLab),
}

impl GitHost {
    /// GitHub with a token, for a repository.
    pub(crate) fn github(token: Token, repository: &Hosted, environment: &Environment) -> Result<Self, Failure> {
        let usual = match repository.name.as_str() {
            "github.com" | "ssh.github.com" => "https://api.github.com".to_owned(),
            name => format!("https://{name}/api/v3"),
        };
        let base = environment.variable("GITHUB_API_URL").unwrap_or(&usual);
        Ok(Self::GitHub(github::GitHub::new(base, token, &repository.path)?))
    }

    /// GitLab with a token, for a repository.
    pub(crate) fn gitlab(token: Token, repository: &Hosted, environment: &Environment) -> Result<Self, Failure> {
        let name = match repository.name.as_str() {
            "altssh.gitlab.com" => "gitlab.com",
            name => name,
        };
        let usual = format!("https://{name}/api/v4");
        let base = environment.variable("GITLAB_API_URL").unwrap_or(&usual);
        Ok(Self::GitLab(gitlab::GitLab::new(base, token, &repository.path)?))
    }

    /// Its name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::GitHub(_) => "GitHub",
            Self::GitLab(_) => "GitLab",
        }
    }

    /// Lets the deploy key read.
    pub(crate) async fn add_key(&self, wanted: &Wanted<'_>) -> Result<Registered, Failure> {
        match self {
            Self::GitHub(host) => host.add_key(wanted).await,
            Self::GitLab(host) => host.add_key(wanted).await,
        }
    }

    /// Has pushes reported, without verification of the daemon's self-made certificate.
    pub(crate) async fn add_webhook(&self, wanted: &Wanted<'_>) -> Result<Registered, Failure> {
        match self {
            Self::GitHub(host) => host.add_webhook(wanted).await,
            Self::GitLab(host) => host.add_webhook(wanted).await,
        }
    }
}

/// How a person switches off the verification of certificates where a webhook is set up, in the host's words.
pub(crate) fn verification_switch(host: Host) -> &'static str {
    match host {
        Host::GitHub => "set \"SSL verification\" to \"Disable\"",
        Host::GitLab => "untick \"Enable SSL verification\"",
        Host::Bitbucket => "tick \"Skip certificate verification\"",
        Host::Gitea | Host::Other => {
            "its verification of certificates has to be off for this address; where that cannot be had, the daemon goes on looking for commits by itself"
        }
    }
}

/// Whether two public keys are the same, whatever their comments say.
fn same_key(one: &str, other: &str) -> bool {
    let body = |key: &str| key.split_whitespace().take(2).map(str::to_owned).collect::<Vec<_>>();
    body(one) == body(other)
}

/// A text as one part of a path.
fn escaped(text: &str) -> String {
    let mut part = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            part.push(char::from(byte));
        } else {
            let _ = write!(part, "%{byte:02X}");
        }
    }
    part
}

#[cfg(test)]
mod tests {
    use super::{escaped, same_key};

    #[test]
    fn a_path_becomes_one_part() {
        assert_eq!(escaped("group/sub/my shop.x"), "group%2Fsub%2Fmy%20shop.x");
    }

    #[test]
    fn comments_do_not_make_a_key_another() {
        assert!(same_key("ssh-ed25519 AAAA inertia-shop", "ssh-ed25519 AAAA"));
        assert!(!same_key("ssh-ed25519 AAAA", "ssh-ed25519 AAAB"));
    }
}
