//! What is mounted into a container: as binds where the engine is to make missing folders, else as mounts.

use super::body::{BindBody, ImageMountBody, MountBody, TmpfsBody, VolumeMountBody};
use super::container::Mapping;
use super::files;
use super::problem::{Problem, needs};
use crate::model::{BindOptions, Mount, MountKind, VolumeOptions};
use crate::names::VolumeName;
use std::collections::BTreeMap;
use std::path::Path;

/// The binds and mounts of one container.
#[derive(Default)]
pub(super) struct Mounted {
    pub(super) binds: Vec<String>,
    pub(super) mounts: Vec<MountBody>,
}

/// One of them.
pub(super) enum Entry {
    /// `host path:container path:options`.
    Bind(String),
    /// All else.
    Mount(Box<MountBody>),
}

/// Everything mounted into the container; of two with one target the later wins, and volumes win over files.
pub(super) fn mounts(mapping: &mut Mapping<'_>) -> Result<Mounted, Problem> {
    let mut by_target: BTreeMap<String, Entry> = BTreeMap::new();
    for (target, volume) in &mapping.replica.inherited_volumes {
        by_target.insert(clean(target), Entry::Mount(volume_mount(volume.clone(), target).into()));
    }
    let service = mapping.service;
    for mount in &service.storage.volumes {
        // An inherited volume takes the place of an anonymous one.
        let anonymous = mount.kind == MountKind::Volume && mount.source.is_none();
        if !(anonymous && by_target.contains_key(&clean(&mount.target))) {
            by_target.insert(clean(&mount.target), entry(mapping, mount)?);
        }
    }
    if let Some(socket) = api_socket(mapping)? {
        by_target.insert("/var/run/docker.sock".to_owned(), Entry::Bind(socket));
    }
    for (target, file) in files::binds(mapping)? {
        by_target.entry(clean(&target)).or_insert(Entry::Mount(file.into()));
    }
    let mut mounted = Mounted::default();
    for entry in by_target.into_values() {
        match entry {
            Entry::Bind(bind) => mounted.binds.push(bind),
            Entry::Mount(mount) => mounted.mounts.push(*mount),
        }
    }
    Ok(mounted)
}

/// `tmpfs`: options stand after a colon.
pub(super) fn tmpfs(entries: &[String]) -> BTreeMap<String, String> {
    let entries = entries.iter().map(|entry| entry.split_once(':').unwrap_or((entry, "")));
    entries.map(|(path, options)| (path.to_owned(), options.to_owned())).collect()
}

/// A target by which two mounts are found to be of the same place.
fn clean(target: &str) -> String {
    let trimmed = target.trim_end_matches('/');
    if trimmed.is_empty() { "/" } else { trimmed }.to_owned()
}

fn volume_mount(name: String, target: &str) -> MountBody {
    MountBody {
        kind: MountKind::Volume.as_str(),
        source: Some(name),
        target: target.to_owned(),
        ..MountBody::default()
    }
}

fn api_socket(mapping: &Mapping<'_>) -> Result<Option<String>, Problem> {
    if !mapping.service.isolation.use_api_socket {
        return Ok(None);
    }
    match &mapping.replica.outside.api_socket {
        Some(socket) => Ok(Some(format!(
            "{}:/var/run/docker.sock:rw",
            mapping.paths.to_host(&socket.path).display()
        ))),
        None => Err(Problem::NotSupported {
            attribute: "use_api_socket".to_owned(),
            reason: "the engine is not reached over a socket of its host".to_owned(),
        }),
    }
}

fn entry(mapping: &mut Mapping<'_>, mount: &Mount) -> Result<Entry, Problem> {
    if mount.kind == MountKind::Bind {
        return bind(mapping, mount);
    }
    let mut body = MountBody {
        kind: mount.kind.as_str(),
        source: mount.source.clone(),
        target: mount.target.clone(),
        read_only: mount.read_only,
        consistency: mount.consistency.clone(),
        ..MountBody::default()
    };
    match mount.kind {
        MountKind::Volume => {
            body.source = mount.source.as_ref().map(|key| volume_name(mapping, key));
            body.volume_options = mount.volume.as_ref().map(|options| volume_options(mapping, options)).transpose()?;
        }
        MountKind::Tmpfs => {
            body.tmpfs_options = mount.tmpfs.as_ref().map(|options| TmpfsBody {
                size_bytes: options.size.map(|size| size.0),
                mode: options.mode.filter(|mode| *mode != 0),
            });
        }
        MountKind::Image => {
            needs(mapping.api, 48, "volumes of type image")?;
            let subpath = mount.image_subpath.clone().flatten();
            body.image_options = subpath.map(|subpath| ImageMountBody { subpath: Some(subpath) });
        }
        MountKind::Cluster => needs(mapping.api, 42, "volumes of type cluster")?,
        MountKind::Bind | MountKind::NamedPipe => {}
    }
    Ok(Entry::Mount(body.into()))
}

/// A volume's name in the engine.
fn volume_name(mapping: &Mapping<'_>, key: &str) -> String {
    let project = mapping.project;
    match project.volumes.get(key) {
        Some(volume) => volume
            .name
            .as_ref()
            .map_or_else(|| format!("{}_{key}", project.name), VolumeName::to_string),
        None => key.to_owned(),
    }
}

fn volume_options(mapping: &Mapping<'_>, options: &VolumeOptions) -> Result<VolumeMountBody, Problem> {
    if options.subpath.is_some() {
        needs(mapping.api, 45, "volume.subpath")?;
    }
    Ok(VolumeMountBody {
        no_copy: options.nocopy,
        labels: options.labels.clone(),
        subpath: options.subpath.clone(),
    })
}

/// The form of binds makes missing folders on every engine and relabels for `SELinux`, that of mounts has the other options.
fn bind(mapping: &mut Mapping<'_>, mount: &Mount) -> Result<Entry, Problem> {
    let written = mount.source.as_deref().unwrap_or_default();
    let source = mapping.paths.to_host(Path::new(written)).display().to_string();
    let options = mount.bind.clone().unwrap_or(BindOptions {
        create_host_path: true,
        ..BindOptions::default()
    });
    let says_more = options.recursive.is_some() || mount.consistency.is_some();
    let colon = source.contains(':') || mount.target.contains(':');
    if options.create_host_path && !says_more && !colon {
        return Ok(Entry::Bind(bind_text(&source, mount, &options)));
    }
    if options.selinux.is_some() {
        mapping.warnings.push(format!(
            "service {}: `bind.selinux` of {} has an effect only together with `create_host_path: true` and without `recursive`",
            mapping.service.name, mount.target
        ));
    }
    Ok(Entry::Mount(Box::new(MountBody {
        kind: MountKind::Bind.as_str(),
        source: Some(source),
        target: mount.target.clone(),
        read_only: mount.read_only,
        consistency: mount.consistency.clone(),
        bind_options: Some(bind_options(mapping, &options)?),
        ..MountBody::default()
    })))
}

fn bind_text(source: &str, mount: &Mount, options: &BindOptions) -> String {
    let access = if mount.read_only { "ro" } else { "rw" };
    let more = options.selinux.iter().chain(&options.propagation);
    let options = more.fold(access.to_owned(), |text, option| text + "," + option);
    format!("{source}:{}:{options}", mount.target)
}

fn bind_options(mapping: &Mapping<'_>, options: &BindOptions) -> Result<BindBody, Problem> {
    let mut body = BindBody {
        propagation: options.propagation.clone(),
        create_mountpoint: options.create_host_path && needs(mapping.api, 42, "").is_ok(),
        ..BindBody::default()
    };
    match options.recursive.as_deref() {
        Some("disabled") => body.non_recursive = true,
        Some("writable") => {
            needs(mapping.api, 44, "bind.recursive: writable")?;
            body.read_only_non_recursive = true;
        }
        Some("readonly") => {
            needs(mapping.api, 44, "bind.recursive: readonly")?;
            body.read_only_force_recursive = true;
        }
        _ => {}
    }
    Ok(body)
}
