//! Everything that a project will ask of the engine, tried before anything is asked.

use super::{ApiSocket, Outside, PathMap, Replica, RequestError, container, network, seccomp_profiles};
use crate::engine::ApiVersion;
use crate::model::{Project, Service};
use crate::names::{ContainerId, ContainerName, ImageId, ReplicaNumber, ServiceName};
use crate::source::ResourceReader;
use std::collections::BTreeMap;

/// What cannot be asked of an engine of this version: attributes that it is too old for, secrets without a value, and what
/// only an orchestrator has.
pub fn rehearse(
    project: &Project,
    api_socket: Option<&ApiSocket>,
    reader: &dyn ResourceReader,
    api: ApiVersion,
    paths: &PathMap,
) -> Vec<RequestError> {
    let peers = standing_in(project);
    let services = project.services.values().filter(|service| service.provider.is_none());
    let refused = services.filter_map(|service| {
        let outside = seccomp_profiles(project, service, reader).map(|seccomp| Outside {
            seccomp,
            api_socket: api_socket.cloned(),
        });
        let asked = outside.and_then(|outside| container(project, service, &replica(service, outside, &peers), api, paths));
        asked.err()
    });
    let networks = project.networks.iter().filter(|(_, network)| !network.external);
    let networks = networks.filter_map(|(key, wanted)| network(project, key, wanted, BTreeMap::new(), api).err());
    refused.chain(networks).collect()
}

/// A container for each service, so that what others share with it can be asked for.
fn standing_in(project: &Project) -> BTreeMap<ServiceName, Vec<(ContainerId, ContainerName)>> {
    let names = project.services.keys().chain(project.disabled_services.keys());
    names
        .map(|name| {
            (
                name.clone(),
                vec![(ContainerId::new(name.as_str()), ContainerName::new(name.as_str()))],
            )
        })
        .collect()
}

fn replica(service: &Service, outside: Outside, peers: &BTreeMap<ServiceName, Vec<(ContainerId, ContainerName)>>) -> Replica {
    Replica {
        number: ReplicaNumber::FIRST,
        name: ContainerName::new(service.name.as_str()),
        image: String::new(),
        image_id: ImageId::new(""),
        labels: BTreeMap::new(),
        inherited_volumes: BTreeMap::new(),
        peers: peers.clone(),
        one_off: None,
        outside,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Loader;
    use crate::source::MemoryReader;

    fn refused(services: &str, api: ApiVersion) -> Vec<String> {
        let text = format!("services:\n{services}");
        let reader = MemoryReader::new().with("/srv/shop/compose.yaml", text);
        let project = Loader::new("/srv/shop").reader(reader).load().expect("loads").project;
        let found = rehearse(&project, None, &MemoryReader::new(), api, &PathMap::identity());
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn everything_that_an_engine_is_too_old_for_is_told_at_once() {
        let text = "  web: {image: x, networks: {default: {gw_priority: 1}}}\n  db: {image: x, healthcheck: {test: a, start_period: 9s, start_interval: 1s}}\n  \
                    app: {image: x, network_mode: 'service:web', volumes_from: [db], links: []}\n";
        let found = refused(text, ApiVersion::OLDEST);
        assert!(
            found.len() == 2 && found[0].contains("service db") && found[1].contains("gw_priority"),
            "{found:?}"
        );
        assert_eq!(refused(text, ApiVersion { major: 1, minor: 51 }), [] as [&str; 0]);
    }

    #[test]
    fn secrets_without_a_value_are_known_before() {
        let text = "  web: {image: x, secrets: [pw]}\nsecrets: {pw: {environment: NOWHERE}}\n";
        let found = refused(text, ApiVersion::OLDEST);
        assert!(found.len() == 1 && found[0].contains("NOWHERE"), "{found:?}");
    }
}
