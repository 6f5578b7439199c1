//! Secrets and configs: files of the host are mounted, values are written into the container.

use super::Upload;
use super::body::{BindBody, MountBody};
use super::container::Mapping;
use super::problem::Problem;
use crate::model::{FileGrant, MountKind, Secret, SecretSource};
use std::path::Path;

/// Permission bits of a value that says none.
const READABLE: u32 = 0o444;

/// The two kinds of granted files; they differ in their words and in where they go.
#[derive(Clone, Copy)]
struct Kind {
    word: &'static str,
    folder: &'static str,
}

const SECRET: Kind = Kind {
    word: "secret",
    folder: "/run/secrets/",
};
const CONFIG: Kind = Kind {
    word: "config",
    folder: "/",
};

/// A value to be written.
struct Value<'a> {
    target: String,
    text: &'a str,
    grant: Option<&'a FileGrant>,
}

/// Files of the host: target → mount.
pub(super) fn binds(mapping: &mut Mapping<'_>) -> Result<Vec<(String, MountBody)>, Problem> {
    let mut binds = Vec::new();
    for (kind, grant) in grants(mapping) {
        let source = granted(mapping, kind, grant)?;
        let SecretSource::File(path) = &source.source else {
            continue;
        };
        if grant.uid.is_some() || grant.gid.is_some() || grant.mode.is_some() {
            mapping.warnings.push(format!(
                "service {}: `uid`, `gid` and `mode` of {} `{}` have no effect, since it is a file of the host",
                mapping.service.name, kind.word, grant.source
            ));
        }
        let target = target(kind, grant);
        binds.push((target.clone(), file_mount(mapping, path, target)));
    }
    Ok(binds)
}

/// A missing file is an error of the engine, not a new folder.
fn file_mount(mapping: &Mapping<'_>, path: &Path, target: String) -> MountBody {
    MountBody {
        kind: MountKind::Bind.as_str(),
        source: Some(mapping.paths.to_host(path).display().to_string()),
        target,
        read_only: true,
        bind_options: Some(BindBody::default()),
        ..MountBody::default()
    }
}

/// Values, as one archive for the container's root.
pub(super) fn uploads(mapping: &Mapping<'_>) -> Result<Vec<Upload>, Problem> {
    let mut values = Vec::new();
    for (kind, grant) in grants(mapping) {
        if let Some(text) = value(mapping, kind, grant)? {
            values.push(Value {
                target: target(kind, grant),
                text,
                grant: Some(grant),
            });
        }
    }
    if mapping.service.isolation.use_api_socket
        && let Some(socket) = &mapping.replica.outside.api_socket
    {
        values.push(Value {
            target: "/run/secrets/docker/config.json".to_owned(),
            text: &socket.credentials,
            grant: None,
        });
    }
    if values.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![Upload {
        folder: "/".to_owned(),
        tar: archive(&values)?,
    }])
}

fn grants<'a>(mapping: &Mapping<'a>) -> Vec<(Kind, &'a FileGrant)> {
    let storage = &mapping.service.storage;
    let secrets = storage.secrets.iter().map(|grant| (SECRET, grant));
    let configs = storage.configs.iter().map(|grant| (CONFIG, grant));
    secrets.chain(configs).collect()
}

/// The secret or config behind a grant.
fn granted<'a>(mapping: &Mapping<'a>, kind: Kind, grant: &FileGrant) -> Result<&'a Secret, Problem> {
    let project = mapping.project;
    let key = grant.source.as_str();
    let found = if kind.word == SECRET.word {
        project.secrets.get(key)
    } else {
        project.configs.get(key)
    };
    let no_source = || Problem::NoSource {
        kind: kind.word,
        name: key.to_owned(),
    };
    let found = found.ok_or_else(no_source)?;
    let swarm_only = |attribute: &str| Problem::SwarmOnly {
        attribute: format!("{}s.{key}.{attribute}", kind.word),
    };
    if found.external {
        return Err(Problem::External {
            kind: kind.word,
            name: found.name.clone().unwrap_or_else(|| key.to_owned()),
        });
    }
    if found.driver.is_some() {
        return Err(swarm_only("driver"));
    }
    if found.template_driver.is_some() {
        return Err(swarm_only("template_driver"));
    }
    if found.source == SecretSource::None {
        return Err(no_source());
    }
    Ok(found)
}

/// The text to be written, where there is no file of the host.
fn value<'a>(mapping: &Mapping<'a>, kind: Kind, grant: &FileGrant) -> Result<Option<&'a str>, Problem> {
    let name = || grant.source.clone();
    let text = match &granted(mapping, kind, grant)?.source {
        SecretSource::Content(text) => text,
        SecretSource::Environment { variable, value } => value.as_ref().ok_or_else(|| Problem::Unset {
            kind: kind.word,
            name: name(),
            variable: variable.clone(),
        })?,
        SecretSource::File(_) | SecretSource::None => return Ok(None),
    };
    if mapping.service.storage.read_only {
        return Err(Problem::ReadOnlyRoot {
            kind: kind.word,
            name: name(),
        });
    }
    Ok(Some(text))
}

fn target(kind: Kind, grant: &FileGrant) -> String {
    let written = grant.target.as_deref().unwrap_or(&grant.source);
    if is_absolute(written) {
        written.to_owned()
    } else {
        format!("{}{written}", kind.folder)
    }
}

/// Absolute for a container of Linux or of Windows.
fn is_absolute(path: &str) -> bool {
    path.starts_with('/') || path.starts_with(r"\\") || path.get(1..3) == Some(r":\")
}

fn archive(values: &[Value<'_>]) -> Result<Vec<u8>, Problem> {
    let mut archive = tar::Builder::new(Vec::new());
    for value in values {
        append(&mut archive, value)?;
    }
    archive.into_inner().map_err(|error| refuse("target", "", &error))
}

fn append(archive: &mut tar::Builder<Vec<u8>>, value: &Value<'_>) -> Result<(), Problem> {
    let number = |attribute: &str, text: Option<&String>| match text {
        None => Ok(0),
        Some(text) => text.parse::<u64>().map_err(|error| refuse(attribute, text, &error)),
    };
    let mode = value.grant.and_then(|grant| grant.mode);
    let mut header = tar::Header::new_gnu();
    header.set_size(value.text.len() as u64);
    header.set_mode(mode.and_then(|mode| u32::try_from(mode).ok()).unwrap_or(READABLE));
    header.set_uid(number("uid", value.grant.and_then(|grant| grant.uid.as_ref()))?);
    header.set_gid(number("gid", value.grant.and_then(|grant| grant.gid.as_ref()))?);
    header.set_mtime(0);
    let path = value.target.trim_start_matches('/');
    archive
        .append_data(&mut header, path, value.text.as_bytes())
        .map_err(|error| refuse("target", &value.target, &error))
}

fn refuse(attribute: &str, value: &str, error: &dyn std::error::Error) -> Problem {
    Problem::Invalid {
        attribute: attribute.to_owned(),
        value: value.to_owned(),
        reason: error.to_string(),
    }
}
