//! Servers that are reached over SSH: what is written down about them, and what is said when they cannot be had.

use crate::place::Place;

fn remotes(place: &Place) -> String {
    std::fs::read_to_string(place.path().join(".inertia/remotes.toml")).unwrap()
}

/// A port that nothing listens on.
fn closed_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port().to_string()
}

#[test]
fn a_server_is_added_shown_and_changed() {
    let place = Place::new();
    let added = place.inertia(&["remote", "add", "web", "-a", "deploy@192.0.2.1", "--ssh-port", "2222", "-i", "key"]);
    assert_eq!(added.code, 0, "{added:?}");
    assert_eq!(
        added.out,
        "Added the remote 'web' at deploy@192.0.2.1:2222. Next: inertia web init\n"
    );
    insta::assert_snapshot!(remotes(&place).replace(&place.path().display().to_string(), "[HERE]"), @r#"
    [remotes.web.ssh]
    host = "192.0.2.1"
    user = "deploy"
    port = 2222
    key = "[HERE]/key"
    "#);
    for (key, value) in [
        ("user", "root"),
        ("port", "8443"),
        ("ssh-port", ""),
        ("key", ""),
        ("host", "192.0.2.2"),
    ] {
        let told = place.inertia(&["remote", "set", "web", key, value]);
        assert_eq!(told.code, 0, "{told:?}");
    }
    insta::assert_snapshot!(place.inertia(&["remote", "show", "web"]).out, @"
    name: web
    address: (not set up)
    pinned key: 
    host: 192.0.2.2
    user: root
    ssh-port: as ~/.ssh/config says
    key: as ~/.ssh/config says
    port: 8443
    tunnel: false
    ");
    let listed = place.inertia(&["remote", "ls"]);
    assert!(
        listed.out.contains("(not set up)") && listed.out.contains("root@192.0.2.2"),
        "{listed:?}"
    );
}

#[test]
fn words_that_make_no_server_are_refused() {
    let place = Place::new();
    place.inertia(&["remote", "add", "web", "-a", "192.0.2.1"]);
    let table: [(&[&str], &str); 8] = [
        (&["remote", "add", "x"], "where is the server?"),
        (&["remote", "add", "x", "-a", "two words"], "no address of a server"),
        (&["remote", "add", "x", "-a", "a", "--local", "b"], "cannot be used with"),
        (&["remote", "add", "x", "-a", "192.0.2.1:22"], "--ssh-port"),
        (&["remote", "set", "web", "port", "0"], "no port"),
        (&["remote", "set", "web", "ssh-port", "many"], "no port"),
        (&["remote", "set", "web", "tunnel", "maybe"], "neither true nor false"),
        (&["remote", "set", "web", "colour", "red"], "invalid value"),
    ];
    for (words, says) in table {
        let told = place.inertia(words);
        assert_eq!((told.code, told.out.as_str()), (2, ""), "{words:?}: {told:?}");
        assert!(told.err.contains(says), "{words:?}: {told:?}");
    }
}

#[test]
fn a_server_that_cannot_be_reached_is_named_with_the_step() {
    let place = Place::new();
    place.inertia(&["remote", "add", "web", "-a", "root@127.0.0.1", "--ssh-port", &closed_port()]);
    for command in ["init", "upgrade"] {
        let told = place.inertia(&["web", command]);
        assert_eq!((told.code, told.out.as_str()), (1, ""), "{told:?}");
        assert!(
            told.err.contains("Connect to root@127.0.0.1:") && told.err.contains("Connection refused"),
            "{told:?}"
        );
        assert!(told.err.contains("help: is the server running"), "{told:?}");
        assert!(
            told.err.contains("`inertia remote set web ssh-port PORT`"),
            "hints can be copied: {told:?}"
        );
    }
    let early = place.inertia(&["remote", "status", "web"]);
    assert!(
        early.code == 1 && early.err.contains("was not set up yet") && early.err.contains("inertia web init"),
        "{early:?}"
    );
    let unasked = place.inertia(&["web", "uninstall"]);
    assert!(unasked.code == 2 && unasked.err.contains("--yes"), "{unasked:?}");
    let doctor = place.inertia(&["--json", "doctor", "web"]);
    let document: serde_json::Value = serde_json::from_str(&doctor.out).unwrap();
    assert_eq!((doctor.code, document["healthy"].as_bool()), (1, Some(false)), "{doctor:?}");
}

#[test]
fn a_daemon_without_a_server_has_no_terminal() {
    let place = Place::new();
    place.file("state/address", "https://127.0.0.1:9\n");
    place.file("state/cert.sha256", &"ab".repeat(32));
    place.file("state/admin.token", "secret-token");
    place.inertia(&["remote", "add", "here", "--local", "state"]);
    for words in [&["here", "ssh", "true"][..], &["here", "send", "x"], &["here", "upgrade"]] {
        let told = place.inertia(words);
        assert!(
            told.code == 1 && told.err.contains("is not reached over SSH"),
            "{words:?}: {told:?}"
        );
    }
}

#[test]
fn the_far_end_answers_with_data() {
    let place = Place::new();
    let told = place.inertia(&["far-end", "install"]);
    let word: serde_json::Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!((told.code, word["word"].as_str()), (1, Some("failed")), "{told:?}");
    let help = place.inertia(&["--help"]);
    assert!(!help.out.contains("far-end"), "it is not for people");
}
