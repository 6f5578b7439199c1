//! Talking to the server that has a repository: over https, over SSH, or to a folder of this machine.

use super::limits::{LARGEST_OBJECT, Meter};
use super::ssh::{self, Pin, SshAccess};
use super::trouble::{Trouble, Unreadable, chain, https_help, is_cut, of_https};
use super::url::{RepositoryUrl, Transport, UrlError};
use super::{GitError, Stop, sentence};
use crate::ssh_address::SshAddress;
use crate::trust::authorities;
use gix::bstr::{BString, ByteSlice as _};
use gix::protocol::handshake::Ref;
use gix::protocol::transport;
use gix::protocol::transport::client::blocking_io::connect::{self, connect};
use gix::protocol::transport::client::blocking_io::{Transport as Talk, http};
use gix::protocol::transport::client::git::{ConnectMode, blocking_io::Connection};
use gix::refs::transaction::{Change, PreviousValue, RefEdit, RefLog};
use gix::remote::Direction;
use gix::remote::fetch::Tags;
use std::any::Any;
use std::cell::Cell;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Branches and tags, at the same place in the mirror.
const REFSPECS: [&str; 2] = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];

/// How the error reads of a program that cannot be started.
const NO_PROGRAM: &str = "Failed to invoke program";

/// A repository, and what is needed to read it.
#[derive(Debug)]
pub(crate) struct Repository {
    url: RepositoryUrl,
    ssh: Option<SshAccess>,
}

impl Repository {
    /// A repository that is read without a key.
    pub(crate) fn parse(text: &str) -> Result<Self, UrlError> {
        Ok(Self {
            url: RepositoryUrl::parse(text)?,
            ssh: None,
        })
    }

    /// The host that is asked, with its port; `None` for a folder of this machine.
    pub(crate) fn host(&self) -> Option<String> {
        self.url.host()
    }

    /// The same, read with a key where it is reached over SSH.
    pub(crate) fn with_ssh(self, access: SshAccess) -> Self {
        Self { ssh: Some(access), ..self }
    }

    /// Another repository, read with the same key.
    pub(super) fn other(&self, url: &RepositoryUrl) -> Self {
        let of_same_host = self.url.host() == url.host();
        Self {
            url: url.clone(),
            ssh: self.ssh.as_ref().map(|access| access.to_other(of_same_host)),
        }
    }

    /// Its address.
    pub(crate) fn url(&self) -> &RepositoryUrl {
        &self.url
    }

    /// What is to be remembered of its host from now on.
    pub(crate) fn learned(&self) -> Option<Pin> {
        self.ssh.as_ref().and_then(SshAccess::learned)
    }

    /// The fingerprint of the key that its host showed.
    pub(crate) fn shown(&self) -> Option<String> {
        self.ssh.as_ref().and_then(SshAccess::shown)
    }

    /// Brings every branch and tag into a mirror, and forgets those that the repository has not. Commits stay: what was
    /// deployed once can be put back.
    pub(super) fn fetch_into(&self, mirror: &gix::Repository, stop: &Stop) -> Result<(), GitError> {
        let meter = Meter::new(stop);
        let metered = meter.child(None);
        let fetched = self.talk(mirror, stop, |connection| {
            let prepared = connection.prepare_fetch(gix::progress::Discard, gix::remote::ref_map::Options::default())?;
            if prepared.ref_map().remote_refs.is_empty() {
                return Ok(Err(self.empty()));
            }
            let named: HashSet<BString> = prepared
                .ref_map()
                .remote_refs
                .iter()
                .map(|named| named.unpack().0.to_owned())
                .collect();
            prepared.with_write_packed_refs_only(true).receive(metered, stop)?;
            Ok(keep_only(mirror, &named).map_err(|error| GitError::mirror(mirror.git_dir(), &error)))
        });
        fetched.map_err(|error| meter.refusal().unwrap_or(error))
    }

    /// The commit that a branch leads to, without fetching anything.
    pub(super) fn head_of(&self, scratch: &gix::Repository, branch: &str, stop: &AtomicBool) -> Result<String, GitError> {
        let wanted = format!("refs/heads/{branch}");
        self.talk(scratch, stop, |connection| {
            let (map, _) = connection.ref_map(gix::progress::Discard, gix::remote::ref_map::Options::default())?;
            if map.remote_refs.is_empty() {
                return Ok(Err(self.empty()));
            }
            let found = map.remote_refs.iter().find_map(|reference| match reference {
                Ref::Direct { full_ref_name, object } if full_ref_name.as_bytes() == wanted.as_bytes() => Some(object.to_string()),
                Ref::Symbolic { full_ref_name, object, .. } if full_ref_name.as_bytes() == wanted.as_bytes() => Some(object.to_string()),
                _ => None,
            });
            Ok(found.ok_or_else(|| GitError::NoReference {
                reference: branch.to_owned(),
            }))
        })
    }

    fn empty(&self) -> GitError {
        Unreadable::new(&self.url, Trouble::Empty, "it holds no commit yet; push one first").into()
    }

    /// Connects and does something with the connection.
    fn talk<'a, T>(
        &self,
        repository: &gix::Repository,
        stop: &'a AtomicBool,
        work: impl FnOnce(gix::remote::Connection<'_, '_, '_, Box<dyn Talk + Send + 'a>>) -> gix::Result<Result<T, GitError>>,
    ) -> Result<T, GitError> {
        let failed = |error: gix::Error| GitError::from(self.unreadable(&error, stop));
        let remote = repository
            .remote_at(self.url.as_str())
            .and_then(|remote| remote.with_fetch_tags(Tags::None).with_refspecs(REFSPECS, Direction::Fetch))
            .map_err(failed)?;
        let (talk, said) = match (self.url.transport(), &self.ssh) {
            (Transport::Ssh, Some(access)) => {
                let address = self.address()?;
                let session = ssh::open(&self.url, &address, access, stop)?;
                let connection = Connection::new(
                    session.input,
                    session.words,
                    transport::Protocol::V2,
                    address.path.clone(),
                    None::<(String, Option<u16>)>,
                    ConnectMode::Process,
                    false,
                );
                let talk: Box<dyn Talk + Send + 'a> = Box::new(connection.custom_url(Some(self.url.as_str().into())));
                (talk, Some((address, access, session.said)))
            }
            (Transport::Ssh, None) => {
                let reason = "it is reached over SSH, and there is no key to read it with";
                return Err(Unreadable::new(&self.url, Trouble::Other, reason).into());
            }
            (Transport::File | Transport::Https, _) => {
                let (url, version) = remote.sanitized_url_and_version(Direction::Fetch).map_err(failed)?;
                let options = connect::Options {
                    version,
                    ..connect::Options::default()
                };
                let talk: Box<dyn Talk + Send + 'a> = connect(url, options).map_err(failed)?;
                (talk, None)
            }
        };
        let asked = Cell::new(false);
        let mut connection = remote.to_connection_with_transport(talk);
        // Nobody is there to be asked for a password.
        connection.set_credentials(|_| {
            asked.set(true);
            Ok(None)
        });
        if self.url.transport() == Transport::Https {
            connection.set_transport_options(https_options(repository, &self.url).map_err(failed)?);
        }
        work(connection).map_err(|error| {
            if error.is_resource_exhausted() {
                return too_large();
            }
            if stop.load(Ordering::Relaxed) {
                return Unreadable::interrupted(&self.url).into();
            }
            if asked.get() {
                return self
                    .over_https(Trouble::Private, "it asks for a user and a password".to_owned())
                    .into();
            }
            let said = said.and_then(|(address, access, said)| ssh::explain(&self.url, &address, access, &said));
            said.unwrap_or_else(|| self.unreadable(&error, stop)).into()
        })?
    }

    fn address(&self) -> Result<SshAddress, GitError> {
        SshAddress::parse(self.url.as_str()).ok_or_else(|| UrlError::Unknown(self.url.as_str().to_owned()).into())
    }

    fn unreadable(&self, error: &gix::Error, stop: &AtomicBool) -> Unreadable {
        if stop.load(Ordering::Relaxed) {
            return Unreadable::interrupted(&self.url);
        }
        let trouble = match self.url.transport() {
            Transport::Https => of_https(error).or_else(|| of_https(error.probable_cause())),
            Transport::Ssh => is_cut(&chain(error).to_lowercase()).then_some(Trouble::Unreachable),
            Transport::File => None,
        };
        if self.url.transport() == Transport::File && chain(error).contains(NO_PROGRAM) {
            let reason = "a folder of this machine is read with the program git-upload-pack, which is not here";
            return Unreadable::new(&self.url, Trouble::Other, reason)
                .help("install git where the daemon runs, or register the repository's https or SSH address");
        }
        if self.url.folder().is_some_and(|folder| !folder.exists()) {
            let reason = "there is no such folder on this machine";
            return Unreadable::new(&self.url, Trouble::Unreachable, reason).help("check the address, and that its disk is mounted");
        }
        match trouble {
            Some(trouble) if self.url.transport() == Transport::Ssh => Unreadable::new(&self.url, trouble, sentence(error)),
            Some(trouble) => self.over_https(trouble, chain(error.probable_cause())),
            None => Unreadable::new(&self.url, Trouble::Other, sentence(error)),
        }
    }

    fn over_https(&self, trouble: Trouble, reason: String) -> Unreadable {
        let unreadable = Unreadable::new(&self.url, trouble, reason);
        match https_help(trouble) {
            Some(help) => unreadable.help(help),
            None => unreadable,
        }
    }
}

fn too_large() -> GitError {
    let what = format!(
        "a file of it, or of an earlier commit, has more than {} MiB; keep such files in large-file storage, an image or a volume, \
         and take them out of the history",
        LARGEST_OBJECT >> 20
    );
    GitError::TooLarge { what }
}

/// Removes every branch and tag that was not named, be it that somebody deleted it or that the mirror was another
/// repository's.
fn keep_only(mirror: &gix::Repository, named: &HashSet<BString>) -> gix::Result<()> {
    let mut edits = Vec::new();
    for reference in mirror.references()?.all()? {
        let name = reference?.name().to_owned();
        if !named.contains(name.as_bstr()) {
            let change = Change::Delete {
                expected: PreviousValue::Any,
                log: RefLog::AndReference,
            };
            edits.push(RefEdit::new(name, change));
        }
    }
    if !edits.is_empty() {
        mirror.edit_references(edits)?;
    }
    Ok(())
}

/// The usual options, with the authorities that are compiled in.
fn https_options(repository: &gix::Repository, url: &RepositoryUrl) -> gix::Result<Box<dyn Any>> {
    let mut options: http::Options = match repository.transport_options(url.as_str(), None)? {
        Some(usual) => usual.downcast::<http::Options>().map(|usual| *usual).unwrap_or_default(),
        None => http::Options::default(),
    };
    let backend = http::reqwest::Options {
        configure_client: Some(Box::new(|builder| Ok(builder.tls_certs_merge(authorities())))),
        ..http::reqwest::Options::default()
    };
    options.backend = Some(Arc::new(Mutex::new(backend)));
    Ok(Box::new(options))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_there_is_told_from_other_troubles() {
        let error = transport::client::Error::InvokeProgram {
            source: std::io::ErrorKind::NotFound.into(),
            command: "git-upload-pack".into(),
        };
        assert!(chain(&error).contains(NO_PROGRAM), "{error}");
    }
}
