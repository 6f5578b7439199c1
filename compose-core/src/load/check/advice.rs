//! What works, but is hardly meant: nothing uses it, nothing is there, two want the same.

use super::Places;
use super::consistency::in_order;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::load::path::TreePath;
use crate::load::short::command;
use crate::load::suggest::similar;
use crate::model::{MountKind, Port, Project, Secret, SecretSource, Service};
use crate::source::{PathKind, ResourceReader, Span};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Warns about a project that is valid. Whether files exist is asked of the reader.
pub(crate) fn advise(project: &Project, places: Places<'_>, reader: &dyn ResourceReader) -> Diagnostics {
    let mut advice = Advice {
        project,
        places,
        reader,
        found: Diagnostics::new(),
    };
    advice.unused();
    advice.commands();
    advice.ports();
    advice.mounts();
    advice.build_contexts();
    advice.files();
    advice.profiles();
    advice.found
}

struct Advice<'a> {
    project: &'a Project,
    places: Places<'a>,
    reader: &'a dyn ResourceReader,
    found: Diagnostics,
}

/// A host port that a service takes.
struct Taken<'a> {
    service: &'a Service,
    address: Option<&'a str>,
    place: Option<Span>,
}

impl<'a> Advice<'a> {
    /// Enabled or not: a service that a profile may enable uses what it names.
    fn all_services(&self) -> impl Iterator<Item = &'a Service> + use<'a> {
        self.project.services.values().chain(self.project.disabled_services.values())
    }

    fn unused(&mut self) {
        let project = self.project;
        let mut used: BTreeSet<(&str, &str)> = BTreeSet::from([("networks", "default")]);
        for service in self.all_services() {
            let storage = &service.storage;
            let mounts = storage.volumes.iter().filter(|mount| mount.kind == MountKind::Volume);
            let build_secrets = service.build.iter().flat_map(|build| &build.secrets);
            used.extend(service.networking.networks.keys().map(|key| ("networks", key.as_str())));
            used.extend(mounts.filter_map(|mount| Some(("volumes", mount.source.as_deref()?))));
            used.extend(
                storage
                    .secrets
                    .iter()
                    .chain(build_secrets)
                    .map(|secret| ("secrets", secret.source.as_str())),
            );
            used.extend(storage.configs.iter().map(|config| ("configs", config.source.as_str())));
            used.extend(service.models.keys().map(|key| ("models", key.as_str())));
        }
        let networks = project.networks.keys().map(|key| ("networks", "network", key.as_str()));
        let volumes = project.volumes.keys().map(|key| ("volumes", "volume", key.as_str()));
        let secrets = project.secrets.keys().map(|key| ("secrets", "secret", key.as_str()));
        let configs = project.configs.keys().map(|key| ("configs", "config", key.as_str()));
        let models = project.models.keys().map(|key| ("models", "model", key.as_str()));
        for (section, noun, key) in networks.chain(volumes).chain(secrets).chain(configs).chain(models) {
            if !used.contains(&(section, key)) {
                let warning = Diagnostic::warning(Code::UnusedResource, format!("no service uses the {noun} `{key}`"));
                let help = format!("remove it, or name it in the `{section}` of a service");
                self.found
                    .push(self.places.blame(TreePath::ROOT.key(section).key(key), warning).help(help));
            }
        }
    }

    /// Of a line with a shell's `&&` and the like only what stands before it runs; in a list it is an argument like others.
    fn commands(&mut self) {
        for service in self.project.services.values() {
            let process = &service.process;
            let way = TreePath::SERVICES.key(service.name.as_str());
            for (attribute, words) in [("entrypoint", &process.entrypoint), ("command", &process.command)] {
                let way = way.key(attribute);
                let mut words = words.iter().flatten();
                let line = self.places.text(way);
                let happens = if let Some(rest) = line.and_then(command::left_out) {
                    let joint = rest.trim_start_matches(|sign| "&|;<>".contains(sign));
                    format!("ends before `{}`", &rest[..rest.len() - joint.len()])
                } else if let Some(joint) = words.find(|word| line.is_none() && matches!(word.as_str(), "&&" | "||")) {
                    format!("has `{joint}` as an argument")
                } else {
                    continue;
                };
                let message = format!("the `{attribute}` of service `{}` {happens}: no shell reads it", service.name);
                let warning = Diagnostic::warning(Code::ShellSyntax, message);
                let help = "let a shell read it, all of it as one argument: [\"sh\", \"-c\", \"…\"]";
                self.found.push(self.places.blame(way, warning).help(help));
            }
        }
    }

    /// Only single ports: of a range the engine takes one that is free.
    fn ports(&mut self) {
        let mut taken: BTreeMap<(&str, u16), Vec<Taken<'a>>> = BTreeMap::new();
        for service in self.project.services.values() {
            let way = TreePath::SERVICES.key(service.name.as_str());
            let way = way.key("ports");
            for (index, port) in service.networking.ports.iter().enumerate() {
                let Some(published) = fixed(port) else { continue };
                let protocol = port.protocol.as_ref().map_or("tcp", |protocol| protocol.0.as_str());
                let way = way.index(index);
                let place = self.places.of(way);
                if service.replicas() > 1 {
                    self.found.push(crowded(service, published).at(place).about(way));
                }
                let address = port.host_ip.as_deref().filter(|address| !address.is_empty());
                let holders = taken.entry((protocol, published)).or_default();
                if let Some(holder) = holders.iter().find(|holder| collide(holder.address, address)) {
                    self.found.push(collision(holder, service, published, protocol, place).about(way));
                }
                holders.push(Taken { service, address, place });
            }
        }
    }

    /// Whether nothing stands at a path. Of a relative or a Windows one nobody can say.
    fn is_missing(&self, path: &Path) -> bool {
        path.is_absolute() && self.reader.kind(path) == PathKind::Missing
    }

    fn mounts(&mut self) {
        for service in self.project.services.values() {
            for (index, mount) in service.storage.volumes.iter().enumerate() {
                let Some(source) = mount.source.as_deref().filter(|_| mount.kind == MountKind::Bind) else {
                    continue;
                };
                if !self.is_missing(Path::new(source)) {
                    continue;
                }
                let created = mount.bind.as_ref().is_none_or(|bind| bind.create_host_path);
                let help = if created {
                    "the engine makes an empty folder of it; where a file or a filled folder is meant, correct the path"
                } else {
                    "create it: without it the container does not start"
                };
                let message = format!("service `{}` mounts `{source}`, which does not exist", service.name);
                let warning = Diagnostic::warning(Code::BindSourceNotFound, message).help(help);
                let service = TreePath::SERVICES.key(service.name.as_str());
                let warning = self.places.blame(service.key("volumes").index(index).key("source"), warning);
                self.found.push(warning);
            }
        }
    }

    fn build_contexts(&mut self) {
        for service in self.project.services.values() {
            let Some(context) = service.build.as_ref().and_then(|build| build.context.as_deref()) else {
                continue;
            };
            if self.is_missing(Path::new(context)) {
                let message = format!("service `{}` is built from `{context}`, which does not exist", service.name);
                let warning = Diagnostic::warning(Code::BuildContextNotFound, message);
                let service = TreePath::SERVICES.key(service.name.as_str());
                let warning = self.places.blame(service.key("build").key("context"), warning);
                self.found
                    .push(warning.help("correct `context`; it starts at the project's folder"));
            }
        }
    }

    fn files(&mut self) {
        let project = self.project;
        let secrets = project
            .secrets
            .iter()
            .map(|(key, secret)| ("secrets", "secret", key.as_str(), secret));
        let configs = project
            .configs
            .iter()
            .map(|(key, config)| ("configs", "config", key.as_str(), config));
        for (section, noun, key, resource) in secrets.chain(configs) {
            self.file(section, noun, key, resource);
        }
    }

    fn file(&mut self, section: &str, noun: &str, key: &str, resource: &Secret) {
        let SecretSource::File(path) = &resource.source else { return };
        if self.is_missing(path) {
            let message = format!("the file `{}` of the {noun} `{key}` does not exist", path.display());
            let warning = Diagnostic::warning(Code::FileNotFound, message).help("create it before the services start");
            let path = TreePath::ROOT.key(section);
            self.found.push(self.places.blame(path.key(key).key("file"), warning));
        }
    }

    fn profiles(&mut self) {
        let known: BTreeSet<&str> = self
            .all_services()
            .flat_map(|service| &service.profiles)
            .map(AsRef::as_ref)
            .collect();
        for profile in &self.project.profiles {
            let name = profile.as_str();
            if matches!(name, "" | "*") || known.contains(name) {
                continue;
            }
            let warning = Diagnostic::warning(Code::UnknownProfile, format!("no service has the profile `{name}`"));
            self.found.push(match similar(name, known.iter().copied()) {
                Some(close) => warning.help(format!("did you mean `{close}`?")),
                None if known.is_empty() => warning.help("no service has any profile"),
                None => warning.help(format!("the profiles are {}", known.iter().copied().collect::<Vec<_>>().join(", "))),
            });
        }
    }
}

/// The one host port that is asked for.
fn fixed(port: &Port) -> Option<u16> {
    port.published.as_deref()?.parse().ok().filter(|port| *port != 0)
}

/// Whether two addresses of the host stand for one, `None` for all of them.
fn collide(one: Option<&str>, other: Option<&str>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return true };
    let same_kind = one.contains(':') == other.contains(':');
    let is_any = |address: &str| matches!(address, "0.0.0.0" | "::");
    one == other || same_kind && (is_any(one) || is_any(other))
}

fn crowded(service: &Service, published: u16) -> Diagnostic {
    let (name, replicas) = (&service.name, service.replicas());
    let message = format!("service `{name}` has {replicas} containers, and only one of them can have the host's port {published}");
    Diagnostic::warning(Code::PortCollision, message).help("publish a range of ports, leave the choice to the engine, or run one container")
}

fn collision(holder: &Taken<'_>, service: &Service, published: u16, protocol: &str, place: Option<Span>) -> Diagnostic {
    let message = if holder.service.name == service.name {
        format!("service `{}` asks twice for the host's port {published}/{protocol}", service.name)
    } else {
        format!(
            "services `{}` and `{}` both ask for the host's port {published}/{protocol}",
            holder.service.name, service.name
        )
    };
    let (first, second) = in_order(holder.place, place);
    let warning = Diagnostic::warning(Code::PortCollision, message)
        .at(second)
        .help("publish one of them on another port");
    match first.filter(|first| Some(*first) != second) {
        Some(first) => warning.related(first, "first asked for here"),
        None => warning,
    }
}

#[cfg(test)]
mod tests {
    use crate::load::Loader;
    use crate::source::MemoryReader;

    /// What is said about a project in `/p`, where only `/p/there` exists.
    fn advice(compose: &str, profiles: &[&str]) -> Vec<String> {
        let reader = MemoryReader::new().with("/p/compose.yaml", compose).with("/p/there/file", "");
        let loader = Loader::new("/p").reader(reader);
        let loader = profiles.iter().fold(loader, |loader, profile| loader.profile(*profile));
        let warnings = loader.load().expect("it loads").warnings;
        warnings.iter().map(|found| format!("{}: {}", found.code, found.message)).collect()
    }

    #[test]
    fn what_nothing_uses_is_told() {
        let text = "
services:
  a: {image: x, networks: [n], volumes: [vol:/v], secrets: [s], configs: [c]}
  b: {image: x, profiles: [p], volumes: [war:/w], build: {context: there, secrets: [t]}}
networks: {n: {}, default: {}, unused-n: {}}
volumes: {vol: {}, war: {}, unused-v: {}}
secrets: {s: {environment: S}, t: {environment: T}, unused-s: {environment: U}}
configs: {c: {content: c}, unused-c: {content: c}}
";
        let expected = ["network", "volume", "secret", "config"]
            .map(|noun| format!("unused-resource: no service uses the {noun} `unused-{}`", &noun[..1]));
        assert_eq!(advice(text, &[]), expected);
    }

    #[test]
    fn ports_that_collide_are_told() {
        for (one, other, collide) in [
            ("8080:80", "8080:81", true),
            ("8080:80", "8080:80/udp", false),
            ("127.0.0.1:8080:80", "8080:80", true),
            ("127.0.0.1:8080:80", "127.0.0.2:8080:80", false),
            ("0.0.0.0:8080:80", "127.0.0.2:8080:80", true),
            ("8080-8090:80", "8080:80", false),
            ("80", "80", false),
        ] {
            let text = format!("services: {{a: {{image: x, ports: ['{one}']}}, b: {{image: x, ports: ['{other}']}}}}");
            let expected = "port-collision: services `a` and `b` both ask for the host's port 8080/tcp";
            let expected: Vec<_> = collide.then(|| expected.to_owned()).into_iter().collect();
            assert_eq!(advice(&text, &[]), expected, "{one} and {other}");
        }
        assert_eq!(
            advice("services: {a: {image: x, scale: 2, ports: ['80:80', '80:81']}}", &[]).len(),
            3,
            "two containers cannot have either port, nor can one have both"
        );
    }

    #[test]
    fn what_only_a_shell_understands_is_told() {
        for (attribute, value, told) in [
            ("command", "a && b", Some("ends before `&&`")),
            ("command", "[a, '||', b]", Some("has `||` as an argument")),
            ("entrypoint", "run > log", Some("ends before `>`")),
            ("command", "echo '&&'", None),
            ("command", "[grep, '|', f]", None),
            ("command", "sh -c 'a && b'", None),
            ("command", "[sh, -c, a | b]", None),
        ] {
            let text = format!("services: {{a: {{image: x, {attribute}: {value}}}}}");
            let expected = told.map(|what| format!("shell-syntax: the `{attribute}` of service `a` {what}: no shell reads it"));
            assert_eq!(advice(&text, &[]), expected.into_iter().collect::<Vec<_>>(), "{value}");
        }
    }

    #[test]
    fn what_is_not_there_is_told() {
        let text = "
services:
  a: {image: x, volumes: ['./there:/a', './gone:/b', {type: bind, source: /nowhere, target: /c}], secrets: [s]}
  b: {build: {context: gone}}
  c: {build: {context: 'https://example.org/c.git'}}
secrets: {s: {file: secret.txt}}
";
        assert_eq!(
            advice(text, &[]),
            [
                "bind-source-not-found: service `a` mounts `/p/gone`, which does not exist",
                "bind-source-not-found: service `a` mounts `/nowhere`, which does not exist",
                "build-context-not-found: service `b` is built from `/p/gone`, which does not exist",
                "file-not-found: the file `/p/secret.txt` of the secret `s` does not exist",
            ]
        );
    }

    #[test]
    fn profiles_that_no_service_has_are_told() {
        let text = "services: {a: {image: x, profiles: [debug, tools]}, b: {image: x}}";
        assert_eq!(advice(text, &["debug", "*"]), Vec::<String>::new());
        assert_eq!(advice(text, &["debgu"]), ["unknown-profile: no service has the profile `debgu`"]);
    }

    #[test]
    fn every_address_of_one_kind_is_not_every_address_of_the_other() {
        let of = |one: &str, other: &str| {
            let compose = format!("services:\n  a: {{image: x, ports: ['{one}80:80']}}\n  b: {{image: x, ports: ['{other}80:80']}}\n");
            advice(&compose, &[]).len()
        };
        for (one, other, collisions) in [
            ("", "0.0.0.0:", 1),
            ("0.0.0.0:", "127.0.0.1:", 1),
            ("[::]:", "[::1]:", 1),
            ("0.0.0.0:", "[::]:", 0),
            ("127.0.0.1:", "[::]:", 0),
            ("127.0.0.1:", "127.0.0.2:", 0),
        ] {
            assert_eq!(of(one, other), collisions, "{one} {other}");
        }
    }
}
