//! Whose certificates are trusted over https: the authorities that are compiled in, those that `SSL_CERT_FILE` names,
//! and the system's where it has some. An image made from nothing has none.

use reqwest::Certificate;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

/// The authorities that are compiled in, to be merged with those that the system or `SSL_CERT_FILE` names.
pub fn authorities() -> Vec<Certificate> {
    TLS_SERVER_ROOT_CERTS
        .iter()
        .filter_map(|certificate| Certificate::from_der(certificate).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_authority_can_be_used() {
        assert_eq!(authorities().len(), TLS_SERVER_ROOT_CERTS.len());
        assert!(authorities().len() > 100);
    }
}
