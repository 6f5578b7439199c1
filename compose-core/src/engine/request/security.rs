//! Options of security modules.

use super::container::Mapping;
use super::problem::{Problem, RequestError};
use crate::model::{CredentialSpec, Project, SecretSource, Service};
use crate::source::ResourceReader;
use std::collections::{BTreeMap, BTreeSet};

/// Options of security modules in the engine's words.
pub(super) struct Security {
    pub(super) options: Vec<String>,
    /// Which paths of the system are protected; `None` for the engine's choice.
    pub(super) system_paths: Option<Vec<String>>,
}

/// Reads the seccomp profiles that a service names, by the path as written.
pub fn seccomp_profiles(
    project: &Project,
    service: &Service,
    reader: &dyn ResourceReader,
) -> Result<BTreeMap<String, String>, RequestError> {
    let paths = service.isolation.security_opt.iter().filter_map(|option| profile(option));
    paths
        .map(|path| {
            let text = read_profile(project, path, reader).map_err(|reason| RequestError {
                subject: format!("service {}", service.name),
                problem: Problem::File {
                    attribute: "security_opt".to_owned(),
                    path: project.working_dir.join(path).display().to_string(),
                    reason,
                },
            })?;
            Ok((path.to_owned(), text))
        })
        .collect()
}

/// A profile as one line, the form that the engine wants.
fn read_profile(project: &Project, path: &str, reader: &dyn ResourceReader) -> Result<String, String> {
    let bytes = reader.read(&project.working_dir.join(path)).map_err(|error| error.to_string())?;
    let profile: serde_json::Value = serde_json::from_slice(&bytes).map_err(|error| format!("it is no JSON: {error}"))?;
    Ok(profile.to_string())
}

/// The file of an option `seccomp=FILE`.
fn profile(option: &str) -> Option<&str> {
    let file = option.strip_prefix("seccomp=").or_else(|| option.strip_prefix("seccomp:"))?;
    (!matches!(file, "unconfined" | "builtin")).then_some(file)
}

/// Capabilities under their full names, sorted, each once: engines compare them as text.
pub(super) fn capabilities(names: &[String]) -> Vec<String> {
    let full = names.iter().map(|name| {
        let name = name.trim().to_ascii_uppercase();
        if name == "ALL" || name.starts_with("CAP_") {
            name
        } else {
            format!("CAP_{name}")
        }
    });
    full.collect::<BTreeSet<_>>().into_iter().collect()
}

pub(super) fn options(mapping: &Mapping<'_>) -> Result<Security, Problem> {
    let isolation = &mapping.service.isolation;
    let mut security = Security {
        options: Vec::new(),
        system_paths: None,
    };
    for option in &isolation.security_opt {
        if option == "systempaths=unconfined" {
            security.system_paths = Some(Vec::new());
            continue;
        }
        security.options.push(match profile(option) {
            Some(path) => format!("seccomp={}", known_profile(mapping, path)?),
            None => well_formed(option)?.to_owned(),
        });
    }
    if let Some(spec) = &isolation.credential_spec {
        security
            .options
            .push(format!("credentialspec={}", credential_spec(mapping.project, spec)?));
    }
    Ok(security)
}

fn known_profile<'a>(mapping: &'a Mapping<'_>, path: &str) -> Result<&'a str, Problem> {
    let profile = mapping.replica.outside.seccomp.get(path);
    profile.map(String::as_str).ok_or_else(|| Problem::File {
        attribute: "security_opt".to_owned(),
        path: path.to_owned(),
        reason: "the profile was not read".to_owned(),
    })
}

fn well_formed(option: &str) -> Result<&str, Problem> {
    if option == "no-new-privileges" || option.contains(['=', ':']) {
        return Ok(option);
    }
    Err(Problem::Invalid {
        attribute: "security_opt".to_owned(),
        value: option.to_owned(),
        reason: "`name=value` is expected".to_owned(),
    })
}

/// Where Windows finds the credentials of a container.
fn credential_spec(project: &Project, spec: &CredentialSpec) -> Result<String, Problem> {
    if let Some(file) = &spec.file {
        return Ok(format!("file://{file}"));
    }
    if let Some(key) = &spec.registry {
        return Ok(format!("registry://{key}"));
    }
    let name = spec.config.clone().unwrap_or_default();
    match project.configs.get(name.as_str()).map(|config| &config.source) {
        Some(SecretSource::Content(text)) => Ok(format!("raw://{text}")),
        _ => Err(Problem::Invalid {
            attribute: "credential_spec.config".to_owned(),
            value: name,
            reason: "a config with `content` is expected".to_owned(),
        }),
    }
}
