use super::{assert_printed, assert_refused};

#[test]
fn volumes_short_and_long() {
    assert_printed(&[
        (
            "volumes: ['./a:/b:ro,z,rslave']",
            r#""volumes":[{"type":"bind","source":"./a","target":"/b","read_only":true,"bind":{"selinux":"z","propagation":"rslave","create_host_path":true}}]"#,
        ),
        (
            "volumes: [data:/b:nocopy]",
            r#""volumes":[{"type":"volume","source":"data","target":"/b","volume":{"nocopy":true}}]"#,
        ),
        (
            "volumes: [/anonymous]",
            r#""volumes":[{"type":"volume","target":"/anonymous","volume":{}}]"#,
        ),
        (
            "volumes: [{type: bind, source: /a, target: /b, consistency: cached, bind: {recursive: readonly}}]",
            r#""volumes":[{"type":"bind","source":"/a","target":"/b","consistency":"cached","bind":{"recursive":"readonly"}}]"#,
        ),
        (
            "volumes: [{type: volume, source: v, target: /b, volume: {labels: [a=1, b], subpath: x}}]",
            r#""volumes":[{"type":"volume","source":"v","target":"/b","volume":{"labels":{"a":"1","b":""},"subpath":"x"}}]"#,
        ),
        (
            "volumes: [{type: tmpfs, target: /t, tmpfs: {size: 1m, mode: 0o1777}}]",
            r#""volumes":[{"type":"tmpfs","target":"/t","tmpfs":{"size":"1048576","mode":1023}}]"#,
        ),
        (
            "volumes: [{type: image, source: i, target: /i, image: {subpath: bin}}, {type: npipe, source: p, target: q}]",
            r#""volumes":[{"type":"image","source":"i","target":"/i","image":{"subpath":"bin"}},{"type":"npipe","source":"p","target":"q"}]"#,
        ),
    ]);
    assert_refused(&[
        ("volumes: [':/x']", "':/x", "volumes[0]: an empty section between colons in `:/x`"),
        (
            "volumes: [{type: disk, target: /x}]",
            "disk",
            "volumes[0].type: unknown type of mount `disk`",
        ),
        (
            "volumes: [{type: tmpfs, target: /x, tmpfs: {mode: '7'}}]",
            "'7'",
            "volumes[0].tmpfs.mode: must be an integer, not a string",
        ),
        (
            "volumes: [{type: bind, source: a, target: b, bind: {made: 1}}]",
            "made",
            "volumes[0].bind: unknown attribute `made`",
        ),
    ]);
}

#[test]
fn secrets_and_configs() {
    assert_printed(&[
        ("secrets: [s]", r#""secrets":[{"source":"s","target":"/run/secrets/s"}]"#),
        (
            "secrets: [{source: s, target: t, uid: '1', gid: '2', mode: 0o440}]",
            r#""secrets":[{"source":"s","target":"t","uid":"1","gid":"2","mode":"0440"}]"#,
        ),
        ("configs: [c]", r#""configs":[{"source":"c"}]"#),
        (
            "configs: [{source: c, mode: '0440'}, {source: d, mode: 440}]",
            r#""configs":[{"source":"c","mode":"0440"},{"source":"d","mode":"0670"}]"#,
        ),
    ]);
    assert_refused(&[
        (
            "secrets: [{source: s, mode: rw}]",
            "rw",
            "secrets[0].mode: must be permission bits in octal, not `rw`",
        ),
        (
            "secrets: [{source: s, mode: '-1'}]",
            "'-1'",
            "secrets[0].mode: must be permission bits in octal, not `-1`",
        ),
        (
            "secrets: [{source: s, mode: -1}]",
            "-1",
            "secrets[0].mode: must be permission bits in octal, not `-1`",
        ),
        (
            "configs: [{source: s, mode: 1.5}]",
            "1.5",
            "configs[0].mode: must be permission bits, not a number",
        ),
    ]);
}

#[test]
fn other_storage() {
    assert_printed(&[
        ("tmpfs: /run", r#""tmpfs":["/run"]"#),
        (
            "tmpfs: [/run, '/tmp:size=1m'], read_only: true",
            r#""read_only":true,"tmpfs":["/run","/tmp:size=1m"]"#,
        ),
        (
            "shm_size: 64m, storage_opt: {size: 1}, volume_driver: d, volumes_from: ['b:ro']",
            r#""shm_size":"67108864","storage_opt":{"size":"1"},"volume_driver":"d","volumes_from":["b:ro"]"#,
        ),
    ]);
}
