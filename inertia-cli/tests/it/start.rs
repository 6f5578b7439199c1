//! `inertia init`: the first thing that anyone does.

use crate::place::Place;

const COMPOSE: &str = "name: Shop\nservices:\n  web:\n    build: .\n    volumes: ['./settings:/settings:ro']\n";

#[test]
fn init_writes_what_it_found_and_names_what_git_does_not_hold() {
    let place = Place::new();
    place.git(&["init", "-q", "-b", "trunk"]);
    place.file("compose.yaml", &COMPOSE.replace("Shop", "shop"));
    place.file("Dockerfile", "FROM scratch\n");
    place.file("settings/a.txt", "a\n");
    place.git(&["add", "compose.yaml", "Dockerfile"]);
    let told = place.inertia(&["init"]);
    assert_eq!(told.code, 0, "{told:?}");
    insta::assert_snapshot!(told.err, @"warning: the project needs settings, which git does not hold: `git add` it, or it will be missing when deployed");
    let written = std::fs::read_to_string(place.path().join("inertia.toml")).unwrap();
    assert!(
        written.contains("name = \"shop\"") && written.contains("compose = [\"compose.yaml\"]") && written.contains("branch = \"trunk\""),
        "{written}"
    );
    let again = place.inertia(&["init"]);
    assert_eq!(again.code, 1);
    assert!(again.err.contains("[HERE]/inertia.toml is there already"), "{again:?}");
}

#[test]
fn init_in_an_empty_folder_says_what_is_missing_and_writes_nothing() {
    let place = Place::new();
    let told = place.inertia(&["init"]);
    assert_eq!((told.code, told.out.as_str()), (1, ""), "{told:?}");
    assert!(told.err.contains("compose.yaml") && told.err.contains("help:"), "{told:?}");
    assert!(!place.path().join("inertia.toml").exists());
}

#[test]
fn init_below_the_compose_file_sends_there() {
    let place = Place::new();
    place.file("compose.yaml", "services: {web: {image: busybox}}\n");
    place.file("src/main.c", "");
    let told = place.inertia_in(&place.path().join("src"), &["init"]);
    assert_eq!((told.code, told.out.as_str()), (1, ""), "{told:?}");
    assert!(
        told.err.contains("lies in [HERE], ") && told.err.contains("cd '[HERE]'"),
        "{told:?}"
    );
    assert!(!place.path().join("src/inertia.toml").exists());
}

#[test]
fn init_asks_for_no_variable_that_only_the_server_needs() {
    let place = Place::new();
    let text = "services:\n  web:\n    image: web:${TAG:?say which}\n    ports: ['${PORT:?}:80']\n    command: ${TAG?}\n";
    place.file("compose.yaml", text);
    let told = place.inertia(&["init"]);
    assert_eq!(told.code, 0, "{told:?}");
    for name in ["PORT", "TAG"] {
        assert!(told.err.contains(&format!("`inertia NAME env set {name}`")), "{told:?}");
    }
    std::fs::remove_file(place.path().join("inertia.toml")).unwrap();
    let told = place.inertia(&["--json", "init"]);
    let document: serde_json::Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(
        (&document["unset"], &document["in_git"]),
        (&serde_json::json!(["PORT", "TAG"]), &false.into())
    );
    std::fs::remove_file(place.path().join("inertia.toml")).unwrap();
    place.file("compose.yaml", &text.replace("command", "comand"));
    let told = place.inertia(&["init"]);
    assert!(
        told.code == 1 && told.err.contains("comand"),
        "what else is wrong is told: {told:?}"
    );
}

#[test]
fn init_outside_git_warns() {
    let place = Place::new();
    place.file("compose.yaml", "services: {web: {image: busybox}}\n");
    let told = place.inertia(&["--json", "init"]);
    assert_eq!(told.code, 0, "{told:?}");
    let document: serde_json::Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(document["file"], "inertia.toml");
}
