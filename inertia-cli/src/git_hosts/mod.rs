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
        let usual = match repository.web() {
            web if web == "https://github.com" => "https://api.github.com".to_owned(),
            web => format!("{web}/api/v3"),
        };
        let base = base(Host::GitHub, repository, environment.variable("GITHUB_API_URL"), usual)?;
        Ok(Self::GitHub(github::GitHub::new(&base, token, &repository.path)?))
    }

    /// GitLab with a token, for a repository.
    pub(crate) fn gitlab(token: Token, repository: &Hosted, environment: &Environment) -> Result<Self, Failure> {
        let usual = format!("{}/api/v4", repository.web());
        let base = base(Host::GitLab, repository, environment.variable("GITLAB_API_URL"), usual)?;
        Ok(Self::GitLab(gitlab::GitLab::new(&base, token, &repository.path)?))
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

/// Where a host's API is. A token goes to a host of its kind, by the host's name or because the person says so, and to no
/// other: an address may be another kind of host's, or an alias that only this machine's SSH knows.
fn base(kind: Host, repository: &Hosted, named: Option<&str>, usual: String) -> Result<String, Failure> {
    let brand = kind.brand().unwrap_or("the git host");
    let variable = format!("{}_API_URL", brand.to_ascii_uppercase());
    match (repository.host, named) {
        (host, named) if host == kind => Ok(named.map_or(usual, str::to_owned)),
        (Host::Other, Some(named)) => Ok(named.to_owned()),
        (Host::Other, None) => Err(Failure::usage(format!(
            "whether {} is {brand} cannot be told from its name, so the token was not sent there",
            repository.name
        ))
        .hint(format!("if it is, say where its API is: {variable}={usual}"))),
        (other, _) => Err(Failure::usage(format!(
            "{} is {}, and the token is for {brand}: it was not sent there",
            repository.name,
            other.brand().unwrap_or("another host")
        ))
        .hint("give the token of the host where the repository is, or leave the flag out")),
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
    use super::{base, escaped, same_key};
    use deployd::hosting::{Host, Hosted};

    #[test]
    fn a_token_goes_to_a_host_of_its_kind_only() {
        let at = |kind, url: &str, named: Option<&str>| {
            let repository = Hosted::parse(url).expect(url);
            base(kind, &repository, named, format!("{}/api", repository.web())).map_err(|failure| failure.text())
        };
        for (kind, url, named, wanted) in [
            (Host::GitHub, "https://github.com/a/b", None, Some("https://github.com/api")),
            (
                Host::GitHub,
                "https://github.example.com:8443/a/b",
                None,
                Some("https://github.example.com:8443/api"),
            ),
            (Host::GitLab, "git@altssh.gitlab.com:a/b", None, Some("https://gitlab.com/api")),
            (Host::GitHub, "git@git.example.com:a/b", Some("https://x"), Some("https://x")),
            (Host::GitHub, "git@git.example.com:a/b", None, None),
            (Host::GitHub, "git@work:a/b", None, None),
            (Host::GitHub, "https://gitlab.com/a/b", None, None),
            (Host::GitHub, "https://gitlab.com/a/b", Some("https://api.github.com"), None),
            (Host::GitLab, "git@bitbucket.org:a/b", None, None),
            (Host::GitLab, "https://codeberg.org/a/b", None, None),
        ] {
            assert_eq!(at(kind, url, named).ok().as_deref(), wanted, "{kind:?} {url}");
        }
    }

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
