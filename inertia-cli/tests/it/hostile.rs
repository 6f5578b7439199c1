//! Files that somebody wrote to hurt: an answer in bounded time and memory, never a crash.

use crate::place::{Place, Told};
use std::fmt::Write as _;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::{Duration, Instant};

/// The most memory that a load may map, in KiB; a debug build with its threads takes a third of it.
const MOST_MEMORY: u32 = 1_500_000;
/// The longest time that a load may take, on a busy machine and in a debug build.
const MOST_TIME: Duration = Duration::from_secs(90);

/// Runs `inertia compose … config --quiet`, bounded.
fn config(place: &Place, arguments: &[&str]) -> Told {
    let inertia = place.command(&place.path());
    let mut bounded = Command::new("/bin/sh");
    bounded
        .args(["-c", &format!("ulimit -v {MOST_MEMORY}; exec \"$0\" \"$@\"")])
        .arg(inertia.get_program())
        .arg("compose")
        .args(arguments)
        .args(["config", "--quiet"])
        .current_dir(place.path())
        .env_clear()
        .env("HOME", place.path());
    let started = Instant::now();
    let done = bounded.output().unwrap();
    assert!(started.elapsed() < MOST_TIME, "it took {:?}", started.elapsed());
    Told {
        code: done.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&done.stdout).into_owned(),
        err: String::from_utf8_lossy(&done.stderr).into_owned(),
    }
}

/// Asserts that a project is refused with a code.
fn refused(place: &Place, arguments: &[&str], code: &str) {
    let told = config(place, arguments);
    assert_eq!((told.code, told.out.as_str()), (1, ""), "{:.2000}", told.err);
    assert!(told.err.contains(&format!("error[{code}]")), "not {code}: {:.2000}", told.err);
    assert!(told.err.len() < 200_000, "the answer has {} bytes", told.err.len());
}

fn refused_text(compose: &str, code: &str) {
    let place = Place::new();
    place.file("compose.yaml", compose);
    refused(&place, &[], code);
}

#[test]
fn aliases_of_aliases() {
    let mut bomb = String::from("x-a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    let mut merged = String::from("x-a0: &a0 {k0: v}\n");
    for level in 1..30 {
        let below = level - 1;
        let _ = writeln!(bomb, "x-a{level}: &a{level} [{}]", vec![format!("*a{below}"); 10].join(", "));
        let _ = writeln!(
            merged,
            "x-a{level}: &a{level} {{k: [*a{below}, *a{below}], <<: [*a{below}, *a{below}]}}"
        );
    }
    refused_text(&bomb, "too-large");
    refused_text(&merged, "too-large");
}

#[test]
fn deep_nesting() {
    refused_text(&format!("x-a: {}", "[".repeat(200_000)), "too-large");
    refused_text(&format!("x-a: {}", "{a: ".repeat(200_000)), "too-large");
    let mut stairs = String::from("x-a:\n");
    for level in 1..2_000 {
        let _ = writeln!(stairs, "{}a:", " ".repeat(level));
    }
    refused_text(&stairs, "too-large");
    refused_text(&format!("x-a: {}1", "- ".repeat(200_000)), "yaml-syntax");
    refused_text(
        &format!("services: {{a: {{image: '{}'}}}}", "${A:-".repeat(100_000)),
        "invalid-interpolation",
    );
}

#[test]
fn variables_made_of_variables() {
    let place = Place::new();
    let mut variables = String::from("A0=xxxxxxxxxx\n");
    for level in 1..40 {
        let _ = writeln!(variables, "A{level}={}", format!("${{A{}}}", level - 1).repeat(4));
    }
    place.file(".env", &variables);
    place.file("compose.yaml", "services: {a: {image: x}}\n");
    refused(&place, &[], "too-large");
}

#[test]
fn large_files() {
    let place = Place::new();
    let large = std::fs::File::create(place.path().join("compose.yaml")).unwrap();
    large.set_len(100 * 1024 * 1024).unwrap();
    refused(&place, &[], "too-large");
    refused(&place, &["-f", "/dev/zero"], "too-large");

    place.file(
        "huge.yaml",
        &format!("services: {{a: {{image: x, command: [{}]}}}}", "y".repeat(15 * 1024 * 1024)),
    );
    assert_eq!(config(&place, &["-f", "huge.yaml"]).code, 0, "one long text is odd, and no attack");
    place.file("many.yaml", &format!("x-a: [{}]", "a,".repeat(7 * 1024 * 1024)));
    refused(&place, &["-f", "many.yaml"], "too-large");
    place.file("env.yaml", "services: {a: {image: x, env_file: /dev/zero}}\n");
    refused(&place, &["-f", "env.yaml"], "too-large");
}

#[test]
fn bytes_that_are_no_text() {
    let place = Place::new();
    for bytes in [
        &b"services: {a: {image: \xff}}"[..],
        b"services: {a: {image: \0}}",
        b"\0\0\0\0",
        b"\xff\xfe\0\xd8",
    ] {
        std::fs::write(place.path().join("compose.yaml"), bytes).unwrap();
        refused(&place, &[], "yaml-encoding");
    }
}

#[test]
fn ranges_of_ports() {
    let ports: Vec<_> = (1..250).map(|address| format!("'127.0.0.{address}:1-65535:1-65535'")).collect();
    let ports = ports.join(", ");
    refused_text(&format!("services: {{a: {{image: x, ports: [{ports}]}}}}"), "too-large");
}

#[test]
fn services_in_circles() {
    let mut extends = String::from("services:\n");
    let mut depends = String::from("services:\n");
    for number in 0..1_000 {
        let next = (number + 1) % 1_000;
        let _ = writeln!(extends, "  s{number}: {{extends: s{next}}}");
        let _ = writeln!(depends, "  s{number}: {{image: x, depends_on: [s{next}]}}");
    }
    refused_text(&extends, "extends-cycle");
    refused_text(&depends, "dependency-cycle");
}

#[test]
fn files_that_include_more_and_more() {
    let place = Place::new();
    for level in 0..45 {
        let next = level + 1;
        place.file(
            &format!("f{level}.yaml"),
            &format!("include: [f{next}.yaml, f{next}.yaml, f{next}.yaml]\n"),
        );
    }
    place.file("f45.yaml", "services: {a: {image: x}}\n");
    refused(&place, &["-f", "f0.yaml"], "too-large");
}

#[test]
fn links_in_circles() {
    let place = Place::new();
    symlink("loop.yaml", place.path().join("loop.yaml")).unwrap();
    symlink(".", place.path().join("here")).unwrap();
    refused(&place, &["-f", "loop.yaml"], "no-compose-file");
    place.file("compose.yaml", "include: [loop.yaml]\n");
    refused(&place, &[], "file-unreadable");
    // The file includes itself under ever longer names, until the system has had enough.
    place.file("compose.yaml", "include: [here/compose.yaml]\n");
    refused(&place, &[], "file-unreadable");
}
