//! What becomes of services that extend others.

use crate::load::stage::{Stage, Stages};
use crate::load::testing::{at, load};

/// Everything but what is implied, and paths as written.
const PLAIN: Stages = Stages::ALL.without(Stage::Normalization).without(Stage::PathResolution);

fn extended(main: &str, base: &str, place: &str) -> Result<String, String> {
    load(&[("/p/compose.yaml", main), ("/p/sub/base.yaml", base)], PLAIN).map(|tree| at(&tree, place))
}

#[test]
fn a_service_is_put_over_what_it_extends() {
    for (services, web) in [
        ("{web: {extends: db, image: x}, db: {image: y, tty: true}}", "{image: x, tty: true}"),
        (
            "{web: {extends: {service: db}, command: null}, db: {image: y, command: c}}",
            "{image: y, command: null}",
        ),
        (
            "{web: {extends: b, cap_add: [W]}, b: {extends: c, cap_add: [B]}, c: {image: y, cap_add: [C]}}",
            "{image: y, cap_add: [C, B, W]}",
        ),
        ("{web: {extends: b, ports: !reset []}, b: {image: y, ports: ['80']}}", "{image: y}"),
        (
            "{web: {extends: b, cap_add: !override [W]}, b: {image: y, cap_add: [B]}}",
            "{image: y, cap_add: [W]}",
        ),
        ("{web: {extends: {service: b, anything: else}}, b: {image: y}}", "{image: y}"),
        (
            "{web: {extends: b, image: x}, b: {extends: c}, c: {image: y, user: u}}",
            "{image: x, user: u}",
        ),
    ] {
        assert_eq!(
            extended(&format!("services: {services}"), "", "services.web").as_deref(),
            Ok(web),
            "{services}"
        );
    }
}

#[test]
fn paths_of_another_file_start_at_its_folder() {
    let base = "{services: {b: {build: ctx, env_file: e, volumes: ['./data:/data', 'named:/n']}}, volumes: {named: {}}}";
    let web = |place: &str| {
        extended(
            "services: {web: {extends: {file: sub/base.yaml, service: b}}}",
            base,
            &format!("services.web.{place}"),
        )
    };
    assert_eq!(web("build").as_deref(), Ok("{context: sub/ctx}"));
    assert_eq!(web("env_file").as_deref(), Ok("[{path: sub/e, required: true}]"));
    let volumes = web("volumes").expect("it loads");
    assert!(
        volumes.contains("source: sub/data") && volumes.contains("source: named,"),
        "{volumes}"
    );
}

#[test]
fn only_the_service_comes_from_another_file() {
    let base = "{name: other, services: {b: {image: x, networks: [n]}, odd: {colour: red}}, networks: {n: {}}, include: [nowhere.yaml]}";
    let main = "services: {web: {extends: {file: sub/base.yaml, service: b}}}";
    assert_eq!(extended(main, base, "networks").as_deref(), Ok("nothing"));
    assert_eq!(extended(main, base, "services.web.networks").as_deref(), Ok("{n: null}"));
}

#[test]
fn chains_run_over_files() {
    let base = "services: {b: {extends: c, user: b}, c: {extends: {file: sub/top.yaml, service: d}, image: c}}";
    let files = [
        (
            "/p/compose.yaml",
            "services: {web: {extends: {file: sub/base.yaml, service: b}, tty: true}}",
        ),
        ("/p/sub/base.yaml", base),
        ("/p/sub/sub/top.yaml", "services: {d: {image: d, hostname: d, env_file: e}}"),
    ];
    let tree = load(&files, PLAIN).expect("it loads");
    assert_eq!(
        at(&tree, "services.web"),
        "{image: c, hostname: d, env_file: [{path: sub/sub/e, required: true}], user: b, tty: true}"
    );
}

#[test]
fn every_service_that_cannot_be_extended_is_reported() {
    insta::assert_snapshot!(
        extended(
            "\
services:
  a: {extends: b, image: x}
  b: {extends: c}
  c: {extends: b}
  d: {extends: nobody}
  e: {extends: {file: sub/base.yaml, service: nobody}}
  f: {extends: {file: nowhere.yaml, service: g}}
  g: {extends: [a]}
  h: {extends: {file: sub/base.yaml}}
  i: {extends: {file: https://example.com/app.git, service: a}}
  j: {extends: k, ports: [80]}
  k: {image: x, ports: {a: b}}
  l: {extends: l}
",
            "services: {z: {}}",
            "services"
        )
        .expect_err("nothing of it is right")
    );
}

#[test]
fn a_row_of_services_has_an_end() {
    use std::fmt::Write as _;
    let mut main = String::from("services:\n");
    for number in 0..200 {
        let _ = writeln!(main, "  s{number}: {{image: x, extends: s{}}}", number + 1);
    }
    main.push_str("  s200: {image: x}\n");
    let refused = extended(&main, "", "services").expect_err("the row is too long");
    assert!(refused.contains("more than 100 services extend each other in a row"), "{refused}");
}
