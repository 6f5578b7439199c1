//! Projects built by hand, and what the reference printed for the same ones.

use super::{images_json, images_yaml, json, raw_json, yaml};
use crate::model::{
    Any, Condition, Config, Dependency, Endpoint, Hook, Ipam, IpamPool, Mount, MountKind, Network, Port, PortProtocol, Project,
    SecretSource, Service, Ulimit, Volume,
};
use crate::names::{ImageRef, NetworkName, VolumeName};
use crate::sample::{With as _, empty_project, service};
use std::collections::BTreeMap;

/// `services: {NAME: {image: alpine}}` as the loader completes it.
pub(crate) fn plain_service(name: &str) -> Service {
    service(name).with(|service| service.image = Some(ImageRef::new("alpine")))
}

fn rich_project() -> Project {
    let mut project = empty_project("demo");
    let mut web = plain_service("web");
    web.process.command = Some(vec!["sh".into(), "-c".into(), "echo $HOME\nexit <1>\n".into()]);
    web.process.entrypoint = Some(Vec::new());
    web.process.environment = BTreeMap::from([("A10".into(), Some("y".into())), ("A9".into(), None)]);
    web.networking.networks.insert(
        "back".into(),
        Some(Box::new(Endpoint {
            aliases: vec!["w".into()],
            gw_priority: Some(3),
            ..Endpoint::default()
        })),
    );
    web.networking.ports.push(Port {
        target: 80,
        published: Some("8080".into()),
        protocol: Some(PortProtocol("tcp".into())),
        mode: Some("ingress".into()),
        ..Port::default()
    });
    web.networking.extra_hosts = BTreeMap::from([
        ("b".into(), vec!["::1".into()]),
        ("a".into(), vec!["2.2.2.2".into(), "1.1.1.1".into()]),
    ]);
    web.storage.volumes.push(Mount {
        kind: MountKind::Volume,
        source: Some("data".into()),
        target: "/data".into(),
        read_only: false,
        consistency: None,
        bind: None,
        volume: Some(crate::model::VolumeOptions::default()),
        tmpfs: None,
        image_subpath: None,
        extensions: BTreeMap::new(),
    });
    web.resources.cpus = Some(0.1);
    web.resources.ulimits = BTreeMap::from([("core".into(), Ulimit::Single(0)), ("nofile".into(), Ulimit::Single(3))]);
    web.resources.blkio = Some(crate::model::Blkio {
        weight_device: vec![crate::model::WeightDevice {
            path: "/dev/sda".into(),
            weight: 12,
            extensions: BTreeMap::new(),
        }],
        ..crate::model::Blkio::default()
    });
    web.deploy = Some(Box::new(crate::model::Deploy::default()));
    web.lifecycle.post_start.push(Hook::default());
    web.lifecycle.depends_on.insert(
        "db".into(),
        Dependency {
            condition: Condition::Healthy,
            restart: true,
            required: true,
            extensions: BTreeMap::from([("x-d".into(), Any::Int(1))]),
        },
    );
    web.extensions.insert("x-note".into(), Any::List(Vec::new()));
    project.services.insert("web".into(), web);
    project.services.insert("db".into(), plain_service("db"));
    let named = |name: &str| Network {
        name: Some(NetworkName::new(name)),
        ..Network::default()
    };
    project.networks.insert("default".into(), named("demo_default"));
    let mut back = named("demo_back");
    back.ipam = Ipam {
        pools: vec![IpamPool {
            subnet: Some("10.0.0.0/24".into()),
            ..IpamPool::default()
        }],
        ..Ipam::default()
    };
    project.networks.insert("back".into(), back);
    project.volumes.insert(
        "data".into(),
        Volume {
            name: Some(VolumeName::new("demo_data")),
            ..Volume::default()
        },
    );
    project.configs.insert(
        "motd".into(),
        Config {
            name: Some("demo_motd".into()),
            source: SecretSource::Content("cost $5\n".into()),
            ..Config::default()
        },
    );
    project
        .extensions
        .insert("x-date".into(), Any::Timestamp("2001-01-01T00:00:00Z".into()));
    project.extensions.insert("x-empty".into(), Any::List(Vec::new()));
    project
}

#[test]
fn a_rich_project_as_yaml() {
    insta::assert_snapshot!(yaml(&rich_project()));
}

#[test]
fn a_rich_project_as_json() {
    insta::assert_snapshot!(json(&rich_project()).expect("no infinity"));
}

#[test]
fn an_empty_project_still_has_services() {
    let project = empty_project("demo");
    assert_eq!(yaml(&project), "name: demo\nservices: {}\n");
    assert_eq!(
        json(&project).expect("no infinity"),
        "{\n  \"name\": \"demo\",\n  \"services\": {}\n}"
    );
}

#[test]
fn the_images_alone() {
    let mut project = empty_project("demo");
    let mut web = plain_service("web");
    web.process.command = Some(vec!["x".to_owned()]);
    project.services.insert("web".into(), web);
    let mut built = plain_service("built");
    built.image = None;
    project.services.insert("built".into(), built);
    assert_eq!(images_yaml(&project), "services:\n  built: {}\n  web:\n    image: alpine\n");
    let json: serde_json::Value = serde_json::from_str(&images_json(&project).expect("printed")).expect("JSON");
    let nothing = serde_json::json!({"command": null, "entrypoint": null});
    assert_eq!((&json["name"], &json["services"]["built"]), (&"".into(), &nothing));
    assert_eq!(json["services"]["web"]["image"], "alpine");
}

#[test]
fn a_secrets_content_is_never_printed() {
    let mut project = empty_project("demo");
    let secret = Config {
        source: SecretSource::Content("hunter2".into()),
        ..Config::default()
    };
    project.secrets.insert("s".into(), secret);
    assert_eq!(yaml(&project), "name: demo\nservices: {}\nsecrets:\n  s: {}\n");
    assert!(!json(&project).expect("no infinity").contains("hunter2"));
}

/// Which empty lists Docker Compose prints as null was read off it, attribute by attribute.
#[test]
fn raw_json_keeps_some_empty_lists() {
    let lists = "ports, volumes, cap_add, dns, labels, command, environment, extra_hosts, security_opt, group_add, x-a";
    let attributes: Vec<_> = lists.split(", ").map(|name| format!("{name}: []")).collect();
    let tree = crate::load::testing::parse(&format!("services: {{web: {{{}}}}}", attributes.join(", ")));
    let printed: serde_json::Value = serde_json::from_str(&raw_json(&tree).expect("it has a JSON form")).expect("it is JSON");
    let kept = lists.split(", ").filter(|name| printed["services"]["web"][name].is_array());
    assert_eq!(kept.collect::<Vec<_>>(), ["ports", "volumes", "cap_add", "dns", "labels"]);
}
