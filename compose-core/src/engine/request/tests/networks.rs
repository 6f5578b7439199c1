//! Networks, ports, names.

use super::{Case, api, map, plain, row, said, strings, table};
use crate::engine::request::network;
use crate::model::{Endpoint, Ipam, IpamPool, NamespaceMode, Network, Port, PortProtocol};
use crate::names::NetworkKey;
use serde_json::{Value, json};

/// A service in `front` and, with more priority, in `back`.
fn joined(minor: u32, front: Endpoint, back: Endpoint) -> Case {
    Case::with(|case| {
        case.api = api(minor);
        let back = Endpoint { priority: Some(5), ..back };
        case.service.networking.networks = [("front".into(), Some(Box::new(front))), ("back".into(), Some(Box::new(back)))].into();
    })
}

fn endpoint(change: impl FnOnce(&mut Endpoint)) -> Endpoint {
    let mut endpoint = Endpoint::default();
    change(&mut endpoint);
    endpoint
}

fn endpoints(case: &Case) -> Value {
    case.body()["NetworkingConfig"]["EndpointsConfig"].clone()
}

#[test]
fn old_engines_take_one_network_and_are_joined_to_the_others() {
    let case = joined(43, endpoint(|e| e.aliases = strings(["x"])), Endpoint::default());
    let request = case.request().expect("a request");
    assert_eq!(request.body.host_config.network_mode.as_deref(), Some("shop_back"));
    assert_eq!(endpoints(&case), json!({"shop_back": {"Aliases": ["shop-web-2", "web"]}}));
    let (name, endpoint) = &request.connect[0];
    assert_eq!((request.connect.len(), name.as_str()), (1, "shop_front"));
    assert_eq!(endpoint.aliases, ["shop-web-2", "web", "x"]);
}

#[test]
fn new_engines_take_every_network() {
    let case = joined(44, Endpoint::default(), Endpoint::default());
    let request = case.request().expect("a request");
    assert_eq!(
        (request.body.host_config.network_mode.as_deref(), request.connect.len()),
        (Some("shop_back"), 0)
    );
    let keys: Vec<String> = request
        .body
        .networking_config
        .expect("endpoints")
        .endpoints_config
        .into_keys()
        .collect();
    assert_eq!(keys, ["shop_back", "shop_front"]);
}

#[test]
fn endpoints_have_addresses_and_options() {
    let full = endpoint(|e| {
        e.ipv4_address = Some("10.0.0.2".to_owned());
        e.ipv6_address = Some("fd00::2".to_owned());
        e.link_local_ips = strings(["169.254.8.8"]);
        e.driver_opts = map([("o", "p")]);
        e.gw_priority = Some(3);
        e.interface_name = Some("eth9".to_owned());
    });
    let case = joined(49, Endpoint::default(), full.clone());
    assert_eq!(
        endpoints(&case)["shop_back"],
        json!({
            "Aliases": ["shop-web-2", "web"],
            "IPAMConfig": {"IPv4Address": "10.0.0.2", "IPv6Address": "fd00::2", "LinkLocalIPs": ["169.254.8.8"]},
            "DriverOpts": {"o": "p", "com.docker.network.endpoint.ifname": "eth9"},
            "GwPriority": 3,
        })
    );
    let old = joined(48, Endpoint::default(), full.clone()).problem();
    assert_eq!(old, "`networks.back.interface_name` needs engine API 1.49, this engine speaks 1.48");
    let older = joined(47, Endpoint::default(), full).problem();
    assert_eq!(older, "`networks.back.gw_priority` needs engine API 1.48, this engine speaks 1.47");
}

#[test]
fn mac_addresses() {
    let mac = |address: &str| endpoint(|e| e.mac_address = Some(address.to_owned()));
    let none = Endpoint::default;
    // Old engines: one for the container, from the service or its first network.
    let mut service = joined(43, none(), none());
    service.service.networking.mac_address = Some("02::1".to_owned());
    assert_eq!(service.body()["MacAddress"], "02::1");
    assert_eq!(joined(43, none(), mac("02::2")).body()["MacAddress"], "02::2");
    assert_eq!(
        joined(43, mac("02::2"), none()).problem(),
        "`networks.front.mac_address` needs engine API 1.44, this engine speaks 1.43"
    );
    // New engines: one for each endpoint.
    service.api = api(44);
    let body = service.body();
    assert_eq!(
        (&body["MacAddress"], &endpoints(&service)["shop_back"]["MacAddress"]),
        (&Value::Null, &json!("02::1"))
    );
    let both = joined(44, mac("02::3"), mac("02::4"));
    let both = endpoints(&both);
    assert_eq!(
        (&both["shop_front"]["MacAddress"], &both["shop_back"]["MacAddress"]),
        (&json!("02::3"), &json!("02::4"))
    );
    // Two for one endpoint.
    let mut differing = joined(44, none(), mac("02::5"));
    differing.service.networking.mac_address = Some("02::1".to_owned());
    assert!(differing.problem().contains("`back`"));
}

#[test]
fn other_modes_than_networks() {
    for (mode, expected) in [
        ("host", "host"),
        ("none", "none"),
        ("container:x", "container:x"),
        ("service:db", "container:1f"),
    ] {
        let case = Case::with(|case| case.service.networking.network_mode = Some(NamespaceMode::parse(mode))).with_peer("db", &["1f"]);
        assert_eq!(
            said(&case.body()),
            json!({"HostConfig": {"NetworkMode": expected}, "NetworkingConfig": null})
        );
    }
    let alone = Case::with(|case| case.project.networks.clear());
    assert_eq!(alone.body()["HostConfig"]["NetworkMode"], "none");
    let mut bridged = Case::with(|case| case.service.networking.network_mode = Some(NamespaceMode::parse("bridge")));
    bridged.service.networking.mac_address = Some("02::1".to_owned());
    bridged.api = api(48);
    assert_eq!(bridged.body()["MacAddress"], "02::1", "there is no endpoint to have it");
}

#[test]
fn links_have_three_names() {
    let case = Case::with(|case| {
        case.service.networking.links = strings(["db:store"]);
        case.service.networking.external_links = strings(["far", "far:away"]);
    })
    .with_peer("db", &["1f"]);
    let links = json!(["shop-db-1:store", "shop-db-1:db-2", "shop-db-1:shop-db-2", "far:far", "far:away"]);
    assert_eq!(case.body()["HostConfig"]["Links"], links);
    assert_eq!(endpoints(&case)["shop_default"]["Links"], links);
    let missing = Case::with(|case| case.service.networking.links = strings(["db"]));
    assert_eq!(missing.problem(), "`links` refers to service `db`, which has no container");
}

#[test]
fn ports() {
    let port = |target: u32, published: Option<&str>, host_ip: Option<&str>, protocol: Option<&str>| Port {
        target,
        published: published.map(str::to_owned),
        host_ip: host_ip.map(str::to_owned),
        protocol: protocol.map(|protocol| PortProtocol(protocol.to_owned())),
        ..Port::default()
    };
    table([row(
        "ports",
        move |c| {
            c.service.networking.expose = strings(["8000-8002/udp", "90"]);
            c.service.networking.ports = vec![
                port(80, None, None, None),
                port(81, Some("30081"), None, Some("tcp")),
                port(81, Some("30083-30084"), Some("::1"), Some("tcp")),
                port(82, Some("30082"), Some("127.0.0.1"), Some("udp")),
            ];
        },
        json!({
            "ExposedPorts": {"80/tcp": {}, "81/tcp": {}, "82/udp": {}, "8000-8002/udp": {}, "90": {}},
            "HostConfig": {"PortBindings": {
                "80/tcp": [{"HostIp": "", "HostPort": ""}],
                "81/tcp": [{"HostIp": "", "HostPort": "30081"}, {"HostIp": "::1", "HostPort": "30083-30084"}],
                "82/udp": [{"HostIp": "127.0.0.1", "HostPort": "30082"}],
            }},
        }),
    )]);
}

#[test]
fn names_of_others() {
    table([
        row(
            "DNS",
            |c| {
                c.service.networking.dns = strings(["9.9.9.9"]);
                c.service.networking.dns_opt = strings(["ndots:3"]);
                c.service.networking.dns_search = strings(["a.org"]);
            },
            json!({"HostConfig": {"Dns": ["9.9.9.9"], "DnsOptions": ["ndots:3"], "DnsSearch": ["a.org"]}}),
        ),
        row(
            "hosts",
            |c| c.service.networking.extra_hosts = [("two".to_owned(), strings(["10.0.0.2", "fd00::3"]))].into(),
            json!({"HostConfig": {"ExtraHosts": ["two:10.0.0.2", "two:fd00::3"]}}),
        ),
    ]);
}

fn made(network_: &Network, minor: u32) -> Value {
    let mut project = plain().project;
    let key = NetworkKey::new("front");
    project.networks.insert(key.clone(), network_.clone());
    let body = network(&project, &key, network_, map([("l", "v")]), api(minor)).expect("a body");
    serde_json::to_value(body).expect("JSON")
}

#[test]
fn a_network_is_made() {
    let plain = Network {
        name: Some("shop_front".into()),
        ..Network::default()
    };
    assert_eq!(
        made(&plain, 43),
        json!({"Name": "shop_front", "Labels": {"l": "v"}, "CheckDuplicate": true})
    );
    let full = Network {
        driver: Some("bridge".to_owned()),
        driver_opts: map([("o", "p")]),
        ipam: Ipam {
            driver: Some("default".to_owned()),
            pools: vec![IpamPool {
                subnet: Some("10.1.0.0/16".to_owned()),
                gateway: Some("10.1.0.1".to_owned()),
                ip_range: Some("10.1.2.0/24".to_owned()),
                aux_addresses: map([("router", "10.1.0.9")]),
                ..IpamPool::default()
            }],
            ..Ipam::default()
        },
        internal: true,
        attachable: true,
        enable_ipv4: Some(true),
        enable_ipv6: Some(true),
        ..plain
    };
    let expected = json!({
        "Name": "shop_front", "Labels": {"l": "v"}, "Driver": "bridge", "Options": {"o": "p"}, "Internal": true, "Attachable": true,
        "EnableIPv6": true,
        "IPAM": {"Driver": "default", "Config": [{
            "Subnet": "10.1.0.0/16", "Gateway": "10.1.0.1", "IPRange": "10.1.2.0/24", "AuxiliaryAddresses": {"router": "10.1.0.9"},
        }]},
    });
    assert_eq!(made(&full, 44), expected);
    assert_eq!(made(&full, 48)["EnableIPv4"], true);
}

#[test]
fn a_network_without_ipv4_is_refused_by_old_engines() {
    let bare = Network {
        enable_ipv4: Some(false),
        ..Network::default()
    };
    let error = network(&plain().project, &"front".into(), &bare, map([]), api(47)).expect_err("too old");
    assert_eq!(
        error.to_string(),
        "network front: `enable_ipv4: false` needs engine API 1.48, this engine speaks 1.47"
    );
    assert_eq!(made(&bare, 48)["EnableIPv4"], false);
}
