//! Who we are to image registries: the content of docker's `config.json`, and the headers that carry it.

use crate::names::ImageRef;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The name under which docker keeps what belongs to Docker Hub.
const HUB: &str = "https://index.docker.io/v1/";

/// Why there are no credentials for a registry that has some.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// The text is not what docker writes.
    #[error("the registry credentials cannot be read: {message}")]
    Malformed {
        /// What is wrong with it.
        message: String,
    },
    /// They are kept by a program.
    #[error(
        "the credentials for {registry} are kept by docker-credential-{helper}, which is not called; log in without a credential helper"
    )]
    Helper {
        /// The registry.
        registry: String,
        /// The helper's name, without `docker-credential-`.
        helper: String,
    },
}

/// What a registry knows us by.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Credential {
    /// The user.
    pub username: String,
    /// The password or access token.
    pub password: String,
    /// An OAuth refresh token in place of a password.
    pub identity_token: Option<String>,
    /// A bearer token that is sent as it is.
    pub registry_token: Option<String>,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credential({}, …)", self.username)
    }
}

/// The credentials for every registry that there are some for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    registries: BTreeMap<String, Known>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Known {
    Here(Credential),
    KeptBy(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfigFile {
    #[serde(default)]
    auths: BTreeMap<String, AuthEntry>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
    #[serde(default)]
    creds_store: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AuthEntry {
    auth: String,
    username: String,
    password: String,
    identitytoken: String,
    registrytoken: String,
}

/// One registry's part of a header, in the engine's spelling.
#[derive(Serialize)]
struct AuthConfig<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    username: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    password: &'a str,
    serveraddress: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    identitytoken: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registrytoken: Option<&'a str>,
}

impl Credentials {
    /// None.
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads the text of docker's `config.json`.
    pub fn parse(text: &str) -> Result<Self, CredentialsError> {
        let malformed = |error: serde_json::Error| CredentialsError::Malformed {
            message: error.to_string(),
        };
        // A list would be taken for the fields in their order.
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).map_err(malformed)?;
        let file: ConfigFile = serde_json::from_value(object.into()).map_err(malformed)?;
        let mut registries = BTreeMap::new();
        for (address, entry) in &file.auths {
            let known = match entry.credential(address)? {
                Some(credential) => Known::Here(credential),
                // `docker login` leaves an empty entry behind for what it gave to a store.
                None if !file.creds_store.is_empty() => Known::KeptBy(file.creds_store.clone()),
                None => continue,
            };
            registries.insert(registry_key(address), known);
        }
        for (address, helper) in file.cred_helpers {
            registries.insert(registry_key(&address), Known::KeptBy(helper));
        }
        Ok(Self { registries })
    }

    /// The same credentials with those for one more registry.
    #[must_use]
    pub fn with(mut self, registry: &str, credential: Credential) -> Self {
        self.registries.insert(registry_key(registry), Known::Here(credential));
        self
    }

    /// What to show the registry of an image; `None` where it is asked without credentials.
    pub fn for_image(&self, image: &ImageRef) -> Result<Option<&Credential>, CredentialsError> {
        self.for_registry(registry_of(image.as_str()))
    }

    /// What to show a registry, by host name and port.
    pub fn for_registry(&self, registry: &str) -> Result<Option<&Credential>, CredentialsError> {
        let key = registry_key(registry);
        match self.registries.get(&key) {
            None => Ok(None),
            Some(Known::Here(credential)) => Ok(Some(credential)),
            Some(Known::KeptBy(helper)) => Err(CredentialsError::Helper {
                registry: key,
                helper: helper.clone(),
            }),
        }
    }

    /// What there is of them here, as the text of docker's `config.json`.
    pub(crate) fn to_config_file(&self) -> String {
        let auths: serde_json::Map<String, serde_json::Value> = self
            .registries
            .iter()
            .filter_map(|(key, known)| match known {
                Known::Here(credential) => Some((key.clone(), credential.config_entry())),
                Known::KeptBy(_) => None,
            })
            .collect();
        serde_json::json!({ "auths": auths }).to_string()
    }

    /// The value of `X-Registry-Auth` for pulling an image.
    pub(crate) fn pull_header(&self, image: &ImageRef) -> Result<Option<String>, CredentialsError> {
        let key = registry_key(registry_of(image.as_str()));
        Ok(self.for_image(image)?.map(|credential| encode(&credential.config(&key))))
    }

    /// The value of `X-Registry-Config` for a build, which may pull from any registry.
    pub(crate) fn build_header(&self) -> Option<String> {
        let all: BTreeMap<&str, AuthConfig<'_>> = self
            .registries
            .iter()
            .filter_map(|(key, known)| match known {
                Known::Here(credential) => Some((key.as_str(), credential.config(key))),
                Known::KeptBy(_) => None,
            })
            .collect();
        (!all.is_empty()).then(|| encode(&all))
    }
}

impl Credential {
    fn config_entry(&self) -> serde_json::Value {
        let mut entry = serde_json::Map::new();
        let pair = format!("{}:{}", self.username, self.password);
        for (key, value) in [
            ("auth", (pair != ":").then(|| STANDARD.encode(&pair))),
            ("identitytoken", self.identity_token.clone()),
            ("registrytoken", self.registry_token.clone()),
        ] {
            entry.extend(value.map(|value| (key.to_owned(), value.into())));
        }
        entry.into()
    }

    fn config<'a>(&'a self, key: &'a str) -> AuthConfig<'a> {
        AuthConfig {
            username: &self.username,
            password: &self.password,
            serveraddress: key,
            identitytoken: self.identity_token.as_deref(),
            registrytoken: self.registry_token.as_deref(),
        }
    }
}

impl AuthEntry {
    fn credential(&self, address: &str) -> Result<Option<Credential>, CredentialsError> {
        let (mut username, mut password) = (self.username.clone(), self.password.clone());
        if !self.auth.is_empty() {
            let malformed = || CredentialsError::Malformed {
                message: format!("auths.{address}.auth is not the base64 of USER:PASSWORD"),
            };
            let bytes = STANDARD.decode(self.auth.trim()).map_err(|_| malformed())?;
            let text = String::from_utf8(bytes).map_err(|_| malformed())?;
            let (user, secret) = text.split_once(':').ok_or_else(malformed)?;
            user.clone_into(&mut username);
            secret.trim_end_matches('\0').clone_into(&mut password);
        }
        let token = |text: &String| (!text.is_empty()).then(|| text.clone());
        let credential = Credential {
            username,
            password,
            identity_token: token(&self.identitytoken),
            registry_token: token(&self.registrytoken),
        };
        Ok((credential != Credential::default()).then_some(credential))
    }
}

fn encode(value: &impl Serialize) -> String {
    URL_SAFE.encode(serde_json::to_vec(value).expect("maps and strings always serialise"))
}

/// The registry that a reference leads to.
fn registry_of(image: &str) -> &str {
    match image.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
        _ => "docker.io",
    }
}

/// The one spelling of a registry's address under which its credentials are kept here.
fn registry_key(address: &str) -> String {
    let host = address.trim_start_matches("https://").trim_start_matches("http://");
    let host = host.split('/').next().unwrap_or(host);
    match host {
        "docker.io" | "index.docker.io" | "registry-1.docker.io" => HUB.to_owned(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const CONFIG: &str = r#"{
        "auths": {
            "https://index.docker.io/v1/": {"auth": "bWU6c2VjcmV0OjE="},
            "127.0.0.1:5000": {"username": "u", "password": "p"},
            "https://ghcr.io": {"identitytoken": "t", "auth": "PHRva2VuPjo="},
            "stored.example": {}
        },
        "credHelpers": {"ecr.example": "ecr-login"},
        "credsStore": "desktop",
        "HttpHeaders": {"x": "y"}
    }"#;

    fn user(credentials: &Credentials, image: &str) -> Option<(String, String)> {
        let found = credentials.for_image(&image.into()).unwrap()?;
        Some((found.username.clone(), found.password.clone()))
    }

    #[test]
    fn finds_the_registry_of_an_image() {
        let credentials = Credentials::parse(CONFIG).unwrap();
        let hub = Some(("me".to_owned(), "secret:1".to_owned()));
        for image in [
            "busybox",
            "busybox:1.36",
            "library/busybox",
            "docker.io/library/busybox",
            "me/app@sha256:00",
        ] {
            assert_eq!(user(&credentials, image), hub, "{image}");
        }
        assert_eq!(user(&credentials, "127.0.0.1:5000/app:v1"), Some(("u".into(), "p".into())));
        assert_eq!(user(&credentials, "other.example/app"), None);
        let token = credentials.for_image(&"ghcr.io/x/y".into()).unwrap().unwrap();
        assert_eq!(token.identity_token.as_deref(), Some("t"));
    }

    #[test]
    fn a_helper_that_would_be_needed_is_named() {
        let credentials = Credentials::parse(CONFIG).unwrap();
        for (image, helper) in [("ecr.example/app", "ecr-login"), ("stored.example/app", "desktop")] {
            let message = credentials.for_image(&image.into()).unwrap_err().to_string();
            assert!(message.contains(helper) && message.contains("example"), "{message}");
        }
    }

    #[test]
    fn headers_hold_what_the_engine_reads() {
        let credentials = Credentials::parse(CONFIG).unwrap();
        let decode = |text: String| -> serde_json::Value { serde_json::from_slice(&URL_SAFE.decode(text).unwrap()).unwrap() };
        let pull = decode(credentials.pull_header(&"127.0.0.1:5000/a".into()).unwrap().unwrap());
        assert_eq!(
            pull,
            serde_json::json!({"username": "u", "password": "p", "serveraddress": "127.0.0.1:5000"})
        );
        let build = decode(credentials.build_header().unwrap());
        assert_eq!(
            build.as_object().unwrap().keys().collect::<Vec<_>>(),
            ["127.0.0.1:5000", "ghcr.io", HUB]
        );
        assert_eq!(Credentials::none().build_header(), None);
    }

    #[test]
    fn written_credentials_are_read_back() {
        let credentials = Credentials::parse(CONFIG).unwrap();
        let again = Credentials::parse(&credentials.to_config_file()).unwrap();
        for image in ["busybox", "127.0.0.1:5000/app", "ghcr.io/x/y", "other.example/app"] {
            let (before, after) = (
                credentials.for_image(&image.into()).unwrap(),
                again.for_image(&image.into()).unwrap(),
            );
            assert_eq!(before, after, "{image}");
        }
    }

    #[test]
    fn nonsense_is_refused_and_secrets_are_not_shown() {
        assert!(Credentials::parse("[]").is_err());
        let bad = Credentials::parse(r#"{"auths": {"x.y": {"auth": "!!"}}}"#).unwrap_err();
        assert!(bad.to_string().contains("x.y"), "{bad}");
        assert!(!format!("{:?}", Credentials::parse(CONFIG).unwrap()).contains("secret"));
    }
}
