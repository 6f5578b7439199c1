//! Variables, and files that files bring in.

use super::{Files, Shape, compose, env, lines, list, one, services, services_upto};

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "variables-one-string",
        files: |size| compose(format!("services: {{a: {{image: x, command: '{}'}}}}", "${A}".repeat(size / 4))),
    },
    Shape {
        name: "variables-dollars",
        files: |size| compose(format!("services: {{a: {{image: x, command: '{}'}}}}", "$$".repeat(size / 2))),
    },
    Shape {
        name: "variables-defaults-nested",
        files: |size| {
            compose(format!(
                "services: {{a: {{image: x, command: '{}{}'}}}}",
                "${A:-".repeat(size / 6),
                "}".repeat(size / 6)
            ))
        },
    },
    Shape {
        name: "variables-open",
        files: |size| compose(format!("services: {{a: {{image: x, command: '{}'}}}}", "${A:-".repeat(size / 5))),
    },
    Shape {
        name: "variables-many",
        files: |size| compose(one(size, "command", |n| format!("'$A{n}'"))),
    },
    Shape {
        name: "variables-required",
        files: |size| compose(one(size, "command", |n| format!("'${{A{n}:?no}}'"))),
    },
    Shape {
        name: "variables-invalid",
        files: |size| compose(one(size, "command", |n| format!("'${{A{n}'"))),
    },
    Shape {
        name: "variables-lone-dollars",
        files: |size| compose(format!("services: {{a: {{image: x, command: '{}'}}}}", "$ ".repeat(size / 2))),
    },
    Shape {
        name: "variables-long-value",
        files: |size| {
            vec![
                (
                    "/p/compose.yaml".into(),
                    format!("services: {{a: {{image: x, command: [{}]}}}}", list(size / 8, |_| "'$A'".into())),
                ),
                ("/p/.env".into(), format!("A={}\n", "a".repeat(size / 2))),
            ]
        },
    },
    Shape {
        name: "variables-in-env-used",
        files: |size| {
            vec![
                ("/p/compose.yaml".into(), one(size / 2, "command", |n| format!("'$A{n}'"))),
                ("/p/.env".into(), lines(size / 2, |n| format!("A{n}=b\n"))),
            ]
        },
    },
    Shape {
        name: "variables-wrong-in-env",
        files: |size| {
            vec![
                ("/p/compose.yaml".into(), one(size / 2, "ports", |n| format!("'${{A{n}}}:80'"))),
                ("/p/.env".into(), lines(size / 2, |n| format!("A{n}=b\n"))),
            ]
        },
    },
    Shape {
        name: "dotenv",
        files: |size| env(lines(size, |n| format!("A{n}=b\n"))),
    },
    Shape {
        name: "dotenv-chain",
        files: |size| env(format!("A0=a\n{}", lines(size, |n| format!("A{}=$A{n}b\n", n + 1)))),
    },
    Shape {
        name: "dotenv-doubling",
        files: |_| env(format!("A0=aaaaaaaaaa\n{}", lines(600, |n| format!("A{}=$A{n}$A{n}\n", n + 1)))),
    },
    Shape {
        name: "dotenv-unset",
        files: |size| env(lines(size, |n| format!("A{n}=$B{n}\n"))),
    },
    Shape {
        name: "dotenv-bare",
        files: |size| env(lines(size, |n| format!("A{n}\n"))),
    },
    Shape {
        name: "dotenv-quotes",
        files: |size| env(lines(size, |n| format!("A{n}=\"b\\n$A\"\n"))),
    },
    Shape {
        name: "dotenv-open-quote",
        files: |size| env(format!("A=\"{}", "b\n".repeat(size / 2))),
    },
    Shape {
        name: "dotenv-open-quotes",
        files: |size| env(lines(size, |n| format!("A{n}='b\n"))),
    },
    Shape {
        name: "dotenv-long-key",
        files: |size| env(format!("{}=b\n", "A".repeat(size))),
    },
    Shape {
        name: "dotenv-escapes",
        files: |size| env(format!("A=\"{}\"\n", "\\\"".repeat(size / 2))),
    },
    Shape {
        name: "env_file",
        files: |size| {
            vec![
                ("/p/compose.yaml".into(), "services: {a: {image: x, env_file: e}}".into()),
                ("/p/e".into(), lines(size, |n| format!("A{n}=b$A{}\n", n / 2))),
            ]
        },
    },
    Shape {
        name: "env_file-services",
        files: |size| {
            vec![
                (
                    "/p/compose.yaml".into(),
                    services(size / 2, |n| format!("  s{n}: {{image: x, env_file: e}}\n")),
                ),
                ("/p/e".into(), lines(size / 2, |n| format!("A{n}=b\n"))),
            ]
        },
    },
    Shape {
        name: "env_file-same",
        files: |size| {
            vec![
                ("/p/compose.yaml".into(), one(size / 2, "env_file", |_| "e".into())),
                ("/p/e".into(), lines(size / 2, |n| format!("A{n}=b\n"))),
            ]
        },
    },
    Shape {
        name: "env_files",
        files: |size| {
            let n = size / 40;
            let mut files: Files = (0..n).map(|n| (format!("/p/e{n}"), format!("A{n}=b\n"))).collect();
            files.push(("/p/compose.yaml".into(), one(n * 10, "env_file", |n| format!("e{n}"))));
            files
        },
    },
    Shape {
        name: "label_file",
        files: |size| {
            vec![
                ("/p/compose.yaml".into(), one(size / 2, "label_file", |_| "e".into())),
                ("/p/e".into(), lines(size / 2, |n| format!("A{n}=b\n"))),
            ]
        },
    },
    Shape {
        name: "extends-chain-long",
        files: |size| {
            compose(services(size, |n| {
                if n == 0 {
                    "  s0: {image: x}\n".into()
                } else {
                    format!("  s{n}: {{extends: s{}}}\n", n - 1)
                }
            }))
        },
    },
    Shape {
        name: "extends-star",
        files: |size| {
            compose(services(size, |n| {
                if n == 0 {
                    "  s0: {image: x, environment: {A: b}}\n".into()
                } else {
                    format!("  s{n}: {{extends: s0}}\n")
                }
            }))
        },
    },
    Shape {
        name: "extends-star-wide",
        files: |size| {
            compose(format!(
                "services:\n  b:\n    image: x\n    environment:\n{}{}",
                lines(size / 2, |n| format!("      A{n}: b\n")),
                lines(size / 2, |n| format!("  s{n}: {{extends: b}}\n"))
            ))
        },
    },
    Shape {
        name: "extends-files",
        files: |size| {
            vec![
                (
                    "/p/compose.yaml".into(),
                    services(size / 2, |n| format!("  s{n}: {{extends: {{file: b.yaml, service: b}}}}\n")),
                ),
                (
                    "/p/b.yaml".into(),
                    format!(
                        "services:\n  b:\n    image: x\n    environment:\n{}",
                        lines(size / 2, |n| format!("      A{n}: b\n"))
                    ),
                ),
            ]
        },
    },
    Shape {
        name: "extends-file-many",
        files: |size| {
            vec![
                (
                    "/p/compose.yaml".into(),
                    services(size / 2, |n| format!("  s{n}: {{extends: {{file: b.yaml, service: s{n}}}}}\n")),
                ),
                ("/p/b.yaml".into(), services(size / 2, |n| format!("  s{n}: {{image: x}}\n"))),
            ]
        },
    },
    Shape {
        name: "extends-each-file",
        files: |size| {
            let n = size / 70;
            let mut files: Files = (0..n)
                .map(|n| (format!("/p/b{n}.yaml"), "services: {b: {image: x}}".into()))
                .collect();
            files.push((
                "/p/compose.yaml".into(),
                services_upto(n, |n| format!("  s{n}: {{extends: {{file: b{n}.yaml, service: b}}}}\n")),
            ));
            files
        },
    },
    Shape {
        name: "extends-unknown",
        files: |size| compose(services(size, |n| format!("  s{n}: {{extends: t{n}}}\n"))),
    },
    Shape {
        name: "extends-aliases",
        files: |_| {
            compose(format!(
                "x-e: &e {{{}}}\nservices:\n  b: {{image: x, environment: *e}}\n{}",
                list(10_000, |n| format!("A{n}: b")),
                lines(200_000, |n| format!("  s{n}: {{extends: b}}\n"))
            ))
        },
    },
    Shape {
        name: "include-many",
        files: |size| {
            let n = size / 60;
            let mut files: Files = (0..n)
                .map(|n| (format!("/p/i{n}.yaml"), format!("services: {{s{n}: {{image: x}}}}")))
                .collect();
            files.push((
                "/p/compose.yaml".into(),
                format!("include: [{}]", list(n, |n| format!("i{n}.yaml"))),
            ));
            files
        },
    },
    Shape {
        name: "include-chain",
        files: |size| {
            let n = size / 60;
            let mut files: Files = (0..n)
                .map(|n| {
                    (
                        format!("/p/i{n}.yaml"),
                        format!("include: [i{}.yaml]\nservices: {{s{n}: {{image: x}}}}", n + 1),
                    )
                })
                .collect();
            files.push((format!("/p/i{n}.yaml"), "services: {z: {image: x}}".into()));
            files.push(("/p/compose.yaml".into(), "include: [i0.yaml]".into()));
            files
        },
    },
    Shape {
        name: "include-same",
        files: |size| {
            vec![
                (
                    "/p/compose.yaml".into(),
                    format!("include: [{}]", list(size / 16, |_| "i.yaml".into())),
                ),
                ("/p/i.yaml".into(), services(size / 2, |n| format!("  s{n}: {{image: x}}\n"))),
            ]
        },
    },
    Shape {
        name: "include-tree",
        files: |_| {
            let mut files: Files = (0..12)
                .map(|n| {
                    (
                        format!("/p/i{n}.yaml"),
                        format!("include: [i{m}.yaml, i{m}.yaml, i{m}.yaml]", m = n + 1),
                    )
                })
                .collect();
            files.push(("/p/i12.yaml".into(), "services: {z: {image: x}}".into()));
            files.push(("/p/compose.yaml".into(), "include: [i0.yaml]".into()));
            files
        },
    },
    Shape {
        name: "include-env",
        files: |size| {
            vec![
                (
                    "/p/compose.yaml".into(),
                    format!("include: [{}]", list(200, |n| format!("{{path: i{n}.yaml, env_file: e}}"))),
                ),
                ("/p/e".into(), lines(size / 2, |n| format!("A{n}=b\n"))),
            ]
            .into_iter()
            .chain((0..200).map(|n| (format!("/p/i{n}.yaml"), format!("services: {{s{n}: {{image: x}}}}"))))
            .collect()
        },
    },
    Shape {
        name: "include-multi",
        files: |size| {
            vec![
                (
                    "/p/compose.yaml".into(),
                    format!("include:\n- path: [{}]\n", list(size / 20, |_| "i.yaml".into())),
                ),
                ("/p/i.yaml".into(), services(20_000, |n| format!("  s{n}: {{image: x}}\n"))),
            ]
        },
    },
    Shape {
        name: "include-conflicts",
        files: |size| {
            vec![
                ("/p/compose.yaml".into(), "include: [i.yaml, j.yaml]".into()),
                ("/p/i.yaml".into(), services(size / 2, |n| format!("  s{n}: {{image: x}}\n"))),
                ("/p/j.yaml".into(), services(size / 2, |n| format!("  s{n}: {{image: y}}\n"))),
            ]
        },
    },
    Shape {
        name: "override-file",
        files: |size| {
            vec![
                ("/p/compose.yaml".into(), services(size / 2, |n| format!("  s{n}: {{image: x}}\n"))),
                (
                    "/p/compose.override.yaml".into(),
                    services(size / 2, |n| format!("  s{n}: {{tty: true}}\n")),
                ),
            ]
        },
    },
    Shape {
        name: "override-lists",
        files: |size| {
            vec![
                (
                    "/p/compose.yaml".into(),
                    one(size / 2, "ports", |n| format!("'{}:80'", n % 60000 + 1)),
                ),
                (
                    "/p/compose.override.yaml".into(),
                    one(size / 2, "ports", |n| format!("'{}:81'", n % 60000 + 1)),
                ),
            ]
        },
    },
    Shape {
        name: "override-volumes",
        files: |size| {
            vec![
                ("/p/compose.yaml".into(), one(size / 2, "volumes", |n| format!("'./a:/a{n}'"))),
                (
                    "/p/compose.override.yaml".into(),
                    one(size / 2, "volumes", |n| format!("'./b:/a{n}'")),
                ),
            ]
        },
    },
    Shape {
        name: "override-cannot-merge",
        files: |size| {
            vec![
                ("/p/compose.yaml".into(), services(size / 2, |n| format!("  s{n}: {{image: x}}\n"))),
                ("/p/compose.override.yaml".into(), services(size / 2, |n| format!("  s{n}: [a]\n"))),
            ]
        },
    },
];
