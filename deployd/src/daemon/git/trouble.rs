//! Why a repository cannot be read, in terms of what to do about it.

use super::GitError;
use super::url::RepositoryUrl;

/// A kind of reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nobody answers at the address, or stops answering.
    Unreachable,
    /// The deploy key is not accepted.
    KeyRefused,
    /// The repository is not there, or hidden from whoever asks.
    NotFound,
    /// It asks for a user and a password, which nobody gives over https.
    Private,
    /// The host is not the one that it was.
    HostKeyChanged,
    /// The certificate leads to no authority that is trusted.
    Untrusted,
    /// It has no commit yet.
    Empty,
    /// Whoever wanted it no longer waits.
    Interrupted,
    /// Something else.
    Other,
}

impl Trouble {
    /// A stable word.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::KeyRefused => "key-refused",
            Self::NotFound => "repository-not-found",
            Self::Private => "repository-private",
            Self::HostKeyChanged => "host-key-changed",
            Self::Untrusted => "certificate-untrusted",
            Self::Empty => "repository-empty",
            Self::Interrupted => "interrupted",
            Self::Other => "unreadable",
        }
    }
}

/// A repository that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the repository {url}: {reason}{}", remedy(.help.as_deref()))]
pub(crate) struct Unreadable {
    /// The repository.
    pub(crate) url: String,
    /// Which kind of reason.
    pub(crate) trouble: Trouble,
    /// Why not.
    pub(crate) reason: String,
    /// What to do about it.
    pub(crate) help: Option<String>,
}

impl Unreadable {
    /// A repository that cannot be read for this reason.
    pub(crate) fn new(url: &RepositoryUrl, trouble: Trouble, reason: impl Into<String>) -> Self {
        Self {
            url: url.as_str().to_owned(),
            trouble,
            reason: reason.into(),
            help: None,
        }
    }

    /// The same, with what to do about it.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Nobody waits for it any more.
    pub(crate) fn interrupted(url: &RepositoryUrl) -> Self {
        Self::new(url, Trouble::Interrupted, "interrupted")
    }
}

impl From<Unreadable> for GitError {
    fn from(error: Unreadable) -> Self {
        Self::Unreadable(Box::new(error))
    }
}

fn remedy(help: Option<&str>) -> String {
    help.map(|help| format!("; {help}")).unwrap_or_default()
}

/// What an error of the transport means over https; `None` when it tells nothing in particular.
pub(super) fn of_https(error: &(dyn std::error::Error + 'static)) -> Option<Trouble> {
    let text = chain(error).to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&["invalid peer certificate", "unknownissuer"]) {
        Some(Trouble::Untrusted)
    } else if says(&["http status 401", "http status 403"]) {
        Some(Trouble::Private)
    } else if says(&["http status 404", "http status 410"]) {
        Some(Trouble::NotFound)
    } else if says(&[
        "error sending request",
        "dns error",
        "connection refused",
        "timed out",
        "http status 5",
        "http status 429",
    ]) || is_cut(&text)
    {
        Some(Trouble::Unreachable)
    } else {
        None
    }
}

/// Whether a server stopped in the middle of what it said, by the error's words.
pub(super) fn is_cut(text: &str) -> bool {
    let words = [
        "connection reset",
        "broken pipe",
        "unexpected eof",
        "unexpected end of file",
        "early eof",
        "failed to fill whole buffer",
        "the server was silent",
        "error decoding response body",
    ];
    words.iter().any(|word| text.contains(word))
}

/// What to do about it over https.
pub(super) fn https_help(trouble: Trouble) -> Option<&'static str> {
    match trouble {
        Trouble::Untrusted => Some(
            "name a file with the certificate of its authority, in PEM, by SSL_CERT_FILE in the daemon's environment, and start it again",
        ),
        Trouble::Private => Some("a private repository is read over SSH with the deploy key: register its SSH address"),
        Trouble::NotFound => Some("check the address; a private repository is read over SSH with the deploy key"),
        Trouble::Unreachable => Some("check the address, and that the server may connect to it"),
        _ => None,
    }
}

/// An error with its causes, in one line.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let sentence = cause.to_string();
        if !text.contains(&sentence) {
            text.push_str(": ");
            text.push_str(&sentence);
        }
        source = cause.source();
    }
    text
}
