//! What a container was made with, set by set, as the engine shows it and as it would be asked for now.

use super::Settings;
use crate::engine::ContainerSettings;
use crate::labels;
use crate::observe::Difference;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What a setting is where nobody asks for it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unasked {
    /// Nothing.
    Empty,
    /// Something that the image or the engine chooses.
    Chosen,
}

/// Settings of the processes, in the engine's words and the compose file's.
const PROCESS: [(&str, &str, Unasked); 11] = [
    ("User", "user", Unasked::Empty),
    ("WorkingDir", "working_dir", Unasked::Empty),
    ("Entrypoint", "entrypoint", Unasked::Empty),
    ("Cmd", "command", Unasked::Empty),
    ("Tty", "tty", Unasked::Empty),
    ("OpenStdin", "stdin_open", Unasked::Empty),
    ("StopSignal", "stop_signal", Unasked::Chosen),
    ("StopTimeout", "stop_grace_period", Unasked::Empty),
    ("Healthcheck", "healthcheck", Unasked::Empty),
    ("Hostname", "hostname", Unasked::Chosen),
    ("Domainname", "domainname", Unasked::Empty),
];

/// Settings that concern the host.
const HOST: [(&str, &str, Unasked); 37] = [
    ("Annotations", "annotations", Unasked::Empty),
    ("BlkioDeviceReadBps", "blkio_config.device_read_bps", Unasked::Empty),
    ("BlkioDeviceReadIOps", "blkio_config.device_read_iops", Unasked::Empty),
    ("BlkioDeviceWriteBps", "blkio_config.device_write_bps", Unasked::Empty),
    ("BlkioDeviceWriteIOps", "blkio_config.device_write_iops", Unasked::Empty),
    ("BlkioWeightDevice", "blkio_config.weight_device", Unasked::Empty),
    ("CapAdd", "cap_add", Unasked::Empty),
    ("CapDrop", "cap_drop", Unasked::Empty),
    ("CgroupParent", "cgroup_parent", Unasked::Empty),
    ("CgroupnsMode", "cgroup", Unasked::Chosen),
    ("DeviceCgroupRules", "device_cgroup_rules", Unasked::Empty),
    ("DeviceRequests", "gpus", Unasked::Empty),
    ("Devices", "devices", Unasked::Empty),
    ("Dns", "dns", Unasked::Empty),
    ("DnsOptions", "dns_opt", Unasked::Empty),
    ("DnsSearch", "dns_search", Unasked::Empty),
    ("ExtraHosts", "extra_hosts", Unasked::Empty),
    ("GroupAdd", "group_add", Unasked::Empty),
    ("Init", "init", Unasked::Empty),
    ("IpcMode", "ipc", Unasked::Chosen),
    ("LogConfig", "logging", Unasked::Chosen),
    ("MemorySwappiness", "mem_swappiness", Unasked::Chosen),
    ("NetworkMode", "network_mode", Unasked::Chosen),
    ("OomScoreAdj", "oom_score_adj", Unasked::Empty),
    ("PidMode", "pid", Unasked::Empty),
    ("PortBindings", "ports", Unasked::Empty),
    ("Privileged", "privileged", Unasked::Empty),
    ("ReadonlyRootfs", "read_only", Unasked::Empty),
    ("Runtime", "runtime", Unasked::Chosen),
    ("SecurityOpt", "security_opt", Unasked::Chosen),
    ("ShmSize", "shm_size", Unasked::Chosen),
    ("StorageOpt", "storage_opt", Unasked::Empty),
    ("Sysctls", "sysctls", Unasked::Empty),
    ("Tmpfs", "tmpfs", Unasked::Empty),
    ("UTSMode", "uts", Unasked::Empty),
    ("Ulimits", "ulimits", Unasked::Chosen),
    ("UsernsMode", "userns_mode", Unasked::Chosen),
];

/// The settings of a container that differ. `defaults` are those of the image that it was made from.
pub(super) fn settings(wanted: &ContainerSettings, found: &ContainerSettings, defaults: &Settings) -> Vec<Difference> {
    let asked = with_defaults(&wanted.process, defaults);
    let process = differing(&PROCESS, &asked, &found.process);
    let host = differing(&HOST, &wanted.host, &found.host);
    let mut fields: BTreeSet<String> = process.chain(host).map(str::to_owned).collect();
    if is_other_image(&wanted.process, &found.process) {
        fields.insert("image".to_owned());
    }
    let names = differing_keys(&environment(&asked), &environment(&found.process));
    fields.extend(names.iter().map(|name| format!("environment.{name}")));
    let names = differing_keys(&labels_of(&asked), &labels_of(&found.process));
    fields.extend(
        names
            .iter()
            .filter(|label| !labels::is_own(label))
            .map(|label| labels::field_of(label)),
    );
    fields.extend(mounts(&wanted.host, &found.host));
    fields.into_iter().map(Difference::of).collect()
}

fn differing<'a>(
    table: &'a [(&'a str, &'a str, Unasked)],
    wanted: &'a Settings,
    found: &'a Settings,
) -> impl Iterator<Item = &'a str> + 'a {
    let differs = move |key: &str, unasked| {
        let (asked, shown) = (wanted.get(key), found.get(key));
        !(fits(asked, shown) || unasked == Unasked::Chosen && is_empty(asked))
    };
    table
        .iter()
        .filter(move |(key, _, unasked)| differs(key, *unasked))
        .map(|(_, field, _)| *field)
}

/// What a container gets that is asked for so, from this image.
fn with_defaults(wanted: &Settings, defaults: &Settings) -> Settings {
    let mut settings = wanted.clone();
    let keeps_command = is_empty(wanted.get("Entrypoint"));
    for key in ["User", "WorkingDir", "Entrypoint", "Cmd", "StopSignal"] {
        if is_empty(wanted.get(key)) && (key != "Cmd" || keeps_command) {
            settings.extend(defaults.get(key).map(|value| (key.to_owned(), value.clone())));
        }
    }
    let mut check = object(defaults, "Healthcheck");
    check.extend(object(wanted, "Healthcheck"));
    settings.insert("Healthcheck".to_owned(), Value::Object(check));
    let mut labels = object(defaults, "Labels");
    labels.extend(object(wanted, "Labels"));
    settings.insert("Labels".to_owned(), Value::Object(labels));
    let mut variables: Vec<Value> = list(defaults, "Env").to_vec();
    variables.extend(list(wanted, "Env").iter().cloned());
    settings.insert("Env".to_owned(), Value::Array(variables));
    settings
}

fn object(settings: &Settings, key: &str) -> Settings {
    settings.get(key).and_then(Value::as_object).cloned().unwrap_or_default()
}

fn list<'a>(settings: &'a Settings, key: &str) -> &'a [Value] {
    settings.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// An image that was pinned says nothing about its name.
fn is_other_image(wanted: &Settings, found: &Settings) -> bool {
    let name = |settings: &Settings| settings.get("Image").and_then(Value::as_str).map(str::to_owned).unwrap_or_default();
    let (asked, shown) = (name(wanted), name(found));
    let is_id = |name: &str| name.starts_with("sha256:");
    asked != shown && !is_id(&asked) && !is_id(&shown)
}

/// The variables; the last of a name counts, and one without a value takes it away.
fn environment(settings: &Settings) -> BTreeMap<String, Value> {
    let mut variables = BTreeMap::new();
    for entry in list(settings, "Env").iter().filter_map(Value::as_str) {
        match entry.split_once('=') {
            Some((name, value)) => variables.insert(name.to_owned(), Value::from(value)),
            None => variables.remove(entry),
        };
    }
    variables
}

fn labels_of(settings: &Settings) -> BTreeMap<String, Value> {
    object(settings, "Labels").into_iter().collect()
}

fn differing_keys(one: &BTreeMap<String, Value>, other: &BTreeMap<String, Value>) -> BTreeSet<String> {
    let keys = one.keys().chain(other.keys());
    keys.filter(|key| one.get(*key) != other.get(*key)).cloned().collect()
}

/// The paths in the container where something else is mounted. Anonymous volumes go over from one container to the next.
fn mounts(wanted: &Settings, found: &Settings) -> Vec<String> {
    let (asked, shown) = (mounted(wanted), mounted(found));
    let paths: BTreeSet<&String> = asked.keys().chain(shown.keys()).collect();
    let differs = |path: &&String| match (asked.get(*path), shown.get(*path)) {
        (Some(Mounted::Anonymous), Some(_)) | (None, Some(Mounted::Anonymous)) => false,
        (asked, shown) => asked != shown,
    };
    paths.into_iter().filter(differs).map(|path| format!("volumes.{path}")).collect()
}

#[derive(Debug, PartialEq)]
enum Mounted {
    /// A volume that has no name but a random one.
    Anonymous,
    /// Anything else, in the engine's words.
    As(Value),
}

fn mounted(host: &Settings) -> BTreeMap<String, Mounted> {
    let binds = list(host, "Binds").iter().filter_map(Value::as_str).filter_map(|bind| {
        let target = bind.split(':').nth(1)?;
        Some((target.to_owned(), Mounted::As(Value::from(bind))))
    });
    let mounts = list(host, "Mounts").iter().filter_map(|mount| {
        let target = mount.get("Target")?.as_str()?.to_owned();
        let source = mount.get("Source").and_then(Value::as_str).unwrap_or_default();
        let is_random = source.is_empty() || source.len() == 64 && source.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_volume = mount.get("Type").and_then(Value::as_str) == Some("volume");
        let entry = if is_volume && is_random {
            Mounted::Anonymous
        } else {
            Mounted::As(without_empty(mount))
        };
        Some((target, entry))
    });
    binds.chain(mounts).collect()
}

/// Whether two values are the same to the engine.
fn fits(one: Option<&Value>, other: Option<&Value>) -> bool {
    let plain = |value: Option<&Value>| value.map(without_empty).unwrap_or_default();
    plain(one) == plain(other)
}

fn is_empty(value: Option<&Value>) -> bool {
    value.is_none_or(|value| without_empty(value).is_null())
}

/// A value without what says nothing: the engine writes some defaults and leaves out others.
fn without_empty(value: &Value) -> Value {
    match value {
        Value::Bool(false) => Value::Null,
        Value::Number(number) if number.as_f64() == Some(0.0) => Value::Null,
        Value::String(text) if text.is_empty() => Value::Null,
        Value::String(text) => Value::from(text.strip_prefix("CAP_").unwrap_or(text)),
        Value::Array(list) if list.is_empty() => Value::Null,
        Value::Array(list) => list.iter().map(without_empty).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| (key.clone(), without_empty(value)));
            let filled: Settings = fields.filter(|(_, value)| !value.is_null()).collect();
            if filled.is_empty() { Value::Null } else { Value::Object(filled) }
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: &Value) -> Settings {
        value.as_object().cloned().expect("an object")
    }

    fn of(process: &Value, host: &Value) -> ContainerSettings {
        ContainerSettings {
            process: object(process),
            host: object(host),
        }
    }

    fn fields(wanted: &ContainerSettings, found: &ContainerSettings, defaults: &Value) -> Vec<String> {
        settings(wanted, found, &object(defaults))
            .into_iter()
            .map(|found| found.field)
            .collect()
    }

    #[test]
    fn what_the_image_and_the_engine_fill_in_is_no_difference() {
        let image = json!({"Env": ["PATH=/bin", "A=1"], "Cmd": ["run"], "WorkingDir": "/app", "Labels": {"made": "x"},
                           "Healthcheck": {"Test": ["CMD", "ok"], "Interval": 5}});
        let wanted = of(
            &json!({"Image": "web", "Env": ["A=2", "PATH"], "Labels": {"k": "v"}, "Healthcheck": {"Retries": 2}}),
            &json!({"CapAdd": ["NET_ADMIN"], "PortBindings": {}, "Binds": ["/a:/b"], "Mounts": [{"Type": "volume", "Target": "/v"}]}),
        );
        let found = of(
            &json!({"Image": "web", "Hostname": "1f2e", "Env": ["A=2"], "Cmd": ["run"], "WorkingDir": "/app", "Tty": false, "StopSignal": "SIGTERM",
                    "Labels": {"k": "v", "made": "x", "com.docker.compose.project": "shop"},
                    "Healthcheck": {"Test": ["CMD", "ok"], "Interval": 5, "Retries": 2}}),
            &json!({"CapAdd": ["CAP_NET_ADMIN"], "ShmSize": 67_108_864, "IpcMode": "private", "Binds": ["/a:/b"], "LogConfig": {"Type": "json-file"},
                    "Mounts": [{"Type": "volume", "Target": "/v", "Source": "f".repeat(64), "VolumeOptions": {}},
                               {"Type": "volume", "Target": "/of-image", "Source": "a".repeat(64)}]}),
        );
        assert_eq!(fields(&wanted, &found, &image), [] as [&str; 0]);
    }

    #[test]
    fn fields_have_the_names_of_the_compose_file_and_no_values() {
        let found = of(
            &json!({"Image": "web:1", "Cmd": ["a"], "Env": ["OLD=x", "SAME=1", "MODE=secret"], "Labels": {"dev.inertia.secret.pw": "1", "k": "v"}}),
            &json!({"Binds": ["/a:/b", "/x:/y"], "PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "80"}]}, "Privileged": true}),
        );
        let wanted = of(
            &json!({"Image": "web:2", "Cmd": ["b"], "Env": ["SAME=1", "MODE=other"], "Labels": {"dev.inertia.secret.pw": "2", "k": "w"}}),
            &json!({"Binds": ["/a:/b:ro", "/x:/y"], "PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "81"}]}}),
        );
        assert_eq!(
            fields(&wanted, &found, &json!({})),
            [
                "command",
                "environment.MODE",
                "environment.OLD",
                "image",
                "labels.k",
                "ports",
                "privileged",
                "secrets.pw",
                "volumes./b"
            ]
        );
    }
}
