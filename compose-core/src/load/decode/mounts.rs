//! What a container sees in its file system besides its image.

use super::service::present;
use super::values::{attributes, flag, list, plain_text, size, strings, text, text_or_list, texts, unsigned_32, wrong_kind};
use crate::diagnostic::{Code, Diagnostic};
use crate::load::report::Report;
use crate::model::{BindOptions, FileGrant, Mount, MountKind, Storage, TmpfsOptions, VolumeOptions};
use crate::source::{Node, Value};
use std::collections::BTreeMap;

/// Sets an attribute of the storage; `false` when it is none.
pub(super) fn set(storage: &mut Storage, key: &str, node: &Node, report: &mut Report) -> bool {
    match key {
        "configs" => storage.configs = list(node, report, file_grant),
        "read_only" => storage.read_only = flag(node, report),
        "secrets" => storage.secrets = list(node, report, file_grant),
        "shm_size" => storage.shm_size = size(node, report),
        "storage_opt" => storage.storage_opt = strings(node, report),
        "tmpfs" => storage.tmpfs = text_or_list(node, report),
        "volume_driver" => storage.volume_driver = text(node, report),
        "volumes" => storage.volumes = list(node, report, mount),
        "volumes_from" => storage.volumes_from = texts(node, report),
        _ => return false,
    }
    true
}

fn mount(node: &Node, report: &mut Report) -> Mount {
    let mut kind = None;
    let mut mount = Mount {
        kind: MountKind::Volume,
        source: None,
        target: String::new(),
        read_only: false,
        consistency: None,
        bind: None,
        volume: None,
        tmpfs: None,
        image_subpath: None,
        extensions: BTreeMap::new(),
    };
    mount.extensions = attributes(node, report, |key, node, report| {
        match key {
            "bind" => mount.bind = present(node).map(|node| bind_options(node, report)),
            "consistency" => mount.consistency = text(node, report),
            "image" => mount.image_subpath = present(node).map(|node| image_subpath(node, report)),
            "read_only" => mount.read_only = flag(node, report),
            "source" => mount.source = text(node, report),
            "target" => mount.target = plain_text(node, report),
            "tmpfs" => mount.tmpfs = present(node).map(|node| tmpfs_options(node, report)),
            "type" => kind = mount_kind(node, report),
            "volume" => mount.volume = present(node).map(|node| volume_options(node, report)),
            _ => return false,
        }
        true
    });
    match kind {
        Some(kind) => mount.kind = kind,
        // Nobody knows what it would be the source of.
        None => mount.source = None,
    }
    mount
}

fn mount_kind(node: &Node, report: &mut Report) -> Option<MountKind> {
    const ALL: [MountKind; 6] = [
        MountKind::Bind,
        MountKind::Volume,
        MountKind::Tmpfs,
        MountKind::NamedPipe,
        MountKind::Cluster,
        MountKind::Image,
    ];
    let word = plain_text(node, report);
    let kind = ALL.into_iter().find(|kind| kind.as_str() == word);
    if kind.is_none() {
        let unknown = Diagnostic::error(Code::UnknownWord, format!("unknown type of mount `{word}`")).at(node.span);
        report.push(unknown.help("use bind, volume, tmpfs, npipe, cluster or image"));
    }
    kind
}

fn bind_options(node: &Node, report: &mut Report) -> BindOptions {
    let mut options = BindOptions::default();
    options.extensions = attributes(node, report, |key, node, report| {
        match key {
            "create_host_path" => options.create_host_path = flag(node, report),
            "propagation" => options.propagation = text(node, report),
            "recursive" => options.recursive = text(node, report),
            "selinux" => options.selinux = text(node, report),
            _ => return false,
        }
        true
    });
    options
}

fn volume_options(node: &Node, report: &mut Report) -> VolumeOptions {
    let mut options = VolumeOptions::default();
    options.extensions = attributes(node, report, |key, node, report| {
        match key {
            "labels" => options.labels = strings(node, report),
            "nocopy" => options.nocopy = flag(node, report),
            "subpath" => options.subpath = text(node, report),
            _ => return false,
        }
        true
    });
    options
}

fn tmpfs_options(node: &Node, report: &mut Report) -> TmpfsOptions {
    let mut options = TmpfsOptions::default();
    options.extensions = attributes(node, report, |key, node, report| {
        match key {
            "mode" => options.mode = unsigned_32(node, report).filter(|mode| *mode != 0),
            "size" => options.size = size(node, report),
            _ => return false,
        }
        true
    });
    options
}

fn image_subpath(node: &Node, report: &mut Report) -> Option<String> {
    let mut subpath = None;
    attributes(node, report, |key, node, report| {
        match key {
            "subpath" => subpath = text(node, report),
            _ => return false,
        }
        true
    });
    subpath
}

/// A secret or config given to a service or a build as a file.
pub(super) fn file_grant(node: &Node, report: &mut Report) -> FileGrant {
    let mut grant = FileGrant::default();
    grant.extensions = attributes(node, report, |key, node, report| {
        match key {
            "gid" => grant.gid = text(node, report),
            "mode" => grant.mode = file_mode(node, report),
            "source" => grant.source = plain_text(node, report),
            "target" => grant.target = text(node, report),
            "uid" => grant.uid = text(node, report),
            _ => return false,
        }
        true
    });
    grant
}

fn no_mode(node: &Node, shown: &str, report: &mut Report) -> Option<i64> {
    let message = format!("must be permission bits in octal, not `{shown}`");
    let wrong = Diagnostic::error(Code::NotAMode, message).at(node.span);
    report.push(wrong.help("write digits from 0 to 7, such as \"0440\""));
    None
}

/// Permission bits; text is octal. Docker Compose takes negative ones and prints what it cannot read.
fn file_mode(node: &Node, report: &mut Report) -> Option<i64> {
    match &node.value {
        Value::Null => None,
        Value::Int(mode @ 0..) => Some(*mode),
        Value::Int(mode) => no_mode(node, &mode.to_string(), report),
        Value::String(text) => match i64::from_str_radix(text, 8) {
            Ok(mode @ 0..) => Some(mode),
            _ => no_mode(node, text, report),
        },
        _ => {
            wrong_kind(node, "permission bits", report);
            None
        }
    }
}
