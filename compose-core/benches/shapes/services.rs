//! Services, what they depend on and share, and how many containers they are.

use super::{Shape, compose, lines, list, root, services, services_upto};

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "services",
        files: |size| compose(services(size, |n| format!("  s{n}: {{image: x}}\n"))),
    },
    Shape {
        name: "services-everything",
        files: |size| {
            compose(
                services(size, |n| {
                    format!(
                        "  s{n}:\n    image: x\n    ports: ['{n}:80']\n    environment: {{A: b, C: '${{D:-e}}'}}\n    networks: [a, b]\n    volumes: ['v:/x', './y:/z']\n    labels: [a=b]\n    deploy: {{resources: {{limits: {{cpus: '0.5', memory: 10m}}}}}}\n    healthcheck: {{test: [CMD, a], interval: 5s}}\n"
                    )
                }) + "networks: {a: {}, b: {}}\nvolumes: {v: {}}\n",
            )
        },
    },
    Shape {
        name: "services-chain",
        files: |size| {
            compose(services(size, |n| {
                format!(
                    "  s{n}: {{image: x{}}}\n",
                    if n > 0 {
                        format!(", depends_on: [s{}]", n - 1)
                    } else {
                        String::new()
                    }
                )
            }))
        },
    },
    Shape {
        name: "services-chain-reversed",
        files: |size| compose(services(size, |n| format!("  s{n}: {{image: x, depends_on: [s{}]}}\n", n + 1)) + "  s999999: {image: x}\n"),
    },
    Shape {
        name: "services-all-depend",
        files: |size| {
            let n = root(size / 5);
            compose(services_upto(n, |s| {
                format!("  s{s}: {{image: x, depends_on: [{}]}}\n", list(s, |o| format!("s{o}")))
            }))
        },
    },
    Shape {
        name: "services-cycle",
        files: |size| {
            let n = size / 34;
            compose(services_upto(n, |s| {
                format!("  s{s}: {{image: x, depends_on: [s{}]}}\n", (s + 1) % n)
            }))
        },
    },
    Shape {
        name: "services-all-cycle",
        files: |size| {
            let n = root(size / 5);
            compose(services_upto(n, |s| {
                format!("  s{s}: {{image: x, depends_on: [{}]}}\n", list(n, |o| format!("s{o}")))
            }))
        },
    },
    Shape {
        name: "services-unknown-dependencies",
        files: |size| compose(services(size, |n| format!("  s{n}: {{image: x, depends_on: [t{n}]}}\n"))),
    },
    Shape {
        name: "services-unknown-networks",
        files: |size| compose(services(size, |n| format!("  s{n}: {{image: x, networks: [t{n}]}}\n"))),
    },
    Shape {
        name: "services-unknown-volumes",
        files: |size| compose(services(size, |n| format!("  s{n}: {{image: x, volumes: ['t{n}:/x']}}\n"))),
    },
    Shape {
        name: "services-links",
        files: |size| compose(services(size, |n| format!("  s{n}: {{image: x, links: [s{}]}}\n", n / 2 + 1))),
    },
    Shape {
        name: "services-network-mode",
        files: |size| {
            compose(services(size, |n| {
                if n == 0 {
                    "  s0: {image: x}\n".into()
                } else {
                    format!("  s{n}: {{image: x, network_mode: 'service:s{}'}}\n", n - 1)
                }
            }))
        },
    },
    Shape {
        name: "services-volumes-from",
        files: |size| {
            compose(services(size, |n| {
                if n == 0 {
                    "  s0: {image: x}\n".into()
                } else {
                    format!("  s{n}: {{image: x, volumes_from: ['s{}']}}\n", n - 1)
                }
            }))
        },
    },
    Shape {
        name: "services-builds",
        files: |size| {
            compose(
                services(size, |n| {
                    format!("  s{n}: {{build: {{context: ., additional_contexts: [b=service:s{}]}}}}\n", n + 1)
                }) + "  s9999999: {image: x}\n",
            )
        },
    },
    Shape {
        name: "services-wrong",
        files: |size| compose(services(size, |n| format!("  s{n}: {{imagee: x}}\n"))),
    },
    Shape {
        name: "services-wrong-type",
        files: |size| compose(services(size, |n| format!("  s{n}: [x]\n"))),
    },
    Shape {
        name: "services-null",
        files: |size| compose(services(size, |n| format!("  s{n}:\n"))),
    },
    Shape {
        name: "services-replicas",
        files: |size| compose(services(size, |n| format!("  s{n}: {{image: x, scale: 100}}\n"))),
    },
    Shape {
        name: "services-replicas-depend",
        files: |_| compose("services: {a: {image: x, scale: 5000}, b: {image: x, scale: 5000, depends_on: [a]}}".into()),
    },
    Shape {
        name: "scale-huge",
        files: |_| compose("services: {a: {image: x, scale: 1000000000}}".into()),
    },
    Shape {
        name: "scale-many",
        files: |_| compose("services: {a: {image: x, scale: 9999}}".into()),
    },
    Shape {
        name: "replicas-huge",
        files: |_| compose("services: {a: {image: x, deploy: {replicas: 1000000}}}".into()),
    },
    Shape {
        name: "services-x-networks",
        files: |size| {
            let n = root(size / 5);
            compose(
                services_upto(n, |s| {
                    format!("  s{s}: {{image: x, networks: [{}]}}\n", list(n, |o| format!("n{o}")))
                }) + "networks:\n"
                    + &lines(n * 15, |o| format!("  n{o}: {{}}\n")),
            )
        },
    },
    Shape {
        name: "services-x-volumes",
        files: |size| {
            let n = root(size / 12);
            compose(
                services_upto(n, |s| {
                    format!("  s{s}: {{image: x, volumes: [{}]}}\n", list(n, |o| format!("'v{o}:/v{o}'")))
                }) + "volumes:\n"
                    + &lines(n * 15, |o| format!("  v{o}: {{}}\n")),
            )
        },
    },
    Shape {
        name: "services-x-secrets",
        files: |size| {
            let n = root(size / 5);
            compose(
                services_upto(n, |s| {
                    format!("  s{s}: {{image: x, secrets: [{}]}}\n", list(n, |o| format!("n{o}")))
                }) + "secrets:\n"
                    + &lines(n * 15, |o| format!("  n{o}: {{file: a}}\n")),
            )
        },
    },
    Shape {
        name: "top-keys",
        files: |size| compose(format!("services: {{a: {{image: x}}}}\n{}", lines(size, |n| format!("k{n}: 1\n")))),
    },
    Shape {
        name: "top-keys-x",
        files: |size| {
            compose(format!(
                "services: {{a: {{image: x}}}}\n{}",
                lines(size, |n| format!("x-k{n}: 1\n"))
            ))
        },
    },
    Shape {
        name: "service-keys",
        files: |size| {
            compose(format!(
                "services:\n  a:\n    image: x\n{}",
                lines(size, |n| format!("    k{n}: 1\n"))
            ))
        },
    },
    Shape {
        name: "service-keys-x",
        files: |size| {
            compose(format!(
                "services:\n  a:\n    image: x\n{}",
                lines(size, |n| format!("    x-k{n}: {{a: [b]}}\n"))
            ))
        },
    },
    Shape {
        name: "networks",
        files: |size| {
            compose(format!(
                "services: {{a: {{image: x}}}}\nnetworks:\n{}",
                lines(size, |n| format!("  n{n}: {{}}\n"))
            ))
        },
    },
    Shape {
        name: "volumes",
        files: |size| {
            compose(format!(
                "services: {{a: {{image: x}}}}\nvolumes:\n{}",
                lines(size, |n| format!("  n{n}: {{}}\n"))
            ))
        },
    },
    Shape {
        name: "configs",
        files: |size| {
            compose(format!(
                "services: {{a: {{image: x}}}}\nconfigs:\n{}",
                lines(size, |n| format!("  n{n}: {{content: a}}\n"))
            ))
        },
    },
];
