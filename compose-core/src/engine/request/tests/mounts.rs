//! Binds, volumes and memory file systems.

use super::{Case, api, map, row, strings, table};
use crate::engine::request::{PathMap, volume};
use crate::model::{BindOptions, ByteSize, Mount, MountKind, TmpfsOptions, Volume, VolumeOptions};
use serde_json::{Value, json};

fn mount(kind: MountKind, source: Option<&str>, target: &str) -> Mount {
    Mount {
        kind,
        source: source.map(str::to_owned),
        target: target.to_owned(),
        read_only: false,
        consistency: None,
        bind: None,
        volume: None,
        tmpfs: None,
        image_subpath: None,
        extensions: crate::model::Extensions::new(),
    }
}

fn bind(source: &str, target: &str, change: impl FnOnce(&mut BindOptions)) -> Mount {
    let mut options = BindOptions {
        create_host_path: true,
        ..BindOptions::default()
    };
    change(&mut options);
    Mount {
        bind: Some(options),
        ..mount(MountKind::Bind, Some(source), target)
    }
}

fn mounted(minor: u32, mounts: Vec<Mount>) -> Case {
    Case::with(|case| {
        case.api = api(minor);
        case.service.storage.volumes = mounts;
        let data = Volume {
            name: Some("shop_data".into()),
            ..Volume::default()
        };
        case.project.volumes = [("data".into(), data)].into();
    })
}

/// The binds and mounts that come of some entries.
fn of(minor: u32, mounts: Vec<Mount>) -> (Value, Value) {
    let body = mounted(minor, mounts).body();
    (body["HostConfig"]["Binds"].clone(), body["HostConfig"]["Mounts"].clone())
}

#[test]
fn a_folder_that_may_be_missing_is_a_bind() {
    let read_only = Mount {
        read_only: true,
        ..bind("/h", "/b", |o| o.selinux = Some("z".to_owned()))
    };
    let binds = vec![
        bind("/h", "/a", |_| {}),
        read_only,
        bind("/h", "/c", |o| o.propagation = Some("rslave".to_owned())),
        mount(MountKind::Bind, Some("/h"), "/d"),
    ];
    assert_eq!(
        of(41, binds),
        (json!(["/h:/a:rw", "/h:/b:ro,z", "/h:/c:rw,rslave", "/h:/d:rw"]), Value::Null)
    );
}

#[test]
fn a_folder_that_must_be_there_is_a_mount() {
    let strict = bind("/h", "/a", |o| {
        o.create_host_path = false;
        o.propagation = Some("rslave".to_owned());
    });
    let expected = json!([{"Type": "bind", "Source": "/h", "Target": "/a", "BindOptions": {"Propagation": "rslave"}}]);
    assert_eq!(of(41, vec![strict]), (Value::Null, expected));
}

#[test]
fn what_binds_cannot_say_is_a_mount() {
    let colon = bind("/with:colon", "/a", |_| {});
    assert_eq!(of(41, vec![colon.clone()]).1[0]["BindOptions"], json!({}));
    assert_eq!(of(42, vec![colon]).1[0]["BindOptions"], json!({"CreateMountpoint": true}));
    for (recursive, minor, expected) in [
        ("disabled", 41, json!({"NonRecursive": true})),
        ("writable", 44, json!({"CreateMountpoint": true, "ReadOnlyNonRecursive": true})),
        ("readonly", 44, json!({"CreateMountpoint": true, "ReadOnlyForceRecursive": true})),
        ("enabled", 44, json!({"CreateMountpoint": true})),
    ] {
        let recursive = bind("/h", "/a", |o| o.recursive = Some(recursive.to_owned()));
        assert_eq!(of(minor, vec![recursive]).1[0]["BindOptions"], expected);
    }
    let old = mounted(43, vec![bind("/h", "/a", |o| o.recursive = Some("readonly".to_owned()))]);
    assert_eq!(
        old.problem(),
        "`bind.recursive: readonly` needs engine API 1.44, this engine speaks 1.43"
    );
}

#[test]
fn a_label_that_cannot_be_set_is_not_forgotten_in_silence() {
    let case = mounted(
        41,
        vec![bind("/h", "/a", |o| {
            o.create_host_path = false;
            o.selinux = Some("z".to_owned());
        })],
    );
    let warnings = case.request().expect("a request").warnings;
    assert!(
        warnings.len() == 1 && warnings[0].contains("selinux") && warnings[0].contains("/a"),
        "{warnings:?}"
    );
}

#[test]
fn paths_are_those_of_the_host() {
    let mut case = mounted(41, vec![bind("/work/data", "/a", |_| {})]);
    case.paths = PathMap::identity().with("/work", "/home/me/project");
    assert_eq!(case.body()["HostConfig"]["Binds"], json!(["/home/me/project/data:/a:rw"]));
}

#[test]
fn volumes() {
    let options = |change: fn(&mut VolumeOptions)| {
        let mut options = VolumeOptions::default();
        change(&mut options);
        Some(options)
    };
    let nocopy = Mount {
        read_only: true,
        volume: options(|o| o.nocopy = true),
        ..mount(MountKind::Volume, Some("data"), "/b")
    };
    let anonymous = Mount {
        volume: options(|o| o.labels = map([("q", "r")])),
        ..mount(MountKind::Volume, None, "/c")
    };
    let mounts = vec![
        mount(MountKind::Volume, Some("data"), "/a"),
        nocopy,
        anonymous,
        mount(MountKind::Volume, Some("else"), "/d"),
    ];
    assert_eq!(
        of(41, mounts).1,
        json!([
            {"Type": "volume", "Source": "shop_data", "Target": "/a"},
            {"Type": "volume", "Source": "shop_data", "Target": "/b", "ReadOnly": true, "VolumeOptions": {"NoCopy": true}},
            {"Type": "volume", "Target": "/c", "VolumeOptions": {"Labels": {"q": "r"}}},
            {"Type": "volume", "Source": "else", "Target": "/d"},
        ])
    );
    let part = Mount {
        volume: options(|o| o.subpath = Some("s".to_owned())),
        ..mount(MountKind::Volume, Some("data"), "/a")
    };
    assert_eq!(of(45, vec![part.clone()]).1[0]["VolumeOptions"], json!({"Subpath": "s"}));
    assert_eq!(
        mounted(44, vec![part]).problem(),
        "`volume.subpath` needs engine API 1.45, this engine speaks 1.44"
    );
}

#[test]
fn the_later_of_two_for_one_place_wins() {
    let mounts = vec![mount(MountKind::Volume, Some("data"), "/a/"), bind("/h", "/a", |_| {})];
    assert_eq!(of(41, mounts), (json!(["/h:/a:rw"]), Value::Null));
}

#[test]
fn anonymous_volumes_are_carried_over() {
    let mut case = mounted(
        41,
        vec![
            mount(MountKind::Volume, None, "/anon"),
            mount(MountKind::Volume, Some("data"), "/named"),
        ],
    );
    case.replica.inherited_volumes = map([("/anon", "1f"), ("/image", "2f"), ("/named", "3f")]);
    assert_eq!(
        case.body()["HostConfig"]["Mounts"],
        json!([
            {"Type": "volume", "Source": "1f", "Target": "/anon"},
            {"Type": "volume", "Source": "2f", "Target": "/image"},
            {"Type": "volume", "Source": "shop_data", "Target": "/named"},
        ])
    );
}

#[test]
fn memory_images_and_pipes() {
    let memory = Mount {
        tmpfs: Some(TmpfsOptions {
            size: Some(ByteSize(4096)),
            mode: Some(0o700),
            ..TmpfsOptions::default()
        }),
        ..mount(MountKind::Tmpfs, None, "/t")
    };
    let image = Mount {
        image_subpath: Some(Some("etc".to_owned())),
        ..mount(MountKind::Image, Some("busybox"), "/i")
    };
    let pipe = mount(MountKind::NamedPipe, Some(r"\\.\pipe\x"), r"\\.\pipe\y");
    let cluster = mount(MountKind::Cluster, Some("c"), "/z");
    assert_eq!(
        of(48, vec![memory, image.clone(), pipe, cluster]).1,
        json!([
            {"Type": "image", "Source": "busybox", "Target": "/i", "ImageOptions": {"Subpath": "etc"}},
            {"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"SizeBytes": 4096, "Mode": 0o700}},
            {"Type": "cluster", "Source": "c", "Target": "/z"},
            {"Type": "npipe", "Source": r"\\.\pipe\x", "Target": r"\\.\pipe\y"},
        ])
    );
    assert!(mounted(47, vec![image]).problem().contains("needs engine API 1.48"));
}

#[test]
fn the_rest_of_storage() {
    table([
        row(
            "tmpfs",
            |c| c.service.storage.tmpfs = strings(["/run/a", "/run/b:size=64m,mode=1770"]),
            json!({"HostConfig": {"Tmpfs": {"/run/a": "", "/run/b": "size=64m,mode=1770"}}}),
        ),
        row(
            "options",
            |c| {
                c.service.storage.read_only = true;
                c.service.storage.volume_driver = Some("nfs".to_owned());
                c.service.storage.storage_opt = map([("size", "1G")]);
            },
            json!({"HostConfig": {"ReadonlyRootfs": true, "VolumeDriver": "nfs", "StorageOpt": {"size": "1G"}}}),
        ),
    ]);
    let from = Case::with(|case| case.service.storage.volumes_from = strings(["db:ro", "db", "container:far:ro"])).with_peer("db", &["1f"]);
    assert_eq!(from.body()["HostConfig"]["VolumesFrom"], json!(["1f:ro", "1f", "far:ro"]));
}

#[test]
fn a_volume_is_made() {
    let case = mounted(41, Vec::new());
    let full = Volume {
        driver: Some("local".to_owned()),
        driver_opts: map([("type", "nfs")]),
        ..Volume::default()
    };
    let body = volume(&case.project, &"more".into(), &full, map([("l", "v")]));
    let expected = json!({"Name": "shop_more", "Labels": {"l": "v"}, "Driver": "local", "DriverOpts": {"type": "nfs"}});
    assert_eq!(serde_json::to_value(body).expect("JSON"), expected);
}
