//! `~/.ssh/config`: what of it matters for reaching a server.
//!
//! The first value of a keyword wins, as in OpenSSH; `IdentityFile` gathers. Keywords that do not
//! concern us are passed over. A `Match` block other than `Match all` is passed over with all that it
//! holds: its conditions may run programs.

use super::error::SshError;
use super::pattern;
use std::path::{Path, PathBuf};

/// How deep files may include each other.
const MOST_INCLUDES: usize = 16;
/// How large a file may be.
const LARGEST: u64 = 1 << 20;

/// What the configuration says about one host; tokens such as `%h` are not replaced yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct HostConfig {
    pub(super) host_name: Option<String>,
    pub(super) user: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) identity_files: Vec<String>,
    pub(super) identities_only: Option<bool>,
    pub(super) identity_agent: Option<String>,
    pub(super) proxy_jump: Option<String>,
    pub(super) proxy_command: Option<String>,
    pub(super) known_hosts_files: Option<Vec<String>>,
    pub(super) host_key_alias: Option<String>,
}

/// Reads what a person's own configuration says about a host; a missing file says nothing.
pub(super) fn read(home: &Path, host: &str) -> Result<HostConfig, SshError> {
    let mut reader = Reader {
        ssh_folder: home.join(".ssh"),
        host,
        found: HostConfig::default(),
    };
    let path = reader.ssh_folder.join("config");
    reader.file(&path, true, 0)?;
    Ok(reader.found)
}

struct Reader<'a> {
    ssh_folder: PathBuf,
    host: &'a str,
    found: HostConfig,
}

impl Reader<'_> {
    /// Takes a file in; `applies` tells whether the lines before its first block concern the host.
    fn file(&mut self, path: &Path, applies: bool, depth: usize) -> Result<(), SshError> {
        let text = match bounded(path, LARGEST) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(refuse(path, None, &error.to_string())),
        };
        let mut applies = applies;
        // A block within a file that was included under a condition never applies without that condition.
        let outer = applies;
        for (number, line) in text.lines().enumerate() {
            let at = |message: &str| refuse(path, Some(number + 1), message);
            let words = words(line).map_err(|message| at(&message))?;
            let Some((keyword, values)) = words.split_first() else { continue };
            match keyword.to_lowercase().as_str() {
                "host" => applies = outer && pattern::meant(values.iter().map(String::as_str), self.host),
                "match" => applies = outer && values.len() == 1 && values[0].eq_ignore_ascii_case("all"),
                "include" if applies => {
                    if depth == MOST_INCLUDES {
                        return Err(at("files include each other without end"));
                    }
                    for value in values {
                        self.include(value, depth + 1)?;
                    }
                }
                keyword if applies => self.take(keyword, values).map_err(|message| at(&message))?,
                _ => {}
            }
        }
        Ok(())
    }

    fn include(&mut self, value: &str, depth: usize) -> Result<(), SshError> {
        let home = self.ssh_folder.parent().map(Path::to_owned).unwrap_or_default();
        let path = match value.strip_prefix("~/") {
            Some(below) => home.join(below),
            None => self.ssh_folder.join(value),
        };
        let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
            return Ok(());
        };
        if !name.contains(['*', '?']) {
            return self.file(&path, true, depth);
        }
        let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
        let mut files: Vec<PathBuf> = entries
            .filter_map(Result::ok)
            .filter(|entry| entry.file_name().to_str().is_some_and(|found| pattern::fits(name, found)))
            .map(|entry| entry.path())
            .collect();
        files.sort();
        files.into_iter().try_for_each(|file| self.file(&file, true, depth))
    }

    fn take(&mut self, keyword: &str, values: &[String]) -> Result<(), String> {
        let one = || {
            values
                .first()
                .cloned()
                .ok_or_else(|| format!("a value is missing after `{keyword}`"))
        };
        let found = &mut self.found;
        match keyword {
            "hostname" => first(&mut found.host_name, one()?),
            "user" => first(&mut found.user, one()?),
            "port" => {
                let value = one()?;
                first(&mut found.port, value.parse().map_err(|_| format!("`{value}` is no port"))?);
            }
            "identityfile" => found.identity_files.push(one()?),
            "identitiesonly" => first(&mut found.identities_only, one()?.eq_ignore_ascii_case("yes")),
            "identityagent" => first(&mut found.identity_agent, one()?),
            "proxyjump" => first(&mut found.proxy_jump, one()?),
            "proxycommand" => first(&mut found.proxy_command, values.join(" ")),
            "userknownhostsfile" => first(&mut found.known_hosts_files, values.to_vec()),
            "hostkeyalias" => first(&mut found.host_key_alias, one()?),
            _ => {}
        }
        Ok(())
    }
}

fn first<T>(place: &mut Option<T>, value: T) {
    place.get_or_insert(value);
}

/// A file's text, when it is of a sensible size.
pub(super) fn bounded(path: &Path, largest: u64) -> std::io::Result<String> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(largest + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > largest {
        return Err(std::io::Error::other(format!("the file is larger than {} MiB", largest >> 20)));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn refuse(path: &Path, line: Option<usize>, message: &str) -> SshError {
    let line = line.map(|line| format!(":{line}")).unwrap_or_default();
    SshError::Config {
        place: format!("{}{line}", path.display()),
        message: message.to_owned(),
    }
}

/// A line's words: `Keyword value…` or `Keyword=value`, double quotes around what holds blanks.
fn words(line: &str) -> Result<Vec<String>, String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(Vec::new());
    }
    let end = line.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(line.len());
    let mut words = vec![line[..end].to_owned()];
    let rest = line[end..].trim_start();
    let mut rest = rest.strip_prefix('=').unwrap_or(rest).trim_start();
    while !rest.is_empty() && !rest.starts_with('#') {
        if let Some(quoted) = rest.strip_prefix('"') {
            let (word, after) = quoted.split_once('"').ok_or("a quotation mark is missing")?;
            words.push(word.to_owned());
            rest = after.trim_start();
        } else {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            words.push(rest[..end].to_owned());
            rest = rest[end..].trim_start();
        }
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(files: &[(&str, &str)]) -> tempfile::TempDir {
        let home = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = home.path().join(".ssh").join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            std::fs::write(path, text).expect("written");
        }
        home
    }

    const CONFIG: &str = "\
# a comment
Include conf.d/*.conf

Host web *.example.com !db.example.com
    HostName 192.0.2.1
    user = deploy
    Port 2222
    IdentityFile ~/.ssh/web
    IdentityFile \"~/.ssh/with blank\"
    ForwardAgent yes

Match host web exec \"touch /tmp/x\"
    User never

Host *
    User everyone
    ProxyJump bastion
    IdentityFile ~/.ssh/late
    IdentitiesOnly yes
    UserKnownHostsFile ~/.ssh/a ~/.ssh/b
";

    #[test]
    fn the_first_value_wins_and_identities_gather() {
        let home = home(&[("config", CONFIG)]);
        let web = read(home.path(), "web").expect("read");
        assert_eq!(web.host_name.as_deref(), Some("192.0.2.1"));
        assert_eq!((web.user.as_deref(), web.port), (Some("deploy"), Some(2222)));
        assert_eq!(web.identity_files, ["~/.ssh/web", "~/.ssh/with blank", "~/.ssh/late"]);
        assert_eq!((web.proxy_jump.as_deref(), web.identities_only), (Some("bastion"), Some(true)));
        assert_eq!(web.known_hosts_files, Some(vec!["~/.ssh/a".to_owned(), "~/.ssh/b".to_owned()]));
        let db = read(home.path(), "db.example.com").expect("read");
        assert_eq!((db.user.as_deref(), db.port), (Some("everyone"), None));
    }

    #[test]
    fn included_files_stand_where_they_are_included() {
        let home = home(&[
            ("config", CONFIG),
            ("conf.d/10.conf", "User early\nHost web\n  Port 3333\n"),
            ("conf.d/20.txt", "User never\n"),
        ]);
        let web = read(home.path(), "web").expect("read");
        assert_eq!((web.user.as_deref(), web.port), (Some("early"), Some(3333)));
        assert_eq!(
            web.host_name.as_deref(),
            Some("192.0.2.1"),
            "the block of an included file ends with it"
        );
    }

    #[test]
    fn a_missing_file_says_nothing_and_a_bad_line_is_named() {
        let empty = tempfile::tempdir().expect("a folder");
        assert_eq!(read(empty.path(), "web").expect("nothing"), HostConfig::default());
        for (text, says) in [
            ("Host web\n  Port many\n", "config:2: `many` is no port"),
            ("User \"open\nHost x\n", "config:1: a quotation mark is missing"),
            ("User\n", "config:1: a value is missing"),
            ("Include config\n", "without end"),
        ] {
            let home = home(&[("config", text)]);
            let refused = read(home.path(), "web").expect_err(text).to_string();
            assert!(refused.contains(says), "{refused}");
        }
        let home = home(&[("config", "Host other\n  Port many\n")]);
        read(home.path(), "web").expect("what concerns others is passed over");
    }
}
