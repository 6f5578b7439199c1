//! The mapping, attribute by attribute: a service that says one thing, and what of the request comes of it.

mod config;
mod files;
mod mounts;
mod networks;
mod resources;

use super::{ApiSocket, ContainerRequest, PathMap, Problem, Replica, container};
use crate::engine::ApiVersion;
use crate::model::{Network, Project, Service};
use crate::names::{ContainerId, ContainerName, ImageId, NetworkKey, ReplicaNumber, ServiceName};
use crate::sample::empty_project;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A project, one of its services and a replica of it, to be changed by a test.
struct Case {
    project: Project,
    service: Service,
    replica: Replica,
    api: ApiVersion,
    paths: PathMap,
}

const fn api(minor: u32) -> ApiVersion {
    ApiVersion { major: 1, minor }
}

/// The case in which nothing is said: service `web` of project `shop` in its default network, for an old engine.
fn plain() -> Case {
    Case {
        project: Project {
            networks: ["default", "front", "back"].map(named_network).into(),
            ..empty_project("shop")
        },
        service: Service::new("web".into()),
        replica: Replica {
            number: ReplicaNumber::new(2).expect("not zero"),
            name: "shop-web-2".into(),
            image: "web:v1".to_owned(),
            image_id: ImageId::new("sha256:1f"),
            labels: BTreeMap::from([("l".to_owned(), "v".to_owned())]),
            inherited_volumes: BTreeMap::new(),
            peers: BTreeMap::new(),
            one_off: None,
            outside: super::Outside::default(),
        },
        api: ApiVersion::OLDEST,
        paths: PathMap::identity(),
    }
}

fn named_network(key: &str) -> (NetworkKey, Network) {
    let network = Network {
        name: Some(format!("shop_{key}").into()),
        ..Network::default()
    };
    (key.into(), network)
}

impl Case {
    /// A case with one change.
    fn with(change: impl FnOnce(&mut Self)) -> Self {
        let mut case = plain();
        change(&mut case);
        case
    }

    fn request(&self) -> Result<ContainerRequest, Problem> {
        container(&self.project, &self.service, &self.replica, self.api, &self.paths).map_err(|error| {
            assert_eq!(error.subject, "service web");
            error.problem
        })
    }

    fn body(&self) -> Value {
        serde_json::to_value(self.request().expect("a request").body).expect("JSON")
    }

    fn problem(&self) -> String {
        self.request().expect_err("a problem").to_string()
    }

    fn with_peer(mut self, service: &str, ids: &[&str]) -> Self {
        let containers = ids
            .iter()
            .zip(1..)
            .map(|(id, number)| (ContainerId::from(*id), ContainerName::from(format!("shop-{service}-{number}"))));
        self.replica.peers.insert(ServiceName::from(service), containers.collect());
        self
    }
}

fn strings<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}

fn map<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

/// What `body` says beyond a service that says nothing.
fn said(body: &Value) -> Value {
    let base = plain().body();
    difference(body, &base).unwrap_or_else(|| json!({}))
}

/// What of `value` is not the same in `base`; objects are gone through, keys that are gone are null.
fn difference(value: &Value, base: &Value) -> Option<Value> {
    let (Some(new), Some(old)) = (value.as_object(), base.as_object()) else {
        return (value != base).then(|| value.clone());
    };
    let mut differs = serde_json::Map::new();
    for (key, value) in new {
        let difference = match old.get(key) {
            Some(base) => difference(value, base),
            None => Some(value.clone()),
        };
        if let Some(difference) = difference {
            differs.insert(key.clone(), difference);
        }
    }
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        differs.insert(key.clone(), Value::Null);
    }
    (!differs.is_empty()).then_some(Value::Object(differs))
}

/// A change, and what it adds to the request.
struct Row {
    name: &'static str,
    change: Box<dyn Fn(&mut Case)>,
    expected: Value,
}

fn table(rows: impl IntoIterator<Item = Row>) {
    for row in rows {
        let said = said(&Case::with(|case| (row.change)(case)).body());
        assert_eq!(said, row.expected, "{}", row.name);
    }
}

/// A row of a [`table`].
fn row(name: &'static str, change: impl Fn(&mut Case) + 'static, expected: Value) -> Row {
    Row {
        name,
        change: Box::new(change),
        expected,
    }
}

#[test]
fn a_service_that_says_nothing() {
    assert_eq!(
        plain().body(),
        json!({
            "Image": "web:v1",
            "Labels": {"l": "v"},
            "AttachStdout": true,
            "AttachStderr": true,
            "HostConfig": {"NetworkMode": "shop_default", "PortBindings": {}},
            "NetworkingConfig": {"EndpointsConfig": {"shop_default": {"Aliases": ["shop-web-2", "web"]}}},
        })
    );
}

#[test]
fn the_api_socket_is_given_with_credentials() {
    let case = Case::with(|case| {
        case.service.isolation.use_api_socket = true;
        case.replica.outside.api_socket = Some(ApiSocket {
            path: "/run/docker.sock".into(),
            credentials: "{}".to_owned(),
        });
    });
    assert_eq!(
        said(&case.body()),
        json!({
            "Env": ["DOCKER_CONFIG=/run/secrets/docker"],
            "HostConfig": {"Binds": ["/run/docker.sock:/var/run/docker.sock:rw"]},
        })
    );
    let uploads = case.request().expect("a request").uploads;
    assert_eq!(
        files::entries(&uploads),
        [("run/secrets/docker/config.json".to_owned(), "444 0 0 {}".to_owned())]
    );
    let mut inside = case;
    inside.paths = PathMap::identity().with("/run", "/var/run/host");
    assert_eq!(
        said(&inside.body())["HostConfig"]["Binds"],
        json!(["/var/run/host/docker.sock:/var/run/docker.sock:rw"])
    );
    let far = Case::with(|case| case.service.isolation.use_api_socket = true);
    assert!(far.problem().contains("use_api_socket"));
}
