//! The daemon's own certificate: self-signed, its key made once, so that the pin never changes.

use crate::daemon::state_dir::{StateDir, StateDirError};
use crate::wire;
use compose_core::hash::hex;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PublicKeyData as _};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

/// Who the daemon proves to be.
pub(crate) struct Identity {
    config: Arc<ServerConfig>,
    pin: String,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The key cannot be kept.
    #[error(transparent)]
    StateDir(#[from] StateDirError),
    /// The key in the state folder is not one.
    #[error("tls.key in the state folder is not a private key; put it back from a backup, or remove it to get a new pin")]
    Key(#[source] rcgen::Error),
    /// No certificate could be made.
    #[error("cannot make a certificate")]
    Certificate(#[source] rcgen::Error),
    /// The certificate cannot be used.
    #[error("cannot use the certificate")]
    Rustls(#[from] rustls::Error),
}

impl Identity {
    /// The identity of a state folder; writes the pin beside the key.
    ///
    /// The certificate is made anew at each start: clients pin the key and ignore names and dates.
    pub(crate) fn open_in(dir: &StateDir) -> Result<Self, TlsError> {
        let pem = dir.private_file("tls.key", || {
            let key = KeyPair::generate().expect("the system's source of randomness answers");
            Zeroizing::new(key.serialize_pem().into_bytes())
        })?;
        let key = KeyPair::from_pem(&String::from_utf8_lossy(&pem)).map_err(TlsError::Key)?;
        let pin = hex(&Sha256::digest(key.subject_public_key_info()));
        dir.write_public(wire::PIN_FILE, pin.as_bytes())?;
        Ok(Self {
            config: server_config(&key)?,
            pin,
        })
    }

    /// What the server listens with.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// Lower-case hex SHA-256 of the `SubjectPublicKeyInfo`.
    pub(crate) fn pin(&self) -> &str {
        &self.pin
    }
}

fn server_config(key: &KeyPair) -> Result<Arc<ServerConfig>, TlsError> {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).map_err(TlsError::Certificate)?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, "inertia daemon");
    params.distinguished_name = name;
    let now = OffsetDateTime::now_utc();
    params.not_before = now - Duration::days(1);
    params.not_after = now + Duration::days(3650);
    let certificate = params.self_signed(key).map_err(TlsError::Certificate)?;
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pin_survives_a_restart_and_is_written() {
        let temp = tempfile::tempdir().expect("a temporary folder");
        let first = Identity::open_in(&StateDir::open(temp.path()).expect("opens")).expect("made");
        let second = Identity::open_in(&StateDir::open(temp.path()).expect("opens")).expect("read");
        assert_eq!(first.pin(), second.pin());
        assert_eq!(first.pin().len(), 64);
        let written = std::fs::read_to_string(temp.path().join(wire::PIN_FILE)).expect("written");
        assert_eq!(written, first.pin());
    }

    #[test]
    fn a_damaged_key_is_named() {
        let temp = tempfile::tempdir().expect("a temporary folder");
        let dir = StateDir::open(temp.path()).expect("opens");
        dir.write_private("tls.key", b"no key").expect("written");
        assert!(matches!(Identity::open_in(&dir), Err(TlsError::Key(_))));
    }
}
