//! Words that make no sense: the exit code, and a way out.

use crate::place::Place;

#[test]
fn wrong_words_exit_with_2_and_under_compose_with_1() {
    let place = Place::new();
    let table: [(&[&str], i32, &str); 9] = [
        (&["frobnicate"], 2, "unrecognized subcommand"),
        (&["--frobnicate"], 2, "unexpected argument"),
        (&["nowhere", "frobnicate"], 2, "unrecognized subcommand 'frobnicate'"),
        (&["prod", "rollbck"], 2, "'rollback'"),
        (&["histroy", "3"], 2, "'history'"),
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
fn completions_and_manual_pages_are_written() {
    let place = Place::new();
    let told = place.inertia(&["completions", "bash"]);
    assert_eq!(told.code, 0);
    assert!(told.out.contains("complete -F"), "a bash script");
    assert_eq!(place.inertia(&["man", "pages"]).code, 0);
    assert!(place.path().join("pages/inertia-compose.1").is_file());
}
