//! Which project it is: files, names, profiles.

use super::{loader, mistakes, report, shown};

mistakes! { shown;
    bad_project_name: "name: \"!!\"\nservices:\n  web:\n    image: nginx\n";
    project_name_is_a_number: "name: 5\nservices:\n  web:\n    image: nginx\n";
    obsolete_version: "version: '3'\nservices:\n  web:\n    image: nginx\n";
    two_compose_files: "services:\n  web:\n    image: nginx\n=== docker-compose.yml\nservices: {}\n";
    old_external_name: "services:\n  web:\n    image: nginx\n    networks: [front]\nnetworks:\n  front:\n    external:\n      name: proxy\n";
}

const WEB: &str = "services:\n  web:\n    image: nginx\n";

#[test]
fn what_is_given_beside_the_files() {
    let say = |what: &str, loader: &compose_core::load::Loader| format!("── {what}\n{}", report(loader));
    insta::assert_snapshot!(
        [
            say("no compose file", &loader("")),
            say("-f nowhere.yaml", &loader(WEB).file("nowhere.yaml")),
            say("-f conf", &loader("services: {}\n=== conf/a.yaml\n").file("conf")),
            say("--env-file prod.env", &loader(WEB).env_file("prod.env")),
            say("-p My_Shop!", &loader(WEB).project_name("My_Shop!")),
            say("COMPOSE_PROJECT_NAME=Shop", &loader(WEB).variable("COMPOSE_PROJECT_NAME", "Shop")),
            say(
                "COMPOSE_DISABLE_ENV_FILE=maybe",
                &loader(WEB).variable("COMPOSE_DISABLE_ENV_FILE", "maybe")
            ),
            say("COMPOSE_FILE=", &loader(WEB).variable("COMPOSE_FILE", "")),
            say(
                "PORT=http from the caller",
                &loader("services:\n  web:\n    image: nginx\n    ports: [\"$PORT:80\"]\n").variable("PORT", "http")
            ),
        ]
        .join("\n\n")
    );
}

#[test]
fn a_file_that_is_no_text() {
    use compose_core::load::Loader;
    use compose_core::source::MemoryReader;
    let of = |bytes: &[u8]| report(&Loader::new("/srv/shop").reader(MemoryReader::new().with("/srv/shop/compose.yaml", bytes)));
    insta::assert_snapshot!(
        [
            of(b"services:\n  web:\n    image: ngin\xff\n"),
            of(b"services:\n  web:\n    image: \0\n"),
            of(b"\x7fELF\x02\x01\x01\0\0\0")
        ]
        .join("\n\n")
    );
}
