//! `inertia remote …`, and what is said when a remote cannot be had.

use crate::place::Place;

fn state(place: &Place, address: &str) {
    place.file("state/address", &format!("{address}\n"));
    place.file("state/cert.sha256", &"ab".repeat(32));
    place.file("state/admin.token", "secret-token");
}

#[test]
fn a_remote_is_added_listed_shown_and_removed_without_its_token() {
    let place = Place::new();
    state(&place, "https://127.0.0.1:9");
    assert_eq!(place.inertia(&["remote", "add", "local", "--local", "state"]).code, 0);
    for arguments in [
        &["remote", "ls"][..],
        &["remote", "show", "local"],
        &["--json", "remote", "ls"],
        &["--json", "remote", "show"],
    ] {
        let told = place.inertia(arguments);
        assert_eq!(told.code, 0, "{told:?}");
        assert!(
            told.out.contains("https://127.0.0.1:9") && !told.out.contains("secret-token"),
            "{told:?}"
        );
    }
    let twice = place.inertia(&["remote", "add", "local", "--local", "state"]);
    assert_eq!(twice.code, 1);
    assert!(twice.err.contains("there is a remote 'local' already"), "{twice:?}");
    assert_eq!(place.inertia(&["remote", "rm", "local"]).code, 0);
    assert_eq!(place.inertia(&["remote", "show", "local"]).code, 2);
}

#[test]
fn what_cannot_be_had_is_named_with_a_next_step() {
    let place = Place::new();
    let missing = place.inertia(&["remote", "add", "local", "--local", "nowhere"]);
    insta::assert_snapshot!(missing.err, @"
    error: cannot read [HERE]/nowhere/address: No such file or directory (os error 2)
      help: is [HERE]/nowhere the state folder of a daemon that was started? `inertia daemon --state DIR` starts one
    ");
    let none = place.inertia(&["up"]);
    assert_eq!(none.code, 1);
    assert!(none.err.contains("inertia init"), "{none:?}");
    place.file("inertia.toml", "name = \"shop\"\n");
    let none = place.inertia(&["up"]);
    assert_eq!(none.code, 2);
    assert!(none.err.contains("there is no remote yet"), "{none:?}");
    state(&place, "https://127.0.0.1:9");
    place.inertia(&["remote", "add", "local", "--local", "state"]);
    let silent = place.inertia(&["local", "up"]);
    assert_eq!(silent.code, 1);
    assert!(
        silent.err.contains("the remote 'local' does not answer at https://127.0.0.1:9"),
        "{silent:?}"
    );
    assert!(!silent.err.contains("secret-token"));
    let unknown = place.inertia(&["elsewhere", "up"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("there is no remote 'elsewhere'"), "{unknown:?}");
    let slip = place.inertia(&["locla", "up"]);
    assert!(slip.code == 2 && slip.err.contains("did you mean `local`?"), "{slip:?}");
}

#[test]
fn a_value_that_did_not_come_is_not_set() {
    let place = Place::new();
    place.file("inertia.toml", "name = \"shop\"\n");
    state(&place, "https://127.0.0.1:9");
    place.inertia(&["remote", "add", "local", "--local", "state"]);
    let told = place.inertia(&["local", "env", "set", "TOKEN"]);
    assert_eq!((told.code, told.out.as_str()), (2, ""), "{told:?}");
    assert!(
        told.err.contains("there is no value for 'TOKEN'") && told.err.contains("`… env set TOKEN=`"),
        "{told:?}"
    );
    // One that is to be empty is on its way.
    let meant = place.inertia(&["local", "env", "set", "TOKEN="]);
    assert!(meant.err.contains("does not answer"), "{meant:?}");
}

#[test]
fn a_key_that_is_not_there_is_told() {
    let place = Place::new();
    place.file("key", "a key");
    for (words, missing) in [
        (&["remote", "add", "web", "-a", "192.0.2.1", "-i", "kye"][..], true),
        (&["remote", "set", "web", "key", "kee"], true),
        (&["remote", "set", "web", "key", "key"], false),
        (&["remote", "set", "web", "key", ""], false),
    ] {
        let told = place.inertia(words);
        assert_eq!(
            (told.code, told.err.contains("there is no key [HERE]/k")),
            (0, missing),
            "{words:?}: {told:?}"
        );
    }
}

#[test]
fn volumes_go_without_a_question_where_nobody_can_be_asked() {
    let place = Place::new();
    place.file("inertia.toml", "name = \"shop\"\n");
    state(&place, "https://127.0.0.1:9");
    place.inertia(&["remote", "add", "local", "--local", "state"]);
    for meant in [
        &["local", "down", "--volumes"][..],
        &["local", "down", "--volumes", "--yes"],
        &["local", "down"],
    ] {
        let told = place.inertia(meant);
        assert!(told.code == 1 && told.err.contains("does not answer"), "{told:?}");
    }
}

#[test]
fn a_damaged_file_is_named_and_left_alone() {
    let place = Place::new();
    place.file(".inertia/remotes.toml", "[remotes\n");
    let told = place.inertia(&["remote", "ls"]);
    assert_eq!(told.code, 1);
    assert!(told.err.contains(".inertia/remotes.toml is damaged"), "{told:?}");
    assert_eq!(
        std::fs::read_to_string(place.path().join(".inertia/remotes.toml")).unwrap(),
        "[remotes\n"
    );
}
