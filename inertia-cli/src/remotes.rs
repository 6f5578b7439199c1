//! `.inertia/remotes.toml`: the daemons that this project's folder knows, with their tokens.
//!
//! The file is readable by its owner alone and keeps itself out of git.

mod address;

pub(crate) use address::{Reach, RemoteAddress};

use crate::failure::{Attempt as _, Failure};
use crate::ssh::Wanted;
use compose_core::load::similar;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

const FOLDER: &str = ".inertia";
const FILE: &str = "remotes.toml";

/// A daemon under a local name.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Remote {
    /// `https://HOST:PORT`; empty until its server was set up.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) address: String,
    /// SHA-256 of its certificate's public key, in hexadecimal.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) pin: String,
    /// The token it knows us by.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) token: String,
    /// The state folder, of a daemon on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<PathBuf>,
    /// Its port is closed from outside: it is reached through SSH.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) tunnel: bool,
    /// How its server is reached over SSH.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ssh: Option<SshAccess>,
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remote")
            .field("address", &self.address)
            .field("pin", &self.pin)
            .field("state", &self.state)
            .field("tunnel", &self.tunnel)
            .field("ssh", &self.ssh)
            .finish_non_exhaustive()
    }
}

/// How a server is reached over SSH; what is absent is as `~/.ssh/config` says, or as is usual.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct SshAccess {
    /// A name, an address or an alias of the configuration.
    pub(crate) host: String,
    /// The user there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    /// The port of SSH.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u16>,
    /// The private key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<PathBuf>,
    /// The daemon's port on the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) daemon_port: Option<u16>,
    /// The host's key is remembered without asking when it is not known yet, at the next connection.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) accept_new_host_key: bool,
    /// The program that was sent there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) program: Option<String>,
}

impl SshAccess {
    /// Where to go, before the person's configuration is asked.
    pub(crate) fn wanted(&self) -> Wanted {
        Wanted {
            host: self.host.clone(),
            user: self.user.clone(),
            port: self.port,
            identity: self.key.clone(),
        }
    }
}

/// All remotes of a project's folder.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Remotes {
    #[serde(default)]
    remotes: BTreeMap<String, Remote>,
    #[serde(skip)]
    folder: PathBuf,
}

impl Remotes {
    /// Reads those of the project that a folder belongs to: the nearest folder upwards that has some.
    pub(crate) fn load(cwd: &Path) -> Result<Self, Failure> {
        let folder = cwd
            .ancestors()
            .find(|folder| folder.join(FOLDER).join(FILE).is_file())
            .unwrap_or(cwd)
            .to_owned();
        Self::read(folder)
    }

    fn read(folder: PathBuf) -> Result<Self, Failure> {
        let path = folder.join(FOLDER).join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => {
                let read = Err(error).attempt(format_args!("cannot read {}", path.display()));
                return read.map_err(|failure| failure.hint("it holds tokens: only the person who added the remotes may read it"));
            }
        };
        let read: Self = toml::from_str(&text).map_err(|error| {
            Failure::new(format!("{} is damaged: {}", path.display(), error.message()))
                .hint("mend it, or remove it and add the remotes again")
        })?;
        Ok(Self { folder, ..read })
    }

    /// The file, when others than its owner may read it.
    pub(crate) fn readable_by_others(&self) -> Option<PathBuf> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let path = self.folder.join(FOLDER).join(FILE);
            let mode = std::fs::metadata(&path).ok()?.permissions().mode();
            (mode & 0o077 != 0).then_some(path)
        }
        #[cfg(not(unix))]
        None
    }

    /// Name and remote, by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Remote)> {
        self.remotes.iter().map(|(name, remote)| (name.as_str(), remote))
    }

    /// The remote of a name; with one remote the name may be left out.
    pub(crate) fn find(&self, name: Option<&str>) -> Result<(&str, &Remote), Failure> {
        if let Some(name) = name {
            return self.iter().find(|(known, _)| *known == name).ok_or_else(|| self.unknown(name));
        }
        let mut all = self.iter();
        match (all.next(), all.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => Err(Failure::usage("there is no remote yet")
                .hint("add one: `inertia remote add NAME -a HOST`, or `--local DIR` for a daemon on this machine")),
            (Some(_), Some(_)) => Err(Failure::usage(format!("which remote? there are {}", self.names()))
                .hint("put its name before the command: `inertia NAME COMMAND`")),
        }
    }

    /// Adds a remote.
    pub(crate) fn add(&mut self, name: &str, remote: Remote) -> Result<(), Failure> {
        let fits =
            !name.is_empty() && !name.starts_with('-') && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        if !fits {
            return Err(Failure::usage(format!("'{name}' cannot name a remote"))
                .hint("letters, digits, '-', '_' and '.' make a name, and it does not begin with '-'"));
        }
        if crate::args::is_command(name) {
            return Err(
                Failure::usage(format!("'{name}' is a command of inertia, and no remote can be named like one"))
                    .hint("the name stands before commands, as in `inertia prod up`: choose another"),
            );
        }
        if self.remotes.contains_key(name) {
            return Err(Failure::new(format!("there is a remote '{name}' already")).hint(format!(
                "look at it with `inertia remote show {name}`, or remove it with `inertia remote rm {name}`"
            )));
        }
        self.remotes.insert(name.to_owned(), remote);
        Ok(())
    }

    /// Writes down what is known about a remote now. The others are read anew first: somebody may have changed them
    /// while a server was set up.
    pub(crate) fn record(&mut self, name: &str, remote: Remote) -> Result<(), Failure> {
        *self = Self::read(std::mem::take(&mut self.folder))?;
        self.remotes.insert(name.to_owned(), remote);
        self.save()
    }

    /// The host's key was taken without asking: from now on only that one will do.
    pub(crate) fn host_key_taken(&mut self, name: &str) -> Result<(), Failure> {
        match self.remotes.get(name) {
            Some(remote) if remote.ssh.as_ref().is_some_and(|access| access.accept_new_host_key) => {
                let mut remote = remote.clone();
                remote.ssh.iter_mut().for_each(|access| access.accept_new_host_key = false);
                self.record(name, remote)
            }
            _ => Ok(()),
        }
    }

    /// Takes a remote out.
    pub(crate) fn remove(&mut self, name: &str) -> Result<Remote, Failure> {
        self.remotes.remove(name).ok_or_else(|| self.unknown(name))
    }

    /// Writes the file: whole or not at all, and never readable by others.
    pub(crate) fn save(&self) -> Result<(), Failure> {
        let folder = self.folder.join(FOLDER);
        let path = folder.join(FILE);
        let saying = || format!("cannot write {}", path.display());
        std::fs::create_dir_all(&folder).attempt(saying())?;
        let ignore = folder.join(".gitignore");
        if !ignore.exists() {
            std::fs::write(&ignore, "*\n").attempt(format_args!("cannot write {}", ignore.display()))?;
        }
        let text = toml::to_string_pretty(self).attempt(saying())?;
        let new = folder.join(format!(".{FILE}.{}", std::process::id()));
        let _ = std::fs::remove_file(&new);
        let written = private_file(&new)
            .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
            .and_then(|()| std::fs::rename(&new, &path));
        if written.is_err() {
            let _ = std::fs::remove_file(&new);
        }
        written.attempt(saying())
    }

    fn names(&self) -> String {
        self.remotes.keys().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
    }

    fn unknown(&self, name: &str) -> Failure {
        let hint = match similar(name, self.remotes.keys().map(String::as_str)) {
            Some(close) => format!("did you mean `{close}`?"),
            None if self.remotes.is_empty() => format!("add it: `inertia remote add {name} -a HOST`"),
            None if self.remotes.len() == 1 => format!("the only one is {}", self.names()),
            None => format!("there are {}", self.names()),
        };
        Failure::usage(format!("there is no remote '{name}'")).hint(hint)
    }
}

/// A new file that only its owner may read, from its first moment on.
fn private_file(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::{Remote, Remotes};

    fn remote() -> Remote {
        Remote {
            address: "https://127.0.0.1:1".into(),
            pin: "00".repeat(32),
            token: "t".into(),
            ..Remote::default()
        }
    }

    #[test]
    fn what_was_saved_is_found_from_a_folder_below_and_is_private() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut remotes = Remotes::load(folder.path()).expect("none yet");
        remotes.add("local", remote()).expect("a good name");
        remotes.save().expect("written");
        let below = folder.path().join("sub");
        std::fs::create_dir(&below).expect("a folder");
        let again = Remotes::load(&below).expect("read");
        assert_eq!(again.find(None).expect("the only one"), ("local", &remote()));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(folder.path().join(".inertia/remotes.toml"))
                .expect("it is there")
                .permissions()
                .mode();
            assert_eq!(mode & 0o077, 0);
        }
        assert_eq!(
            std::fs::read_to_string(folder.path().join(".inertia/.gitignore")).expect("it is there"),
            "*\n"
        );
    }

    #[test]
    fn a_token_is_not_shown() {
        let mut remotes = Remotes::default();
        let token = "secret".to_owned();
        remotes.add("web", Remote { token, ..remote() }).expect("a good name");
        let shown = format!("{remotes:?}");
        assert!(shown.contains("https://127.0.0.1:1") && !shown.contains("secret"), "{shown}");
    }

    #[test]
    fn what_others_wrote_meanwhile_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut slow = Remotes::load(folder.path()).expect("none yet");
        slow.add("web", remote()).expect("a good name");
        slow.save().expect("written");
        let mut quick = Remotes::load(folder.path()).expect("read");
        quick.add("db", remote()).expect("a good name");
        quick.save().expect("written");
        let changed = Remote {
            token: "new".to_owned(),
            ..remote()
        };
        slow.record("web", changed).expect("written");
        let both = Remotes::load(folder.path()).expect("read");
        assert_eq!(both.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["db", "web"]);
        assert_eq!(both.find(Some("web")).expect("there").1.token, "new");
    }

    #[test]
    fn consent_to_a_new_host_key_is_used_up() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut remotes = Remotes::load(folder.path()).expect("none yet");
        let access = super::SshAccess {
            host: "h".to_owned(),
            accept_new_host_key: true,
            ..super::SshAccess::default()
        };
        let with_consent = Remote {
            ssh: Some(access),
            ..remote()
        };
        remotes.record("web", with_consent).expect("written");
        remotes.host_key_taken("web").expect("written");
        remotes.host_key_taken("none").expect("nothing to do");
        let again = Remotes::load(folder.path()).expect("read");
        let access = again.find(Some("web")).expect("there").1.ssh.as_ref().expect("its server");
        assert!(!access.accept_new_host_key);
    }

    #[test]
    fn names_are_checked_and_missing_ones_named() {
        let mut remotes = Remotes::default();
        assert_eq!(remotes.add("-x", remote()).expect_err("no name").code, 2);
        assert_eq!(remotes.add("a b", remote()).expect_err("no name").code, 2);
        for command in ["up", "help", "compose"] {
            assert_eq!(remotes.add(command, remote()).expect_err("a command").code, 2);
        }
        assert!(remotes.find(None).is_err());
        remotes.add("a", remote()).expect("a good name");
        assert!(remotes.add("a", remote()).is_err(), "taken");
        remotes.add("b", remote()).expect("a good name");
        assert!(remotes.find(None).is_err(), "two remotes");
        assert!(remotes.find(Some("c")).is_err());
        assert!(remotes.remove("c").is_err());
    }
}
