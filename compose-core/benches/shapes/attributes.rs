//! Long lists and large mappings of a service and of what services share.

use super::{Shape, compose, letters, list, map, one, services};

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "ports",
        files: |size| compose(one(size, "ports", |n| format!("'{}:{}'", n % 60000 + 1, n % 50000 + 1))),
    },
    Shape {
        name: "ports-range",
        files: |_| compose("services: {a: {image: x, ports: ['1-65535:1-65535']}}".into()),
    },
    Shape {
        name: "ports-ranges",
        files: |size| compose(one(size, "ports", |_| "'1-65535:1-65535'".into())),
    },
    Shape {
        name: "ports-long",
        files: |size| compose(one(size, "ports", |n| format!("{{target: {}}}", n % 60000 + 1))),
    },
    Shape {
        name: "ports-services",
        files: |size| {
            compose(services(size, |n| {
                format!("  s{n}: {{image: x, ports: ['1000-1100:1000-1100']}}\n")
            }))
        },
    },
    Shape {
        name: "ports-wrong",
        files: |size| compose(one(size, "ports", |n| format!("'x{n}:80'"))),
    },
    Shape {
        name: "expose",
        files: |size| compose(one(size, "expose", |n| format!("'{n}'"))),
    },
    Shape {
        name: "volumes-short",
        files: |size| compose(one(size, "volumes", |n| format!("'./a{n}:/a{n}'"))),
    },
    Shape {
        name: "volumes-same-target",
        files: |size| compose(one(size, "volumes", |n| format!("'./a{n}:/a'"))),
    },
    Shape {
        name: "volumes-long",
        files: |size| compose(one(size, "volumes", |n| format!("{{type: tmpfs, target: /a{n}}}"))),
    },
    Shape {
        name: "environment-list",
        files: |size| compose(one(size, "environment", |n| format!("A{n}=b"))),
    },
    Shape {
        name: "environment-map",
        files: |size| compose(map(size, "environment", |n| format!("A{n}: b"))),
    },
    Shape {
        name: "labels-list",
        files: |size| compose(one(size, "labels", |n| format!("A{n}=b"))),
    },
    Shape {
        name: "command-list",
        files: |size| compose(one(size, "command", |n| format!("a{n}"))),
    },
    Shape {
        name: "command-text",
        files: |size| compose(format!("services: {{a: {{image: x, command: '{}'}}}}", "a ".repeat(size / 2))),
    },
    Shape {
        name: "command-quotes",
        files: |size| {
            compose(format!(
                "services: {{a: {{image: x, command: '{}'}}}}",
                "\"a\\\"b\" ".repeat(size / 8)
            ))
        },
    },
    Shape {
        name: "command-open-quote",
        files: |size| compose(format!("services: {{a: {{image: x, command: '\"{}'}}}}", "a ".repeat(size / 2))),
    },
    Shape {
        name: "cap_add-same",
        files: |size| compose(one(size, "cap_add", |_| "C".into())),
    },
    Shape {
        name: "devices",
        files: |size| compose(one(size, "devices", |n| format!("/dev/a{n}:/dev/a{n}"))),
    },
    Shape {
        name: "extra_hosts",
        files: |size| compose(one(size, "extra_hosts", |n| format!("h{n}=10.0.0.1"))),
    },
    Shape {
        name: "extra_hosts-same",
        files: |size| compose(one(size, "extra_hosts", |n| format!("h=10.0.{}.{}", n / 200 % 200, n % 200))),
    },
    Shape {
        name: "ulimits",
        files: |size| compose(map(size, "ulimits", |n| format!("a{}: {n}", letters(n)))),
    },
    Shape {
        name: "device-ids",
        files: |size| {
            compose(format!(
                "services: {{a: {{image: x, gpus: [{{device_ids: [{}]}}]}}}}",
                list(size / 8, |n| format!("'{n}'"))
            ))
        },
    },
    Shape {
        name: "cpuset",
        files: |_| compose("services: {a: {image: x, cpuset: '0-4294967295'}}".into()),
    },
    Shape {
        name: "depends_on-same",
        files: |size| {
            compose(format!(
                "services: {{b: {{image: x}}, a: {{image: x, depends_on: [{}]}}}}",
                list(size / 3, |_| "b".into())
            ))
        },
    },
    Shape {
        name: "networks-aliases",
        files: |size| {
            compose(format!(
                "services: {{a: {{image: x, networks: {{n: {{aliases: [{}]}}}}}}}}\nnetworks: {{n: {{}}}}",
                list(size / 8, |n| format!("a{n}"))
            ))
        },
    },
    Shape {
        name: "ipam",
        files: |size| {
            compose(format!(
                "services: {{a: {{image: x}}}}\nnetworks: {{n: {{ipam: {{config: [{}]}}}}}}",
                list(size / 30, |n| format!("{{subnet: 10.{}.{}.0/24}}", n / 250 % 250, n % 250))
            ))
        },
    },
    Shape {
        name: "build-args",
        files: |size| {
            compose(format!(
                "services: {{a: {{build: {{context: ., args: [{}]}}}}}}",
                list(size / 8, |n| format!("A{n}=b"))
            ))
        },
    },
    Shape {
        name: "secrets-refs",
        files: |size| compose(one(size, "secrets", |_| "s".into()) + "\nsecrets: {s: {file: a}}"),
    },
    Shape {
        name: "configs-refs",
        files: |size| compose(one(size, "configs", |n| format!("{{source: s, target: /a{n}}}")) + "\nconfigs: {s: {content: a}}"),
    },
    Shape {
        name: "watch",
        files: |size| {
            compose(format!(
                "services: {{a: {{image: x, develop: {{watch: [{}]}}}}}}",
                list(size / 40, |n| format!("{{path: ./a{n}, action: rebuild}}"))
            ))
        },
    },
];
