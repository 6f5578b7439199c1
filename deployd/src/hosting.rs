//! Git hosts, as far as their addresses and pages differ.
//!
//! A person is told where to put a deploy key or a webhook, and an https address is turned into the SSH address of the
//! same repository.

use crate::ssh_address::SshAddress;

/// A kind of git host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// GitHub, and GitHub Enterprise where its name says so.
    GitHub,
    /// GitLab, also a company's own where its name says so.
    GitLab,
    /// Bitbucket.
    Bitbucket,
    /// Gitea and Forgejo, Codeberg among them.
    Gitea,
    /// Another one.
    Other,
}

/// A repository at a git host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosted {
    /// Which kind of host.
    pub host: Host,
    /// The host's name.
    pub name: String,
    /// The port of an https address that has one.
    port: Option<u16>,
    /// The repository's path there, without `.git`: `ann/shop`.
    pub path: String,
}

impl Hosted {
    /// Looks at a repository's address; `None` when it is a folder.
    pub fn parse(url: &str) -> Option<Self> {
        let (name, port, path) = if let Some(rest) = url.strip_prefix("https://") {
            let (authority, path) = rest.split_once('/')?;
            let authority = authority.rsplit('@').next().unwrap_or(authority);
            match authority.rsplit_once(':') {
                Some((name, port)) => (name.to_owned(), Some(port.parse().ok()?), path.to_owned()),
                None => (authority.to_owned(), None, path.to_owned()),
            }
        } else {
            let address = SshAddress::parse(url).filter(|_| !url.contains("://") || url.starts_with("ssh://"))?;
            (address.host, None, address.path)
        };
        let path = path.trim_matches('/').trim_end_matches(".git").to_owned();
        let is_plain = path.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
        (!name.is_empty() && is_plain).then(|| Self {
            host: Host::of(&name),
            name: name.to_ascii_lowercase(),
            port,
            path,
        })
    }

    /// The address of the same repository over SSH.
    pub fn ssh_url(&self) -> String {
        format!("git@{}:{}.git", self.name, self.path)
    }

    /// The page where a person adds a deploy key.
    pub fn key_page(&self) -> Option<String> {
        let page = match self.host {
            Host::GitHub | Host::Gitea => "settings/keys",
            Host::GitLab => "-/settings/repository#js-deploy-keys-settings",
            Host::Bitbucket => "admin/access-keys/",
            Host::Other => return None,
        };
        Some(format!("{}/{page}", self.page()))
    }

    /// The page where a person adds a webhook.
    pub fn webhook_page(&self) -> Option<String> {
        let page = match self.host {
            Host::GitHub => "settings/hooks/new",
            Host::GitLab => "-/hooks",
            Host::Bitbucket => "admin/webhooks",
            Host::Gitea => "settings/hooks",
            Host::Other => return None,
        };
        Some(format!("{}/{page}", self.page()))
    }

    /// Where a person adds a deploy key, in words.
    pub fn key_place(&self) -> String {
        self.key_page().unwrap_or_else(|| {
            format!(
                "{}, among the deploy keys of {} (on a plain SSH server: ~/.ssh/authorized_keys)",
                self.name, self.path
            )
        })
    }

    fn page(&self) -> String {
        format!("{}/{}", self.web(), self.path)
    }

    /// The host's address for people and programs: `https://git.example.com:8443`.
    pub fn web(&self) -> String {
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("https://{}{port}", self.main_name())
    }

    /// The host's name, where it has several: hosts that also answer SSH on the port of https have a name of its own for it.
    pub fn main_name(&self) -> &str {
        match self.name.as_str() {
            "ssh.github.com" => "github.com",
            "altssh.gitlab.com" => "gitlab.com",
            "altssh.bitbucket.org" => "bitbucket.org",
            name => name,
        }
    }
}

impl Host {
    /// Its name, as it writes it; `None` of one that is not known.
    pub fn brand(self) -> Option<&'static str> {
        match self {
            Self::GitHub => Some("GitHub"),
            Self::GitLab => Some("GitLab"),
            Self::Bitbucket => Some("Bitbucket"),
            Self::Gitea => Some("Gitea"),
            Self::Other => None,
        }
    }

    fn of(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let is_or_has =
            |domain: &str, word: &str| name == domain || name.ends_with(&format!(".{domain}")) || name.split('.').any(|part| part == word);
        if is_or_has("github.com", "github") {
            Self::GitHub
        } else if is_or_has("gitlab.com", "gitlab") {
            Self::GitLab
        } else if is_or_has("bitbucket.org", "bitbucket") {
            Self::Bitbucket
        } else if name == "codeberg.org" || name.split('.').any(|part| part == "gitea" || part == "forgejo") {
            Self::Gitea
        } else {
            Self::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_hosts_and_their_pages() {
        for (url, host, ssh, page) in [
            (
                "https://github.com/ann/shop.git",
                Host::GitHub,
                "git@github.com:ann/shop.git",
                "https://github.com/ann/shop/settings/keys",
            ),
            (
                "ssh://git@ssh.github.com:443/ann/shop.git",
                Host::GitHub,
                "git@ssh.github.com:ann/shop.git",
                "https://github.com/ann/shop/settings/keys",
            ),
            (
                "https://gitlab.com/group/sub/shop/",
                Host::GitLab,
                "git@gitlab.com:group/sub/shop.git",
                "https://gitlab.com/group/sub/shop/-/settings/repository#js-deploy-keys-settings",
            ),
            (
                "git@bitbucket.org:ann/shop.git",
                Host::Bitbucket,
                "git@bitbucket.org:ann/shop.git",
                "https://bitbucket.org/ann/shop/admin/access-keys/",
            ),
            (
                "https://codeberg.org/ann/shop",
                Host::Gitea,
                "git@codeberg.org:ann/shop.git",
                "https://codeberg.org/ann/shop/settings/keys",
            ),
            (
                "https://gitlab.example.com:8443/ann/shop",
                Host::GitLab,
                "git@gitlab.example.com:ann/shop.git",
                "https://gitlab.example.com:8443/ann/shop/-/settings/repository#js-deploy-keys-settings",
            ),
        ] {
            let hosted = Hosted::parse(url).expect(url);
            assert_eq!((hosted.host, hosted.ssh_url().as_str()), (host, ssh), "{url}");
            assert_eq!(hosted.key_page().as_deref(), Some(page), "{url}");
            assert!(hosted.webhook_page().is_some(), "{url}");
        }
    }

    #[test]
    fn of_others_only_the_name_is_known() {
        let hosted = Hosted::parse("https://git.example.com/ann/shop.git").expect("a host");
        assert_eq!((hosted.host, hosted.key_page()), (Host::Other, None));
        assert!(
            hosted
                .key_place()
                .starts_with("git.example.com, among the deploy keys of ann/shop (")
        );
        assert_eq!(hosted.ssh_url(), "git@git.example.com:ann/shop.git");
        for folder in [
            "/srv/shop.git",
            "file:///srv/shop.git",
            "https://github.com/",
            "https://x",
            "https://github.com/../user",
        ] {
            assert_eq!(Hosted::parse(folder), None, "{folder}");
        }
    }
}
