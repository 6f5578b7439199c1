use super::{assert_printed, assert_refused, service};

#[test]
fn commands_are_lists_of_words() {
    assert_printed(&[
        ("command: echo 'a b'", r#""command":["echo","a b"]"#),
        ("command: [echo, a b]", r#""command":["echo","a b"]"#),
        ("command: ''", r#""command":[]"#),
        ("command: []", r#""command":[]"#),
        ("command: null", ""),
        ("entrypoint: /bin/sh -c", r#""entrypoint":["/bin/sh","-c"]"#),
    ]);
    assert_refused(&[
        ("command: echo 'a", "echo", "command: `echo 'a` is no well-formed command"),
        ("entrypoint: {a: b}", "{a", "entrypoint: must be a list, not a mapping"),
    ]);
}

#[test]
fn variables_come_from_lists_and_mappings() {
    assert_printed(&[
        ("environment: [A, B=1, C=]", r#""environment":{"A":null,"B":"1","C":""}"#),
        ("environment: {A: null, B: 1, C: ''}", r#""environment":{"A":null,"B":"1","C":""}"#),
        (
            "environment: {A: 1.0, B: true, C: 1e6}",
            r#""environment":{"A":"1","B":"true","C":"1e+06"}"#,
        ),
    ]);
    assert_refused(&[
        (
            "environment: ['A =1']",
            "'A",
            "environment[0]: the variable name `A ` ends with a space",
        ),
        (
            "environment: {A: [1]}",
            "[1]",
            "environment.A: must be text or a number, not a list",
        ),
    ]);
}

#[test]
fn env_files_keep_what_they_say_until_they_are_read() {
    let files = service("env_file: [a, {path: b, required: false, format: raw}]").process.env_files;
    let files: Vec<_> = files
        .iter()
        .map(|file| (file.path.display().to_string(), file.required, file.format.as_deref()))
        .collect();
    assert_eq!(files, [("a".to_owned(), true, None), ("b".to_owned(), false, Some("raw"))]);
}

#[test]
fn a_base_that_is_left_is_printed() {
    assert_printed(&[
        ("extends: {service: b, file: /f}", r#""extends":{"file":"/f","service":"b"}"#),
        ("extends: b", r#""extends":{"service":"b"}"#),
    ]);
}

#[test]
fn scalars_of_the_process() {
    assert_printed(&[
        (
            "init: false, tty: true, stdin_open: yes, user: '1000:x', working_dir: /w, group_add: [mail, 5]",
            r#""group_add":["mail","5"],"init":false,"stdin_open":true,"tty":true,"user":"1000:x","working_dir":"/w""#,
        ),
        ("tty: false, user: ''", ""),
    ]);
    assert_refused(&[("tty: perhaps", "perhaps", "tty: must be true or false, not `perhaps`")]);
}

#[test]
fn hooks_are_commands_with_surroundings() {
    assert_printed(&[
        (
            "post_start: [{command: a b, user: root, privileged: true, working_dir: /w, environment: [A=1]}]",
            r#""post_start":[{"command":["a","b"],"user":"root","privileged":true,"working_dir":"/w","environment":{"A":"1"}}]"#,
        ),
        ("pre_stop: [{command: null}]", r#""pre_stop":[{"command":null}]"#),
    ]);
    assert_refused(&[("post_start: [{cmd: a}]", "cmd", "post_start[0]: unknown attribute `cmd`")]);
}

#[test]
fn health_checks() {
    assert_printed(&[
        ("healthcheck: {test: curl x}", r#""healthcheck":{"test":["CMD-SHELL","curl x"]}"#),
        ("healthcheck: {test: [CMD, a]}", r#""healthcheck":{"test":["CMD","a"]}"#),
        ("healthcheck: {test: []}", r#""healthcheck":{}"#),
        (
            "healthcheck: {interval: 90s, timeout: 1m, retries: 0, start_period: 0s, start_interval: 2s, disable: true}",
            r#""healthcheck":{"timeout":"1m0s","interval":"1m30s","retries":0,"start_period":"0s","start_interval":"2s","disable":true}"#,
        ),
    ]);
    assert_refused(&[
        (
            "healthcheck: {interval: 30}",
            "30",
            "healthcheck.interval: must be a duration such as 1m30s, not an integer",
        ),
        (
            "healthcheck: {retries: -1}",
            "-1",
            "healthcheck.retries: must not be negative, but is -1",
        ),
    ]);
}

#[test]
fn lifecycle() {
    assert_printed(&[
        (
            "restart: always, stop_signal: INT, stop_grace_period: 1d, scale: 0, attach: false",
            r#""attach":false,"restart":"always","scale":0,"stop_grace_period":"24h0m0s","stop_signal":"INT""#,
        ),
        (
            "depends_on: [b]",
            r#""depends_on":{"b":{"condition":"service_started","required":true}}"#,
        ),
        (
            "depends_on: {b: {condition: service_healthy, restart: true, required: false}}",
            r#""depends_on":{"b":{"condition":"service_healthy","restart":true,"required":false}}"#,
        ),
        (
            "logging: {driver: syslog, options: {tag: 1, empty: null}}",
            r#""logging":{"driver":"syslog","options":{"empty":"","tag":"1"}}"#,
        ),
    ]);
    assert_refused(&[(
        "depends_on: {b: {condition: ready}}",
        "ready",
        "depends_on.b.condition: unknown condition `ready`",
    )]);
}

#[test]
fn providers_and_models() {
    assert_printed(&[(
        "provider: {type: cloud, options: {size: 5, list: [a, 1, false], none: []}}",
        r#""provider":{"type":"cloud","options":{"list":["a","1","false"],"size":["5"]}}"#,
    )]);
    let models = service("models: {m: {endpoint_var: E, model_var: M}, n: null}").models;
    let grant = models["m"].as_ref().expect("it has settings");
    assert_eq!(
        (grant.endpoint_variable.as_deref(), grant.model_variable.as_deref()),
        (Some("E"), Some("M"))
    );
    assert_eq!(models["n"], None);
    assert_eq!(service("models: [m]").models.len(), 1);
}
