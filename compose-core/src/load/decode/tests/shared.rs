use super::project;
use crate::model::{Any, SecretSource};
use crate::print;

/// The YAML that is printed of a section.
fn printed(text: &str) -> String {
    let project = project(text).unwrap_or_else(|found| panic!("{found:?}"));
    let yaml = print::yaml(&project);
    yaml.trim_start_matches("name: p\nservices: {}\n").to_owned()
}

#[test]
fn networks_keep_every_setting() {
    assert_eq!(
        printed(
            "networks: {n: {name: m, driver: d, driver_opts: {a: 1}, internal: true, attachable: true, enable_ipv4: false, \
             labels: [l=1], ipam: {driver: i, config: [{subnet: 10.0.0.0/8, gateway: 10.0.0.1, ip_range: 10.1.0.0/16, aux_addresses: {h: 10.0.0.2}}]}}}"
        ),
        "networks:\n  \"n\":\n    name: m\n    driver: d\n    driver_opts:\n      a: \"1\"\n    ipam:\n      driver: i\n      config:\n        \
         - subnet: 10.0.0.0/8\n          gateway: 10.0.0.1\n          ip_range: 10.1.0.0/16\n          aux_addresses:\n            h: 10.0.0.2\n    \
         internal: true\n    attachable: true\n    labels:\n      l: \"1\"\n    enable_ipv4: false\n"
    );
    let project = project("networks: {n: {ipam: {options: {o: 1}}}}").expect("it is fine");
    assert_eq!(project.networks["n"].ipam.options["o"], "1");
}

#[test]
fn volumes_keep_every_setting() {
    assert_eq!(
        printed("volumes: {v: {name: w, driver: d, driver_opts: {o: 1}, labels: {l: null}}, e: {external: true, name: f}}"),
        "volumes:\n  e:\n    name: f\n    external: true\n  v:\n    name: w\n    driver: d\n    driver_opts:\n      o: \"1\"\n    labels:\n      l: \"\"\n"
    );
}

#[test]
fn secrets_know_their_source() {
    let project = project(
        "{secrets: {f: {file: /x}, e: {environment: TOKEN}, u: {environment: UNSET}, o: {external: true}}, configs: {c: {content: text}}}",
    )
    .expect("it is fine");
    let environment = |variable: &str, value: Option<&str>| SecretSource::Environment {
        variable: variable.to_owned(),
        value: value.map(str::to_owned),
    };
    assert_eq!(project.secrets["f"].source, SecretSource::File("/x".into()));
    assert_eq!(project.secrets["e"].source, environment("TOKEN", Some("secret")));
    assert_eq!(project.secrets["u"].source, environment("UNSET", None));
    assert_eq!(
        (&project.secrets["o"].source, project.secrets["o"].external),
        (&SecretSource::None, true)
    );
    assert_eq!(project.configs["c"].source, SecretSource::Content("text".to_owned()));
}

#[test]
fn models_and_extensions() {
    let project =
        project("{models: {m: {model: x, context_size: 5, runtime_flags: [a], x-m: 1}}, volumes: {v: {x-v: [1]}}}").expect("it is fine");
    let model = &project.models["m"];
    assert_eq!(
        (model.model.as_deref(), model.context_size, model.runtime_flags.as_slice()),
        (Some("x"), Some(5), ["a".to_owned()].as_slice())
    );
    assert_eq!(model.extensions["x-m"], Any::Int(1));
    assert_eq!(project.volumes["v"].extensions["x-v"], Any::List(vec![Any::Int(1)]));
}

#[test]
fn unknown_settings_are_refused_by_name() {
    for (text, message) in [
        ("networks: {n: {drivers: x}}", "networks.n: unknown attribute `drivers`"),
        ("volumes: {v: {nmae: x}}", "volumes.v: unknown attribute `nmae`"),
        ("secrets: {s: {files: x}}", "secrets.s: unknown attribute `files`"),
        ("models: {m: {size: x}}", "models.m: unknown attribute `size`"),
        ("netwroks: {}", "unknown attribute `netwroks`"),
        (
            "networks: {n: {internal: maybe}}",
            "networks.n.internal: must be true or false, not `maybe`",
        ),
    ] {
        let found = project(text).expect_err(text);
        assert_eq!(found.iter().map(|found| found.message.as_str()).collect::<Vec<_>>(), [message]);
    }
}
