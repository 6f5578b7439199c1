//! Where a connection goes and by whom: flags and `~/.ssh/config` taken together.

use super::config::{self, HostConfig};
use super::error::SshError;
use super::host_key::known_name;
use crate::environment::Environment;
use std::path::{Path, PathBuf};

/// The port of SSH.
pub(crate) const SSH_PORT: u16 = 22;
/// How many hosts may be jumped through.
const MOST_JUMPS: usize = 8;

/// What a person said about where to go; the rest comes from their configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// A name, an address or an alias of the configuration.
    pub(crate) host: String,
    /// The user there.
    pub(crate) user: Option<String>,
    /// The port of SSH.
    pub(crate) port: Option<u16>,
    /// The private key to show first.
    pub(crate) identity: Option<PathBuf>,
}

/// Where a connection goes, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    /// A name or an address.
    pub(crate) host: String,
    /// The port of SSH.
    pub(crate) port: u16,
    /// The user there.
    pub(crate) user: String,
    /// The key that was asked for by a flag.
    pub(super) identity: Option<PathBuf>,
    /// Keys of the configuration, in its order.
    pub(super) identity_files: Vec<PathBuf>,
    /// Keys that nobody asked for, where they usually lie.
    pub(super) usual_files: Vec<PathBuf>,
    /// The agent's socket.
    pub(super) agent: Option<PathBuf>,
    /// The agent signs for keys of files alone; those that only it holds are not shown.
    pub(super) files_alone: bool,
    /// The person's files of host keys; new ones are written to the first, or nowhere.
    pub(super) known_hosts: Vec<PathBuf>,
    /// The name under which the host's key is known.
    pub(super) key_name: String,
    /// The hosts on the way, the first to be connected to first.
    pub(super) jumps: Vec<Destination>,
}

impl Destination {
    /// Finds out where to go.
    pub(crate) fn resolve(wanted: &Wanted, environment: &Environment) -> Result<Self, SshError> {
        resolve(wanted, environment, MOST_JUMPS)
    }

    /// The key that was asked for, where there is no file of that name.
    pub(crate) fn missing_key(&self) -> Option<&Path> {
        self.identity.as_deref().filter(|path| !path.is_file())
    }

    /// `user@host`, with the port where it is not the usual one.
    pub(crate) fn shown(&self) -> String {
        let port = if self.port == SSH_PORT {
            String::new()
        } else {
            format!(":{}", self.port)
        };
        format!("{}@{}{port}", self.user, self.host)
    }
}

fn resolve(wanted: &Wanted, environment: &Environment, jumps_left: usize) -> Result<Destination, SshError> {
    let home = environment.home();
    let config = match &home {
        Some(home) => config::read(home, &wanted.host)?,
        None => HostConfig::default(),
    };
    let local_user = ["USER", "LOGNAME", "USERNAME"]
        .into_iter()
        .find_map(|name| environment.variable(name));
    let tokens = |text: &str, host: &str, user: &str| expand(text, host, user, home.as_deref());
    let host = config
        .host_name
        .as_deref()
        .map_or_else(|| wanted.host.clone(), |name| tokens(name, &wanted.host, ""));
    let user = wanted
        .user
        .clone()
        .or(config.user)
        .or_else(|| local_user.map(str::to_owned))
        .unwrap_or_else(|| "root".to_owned());
    let ssh_folder = home.as_ref().map(|home| home.join(".ssh"));
    let in_folder = |names: &[&str]| -> Vec<PathBuf> {
        ssh_folder
            .iter()
            .flat_map(|folder| names.iter().map(|name| folder.join(name)))
            .collect()
    };
    let known_hosts = match &config.known_hosts_files {
        Some(files) => {
            let files = files.iter().filter(|file| !file.eq_ignore_ascii_case("none"));
            files.map(|file| PathBuf::from(tokens(file, &host, &user))).collect()
        }
        None => in_folder(&["known_hosts", "known_hosts2"]),
    };
    let agent = agent(config.identity_agent.as_deref(), environment, home.as_deref());
    let port = wanted.port.or(config.port).unwrap_or(SSH_PORT);
    let jumps = jumps(config.proxy_jump.as_deref(), environment, jumps_left)?;
    if jumps.is_empty()
        && let Some(command) = config.proxy_command.filter(|command| command != "none")
    {
        return Err(SshError::ProxyCommand { host, command });
    }
    Ok(Destination {
        port,
        identity: wanted
            .identity
            .as_ref()
            .map(|path| environment.cwd.join(expand(&path.to_string_lossy(), &host, &user, home.as_deref()))),
        identity_files: config
            .identity_files
            .iter()
            .filter(|file| *file != "none")
            .map(|file| PathBuf::from(tokens(file, &host, &user)))
            .collect(),
        usual_files: if config.identity_files.is_empty() {
            in_folder(&["id_ed25519", "id_ecdsa", "id_rsa"])
        } else {
            Vec::new()
        },
        agent,
        files_alone: config.identities_only == Some(true),
        known_hosts,
        // An alias means the same host on every port.
        key_name: config.host_key_alias.unwrap_or_else(|| known_name(&host.to_lowercase(), port)),
        jumps,
        host,
        user,
    })
}

fn agent(configured: Option<&str>, environment: &Environment, home: Option<&Path>) -> Option<PathBuf> {
    match configured {
        Some("none") => None,
        Some(path) if path != "SSH_AUTH_SOCK" => Some(PathBuf::from(expand(path, "", "", home))),
        _ => environment.variable("SSH_AUTH_SOCK").map(PathBuf::from),
    }
}

/// The hosts of a `ProxyJump`, each with what the configuration says about it.
fn jumps(value: Option<&str>, environment: &Environment, left: usize) -> Result<Vec<Destination>, SshError> {
    let Some(value) = value.filter(|value| !value.eq_ignore_ascii_case("none")) else {
        return Ok(Vec::new());
    };
    if left == 0 {
        return Err(SshError::Config {
            place: "~/.ssh/config".to_owned(),
            message: format!("ProxyJump leads through more than {MOST_JUMPS} hosts"),
        });
    }
    let mut jumps = Vec::new();
    for hop in value.split(',') {
        let mut jump = resolve(&parse_hop(hop.trim()), environment, left - 1)?;
        // Only the first host of a list may itself need others on the way.
        let before = std::mem::take(&mut jump.jumps);
        if jumps.is_empty() {
            jumps = before;
        }
        jumps.push(jump);
    }
    Ok(jumps)
}

/// `[user@]host[:port]`, also as `ssh://`.
fn parse_hop(text: &str) -> Wanted {
    let text = text.strip_prefix("ssh://").unwrap_or(text).trim_end_matches('/');
    let (user, rest) = match text.rsplit_once('@') {
        Some((user, rest)) => (Some(user.to_owned()), rest),
        None => (None, text),
    };
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port.parse().ok()),
        _ => (rest, None),
    };
    Wanted {
        host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
        user,
        port,
        identity: None,
    }
}

/// Replaces `~` and the tokens `%h`, `%r`, `%d` and `%%`.
fn expand(text: &str, host: &str, user: &str, home: Option<&Path>) -> String {
    let home = home.map(|home| home.display().to_string()).unwrap_or_default();
    let text = match text.strip_prefix("~/") {
        Some(below) => format!("{home}/{below}"),
        None => text.to_owned(),
    };
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('%') {
        expanded.push_str(before);
        let mut chars = after.chars();
        match chars.next() {
            Some('h' | 'n') => expanded.push_str(host),
            Some('r') => expanded.push_str(user),
            Some('d') => expanded.push_str(&home),
            Some('%') | None => expanded.push('%'),
            Some(other) => {
                expanded.push('%');
                expanded.push(other);
            }
        }
        rest = chars.as_str();
    }
    expanded.push_str(rest);
    expanded
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn environment(home: &Path) -> Environment {
        Environment {
            arguments: Vec::new(),
            variables: BTreeMap::from([
                ("HOME".to_owned(), home.display().to_string()),
                ("USER".to_owned(), "me".to_owned()),
                ("SSH_AUTH_SOCK".to_owned(), "/agent".to_owned()),
            ]),
            cwd: PathBuf::from("/work"),
            stdin_is_terminal: false,
            stdout_is_terminal: false,
            stderr_is_terminal: false,
        }
    }

    fn host(name: &str) -> Wanted {
        Wanted {
            host: name.to_owned(),
            ..Wanted::default()
        }
    }

    #[test]
    fn flags_go_before_the_configuration_and_it_before_what_is_usual() {
        let home = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(home.path().join(".ssh")).expect("made");
        let config = "Host web\n HostName %h.example.com\n User deploy\n Port 2222\n IdentityFile ~/.ssh/%r-key\n ProxyJump a,b@c:44\nHost a\n ProxyJump z\n";
        std::fs::write(home.path().join(".ssh/config"), config).expect("written");
        let environment = environment(home.path());
        let web = Destination::resolve(&host("web"), &environment).expect("resolved");
        assert_eq!(web.shown(), "deploy@web.example.com:2222");
        assert_eq!(web.identity_files, [home.path().join(".ssh/deploy-key")]);
        assert!(web.usual_files.is_empty());
        let way: Vec<String> = web.jumps.iter().map(Destination::shown).collect();
        assert_eq!(way, ["me@z", "me@a", "b@c:44"]);
        let wanted = Wanted {
            user: Some("root".to_owned()),
            port: Some(22),
            identity: Some(PathBuf::from("key")),
            ..host("web")
        };
        let flagged = Destination::resolve(&wanted, &environment).expect("resolved");
        assert_eq!(flagged.shown(), "root@web.example.com");
        assert_eq!(flagged.identity, Some(PathBuf::from("/work/key")));
        let plain = Destination::resolve(&host("192.0.2.7"), &environment).expect("resolved");
        assert_eq!(
            (plain.shown().as_str(), plain.agent),
            ("me@192.0.2.7", Some(PathBuf::from("/agent")))
        );
        assert_eq!(plain.usual_files.len(), 3);
    }

    #[test]
    fn keys_and_names_are_those_of_openssh() {
        let home = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(home.path().join(".ssh")).expect("made");
        let config = "Host web\n Port 2222\n HostKeyAlias the-web\n IdentitiesOnly yes\n UserKnownHostsFile none\n";
        std::fs::write(home.path().join(".ssh/config"), config).expect("written");
        let environment = environment(home.path());
        let web = Destination::resolve(&host("web"), &environment).expect("resolved");
        assert_eq!(web.key_name, "the-web", "an alias stands without the port");
        assert_eq!(web.known_hosts, Vec::<PathBuf>::new(), "none is no file");
        assert_eq!(
            (web.files_alone, web.agent),
            (true, Some(PathBuf::from("/agent"))),
            "the agent still signs for the keys of files"
        );
        let wanted = Wanted {
            port: Some(2222),
            ..host("Other")
        };
        let other = Destination::resolve(&wanted, &environment).expect("resolved");
        assert_eq!((other.key_name.as_str(), other.files_alone), ("[other]:2222", false));
    }

    #[test]
    fn a_jump_to_itself_ends() {
        let home = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(home.path().join(".ssh")).expect("made");
        std::fs::write(home.path().join(".ssh/config"), "Host *\n ProxyJump again\n").expect("written");
        let refused = Destination::resolve(&host("web"), &environment(home.path())).expect_err("without end");
        assert!(refused.to_string().contains("more than 8 hosts"), "{refused}");
    }

    #[test]
    fn hops_are_read() {
        for (text, host, user, port) in [
            ("a", "a", None, None),
            ("u@a:22", "a", Some("u"), Some(22)),
            ("ssh://u@a:22/", "a", Some("u"), Some(22)),
            ("[::1]:22", "::1", None, Some(22)),
            ("::1", "::1", None, None),
        ] {
            let hop = parse_hop(text);
            assert_eq!((hop.host.as_str(), hop.user.as_deref(), hop.port), (host, user, port), "{text}");
        }
    }
}
