use super::{assert_printed, assert_refused};

#[test]
fn ports_short_and_long() {
    assert_printed(&[
        ("ports: [80]", r#""ports":[{"mode":"ingress","target":80,"protocol":"tcp"}]"#),
        (
            "ports: ['127.0.0.1:8000-8001:80-81/udp']",
            r#""ports":[{"mode":"ingress","host_ip":"127.0.0.1","target":80,"published":"8000","protocol":"udp"},{"mode":"ingress","host_ip":"127.0.0.1","target":81,"published":"8001","protocol":"udp"}]"#,
        ),
        (
            "ports: [{name: web, target: 80, published: 8080, host_ip: '::1', protocol: tcp, app_protocol: http, mode: host}]",
            r#""ports":[{"name":"web","mode":"host","host_ip":"::1","target":80,"published":"8080","protocol":"tcp","app_protocol":"http"}]"#,
        ),
        (
            "ports: [{target: '80', published: ''}]",
            r#""ports":[{"mode":"ingress","target":80,"protocol":"tcp"}]"#,
        ),
    ]);
    assert_refused(&[
        ("ports: ['80:web']", "'80", "ports[0]: invalid container port `web` in `80:web`"),
        ("ports: [{target: 80, to: 1}]", "to", "ports[0]: unknown attribute `to`"),
        ("ports: [{target: -1}]", "-1", "ports[0].target: must not be negative, but is -1"),
    ]);
}

#[test]
fn networks_of_a_service() {
    assert_printed(&[
        ("networks: [n]", r#""networks":{"n":null}"#),
        (
            "networks: {n: {aliases: [x], ipv4_address: 10.0.0.5, priority: 3, gw_priority: 0, driver_opts: {a: 1}}}",
            r#""networks":{"n":{"aliases":["x"],"driver_opts":{"a":"1"},"ipv4_address":"10.0.0.5","priority":3}}"#,
        ),
        ("network_mode: 'service:b'", r#""network_mode":"service:b""#),
    ]);
    assert_refused(&[("networks: {n: {alias: x}}", "alias", "networks.n: unknown attribute `alias`")]);
}

#[test]
fn extra_hosts_gather_addresses() {
    assert_printed(&[
        (
            "extra_hosts: ['a=1.2.3.4,5.6.7.8', 'a:9.9.9.9', 'v=[::1]']",
            r#""extra_hosts":["a=1.2.3.4","a=5.6.7.8","a=9.9.9.9","v=::1"]"#,
        ),
        (
            "extra_hosts: {a: [1.2.3.4, 5.6.7.8], b: host-gateway}",
            r#""extra_hosts":["a=1.2.3.4","a=5.6.7.8","b=host-gateway"]"#,
        ),
    ]);
    assert_refused(&[
        ("extra_hosts: [a]", "a]", "extra_hosts[0]: the extra host `a` has no address"),
        ("extra_hosts: {'': 1.2.3.4}", "1.2", "extra_hosts.: `` is no host name"),
    ]);
}

#[test]
fn names_and_lists() {
    assert_printed(&[
        ("dns: 1.1.1.1", r#""dns":["1.1.1.1"]"#),
        (
            "dns: [1.1.1.1, ''], dns_opt: [a], dns_search: x",
            r#""dns":["1.1.1.1"],"dns_opt":["a"],"dns_search":["x"]"#,
        ),
        (
            "expose: [80, '90/udp'], hostname: h, domainname: d, mac_address: m, links: [b], external_links: ['c:d']",
            r#""domainname":"d","expose":["80","90/udp"],"external_links":["c:d"],"hostname":"h","links":["b"],"mac_address":"m""#,
        ),
    ]);
}
