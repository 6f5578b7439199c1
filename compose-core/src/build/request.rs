//! From a service's `build` section to a [`BuildRequest`].

use crate::engine::{BuildRequest, BuildSecretSource, BuildSource, BuilderChoice, DockerfileSource};
use crate::labels;
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
        let own = labels::of_built_image(&self.project.name, &self.service.name);
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::model::{ByteSize, Secret};
    use crate::names::SecretKey;
    use crate::sample::{With as _, empty_project};

    fn project(build: Build) -> Project {
        let web = Service::new("web".into()).with(|web| web.build = Some(Box::new(build)));
        let base = Service::new("base".into()).with(|base| base.image = Some("registry/base:1".into()));
        Project {
            working_dir: "/work".into(),
            services: [web, base].map(|service| (service.name.clone(), service)).into(),
            ..empty_project("shop")
        }
    }

    fn asked(project: &Project) -> Result<BuildRequest, BuildError> {
        request(project, &project.services["web"])
    }

    fn refusal(project: &Project) -> String {
        asked(project).unwrap_err().to_string()
    }

    #[test]
    fn a_bare_section_builds_the_projects_folder() {
        let asked = asked(&project(Build::default())).unwrap();
        assert_eq!(asked.context, BuildSource::Folder("/work".into()));
        assert_eq!(asked.dockerfile, DockerfileSource::Path("Dockerfile".into()));
        assert_eq!(asked.tags, ["shop-web"]);
        assert_eq!(asked.labels["com.docker.compose.project"], "shop");
        assert_eq!(asked.labels["com.docker.compose.service"], "web");
        assert_eq!(asked.builder, BuilderChoice::Auto);
    }

    #[test]
    fn the_image_names_the_result_and_tags_come_on_top() {
        let mut project = project(Build {
            tags: vec!["more:1".into(), "named:v3".into()],
            labels: [("k".to_owned(), "v".to_owned())].into(),
            ..Build::default()
        });
        project.services.get_mut("web").unwrap().image = Some("named:v3".into());
        let asked = asked(&project).unwrap();
        assert_eq!(asked.tags, ["named:v3", "more:1"]);
        assert_eq!(asked.labels["k"], "v");
    }

    #[test]
    fn contexts_are_folders_or_fetched() {
        for (context, expected) in [
            ("/abs", BuildSource::Folder("/abs".into())),
            ("sub", BuildSource::Folder("/work/sub".into())),
            (
                "https://x.example/r.git#main",
                BuildSource::Remote("https://x.example/r.git#main".into()),
            ),
            ("git@x.example:r.git", BuildSource::Remote("git@x.example:r.git".into())),
        ] {
            let build = Build {
                context: Some(context.into()),
                ..Build::default()
            };
            assert_eq!(asked(&project(build)).unwrap().context, expected);
        }
    }

    #[test]
    fn variables_stand_for_the_environment() {
        let mut project = project(Build {
            args: [
                ("A".to_owned(), Some("1".to_owned())),
                ("B".to_owned(), None),
                ("C".to_owned(), None),
            ]
            .into(),
            ssh: vec![SshKey {
                id: "default".into(),
                path: None,
            }],
            ..Build::default()
        });
        assert!(refusal(&project).contains("SSH_AUTH_SOCK"));
        for (name, value) in [
            ("B", "shell"),
            ("SSH_AUTH_SOCK", "/agent"),
            ("DOCKER_BUILDKIT", "0"),
            ("DOCKER_DEFAULT_PLATFORM", "linux/arm64"),
        ] {
            project.variables.insert(name.into(), value.into());
        }
        let asked = asked(&project).unwrap();
        assert_eq!(
            asked.args,
            [("A".to_owned(), Some("1".to_owned())), ("B".to_owned(), Some("shell".to_owned()))].into()
        );
        assert_eq!(asked.ssh, [("default".to_owned(), Some("/agent".to_owned()))]);
        assert_eq!(
            (asked.builder, asked.platform.as_deref()),
            (BuilderChoice::Classic, Some("linux/arm64"))
        );
    }

    #[test]
    fn secrets_come_from_files_and_variables() {
        let grant = |source: &str, target: Option<&str>| BuildSecret {
            source: source.into(),
            target: target.map(Into::into),
            ..BuildSecret::default()
        };
        let mut project = project(Build {
            secrets: vec![grant("s1", None), grant("s2", Some("named"))],
            ..Build::default()
        });
        assert!(refusal(&project).contains("s1"));
        let secret = |source| Secret {
            source,
            ..Secret::default()
        };
        let variable = |value: Option<&str>| SecretSource::Environment {
            variable: "V".into(),
            value: value.map(Into::into),
        };
        project
            .secrets
            .insert(SecretKey::new("s1"), secret(SecretSource::File("/f".into())));
        project.secrets.insert(SecretKey::new("s2"), secret(variable(None)));
        assert!(refusal(&project).contains("variable V"));
        project.secrets.insert(SecretKey::new("s2"), secret(variable(Some("x"))));
        let secrets = asked(&project).unwrap().secrets;
        assert_eq!(secrets["s1"], BuildSecretSource::File("/f".into()));
        assert_eq!(secrets["named"], BuildSecretSource::Bytes(b"x".to_vec()));
        assert!(!format!("{secrets:?}").contains("120"), "the bytes are not shown");
    }

    #[test]
    fn the_rest_is_passed_on() {
        let asked = asked(&project(Build {
            extra_hosts: [("h".to_owned(), vec!["10.0.0.1".to_owned(), "::1".to_owned()])].into(),
            shm_size: Some(ByteSize(64)),
            ulimits: [("nofile".to_owned(), Ulimit::Single(5))].into(),
            privileged: true,
            additional_contexts: [("a".to_owned(), "service:base".to_owned()), ("b".to_owned(), "/b".to_owned())].into(),
            platforms: vec!["linux/amd64".into()],
            provenance: Some("false".into()),
            ..Build::default()
        }))
        .unwrap();
        assert_eq!(asked.extra_hosts, ["h:10.0.0.1", "h:::1"]);
        assert_eq!((asked.shm_size, asked.ulimits), (Some(64), vec!["nofile=5:5".to_owned()]));
        assert_eq!(asked.entitlements, ["security.insecure"]);
        assert_eq!(asked.additional_contexts["a"], "docker-image://registry/base:1");
        assert_eq!(asked.platform.as_deref(), Some("linux/amd64"));
    }

    #[test]
    fn what_cannot_be_done_is_refused_by_name() {
        let refused = |build: Build| refusal(&project(build));
        let context = |text: &str| Some(text.to_owned());
        assert!(
            refused(Build {
                sbom: Some("true".into()),
                ..Build::default()
            })
            .contains("services.web.build.sbom")
        );
        assert!(
            refused(Build {
                context: context("service:x"),
                ..Build::default()
            })
            .contains("build.context")
        );
        let contexts = [("a".to_owned(), "service:none".to_owned())].into();
        assert!(
            refused(Build {
                additional_contexts: contexts,
                ..Build::default()
            })
            .contains("none")
        );
        let mut other = project(Build {
            platforms: vec!["linux/s390x".into()],
            ..Build::default()
        });
        other.services.get_mut("web").unwrap().platform = Some("linux/amd64".into());
        assert!(refusal(&other).contains("linux/s390x"));
    }
}
