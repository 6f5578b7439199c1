//! Is the server the one that it says it is?
//!
//! The keys of the large hosts are built in, a known-hosts file may add others. Of any other host, the key that it first
//! shows to a project is remembered with the project, and from then on no other is accepted until a person names it.

use crate::ssh_address::SshAddress;
use russh::keys::known_hosts::known_host_keys_path;
use russh::keys::{Algorithm, HashAlg, PublicKey};
use std::path::PathBuf;

/// What GitHub, GitLab, Bitbucket and Codeberg publish.
const BUILT_IN: &str = include_str!("known_hosts");

/// What a project remembers of its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pin {
    /// The key that the host showed.
    Key(PublicKey),
    /// The fingerprint of the key that a person accepts; the host has not shown it yet.
    Accepted(String),
}

impl Pin {
    /// Reads what [`Pin::to_text`] wrote, or a fingerprint.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if is_fingerprint(text) {
            return Some(Self::Accepted(text.to_owned()));
        }
        PublicKey::from_openssh(text).ok().map(Self::Key)
    }

    /// As it is stored.
    pub(crate) fn to_text(&self) -> String {
        match self {
            Self::Key(key) => key.to_openssh().unwrap_or_else(|_| fingerprint(key)),
            Self::Accepted(text) => text.clone(),
        }
    }

    /// The fingerprint of the key.
    pub(crate) fn fingerprint(&self) -> String {
        match self {
            Self::Key(key) => fingerprint(key),
            Self::Accepted(text) => text.clone(),
        }
    }
}

/// `SHA256:…`, as everybody shows a key.
pub(crate) fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

/// Whether a text is a fingerprint.
pub(crate) fn is_fingerprint(text: &str) -> bool {
    text.strip_prefix("SHA256:").is_some_and(|rest| {
        rest.len() == 43
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
    })
}

/// What is known about hosts.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownHosts {
    /// A file in the form of OpenSSH's; it need not be there.
    pub(crate) file: Option<PathBuf>,
    /// What the project remembers.
    pub(crate) pin: Option<Pin>,
}

/// What a key that a host shows is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is the host's.
    Known,
    /// Nothing is known about the host: to be remembered.
    New,
    /// The host is known by other keys, of these fingerprints.
    Changed(Vec<String>),
    /// It cannot be told, or may not be trusted whatever else is known; why.
    Refused(String),
}

/// What is published about a host.
#[derive(Default)]
struct Published {
    keys: Vec<PublicKey>,
    /// Keys that nobody may use any more.
    revoked: Vec<PublicKey>,
}

impl KnownHosts {
    /// Judges a key.
    pub(crate) fn judge(&self, address: &SshAddress, shown: &PublicKey) -> Verdict {
        let Published { keys: published, revoked } = match self.published(address) {
            Ok(published) => published,
            Err(why) => return Verdict::Refused(why),
        };
        let shown_print = fingerprint(shown);
        if revoked.iter().any(|key| key.key_data() == shown.key_data()) {
            return Verdict::Refused(format!("its key {shown_print} was revoked"));
        }
        let is_pinned = self.pin.as_ref().is_some_and(|pin| pin.fingerprint() == shown_print);
        if is_pinned || published.iter().any(|key| key.key_data() == shown.key_data()) {
            return Verdict::Known;
        }
        let mut known: Vec<String> = published.iter().map(fingerprint).collect();
        known.extend(self.pin.as_ref().map(Pin::fingerprint));
        if known.is_empty() { Verdict::New } else { Verdict::Changed(known) }
    }

    /// The kinds of keys to ask for, those that are known first, so that a host with several shows one of them.
    pub(crate) fn preferred(&self, address: &SshAddress, usual: &[Algorithm]) -> Vec<Algorithm> {
        // What cannot be read is judged later.
        let published = self.published(address).unwrap_or_default();
        let mut known: Vec<Algorithm> = published.keys.iter().map(PublicKey::algorithm).collect();
        if let Some(Pin::Key(key)) = &self.pin {
            known.push(key.algorithm());
        }
        let is_known = |one: &Algorithm| known.iter().any(|other| same_kind(one, other));
        let (mut first, rest): (Vec<_>, Vec<_>) = usual.iter().cloned().partition(is_known);
        first.extend(rest);
        first
    }

    /// A file that cannot be read, or not in the lines that matter, is an error: whoever it knows would be a stranger.
    fn published(&self, address: &SshAddress) -> Result<Published, String> {
        let mut published = Published {
            keys: built_in(&address.host),
            revoked: Vec::new(),
        };
        let Some(file) = &self.file else { return Ok(published) };
        let failed = |error: &dyn std::fmt::Display| format!("the known hosts in {} cannot be read: {error}", file.display());
        match std::fs::read_to_string(file) {
            Ok(text) => published.revoked = revoked(&text).map_err(|line| failed(&format!("there is no key in {line:?}")))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(published),
            Err(error) => return Err(failed(&error)),
        }
        let found = known_host_keys_path(&address.host, address.port, file).map_err(|error| failed(&error))?;
        published.keys.extend(found.into_iter().map(|(_, key)| key));
        Ok(published)
    }
}

/// The keys that a file revokes, of whatever host; or the line that cannot be read.
fn revoked(text: &str) -> Result<Vec<PublicKey>, String> {
    let lines = text.lines().filter(|line| line.split_whitespace().next() == Some("@revoked"));
    let key = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().skip(2).take(2).collect();
        PublicKey::from_openssh(&fields.join(" ")).map_err(|_| line.to_owned())
    };
    lines.map(key).collect()
}

/// The published keys of a host.
fn built_in(host: &str) -> Vec<PublicKey> {
    let lines = BUILT_IN.lines().filter(|line| !line.starts_with('#'));
    let of_host = lines
        .filter_map(|line| line.split_once(' '))
        .filter(|(hosts, _)| hosts.split(',').any(|one| one == host));
    of_host.filter_map(|(_, key)| PublicKey::from_openssh(key).ok()).collect()
}

fn same_kind(one: &Algorithm, other: &Algorithm) -> bool {
    one == other || matches!((one, other), (Algorithm::Rsa { .. }, Algorithm::Rsa { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SshAddress {
        SshAddress::parse(text).expect("an address")
    }

    fn key(number: u8) -> PublicKey {
        use russh::keys::ssh_key::private::{Ed25519Keypair, KeypairData};
        let pair = KeypairData::from(Ed25519Keypair::from_seed(&[number; 32]));
        let private = russh::keys::PrivateKey::new(pair, "").expect("a key");
        private.public_key().clone()
    }

    /// What the hosts publish as the fingerprints of their keys: ed25519, ecdsa, rsa.
    const PUBLISHED: [(&str, [&str; 3]); 4] = [
        (
            "github.com",
            [
                "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU",
                "SHA256:p2QAMXNIC1TJYWeIOttrVc98/R1BUFWu3/LiyKgUfQM",
                "SHA256:uNiVztksCsDhcc0u9e8BujQXVUpKZIDTMczCvj3tD2s",
            ],
        ),
        (
            "gitlab.com",
            [
                "SHA256:eUXGGm1YGsMAS7vkcx6JOJdOGHPem5gQp4taiCfCLB8",
                "SHA256:HbW3g8zUjNSksFbqTiUWPWg2Bq1x8xdGUrliXFzSnUw",
                "SHA256:ROQFvPThGrW4RuWLoL9tq9I9zJ42fK4XywyRtbOz/EQ",
            ],
        ),
        (
            "bitbucket.org",
            [
                "SHA256:ybgmFkzwOSotHTHLJgHO0QN8L0xErw6vd0VhFA9m3SM",
                "SHA256:FC73VB6C4OQLSCrjEayhMp9UMxS97caD/Yyi2bhW/J0",
                "SHA256:46OSHA1Rmj8E8ERTC6xkNcmGOw9oFxYr0WF6zWW8l1E",
            ],
        ),
        (
            "codeberg.org",
            [
                "SHA256:mIlxA9k46MmM6qdJOdMnAQpzGxF4WIVVL+fj+wZbw0g",
                "SHA256:T9FYDEHELhVkulEKKwge5aVhVTbqCW0MIRwAfpARs/E",
                "SHA256:6QQmYi4ppFS4/+zSZ5S4IU+4sa6rwvQ4PbhCtPEBekQ",
            ],
        ),
    ];

    #[test]
    fn the_keys_that_are_built_in_are_those_that_the_hosts_publish() {
        for (host, published) in PUBLISHED {
            let found: Vec<String> = built_in(host).iter().map(fingerprint).collect();
            assert_eq!(found, published, "{host}");
        }
        assert_eq!(built_in("example.com"), []);
    }

    #[test]
    fn a_large_host_is_known_and_nobody_else_is_it() {
        let known = KnownHosts::default();
        for text in ["git@github.com:a/b", "ssh://git@ssh.github.com:443/a/b"] {
            let real = &built_in("github.com")[0];
            assert_eq!(known.judge(&address(text), real), Verdict::Known, "{text}");
            assert!(matches!(known.judge(&address(text), &key(1)), Verdict::Changed(keys) if keys.len() == 3));
        }
    }

    #[test]
    fn another_host_is_new_once() {
        let place = address("git@git.example.com:a/b");
        let mut known = KnownHosts::default();
        assert_eq!(known.judge(&place, &key(1)), Verdict::New);
        known.pin = Some(Pin::Key(key(1)));
        assert_eq!(known.judge(&place, &key(1)), Verdict::Known);
        assert_eq!(known.judge(&place, &key(2)), Verdict::Changed(vec![fingerprint(&key(1))]));
        known.pin = Some(Pin::Accepted(fingerprint(&key(2))));
        assert_eq!(known.judge(&place, &key(2)), Verdict::Known);
    }

    #[test]
    fn a_file_knows_hosts_too_and_need_not_be_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("known_hosts");
        let mut known = KnownHosts {
            file: Some(file.clone()),
            pin: None,
        };
        let place = address("ssh://git@git.example.com:2222/a/b");
        assert_eq!(known.judge(&place, &key(1)), Verdict::New);
        let line = format!("# ours\n[git.example.com]:2222 {}\n", key(1).to_openssh().expect("written"));
        std::fs::write(&file, line).expect("written");
        assert_eq!(known.judge(&place, &key(1)), Verdict::Known);
        assert!(matches!(known.judge(&place, &key(2)), Verdict::Changed(_)));
        // Another port is another server.
        assert_eq!(known.judge(&address("git@git.example.com:a/b"), &key(2)), Verdict::New);
        // A key that was remembered before counts beside those of the file.
        known.pin = Some(Pin::Key(key(2)));
        assert_eq!(known.judge(&place, &key(2)), Verdict::Known);
    }

    #[test]
    fn what_cannot_be_read_makes_nobody_a_stranger() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("known_hosts");
        let known = KnownHosts {
            file: Some(file.clone()),
            pin: Some(Pin::Key(key(1))),
        };
        let place = address("git@git.example.com:a/b");
        let line = format!("git.example.com {}\n", key(1).to_openssh().expect("written"));
        let revoked = format!("@revoked * {}\n", key(1).to_openssh().expect("written"));
        for bad in [
            b"git.example.com ssh-ed25519 AAAA\n".to_vec(),
            b"\xff\n".to_vec(),
            b"@revoked * ssh-ed25519\n".to_vec(),
            format!("{line}{revoked}").into_bytes(),
        ] {
            std::fs::write(&file, &bad).expect("written");
            let verdict = known.judge(&place, &key(1));
            assert!(
                matches!(verdict, Verdict::Refused(_)),
                "{verdict:?} {}",
                String::from_utf8_lossy(&bad)
            );
        }
        std::fs::write(&file, revoked).expect("written");
        assert!(matches!(known.judge(&place, &key(2)), Verdict::Changed(_)));
        std::fs::remove_file(&file).expect("removed");
        std::fs::create_dir(&file).expect("made");
        assert!(matches!(known.judge(&place, &key(1)), Verdict::Refused(_)), "a folder");
    }

    #[test]
    fn known_kinds_of_keys_are_asked_for_first() {
        let usual = [
            Algorithm::Ed25519,
            Algorithm::Rsa {
                hash: Some(HashAlg::Sha512),
            },
        ];
        let mut known = KnownHosts::default();
        let place = address("git@git.example.com:a/b");
        assert_eq!(known.preferred(&place, &usual), usual);
        let rsa = built_in("github.com").remove(2);
        known.pin = Some(Pin::Key(rsa));
        assert_eq!(known.preferred(&place, &usual), [usual[1].clone(), usual[0].clone()]);
    }

    #[test]
    fn a_pin_is_read_back() {
        for pin in [Pin::Key(key(1)), Pin::Accepted(fingerprint(&key(1)))] {
            let again = Pin::parse(&pin.to_text()).expect("read");
            assert_eq!(again.fingerprint(), fingerprint(&key(1)));
        }
        for bad in ["", "SHA256:", "SHA256:x y", "MD5:00"] {
            assert_eq!(Pin::parse(bad), None, "{bad}");
        }
    }
}
