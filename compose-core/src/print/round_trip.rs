//! What is printed is what was meant: a printed project loads to the same project.
//!
//! Left out is what Docker Compose prints so that it cannot read it again, and we with it: a limit of
//! -1 (`"-1"` is no size), an SSH key with its path, labels without a name, and dollars of keys, which are doubled each time.

use super::{json, yaml};
use crate::load::{Loader, Stage, Stages};
use crate::model::Project;
use crate::source::MemoryReader;
use proptest::prelude::*;

/// Attributes of a service in YAML's flow style; `%` stands for some text.
const ATTRIBUTES: &[&str] = &[
    "annotations: {a: %, b: %}",
    "attach: false",
    "blkio_config: {weight: 300, weight_device: []}",
    "build: {context: ., args: {A: %}, labels: {a: %}, target: t, dockerfile_inline: %, additional_contexts: {b: ./b}}",
    "cap_add: [NET_ADMIN, SYS_TIME]",
    "cgroup: host",
    "command: [%, %]",
    "command: []",
    "configs: [{source: conf, target: /c, uid: %, mode: 288}]",
    "cpus: 0.5",
    "depends_on: {other: {condition: service_healthy, restart: true}}",
    "deploy: {mode: replicated, replicas: 2, labels: {a: %}, resources: {limits: {cpus: '0.5', memory: 1g, pids: 5}, reservations: {memory: 20m}}, restart_policy: {condition: any, delay: 1m30s}, placement: {constraints: [%]}, update_config: {parallelism: 2, order: start-first}}",
    "device_cgroup_rules: ['c 1:3 mr']",
    "devices: ['/dev/a:/dev/b:r']",
    "dns: [1.1.1.1, 8.8.8.8]",
    "domainname: %",
    "entrypoint: [%]",
    "environment: {A: %, B: %, C: 1.5, D: true, E: null}",
    "expose: [80, '90-95']",
    "extra_hosts: {a: 1.1.1.1, b: [2.2.2.2, '::1']}",
    "gpus: all",
    "group_add: [mail, 5]",
    "healthcheck: {test: [CMD, %], interval: 1m30s, timeout: 5s, retries: 3, start_period: 40s}",
    "healthcheck: {disable: true}",
    "hostname: %",
    "init: true",
    "labels: {a: %, 'b c': %}",
    "links: [other]",
    "logging: {driver: d, options: {a: %, b: null}}",
    "mem_limit: 1g",
    "networks: {front: {aliases: [%], ipv4_address: 10.0.0.5, priority: 5}, default: null}",
    "oom_score_adj: -5",
    "pids_limit: 10",
    "ports: ['8080:80', '127.0.0.1:9000-9002:90-92/udp', {target: 5, name: %, app_protocol: http}]",
    "post_start: [{command: [%], user: u, environment: [A=1]}]",
    "privileged: true",
    "pull_policy: every_12h",
    "read_only: true",
    "restart: 'on-failure:3'",
    "runtime: %",
    "secrets: [token, {source: token, target: /t, mode: 256}]",
    "security_opt: [%]",
    "shm_size: 64mb",
    "stop_grace_period: 1m30s",
    "stop_signal: SIGUSR1",
    "storage_opt: {size: 1G}",
    "sysctls: {net.core.somaxconn: 1024}",
    "tmpfs: ['/run:size=64m']",
    "tty: true",
    "ulimits: {nofile: {soft: 1, hard: 2}, nproc: 5}",
    "user: %",
    "userns_mode: host",
    "volumes: ['data:/data:ro', './conf:/conf', {type: tmpfs, target: /t, tmpfs: {size: 64m, mode: 511}}, {type: volume, source: data, target: /d, volume: {nocopy: true, subpath: s}}]",
    "working_dir: /w",
];

/// What only YAML shows, or shows as it is: JSON has a hook for each watched path, and other names for rates.
const YAML_ONLY: &[&str] = &[
    "blkio_config: {device_read_bps: [{path: /dev/sda, rate: 1m}]}",
    "build: {context: ., ssh: [default]}",
    "develop: {watch: [{path: ./src, action: sync, target: /src, ignore: [%]}]}",
    "x-note: {a: [%, 1, null, {b: %}]}",
    "models: {llm: {endpoint_var: E}}",
];

const REST: &str = "
  other: {image: other}
networks: {front: {driver: bridge, ipam: {config: [{subnet: 10.0.0.0/8, gateway: 10.0.0.1}]}, labels: {a: b}}}
volumes: {data: {driver: local, driver_opts: {a: b}}}
secrets: {token: {environment: TOKEN}}
configs: {conf: {content: \"a: b\\n\"}}
";

/// Any text a value may hold; a dollar is written twice.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{1,12}",
        "[a-z0-9:#\\-\\?\\{\\}\\[\\],&\\*!|>'\"%@`\\.]{1,8}",
        "[a-zé€😀\u{85}\u{a0}\u{2028}\u{feff}\t\n ]{1,8}",
        prop::sample::select(vec![
            "yes",
            "null",
            "~",
            "010",
            "0x1F",
            "1:30",
            "1e3",
            ".inf",
            "2001-01-01",
            "=",
            "<<",
            "-",
            " ",
            "a\n\n",
            "\n"
        ])
        .prop_map(str::to_owned),
    ]
}

fn service(attributes: Vec<&'static str>) -> impl Strategy<Value = String> {
    let most = attributes.len().min(10);
    (prop::sample::subsequence(attributes, 0..=most), prop::collection::vec(text(), 40)).prop_map(|(chosen, texts)| {
        let mut texts = texts.into_iter().cycle();
        let mut named = std::collections::BTreeSet::new();
        let mut lines = String::new();
        for attribute in chosen {
            if !named.insert(attribute.split(':').next()) {
                continue;
            }
            let mut parts = attribute.split('%');
            let mut line = parts.next().unwrap_or_default().to_owned();
            for part in parts {
                let text = texts.next().unwrap_or_default().replace('$', "$$");
                line.push_str(&serde_json::to_string(&text).expect("text is JSON"));
                line.push_str(part);
            }
            lines.push_str("    ");
            lines.push_str(&line);
            lines.push('\n');
        }
        lines
    })
}

fn project(text: &str) -> Option<Project> {
    let reader = MemoryReader::new().with("/p/compose.yaml", text);
    let loader = Loader::new("/p").reader(reader).stages(Stages::ALL.without(Stage::Advice));
    loader.load().ok().map(|loaded| loaded.project)
}

fn compose(service: &str, models: bool) -> String {
    let models = if models { "models: {llm: {model: m}}\n" } else { "" };
    format!("x-top: 1\nservices:\n  web:\n    image: web\n{service}{REST}{models}")
}

#[test]
fn a_host_without_addresses_leaves_an_empty_list() {
    let project = project("services: {a: {image: x, extra_hosts: {h: []}}}").expect("it loads");
    assert!(yaml(&project).contains("extra_hosts: []"));
}

proptest! {
    #![proptest_config(ProptestConfig { max_global_rejects: 20_000, ..ProptestConfig::with_cases(600) })]

    #[test]
    fn yaml_reads_back(service in service(ATTRIBUTES.iter().chain(YAML_ONLY).copied().collect())) {
        let Some(meant) = project(&compose(&service, true)) else { return Err(TestCaseError::reject("refused")) };
        let printed = yaml(&meant);
        prop_assert_eq!(project(&printed), Some(meant), "{}", printed);
    }

    #[test]
    fn json_reads_back(service in service(ATTRIBUTES.to_vec())) {
        let Some(meant) = project(&compose(&service, false)) else { return Err(TestCaseError::reject("refused")) };
        let printed = json(&meant).expect("it has a JSON form");
        prop_assert_eq!(project(&printed), Some(meant), "{}", printed);
    }
}
