//! Which hosts are known, and by which keys: `known_hosts` as OpenSSH writes it.

use super::config::bounded;
use super::error::SshError;
use super::pattern;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use russh::keys::{Algorithm, HashAlg, PublicKey};
use sha1::Sha1;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// The system's own file.
const SYSTEM: &str = "/etc/ssh/ssh_known_hosts";
/// How large a file may be: some companies hand out every host they have.
const LARGEST: u64 = 64 << 20;

/// The name by which a host on a port is known: `host`, or `[host]:port`.
pub(super) fn known_name(host: &str, port: u16) -> String {
    if port == super::SSH_PORT {
        host.to_owned()
    } else {
        format!("[{host}]:{port}")
    }
}

/// How a host stands with us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It shows a key that is known.
    Known,
    /// It shows another key than the one in this place.
    Changed(String),
    /// It shows a key that was revoked in this place.
    Revoked(String),
    /// Nothing is known about it.
    Unknown,
}

/// A line that names the host.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    place: String,
    key: PublicKey,
    revoked: bool,
}

/// What is known about one host.
#[derive(Debug)]
pub(super) struct KnownHost {
    /// The name it is known by: `host`, or `[host]:port`.
    name: String,
    entries: Vec<Entry>,
    /// Where a new key is written.
    home: Option<PathBuf>,
}

impl KnownHost {
    /// Looks a name up in a person's files, to the first of which new keys are written, and in the system's; those that are missing say nothing.
    pub(super) fn find(files: &[PathBuf], name: &str) -> Result<Self, SshError> {
        let mut entries = Vec::new();
        for file in files.iter().map(PathBuf::as_path).chain([Path::new(SYSTEM)]) {
            match bounded(file, LARGEST) {
                Ok(text) => entries.extend(text.lines().enumerate().filter_map(|(number, line)| {
                    let place = format!("{}:{}", file.display(), number + 1);
                    entry(line, name, place)
                })),
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
                Err(error) => return Err(unusable(file, &error)),
            }
        }
        Ok(Self {
            name: name.to_owned(),
            entries,
            home: files.first().cloned(),
        })
    }

    /// The name it is known by.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// How it stands when it shows this key.
    ///
    /// A host that is known by other kinds of keys alone counts as changed: whoever stands in between
    /// could offer just another kind.
    pub(super) fn standing(&self, key: &PublicKey) -> Standing {
        let same = |entry: &&Entry| entry.key.key_data() == key.key_data();
        let mut valid = self.entries.iter().filter(|entry| !entry.revoked);
        if let Some(revoked) = self.entries.iter().filter(|entry| entry.revoked).find(same) {
            return Standing::Revoked(revoked.place.clone());
        }
        if valid.clone().any(|entry| same(&entry)) {
            return Standing::Known;
        }
        valid
            .next()
            .map_or(Standing::Unknown, |entry| Standing::Changed(entry.place.clone()))
    }

    /// The kinds of keys it is known by: these are asked for first.
    pub(super) fn algorithms(&self) -> Vec<Algorithm> {
        self.entries
            .iter()
            .filter(|entry| !entry.revoked)
            .map(|entry| entry.key.algorithm())
            .collect()
    }

    /// Writes a key down; the file is readable by its owner alone when it is made.
    pub(super) fn learn(&self, key: &PublicKey) -> Result<(), SshError> {
        let Some(file) = &self.home else { return Ok(()) };
        let mut key = key.clone();
        key.set_comment("");
        let text = key.to_openssh().map_err(|error| SshError::KnownHosts {
            path: file.clone(),
            reason: error.to_string(),
        })?;
        append(file, &format!("{} {}\n", self.name, text.trim())).map_err(|error| unusable(file, &error))
    }
}

/// A key's fingerprint as `ssh` shows it.
pub(super) fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

fn append(file: &Path, line: &str) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
    }
    let ends_within_a_line = std::fs::read(file).is_ok_and(|bytes| bytes.last().is_some_and(|&byte| byte != b'\n'));
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let start = if ends_within_a_line { "\n" } else { "" };
    options.open(file)?.write_all(format!("{start}{line}").as_bytes())
}

fn unusable(file: &Path, error: &std::io::Error) -> SshError {
    SshError::KnownHosts {
        path: file.to_owned(),
        reason: error.to_string(),
    }
}

/// A line as an entry for the host; what concerns others, certificates' authorities and garbled lines are passed over.
fn entry(line: &str, name: &str, place: String) -> Option<Entry> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let mut words = line.split_whitespace();
    let mut hosts = words.next()?;
    let mut revoked = false;
    if let Some(marker) = hosts.strip_prefix('@') {
        if marker != "revoked" {
            return None;
        }
        revoked = true;
        hosts = words.next()?;
    }
    if !names(hosts, name) {
        return None;
    }
    let (_algorithm, key) = (words.next()?, words.next()?);
    let key = russh::keys::parse_public_key_base64(key).ok()?;
    Some(Entry { place, key, revoked })
}

/// Whether the first field of a line means a host.
fn names(field: &str, name: &str) -> bool {
    match field.strip_prefix("|1|") {
        Some(hashed) => hashed_name(hashed, name).unwrap_or(false),
        None => pattern::meant(field.split(','), name),
    }
}

fn hashed_name(hashed: &str, name: &str) -> Option<bool> {
    let (salt, hash) = hashed.split_once('|')?;
    let (salt, hash) = (STANDARD.decode(salt).ok()?, STANDARD.decode(hash).ok()?);
    let mut mac = Hmac::<Sha1>::new_from_slice(&salt).ok()?;
    mac.update(name.as_bytes());
    Some(mac.verify_slice(&hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA6rWI3G1sz07DnfFlrouTcysQlj2P+jpNSOEWD9OJ3X";

    fn key(text: &str) -> PublicKey {
        PublicKey::from_openssh(text).expect("a key")
    }

    fn standing(text: &str, host: &str, port: u16, shown: &str) -> Standing {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("known_hosts");
        std::fs::write(&file, text).expect("written");
        let found = KnownHost::find(std::slice::from_ref(&file), &known_name(host, port))
            .expect("read")
            .standing(&key(shown));
        match found {
            Standing::Changed(place) => Standing::Changed(place.rsplit(':').next().unwrap_or_default().to_owned()),
            Standing::Revoked(place) => Standing::Revoked(place.rsplit(':').next().unwrap_or_default().to_owned()),
            other => other,
        }
    }

    /// The salt and hash of `ssh-keygen -H` for `example.com`.
    fn hashed(name: &str) -> String {
        let salt = [7_u8; 20];
        let mut mac = Hmac::<Sha1>::new_from_slice(&salt).expect("any length");
        mac.update(name.as_bytes());
        format!("|1|{}|{}", STANDARD.encode(salt), STANDARD.encode(mac.finalize().into_bytes()))
    }

    #[test]
    fn hosts_stand_as_the_file_says() {
        let changed = |line: &str| Standing::Changed(line.to_owned());
        for (text, host, port, expected) in [
            (format!("example.com {ONE}"), "example.com", 22, Standing::Known),
            (format!("example.com {OTHER}"), "example.com", 22, changed("1")),
            (
                format!("# x\n\nEXAMPLE.com,10.0.0.1 {ONE} me@here"),
                "10.0.0.1",
                22,
                Standing::Known,
            ),
            (format!("example.com {ONE}"), "example.com", 2222, Standing::Unknown),
            (format!("[example.com]:2222 {ONE}"), "example.com", 2222, Standing::Known),
            (format!("[example.com]:2222 {ONE}"), "example.com", 22, Standing::Unknown),
            (format!("{} {ONE}", hashed("example.com")), "example.com", 22, Standing::Known),
            (format!("{} {OTHER}", hashed("example.com")), "example.com", 22, changed("1")),
            (
                format!("{} {ONE}", hashed("[example.com]:2222")),
                "example.com",
                2222,
                Standing::Known,
            ),
            (
                format!("*.example.com,!db.example.com {ONE}"),
                "www.example.com",
                22,
                Standing::Known,
            ),
            (
                format!("*.example.com,!db.example.com {ONE}"),
                "db.example.com",
                22,
                Standing::Unknown,
            ),
            (
                format!("example.com {OTHER}\nexample.com {ONE}"),
                "example.com",
                22,
                Standing::Known,
            ),
            (
                format!("@revoked * {ONE}\nexample.com {ONE}"),
                "example.com",
                22,
                Standing::Revoked("1".to_owned()),
            ),
            (format!("@revoked * {OTHER}\nexample.com {ONE}"), "example.com", 22, Standing::Known),
            (format!("@cert-authority * {ONE}"), "example.com", 22, Standing::Unknown),
            (
                "example.com\nexample.com ssh-ed25519\nexample.com ssh-ed25519 ???".to_owned(),
                "example.com",
                22,
                Standing::Unknown,
            ),
            ("|1|bad|worse ssh-ed25519 AAAA".to_owned(), "example.com", 22, Standing::Unknown),
        ] {
            assert_eq!(standing(&text, host, port, ONE), expected, "{text}");
        }
    }

    #[test]
    fn another_kind_of_key_than_the_known_one_counts_as_changed() {
        let ecdsa = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBMxBTpMIGvo7CnordO7wP0QQRqpBwUjOLl4eMhfucfE1sjTYyK5wmTl1UqoSDS1PtRVTBdl+0+9pquFb46U7fwg=";
        assert!(matches!(
            standing(&format!("example.com {ecdsa}"), "example.com", 22, ONE),
            Standing::Changed(_)
        ));
    }

    #[test]
    fn large_files_are_read_and_without_a_file_nothing_is_remembered() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("known_hosts");
        let others = format!("other.com {OTHER}\n").repeat(20_000);
        std::fs::write(&file, format!("{others}example.com {ONE}\n")).expect("written");
        assert!(std::fs::metadata(&file).expect("there").len() > 1 << 20);
        let found = KnownHost::find(&[file], "example.com").expect("read");
        assert_eq!(found.standing(&key(ONE)), Standing::Known);
        let nowhere = KnownHost::find(&[], "nowhere.invalid").expect("read");
        nowhere.learn(&key(ONE)).expect("nothing to write");
    }

    #[test]
    fn what_was_learned_is_known_and_private() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("new/known_hosts");
        let files = [file.clone()];
        let find = || KnownHost::find(&files, "[example.com]:2222").expect("read");
        assert_eq!(find().standing(&key(ONE)), Standing::Unknown);
        find().learn(&key(ONE)).expect("written");
        assert_eq!(find().standing(&key(ONE)), Standing::Known);
        assert_eq!(
            std::fs::read_to_string(&file).expect("there"),
            format!("[example.com]:2222 {ONE}\n")
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&file).expect("there").permissions().mode();
            assert_eq!(mode & 0o077, 0);
        }
        std::fs::write(&file, "other.com ssh-ed25519 x").expect("written");
        find().learn(&key(ONE)).expect("written");
        assert_eq!(
            find().standing(&key(ONE)),
            Standing::Known,
            "a file that ends within a line is mended"
        );
    }
}
