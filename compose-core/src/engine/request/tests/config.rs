//! Process, identity, health, restart, stop, logging, isolation, namespaces.

use super::{Case, api, map, row, said, strings, table};
use crate::engine::request::{OneOff, seccomp_profiles};
use crate::model::{CredentialSpec, Deploy, Duration, HealthCheck, HealthTest, Logging, NamespaceMode, RestartPolicy, RestartRule};
use crate::source::MemoryReader;
use serde_json::json;

#[test]
fn what_runs() {
    table([
        row(
            "command",
            |c| c.service.process.command = Some(strings(["a", "b"])),
            json!({"Cmd": ["a", "b"]}),
        ),
        row("no arguments", |c| c.service.process.command = Some(Vec::new()), json!({"Cmd": []})),
        row(
            "entrypoint",
            |c| c.service.process.entrypoint = Some(strings(["e"])),
            json!({"Entrypoint": ["e"]}),
        ),
        row(
            "no entrypoint",
            |c| c.service.process.entrypoint = Some(Vec::new()),
            json!({"Entrypoint": []}),
        ),
        row(
            "place and user",
            |c| {
                c.service.process.working_dir = Some("/w".to_owned());
                c.service.process.user = Some("5:6".to_owned());
                c.service.process.group_add = strings(["audio", "44"]);
            },
            json!({"WorkingDir": "/w", "User": "5:6", "HostConfig": {"GroupAdd": ["audio", "44"]}}),
        ),
        row(
            "environment",
            |c| {
                let variables = [("B", None), ("A", Some("x=1")), ("E", Some(""))];
                c.service.process.environment = variables.map(|(k, v)| (k.to_owned(), v.map(str::to_owned))).into();
            },
            json!({"Env": ["A=x=1", "B", "E="]}),
        ),
        row(
            "terminal",
            |c| {
                c.service.process.tty = true;
                c.service.process.stdin_open = true;
            },
            json!({"Tty": true, "OpenStdin": true}),
        ),
        row(
            "init",
            |c| c.service.process.init = Some(false),
            json!({"HostConfig": {"Init": false}}),
        ),
        row(
            "names",
            |c| {
                c.service.networking.hostname = Some("h".to_owned());
                c.service.networking.domainname = Some("d.org".to_owned());
            },
            json!({"Hostname": "h", "Domainname": "d.org"}),
        ),
    ]);
}

#[test]
fn a_container_of_run() {
    let case = Case::with(|case| {
        case.service.process.stdin_open = true;
        case.replica.one_off = Some(OneOff {
            auto_remove: true,
            service_aliases: false,
            attach_stdin: true,
        });
    });
    assert_eq!(
        said(&case.body()),
        json!({
            "AttachStdin": true, "OpenStdin": true, "StdinOnce": true,
            "HostConfig": {"AutoRemove": true},
            "NetworkingConfig": {"EndpointsConfig": {"shop_default": {"Aliases": ["shop-web-2"]}}},
        })
    );
}

fn checked(check: HealthCheck) -> Case {
    Case::with(|case| case.service.lifecycle.healthcheck = Some(check))
}

#[test]
fn health() {
    let seconds = |seconds: i64| Some(Duration(seconds * 1_000_000_000));
    let full = HealthCheck {
        test: Some(HealthTest(strings(["CMD", "true"]))),
        interval: seconds(90),
        timeout: seconds(10),
        retries: Some(3),
        start_period: seconds(40),
        ..HealthCheck::default()
    };
    let expected = json!({"Healthcheck": {
        "Test": ["CMD", "true"], "Interval": 90_000_000_000i64, "Timeout": 10_000_000_000i64, "Retries": 3, "StartPeriod": 40_000_000_000i64,
    }});
    assert_eq!(said(&checked(full.clone()).body()), expected);
    let off = HealthCheck {
        disable: true,
        ..full.clone()
    };
    assert_eq!(said(&checked(off).body())["Healthcheck"]["Test"], json!(["NONE"]));
    let partial = HealthCheck {
        retries: Some(9),
        ..HealthCheck::default()
    };
    assert_eq!(said(&checked(partial).body()), json!({"Healthcheck": {"Retries": 9}}));

    let mut quick = checked(HealthCheck {
        start_interval: seconds(1),
        ..full
    });
    assert_eq!(
        quick.problem(),
        "`healthcheck.start_interval` needs engine API 1.44, this engine speaks 1.41"
    );
    quick.api = api(44);
    assert_eq!(said(&quick.body())["Healthcheck"]["StartInterval"], json!(1_000_000_000));
    quick.service.lifecycle.healthcheck.as_mut().expect("set above").start_period = None;
    assert!(quick.problem().contains("start_period"));
}

#[test]
fn restart() {
    let rule = |condition: Option<&str>, attempts: Option<u64>| Deploy {
        restart_policy: Some(RestartRule {
            condition: condition.map(str::to_owned),
            max_attempts: attempts,
            ..RestartRule::default()
        }),
        ..Deploy::default()
    };
    for (restart, deploy, name, attempts) in [
        (Some("always"), None, "always", 0),
        (Some("unless-stopped"), None, "unless-stopped", 0),
        (Some("on-failure:4"), None, "on-failure", 4),
        (Some("no"), None, "no", 0),
        (None, Some(rule(Some("any"), None)), "always", 0),
        (None, Some(rule(Some("on-failure"), Some(3))), "on-failure", 3),
        (None, Some(rule(Some("none"), None)), "no", 0),
        (None, Some(rule(None, Some(2))), "", 2),
        (Some("always"), Some(rule(Some("on-failure"), None)), "on-failure", 0),
    ] {
        let case = Case::with(|case| {
            case.service.lifecycle.restart = restart.map(|policy| RestartPolicy(policy.to_owned()));
            case.service.deploy = deploy.map(Box::new);
        });
        let expected = json!({"HostConfig": {"RestartPolicy": {"Name": name, "MaximumRetryCount": attempts}}});
        assert_eq!(said(&case.body()), expected, "{restart:?}");
    }
}

#[test]
fn the_end_and_the_output() {
    table([
        row(
            "signal",
            |c| c.service.lifecycle.stop_signal = Some("SIGUSR1".to_owned()),
            json!({"StopSignal": "SIGUSR1"}),
        ),
        row(
            "grace is in whole seconds",
            |c| c.service.lifecycle.stop_grace_period = Some(Duration(2_500_000_000)),
            json!({"StopTimeout": 2}),
        ),
        row(
            "no grace",
            |c| c.service.lifecycle.stop_grace_period = Some(Duration(0)),
            json!({"StopTimeout": 0}),
        ),
        row(
            "logging",
            |c| {
                c.service.lifecycle.logging = Some(Logging {
                    driver: Some("local".to_owned()),
                    options: map([("max-size", "5m")]),
                    ..Logging::default()
                });
            },
            json!({"HostConfig": {"LogConfig": {"Type": "local", "Config": {"max-size": "5m"}}}}),
        ),
        row(
            "options for the engine's driver",
            |c| {
                c.service.lifecycle.logging = Some(Logging {
                    options: map([("labels", "a")]),
                    ..Logging::default()
                });
            },
            json!({"HostConfig": {"LogConfig": {"Type": "", "Config": {"labels": "a"}}}}),
        ),
    ]);
}

#[test]
fn isolation() {
    table([
        row(
            "capabilities",
            |c| {
                c.service.isolation.cap_add = strings(["SYS_TIME", "net_admin", "CAP_NET_ADMIN"]);
                c.service.isolation.cap_drop = strings(["ALL"]);
                c.service.isolation.privileged = true;
            },
            json!({"HostConfig": {"CapAdd": ["CAP_NET_ADMIN", "CAP_SYS_TIME"], "CapDrop": ["ALL"], "Privileged": true}}),
        ),
        row(
            "security options",
            |c| c.service.isolation.security_opt = strings(["no-new-privileges:true", "seccomp:unconfined", "systempaths=unconfined"]),
            json!({"HostConfig": {
                "SecurityOpt": ["no-new-privileges:true", "seccomp:unconfined"], "MaskedPaths": [], "ReadonlyPaths": [],
            }}),
        ),
        row(
            "credentials of Windows",
            |c| {
                c.service.isolation.credential_spec = Some(CredentialSpec {
                    registry: Some("key".to_owned()),
                    ..CredentialSpec::default()
                });
            },
            json!({"HostConfig": {"SecurityOpt": ["credentialspec=registry://key"]}}),
        ),
        row(
            "kernel and runtime",
            |c| {
                c.service.isolation.sysctls = map([("net.core.somaxconn", "1024")]);
                c.service.isolation.runtime = Some("runc".to_owned());
                c.service.isolation.isolation = Some("hyperv".to_owned());
                c.service.isolation.userns_mode = Some("host".to_owned());
                c.service.isolation.cgroup = Some("private".to_owned());
                c.service.isolation.cgroup_parent = Some("/p".to_owned());
            },
            json!({"HostConfig": {
                "Sysctls": {"net.core.somaxconn": "1024"}, "Runtime": "runc", "Isolation": "hyperv", "UsernsMode": "host",
                "CgroupnsMode": "private", "CgroupParent": "/p",
            }}),
        ),
    ]);
    let bad = Case::with(|case| case.service.isolation.security_opt = strings(["apparmor"]));
    assert!(bad.problem().starts_with("`security_opt: apparmor`"), "{}", bad.problem());
}

#[test]
fn a_seccomp_profile_goes_into_the_request() {
    let mut case = Case::with(|case| case.service.isolation.security_opt = strings(["seccomp=profile.json"]));
    assert!(case.problem().contains("profile.json"));
    let reader = MemoryReader::new().with("/srv/shop/profile.json", "{\n  \"defaultAction\": \"SCMP_ACT_ALLOW\"\n}");
    case.replica.outside.seccomp = seccomp_profiles(&case.project, &case.service, &reader).expect("a profile");
    assert_eq!(
        said(&case.body()),
        json!({"HostConfig": {"SecurityOpt": ["seccomp={\"defaultAction\":\"SCMP_ACT_ALLOW\"}"]}})
    );
    let missing = seccomp_profiles(&case.project, &case.service, &MemoryReader::new()).expect_err("no file");
    assert!(
        missing
            .to_string()
            .starts_with("service web: `security_opt`: cannot read /srv/shop/profile.json"),
        "{missing}"
    );
}

#[test]
fn namespaces() {
    let shared = |mode: &str| {
        Case::with(|case| {
            case.service.isolation.ipc = Some(NamespaceMode::parse(mode));
            case.service.isolation.pid = Some(NamespaceMode::parse(mode));
            case.service.isolation.uts = Some(NamespaceMode::parse("host"));
        })
    };
    for (mode, expected) in [
        ("host", "host"),
        ("service:db", "container:1f"),
        ("container:other", "container:other"),
    ] {
        let case = shared(mode).with_peer("db", &["1f", "2f"]);
        let expected = json!({"HostConfig": {"IpcMode": expected, "PidMode": expected, "UTSMode": "host"}});
        assert_eq!(said(&case.body()), expected);
    }
    assert_eq!(
        shared("service:db").problem(),
        "`ipc` refers to service `db`, which has no container"
    );
}

#[test]
fn annotations_are_not_left_out_in_silence() {
    let mut case = Case::with(|case| case.service.annotations = map([("a", "b")]));
    assert_eq!(said(&case.body()), json!({}));
    assert_eq!(
        case.request().expect("a request").warnings,
        ["service web: `annotations` needs engine API 1.43, this engine speaks 1.41: they are left out"]
    );
    case.api = api(43);
    assert_eq!(said(&case.body()), json!({"HostConfig": {"Annotations": {"a": "b"}}}));
    assert!(case.request().expect("a request").warnings.is_empty());
}

#[test]
fn the_platform_has_a_default() {
    let mut case = Case::with(|case| {
        case.project.variables = map([("DOCKER_DEFAULT_PLATFORM", "linux/arm64")]);
    });
    assert_eq!(case.request().expect("a request").platform.as_deref(), Some("linux/arm64"));
    case.service.platform = Some("linux/386".to_owned());
    assert_eq!(case.request().expect("a request").platform.as_deref(), Some("linux/386"));
}

#[test]
fn models_are_refused() {
    let case = Case::with(|case| {
        case.service.models.insert("llm".into(), None);
    });
    assert!(case.problem().starts_with("`models` is not supported"));
}
