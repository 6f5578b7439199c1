//! From the model to the bodies of engine requests: pure, for one API version and one [`PathMap`].

use super::types::EndpointRequest;
use crate::names::{ContainerId, ContainerName, ImageId, NetworkName, ReplicaNumber, ServiceName};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The body of `POST /containers/create`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ContainerBody {
    /// The image, by reference or id.
    pub image: String,
    /// The container's labels.
    pub labels: BTreeMap<String, String>,
}

/// The body of `POST /networks/create`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NetworkBody {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// The body of `POST /volumes/create`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct VolumeBody {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// One container of a service, as it is to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Replica {
    /// Which of the service's containers.
    pub number: ReplicaNumber,
    /// Its name.
    pub name: ContainerName,
    /// What goes into the request as the image: a reference, or an id where a reference would not lead there.
    pub image: String,
    /// The content id that `image` leads to.
    pub image_id: ImageId,
    /// Every label, the bookkeeping ones included.
    pub labels: BTreeMap<String, String>,
    /// Anonymous volumes of the container that this one replaces: destination → volume name.
    pub inherited_volumes: BTreeMap<String, String>,
    /// The containers of services that this one shares a namespace, volumes or links with.
    pub peers: BTreeMap<ServiceName, Vec<(ContainerId, ContainerName)>>,
}

/// What has to be done to make one container.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerRequest {
    /// The create request.
    pub body: ContainerBody,
    /// Networks to join between create and start.
    pub connect: Vec<(NetworkName, EndpointRequest)>,
    /// Files to put into the container between create and start: secrets and configs that are no files of the host.
    pub uploads: Vec<Upload>,
}

/// Files to put into a container.
#[derive(Clone, PartialEq, Eq)]
pub struct Upload {
    /// The folder under which they go.
    pub folder: String,
    /// A tar archive.
    pub tar: Vec<u8>,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Upload({}, {} bytes)", self.folder, self.tar.len())
    }
}

/// Translates paths of this process to paths of the engine's host.
///
/// A caller that lives in a container sees the host's folders under other names; the engine knows
/// only the host's. The longest prefix that fits decides; a path under none stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathMap {
    prefixes: Vec<(PathBuf, PathBuf)>,
}

impl PathMap {
    /// For a caller that lives beside the engine: every path stays as it is.
    pub fn identity() -> Self {
        Self::default()
    }

    /// Adds a folder: what is `inside` for this process is `host` for the engine.
    #[must_use]
    pub fn with(mut self, inside: impl Into<PathBuf>, host: impl Into<PathBuf>) -> Self {
        self.prefixes.push((inside.into(), host.into()));
        self.prefixes
            .sort_by_key(|(inside, _)| std::cmp::Reverse(inside.components().count()));
        self
    }

    /// The path by which the engine's host knows a path of this process.
    pub fn to_host(&self, path: &Path) -> PathBuf {
        for (inside, host) in &self.prefixes {
            if let Ok(rest) = path.strip_prefix(inside) {
                return if rest.as_os_str().is_empty() {
                    host.clone()
                } else {
                    host.join(rest)
                };
            }
        }
        path.to_owned()
    }
}
