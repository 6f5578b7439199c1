//! Where a repository lies on an SSH server.

/// Whoever git hosts expect, and so the user where an address names none.
const USUAL_USER: &str = "git";
const USUAL_PORT: u16 = 22;

/// An address over SSH, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SshAddress {
    /// Whom to log in as.
    pub(crate) user: String,
    /// The server.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
    /// The repository there.
    pub(crate) path: String,
}

impl SshAddress {
    /// Takes `ssh://user@host:port/path` or `user@host:path` apart; `None` when it is neither.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (authority, port, path) = if let Some(rest) = text.strip_prefix("ssh://") {
            let at = rest.find('/')?;
            let (authority, path) = rest.split_at(at);
            let (authority, port) = with_port(authority)?;
            // `ssh://host/~ann/x` means a folder of ann's.
            let path = if path.starts_with("/~") { &path[1..] } else { path };
            (authority, port, path)
        } else {
            let at = host_end(text)?;
            (&text[..at], USUAL_PORT, &text[at + 1..])
        };
        let (user, host) = authority.rsplit_once('@').unwrap_or((USUAL_USER, authority));
        let host = host.strip_prefix('[').map_or(Some(host), |rest| rest.strip_suffix(']'))?;
        let good = is_user(user) && is_host(host) && !path.is_empty() && path != "/" && !path.starts_with('-');
        good.then(|| Self {
            user: user.to_owned(),
            host: host.to_ascii_lowercase(),
            port,
            path: path.to_owned(),
        })
    }

    /// Host and port as known-hosts files write them.
    pub(crate) fn place(&self) -> String {
        if self.port == USUAL_PORT {
            self.host.clone()
        } else {
            format!("[{}]:{}", self.host, self.port)
        }
    }

    /// What the server runs to give the repository.
    pub(crate) fn command(&self) -> String {
        let quoted = self.path.replace('\'', "'\\''").replace('!', "'\\!'");
        format!("git-upload-pack '{quoted}'")
    }
}

/// The colon after the host, which may be an IPv6 address in brackets.
fn host_end(text: &str) -> Option<usize> {
    let from = text.find(']').unwrap_or(0);
    text[from..].find(':').map(|at| from + at)
}

fn with_port(authority: &str) -> Option<(&str, u16)> {
    let from = authority.find(']').unwrap_or(0);
    match authority[from..].find(':') {
        None => Some((authority, USUAL_PORT)),
        Some(at) => {
            let (host, port) = authority.split_at(from + at);
            let port = port[1..].parse().ok().filter(|port| *port != 0)?;
            Some((host, port))
        }
    }
}

fn is_user(user: &str) -> bool {
    !user.is_empty() && !user.starts_with('-') && user.chars().all(|c| c.is_ascii_alphanumeric() || "._-+~".contains(c))
}

fn is_host(host: &str) -> bool {
    !host.is_empty() && !host.starts_with('-') && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-_:".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_addresses_apart() {
        for (text, user, host, port, path) in [
            ("git@github.com:ann/shop.git", "git", "github.com", 22, "ann/shop.git"),
            ("GitHub.com:ann/shop", "git", "github.com", 22, "ann/shop"),
            ("ssh://git@github.com/ann/shop.git", "git", "github.com", 22, "/ann/shop.git"),
            (
                "ssh://ann@git.example.com:2222/srv/a b.git",
                "ann",
                "git.example.com",
                2222,
                "/srv/a b.git",
            ),
            ("ssh://host/~ann/shop", "git", "host", 22, "~ann/shop"),
            ("ssh://git@[2001:db8::1]:29/x", "git", "2001:db8::1", 29, "/x"),
            ("git@[2001:db8::1]:x", "git", "2001:db8::1", 22, "x"),
            ("git@host:/srv/x:y", "git", "host", 22, "/srv/x:y"),
        ] {
            let wanted = SshAddress {
                user: user.to_owned(),
                host: host.to_owned(),
                port,
                path: path.to_owned(),
            };
            assert_eq!(SshAddress::parse(text), Some(wanted), "{text}");
        }
    }

    #[test]
    fn refuses_what_leads_nowhere() {
        for text in [
            "ssh://host",
            "ssh://host/",
            "ssh://host:0/x",
            "ssh://host:99999/x",
            "ssh://host:x/y",
            "ssh://-oX/y",
            "ssh://git@/x",
            "git@host:",
            "git@host:-x",
            "-x@host:y",
            "host",
        ] {
            assert_eq!(SshAddress::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_path_is_quoted_for_the_shell_of_the_server() {
        let address = SshAddress::parse("git@host:it's; rm -rf /!").expect("an address");
        assert_eq!(address.command(), r"git-upload-pack 'it'\''s; rm -rf /'\!''");
    }

    #[test]
    fn other_ports_are_other_places() {
        let place = |text: &str| SshAddress::parse(text).expect("an address").place();
        assert_eq!(place("ssh://host/x"), "host");
        assert_eq!(place("ssh://host:2222/x"), "[host]:2222");
    }
}
