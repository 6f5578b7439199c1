//! Projects for tests, written in a line or two each.

#![expect(clippy::return_self_not_must_use, reason = "changes are chained where a sample is made")]

use crate::model::{Build, Condition, Dependency, Extensions, Mount, MountKind, Network, Port, PortProtocol, Project, Service, Volume};
use crate::names::{NetworkKey, ProjectName, ServiceName};
use std::path::{Path, PathBuf};

/// A project in `/srv/NAME` that has nothing.
pub fn empty_project(name: &str) -> Project {
    Project::new(ProjectName::new(name), Path::new("/srv").join(name))
}

/// A project `shop` with these services, and the networks and volumes that they name.
pub fn project(services: impl IntoIterator<Item = Service>) -> Project {
    let mut project = Project {
        compose_files: vec![PathBuf::from("/srv/shop/compose.yaml")],
        services: services.into_iter().map(|service| (service.name.clone(), service)).collect(),
        ..empty_project("shop")
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
pub fn service(name: &str) -> Service {
    let mut service = Service::new(name.into());
    service.image = Some(name.into());
    service.joins(&["default"])
}

/// A change to a sample, where the sample is made.
pub trait With: Sized {
    /// The same, changed.
    fn with(self, change: impl FnOnce(&mut Self)) -> Self;
}

impl<T> With for T {
    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

impl Service {
    /// Waits for another service, which is required.
    pub fn needs(self, name: &str, condition: Condition) -> Self {
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

    /// Is restarted when another service is.
    pub fn restarts_with(self, name: &str) -> Self {
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

    /// Depends on another service.
    pub fn depends(mut self, name: &str, dependency: Dependency) -> Self {
        self.lifecycle.depends_on.insert(ServiceName::new(name), dependency);
        self
    }

    /// Has so many replicas.
    pub fn scale(mut self, count: i64) -> Self {
        self.lifecycle.scale = Some(count);
        self
    }

    /// Gets a variable of the environment.
    pub fn env(mut self, key: &str, value: &str) -> Self {
        self.process.environment.insert(key.to_owned(), Some(value.to_owned()));
        self
    }

    /// Mounts a named volume, or an anonymous one when `source` is empty.
    pub fn mounts(mut self, source: &str, target: &str) -> Self {
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

    /// Publishes port 80 as this one.
    pub fn publishes(mut self, port: &str) -> Self {
        self.networking.ports.push(Port {
            mode: Some("ingress".to_owned()),
            target: 80,
            published: Some(port.to_owned()),
            protocol: Some(PortProtocol("tcp".to_owned())),
            ..Port::default()
        });
        self
    }

    /// Is in these networks alone.
    pub fn joins(mut self, keys: &[&str]) -> Self {
        self.networking.networks = keys.iter().map(|key| (NetworkKey::new(key), None)).collect();
        self
    }

    /// Is built from the folder of the project instead of being pulled.
    pub fn builds(mut self) -> Self {
        self.image = None;
        self.build = Some(Box::new(Build {
            context: Some("/srv/shop".to_owned()),
            ..Build::default()
        }));
        self
    }
}
