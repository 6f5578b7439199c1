//! Settings that can be made both on the service and under `deploy` must agree, and a fixed
//! container name allows one container.

use super::consistency::Findings;
use crate::diagnostic::Code;

/// Checks one service.
pub(super) fn check(findings: &mut Findings<'_>) {
    let service = findings.service;
    if let Some(deploy) = &service.deploy {
        let resources = &service.resources;
        let replicas = deploy
            .replicas
            .filter(|replicas| service.lifecycle.scale.is_some_and(|scale| scale != *replicas));
        disagree(findings, replicas.is_some(), "scale", "deploy.replicas");
        if let Some(limits) = &deploy.resources.limits {
            disagree(
                findings,
                differs(resources.cpus, limits.cpus),
                "cpus",
                "deploy.resources.limits.cpus",
            );
            disagree(
                findings,
                differs(resources.mem_limit, limits.memory),
                "mem_limit",
                "deploy.resources.limits.memory",
            );
            disagree(
                findings,
                differs(resources.pids_limit, limits.pids),
                "pids_limit",
                "deploy.resources.limits.pids",
            );
        }
        if let Some(reserved) = &deploy.resources.reservations {
            let differs = differs(resources.mem_reservation, reserved.memory);
            disagree(findings, differs, "mem_reservation", "deploy.resources.reservations.memory");
        }
    }
    if service.container_name.is_some() && service.replicas() > 1 {
        let (way, attribute): (&[&str], _) = match service.lifecycle.scale {
            Some(_) => (&["scale"], "scale"),
            None => (&["deploy", "replicas"], "deploy.replicas"),
        };
        let message = format!("has a `container_name`, which only one container can have, and a `{attribute}` above 1");
        let error = findings.error(Code::ConflictingKeys, way, message);
        findings.push(error.help("remove one of the two"));
    }
}

/// Only what is set on the service has to be repeated.
fn differs<T: PartialEq + Copy>(of_service: Option<T>, of_deploy: Option<T>) -> bool {
    of_service.is_some() && of_service != of_deploy
}

fn disagree(findings: &mut Findings<'_>, differs: bool, attribute: &str, other: &str) {
    if !differs {
        return;
    }
    let error = findings.error(
        Code::ConflictingKeys,
        &[attribute],
        format!("has different `{attribute}` and `{other}`"),
    );
    let way: Vec<&str> = other.split('.').collect();
    let error = match findings.place(&way) {
        Some(place) => error.related(place, format!("`{other}` belongs here")),
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
