//! What a service refers to must exist: networks, volumes, secrets, configs, models, services.

use super::consistency::Findings;
use crate::diagnostic::{Code, Diagnostic};
use crate::load::found::Found;
use crate::load::path::TreePath;
use crate::load::suggest::similar;
use crate::model::{FileGrant, MountKind, NamespaceMode, Project, Service};
use crate::names::ServiceName;
use std::borrow::Borrow;
use std::collections::BTreeMap;

/// Checks one service against its project, but for references into sections that may be missing.
pub(super) fn check(project: &Project, findings: &mut Findings<'_>, before: &Found) {
    let Findings { service, way, .. } = *findings;
    let networks = way.key("networks");
    for network in service.networking.networks.keys() {
        let way = networks.key(network.as_str());
        if network.as_str().starts_with("x-") {
            let message = format!("joins the network `{network}`, a key that stands for an extension");
            let error = findings.error(Code::InvalidName, way, message);
            findings.push(error.help("give the network a key that does not begin with x-"));
            continue;
        }
        // With a mode of its own a service has no default network; that the two contradict is told.
        if network.as_str() == "default" && service.networking.network_mode.is_some() {
            continue;
        }
        defined(findings, before, way, "network", network.as_str(), &project.networks);
    }
    let volumes = way.key("volumes");
    for (index, mount) in service.storage.volumes.iter().enumerate() {
        if let Some(source) = mount.source.as_ref().filter(|_| mount.kind == MountKind::Volume) {
            let way = volumes.index(index);
            defined(findings, before, way.key("source"), "volume", source, &project.volumes);
        }
    }
    let storage = &service.storage;
    granted(findings, before, way.key("configs"), "config", &storage.configs, &project.configs);
    granted(findings, before, way.key("secrets"), "secret", &storage.secrets, &project.secrets);
    if let Some(build) = &service.build {
        let way = way.key("build");
        granted(
            findings,
            before,
            way.key("secrets"),
            "build secret",
            &build.secrets,
            &project.secrets,
        );
    }
    let models = way.key("models");
    for model in service.models.keys() {
        defined(
            findings,
            before,
            models.key(model.as_str()),
            "model",
            model.as_str(),
            &project.models,
        );
    }
    if !before.may_lack("services") {
        dependencies(project, findings, before);
        network_mode(project, findings);
        build_contexts(project, findings);
    }
}

/// Checks the secrets or configs of a list.
fn granted<K: Ord + Borrow<str>, V>(
    findings: &mut Findings<'_>,
    before: &Found,
    list: TreePath<'_>,
    what: &str,
    grants: &[FileGrant],
    known: &BTreeMap<K, V>,
) {
    for (index, grant) in grants.iter().enumerate() {
        let way = list.index(index);
        defined(findings, before, way.key("source"), what, &grant.source, known);
    }
}

fn defined<K: Ord + Borrow<str>, V>(
    findings: &mut Findings<'_>,
    before: &Found,
    way: TreePath<'_>,
    what: &str,
    name: &str,
    known: &BTreeMap<K, V>,
) {
    let section = match what {
        "build secret" => "secrets".to_owned(),
        what => format!("{what}s"),
    };
    if before.may_lack(&section) || known.contains_key(name) || findings.are_enough() {
        return;
    }
    if name.is_empty() {
        let error = findings.error(Code::UndefinedReference, way, format!("uses a {what} without saying which"));
        findings.push(error.help(format!("add `source`, a key of the top-level `{section}`")));
        return;
    }
    let error = findings.error(Code::UndefinedReference, way, format!("refers to the undefined {what} `{name}`"));
    findings.push(error.help(match what {
        // All of a short form has one place.
        "volume" if name.contains('/') && findings.places.of(way) == findings.places.of(way.parent().key("target")) => {
            format!("a path of this machine begins with `./` or `/`: write `./{name}`")
        }
        "volume" if name.contains('/') => "say `type: bind` for a path of this machine".to_owned(),
        _ if name.contains(['/', ':']) => {
            format!("write `source`, a key of the top-level `{section}`, and `target`, the path in the container")
        }
        _ => match similar(name, known.keys().map(Borrow::borrow)) {
            Some(close) => format!("did you mean `{close}`?"),
            None => format!("define it under the top-level `{section}`"),
        },
    }));
}

fn dependencies(project: &Project, findings: &mut Findings<'_>, before: &Found) {
    for (name, dependency) in &findings.service.lifecycle.depends_on {
        let depends_on = findings.way.key("depends_on");
        let way = depends_on.key(name.as_str());
        if project.services.contains_key(name) || findings.are_enough() {
            continue;
        }
        if let Some(disabled) = project.disabled_services.get(name) {
            // Its profiles may be what is wrong with it.
            if dependency.required && !findings.places.is_damaged("services", name.as_str(), before) {
                let error = depends_on_disabled(&findings.service.name, disabled);
                findings.push(findings.places.blame(way, error));
            }
            continue;
        }
        if name.as_str().is_empty() {
            let error = findings.error(Code::UndefinedReference, way, "depends on a service without saying which");
            findings.push(error.help("write its name, after `service:` where that is"));
            continue;
        }
        let error = findings.error(Code::UndefinedReference, way, format!("depends on the undefined service `{name}`"));
        findings.push(match another(project, findings.service, name.as_str()) {
            Some(close) => error.help(format!("did you mean `{close}`?")),
            None => error.help("define it under `services`"),
        });
    }
}

/// The finding that a service needs one that is disabled.
pub(in crate::load) fn depends_on_disabled(service: &ServiceName, disabled: &Service) -> Diagnostic {
    let message = format!(
        "service `{service}` depends on `{}`, which no active profile enables",
        disabled.name
    );
    let profiles: Vec<_> = disabled.profiles.iter().map(AsRef::as_ref).collect();
    Diagnostic::error(Code::DisabledService, message).help(format!(
        "activate one of its profiles ({}) or set `required: false`",
        profiles.join(", ")
    ))
}

/// A shared network implies a dependency, but only in a normalized model.
fn network_mode(project: &Project, findings: &mut Findings<'_>) {
    let service = findings.service;
    let Some(NamespaceMode::Service(name)) = &service.networking.network_mode else {
        return;
    };
    if project.services.contains_key(name) || service.lifecycle.depends_on.contains_key(name) {
        return;
    }
    let message = format!("shares the network of service `{name}`, which is not defined or not enabled");
    let error = findings.error(Code::UndefinedReference, findings.way.key("network_mode"), message);
    findings.push(match another(project, service, name.as_str()) {
        Some(close) => error.help(format!("did you mean `{close}`?")),
        None => error.help("define it under `services`, or activate one of its profiles"),
    });
}

/// The service whose name is similar, other than the one that refers to it.
fn another<'p>(project: &'p Project, service: &Service, name: &str) -> Option<&'p str> {
    let others = project.services.keys().filter(|other| **other != service.name);
    similar(name, others.map(AsRef::as_ref))
}

/// `service:NAME` as a build context is the image that another service builds.
fn build_contexts(project: &Project, findings: &mut Findings<'_>) {
    for (context, source) in findings.service.build.iter().flat_map(|build| &build.additional_contexts) {
        let Some(name) = source.strip_prefix("service:") else {
            continue;
        };
        let build = findings.way.key("build");
        let contexts = build.key("additional_contexts");
        let way = contexts.key(context);
        match project.services.get(name) {
            Some(other) if other.build.is_some() => {}
            Some(_) => {
                let message = format!("takes the build context `{context}` from service `{name}`, which is not built");
                let error = findings.error(Code::ContextNotBuilt, way, message);
                findings.push(error.help("name its image instead: docker-image://IMAGE"));
            }
            None => {
                let message = format!("takes the build context `{context}` from the undefined service `{name}`");
                let error = findings.error(Code::UndefinedReference, way, message);
                findings.push(match similar(name, project.services.keys().map(AsRef::as_ref)) {
                    Some(close) => error.help(format!("did you mean `{close}`?")),
                    None => error.help("define it under `services`"),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Places;
    use super::super::consistency::check_consistency;
    use super::super::consistency::tests::{errors, project};
    use crate::load::found::Found;

    #[test]
    fn what_is_undefined_is_named() {
        for (service, message) in [
            (
                "networks: {x-n: null}",
                "joins the network `x-n`, a key that stands for an extension",
            ),
            ("networks: {n: null}", "refers to the undefined network `n`"),
            (
                "volumes: [{type: volume, source: v, target: /v}]",
                "refers to the undefined volume `v`",
            ),
            ("configs: [{source: c}]", "refers to the undefined config `c`"),
            ("secrets: [{source: s}]", "refers to the undefined secret `s`"),
            ("build: {secrets: [{source: s}]}", "refers to the undefined build secret `s`"),
            ("models: {m: null}", "refers to the undefined model `m`"),
            (
                "depends_on: {nope: {condition: service_started, required: false}}",
                "depends on the undefined service `nope`",
            ),
            (
                "network_mode: 'service:nope'",
                "shares the network of service `nope`, which is not defined or not enabled",
            ),
            (
                "build: {additional_contexts: {b: 'service:nope'}}",
                "takes the build context `b` from the undefined service `nope`",
            ),
            (
                "build: {additional_contexts: {b: 'service:b'}}",
                "takes the build context `b` from service `b`, which is not built",
            ),
        ] {
            let text = format!("services: {{a: {{image: x, {service}}}, b: {{image: y}}}}");
            assert_eq!(errors(&text), [format!("service `a` {message}")], "{service}");
        }
    }

    #[test]
    fn a_disabled_service_may_be_optional() {
        for (required, count) in [(true, 1), (false, 0)] {
            let (mut project, tree) = project(&format!(
                "services: {{a: {{image: x, depends_on: {{b: {{condition: service_started, required: {required}}}}}}}, b: {{image: y}}}}"
            ));
            let b = project.services.remove("b").expect("it is there");
            project.disabled_services.insert(b.name.clone(), b);
            let found = check_consistency(&mut project, Places(&tree), &Found::default()).len();
            assert_eq!(found, count);
        }
    }

    #[test]
    fn close_names_are_suggested() {
        let (mut project, tree) = project("{services: {a: {image: x, networks: {fronted: null}}}, networks: {frontend: {}}}");
        let found = check_consistency(&mut project, Places(&tree), &Found::default());
        assert_eq!(
            found.iter().next().and_then(|one| one.help.as_deref()),
            Some("did you mean `frontend`?")
        );
    }
}
