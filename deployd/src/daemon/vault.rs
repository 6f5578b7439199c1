//! Secrets at rest: sealed with XChaCha20-Poly1305 and bound to the place they belong to.

use crate::daemon::state_dir::{StateDir, StateDirError, random};
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use compose_core::hash::hex;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use std::io::{self, Read};
use std::sync::Arc;
use zeroize::Zeroizing;

/// The first byte of everything sealed, so that a later format can be told apart.
const FORMAT: u8 = 1;
const NONCE: usize = 24;

/// Seals and opens secrets with the daemon's key.
pub(crate) struct Vault {
    cipher: XChaCha20Poly1305,
    /// What the keys of fingerprints are made of.
    root: Mac,
}

type Mac = Hmac<Sha256>;

/// A sealed value that does not open: damaged, of another place, or of another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored secret cannot be opened: the key file vault.key does not fit the database")]
pub(crate) struct VaultError;

impl Vault {
    /// The vault of a state folder; its key is made at the first call.
    pub(crate) fn open_in(dir: &StateDir) -> Result<Self, StateDirError> {
        let key = dir.key("vault.key")?;
        Ok(Self {
            cipher: XChaCha20Poly1305::new((&*key).into()),
            root: keyed(key.as_slice()),
        })
    }

    /// What tells the contents of a project's secrets apart.
    pub(crate) fn fingerprints(&self, project: &str) -> Fingerprints {
        let mut mac = self.root.clone();
        mac.update(b"fingerprints/");
        mac.update(project.as_bytes());
        Fingerprints(Arc::new(Zeroizing::new(mac.finalize().into_bytes().into())))
    }

    /// Seals a secret; only the same `place` opens it.
    pub(crate) fn seal(&self, place: &str, secret: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE] = random();
        let payload = Payload {
            msg: secret,
            aad: place.as_bytes(),
        };
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .expect("a secret is far shorter than the cipher's limit");
        [&[FORMAT], nonce.as_slice(), &sealed].concat()
    }

    /// Opens what [`Vault::seal`] made for this place.
    pub(crate) fn open(&self, place: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let rest = sealed.strip_prefix(&[FORMAT]).ok_or(VaultError)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or(VaultError)?;
        let payload = Payload {
            msg: sealed,
            aad: place.as_bytes(),
        };
        let secret = self.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| VaultError)?;
        Ok(Zeroizing::new(secret))
    }

    /// Opens a secret that is text.
    pub(crate) fn open_text(&self, place: &str, sealed: &[u8]) -> Result<Zeroizing<String>, VaultError> {
        let bytes = self.open(place, sealed)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| VaultError)?;
        Ok(Zeroizing::new(text.to_owned()))
    }
}

fn keyed(key: &[u8]) -> Mac {
    Mac::new_from_slice(key).expect("HMAC takes keys of any length")
}

/// Tells contents of one project apart by digests that say nothing to who does not have the daemon's key: not what the
/// content is, and not whether it is what somebody guesses.
#[derive(Clone)]
pub(crate) struct Fingerprints(Arc<Zeroizing<[u8; 32]>>);

impl Fingerprints {
    /// The fingerprint of a content; the same content has another one under another name.
    pub(crate) fn of(&self, name: &str, mut content: impl Read) -> io::Result<String> {
        let mut mac = keyed(self.0.as_slice());
        mac.update(&(name.len() as u64).to_be_bytes());
        mac.update(name.as_bytes());
        let mut piece = Zeroizing::new([0; 8 * 1024]);
        loop {
            match content.read(piece.as_mut_slice()) {
                Ok(0) => break,
                Ok(read) => mac.update(&piece[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(hex(&mac.finalize().into_bytes()[..16]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> (tempfile::TempDir, Vault) {
        let temp = tempfile::tempdir().expect("a temporary folder");
        let dir = StateDir::open(temp.path()).expect("opens");
        (temp, Vault::open_in(&dir).expect("a key"))
    }

    #[test]
    fn opens_only_in_its_place_and_only_undamaged() {
        let (_temp, vault) = vault();
        let sealed = vault.seal("env/shop/KEY", b"hidden");
        assert_eq!(vault.open("env/shop/KEY", &sealed).expect("opens").as_slice(), b"hidden");
        assert_eq!(vault.open("env/shop/OTHER", &sealed), Err(VaultError));
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert_eq!(vault.open("env/shop/KEY", &damaged), Err(VaultError), "byte {at}");
            assert_eq!(vault.open("env/shop/KEY", &sealed[..at]), Err(VaultError), "cut at {at}");
        }
    }

    #[test]
    fn the_same_secret_never_looks_the_same() {
        let (_temp, vault) = vault();
        let (one, two) = (vault.seal("p", b"hidden"), vault.seal("p", b"hidden"));
        assert_ne!(one, two);
        assert!(!one.windows(6).any(|window| window == b"hidden"));
    }

    #[test]
    fn fingerprints_differ_by_content_name_project_and_key() {
        let ((_a, one), (_b, two)) = (vault(), vault());
        let of = |vault: &Vault, project, name, content: &str| vault.fingerprints(project).of(name, content.as_bytes()).expect("read");
        let first = of(&one, "shop", "secret.pw", "hidden");
        assert_eq!(first, of(&one, "shop", "secret.pw", "hidden"));
        let others = [
            of(&one, "shop", "secret.pw", "other"),
            of(&one, "shop", "secret.pwh", "idden"),
            of(&one, "blog", "secret.pw", "hidden"),
            of(&two, "shop", "secret.pw", "hidden"),
        ];
        assert!(others.iter().all(|other| *other != first), "{others:?}");
    }

    #[test]
    fn another_key_opens_nothing() {
        let ((_a, one), (_b, two)) = (vault(), vault());
        assert_eq!(two.open("p", &one.seal("p", b"x")), Err(VaultError));
    }
}
