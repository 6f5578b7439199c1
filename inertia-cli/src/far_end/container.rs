//! The daemon's container: what it is like, and which containers on the engine are one.

use crate::failure::Failure;
use compose_core::engine::request::{ContainerBody, HostConfig, LogConfig, MountBody, PortBinding, RestartPolicyBody};
use compose_core::engine::{ContainerSummary, Engine, Selector};
use compose_core::hash::hex;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Says that a container or an image is a daemon; its value is the version that made it.
pub(super) const LABEL: &str = "dev.inertia.daemon";
/// Where it keeps its state.
const STATE: &str = "dev.inertia.daemon.state";
/// Its port on the server.
const PORT: &str = "dev.inertia.daemon.port";
/// What it was made from: the same means that nothing is to be done.
const SPECIFICATION: &str = "dev.inertia.daemon.specification";

/// The image that it was made from by request, in the place of one made here.
const PULLED: &str = "dev.inertia.daemon.pulled";

/// The container's name.
pub(super) const NAME: &str = "inertia-daemon";
/// Its name while it is not known whether the next one works.
pub(super) const PREVIOUS: &str = "inertia-daemon-previous";
/// The name of one that is not in its place yet.
pub(super) const NEXT: &str = "inertia-daemon-next";

/// How the name of one begins that is not needed any more and could not be removed.
pub(super) const LEFTOVER: &str = "inertia-daemon-leftover";

/// The name of the container of a moment that copies the database.
pub(super) const KEEPER: &str = "inertia-daemon-keeper";

/// The port that the daemon listens on in its container.
const INSIDE: &str = "8081/tcp";
/// The port on the server where nobody said another.
pub(crate) const USUAL_PORT: u16 = 8081;

/// What the daemon may do as root in its container: use folders of others, and give files away.
pub(super) const CAPABILITIES: [&str; 4] = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID"];

/// What decides how the container is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Specification {
    pub(super) image: String,
    /// The image's id: a name may mean another one tomorrow.
    pub(super) image_id: String,
    /// It was asked for by this name: the next one without a wish of its own keeps it.
    pub(super) pulled: Option<String>,
    pub(super) port: u16,
    pub(super) state: String,
    pub(super) home: String,
}

impl Specification {
    /// The request that makes it.
    pub(super) fn body(&self) -> ContainerBody {
        let mut body = ContainerBody {
            image: self.image.clone(),
            labels: BTreeMap::from([
                (LABEL.to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
                (STATE.to_owned(), self.state.clone()),
                (PORT.to_owned(), self.port.to_string()),
            ]),
            exposed_ports: BTreeSet::from([INSIDE.to_owned()]),
            env: vec![
                "DAEMON=true".to_owned(),
                format!("HOME={}", self.home),
                format!("SSH_KNOWN_HOSTS={}/known_hosts", self.state),
            ],
            cmd: Some(["daemon", "--state", &self.state].map(str::to_owned).to_vec()),
            stop_timeout: Some(30),
            host_config: self.host_config(),
            ..ContainerBody::default()
        };
        body.labels.extend(self.pulled.clone().map(|image| (PULLED.to_owned(), image)));
        let fingerprint = self.fingerprint(&body);
        body.labels.insert(SPECIFICATION.to_owned(), fingerprint);
        body
    }

    /// Where the daemon is.
    pub(super) fn whereabouts(&self) -> Whereabouts {
        Whereabouts {
            port: self.port,
            state: self.state.clone(),
        }
    }

    fn host_config(&self) -> HostConfig {
        let bind = |path: &str| MountBody {
            kind: "bind",
            source: Some(path.to_owned()),
            target: path.to_owned(),
            ..MountBody::default()
        };
        HostConfig {
            mounts: vec![bind("/var/run/docker.sock"), bind(&self.state)],
            tmpfs: BTreeMap::from([("/tmp".to_owned(), "mode=1777,size=64m".to_owned())]),
            readonly_rootfs: true,
            port_bindings: BTreeMap::from([(
                INSIDE.to_owned(),
                vec![PortBinding {
                    host_ip: String::new(),
                    host_port: self.port.to_string(),
                }],
            )]),
            restart_policy: Some(RestartPolicyBody {
                name: "unless-stopped".to_owned(),
                maximum_retry_count: 0,
            }),
            log_config: Some(LogConfig {
                driver: "json-file".to_owned(),
                config: [("max-size", "10m"), ("max-file", "3")]
                    .map(|(key, value)| (key.to_owned(), value.to_owned()))
                    .into(),
            }),
            cap_drop: vec!["ALL".to_owned()],
            cap_add: CAPABILITIES.map(str::to_owned).to_vec(),
            // The engine's socket is not labelled for containers where SELinux watches.
            security_opt: vec!["no-new-privileges:true".to_owned(), "label=disable".to_owned()],
            // On an engine that maps users, root here has to be the root that owns the socket.
            userns_mode: Some("host".to_owned()),
            ..HostConfig::default()
        }
    }

    fn fingerprint(&self, body: &ContainerBody) -> String {
        let text = serde_json::to_string(body).expect("a request is JSON");
        let mut hash = Sha256::new();
        hash.update(text.as_bytes());
        hash.update(self.image_id.as_bytes());
        hex(&hash.finalize()[..16])
    }
}

/// Where a daemon is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Whereabouts {
    /// Its port on the server.
    pub(super) port: u16,
    /// Where it keeps its state.
    pub(super) state: String,
}

impl Whereabouts {
    /// As a daemon's container says.
    pub(super) fn of(container: &ContainerSummary) -> Result<Self, Failure> {
        let label = |key: &str| container.labels.get(key);
        let told = label(PORT).and_then(|port| port.parse().ok()).zip(label(STATE).cloned());
        let (port, state) = told.ok_or_else(|| {
            Failure::new(format!("the container {} does not say where its daemon is", container.name)).hint(format!(
                "inertia did not make it: look at it with `docker inspect {}` there, then remove or rename it",
                container.name
            ))
        })?;
        Ok(Self { port, state })
    }
}

/// The daemon's containers on an engine.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Found {
    /// The one in its place.
    pub(super) current: Option<ContainerSummary>,
    /// One that was put aside.
    pub(super) previous: Option<ContainerSummary>,
    /// Ones that never got to their place.
    pub(super) others: Vec<ContainerSummary>,
}

impl Found {
    /// Looks for them by their label.
    pub(super) async fn on(engine: &dyn Engine) -> Result<Self, Failure> {
        let labels = vec![LABEL.to_owned()];
        let mut found = Self::default();
        for container in engine.list_containers(&Selector { labels }).await? {
            match container.name.as_str() {
                NAME => found.current = Some(container),
                PREVIOUS => found.previous = Some(container),
                _ => found.others.push(container),
            }
        }
        Ok(found)
    }

    /// The one that tells where state and port are: in its place, or put aside.
    fn telling(&self) -> Option<&ContainerSummary> {
        self.current.as_ref().or(self.previous.as_ref()).or(self.others.first())
    }

    /// Where an existing daemon keeps its state.
    pub(super) fn state(&self) -> Option<String> {
        self.telling()?.labels.get(STATE).cloned()
    }

    /// The version that set an existing daemon up.
    pub(super) fn version(&self) -> Option<&str> {
        self.telling()?.labels.get(LABEL).map(String::as_str)
    }

    /// The image that an existing daemon was asked to be made from.
    pub(super) fn pulled(&self) -> Option<String> {
        self.telling()?.labels.get(PULLED).cloned()
    }

    /// The port of an existing daemon.
    pub(super) fn port(&self) -> Option<u16> {
        self.telling()?.labels.get(PORT)?.parse().ok()
    }
}

/// Whether a container was made from exactly this request.
pub(super) fn is_as(container: &ContainerSummary, body: &ContainerBody) -> bool {
    container.labels.get(SPECIFICATION) == body.labels.get(SPECIFICATION)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn specification() -> Specification {
        Specification {
            image: "inertia-daemon:0.1.0-abc".to_owned(),
            image_id: "sha256:1".to_owned(),
            pulled: None,
            port: 9000,
            state: "/home/me/.inertia".to_owned(),
            home: "/home/me".to_owned(),
        }
    }

    #[test]
    fn the_container_may_do_little() {
        insta::assert_snapshot!(serde_json::to_string_pretty(&specification().body()).expect("JSON"));
    }

    #[test]
    fn whatever_differs_makes_another_container() {
        let label = |specification: &Specification| specification.body().labels[SPECIFICATION].clone();
        let usual = label(&specification());
        assert_eq!(usual, label(&specification()));
        for other in [
            Specification {
                port: 1,
                ..specification()
            },
            Specification {
                image_id: "sha256:2".to_owned(),
                ..specification()
            },
            Specification {
                pulled: Some("registry.example/inertia:1".to_owned()),
                ..specification()
            },
            Specification {
                state: "/x".to_owned(),
                ..specification()
            },
        ] {
            assert_ne!(usual, label(&other), "{other:?}");
        }
    }
}
