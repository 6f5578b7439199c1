//! What a pushed project may not reach: the daemon's own folder, with its keys and everybody's secrets, the container in which
//! the folder is mounted, and whatever else the daemon could open for it.
//!
//! This keeps one project from reading another's secrets by naming their files. It is no wall against who may
//! push: a project may have the engine mount the engine's socket or the whole host, as monitoring does.

use super::{FilesError, devices};
use compose_core::engine::request::PathMap;
use compose_core::model::{Build, MountKind, NamespaceMode, Project, SecretSource};
use compose_core::source::clean;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The daemon's folder, by the names under which projects could reach it.
#[derive(Clone, Debug)]
pub(crate) struct OwnFolder {
    inside: PathBuf,
    host: PathBuf,
    paths: PathMap,
    container: Vec<String>,
}

impl OwnFolder {
    /// The folder `root` of a daemon that lives where `paths` says.
    pub(crate) fn new(root: &Path, paths: &PathMap) -> Self {
        Self {
            inside: root.to_owned(),
            host: paths.to_host(root),
            paths: paths.clone(),
            container: Vec::new(),
        }
    }

    /// The same, mounted in a container that has these names and ids.
    pub(crate) fn of_container(mut self, names: &[String]) -> Self {
        self.container = names.to_vec();
        self
    }

    /// The folder, as the daemon knows it.
    pub(crate) fn root(&self) -> &Path {
        &self.inside
    }

    /// How the engine's host calls a path of the daemon.
    pub(super) fn on_host(&self, path: &Path) -> PathBuf {
        self.paths.to_host(path)
    }

    /// Whether the daemon sees the files of the engine's host as they are.
    pub(super) fn lives_on_host(&self) -> bool {
        self.container.is_empty()
    }

    /// Refuses a project that reaches into the folder anywhere but into its `own` folders, into the container, or to where the
    /// daemon reads nothing for a project. Asked again right before containers are made: links may lead elsewhere by then.
    pub(super) fn refuse(&self, project: &Project, own: &[PathBuf]) -> Result<(), FilesError> {
        if let Some(what) = self.joins_container(project) {
            return Err(FilesError::OwnContainer { what });
        }
        if let Some(what) = devices::unclear(project) {
            return Err(FilesError::UnclearDevice { what });
        }
        for Use { what, path, by } in uses(project) {
            let clean = clean(&path);
            let real = clean.canonicalize().unwrap_or_else(|_| clean.clone());
            if own.iter().any(|own| real.starts_with(own)) {
                continue;
            }
            if self.is_reached(&real, by) {
                return Err(FilesError::OwnFolder { what, path });
            }
            match by {
                Reader::Daemon => return Err(FilesError::Outside { what, path }),
                Reader::Engine if is_of_a_process(&clean) || is_of_a_process(&real) => return Err(FilesError::OfAProcess { what, path }),
                Reader::Engine => {}
            }
        }
        Ok(())
    }

    /// Which service of a project takes the container's volumes, or joins it where its files can be reached.
    fn joins_container(&self, project: &Project) -> Option<String> {
        project.services.values().find_map(|service| {
            let volumes = service
                .storage
                .volumes_from
                .iter()
                .filter_map(|from| from.strip_prefix("container:"));
            let modes = [&service.isolation.pid, &service.isolation.ipc, &service.networking.network_mode];
            let joined = modes.into_iter().filter_map(|mode| match mode {
                Some(NamespaceMode::Container(name)) => Some(name.as_str()),
                _ => None,
            });
            let is_joined = volumes.chain(joined).any(|name| self.is_container(name));
            is_joined.then(|| format!("service {}", service.name))
        })
    }

    /// Whether that is the container: its name, or the beginning of its id, with a mode behind it.
    fn is_container(&self, text: &str) -> bool {
        let name = text.split(':').next().unwrap_or(text).trim_start_matches('/');
        let is_short_id = |own: &String| own.len() == 64 && own.starts_with(name);
        !name.is_empty() && self.container.iter().any(|own| own == name || is_short_id(own))
    }

    fn is_reached(&self, path: &Path, by: Reader) -> bool {
        match by {
            Reader::Daemon => overlap(path, &self.inside),
            Reader::Engine => path != Path::new("/") && overlap(&self.paths.to_host(path), &self.host),
        }
    }
}

/// Whether a path names the process of whoever opens it.
fn is_of_a_process(path: &Path) -> bool {
    let own = format!("/proc/{}", std::process::id());
    ["/proc/self", "/proc/thread-self", &own].iter().any(|of| path.starts_with(of))
}

fn overlap(one: &Path, other: &Path) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

/// Who opens a path, and so by which name it is known.
#[derive(Clone, Copy, Debug)]
enum Reader {
    /// The daemon, to send it to the engine.
    Daemon,
    /// The engine, on its host.
    Engine,
}

struct Use {
    what: String,
    path: PathBuf,
    by: Reader,
}

/// Every path that a loaded project names; what the loader itself read is not among them.
fn uses(project: &Project) -> Vec<Use> {
    let mut found = Vec::new();
    let built = project.services.values().filter_map(|service| service.build.as_deref());
    let built: BTreeSet<&str> = built
        .flat_map(|build| &build.secrets)
        .map(|secret| secret.source.as_str())
        .collect();
    let secrets = project
        .secrets
        .iter()
        .map(|(name, file)| (format!("secret {name}"), file, built.contains(name.as_str())));
    let configs = project.configs.iter().map(|(name, file)| (format!("config {name}"), file, false));
    for (what, file, is_built) in secrets.chain(configs) {
        if let SecretSource::File(path) = &file.source {
            // The engine mounts it, and the daemon reads it for builds.
            let readers = [is_built.then_some(Reader::Daemon), Some(Reader::Engine)];
            found.extend(readers.into_iter().flatten().map(|by| Use {
                what: what.clone(),
                path: path.clone(),
                by,
            }));
        }
    }
    for (name, volume) in &project.volumes {
        found.extend(devices::paths(volume).into_iter().map(|path| Use {
            what: format!("volume {name}"),
            path,
            by: Reader::Engine,
        }));
    }
    for service in project.services.values() {
        let binds = service.storage.volumes.iter().filter(|mount| mount.kind == MountKind::Bind);
        found.extend(binds.filter_map(|mount| mount.source.as_deref()).map(|source| Use {
            what: format!("a volume of service {}", service.name),
            path: PathBuf::from(source),
            by: Reader::Engine,
        }));
        let builds = service.build.as_deref().map(build_paths).unwrap_or_default().into_iter();
        found.extend(builds.map(|path| Use {
            what: format!("the build of service {}", service.name),
            path,
            by: Reader::Daemon,
        }));
        let options = service.isolation.security_opt.iter().filter_map(|option| seccomp_profile(option));
        found.extend(options.map(|path| Use {
            what: format!("security_opt of service {}", service.name),
            path: project.working_dir.join(path),
            by: Reader::Daemon,
        }));
    }
    found
}

/// Every path of the host that a loaded project names, but for what the loader itself read.
pub(in crate::daemon::deployment) fn named(project: &Project) -> impl Iterator<Item = PathBuf> {
    uses(project).into_iter().map(|named| named.path)
}

fn build_paths(build: &Build) -> Vec<PathBuf> {
    let context = build.context.as_deref().unwrap_or(".");
    let contexts = std::iter::once(context).chain(build.additional_contexts.values().map(String::as_str));
    let keys = build.ssh.iter().filter_map(|key| key.path.as_deref());
    let named = contexts
        .chain(keys)
        .map(|path| PathBuf::from(path.strip_prefix("file://").unwrap_or(path)));
    let dockerfile = Path::new(context).join(build.dockerfile.as_deref().unwrap_or("Dockerfile"));
    let mut own_ignore = dockerfile.clone().into_os_string();
    own_ignore.push(".dockerignore");
    let read = [Path::new(context).join(".dockerignore"), own_ignore.into(), dockerfile];
    // The rest are addresses and names of services.
    named.chain(read).filter(|path| path.is_absolute()).collect()
}

/// The file of an option `seccomp=FILE`.
fn seccomp_profile(option: &str) -> Option<&str> {
    let file = option.strip_prefix("seccomp=").or_else(|| option.strip_prefix("seccomp:"))?;
    (!matches!(file, "unconfined" | "builtin")).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use compose_core::load::Loader;
    use compose_core::source::MemoryReader;

    const CHECKOUT: &str = "/app/host/.inertia/projects/shop/checkouts/1";

    fn refused(text: &str) -> Option<String> {
        let paths = PathMap::identity().with("/app/host", "/home/me");
        let container = ["0123456789abcdef".repeat(4), "inertia-daemon".to_owned()];
        let own = OwnFolder::new(Path::new("/app/host/.inertia"), &paths).of_container(&container);
        let loaded = Loader::new(CHECKOUT)
            .file("compose.yaml")
            .reader(MemoryReader::new().with(Path::new(CHECKOUT).join("compose.yaml"), text))
            .load()
            .expect("loads");
        own.refuse(&loaded.project, &[PathBuf::from(CHECKOUT)])
            .err()
            .map(|error| error.to_string())
    }

    #[test]
    fn a_project_reaches_no_file_of_the_daemon() {
        let cases = [
            ("secrets: {s: {file: /app/host/.inertia/admin.token}}", "secret s"),
            ("secrets: {s: {file: /home/me/.inertia/admin.token}}", "secret s"),
            ("configs: {s: {file: ../../../../vault.key}}", "config s"),
            (
                "volumes: {s: {driver_opts: {type: none, o: bind, device: /home/me/.inertia}}}",
                "volume s",
            ),
            (
                "volumes: {s: {driver_opts: {type: none, o: 'bind,ro', device: home/me/.inertia}}}",
                "volume s",
            ),
            (
                "volumes: {s: {driver_opts: {type: overlay, o: 'lowerdir=/etc:/home/me/.inertia', device: overlay}}}",
                "volume s",
            ),
            ("services: {a: {image: x, volumes: ['/home/me:/x']}}", "a volume of service a"),
            (
                "services: {a: {image: x, volumes: ['/app/host/.inertia/projects:/x']}}",
                "a volume of service a",
            ),
            ("services: {a: {build: {context: /app/host}}}", "the build of service a"),
            ("services: {a: {build: {context: /etc}}}", "the build of service a"),
            ("services: {a: {build: {context: 'file:///etc'}}}", "the build of service a"),
            (
                "services: {a: {build: {context: ., dockerfile: /proc/self/environ}}}",
                "the build of service a",
            ),
            (
                "services: {a: {build: {context: ., secrets: [s]}}}\nsecrets: {s: {file: /etc/shadow}}",
                "secret s",
            ),
            (
                "services: {a: {image: x, security_opt: ['seccomp:/etc/docker/key.json']}}",
                "security_opt of service a",
            ),
            (
                "services: {a: {image: x, volumes: ['/proc/self/environ:/x']}}",
                "a volume of service a",
            ),
            (
                "services: {a: {build: {context: ., dockerfile: ../../../x}}}",
                "the build of service a",
            ),
            (
                "services: {a: {build: {context: ., additional_contexts: {b: /app/host/.inertia}}}}",
                "the build of service a",
            ),
            (
                "services: {a: {build: {context: ., ssh: [k=/app/host/.inertia/key]}}}",
                "the build of service a",
            ),
        ];
        for (text, what) in cases {
            let text = if text.starts_with("services") {
                text.to_owned()
            } else {
                let (kind, _) = text.split_once(':').expect("has one");
                let mount = if kind == "volumes" { "'s:/x'" } else { "s" };
                format!("services: {{a: {{image: x, {kind}: [{mount}]}}}}\n{text}")
            };
            let error = refused(&text).unwrap_or_else(|| panic!("{text} is accepted"));
            assert!(error.starts_with(what), "{text}: {error}");
        }
    }

    #[test]
    fn a_project_does_not_join_the_daemons_container() {
        for text in [
            "volumes_from: ['container:inertia-daemon']",
            "volumes_from: ['container:inertia-daemon:ro']",
            "volumes_from: ['container:/inertia-daemon']",
            "volumes_from: ['container:0123456789ab:rw']",
            "pid: 'container:inertia-daemon'",
            "ipc: 'container:0123'",
            "network_mode: 'container:inertia-daemon'",
        ] {
            let error = refused(&format!("services: {{a: {{image: x, {text}}}}}")).unwrap_or_else(|| panic!("{text} is accepted"));
            assert!(error.starts_with("service a joins the daemon's own container"), "{error}");
        }
        for text in ["volumes_from: ['container:inertia']", "pid: host", "network_mode: 'container:db'"] {
            assert_eq!(refused(&format!("services: {{a: {{image: x, {text}}}}}")), None, "{text}");
        }
    }

    #[test]
    fn what_lies_elsewhere_may_be_used() {
        for text in [
            "services: {a: {build: ., volumes: ['./data:/x', '/:/host:ro', '/srv/media:/m', '/var/run/docker.sock:/s']}}",
            "services: {a: {build: {context: 'https://example.com/x.git', additional_contexts: {b: 'docker-image://b'}}}}",
            "services: {a: {image: x, secrets: [s]}}\nsecrets: {s: {file: /etc/tls/key.pem}}",
        ] {
            assert_eq!(refused(text), None, "{text}");
        }
    }
}
