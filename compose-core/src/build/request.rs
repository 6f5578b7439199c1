//! From a service's `build` section to a [`BuildRequest`].

use crate::engine::{BuildRequest, BuildSecretSource, BuildSource, BuilderChoice, DockerfileSource};
use crate::model::{Build, BuildSecret, Project, SecretSource, Service, SshKey, Ulimit};
use crate::names::{ImageRef, ProjectName, ServiceName};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What a `build` section asks for that cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The service has no `build` section.
    #[error("service {service} has no build section")]
    NotBuilt {
        /// The service.
        service: ServiceName,
    },
    /// An attribute has a value that no builder of the engine can honour.
    #[error("services.{service}.build.{attribute}: {reason}")]
    Unsupported {
        /// The service.
        service: ServiceName,
        /// The attribute below `build`.
        attribute: &'static str,
        /// Why, and what to do.
        reason: String,
    },
}

/// The name of the image that a service runs: its own, or one made of the project's and the service's.
pub fn image_name(project: &ProjectName, service: &Service) -> ImageRef {
    service
        .image
        .clone()
        .unwrap_or_else(|| ImageRef::new(format!("{project}-{}", service.name)))
}

/// What to ask the engine for, so that it builds a service's image.
///
/// The project's variables stand for the environment: they give the values of arguments without one,
/// the agent's socket (`SSH_AUTH_SOCK`), and the choices `DOCKER_BUILDKIT` and `DOCKER_DEFAULT_PLATFORM`.
pub fn request(project: &Project, service: &Service) -> Result<BuildRequest, BuildError> {
    let Some(build) = &service.build else {
        return Err(BuildError::NotBuilt {
            service: service.name.clone(),
        });
    };
    Asking { project, service, build }.request()
}

struct Asking<'a> {
    project: &'a Project,
    service: &'a Service,
    build: &'a Build,
}

impl Asking<'_> {
    fn request(&self) -> Result<BuildRequest, BuildError> {
        let build = self.build;
        self.refuse_attestations()?;
        Ok(BuildRequest {
            context: self.context()?,
            dockerfile: self.dockerfile(),
            tags: self.tags(),
            args: self.args(),
            labels: self.labels(),
            target: build.target.clone(),
            network: build.network.clone(),
            extra_hosts: extra_hosts(build),
            cache_from: build.cache_from.clone(),
            cache_to: build.cache_to.clone(),
            no_cache: build.no_cache,
            no_cache_filter: build.no_cache_filter.clone(),
            pull: build.pull,
            shm_size: build.shm_size.map(|size| size.0),
            ulimits: build.ulimits.iter().map(|(name, limit)| ulimit(name, limit)).collect(),
            platform: self.platform()?,
            platforms: build.platforms.clone(),
            additional_contexts: self.additional_contexts()?,
            entitlements: self.entitlements(),
            secrets: build.secrets.iter().map(|grant| self.secret(grant)).collect::<Result<_, _>>()?,
            ssh: build.ssh.iter().map(|key| self.ssh(key)).collect::<Result<_, _>>()?,
            isolation: build.isolation.clone(),
            builder: self.builder(),
        })
    }

    fn unsupported(&self, attribute: &'static str, reason: impl Into<String>) -> BuildError {
        BuildError::Unsupported {
            service: self.service.name.clone(),
            attribute,
            reason: reason.into(),
        }
    }

    fn variable(&self, name: &str) -> Option<&String> {
        self.project.variables.get(name)
    }

    fn refuse_attestations(&self) -> Result<(), BuildError> {
        for (attribute, value) in [("provenance", &self.build.provenance), ("sbom", &self.build.sbom)] {
            if value.as_deref().is_some_and(|value| !matches!(value, "" | "false")) {
                return Err(self.unsupported(attribute, "images in the engine's own store carry no attestations; set it to false"));
            }
        }
        Ok(())
    }

    fn context(&self) -> Result<BuildSource, BuildError> {
        match self.build.context.as_deref() {
            None | Some("") => Ok(BuildSource::Folder(self.project.working_dir.clone())),
            Some(service) if service.starts_with("service:") => {
                Err(self.unsupported("context", "a service is no folder of files; name it under additional_contexts"))
            }
            Some(remote) if is_remote(remote) => Ok(BuildSource::Remote(remote.to_owned())),
            Some(folder) => Ok(BuildSource::Folder(self.project.working_dir.join(folder))),
        }
    }

    fn dockerfile(&self) -> DockerfileSource {
        match (&self.build.dockerfile_inline, &self.build.dockerfile) {
            (Some(text), _) if !text.is_empty() => DockerfileSource::Inline(text.clone()),
            (_, Some(path)) if !path.is_empty() => DockerfileSource::Path(path.into()),
            _ => DockerfileSource::default(),
        }
    }

    fn tags(&self) -> Vec<String> {
        let name = image_name(&self.project.name, self.service).to_string();
        let more = self.build.tags.iter().filter(|tag| **tag != name).cloned();
        std::iter::once(name.clone()).chain(more).collect()
    }

    /// Arguments that neither the file nor the environment gives a value are not passed.
    fn args(&self) -> BTreeMap<String, Option<String>> {
        self.build
            .args
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), Some(value.as_ref().or_else(|| self.variable(name))?.clone()))))
            .collect()
    }

    fn labels(&self) -> BTreeMap<String, String> {
        let own = image_labels(&self.project.name, &self.service.name);
        self.build.labels.clone().into_iter().chain(own).collect()
    }

    fn platform(&self) -> Result<Option<String>, BuildError> {
        let allowed = &self.build.platforms;
        let wanted = self
            .variable("DOCKER_DEFAULT_PLATFORM")
            .filter(|value| !value.is_empty())
            .or(self.service.platform.as_ref());
        match wanted {
            Some(platform) if !allowed.is_empty() && !allowed.contains(platform) => Err(self.unsupported(
                "platforms",
                format!("the service runs on {platform}, which is not among {}", allowed.join(", ")),
            )),
            Some(platform) => Ok(Some(platform.clone())),
            None if allowed.len() == 1 => Ok(allowed.first().cloned()),
            None => Ok(None),
        }
    }

    fn additional_contexts(&self) -> Result<BTreeMap<String, String>, BuildError> {
        let named = self.build.additional_contexts.iter();
        named
            .map(|(name, value)| Ok((name.clone(), self.additional_context(value)?)))
            .collect()
    }

    fn additional_context(&self, value: &str) -> Result<String, BuildError> {
        let Some(service) = value.strip_prefix("service:") else {
            return Ok(value.to_owned());
        };
        match self.project.services.get(service) {
            Some(service) => Ok(format!("docker-image://{}", image_name(&self.project.name, service))),
            None => Err(self.unsupported("additional_contexts", format!("there is no service {service}"))),
        }
    }

    fn entitlements(&self) -> Vec<String> {
        let mut all = self.build.entitlements.clone();
        let insecure = "security.insecure".to_owned();
        if self.build.privileged && !all.contains(&insecure) {
            all.push(insecure);
        }
        all
    }

    fn secret(&self, grant: &BuildSecret) -> Result<(String, BuildSecretSource), BuildError> {
        if grant.uid.is_some() || grant.gid.is_some() || grant.mode.is_some() {
            return Err(self.unsupported(
                "secrets",
                format!(
                    "uid, gid and mode of {} are set in the Dockerfile: RUN --mount=type=secret,id={0},uid=…",
                    grant.source
                ),
            ));
        }
        let id = grant.target.clone().unwrap_or_else(|| grant.source.clone());
        let secret = self.project.secrets.get(grant.source.as_str());
        let source = match secret.map(|secret| &secret.source) {
            Some(SecretSource::File(path)) => BuildSecretSource::File(path.clone()),
            Some(SecretSource::Environment { value: Some(value), .. }) => BuildSecretSource::Bytes(value.clone().into_bytes()),
            Some(SecretSource::Content(text)) => BuildSecretSource::Bytes(text.clone().into_bytes()),
            Some(SecretSource::Environment { variable, value: None }) => {
                return Err(self.unsupported(
                    "secrets",
                    format!("{} takes the variable {variable}, which is not set", grant.source),
                ));
            }
            Some(SecretSource::None) | None => {
                return Err(self.unsupported("secrets", format!("{} is no secret with a file or a variable", grant.source)));
            }
        };
        Ok((id, source))
    }

    fn ssh(&self, key: &SshKey) -> Result<(String, Option<String>), BuildError> {
        match key
            .path
            .as_ref()
            .filter(|path| !path.is_empty())
            .or_else(|| self.variable("SSH_AUTH_SOCK"))
        {
            Some(path) => Ok((key.id.clone(), Some(path.clone()))),
            None => Err(self.unsupported("ssh", format!("{} needs an agent, and SSH_AUTH_SOCK is not set", key.id))),
        }
    }

    fn builder(&self) -> BuilderChoice {
        match self.variable("DOCKER_BUILDKIT").map(String::as_str) {
            None | Some("") => BuilderChoice::Auto,
            Some("0" | "false" | "f" | "F" | "FALSE" | "False") => BuilderChoice::Classic,
            Some(_) => BuilderChoice::BuildKit,
        }
    }
}

/// The labels by which the project's images are known.
fn image_labels(project: &ProjectName, service: &ServiceName) -> [(String, String); 3] {
    [
        ("com.docker.compose.project".to_owned(), project.to_string()),
        ("com.docker.compose.service".to_owned(), service.to_string()),
        ("com.docker.compose.version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
    ]
}

fn extra_hosts(build: &Build) -> Vec<String> {
    let lines = build.extra_hosts.iter();
    lines
        .flat_map(|(name, addresses)| addresses.iter().map(move |address| format!("{name}:{address}")))
        .collect()
}

fn ulimit(name: &str, limit: &Ulimit) -> String {
    match limit {
        Ulimit::Single(both) => format!("{name}={both}:{both}"),
        Ulimit::SoftHard { soft, hard, .. } => format!("{name}={soft}:{hard}"),
    }
}

/// Whether a context is something that the engine fetches itself.
pub(crate) fn is_remote(context: &str) -> bool {
    const PREFIXES: [&str; 6] = ["http://", "https://", "git://", "ssh://", "git@", "github.com/"];
    PREFIXES.iter().any(|prefix| context.starts_with(prefix))
}

/// Where a named context is a folder of this machine.
pub(crate) fn local_folder(context: &str) -> Option<PathBuf> {
    (!is_remote(context) && !context.contains("://")).then(|| PathBuf::from(context))
}
