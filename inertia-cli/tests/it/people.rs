//! A second person comes in by one line, over HTTPS and with no SSH, and goes at once.

use crate::daemon::Daemon;
use crate::place::{Place, Told};
use serde_json::Value;

/// Runs a command in the folder of another person.
fn at(place: &Place, folder: &str, arguments: &[&str]) -> Told {
    place.inertia_in(&place.path().join(folder), arguments)
}

fn folder(place: &Place, name: &str) {
    place.file(&format!("{name}/inertia.toml"), "name = \"shop\"\n");
}

/// What `user add` prints, as words.
fn line(told: &Told) -> String {
    assert_eq!(told.code, 0, "{told:?}");
    let words: Vec<&str> = told.out.trim().split(' ').collect();
    assert_eq!(
        (words[0], words[1], words[3], words[4]),
        ("inertia", "join", "--as", "local"),
        "{told:?}"
    );
    assert_eq!(told.out.lines().count(), 1, "one line: {told:?}");
    words[2].trim_matches('\'').to_owned()
}

#[test]
fn each_person_may_do_what_the_role_allows() {
    let place = Place::new();
    let _daemon = Daemon::start(&place, &[]);
    let origin = place.path().join("origin");
    place.git(&["init", "-q", "-b", "main", "origin"]);
    folder(&place, "origin");
    place.git(&["-C", "origin", "add", "-A"]);
    place.git(&["-C", "origin", "commit", "-q", "-m", "first"]);
    place.git(&["-C", "origin", "remote", "add", "origin", origin.to_str().unwrap()]);
    let registered = at(&place, "origin", &["local", "init"]);
    assert_eq!(registered.code, 0, "{registered:?}");

    let read: &[&str] = &["history"];
    let deploy: &[&str] = &["up", "--detach"];
    let people: &[&str] = &["user", "ls"];
    // Another machine has nothing of the first.
    let (others, homes) = (["vera", "dora", "anna"], [Place::new(), Place::new(), Place::new()]);
    for (name, role, allowed) in [("vera", "viewer", 1), ("dora", "deployer", 2), ("anna", "admin", 3)] {
        let home = &homes[others.iter().position(|other| *other == name).unwrap()];
        folder(home, name);
        let line = line(&place.inertia(&["local", "user", "add", name, "--role", role]));
        let joined = at(home, name, &["join", &line, "--as", "prod"]);
        assert_eq!(joined.code, 0, "{joined:?}");
        assert!(joined.out.contains(&format!("You are {name} ({role}) at 'prod'")), "{joined:?}");
        for (number, words) in [read, deploy, people].into_iter().enumerate() {
            let told = at(home, name, words);
            assert_eq!(told.code == 0, number < allowed, "{name} {words:?}: {told:?}");
            assert!(
                told.code == 0 || told.err.contains(&format!("the token's role is {role}")),
                "{told:?}"
            );
        }
        let again = at(home, name, &["join", &line, "--as", "twice"]);
        assert!(again.code == 1 && again.err.contains("used already"), "{again:?}");
        let kept = std::fs::read_to_string(home.path().join(name).join(".inertia/remotes.toml")).unwrap();
        assert!(
            !kept.contains("twice") && !kept.contains(line.rsplit('.').next().unwrap()),
            "{kept}"
        );
    }

    let removed = place.inertia(&["local", "user", "rm", "dora"]);
    assert_eq!(removed.code, 0, "{removed:?}");
    let out = at(&homes[1], "dora", read);
    assert!(out.code == 1 && out.err.contains("does not accept the token"), "{out:?}");
    let listed = place.inertia(&["--json", "local", "user", "ls"]);
    let listed: Value = serde_json::from_str(&listed.out).unwrap();
    assert_eq!((&listed[0]["name"], &listed[1]["name"]), (&"anna".into(), &"vera".into()));

    let audit = place.inertia(&["local", "audit"]);
    for wanted in ["user.add", "user.join", "user.remove", "dora"] {
        assert!(audit.out.contains(wanted), "{wanted}: {audit:?}");
    }
}

#[test]
fn machines_have_tokens_that_end() {
    let place = Place::new();
    let _daemon = Daemon::start(&place, &[]);
    let made = place.inertia(&["local", "token", "new", "--name", "ci", "--role", "viewer", "--expires", "12h"]);
    assert_eq!((made.code, made.out.trim().split('.').count()), (0, 3), "{made:?}");
    let listed = place.inertia(&["--json", "local", "token", "ls"]);
    assert!(!listed.out.contains(made.out.trim()), "a list never holds a token");
    let listed: Value = serde_json::from_str(&listed.out).unwrap();
    let tokens = listed.as_array().unwrap();
    let id = |subject: &str| {
        tokens.iter().find(|token| token["subject"] == subject).unwrap()["id"]
            .as_str()
            .unwrap()
    };
    assert_eq!(place.inertia(&["local", "token", "revoke", id("ci")]).code, 0);
    let last = place.inertia(&["local", "token", "revoke", id("admin")]);
    assert!(last.code == 1 && last.err.contains("nobody could administer"), "{last:?}");
    let odd = place.inertia(&["local", "token", "revoke", "../x"]);
    assert_eq!(odd.code, 2, "{odd:?}");
}

#[test]
fn a_line_that_is_none_is_refused_before_anything_happens() {
    let place = Place::new();
    for line in ["", "https://127.0.0.1:1", "https://127.0.0.1:1/#ann.x.y"] {
        let told = place.inertia(&["join", line]);
        assert_eq!(told.code, 2, "{told:?}");
        assert!(!place.path().join(".inertia").exists());
    }
    let silent = format!("https://127.0.0.1:1/#ann.{}.{}", "a".repeat(64), "b".repeat(64));
    let told = place.inertia(&["join", &silent]);
    assert!(told.code == 1 && told.err.contains("does not answer"), "{told:?}");
    assert!(!told.err.contains(&"b".repeat(64)), "{told:?}");
    assert_eq!(place.inertia(&["--json", "remote", "ls"]).out.trim(), "[]");
}
