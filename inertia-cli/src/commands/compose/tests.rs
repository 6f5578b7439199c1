//! The command line of compose commands: what is understood, and what is refused rather than ignored.

use crate::args::Arguments;
use clap::Parser as _;

fn understands(line: &str) -> Result<(), String> {
    let words = ["inertia", "compose"].into_iter().chain(line.split(' '));
    Arguments::try_parse_from(words).map(|_| ()).map_err(|error| error.to_string())
}

#[test]
fn the_flags_of_docker_compose_are_understood() {
    for line in [
        "attach --index 2 --no-stdin --sig-proxy=false web",
        "commit -a me -c CMD=x -m note --pause=false --index 1 web shop/web:1",
        "cp -a -L --index 2 --all web:/x -",
        "create --build --force-recreate --pull build --quiet-pull --remove-orphans --scale web=2 -y web",
        "events --json --since 1m --until 0s web",
        "exec -d -e A=1 -e B --index 2 --privileged -T -u 1:2 -w /tmp web ls -l --color",
        "exec -it web sh",
        "export -o x.tar --index 1 web",
        "images -q --format json web",
        "kill -s HUP --remove-orphans web",
        "ls -a -q --filter name=x --format table",
        "pause web",
        "port --protocol udp --index 2 web 53",
        "push -q --ignore-push-failures --include-deps web",
        "rm -fsv web db",
        "run --build --cap-add A --cap-drop B -d --entrypoint sh -e A=1 --env-from-file f -l a=b --name n --no-deps -T -p 1:1 web",
        "run --pull never -q --quiet-pull --quiet-build -P --remove-orphans --rm --use-aliases -u 1 -v a:/b -w /c -i web ls -e x",
        "scale --no-deps web=2 db=0",
        "stats --no-stream --no-trunc -a --format json web",
        "top web db",
        "unpause",
        "volumes -q --format json web",
        "wait --down-project web db",
        "watch --no-up --quiet web",
        "--dry-run rm -f",
    ] {
        assert_eq!(understands(line), Ok(()), "{line}");
    }
}

#[test]
fn what_is_not_supported_is_refused() {
    for (line, says) in [
        ("attach --detach-keys x web", "unexpected argument"),
        ("create --build --no-build", "cannot be used with"),
        ("create --force-recreate --no-recreate", "cannot be used with"),
        ("create --pull sometimes", "invalid value"),
        ("exec --bogus web sh", "unexpected argument"),
        ("exec", "required"),
        ("images --format xml", "invalid value"),
        ("port web x", "invalid value"),
        ("run -P -p 1:1 web", "cannot be used with"),
        ("run -l x web", "KEY=VALUE"),
        ("run -T -t web", "cannot be used with"),
        ("scale", "required"),
        ("scale web=-1", "invalid value"),
        ("wait", "required"),
    ] {
        let refused = understands(line).expect_err(line);
        assert!(refused.contains(says), "{line}: {refused}");
    }
}
