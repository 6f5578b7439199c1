//! Mounts, and secrets and configs as files.

use super::tree::{Record, Tree};
use crate::model::{BindOptions, ByteSize, FileGrant, Mount, TmpfsOptions, VolumeOptions};

pub(super) fn mount(mount: &Mount) -> Tree {
    let mut record = Record::new();
    record
        .text("type", mount.kind.as_str())
        .text("source", mount.source.as_deref())
        .text("target", mount.target.as_str())
        .flag("read_only", mount.read_only)
        .text("consistency", mount.consistency.as_deref())
        .maybe("bind", mount.bind.as_ref().map(bind))
        .maybe("volume", mount.volume.as_ref().map(volume))
        .maybe("tmpfs", mount.tmpfs.as_ref().map(tmpfs))
        .maybe("image", mount.image_subpath.as_ref().map(|subpath| image(subpath.as_deref())))
        .extensions(&mount.extensions)
        .tree()
}

fn bind(options: &BindOptions) -> Tree {
    let mut record = Record::new();
    record
        .text("selinux", options.selinux.as_deref())
        .text("propagation", options.propagation.as_deref())
        .flag("create_host_path", options.create_host_path)
        .text("recursive", options.recursive.as_deref())
        .extensions(&options.extensions)
        .tree()
}

fn volume(options: &VolumeOptions) -> Tree {
    let mut record = Record::new();
    record
        .map("labels", &options.labels)
        .flag("nocopy", options.nocopy)
        .text("subpath", options.subpath.as_deref())
        .extensions(&options.extensions)
        .tree()
}

fn tmpfs(options: &TmpfsOptions) -> Tree {
    let mut record = Record::new();
    record
        .maybe("size", options.size)
        .maybe("mode", options.mode)
        .extensions(&options.extensions)
        .tree()
}

fn image(subpath: Option<&str>) -> Tree {
    Record::new().text("subpath", subpath).tree()
}

pub(super) fn grant(grant: &FileGrant) -> Tree {
    let mut record = Record::new();
    record
        .text("source", grant.source.as_str())
        .text("target", grant.target.as_deref())
        .text("uid", grant.uid.as_deref())
        .text("gid", grant.gid.as_deref())
        .maybe("mode", grant.mode.map(octal))
        .extensions(&grant.extensions)
        .tree()
}

/// Permission bits in the notation of `chmod`.
fn octal(mode: i64) -> String {
    format!("0{mode:o}")
}

impl From<ByteSize> for Tree {
    /// Sizes are printed as text, in bytes.
    fn from(size: ByteSize) -> Self {
        Self::Text(size.0.to_string())
    }
}
