use super::{assert_printed, assert_refused, project, service};
use crate::diagnostic::{Diagnostics, Severity};

#[test]
fn processors_and_memory() {
    assert_printed(&[
        (
            "cpu_count: 2, cpu_percent: 50, cpu_period: 1, cpu_quota: 2, cpu_rt_period: 3, cpu_rt_runtime: 4, cpus: '0.5', cpuset: 0-1, cpu_shares: 9",
            r#""cpu_count":2,"cpu_percent":50,"cpu_period":1,"cpu_quota":2,"cpu_rt_period":3,"cpu_rt_runtime":4,"cpus":0.5,"cpuset":"0-1","cpu_shares":9"#,
        ),
        (
            "mem_limit: 50m, mem_reservation: 1g, memswap_limit: -1, mem_swappiness: 60, oom_kill_disable: true, oom_score_adj: -5, pids_limit: 7",
            r#""mem_limit":"52428800","mem_reservation":"1073741824","memswap_limit":"-1","mem_swappiness":"60","oom_kill_disable":true,"oom_score_adj":-5,"pids_limit":7"#,
        ),
        ("cpus: 0, mem_limit: 0, pids_limit: 0", ""),
    ]);
    assert_refused(&[
        ("mem_limit: lots", "lots", "mem_limit: `lots` is no size"),
        ("cpus: few", "few", "cpus: must be a number, not `few`"),
        ("cpu_shares: many", "many", "cpu_shares: must be an integer, not `many`"),
    ]);
}

#[test]
fn block_devices() {
    assert_printed(&[(
        "blkio_config: {weight: 300, weight_device: [{path: /a, weight: 4}], device_read_bps: [{path: /b, rate: 1m}]}",
        r#""blkio_config":{"weight":300,"weight_device":[{"Path":"/a","Weight":4}],"device_read_bps":[{"Path":"/b","Rate":"1048576"}]}"#,
    )]);
    assert_eq!(
        service("blkio_config: {weight: 70000}")
            .resources
            .blkio
            .and_then(|blkio| blkio.weight),
        Some(4464)
    );
    assert_refused(&[
        (
            "blkio_config: {weight: '3'}",
            "'3'",
            "blkio_config.weight: must be an integer, not a string",
        ),
        (
            "blkio_config: {device_read_bps: [{path: /b, rate: fast}]}",
            "fast",
            "blkio_config.device_read_bps[0].rate: `fast` is no size",
        ),
    ]);
}

#[test]
fn ulimits_and_devices() {
    assert_printed(&[
        (
            "ulimits: {nproc: 5, nofile: {soft: 1, hard: 2}, memlock: -1}",
            r#""ulimits":{"memlock":-1,"nofile":{"soft":1,"hard":2},"nproc":5}"#,
        ),
        (
            "devices: ['/dev/a:/dev/b:r', {source: /dev/c, target: /dev/d}]",
            r#""devices":[{"source":"/dev/a","target":"/dev/b","permissions":"r"},{"source":"/dev/c","target":"/dev/d"}]"#,
        ),
        ("gpus: all", r#""gpus":[{"count":-1}]"#),
        (
            "gpus: [{driver: nvidia, count: '2', capabilities: [gpu]}, {device_ids: ['0'], options: {a: b}}]",
            r#""gpus":[{"capabilities":["gpu"],"driver":"nvidia","count":2},{"device_ids":["0"],"options":{"a":"b"}}]"#,
        ),
        ("device_cgroup_rules: ['c 1:3 mr']", r#""device_cgroup_rules":["c 1:3 mr"]"#),
    ]);
    assert_refused(&[
        ("gpus: [{count: few}]", "few", "gpus[0].count: must be `all` or a number, not `few`"),
        ("devices: [a:b:c:d]", "a:b", "devices[0]: `a:b:c:d` has too many parts for a device"),
        (
            "ulimits: {n: {soft: 1, hard: much}}",
            "much",
            "ulimits.n.hard: must be an integer, not `much`",
        ),
    ]);
}

#[test]
fn isolation() {
    assert_printed(&[
        (
            "cap_add: [A], cap_drop: [B], cgroup: host, cgroup_parent: p, ipc: host, isolation: hyperv, pid: 'service:b', privileged: true",
            r#""cap_add":["A"],"cap_drop":["B"],"cgroup_parent":"p","cgroup":"host","ipc":"host","isolation":"hyperv","pid":"service:b","privileged":true"#,
        ),
        (
            "runtime: r, security_opt: [s], sysctls: [a.b=1], userns_mode: host, uts: host, use_api_socket: true",
            r#""runtime":"r","security_opt":["s"],"sysctls":{"a.b":"1"},"use_api_socket":true,"userns_mode":"host","uts":"host""#,
        ),
        (
            "credential_spec: {config: c, file: f, registry: r}",
            r#""credential_spec":{"config":"c","file":"f","registry":"r"}"#,
        ),
    ]);
}

#[test]
fn what_is_ignored_is_said() {
    for attributes in ["gpus: [{vendor: x}]", "mem_limit: 1.5", "pull_refresh_after: 1d"] {
        let mut tree = crate::load::testing::parse(&format!("services: {{a: {{{attributes}}}}}"));
        let about = super::About {
            name: crate::names::ProjectName::new("p"),
            working_dir: "/p".into(),
            compose_files: Vec::new(),
            variables: crate::model::StringMap::new(),
            profiles: Vec::new(),
        };
        crate::load::defaults::set_defaults(&mut tree);
        let mut warnings = Diagnostics::new();
        super::decode(&tree, about, &mut warnings);
        assert_eq!(
            warnings.iter().map(|found| found.severity).collect::<Vec<_>>(),
            [Severity::Warning],
            "{attributes}"
        );
    }
    assert!(project("services: {a: {no_such: 1}}").is_err());
}
