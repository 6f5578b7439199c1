//! The text of a file: long, deep, tagged, anchored, in many documents.

use super::{Shape, compose, lines, list, multiplied, services};

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "string-long",
        files: |size| compose(format!("services: {{a: {{image: x, hostname: {}}}}}", "a".repeat(size))),
    },
    Shape {
        name: "string-image",
        files: |size| compose(format!("services: {{a: {{image: {}}}}}", "a".repeat(size))),
    },
    Shape {
        name: "string-quoted",
        files: |size| compose(format!("x-a: \"{}\"\nservices: {{a: {{image: x}}}}", "\\n".repeat(size / 2))),
    },
    Shape {
        name: "string-folded",
        files: |size| compose(format!("x-a: >\n{}services: {{a: {{image: x}}}}", "  a b\n\n".repeat(size / 7))),
    },
    Shape {
        name: "string-literal",
        files: |size| compose(format!("x-a: |\n{}services: {{a: {{image: x}}}}", "  a b\n".repeat(size / 6))),
    },
    Shape {
        name: "string-plain-lines",
        files: |size| compose(format!("x-a: a\n{}services: {{a: {{image: x}}}}", "  a b\n".repeat(size / 6))),
    },
    Shape {
        name: "string-duration",
        files: |size| {
            compose(format!(
                "services: {{a: {{image: x, stop_grace_period: {}}}}}",
                "1s".repeat(size / 2)
            ))
        },
    },
    Shape {
        name: "string-port",
        files: |size| compose(format!("services: {{a: {{image: x, ports: ['{}']}}}}", ":1".repeat(size / 2))),
    },
    Shape {
        name: "string-volume",
        files: |size| compose(format!("services: {{a: {{image: x, volumes: ['{}']}}}}", ":a".repeat(size / 2))),
    },
    Shape {
        name: "string-path",
        files: |size| {
            compose(format!(
                "services: {{a: {{image: x, volumes: ['.{}:/x']}}}}",
                "/..".repeat(size / 3)
            ))
        },
    },
    Shape {
        name: "comments",
        files: |size| compose(format!("services: {{a: {{image: x}}}}\n{}", "# a\n".repeat(size / 4))),
    },
    Shape {
        name: "blank-lines",
        files: |size| compose(format!("services: {{a: {{image: x}}}}\n{}", "\n".repeat(size))),
    },
    Shape {
        name: "crlf",
        files: |size| compose(services(size, |n| format!("  s{n}: {{image: x}}\r\n"))),
    },
    Shape {
        name: "flow-lines",
        files: |size| compose(format!("services: {{a: {{image: x, command: [{}]}}}}", "a,\n".repeat(size / 3))),
    },
    Shape {
        name: "json-nesting",
        files: |size| {
            compose(format!(
                "{{\"services\":{{\"a\":{{\"image\":\"b\",\"x-a\":{}{}}}}}}}",
                "[".repeat(size / 2),
                "]".repeat(size / 2)
            ))
        },
    },
    Shape {
        name: "json-services",
        files: |size| {
            compose(format!(
                "{{\"services\":{{{}}}}}",
                list(size / 24, |n| format!("\"s{n}\":{{\"image\":\"x\"}}"))
            ))
        },
    },
    Shape {
        name: "json-one-line-strings",
        files: |size| {
            compose(format!(
                "{{\"services\":{{\"a\":{{\"image\":\"x\",\"command\":[{}]}}}}}}",
                list(size / 4, |_| "\"a\"".into())
            ))
        },
    },
    Shape {
        name: "json-adjacent-colons",
        files: |size| {
            compose(format!(
                "{{\"services\":{{\"a\":{{\"image\":\"x\",\"x-a\":[{}]}}}}}}",
                list(size / 9, |_| "{\"a\":1}".into())
            ))
        },
    },
    Shape {
        name: "nesting-blocks",
        files: |_| {
            compose(format!(
                "x-a:\n{}services: {{a: {{image: x}}}}",
                lines(300_000, |n| format!("{}a:\n", " ".repeat(n + 1)))
            ))
        },
    },
    Shape {
        name: "nesting-dashes",
        files: |size| compose(format!("x-a: \n  {}a\nservices: {{a: {{image: x}}}}", "- ".repeat(size / 2))),
    },
    Shape {
        name: "nesting-questions",
        files: |size| compose(format!("x-a: \n  {}a\nservices: {{a: {{image: x}}}}", "? ".repeat(size / 2))),
    },
    Shape {
        name: "flow-open",
        files: |size| compose("[".repeat(size)),
    },
    Shape {
        name: "flow-open-maps",
        files: |size| compose("{a: ".repeat(size / 4)),
    },
    Shape {
        name: "flow-colons",
        files: |size| compose(format!("x-a: [{}]\nservices: {{a: {{image: x}}}}", "a:,".repeat(size / 3))),
    },
    Shape {
        name: "flow-tags",
        files: |size| compose(format!("x-a: [{}]\nservices: {{a: {{image: x}}}}", "!x,".repeat(size / 3))),
    },
    Shape {
        name: "flow-tags-brackets",
        files: |size| compose(format!("x-a: [{}]\nservices: {{a: {{image: x}}}}", "!x[],".repeat(size / 5))),
    },
    Shape {
        name: "flow-questions",
        files: |size| compose(format!("x-a: [{}]\nservices: {{a: {{image: x}}}}", "a?,".repeat(size / 3))),
    },
    Shape {
        name: "flow-long-keys",
        files: |size| {
            compose(format!(
                "x-a: {{{}}}\nservices: {{a: {{image: x}}}}",
                list(size / 8, |n| format!("a{n}:"))
            ))
        },
    },
    Shape {
        name: "plain-questions",
        files: |size| compose(format!("x-a: {}\nservices: {{a: {{image: x}}}}", "a?".repeat(size / 2))),
    },
    Shape {
        name: "plain-colons",
        files: |size| compose(format!("x-a: {}\nservices: {{a: {{image: x}}}}", "a:a".repeat(size / 3))),
    },
    Shape {
        name: "tags",
        files: |size| {
            compose(format!(
                "services: {{a: {{image: x}}}}\nx-a:\n{}",
                lines(size, |n| format!("- !t{n} a\n"))
            ))
        },
    },
    Shape {
        name: "tags-long",
        files: |size| compose(format!("services: {{a: {{image: x}}}}\nx-a: !{} a\n", "t".repeat(size))),
    },
    Shape {
        name: "tags-bang",
        files: |size| compose(format!("services: {{a: {{image: x}}}}\nx-a: {}\n", "!".repeat(size))),
    },
    Shape {
        name: "tags-reset",
        files: |size| {
            compose(format!(
                "services:\n  a:\n    image: x\n    command:\n{}",
                lines(size, |_| "      - !reset a\n".into())
            ))
        },
    },
    Shape {
        name: "tags-override",
        files: |size| {
            compose(format!(
                "services:\n{}",
                lines(size, |n| format!("  s{n}: !override {{image: x}}\n"))
            ))
        },
    },
    Shape {
        name: "tags-reset-services",
        files: |size| {
            compose(format!(
                "services:\n  a: {{image: x}}\n{}",
                lines(size, |n| format!("  s{n}: !reset {{image: x}}\n"))
            ))
        },
    },
    Shape {
        name: "tag-directives",
        files: |size| {
            compose(format!(
                "{}---\nservices: {{a: {{image: x}}}}",
                lines(size, |n| format!("%TAG !a{n}! b\n"))
            ))
        },
    },
    Shape {
        name: "anchors",
        files: |size| {
            compose(format!(
                "services: {{a: {{image: x}}}}\nx-a:\n{}",
                lines(size, |n| format!("- &a{n} b\n"))
            ))
        },
    },
    Shape {
        name: "anchors-same",
        files: |size| {
            compose(format!(
                "services: {{a: {{image: x}}}}\nx-a:\n{}",
                lines(size, |_| "- &a b\n".into())
            ))
        },
    },
    Shape {
        name: "aliases",
        files: |size| {
            compose(format!(
                "services: {{a: {{image: x}}}}\nx-b: &b {{c: d}}\nx-a:\n{}",
                lines(size, |_| "- *b\n".into())
            ))
        },
    },
    Shape {
        name: "aliases-multiply",
        files: |_| compose(multiplied(4) + "services: {a: {image: x}}"),
    },
    Shape {
        name: "aliases-unknown",
        files: |size| {
            compose(format!(
                "services: {{a: {{image: x}}}}\nx-a:\n{}",
                lines(size, |n| format!("- *b{n}\n"))
            ))
        },
    },
    Shape {
        name: "aliases-services",
        files: |size| {
            compose(format!(
                "x-s: &s {{image: x, environment: {{A: b}}, command: [a, b], labels: {{a: b}}}}\nservices:\n{}",
                lines(size, |n| format!("  s{n}: *s\n"))
            ))
        },
    },
    Shape {
        name: "aliases-dotted",
        files: |size| {
            compose(format!(
                "x-s: &s {{image: x}}\nservices:\n{}",
                lines(size, |n| format!("  a.s{n}: *s\n"))
            ))
        },
    },
    Shape {
        name: "aliases-wide",
        files: |size| {
            compose(format!(
                "x-s: &s [{}]\nservices:\n{}",
                list(2000, |n| format!("a{n}")),
                lines(size.min(12_000), |n| format!("  s{n}: {{image: x, command: *s}}\n"))
            ))
        },
    },
    Shape {
        name: "aliases-wide-environment",
        files: |size| {
            compose(format!(
                "x-s: &s {{{}}}\nservices:\n{}",
                list(2000, |n| format!("A{n}: a")),
                lines(size.min(12_000), |n| format!("  s{n}: {{image: x, environment: *s}}\n"))
            ))
        },
    },
    Shape {
        name: "aliases-long-text",
        files: |_| {
            compose(format!(
                "x-s: &s {}\nservices:\n{}",
                "a".repeat(60_000),
                lines(20_000, |n| format!("  s{n}: {{image: x, labels: {{a: *s}}}}\n"))
            ))
        },
    },
    Shape {
        name: "aliases-long-text-interpolated",
        files: |_| {
            compose(format!(
                "x-s: &s {}\nservices:\n{}",
                "$$".repeat(30_000),
                lines(20_000, |n| format!("  s{n}: {{image: x, labels: {{a: *s}}}}\n"))
            ))
        },
    },
    Shape {
        name: "merge-keys",
        files: |size| {
            compose(format!(
                "x-s: &s {{image: x, tty: true}}\nservices:\n{}",
                lines(size, |n| format!("  s{n}: {{<<: *s}}\n"))
            ))
        },
    },
    Shape {
        name: "merge-key-list",
        files: |size| {
            compose(format!(
                "x-s: &s {{image: x, tty: true}}\nservices:\n  a:\n    <<: [{}]\n",
                list(size / 4, |_| "*s".into())
            ))
        },
    },
    Shape {
        name: "merge-key-chain",
        files: |size| {
            compose(format!(
                "x-s0: &s0 {{image: x}}\n{}services: {{a: {{image: x}}}}",
                lines(size.min(30_000), |n| format!("x-s{}: &s{} {{<<: *s{n}, k{n}: a}}\n", n + 1, n + 1))
            ))
        },
    },
    Shape {
        name: "duplicate-keys",
        files: |size| {
            compose(format!(
                "services: {{a: {{image: x}}}}\nx-a:\n{}",
                lines(size, |_| "  a: b\n".into())
            ))
        },
    },
    Shape {
        name: "number-keys",
        files: |size| {
            compose(format!(
                "services: {{a: {{image: x}}}}\nx-a:\n{}",
                lines(size, |n| format!("  {n}: b\n"))
            ))
        },
    },
    Shape {
        name: "documents",
        files: |size| compose(lines(size, |n| format!("---\nservices: {{a{n}: {{image: x}}}}\n"))),
    },
    Shape {
        name: "documents-few",
        files: |size| {
            let document = |d| format!("---\nservices:\n{}", lines(size / 30, |n| format!("  a{d}-{n}: {{image: x}}\n")));
            compose((0..30).map(document).collect())
        },
    },
    Shape {
        name: "documents-lists",
        files: |size| {
            compose(lines(size, |n| {
                format!("---\nservices: {{a: {{image: x, command: [a{n}], environment: {{A{n}: b}}, labels: [a{n}=b]}}}}\n")
            }))
        },
    },
    Shape {
        name: "documents-wrong",
        files: |size| compose(lines(size, |n| format!("---\nservices: {{a: {{imag{n}: x}}}}\n"))),
    },
    Shape {
        name: "documents-extends",
        files: |size| {
            compose(lines(size, |n| {
                format!("---\nservices: {{a{n}: {{image: x}}, b{n}: {{extends: a{n}}}}}\n")
            }))
        },
    },
    Shape {
        name: "documents-resets",
        files: |size| {
            compose(format!(
                "services: {{a: {{image: x, command: a}}}}\n{}",
                lines(size, |_| "---\nservices: {a: {command: !reset null}}\n".into())
            ))
        },
    },
    Shape {
        name: "documents-big-and-small",
        files: |size| {
            compose(format!(
                "services:\n{}{}",
                lines(size / 2, |n| format!("  s{n}: {{image: x}}\n")),
                lines(size / 2, |_| "---\nservices: {a: {image: x}}\n".into())
            ))
        },
    },
];
