//! Words that make no sense: the exit code, and a way out.

use crate::place::Place;

#[test]
fn wrong_words_exit_with_2_and_under_compose_with_1() {
    let place = Place::new();
    let table: [(&[&str], i32, &str); 15] = [
        (&["--no-input"], 2, "a command is missing"),
        (&["frobnicate"], 2, "unrecognized subcommand"),
        (&["--frobnicate"], 2, "unexpected argument"),
        (&["nowhere", "frobnicate"], 2, "unrecognized subcommand 'frobnicate'"),
        (&["nowhere"], 2, "`inertia nowhere status`"),
        (&["up", "nowhere"], 2, "`inertia nowhere up`"),
        (&["prod", "rollbck"], 2, "'rollback'"),
        (&["histroy", "3"], 2, "'history'"),
        (&["help", "histroy"], 2, "a similar subcommand exists: 'history'"),
        (&["help", "remote", "statsu"], 2, "'status'"),
        (&["prod", "help", "rollbck"], 2, "'rollback'"),
        (&["remote", "add"], 2, "required"),
        (&["compose", "frobnicate"], 1, "unrecognized subcommand"),
        (&["compose", "up", "--frobnicate"], 1, "unexpected argument"),
        (&["compose", "--frobnicate"], 1, "unexpected argument"),
    ];
    for (arguments, code, says) in table {
        let told = place.inertia(arguments);
        assert_eq!((told.code, told.out.as_str()), (code, ""), "{arguments:?}: {told:?}");
        assert!(told.err.contains(says), "{arguments:?}: {told:?}");
    }
}

#[test]
fn help_and_version_are_answers() {
    let place = Place::new();
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["compose", "--help"],
        &["remote", "add", "--help"],
        &["prod", "--help"],
    ] {
        let told = place.inertia(arguments);
        assert_eq!((told.code, told.err.as_str()), (0, ""), "{arguments:?}");
        assert!(!told.out.is_empty());
    }
}

#[test]
fn help_is_found_wherever_it_is_asked_for() {
    let place = Place::new();
    for (words, shown) in [
        (&["help"][..], "inertia [OPTIONS] <COMMAND>"),
        (&["help", "up"], "inertia up "),
        (&["prod", "help"], "inertia [OPTIONS] <COMMAND>"),
        (&["prod", "help", "up"], "inertia up "),
        (&["prod", "up", "--help"], "inertia up "),
        (&["-r", "prod", "help", "env", "set"], "inertia env set "),
        (&["remote", "help", "add"], "inertia remote add "),
        (&["help", "compose", "up"], "inertia compose up "),
        (&["compose", "help", "up"], "inertia compose up "),
        (&["compose", "help"], "inertia compose "),
    ] {
        let told = place.inertia(words);
        assert_eq!((told.code, told.err.as_str()), (0, ""), "{words:?}: {told:?}");
        assert!(told.out.contains(&format!("Usage: {shown}")), "{words:?}: {}", told.out);
    }
    let none = place.inertia(&["help", "frobnicate"]);
    assert_eq!(none.code, 2, "{none:?}");
}

#[test]
fn quiet_and_verbose_stand_before_or_behind_a_command() {
    let place = Place::new();
    for words in [
        &["-q", "prod", "history"][..],
        &["prod", "history", "-q"],
        &["prod", "up", "-v"],
        &["prod", "env", "ls", "--verbose"],
    ] {
        let told = place.inertia(words);
        assert!(told.err.contains("there is no inertia.toml"), "understood: {told:?}");
    }
    // Behind `compose` the letters are Docker Compose's.
    let told = place.inertia(&["compose", "down", "--help"]);
    assert!(told.out.contains("-v, --volumes"), "{told:?}");
    assert_eq!(place.inertia(&["compose", "version", "-q"]).code, 1);
}

#[test]
fn with_json_every_failure_is_one_object_on_standard_error() {
    let place = Place::new();
    place.file("broken/compose.yaml", "services: {web: {imagee: x}}\n");
    let table: [(&[&str], i32, &str); 9] = [
        (&["--json", "histroy"], 2, "unrecognized subcommand 'histroy'"),
        (&["--json", "prod", "up", "--reff", "x"], 2, "unexpected argument '--reff'"),
        (&["--json", "remote"], 2, "a command is missing"),
        (&["--json"], 2, "a command is missing"),
        (&["--json", "remote", "show"], 2, "there is no remote yet"),
        (&["--json", "prod", "up"], 1, "there is no inertia.toml"),
        (&["--json", "init"], 1, "no compose file in [HERE]"),
        (&["--json", "compose", "frobnicate"], 1, "unrecognized subcommand"),
        (&["--json", "compose", "--project-directory", "broken", "up", "-d"], 1, "imagee"),
    ];
    for (words, code, says) in table {
        let told = place.inertia(words);
        assert_eq!((told.code, told.out.as_str()), (code, ""), "{words:?}: {told:?}");
        let failure: serde_json::Value = serde_json::from_str(told.err.lines().last().unwrap()).unwrap();
        assert!(failure["error"].as_str().unwrap().contains(says), "{words:?}: {failure}");
        assert_eq!(
            (failure["exit_code"].as_i64(), failure["hints"].is_array()),
            (Some(code.into()), true)
        );
    }
    let answer = place.inertia(&["--json", "compose", "version"]);
    assert!(answer.out.starts_with('{'), "{answer:?}");
    let slip = place.inertia(&["--json", "histroy"]);
    assert!(slip.err.contains("'history'") && slip.err.lines().count() == 1, "{slip:?}");
}

#[test]
fn completions_and_manual_pages_are_written() {
    let place = Place::new();
    let told = place.inertia(&["completions", "bash"]);
    assert_eq!(told.code, 0);
    assert!(told.out.contains("complete -F"), "a bash script");
    assert_eq!(place.inertia(&["man", "pages"]).code, 0);
    assert!(place.path().join("pages/inertia-compose.1").is_file());
}
