//! `services.*`.

use super::build::{BUILD, DEVELOP};
use super::deploy::{DEPLOY, GPUS};
use super::shapes::{
    BOOLEAN, BOOLEAN_OR_STRING, COMMAND, DISTINCT_STRINGS, DRIVER_OPTIONS, EXTRA_HOSTS, GRANTS, HOOK, INTEGER_OR_STRING, LIST_OR_DICT,
    NUMBER, NUMBER_OR_STRING, SERVICE_ULIMITS, STRING, STRING_OR_LIST, STRING_OR_LIST_WITH_REPEATS, STRING_OR_NULL, attribute, bounded,
    closed, entries_of, extensible, list, requiring, scalar, word,
};
use crate::load::schema::rule::{
    Cast, Entries, KeyForm, Limit, List, Mapping, Merge, Others, Pattern, Repeats, Rule, Scalar, Shape, Types, Unique,
};

/// A service.
pub(super) const SERVICE: Shape = Shape::Mapping(&extensible(&[
    attribute("annotations", LIST_OR_DICT).merged(Merge::Sequence).unique(Unique::Key),
    attribute("attach", BOOLEAN_OR_STRING),
    attribute("blkio_config", BLOCK_IO),
    attribute("build", BUILD).merged(Merge::Build),
    attribute("cap_add", DISTINCT_STRINGS).unique(Unique::Key),
    attribute("cap_drop", DISTINCT_STRINGS).unique(Unique::Key),
    attribute("cgroup", word(&["host", "private"])),
    attribute("cgroup_parent", STRING),
    attribute("command", COMMAND).merged(Merge::Replace),
    attribute("configs", GRANTS).unique(Unique::MountTarget("")),
    attribute("container_name", CONTAINER_NAME),
    attribute("cpu_count", bounded(0, i64::MAX)).cast(Cast::Integer),
    attribute("cpu_percent", bounded(0, 100)).cast(Cast::Float),
    attribute("cpu_period", NUMBER_OR_STRING).cast(Cast::Integer),
    attribute("cpu_quota", NUMBER_OR_STRING).cast(Cast::Integer),
    attribute("cpu_rt_period", NUMBER_OR_STRING).cast(Cast::Integer),
    attribute("cpu_rt_runtime", NUMBER_OR_STRING).cast(Cast::Integer),
    attribute("cpu_shares", NUMBER_OR_STRING).cast(Cast::Integer),
    attribute("cpus", NUMBER_OR_STRING).cast(Cast::Float32),
    attribute("cpuset", STRING),
    attribute("credential_spec", CREDENTIAL_SPEC),
    attribute("depends_on", DEPENDS_ON).merged(Merge::DependsOn),
    attribute("deploy", DEPLOY),
    attribute("develop", DEVELOP),
    attribute("device_cgroup_rules", DISTINCT_STRINGS),
    attribute("devices", DEVICES).unique(Unique::DeviceTarget),
    attribute("dns", STRING_OR_LIST).merged(Merge::Sequence).unique(Unique::Key),
    attribute("dns_opt", DISTINCT_STRINGS).merged(Merge::Sequence).unique(Unique::Key),
    attribute("dns_search", STRING_OR_LIST).merged(Merge::Sequence).unique(Unique::Key),
    attribute("domainname", STRING),
    attribute("entrypoint", COMMAND).merged(Merge::Replace),
    attribute("env_file", ENV_FILE).merged(Merge::Sequence).unique(Unique::EnvFile),
    attribute("environment", LIST_OR_DICT).merged(Merge::Sequence).unique(Unique::Key),
    attribute("expose", DISTINCT_NUMBERS_OR_STRINGS).unique(Unique::Exposed),
    attribute("extends", EXTENDS),
    attribute("external_links", DISTINCT_STRINGS),
    attribute("extra_hosts", EXTRA_HOSTS).merged(Merge::ExtraHosts),
    attribute("gpus", GPUS),
    attribute("group_add", DISTINCT_NUMBERS_OR_STRINGS),
    attribute("healthcheck", HEALTHCHECK),
    attribute("hostname", STRING),
    attribute("image", STRING),
    attribute("init", BOOLEAN_OR_STRING).cast(Cast::Boolean),
    attribute("ipc", STRING),
    attribute("isolation", STRING),
    attribute("label_file", STRING_OR_LIST_WITH_REPEATS).merged(Merge::Sequence),
    attribute("labels", LIST_OR_DICT).merged(Merge::Sequence).unique(Unique::Key),
    attribute("links", DISTINCT_STRINGS).unique(Unique::Key),
    attribute("logging", LOGGING).merged(Merge::Logging),
    attribute("mac_address", STRING),
    attribute("mem_limit", NUMBER_OR_STRING),
    attribute("mem_reservation", INTEGER_OR_STRING),
    attribute("mem_swappiness", INTEGER_OR_STRING),
    attribute("memswap_limit", NUMBER_OR_STRING),
    attribute("models", MODELS).merged(Merge::Names),
    attribute("network_mode", STRING),
    attribute("networks", NETWORKS).merged(Merge::Names),
    attribute("oom_kill_disable", BOOLEAN_OR_STRING).cast(Cast::Boolean),
    attribute("oom_score_adj", bounded(-1000, 1000)).cast(Cast::Integer),
    attribute("pid", STRING_OR_NULL),
    attribute("pids_limit", NUMBER_OR_STRING).cast(Cast::Integer),
    attribute("platform", STRING),
    attribute("ports", PORTS).unique(Unique::Port),
    attribute("post_start", HOOKS),
    attribute("pre_stop", HOOKS),
    attribute("privileged", BOOLEAN_OR_STRING).cast(Cast::Boolean),
    attribute("profiles", DISTINCT_STRINGS).unique(Unique::Key),
    attribute("provider", PROVIDER),
    attribute("pull_policy", PULL_POLICY),
    attribute("pull_refresh_after", STRING),
    attribute("read_only", BOOLEAN_OR_STRING).cast(Cast::Boolean),
    attribute("restart", STRING),
    attribute("runtime", STRING),
    attribute("scale", INTEGER_OR_STRING).cast(Cast::Integer),
    attribute("secrets", GRANTS).unique(Unique::MountTarget("/run/secrets")),
    attribute("security_opt", DISTINCT_STRINGS),
    attribute("shm_size", NUMBER_OR_STRING),
    attribute("stdin_open", BOOLEAN_OR_STRING).cast(Cast::Boolean),
    attribute("stop_grace_period", STRING),
    attribute("stop_signal", STRING),
    attribute("storage_opt", STORAGE_OPTIONS),
    attribute("sysctls", LIST_OR_DICT).merged(Merge::Sequence).unique(Unique::Key),
    attribute("tmpfs", STRING_OR_LIST).merged(Merge::Sequence).unique(Unique::Key),
    attribute("tty", BOOLEAN_OR_STRING).cast(Cast::Boolean),
    attribute("ulimits", SERVICE_ULIMITS),
    attribute("use_api_socket", BOOLEAN),
    attribute("user", STRING),
    attribute("userns_mode", STRING),
    attribute("uts", STRING),
    attribute("volumes", VOLUMES).unique(Unique::VolumeTarget),
    attribute("volumes_from", DISTINCT_STRINGS),
    attribute("working_dir", STRING),
]));

const CONTAINER_NAME: Shape = Shape::Scalar(Scalar {
    types: Types::STRING,
    limit: Limit::Pattern(Pattern::ContainerName),
});

const PULL_POLICY: Shape = Shape::Scalar(Scalar {
    types: Types::STRING,
    limit: Limit::Pattern(Pattern::PullPolicy),
});

const DISTINCT_NUMBERS_OR_STRINGS: Shape = Shape::List(&list(NUMBER_OR_STRING, Repeats::Refused));

const BLOCK_IO: Shape = Shape::Mapping(&closed(&[
    attribute("device_read_bps", BLOCK_IO_LIMITS),
    attribute("device_read_iops", BLOCK_IO_LIMITS),
    attribute("device_write_bps", BLOCK_IO_LIMITS),
    attribute("device_write_iops", BLOCK_IO_LIMITS),
    attribute("weight", INTEGER_OR_STRING),
    attribute(
        "weight_device",
        Shape::List(&list(
            Shape::Mapping(&closed(&[attribute("path", STRING), attribute("weight", INTEGER_OR_STRING)])),
            Repeats::Allowed,
        )),
    ),
]));

const BLOCK_IO_LIMITS: Shape = Shape::List(&list(
    Shape::Mapping(&closed(&[attribute("path", STRING), attribute("rate", INTEGER_OR_STRING)])),
    Repeats::Allowed,
));

const CREDENTIAL_SPEC: Shape = Shape::Mapping(&extensible(&[
    attribute("config", STRING),
    attribute("file", STRING),
    attribute("registry", STRING),
]));

const DEPENDS_ON: Shape = Shape::OneOf(&[
    DISTINCT_STRINGS,
    Shape::Mapping(&entries_of(&Entries {
        key: KeyForm::Name,
        rule: Rule::new(Shape::Mapping(&requiring(
            extensible(&[
                attribute(
                    "condition",
                    word(&["service_started", "service_healthy", "service_completed_successfully"]),
                ),
                attribute("required", BOOLEAN),
                attribute("restart", BOOLEAN_OR_STRING),
            ]),
            &["condition"],
        ))),
        noun: "service",
        closed: true,
    })),
]);

const DEVICES: Shape = Shape::List(&list(
    Shape::OneOf(&[
        STRING,
        Shape::Mapping(&requiring(
            extensible(&[
                attribute("permissions", STRING),
                attribute("source", STRING),
                attribute("target", STRING),
            ]),
            &["source"],
        )),
    ]),
    Repeats::Allowed,
));

const ENV_FILE: Shape = Shape::OneOf(&[
    STRING,
    Shape::List(&list(
        Shape::OneOf(&[
            STRING,
            Shape::Mapping(&requiring(
                closed(&[
                    attribute("format", STRING),
                    attribute("path", STRING),
                    attribute("required", BOOLEAN_OR_STRING),
                ]),
                &["path"],
            )),
        ]),
        Repeats::Allowed,
    )),
]);

const EXTENDS: Shape = Shape::OneOf(&[
    STRING,
    Shape::Mapping(&requiring(
        closed(&[attribute("file", STRING), attribute("service", STRING)]),
        &["service"],
    )),
]);

const HEALTHCHECK: Shape = Shape::Mapping(&extensible(&[
    attribute("disable", BOOLEAN_OR_STRING).cast(Cast::Boolean),
    attribute("interval", STRING),
    attribute("retries", NUMBER_OR_STRING).cast(Cast::Integer),
    attribute("start_interval", STRING),
    attribute("start_period", STRING),
    attribute("test", STRING_OR_LIST_WITH_REPEATS).merged(Merge::Replace),
    attribute("timeout", STRING),
]));

const HOOKS: Shape = Shape::List(&list(HOOK, Repeats::Allowed));

const LOGGING: Shape = Shape::Mapping(&extensible(&[
    attribute("driver", STRING),
    attribute(
        "options",
        Shape::Mapping(&entries_of(&Entries {
            key: KeyForm::OneLine,
            rule: Rule::new(scalar(Types::STRING.or(Types::NUMBER).or(Types::NULL))),
            noun: "option",
            closed: false,
        })),
    ),
]));

const MODELS: Shape = Shape::OneOf(&[
    DISTINCT_STRINGS,
    Shape::Mapping(&entries_of(&Entries {
        key: KeyForm::Name,
        rule: Rule::new(Shape::OneOf(&[
            scalar(Types::NULL),
            Shape::Mapping(&extensible(&[attribute("endpoint_var", STRING), attribute("model_var", STRING)])),
        ])),
        noun: "model",
        closed: false,
    })),
]);

const NETWORKS: Shape = Shape::OneOf(&[
    DISTINCT_STRINGS,
    Shape::Mapping(&entries_of(&Entries {
        key: KeyForm::Name,
        rule: Rule::new(Shape::OneOf(&[
            scalar(Types::NULL),
            Shape::Mapping(&extensible(&[
                attribute("aliases", DISTINCT_STRINGS).unique(Unique::Key),
                attribute("driver_opts", DRIVER_OPTIONS),
                attribute("gw_priority", NUMBER),
                attribute("interface_name", STRING),
                attribute("ipv4_address", STRING),
                attribute("ipv6_address", STRING),
                attribute("link_local_ips", DISTINCT_STRINGS).unique(Unique::Key),
                attribute("mac_address", STRING),
                attribute("priority", NUMBER),
            ])),
        ])),
        noun: "network",
        closed: true,
    })),
]);

const PORTS: Shape = Shape::List(&list(
    Shape::OneOf(&[
        NUMBER_OR_STRING,
        Shape::Mapping(&extensible(&[
            attribute("app_protocol", STRING),
            attribute("host_ip", STRING),
            attribute("mode", STRING),
            attribute("name", STRING),
            attribute("protocol", STRING),
            attribute("published", INTEGER_OR_STRING),
            attribute("target", INTEGER_OR_STRING).cast(Cast::Integer),
        ])),
    ]),
    Repeats::Refused,
));

const PROVIDER: Shape = Shape::Mapping(&requiring(
    extensible(&[
        attribute(
            "options",
            Shape::Mapping(&entries_of(&Entries {
                key: KeyForm::OneLine,
                rule: Rule::new(Shape::OneOf(&[
                    SIMPLE_OPTION,
                    Shape::List(&List {
                        item: SIMPLE_OPTION,
                        repeats: Repeats::Allowed,
                    }),
                ])),
                noun: "option",
                closed: false,
            })),
        ),
        attribute("type", STRING),
    ]),
    &["type"],
));

const SIMPLE_OPTION: Shape = scalar(Types::STRING.or(Types::NUMBER).or(Types::BOOLEAN));

const STORAGE_OPTIONS: Shape = Shape::Mapping(&Mapping {
    attributes: &[],
    others: Others::Any,
    required: &[],
});

const VOLUMES: Shape = Shape::List(&list(
    Shape::OneOf(&[
        STRING,
        Shape::Mapping(&requiring(
            extensible(&[
                attribute(
                    "bind",
                    Shape::Mapping(&extensible(&[
                        attribute("create_host_path", BOOLEAN_OR_STRING),
                        attribute("propagation", STRING),
                        attribute("recursive", word(&["enabled", "disabled", "writable", "readonly"])),
                        attribute("selinux", word(&["z", "Z"])),
                    ])),
                ),
                attribute("consistency", STRING),
                attribute("image", Shape::Mapping(&extensible(&[attribute("subpath", STRING)]))),
                attribute("read_only", BOOLEAN_OR_STRING).cast(Cast::Boolean),
                attribute("source", STRING),
                attribute("target", STRING),
                attribute(
                    "tmpfs",
                    Shape::Mapping(&extensible(&[
                        attribute("mode", NUMBER_OR_STRING),
                        attribute("size", bounded(0, i64::MAX)),
                    ])),
                ),
                attribute("type", word(&["bind", "volume", "tmpfs", "cluster", "npipe", "image"])),
                attribute(
                    "volume",
                    Shape::Mapping(&extensible(&[
                        attribute("labels", LIST_OR_DICT),
                        attribute("nocopy", BOOLEAN_OR_STRING).cast(Cast::Boolean),
                        attribute("subpath", STRING),
                    ])),
                ),
            ]),
            &["type"],
        )),
    ]),
    Repeats::Refused,
));
