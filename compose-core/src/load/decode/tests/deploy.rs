use super::{assert_printed, assert_refused};

#[test]
fn deploy_has_every_part() {
    assert_printed(&[
        ("deploy: {}", r#""deploy":{"resources":{},"placement":{}}"#),
        ("deploy: null", ""),
        (
            "deploy: {mode: global, replicas: 0, endpoint_mode: vip, labels: [a=1]}",
            r#""deploy":{"mode":"global","replicas":0,"labels":{"a":"1"},"resources":{},"placement":{},"endpoint_mode":"vip"}"#,
        ),
        (
            "deploy: {update_config: {parallelism: 0, delay: 10s, failure_action: pause, monitor: 0s, max_failure_ratio: 0.25, order: stop-first}}",
            r#""deploy":{"update_config":{"parallelism":0,"delay":"10s","failure_action":"pause","max_failure_ratio":0.25,"order":"stop-first"},"resources":{},"placement":{}}"#,
        ),
        (
            "deploy: {restart_policy: {condition: any, delay: 0s, max_attempts: 0, window: 1m}}",
            r#""deploy":{"resources":{},"restart_policy":{"condition":"any","delay":"0s","max_attempts":0,"window":"1m0s"},"placement":{}}"#,
        ),
        (
            "deploy: {placement: {constraints: [a], preferences: [{spread: b}, {}], max_replicas_per_node: 2}}",
            r#""deploy":{"resources":{},"placement":{"constraints":["a"],"preferences":[{"spread":"b"},{}],"max_replicas_per_node":2}}"#,
        ),
    ]);
    assert_refused(&[
        (
            "deploy: {update_config: {delay: soon}}",
            "soon",
            "deploy.update_config.delay: `soon` is no duration",
        ),
        (
            "deploy: {update_config: {parallelism: -1}}",
            "-1",
            "deploy.update_config.parallelism: must not be negative, but is -1",
        ),
        ("deploy: {replica: 1}", "replica", "deploy: unknown attribute `replica`"),
    ]);
}

#[test]
fn limits_and_reservations() {
    assert_printed(&[
        (
            "deploy: {resources: {limits: {cpus: '0.5', memory: 50m, pids: 3}}}",
            r#""deploy":{"resources":{"limits":{"cpus":0.5,"memory":"52428800","pids":3}},"placement":{}}"#,
        ),
        (
            "deploy: {resources: {reservations: {devices: [{capabilities: [gpu], options: [a=1, b]}]}}}",
            r#""deploy":{"resources":{"reservations":{"devices":[{"capabilities":["gpu"],"count":-1,"options":{"a":"1","b":""}}]}},"placement":{}}"#,
        ),
        (
            "deploy: {resources: {reservations: {generic_resources: [{discrete_resource_spec: {kind: ssd, value: '1'}}, {}]}}}",
            r#""deploy":{"resources":{"reservations":{"generic_resources":[{"discrete_resource_spec":{"kind":"ssd","value":1}},{}]}},"placement":{}}"#,
        ),
    ]);
    assert_refused(&[
        (
            "deploy: {resources: {limits: {memory: much}}}",
            "much",
            "deploy.resources.limits.memory: `much` is no size",
        ),
        (
            "deploy: {resources: {reservations: {devices: [{count: some}]}}}",
            "some",
            "deploy.resources.reservations.devices[0].count: must be `all` or a number, not `some`",
        ),
    ]);
}
