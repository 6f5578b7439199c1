//! What `run` changes of a service before it makes a container of it.

use crate::load::short::{Malformed, command, port, volume};
use crate::model::{
    BindOptions, Extensions, Mount, MountKind, OptionalStringMap, Port, PortProtocol, Project, Service, StringMap, VolumeOptions,
};
use crate::names::ServiceName;
use std::path::Path;

/// What is different from what the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Program and arguments; the service's when empty.
    pub command: Vec<String>,
    /// The entrypoint as a line, which takes the service's command away; an empty one is none.
    pub entrypoint: Option<String>,
    /// Variables, over the service's.
    pub environment: OptionalStringMap,
    /// Labels, over the service's.
    pub labels: StringMap,
    /// User, and group after a colon.
    pub user: Option<String>,
    /// The working folder.
    pub working_dir: Option<String>,
    /// Capabilities added.
    pub cap_add: Vec<String>,
    /// Capabilities dropped.
    pub cap_drop: Vec<String>,
    /// The ports of the host.
    pub ports: Publish,
    /// Further mounts in the short syntax; relative paths are the caller's.
    pub volumes: Vec<String>,
    /// A terminal is allocated.
    pub tty: bool,
    /// Standard input stays open.
    pub stdin_open: bool,
}

/// Which ports of the host a container of `run` takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Publish {
    /// These, in the short syntax; the service's own would collide with its running containers.
    These(Vec<String>),
    /// The service's.
    OfService,
}

impl Default for Publish {
    fn default() -> Self {
        Self::These(Vec::new())
    }
}

/// An override that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct InvalidOverride {
    /// What is wrong with it.
    pub what: String,
    /// What to write instead.
    pub help: String,
}

impl From<Malformed> for InvalidOverride {
    fn from(malformed: Malformed) -> Self {
        Self {
            what: malformed.what,
            help: malformed.help.to_owned(),
        }
    }
}

impl Overrides {
    /// The project in which the service is as its container of `run` is to be. `cwd` is where relative paths begin.
    pub fn apply(&self, mut project: Project, service: &ServiceName, cwd: &Path) -> Result<Project, InvalidOverride> {
        let found = project
            .services
            .get_mut(service)
            .or_else(|| project.disabled_services.get_mut(service));
        match found {
            Some(found) => self.change(found, cwd)?,
            None => {
                return Err(InvalidOverride {
                    what: format!("no such service: {service}"),
                    help: "`config --services` lists them".to_owned(),
                });
            }
        }
        Ok(project)
    }

    fn change(&self, service: &mut Service, cwd: &Path) -> Result<(), InvalidOverride> {
        self.change_process(service)?;
        service.labels.extend(self.labels.clone());
        let isolation = &mut service.isolation;
        swap_sides(&self.cap_add, &mut isolation.cap_add, &mut isolation.cap_drop);
        swap_sides(&self.cap_drop, &mut isolation.cap_drop, &mut isolation.cap_add);
        if let Publish::These(ports) = &self.ports {
            service.networking.ports.clear();
            for text in ports {
                let ports = port::parse(text)?.into_iter().map(published);
                service.networking.ports.extend(ports);
            }
        }
        for text in &self.volumes {
            service.storage.volumes.push(mount(text, cwd)?);
        }
        // One command, once: nothing starts it again, and there is one of it.
        service.lifecycle.restart = None;
        service.lifecycle.scale = Some(1);
        service.container_name = None;
        if let Some(deploy) = &mut service.deploy {
            deploy.restart_policy = None;
        }
        Ok(())
    }

    fn change_process(&self, service: &mut Service) -> Result<(), InvalidOverride> {
        let process = &mut service.process;
        if let Some(line) = &self.entrypoint {
            process.entrypoint = Some(command::split(line)?);
            process.command = Some(Vec::new());
        }
        if !self.command.is_empty() {
            process.command = Some(self.command.clone());
        }
        process.environment.extend(self.environment.clone());
        process.user = self.user.clone().or_else(|| process.user.take());
        process.working_dir = self.working_dir.clone().or_else(|| process.working_dir.take());
        process.tty = self.tty;
        process.stdin_open = self.stdin_open;
        Ok(())
    }
}

/// What is given on one side is taken from the other.
fn swap_sides(names: &[String], into: &mut Vec<String>, out_of: &mut Vec<String>) {
    into.extend(names.iter().cloned());
    out_of.retain(|name| !names.contains(name));
}

fn published(short: port::ShortPort) -> Port {
    Port {
        mode: Some("ingress".to_owned()),
        host_ip: short.host_ip,
        target: short.target.into(),
        published: short.published,
        protocol: Some(PortProtocol(short.protocol.to_owned())),
        ..Port::default()
    }
}

fn mount(text: &str, cwd: &Path) -> Result<Mount, InvalidOverride> {
    let short = volume::parse(text)?;
    let bind = short.kind == volume::ShortKind::Bind;
    let source = match short.source {
        Some(path) if bind => Some(crate::source::clean(&cwd.join(path)).to_string_lossy().into_owned()),
        name => name,
    };
    Ok(Mount {
        kind: if bind { MountKind::Bind } else { MountKind::Volume },
        source,
        target: short.target,
        read_only: short.read_only,
        consistency: None,
        bind: bind.then(|| BindOptions {
            selinux: short.selinux,
            propagation: short.propagation,
            create_host_path: true,
            ..BindOptions::default()
        }),
        volume: (!bind).then(|| VolumeOptions {
            nocopy: short.nocopy,
            ..VolumeOptions::default()
        }),
        tmpfs: None,
        image_subpath: None,
        extensions: Extensions::new(),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::model::{Condition, RestartPolicy};
    use crate::sample::{With as _, project, service};

    fn changed(overrides: &Overrides) -> Service {
        let web = service("web").needs("db", Condition::Started).with(|web| {
            web.process.command = Some(vec!["serve".to_owned()]);
            web.process.entrypoint = Some(vec!["entry".to_owned()]);
            web.process.user = Some("1".to_owned());
            web.isolation.cap_drop = vec!["NET_ADMIN".to_owned(), "MKNOD".to_owned()];
            web.lifecycle.restart = Some(RestartPolicy("always".to_owned()));
            web.networking.ports = vec![Port::default()];
            web.container_name = Some("fixed".to_owned());
        });
        let shop = project([service("db"), web]);
        let mut shop = overrides.apply(shop, &"web".into(), Path::new("/here")).unwrap();
        shop.services.remove("web").unwrap()
    }

    #[test]
    fn what_is_not_said_stays_but_for_ports_names_and_restarts() {
        let web = changed(&Overrides::default());
        assert_eq!(web.process.command, Some(vec!["serve".to_owned()]));
        assert_eq!(web.process.user.as_deref(), Some("1"));
        assert_eq!(
            (web.lifecycle.restart, web.container_name, web.networking.ports.len()),
            (None, None, 0)
        );
        let own = changed(&Overrides {
            ports: Publish::OfService,
            ..Overrides::default()
        });
        assert_eq!(own.networking.ports.len(), 1);
    }

    #[test]
    fn an_entrypoint_takes_the_command_away() {
        let with = |entrypoint: &str, command: &[&str]| {
            let web = changed(&Overrides {
                entrypoint: Some(entrypoint.to_owned()),
                command: command.iter().map(|&word| word.to_owned()).collect(),
                ..Overrides::default()
            });
            (web.process.entrypoint.unwrap().join(" "), web.process.command.unwrap().join(" "))
        };
        assert_eq!(with("sh -c", &[]), ("sh -c".to_owned(), String::new()));
        assert_eq!(with("'a b' c", &["x"]), ("a b c".to_owned(), "x".to_owned()));
        assert_eq!(with("", &[]), (String::new(), String::new()));
    }

    #[test]
    fn capabilities_change_sides() {
        let web = changed(&Overrides {
            cap_add: vec!["NET_ADMIN".to_owned()],
            cap_drop: vec!["CHOWN".to_owned()],
            ..Overrides::default()
        });
        assert_eq!(web.isolation.cap_add, ["NET_ADMIN"]);
        assert_eq!(web.isolation.cap_drop, ["MKNOD", "CHOWN"]);
    }

    #[test]
    fn mounts_and_ports_are_read_and_relative_paths_are_the_callers() {
        let web = changed(&Overrides {
            volumes: vec!["./h:/g:ro".to_owned(), "data:/data".to_owned(), "/anon".to_owned()],
            ports: Publish::These(vec!["127.0.0.1::90".to_owned(), "8000-8001:80-81".to_owned()]),
            ..Overrides::default()
        });
        let mounts: Vec<_> = web
            .storage
            .volumes
            .iter()
            .map(|mount| (mount.kind, mount.source.as_deref(), mount.target.as_str(), mount.read_only))
            .collect();
        assert_eq!(
            mounts,
            [
                (MountKind::Bind, Some("/here/h"), "/g", true),
                (MountKind::Volume, Some("data"), "/data", false),
                (MountKind::Volume, None, "/anon", false)
            ]
        );
        let ports: Vec<_> = web
            .networking
            .ports
            .iter()
            .map(|port| (port.host_ip.as_deref(), port.published.as_deref(), port.target))
            .collect();
        assert_eq!(
            ports,
            [(Some("127.0.0.1"), None, 90), (None, Some("8000"), 80), (None, Some("8001"), 81)]
        );
    }

    #[test]
    fn nonsense_is_refused_with_a_way_out() {
        let shop = || project([service("web")]);
        let refused = |overrides: Overrides, name: &str| overrides.apply(shop(), &name.into(), Path::new("/")).unwrap_err();
        let bad = Overrides {
            volumes: vec![":/x".to_owned()],
            ..Overrides::default()
        };
        assert!(!refused(bad, "web").help.is_empty());
        assert_eq!(refused(Overrides::default(), "ghost").to_string(), "no such service: ghost");
    }
}
