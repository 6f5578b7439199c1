//! The daemon on a socket: TLS only, and provably the one whose pin is in the state folder.

use crate::bench::healthy;
use compose_core::engine::fake::FakeEngine;
use compose_core::hash::hex;
use deployd::Config;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};
use sha2::{Digest as _, Sha256};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// Takes exactly one key and ignores names and dates, as the command line does.
#[derive(Debug)]
struct Pinned {
    pin: String,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let (_, parsed) = X509Certificate::from_der(certificate).unwrap();
        let digest = Sha256::digest(parsed.public_key().raw);
        let found = hex(&digest);
        if found == self.pin {
            return Ok(ServerCertVerified::assertion());
        }
        Err(rustls::Error::General("another key".to_owned()))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn request(address: SocketAddr, pin: &str) -> std::io::Result<String> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Pinned {
        pin: pin.to_owned(),
        provider: Arc::clone(&provider),
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    let name = ServerName::try_from("anything.example").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(address)?);
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

#[tokio::test(flavor = "multi_thread")]
async fn serves_by_its_pin_and_ends_when_told() {
    let temp = tempfile::tempdir().unwrap();
    let state = temp.path().join("state");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let config = Config {
        state: state.clone(),
        engine: Arc::new(FakeEngine::new().with_behaviour("x", healthy())),
        container: None,
        version: "1.2.3".to_owned(),
        known_hosts: None,
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(deployd::serve(listener, config, async {
        let _ = stopped.await;
    }));
    let written = async |name: &str| {
        for _ in 0..500 {
            if let Ok(text) = std::fs::read_to_string(state.join(name)) {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{name} was not written");
    };
    assert_eq!(written("address").await, format!("https://{address}"));
    let pin = written("cert.sha256").await;
    let wrong = pin.replace(|digit: char| digit.is_ascii_digit(), "0");
    let (good, bad) = tokio::task::spawn_blocking(move || (request(address, &pin), request(address, &wrong)))
        .await
        .unwrap();
    let good = good.unwrap();
    assert!(good.starts_with("HTTP/1.1 200") && good.contains("1.2.3"), "{good}");
    assert!(bad.is_err());
    // Plain HTTP gets no answer.
    let mut plain = TcpStream::connect(address).unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let mut text = Vec::new();
    let _ = plain.read_to_end(&mut text);
    assert!(!text.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&text));
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(10), serving)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}
