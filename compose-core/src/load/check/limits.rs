//! Settings that can be made both on the service and under `deploy` must agree, and a fixed
//! container name allows one container.

use super::consistency::Findings;
use crate::diagnostic::{Code, ModelPath};
use crate::load::path::TreePath;

/// Checks one service.
pub(super) fn check(findings: &mut Findings<'_>) {
    let Findings { service, way, .. } = *findings;
    let way_of_deploy = way.key("deploy");
    let replicas = way_of_deploy.key("replicas");
    if let Some(deploy) = &service.deploy {
        let of_service = &service.resources;
        let scales_differ = deploy
            .replicas
            .is_some_and(|replicas| service.lifecycle.scale.is_some_and(|scale| scale != replicas));
        disagree(findings, scales_differ, "scale", replicas);
        let resources = way_of_deploy.key("resources");
        if let Some(limits) = &deploy.resources.limits {
            let way = resources.key("limits");
            disagree(findings, differs(of_service.cpus, limits.cpus), "cpus", way.key("cpus"));
            disagree(
                findings,
                differs(of_service.mem_limit, limits.memory),
                "mem_limit",
                way.key("memory"),
            );
            disagree(findings, differs(of_service.pids_limit, limits.pids), "pids_limit", way.key("pids"));
        }
        if let Some(reserved) = &deploy.resources.reservations {
            let way = resources.key("reservations");
            let differs = differs(of_service.mem_reservation, reserved.memory);
            disagree(findings, differs, "mem_reservation", way.key("memory"));
        }
    }
    if service.container_name.is_some() && service.replicas() > 1 {
        let way = if service.lifecycle.scale.is_some() {
            way.key("scale")
        } else {
            replicas
        };
        let message = format!(
            "has a `container_name`, which only one container can have, and a `{}` above 1",
            below_service(way)
        );
        let error = findings.error(Code::ConflictingKeys, way, message);
        findings.push(error.help("remove one of the two"));
    }
}

/// A place as it is called within its service.
fn below_service(way: TreePath<'_>) -> ModelPath {
    ModelPath::from(way).below_entry().iter().cloned().collect()
}

/// Only what is set on the service has to be repeated.
fn differs<T: PartialEq + Copy>(of_service: Option<T>, of_deploy: Option<T>) -> bool {
    of_service.is_some() && of_service != of_deploy
}

fn disagree(findings: &mut Findings<'_>, differs: bool, attribute: &str, other: TreePath<'_>) {
    if !differs {
        return;
    }
    let name = below_service(other);
    let message = format!("has different `{attribute}` and `{name}`");
    let error = findings.error(Code::ConflictingKeys, findings.way.key(attribute), message);
    let error = match findings.places.of(other) {
        Some(place) => error.related(place, format!("`{name}` belongs here")),
        None => error,
    };
    findings.push(error.help("make them equal or keep one"));
}

#[cfg(test)]
mod tests {
    use super::super::consistency::tests::errors;

    #[test]
    fn both_places_must_agree() {
        for (service, attribute, other) in [
            ("scale: 2, deploy: {replicas: 3}", "scale", "deploy.replicas"),
            (
                "cpus: 1, deploy: {resources: {limits: {memory: 1m}}}",
                "cpus",
                "deploy.resources.limits.cpus",
            ),
            (
                "mem_limit: 2m, deploy: {resources: {limits: {memory: 1m}}}",
                "mem_limit",
                "deploy.resources.limits.memory",
            ),
            (
                "pids_limit: 2, deploy: {resources: {limits: {pids: 1}}}",
                "pids_limit",
                "deploy.resources.limits.pids",
            ),
            (
                "mem_reservation: 2m, deploy: {resources: {reservations: {memory: 1m}}}",
                "mem_reservation",
                "deploy.resources.reservations.memory",
            ),
        ] {
            let text = format!("services: {{a: {{image: x, {service}}}}}");
            assert_eq!(errors(&text), [format!("service `a` has different `{attribute}` and `{other}`")]);
        }
    }

    #[test]
    fn a_name_is_for_one_container() {
        for service in ["scale: 2", "deploy: {replicas: 2}"] {
            assert_eq!(
                errors(&format!("services: {{a: {{image: x, container_name: n, {service}}}}}")).len(),
                1
            );
        }
        for service in [
            "container_name: n, scale: 1",
            "scale: 2, deploy: {replicas: 2}",
            "cpus: 0.5, deploy: {resources: {limits: {cpus: '0.5'}}}",
            "cpus: 1, deploy: {resources: {reservations: {cpus: 2}}}",
        ] {
            let text = format!("services: {{a: {{image: x, {service}}}}}");
            assert_eq!(errors(&text), Vec::<String>::new(), "{service}");
        }
    }
}
