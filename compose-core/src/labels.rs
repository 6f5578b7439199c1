//! The bookkeeping labels `com.docker.compose.*`: the only place that knows them. Everything that
//! runs is recognised by them, so Inertia and Docker Compose see each other's projects.

use crate::model::Condition;
use crate::names::{ConfigHash, ContainerId, ContainerName, ImageId, NetworkKey, ProjectName, ReplicaNumber, ServiceName, VolumeKey};
use std::collections::BTreeMap;
use std::path::PathBuf;

const PROJECT: &str = "com.docker.compose.project";
const SERVICE: &str = "com.docker.compose.service";
const NUMBER: &str = "com.docker.compose.container-number";
const ONE_OFF: &str = "com.docker.compose.oneoff";
const SLUG: &str = "com.docker.compose.slug";
const CONFIG_HASH: &str = "com.docker.compose.config-hash";
const IMAGE: &str = "com.docker.compose.image";
const DEPENDS_ON: &str = "com.docker.compose.depends_on";
const WORKING_DIR: &str = "com.docker.compose.project.working_dir";
const CONFIG_FILES: &str = "com.docker.compose.project.config_files";
const ENVIRONMENT_FILE: &str = "com.docker.compose.project.environment_file";
const REPLACE: &str = "com.docker.compose.replace";
const VERSION: &str = "com.docker.compose.version";
const NETWORK: &str = "com.docker.compose.network";
const VOLUME: &str = "com.docker.compose.volume";

/// The version that everything made carries.
const MADE_BY: &str = env!("CARGO_PKG_VERSION");

/// Whose container it is, and what it was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ownership {
    /// The project.
    pub project: ProjectName,
    /// The service.
    pub service: ServiceName,
    /// What it is to the service.
    pub role: Role,
    /// The configuration it was made from.
    pub config_hash: Option<ConfigHash>,
    /// The image it was made from.
    pub image: Option<ImageId>,
    /// What the service depended on.
    pub depends_on: Vec<DependencyNote>,
    /// The project's folder.
    pub working_dir: Option<PathBuf>,
    /// The compose files, in merge order.
    pub config_files: Vec<PathBuf>,
    /// The files given by `--env-file`.
    pub environment_files: Vec<PathBuf>,
    /// The container that it was made to replace.
    pub replaces: Option<ContainerId>,
    /// The version of the tool that made it.
    pub version: Option<String>,
}

/// What a container is to its service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// One of its replicas; the number is missing on containers whose labels were tampered with.
    Replica(Option<ReplicaNumber>),
    /// Made by `run`.
    OneOff {
        /// What tells it from others of its kind.
        slug: String,
    },
}

/// A dependency as a container remembers it, for taking a project down without its file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DependencyNote {
    /// The service depended on.
    pub service: ServiceName,
    /// What was waited for.
    pub condition: Condition,
    /// The dependent is restarted with it.
    pub restart: bool,
}

impl Ownership {
    /// The container of a replica, with nothing known but whose it is.
    pub fn replica(project: ProjectName, service: ServiceName, number: ReplicaNumber) -> Self {
        Self {
            project,
            service,
            role: Role::Replica(Some(number)),
            config_hash: None,
            image: None,
            depends_on: Vec::new(),
            working_dir: None,
            config_files: Vec::new(),
            environment_files: Vec::new(),
            replaces: None,
            version: None,
        }
    }

    /// Reads the labels of a container; `None` when it belongs to no project.
    pub fn read(labels: &BTreeMap<String, String>) -> Option<Self> {
        let text = |key: &str| labels.get(key).map(String::as_str);
        let filled = |key: &str| text(key).filter(|value| !value.is_empty());
        let role = if text(ONE_OFF).is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            Role::OneOff {
                slug: text(SLUG).unwrap_or_default().to_owned(),
            }
        } else {
            Role::Replica(text(NUMBER).and_then(|number| number.parse().ok()).and_then(ReplicaNumber::new))
        };
        Some(Self {
            project: ProjectName::new(text(PROJECT)?),
            service: ServiceName::new(text(SERVICE)?),
            role,
            config_hash: filled(CONFIG_HASH).map(ConfigHash::from),
            image: filled(IMAGE).map(ImageId::from),
            depends_on: filled(DEPENDS_ON).map(read_dependencies).unwrap_or_default(),
            working_dir: filled(WORKING_DIR).map(PathBuf::from),
            config_files: read_paths(filled(CONFIG_FILES)),
            environment_files: read_paths(filled(ENVIRONMENT_FILE)),
            replaces: filled(REPLACE).map(ContainerId::from),
            version: filled(VERSION).map(str::to_owned),
        })
    }

    /// The labels that say the same.
    pub fn to_labels(&self) -> BTreeMap<String, String> {
        let mut labels = BTreeMap::from([
            (PROJECT.to_owned(), self.project.to_string()),
            (SERVICE.to_owned(), self.service.to_string()),
            (DEPENDS_ON.to_owned(), write_dependencies(&self.depends_on)),
            (VERSION.to_owned(), self.version.as_deref().unwrap_or(MADE_BY).to_owned()),
        ]);
        match &self.role {
            Role::Replica(number) => {
                labels.insert(ONE_OFF.to_owned(), "False".to_owned());
                labels.extend(number.map(|number| (NUMBER.to_owned(), number.to_string())));
            }
            Role::OneOff { slug } => {
                labels.insert(ONE_OFF.to_owned(), "True".to_owned());
                labels.insert(SLUG.to_owned(), slug.clone());
            }
        }
        let optional = [
            (CONFIG_HASH, self.config_hash.as_ref().map(ToString::to_string)),
            (IMAGE, self.image.as_ref().map(ToString::to_string)),
            (REPLACE, self.replaces.as_ref().map(ToString::to_string)),
            (WORKING_DIR, self.working_dir.as_ref().map(|path| path.display().to_string())),
            (CONFIG_FILES, write_paths(&self.config_files)),
            (ENVIRONMENT_FILE, write_paths(&self.environment_files)),
        ];
        labels.extend(optional.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
        labels
    }

    /// The replica's number; `None` for one-off containers too.
    pub fn number(&self) -> Option<ReplicaNumber> {
        match self.role {
            Role::Replica(number) => number,
            Role::OneOff { .. } => None,
        }
    }
}

/// Whose network or volume it is, and what it was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedOwnership<Key> {
    /// The project.
    pub project: ProjectName,
    /// Its key in the compose file; `None` where the label is missing.
    pub key: Option<Key>,
    /// The configuration it was made from.
    pub config_hash: Option<ConfigHash>,
}

impl SharedOwnership<NetworkKey> {
    /// Reads the labels of a network; `None` when it belongs to no project.
    pub fn of_network(labels: &BTreeMap<String, String>) -> Option<Self> {
        read_shared(labels, NETWORK)
    }

    /// The labels that say the same.
    pub fn network_labels(&self) -> BTreeMap<String, String> {
        write_shared(self, NETWORK)
    }
}

impl SharedOwnership<VolumeKey> {
    /// Reads the labels of a volume; `None` when it belongs to no project.
    pub fn of_volume(labels: &BTreeMap<String, String>) -> Option<Self> {
        read_shared(labels, VOLUME)
    }

    /// The labels that say the same.
    pub fn volume_labels(&self) -> BTreeMap<String, String> {
        write_shared(self, VOLUME)
    }
}

/// How the labels begin that change with the content of a secret or config.
const CONTENT: &str = "dev.inertia.";

/// The label of a container that changes with the content of what it mounts by a name that does not.
pub const MOUNTED: &str = "dev.inertia.content";

/// The two kinds of files that services are granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GrantedKind {
    /// A secret.
    Secret,
    /// A config.
    Config,
}

impl GrantedKind {
    /// Its word in a compose file, for one of them.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Config => "config",
        }
    }
}

/// The label of a container that changes with the content of a secret or config: the configuration hash does not.
pub fn of_content(kind: GrantedKind, key: &str) -> String {
    format!("{CONTENT}{}.{key}", kind.as_str())
}

/// The field of a compose file that a label of a container stands for.
pub fn field_of(label: &str) -> String {
    let granted = |kind: GrantedKind| {
        label
            .strip_prefix(&of_content(kind, ""))
            .map(|key| format!("{}s.{key}", kind.as_str()))
    };
    [GrantedKind::Secret, GrantedKind::Config]
        .into_iter()
        .find_map(granted)
        .unwrap_or_else(|| {
            if label == MOUNTED {
                "content of mounted files".to_owned()
            } else {
                format!("labels.{label}")
            }
        })
}

/// Whether a label is one of those that are kept here.
pub fn is_own(label: &str) -> bool {
    label.starts_with("com.docker.compose.")
}

/// The labels of an image built for a service.
pub fn of_built_image(project: &ProjectName, service: &ServiceName) -> BTreeMap<String, String> {
    BTreeMap::from([
        (PROJECT.to_owned(), project.to_string()),
        (SERVICE.to_owned(), service.to_string()),
        (VERSION.to_owned(), MADE_BY.to_owned()),
    ])
}

/// The project for which an image was built.
pub fn builder_of_image(labels: &BTreeMap<String, String>) -> Option<ProjectName> {
    labels.get(PROJECT).map(ProjectName::new)
}

fn read_shared<'a, Key: From<&'a str>>(labels: &'a BTreeMap<String, String>, key: &str) -> Option<SharedOwnership<Key>> {
    Some(SharedOwnership {
        project: ProjectName::new(labels.get(PROJECT)?),
        key: labels.get(key).map(|text| Key::from(text.as_str())),
        config_hash: labels.get(CONFIG_HASH).filter(|hash| !hash.is_empty()).map(ConfigHash::new),
    })
}

fn write_shared<Key: AsRef<str>>(ownership: &SharedOwnership<Key>, label: &str) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::from([
        (PROJECT.to_owned(), ownership.project.to_string()),
        (VERSION.to_owned(), MADE_BY.to_owned()),
    ]);
    labels.extend(ownership.key.as_ref().map(|key| (label.to_owned(), key.as_ref().to_owned())));
    labels.extend(
        ownership
            .config_hash
            .as_ref()
            .map(|hash| (CONFIG_HASH.to_owned(), hash.to_string())),
    );
    labels
}

/// `db:service_healthy:true,cache:service_started:false`; older tools wrote bare names.
fn read_dependencies(text: &str) -> Vec<DependencyNote> {
    let note = |entry: &str| {
        let mut parts = entry.split(':');
        let service = parts.next().filter(|name| !name.is_empty())?;
        let condition = match parts.next() {
            Some("service_healthy") => Condition::Healthy,
            Some("service_completed_successfully") => Condition::CompletedSuccessfully,
            _ => Condition::Started,
        };
        let restart = parts.next() == Some("true");
        Some(DependencyNote {
            service: ServiceName::new(service),
            condition,
            restart,
        })
    };
    text.split(',').filter_map(note).collect()
}

fn write_dependencies(notes: &[DependencyNote]) -> String {
    let entries: Vec<String> = notes
        .iter()
        .map(|note| format!("{}:{}:{}", note.service, note.condition.as_str(), note.restart))
        .collect();
    entries.join(",")
}

fn read_paths(text: Option<&str>) -> Vec<PathBuf> {
    text.map(|text| text.split(',').map(PathBuf::from).collect()).unwrap_or_default()
}

fn write_paths(paths: &[PathBuf]) -> Option<String> {
    let joined: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    (!joined.is_empty()).then(|| joined.join(","))
}

/// Whose a container is, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    container: ContainerName,
    owner: Option<(ProjectName, ServiceName)>,
}

impl Holder {
    /// Whose a container of this name and these labels is.
    pub fn of(container: &ContainerName, labels: &BTreeMap<String, String>) -> Self {
        let owner = Ownership::read(labels);
        Self {
            container: container.clone(),
            owner: owner.map(|owner| (owner.project, owner.service)),
        }
    }
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.owner {
            Some((project, service)) => write!(f, "container {} (service {service} of the project {project})", self.container),
            None => write!(f, "container {}, which is of no project,", self.container),
        }
    }
}

#[cfg(feature = "engine")]
mod select {
    use super::{ONE_OFF, PROJECT, SERVICE};
    use crate::engine::Selector;
    use crate::names::{ProjectName, ServiceName};

    /// Everything that belongs to any project.
    pub fn every_project() -> Selector {
        Selector {
            labels: vec![PROJECT.to_owned()],
        }
    }

    /// Everything that belongs to a project, one-off containers included.
    pub fn of_project(project: &ProjectName) -> Selector {
        Selector {
            labels: vec![format!("{PROJECT}={project}")],
        }
    }

    /// A service's containers, without one-off ones.
    pub fn of_service(project: &ProjectName, service: &ServiceName) -> Selector {
        let mut selector = of_project(project);
        selector.labels.push(format!("{SERVICE}={service}"));
        selector.labels.push(format!("{ONE_OFF}=False"));
        selector
    }
}

#[cfg(feature = "engine")]
pub use select::{every_project, of_project, of_service};

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use proptest::prelude::*;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn reads_what_docker_compose_writes() {
        let found = Ownership::read(&labels(&[
            ("com.docker.compose.config-hash", "076234c0"),
            ("com.docker.compose.container-number", "2"),
            ("com.docker.compose.depends_on", "db:service_started:true,q:service_healthy:false"),
            ("com.docker.compose.image", "sha256:b68d"),
            ("com.docker.compose.oneoff", "False"),
            ("com.docker.compose.project", "shop"),
            ("com.docker.compose.project.config_files", "/srv/one.yaml,/srv/two.yaml"),
            ("com.docker.compose.project.working_dir", "/srv"),
            ("com.docker.compose.service", "web"),
            ("com.docker.compose.version", "2.40.3"),
            ("own", "kept out"),
        ]))
        .unwrap();
        assert_eq!(found.number(), ReplicaNumber::new(2));
        assert_eq!(found.config_hash, Some(ConfigHash::new("076234c0")));
        assert_eq!(found.image, Some(ImageId::new("sha256:b68d")));
        assert_eq!(found.config_files, [PathBuf::from("/srv/one.yaml"), PathBuf::from("/srv/two.yaml")]);
        assert_eq!(
            found.depends_on,
            [
                DependencyNote {
                    service: "db".into(),
                    condition: Condition::Started,
                    restart: true
                },
                DependencyNote {
                    service: "q".into(),
                    condition: Condition::Healthy,
                    restart: false
                },
            ]
        );
        assert_eq!(found.version.as_deref(), Some("2.40.3"));
    }

    #[test]
    fn a_container_outside_of_every_project_has_no_owner() {
        assert_eq!(Ownership::read(&labels(&[("com.docker.compose.service", "web")])), None);
        assert_eq!(Ownership::read(&labels(&[("a", "b")])), None);
    }

    #[test]
    fn one_off_containers_are_no_replicas() {
        let found = Ownership::read(&labels(&[
            ("com.docker.compose.project", "shop"),
            ("com.docker.compose.service", "web"),
            ("com.docker.compose.oneoff", "True"),
            ("com.docker.compose.slug", "ab12"),
            ("com.docker.compose.container-number", "1"),
        ]))
        .unwrap();
        assert_eq!(found.role, Role::OneOff { slug: "ab12".to_owned() });
        assert_eq!(found.number(), None);
    }

    #[test]
    fn broken_numbers_are_none() {
        for text in ["", "0", "-1", "x"] {
            let found = Ownership::read(&labels(&[
                ("com.docker.compose.project", "shop"),
                ("com.docker.compose.service", "web"),
                ("com.docker.compose.container-number", text),
            ]))
            .unwrap();
            assert_eq!(found.role, Role::Replica(None), "{text:?}");
        }
    }

    #[test]
    fn dependencies_without_condition_were_started() {
        assert_eq!(
            read_dependencies("db,cache:service_completed_successfully"),
            [
                DependencyNote {
                    service: "db".into(),
                    condition: Condition::Started,
                    restart: false
                },
                DependencyNote {
                    service: "cache".into(),
                    condition: Condition::CompletedSuccessfully,
                    restart: false
                },
            ]
        );
    }

    fn note() -> impl Strategy<Value = DependencyNote> {
        let condition = prop_oneof![
            Just(Condition::Started),
            Just(Condition::Healthy),
            Just(Condition::CompletedSuccessfully)
        ];
        ("[a-z][a-z0-9._-]{0,8}", condition, any::<bool>()).prop_map(|(service, condition, restart)| DependencyNote {
            service: service.into(),
            condition,
            restart,
        })
    }

    fn role() -> impl Strategy<Value = Role> {
        prop_oneof![
            any::<u32>().prop_map(|number| Role::Replica(ReplicaNumber::new(number))),
            "[0-9a-f]{8}".prop_map(|slug| Role::OneOff { slug }),
        ]
    }

    prop_compose! {
        fn ownership()(
            project in "[a-z0-9][a-z0-9_-]{0,12}",
            service in "[a-zA-Z0-9._-]{1,12}",
            role in role(),
            hash in proptest::option::of("[0-9a-f]{64}"),
            image in proptest::option::of("sha256:[0-9a-f]{64}"),
            depends_on in proptest::collection::vec(note(), 0..4),
            folder in proptest::option::of("/[a-z/ é]{0,12}"),
            files in proptest::collection::vec("/[a-z. ]{1,12}", 0..3),
            replaces in proptest::option::of("[0-9a-f]{64}"),
        ) -> Ownership {
            Ownership {
                project: project.into(),
                service: service.into(),
                role,
                config_hash: hash.map(Into::into),
                image: image.map(Into::into),
                depends_on,
                working_dir: folder.map(PathBuf::from),
                config_files: files.iter().map(PathBuf::from).collect(),
                environment_files: files.into_iter().map(PathBuf::from).collect(),
                replaces: replaces.map(Into::into),
                version: Some("9.9".to_owned()),
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(owner in ownership()) {
            prop_assert_eq!(Ownership::read(&owner.to_labels()), Some(owner));
        }
    }

    #[test]
    fn networks_and_volumes_are_read_back() {
        let network = SharedOwnership {
            project: "shop".into(),
            key: Some(NetworkKey::new("front")),
            config_hash: Some("ab".into()),
        };
        assert_eq!(SharedOwnership::of_network(&network.network_labels()), Some(network));
        let volume = SharedOwnership {
            project: "shop".into(),
            key: Some(VolumeKey::new("data")),
            config_hash: None,
        };
        assert_eq!(SharedOwnership::of_volume(&volume.volume_labels()), Some(volume.clone()));
        assert_eq!(SharedOwnership::of_volume(&labels(&[("x", "y")])), None);
    }
}
