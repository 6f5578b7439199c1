//! What a container sees in its file system besides its image.

use super::StringMap;
use super::extension::Extensions;
use super::units::ByteSize;

/// One entry of `volumes`.
#[derive(Clone, Debug, PartialEq)]
pub struct Mount {
    /// What is mounted.
    pub kind: MountKind,
    /// A host path (absolute), a volume's key or an image; absent for anonymous volumes and tmpfs.
    pub source: Option<String>,
    /// The path in the container.
    pub target: String,
    /// The container may not write.
    pub read_only: bool,
    /// A hint of Docker Desktop.
    pub consistency: Option<String>,
    /// Options of a bind.
    pub bind: Option<BindOptions>,
    /// Options of a volume.
    pub volume: Option<VolumeOptions>,
    /// Options of a tmpfs.
    pub tmpfs: Option<TmpfsOptions>,
    /// The folder of an image that is mounted: `Some(None)` for `image: {}`.
    pub image_subpath: Option<Option<String>>,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// What a mount is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MountKind {
    /// A folder or file of the host.
    Bind,
    /// A volume of the engine.
    Volume,
    /// Memory.
    Tmpfs,
    /// A Windows named pipe.
    NamedPipe,
    /// A cluster volume.
    Cluster,
    /// The content of an image.
    Image,
}

impl MountKind {
    /// The word of the Compose specification.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bind => "bind",
            Self::Volume => "volume",
            Self::Tmpfs => "tmpfs",
            Self::NamedPipe => "npipe",
            Self::Cluster => "cluster",
            Self::Image => "image",
        }
    }
}

/// Options of a bind mount.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BindOptions {
    /// `z` (shared) or `Z` (private).
    pub selinux: Option<String>,
    /// Mount propagation.
    pub propagation: Option<String>,
    /// A missing folder is made.
    pub create_host_path: bool,
    /// `enabled`, `disabled`, `writable` or `readonly`.
    pub recursive: Option<String>,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// Options of a volume mount.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VolumeOptions {
    /// Labels of an anonymous volume.
    pub labels: StringMap,
    /// The image's content is not copied into it.
    pub nocopy: bool,
    /// The folder of the volume that is mounted.
    pub subpath: Option<String>,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// Options of a tmpfs mount.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TmpfsOptions {
    /// The most it may hold.
    pub size: Option<ByteSize>,
    /// Permission bits.
    pub mode: Option<u32>,
    /// `x-…` keys.
    pub extensions: Extensions,
}

/// A secret or config given to a service as a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileGrant {
    /// The secret's or config's key.
    pub source: String,
    /// The path or file name in the container.
    pub target: Option<String>,
    /// The owner.
    pub uid: Option<String>,
    /// The group.
    pub gid: Option<String>,
    /// Permission bits.
    pub mode: Option<i64>,
    /// `x-…` keys.
    pub extensions: Extensions,
}
