//! Projects for tests, written in a line or two each.

use crate::model::{
    Build, Condition, Dependency, Extensions, Lifecycle, Mount, MountKind, Network, Networking, Port, Process, Project, Service, Storage,
    Volume,
};
use crate::names::{NetworkKey, ProjectName, ServiceName};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A project `shop` with the network `default`.
pub(crate) fn project(services: impl IntoIterator<Item = Service>) -> Project {
    let mut project = Project {
        name: ProjectName::new("shop"),
        working_dir: PathBuf::from("/srv/shop"),
        compose_files: vec![PathBuf::from("/srv/shop/compose.yaml")],
        variables: BTreeMap::new(),
        profiles: Vec::new(),
        services: services.into_iter().map(|service| (service.name.clone(), service)).collect(),
        disabled_services: BTreeMap::new(),
        networks: BTreeMap::new(),
        volumes: BTreeMap::new(),
        secrets: BTreeMap::new(),
        configs: BTreeMap::new(),
        models: BTreeMap::new(),
        extensions: Extensions::new(),
    };
    for key in project.services.values().flat_map(|service| service.networking.networks.keys()) {
        let network = Network {
            name: Some(format!("shop_{key}").into()),
            ..Network::default()
        };
        project.networks.insert(key.clone(), network);
    }
    let mounts = project.services.values().flat_map(|service| &service.storage.volumes);
    for source in mounts.filter_map(|mount| mount.source.as_deref()) {
        let volume = Volume {
            name: Some(format!("shop_{source}").into()),
            ..Volume::default()
        };
        project.volumes.insert(source.into(), volume);
    }
    project
}

/// A service that runs the image of its own name in the network `default`.
pub(crate) fn service(name: &str) -> Service {
    Service {
        name: ServiceName::new(name),
        profiles: Vec::new(),
        image: Some(name.into()),
        build: None,
        pull_policy: None,
        platform: None,
        develop: None,
        provider: None,
        models: BTreeMap::new(),
        labels: BTreeMap::new(),
        label_files: Vec::new(),
        extends: None,
        annotations: BTreeMap::new(),
        container_name: None,
        process: Process::default(),
        networking: Networking {
            networks: BTreeMap::from([(NetworkKey::new("default"), None)]),
            ..Networking::default()
        },
        storage: Storage::default(),
        resources: crate::model::Resources::default(),
        isolation: crate::model::Isolation::default(),
        lifecycle: Lifecycle::default(),
        deploy: None,
        extensions: Extensions::new(),
    }
}

/// Changes a service in the way its reader sees.
pub(crate) trait With: Sized {
    fn with(self, change: impl FnOnce(&mut Self)) -> Self;
}

impl<T> With for T {
    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

impl Service {
    pub(crate) fn needs(self, name: &str, condition: Condition) -> Self {
        self.depends(
            name,
            Dependency {
                condition,
                restart: false,
                required: true,
                extensions: Extensions::new(),
            },
        )
    }

    pub(crate) fn restarts_with(self, name: &str) -> Self {
        self.depends(
            name,
            Dependency {
                condition: Condition::Started,
                restart: true,
                required: true,
                extensions: Extensions::new(),
            },
        )
    }

    pub(crate) fn depends(mut self, name: &str, dependency: Dependency) -> Self {
        self.lifecycle.depends_on.insert(ServiceName::new(name), dependency);
        self
    }

    pub(crate) fn scale(mut self, count: i64) -> Self {
        self.lifecycle.scale = Some(count);
        self
    }

    pub(crate) fn env(mut self, key: &str, value: &str) -> Self {
        self.process.environment.insert(key.to_owned(), Some(value.to_owned()));
        self
    }

    /// Mounts a named volume, or an anonymous one when `source` is empty.
    pub(crate) fn mounts(mut self, source: &str, target: &str) -> Self {
        self.storage.volumes.push(Mount {
            kind: MountKind::Volume,
            source: Some(source.to_owned()).filter(|source| !source.is_empty()),
            target: target.to_owned(),
            read_only: false,
            consistency: None,
            bind: None,
            volume: None,
            tmpfs: None,
            image_subpath: None,
            extensions: Extensions::new(),
        });
        self
    }

    pub(crate) fn publishes(mut self, port: &str) -> Self {
        self.networking.ports.push(Port {
            mode: Some("ingress".to_owned()),
            target: 80,
            published: Some(port.to_owned()),
            protocol: Some(crate::model::PortProtocol("tcp".to_owned())),
            ..Port::default()
        });
        self
    }

    pub(crate) fn joins(mut self, keys: &[&str]) -> Self {
        self.networking.networks = keys.iter().map(|key| (NetworkKey::new(key), None)).collect();
        self
    }

    pub(crate) fn builds(mut self) -> Self {
        self.image = None;
        self.build = Some(Box::new(Build {
            context: Some("/srv/shop".to_owned()),
            ..Build::default()
        }));
        self
    }
}
