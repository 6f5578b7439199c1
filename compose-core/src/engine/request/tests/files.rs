//! Secrets and configs.

use super::{Case, said};
use crate::engine::request::{PathMap, Upload};
use crate::model::{FileGrant, Secret, SecretSource};
use serde_json::json;
use std::io::Read as _;

/// The files of archives: path, and `mode uid gid text`.
pub(super) fn entries(uploads: &[Upload]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for upload in uploads {
        assert_eq!(upload.folder, "/");
        for entry in tar::Archive::new(upload.tar.as_slice()).entries().expect("an archive") {
            let mut entry = entry.expect("an entry");
            let path = entry.path().expect("a path").display().to_string();
            let header = entry.header();
            let (mode, uid, gid) = (header.mode(), header.uid(), header.gid());
            let mut text = String::new();
            entry.read_to_string(&mut text).expect("text");
            let bits = format!("{:o} {} {}", mode.expect("mode"), uid.expect("uid"), gid.expect("gid"));
            found.push((path, format!("{bits} {text}")));
        }
    }
    found
}

fn grant(source: &str) -> FileGrant {
    FileGrant {
        source: source.to_owned(),
        ..FileGrant::default()
    }
}

fn at(source: &str, target: &str) -> FileGrant {
    FileGrant {
        target: Some(target.to_owned()),
        ..grant(source)
    }
}

fn owned(grant: FileGrant, uid: &str) -> FileGrant {
    FileGrant {
        uid: Some(uid.to_owned()),
        gid: Some("1001".to_owned()),
        mode: Some(0o440),
        ..grant
    }
}

fn source(source: SecretSource) -> Secret {
    Secret {
        source,
        ..Secret::default()
    }
}

fn variable(value: Option<&str>) -> Secret {
    source(SecretSource::Environment {
        variable: "TOKEN".to_owned(),
        value: value.map(str::to_owned),
    })
}

fn granted(secrets: Vec<FileGrant>, configs: Vec<FileGrant>) -> Case {
    Case::with(|case| {
        case.project.secrets = [
            ("file".into(), source(SecretSource::File("/srv/shop/s.txt".into()))),
            ("value".into(), variable(Some("s3cret"))),
            ("unset".into(), variable(None)),
            ("nothing".into(), source(SecretSource::None)),
        ]
        .into();
        case.project.configs = [
            ("file".into(), source(SecretSource::File("/srv/shop/c.txt".into()))),
            ("text".into(), source(SecretSource::Content("hey".to_owned()))),
        ]
        .into();
        case.service.storage.secrets = secrets;
        case.service.storage.configs = configs;
    })
}

#[test]
fn files_of_the_host_are_mounted() {
    let case = granted(
        vec![grant("file"), at("file", "other"), at("file", "/abs")],
        vec![grant("file"), at("file", "/etc/c")],
    );
    let file = |name: &str, target: &str| json!({"Type": "bind", "Source": format!("/srv/shop/{name}"), "Target": target, "ReadOnly": true, "BindOptions": {}});
    assert_eq!(
        said(&case.body()),
        json!({"HostConfig": {"Mounts": [
            file("s.txt", "/abs"),
            file("c.txt", "/etc/c"),
            file("c.txt", "/file"),
            file("s.txt", "/run/secrets/file"),
            file("s.txt", "/run/secrets/other"),
        ]}})
    );
    assert!(case.request().expect("a request").uploads.is_empty());
}

#[test]
fn files_have_the_host_s_path_and_owner() {
    let mut case = granted(vec![owned(grant("file"), "1000")], Vec::new());
    case.paths = PathMap::identity().with("/srv", "/mnt");
    assert_eq!(case.body()["HostConfig"]["Mounts"][0]["Source"], "/mnt/shop/s.txt");
    let warnings = case.request().expect("a request").warnings;
    assert!(warnings.len() == 1 && warnings[0].contains("secret `file`"), "{warnings:?}");
}

#[test]
fn values_are_written_with_owner_and_mode() {
    let case = granted(
        vec![grant("value"), owned(at("value", "named"), "1000")],
        vec![grant("text"), at("text", "/etc/app/c")],
    );
    assert_eq!(said(&case.body()), json!({}));
    let expected = [
        ("run/secrets/value", "444 0 0 s3cret"),
        ("run/secrets/named", "440 1000 1001 s3cret"),
        ("text", "444 0 0 hey"),
        ("etc/app/c", "444 0 0 hey"),
    ];
    assert_eq!(
        entries(&case.request().expect("a request").uploads),
        expected.map(|(path, rest)| (path.to_owned(), rest.to_owned()))
    );
}

#[test]
fn what_is_not_there_is_refused() {
    for (key, part) in [
        ("unset", "`TOKEN`, which is not set"),
        ("nothing", "neither a file nor a value"),
        ("absent", "neither a file nor a value"),
    ] {
        let problem = granted(vec![grant(key)], Vec::new()).problem();
        assert!(
            problem.starts_with(&format!("secret `{key}`")) && problem.contains(part),
            "{problem}"
        );
    }
    let named = granted(vec![owned(grant("value"), "root")], Vec::new()).problem();
    assert!(named.starts_with("`uid: root`"), "{named}");
    let escaping = granted(Vec::new(), vec![at("text", "/../x")]).problem();
    assert!(escaping.starts_with("`target: /../x`"), "{escaping}");
}

#[test]
fn what_only_an_orchestrator_has_is_refused() {
    let with = |change: fn(&mut Secret)| {
        let mut case = granted(Vec::new(), vec![grant("text")]);
        change(case.project.configs.get_mut("text").expect("set above"));
        case.problem()
    };
    assert!(with(|c| c.external = true).starts_with("config `text` is external"));
    assert_eq!(
        with(|c| c.driver = Some("x".to_owned())),
        "`configs.text.driver` has no meaning outside Swarm"
    );
    assert!(with(|c| c.template_driver = Some("x".to_owned())).starts_with("`configs.text.template_driver`"));
}

#[test]
fn values_need_a_root_that_can_be_written() {
    let mut case = granted(vec![grant("file"), grant("value")], Vec::new());
    case.service.storage.read_only = true;
    assert!(case.problem().starts_with("secret `value` is no file"), "{}", case.problem());
    case.service.storage.secrets.pop();
    assert!(case.request().is_ok(), "files are mounted");
}
