//! What a service refers to must exist: networks, volumes, secrets, configs, models, services.

use super::consistency::Findings;
use crate::diagnostic::Code;
use crate::load::found::Found;
use crate::load::suggest::similar;
use crate::model::{MountKind, Project};

const UNDEFINED_REFERENCE: Code = Code("undefined-reference");
const EXTENSION_AS_NETWORK: Code = Code("extension-as-network");
const DISABLED_SERVICE: Code = Code("disabled-service");
const CONTEXT_NOT_BUILT: Code = Code("context-not-built");

/// Checks one service against its project.
pub(super) fn check(project: &Project, findings: &mut Findings<'_>, before: &Found) {
    let service = findings.service;
    for network in service.networking.networks.keys() {
        let way = ["networks", network.as_str()];
        if network.as_str().starts_with("x-") {
            let message = format!("joins the network `{network}`, a key that stands for an extension");
            let error = findings.error(EXTENSION_AS_NETWORK, &way, message);
            findings.push(error.help("give the network a key that does not begin with x-"));
            continue;
        }
        defined(
            findings,
            &way,
            "network",
            network.as_str(),
            project.networks.keys().map(AsRef::as_ref),
        );
    }
    for (index, mount) in service.storage.volumes.iter().enumerate() {
        if let Some(source) = mount.source.as_ref().filter(|_| mount.kind == MountKind::Volume) {
            let way = ["volumes", &index.to_string(), "source"];
            defined(findings, &way, "volume", source, project.volumes.keys().map(AsRef::as_ref));
        }
    }
    for (index, config) in service.storage.configs.iter().enumerate() {
        let way = ["configs", &index.to_string(), "source"];
        defined(findings, &way, "config", &config.source, project.configs.keys().map(AsRef::as_ref));
    }
    for (index, secret) in service.storage.secrets.iter().enumerate() {
        let way = ["secrets", &index.to_string(), "source"];
        defined(findings, &way, "secret", &secret.source, project.secrets.keys().map(AsRef::as_ref));
    }
    for (index, secret) in service.build.iter().flat_map(|build| &build.secrets).enumerate() {
        let way = ["build", "secrets", &index.to_string(), "source"];
        defined(
            findings,
            &way,
            "build secret",
            &secret.source,
            project.secrets.keys().map(AsRef::as_ref),
        );
    }
    for model in service.models.keys() {
        let way = ["models", model.as_str()];
        defined(findings, &way, "model", model.as_str(), project.models.keys().map(AsRef::as_ref));
    }
    dependencies(project, findings, before);
    build_contexts(project, findings);
}

fn defined<'a>(findings: &mut Findings<'_>, way: &[&str], what: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) {
    if known.clone().any(|key| key == name) {
        return;
    }
    let error = findings.error(UNDEFINED_REFERENCE, way, format!("refers to the undefined {what} `{name}`"));
    let section = match what {
        "build secret" => "secrets".to_owned(),
        what => format!("{what}s"),
    };
    findings.push(match similar(name, known) {
        Some(close) => error.help(format!("did you mean `{close}`?")),
        None => error.help(format!("define it under the top-level `{section}`")),
    });
}

fn dependencies(project: &Project, findings: &mut Findings<'_>, before: &Found) {
    for (name, dependency) in &findings.service.lifecycle.depends_on {
        let way = ["depends_on", name.as_str()];
        if project.services.contains_key(name) {
            continue;
        }
        if let Some(disabled) = project.disabled_services.get(name) {
            // Its profiles may be what is wrong with it.
            if dependency.required && !findings.places.is_damaged("services", name.as_str(), before) {
                let error = findings.error(
                    DISABLED_SERVICE,
                    &way,
                    format!("depends on `{name}`, which no active profile enables"),
                );
                let profiles: Vec<_> = disabled.profiles.iter().map(AsRef::as_ref).collect();
                findings.push(error.help(format!(
                    "activate one of its profiles ({}) or set `required: false`",
                    profiles.join(", ")
                )));
            }
            continue;
        }
        let error = findings.error(UNDEFINED_REFERENCE, &way, format!("depends on the undefined service `{name}`"));
        findings.push(match similar(name.as_str(), project.services.keys().map(AsRef::as_ref)) {
            Some(close) => error.help(format!("did you mean `{close}`?")),
            None => error.help("define it under `services`"),
        });
    }
}

/// `service:NAME` as a build context is the image that another service builds.
fn build_contexts(project: &Project, findings: &mut Findings<'_>) {
    for (context, source) in findings.service.build.iter().flat_map(|build| &build.additional_contexts) {
        let Some(name) = source.strip_prefix("service:") else {
            continue;
        };
        let way = ["build", "additional_contexts", context];
        match project.services.get(name) {
            Some(other) if other.build.is_some() => {}
            Some(_) => {
                let message = format!("takes the build context `{context}` from service `{name}`, which is not built");
                let error = findings.error(CONTEXT_NOT_BUILT, &way, message);
                findings.push(error.help("name its image instead: docker-image://IMAGE"));
            }
            None => {
                let message = format!("takes the build context `{context}` from the undefined service `{name}`");
                let error = findings.error(UNDEFINED_REFERENCE, &way, message);
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
