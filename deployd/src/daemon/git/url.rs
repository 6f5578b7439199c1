//! Addresses of repositories: what is taken, and what is refused with a reason.

use crate::ssh_address::SshAddress;
use std::path::Path;

/// A repository's address, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RepositoryUrl {
    text: String,
    transport: Transport,
}

/// How a repository is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// A folder of this machine.
    File,
    /// HTTPS.
    Https,
    /// SSH, with the project's deploy key.
    Ssh,
}

/// Why an address is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UrlError {
    /// It is none of the kinds that are supported.
    #[error(
        "{0:?} is no address of a git repository that can be used: write https://…, ssh://…, git@host:path, file:///… or an absolute path"
    )]
    Unknown(String),
    /// Plain HTTP would let anyone on the way change what is deployed.
    #[error("{0:?} is not encrypted, so anyone on the way could change what is deployed; use https or ssh")]
    Unencrypted(String),
    /// It holds a password, which would be shown wherever the address is.
    #[error("the repository's address holds a password, which would be shown wherever the address is; use the deploy key instead")]
    Password,
    /// What stands before the host may be a token, which would be shown wherever the address is.
    #[error(
        "the repository's address names a user or a token before its host, and would show it wherever the address is; write https://host/path without it, or use ssh with the deploy key"
    )]
    UserInfo,
}

impl RepositoryUrl {
    /// Checks an address.
    pub(crate) fn parse(text: &str) -> Result<Self, UrlError> {
        let unknown = || UrlError::Unknown(text.to_owned());
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(unknown());
        }
        let transport = match text.split_once("://") {
            Some(("file", path)) if path.starts_with('/') => Transport::File,
            Some(("https" | "http", rest)) if authority(rest).contains('@') => return Err(UrlError::UserInfo),
            Some(("https", _)) => Transport::Https,
            Some(("ssh", rest)) => {
                without_password(rest)?;
                SshAddress::parse(text).ok_or_else(unknown)?;
                Transport::Ssh
            }
            Some(("http" | "git", _)) => return Err(UrlError::Unencrypted(text.to_owned())),
            None if text.starts_with('/') => Transport::File,
            None if SshAddress::parse(text).is_some() => Transport::Ssh,
            Some(_) | None => return Err(unknown()),
        };
        Ok(Self {
            text: text.to_owned(),
            transport,
        })
    }

    /// As it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The folder of this machine that it is.
    pub(crate) fn folder(&self) -> Option<&Path> {
        (self.transport == Transport::File).then(|| Path::new(self.text.strip_prefix("file://").unwrap_or(&self.text)))
    }

    /// The host that is asked, with its port; `None` for a folder of this machine.
    pub(crate) fn host(&self) -> Option<String> {
        match self.transport {
            Transport::File => None,
            Transport::Https => self.text.strip_prefix("https://").map(|rest| authority(rest).to_lowercase()),
            Transport::Ssh => SshAddress::parse(&self.text).map(|address| format!("{}:{}", address.host.to_lowercase(), address.port)),
        }
    }

    /// Where it would be over https.
    pub(super) fn over_https(&self) -> Option<String> {
        let address = SshAddress::parse(&self.text).filter(|_| self.transport == Transport::Ssh)?;
        Some(format!("https://{}/{}", address.host, address.path.trim_start_matches('/')))
    }

    /// How the repository is reached.
    pub(crate) fn transport(&self) -> Transport {
        self.transport
    }
}

/// User, host and port of an address.
fn authority(after_scheme: &str) -> &str {
    after_scheme.split(['/', '?', '#']).next().unwrap_or_default()
}

fn without_password(after_scheme: &str) -> Result<(), UrlError> {
    match authority(after_scheme).rsplit_once('@') {
        Some((user, _)) if user.contains(':') => Err(UrlError::Password),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_ways_to_a_repository() {
        for (text, transport) in [
            ("/srv/shop.git", Transport::File),
            ("file:///srv/shop.git", Transport::File),
            ("https://example.com/a/b.git", Transport::Https),
            ("https://example.com/a@b.git", Transport::Https),
            ("ssh://git@example.com:22/a/b.git", Transport::Ssh),
            ("git@example.com:a/b.git", Transport::Ssh),
            ("example.com:b", Transport::Ssh),
        ] {
            assert_eq!(RepositoryUrl::parse(text).map(|url| url.transport()), Ok(transport), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_unsafe_or_unknown() {
        for text in [
            "",
            "shop",
            "../shop",
            "ftp://x/y",
            "ext::sh -c x",
            "-oProxyCommand=x:y",
            "git@-oX:y",
            "file://host",
            "https://a/\nb",
            "a/b:c",
        ] {
            assert_eq!(RepositoryUrl::parse(text), Err(UrlError::Unknown(text.to_owned())), "{text}");
        }
        for text in ["http://example.com/x", "git://example.com/x"] {
            assert_eq!(RepositoryUrl::parse(text), Err(UrlError::Unencrypted(text.to_owned())), "{text}");
        }
        assert_eq!(RepositoryUrl::parse("ssh://me:word@example.com/x"), Err(UrlError::Password));
        for text in [
            "https://me:token@example.com/x",
            "https://token@example.com/x",
            "https://@example.com/x",
            "http://token@example.com/x",
        ] {
            let refused = RepositoryUrl::parse(text).expect_err(text);
            assert_eq!(refused, UrlError::UserInfo, "{text}");
            assert!(!refused.to_string().contains("token@"), "{refused}");
        }
    }
}
