use super::{assert_printed, assert_refused, service};
use crate::model::SshKey;

#[test]
fn a_text_is_the_context() {
    assert_printed(&[
        ("build: ./x", r#""build":{"context":"./x"}"#),
        ("build: {target: t}", r#""build":{"context":".","target":"t"}"#),
    ]);
}

#[test]
fn every_attribute_of_a_build() {
    assert_printed(&[
        (
            "build: {context: c, dockerfile: d, args: [A, B=1], labels: {l: 1}, cache_from: [x], cache_to: y, no_cache: true, pull: true}",
            r#""build":{"context":"c","dockerfile":"d","args":{"A":null,"B":"1"},"labels":{"l":"1"},"cache_from":["x"],"cache_to":["y"],"no_cache":true,"pull":true}"#,
        ),
        (
            "build: {context: c, additional_contexts: [a=b], extra_hosts: ['h=1.1.1.1'], isolation: i, network: n, platforms: [p], privileged: true}",
            r#""build":{"context":"c","additional_contexts":{"a":"b"},"extra_hosts":["h=1.1.1.1"],"isolation":"i","network":"n","platforms":["p"],"privileged":true}"#,
        ),
        (
            "build: {context: c, secrets: [s], shm_size: 1k, tags: [t], ulimits: {n: 1}, entitlements: [e], provenance: true, sbom: false}",
            r#""build":{"context":"c","entitlements":["e"],"provenance":"true","sbom":"false","secrets":[{"source":"s"}],"shm_size":"1024","tags":["t"],"ulimits":{"n":1}}"#,
        ),
        (
            "build: {context: c, dockerfile_inline: FROM x, no_cache_filter: [f]}",
            r#""build":{"context":"c","dockerfile_inline":"FROM x","no_cache_filter":["f"]}"#,
        ),
    ]);
    assert_refused(&[
        (
            "build: {context: c, no_cache: perhaps}",
            "perhaps",
            "build.no_cache: must be true or false, not `perhaps`",
        ),
        ("build: {context: c, file: d}", "file", "build: unknown attribute `file`"),
        (
            "build: {ssh: [mine]}",
            "mine",
            "build.ssh[0]: only `default` may stand without a path, not `mine`",
        ),
    ]);
}

#[test]
fn ssh_keys_and_agents() {
    let build = service("build: {ssh: [default, key=~/k]}").build.expect("it is built");
    let key = |id: &str, path: Option<&str>| SshKey {
        id: id.to_owned(),
        path: path.map(str::to_owned),
    };
    assert_eq!(build.ssh, [key("default", None), key("key", Some("~/k"))]);
}

#[test]
fn develop() {
    assert_printed(&[
        ("develop: {}", r#""develop":{}"#),
        (
            "develop: {watch: [{path: a, action: sync+exec, target: /t, ignore: [i], include: j, initial_sync: true, exec: {command: x y}}]}",
            r#""develop":{"watch":[{"path":"a","action":"sync+exec","target":"/t","exec":{"command":["x","y"]},"include":["j"],"ignore":["i"],"initial_sync":true}]}"#,
        ),
    ]);
    assert_refused(&[(
        "develop: {watch: [{path: a, action: copy}]}",
        "copy",
        "develop.watch[0].action: unknown action `copy`",
    )]);
}
